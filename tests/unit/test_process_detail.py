"""One process closely, held against what the process knows of itself."""

from __future__ import annotations

import os
import resource
import threading
import time
from pathlib import Path

import pytest

from runtime.kernel import procfs
from runtime.probes import process_detail
from runtime.probes.process_detail import LINKS, Whose
from runtime.protocol.xray import ProcessDetail


def _own(*, ours: bool = True, starttime: int = 0) -> ProcessDetail:
    proc = procfs.Proc()
    maps = ((0, os.getuid(), 1),)
    groups = ((5, os.getgid(), 1),)
    return process_detail.read(proc, Whose(os.getpid(), starttime, "init", ours, uid_map=maps, gid_map=groups, level=0))


def test_who_it_is_and_what_it_holds() -> None:
    detail = _own()
    assert detail.exe == os.path.realpath(f"/proc/{os.getpid()}/exe")
    assert (detail.cwd, detail.root) == (os.getcwd(), "/")
    assert detail.uids == [os.getuid()] * 4
    assert detail.uids_inside == [0] * 4
    assert detail.gids_inside == [5] * 4
    assert detail.groups == sorted(os.getgroups())
    assert abs((detail.open_files or 0) - len(os.listdir("/proc/self/fd"))) <= 2
    assert detail.cmdline
    assert detail.oom_score_adj == int(Path("/proc/self/oom_score_adj").read_text())
    assert (detail.rss_bytes or 0) > 1 << 20
    assert (detail.vm_bytes or 0) >= (detail.rss_bytes or 0)
    assert (detail.voluntary_switches or 0) <= resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw
    assert time.time() - 86_400 * 400 < detail.started_at <= time.time()
    assert detail.cgroups == {
        controllers or "unified": path
        for _, controllers, path in (line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines())
    }


def test_all_ten_namespace_links() -> None:
    assert _own().namespaces == {kind: os.readlink(f"/proc/self/ns/{kind}") for kind in LINKS}


def test_its_threads_with_their_numbers() -> None:
    held = threading.Event()
    thread = threading.Thread(target=held.wait)
    thread.start()
    try:
        threads = {each.tid: each for each in _own().threads}
        assert {os.getpid(), thread.native_id} <= threads.keys()
        assert all(each.ns_tid == tid for tid, each in threads.items())
    finally:
        held.set()
        thread.join()


def test_of_one_that_is_not_ours_nobody_learns_its_business() -> None:
    detail, all_of_it = _own(ours=False), _own()
    assert detail.cmdline == (all_of_it.cmdline or [])[:1]
    assert len(all_of_it.cmdline or []) > 1
    for name in ("exe", "cwd", "root", "groups", "open_files"):
        assert getattr(detail, name) is None, name
    assert (detail.cgroups, detail.threads) == ({}, [])
    assert detail.namespaces == all_of_it.namespaces
    assert detail.capabilities == all_of_it.capabilities


def test_an_id_that_is_not_mapped_has_no_number_inside() -> None:
    whose = Whose(os.getpid(), 0, "", True, uid_map=((0, 1 << 20, 10),), gid_map=(), level=0)
    detail = process_detail.read(procfs.Proc(), whose)
    assert detail.uids_inside == [None] * 4
    assert detail.gids_inside is None


def test_another_process_with_that_number_is_not_shown() -> None:
    with pytest.raises(ProcessLookupError):
        _own(starttime=1)
