"""config.json of the default tier, held to the rules that keep the host safe."""

from __future__ import annotations

import json
import os
import resource
from pathlib import Path
from typing import Any

import pytest

from runtime.engine import seccomp, spec
from runtime.kernel.cgroups import Hierarchies
from runtime.protocol import model

GOLDEN = Path(__file__).with_name("engine_config.golden.json")
HOST = spec.Host(
    machine="x86_64",
    swap_accounting=True,
    oom_score_adj=500,
    rlimits=[{"type": "RLIMIT_NOFILE", "soft": 1024, "hard": 4096}],
    masked=spec.MASKED,
)


def config(**changes: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "command": ["bash", "-l"],
        "hostname": "first-box",
        "rootfs": "/run/terrarium/mnt/abcdefghijklmnop/merged",
        "etc": "/var/lib/terrarium/containers/abcdefghijklmnop/etc",
        "host_id": 1_879_048_192,
        "cgroup": "terrarium/abcdefghijklmnop",
        "limits": model.Limits(),
        "cols": 80,
        "rows": 24,
    }
    return spec.config(HOST, **{**arguments, **changes})


def refusals(document: dict[str, Any]) -> list[str]:
    """What in a config.json must never be run."""
    linux, process = document["linux"], document["process"]
    found = [f"{key} is never written" for key in ("hooks", "annotations") if key in document]
    found += [f"linux.{key} is never written" for key in ("intelRdt", "devices") if key in linux]
    kinds = {namespace["type"] for namespace in linux["namespaces"]}
    found += [f"shares the host's {kind} namespace" for kind in set(spec.NAMESPACES) - kinds]
    found += ["joins somebody's namespace" for namespace in linux["namespaces"] if "path" in namespace]
    for mapping in linux["uidMappings"] + linux["gidMappings"]:
        if mapping["hostID"] < 65_536 or mapping["size"] != 65_536:
            found.append(f"maps ids {mapping}")
    if not any(mount["destination"] == "/dev" and mount["type"] == "tmpfs" for mount in document["mounts"]):
        found.append("has no tmpfs on /dev")
    for mount in document["mounts"]:
        if mount["type"] == "bind" and not ({"ro", "nosuid", "nodev"} <= set(mount["options"])):
            found.append(f"binds {mount['source']} with {mount['options']}")
    for kind, names in process["capabilities"].items():
        allowed = [] if kind in ("inheritable", "ambient") else spec.CAPABILITIES
        found += [f"{kind} {name}" for name in names if name not in allowed]
    if not process["noNewPrivileges"]:
        found.append("lets programs gain privileges")
    if "seccomp" not in linux or linux["seccomp"]["defaultAction"] != "SCMP_ACT_ERRNO":
        found.append("has no allow-list of system calls")
    if not isinstance(process["user"]["uid"], int):
        found.append("names its user by a word")
    return found


def test_it_is_what_was_reviewed() -> None:
    """After a change that is meant: `TERRARIUM_GOLDEN=write pytest` this file, and read the difference."""
    text = json.dumps(config(), indent=1) + "\n"
    if os.environ.get("TERRARIUM_GOLDEN") == "write":
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text()


def test_nothing_in_it_is_refused() -> None:
    assert refusals(config()) == []


@pytest.mark.parametrize(
    ("path", "value", "refusal"),
    [
        ("hooks", {}, "hooks is never written"),
        ("linux.namespaces", [], "shares the host's"),
        ("linux.uidMappings", [{"containerID": 0, "hostID": 0, "size": 65_536}], "maps ids"),
        ("mounts", [], "has no tmpfs on /dev"),
        ("process.noNewPrivileges", False, "lets programs gain"),
        ("process.capabilities", {"bounding": ["CAP_SYS_ADMIN"]}, "bounding CAP_SYS_ADMIN"),
        ("process.capabilities", {"ambient": ["CAP_CHOWN"]}, "ambient CAP_CHOWN"),
    ],
)
def test_the_rules_catch_what_they_are_for(path: str, value: object, refusal: str) -> None:
    document: dict[str, Any] = json.loads(json.dumps(config()))
    *parents, last = path.split(".")
    place = document
    for name in parents:
        place = place[name]
    place[last] = value
    assert any(refusal in found for found in refusals(document))


def test_no_word_of_a_request_becomes_more_than_an_argument() -> None:
    hostile = ["$(reboot)", "--privileged", "../../etc", '"}]', "\x1b[2J"]
    document = config(command=hostile)
    assert document["process"]["args"] == hostile
    document["process"]["args"] = config()["process"]["args"]
    assert document == config()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("First Box!", "first-box"),
        ("Übung 1", "bung-1"),
        ("我的容器", "abcdefghijklmnop"),
        ("../../etc/passwd", "etc-passwd"),
        ("x" * 64, "x" * 32),
        ("a" * 31 + " b", "a" * 31),
        ("--", "abcdefghijklmnop"),
    ],
)
def test_host_name_is_one(name: str, expected: str) -> None:
    assert spec.hostname(name, "abcdefghijklmnop") == expected


def test_swap_is_limited_only_where_it_is_accounted() -> None:
    limits = model.Limits(memory_bytes=64 << 20)
    without = spec.Host("x86_64", False, 500, [], [])
    for host, expected in ((HOST, {"limit": 64 << 20, "swap": 64 << 20}), (without, {"limit": 64 << 20})):
        assert spec._resources(host, limits)["memory"] == expected


def test_processor_quota_is_what_the_kernel_takes() -> None:
    assert spec.cpu_quota_usec(model.Limits(cpus=0.5)) == 50_000
    assert spec.cpu_quota_usec(model.Limits(cpus=0.001)) == 1000
    assert spec.cpu_quota_usec(model.Limits(cpus=2.0)) == 200_000


def test_limits_are_clamped_to_what_this_process_may_give() -> None:
    host = spec.Host.survey(Hierarchies("v1", {"memory": "/nonexistent"}))
    for limit in host.rlimits:
        ceiling = resource.getrlimit(getattr(resource, limit["type"]))[1]
        assert limit["soft"] <= limit["hard"]
        assert ceiling == resource.RLIM_INFINITY or limit["hard"] <= ceiling
    assert host.oom_score_adj >= 500
    assert host.swap_accounting is False


def test_swap_on_cgroup2_is_not_left_to_the_runtime(tmp_path: Path) -> None:
    """Whether it is counted cannot be told before there is a group below the root; the worker limits it itself."""
    hierarchies = Hierarchies("v2", {"unified": str(tmp_path)})
    group = hierarchies.group("terrarium/c")
    group.make("unified")
    assert spec.Host.survey(hierarchies).swap_accounting is False
    group.forbid_swap()  # a kernel that counts none
    limit = tmp_path / "terrarium/c/memory.swap.max"
    limit.write_text("max\n")
    assert spec.Host.survey(hierarchies).swap_accounting is False
    group.forbid_swap()
    assert limit.read_text()[0] == "0"


def test_no_system_call_is_both_allowed_and_refused() -> None:
    for machine in seccomp.ARCHITECTURES:
        rules = seccomp.profile(machine)["syscalls"]
        plain = {name for rule in rules if rule["action"] == "SCMP_ACT_ALLOW" and "args" not in rule
                 for name in rule["names"]}  # fmt: skip
        refused = {name for rule in rules if rule["action"] == "SCMP_ACT_ERRNO" and "args" not in rule
                   for name in rule["names"]}  # fmt: skip
        conditional = {name for rule in rules if "args" in rule for name in rule["names"]}
        assert plain & refused == set()
        assert plain & conditional == set()
        assert refused & conditional == set()
        assert conditional == {"clone", "socket", "personality"}


NOT_PERMITTED = """
unshare setns mount umount2 pivot_root fsopen fsmount open_tree move_mount mount_setattr keyctl add_key request_key
io_uring_setup userfaultfd bpf perf_event_open kexec_load open_by_handle_at vmsplice init_module sethostname
"""


@pytest.mark.parametrize("name", NOT_PERMITTED.split())
def test_what_makes_namespaces_or_reaches_the_kernel_is_not_permitted(name: str) -> None:
    (rule,) = [rule for rule in seccomp.profile("x86_64")["syscalls"] if name in rule["names"]]
    assert (rule["action"], rule["errnoRet"]) == ("SCMP_ACT_ERRNO", 1)


def test_calls_whose_arguments_lie_in_memory_are_not_implemented() -> None:
    profile = seccomp.profile("x86_64")
    named = {name: rule for rule in profile["syscalls"] for name in rule["names"]}
    assert named["clone3"]["errnoRet"] == 38
    assert named["socketcall"]["action"] == "SCMP_ACT_ERRNO"
    assert profile["defaultErrnoRet"] == 38


def test_all_entries_of_the_machine_are_filtered() -> None:
    assert seccomp.profile("x86_64")["architectures"] == ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]
    assert "SCMP_ARCH_ARM" in seccomp.profile("aarch64")["architectures"]
    with pytest.raises(KeyError):
        seccomp.profile("z80")
