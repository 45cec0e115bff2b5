"""The doctor: every check answers, whatever the host lacks, with the command that mends it."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from runtime.config import RuntimeConfig
from runtime.kernel import connector, inotify, kmsg
from runtime.protocol.model import Check
from runtime.server import doctor


@pytest.fixture
def config(tmp_path: Path) -> RuntimeConfig:
    return RuntimeConfig(images_dir=tmp_path / "images", state_dir=tmp_path)


def check(config: RuntimeConfig, name: str) -> Check:
    return next(check for check in doctor.examine(config) if check.name == name)


def test_a_host_that_has_all_is_told_so(config: RuntimeConfig) -> None:
    if os.getuid() != 0:
        pytest.skip("most checks need root")
    found = {check.name: check for check in doctor.examine(config)}
    for name in ("root", "kernel", "cgroups", "overlay", "user namespaces", "seccomp", "/dev/null"):
        assert found[name].level == "ok", found[name]


def test_a_missing_runtime_is_bad_and_has_a_remedy(config: RuntimeConfig) -> None:
    lacking = RuntimeConfig(images_dir=config.images_dir, state_dir=config.state_dir, oci_runtime="no-such-runtime")
    found = check(lacking, "oci runtime")
    assert (found.level, found.fix) == ("bad", "apt-get install runc")


def test_what_is_not_bad_for_sure_has_no_false_alarm(config: RuntimeConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    for found in doctor.examine(config):
        assert found.level == "ok" or found.fix or "could not be checked" in found.detail, found


def test_a_given_away_null_device_is_found(config: RuntimeConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.stat

    def given_away(path: object, *args: object, **more: object) -> os.stat_result:
        info = real(path, *args, **more)  # type: ignore[arg-type]
        if path != "/dev/null":
            return info
        fields = list(info)
        fields[0], fields[4] = stat.S_IFCHR | 0o600, 100_000
        return os.stat_result(fields, {"st_rdev": info.st_rdev})

    monkeypatch.setattr(os, "stat", given_away)
    found = check(config, "/dev/null")
    assert found.level == "bad"
    assert "100000" in found.detail


def test_nothing_is_left_where_it_tried(config: RuntimeConfig) -> None:
    before = sorted(config.state_dir.iterdir())
    doctor.examine(config)
    assert sorted(config.state_dir.iterdir()) == before


@pytest.mark.parametrize(
    ("name", "kind", "code", "fix"),
    [
        ("process events", (connector, "Connector"), errno.ENODATA, "own pid and network namespaces"),
        ("process events", (connector, "Connector"), errno.ECONNREFUSED, "CONFIG_PROC_EVENTS"),
        ("kernel log", (kmsg, "Log"), errno.EPERM, "kernel.dmesg_restrict=0"),
        ("kernel log", (kmsg, "Log"), errno.ENOENT, "mknod -m 600 /dev/kmsg c 1 11"),
        ("inotify", (inotify, "Inotify"), errno.EMFILE, "fs.inotify.max_user_instances"),
    ],
)
def test_without_an_ear_it_says_what_is_told_late(
    name: str, kind: tuple[Any, str], code: int, fix: str, config: RuntimeConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(*kind, refused)
    found = check(config, name)
    assert found.level == "warn"
    assert found.detail.startswith(errno.errorcode[code])
    assert found.fix is not None
    assert fix in found.fix


def test_few_watches_are_told_before_they_run_out(config: RuntimeConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LOW_WATCHES", 2**40)
    found = check(config, "inotify")
    assert (found.level, found.fix) == ("warn", "sysctl -w fs.inotify.max_user_watches=262144")


@pytest.mark.requires("root")
def test_looking_for_ears_leaves_no_descriptor(config: RuntimeConfig) -> None:
    doctor.examine(config)
    before = os.listdir("/proc/self/fd")
    doctor.examine(config)
    assert len(os.listdir("/proc/self/fd")) == len(before)
