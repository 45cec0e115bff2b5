"""Files of /proc, as they really look, and as someone might make them look."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.kernel import procfs
from tests.support.proc_tree import ProcTree

_STAT = (
    b"86 (%s) R 1 0 0 0 -1 4194304 81 0 0 0 280 34 0 0 20 0 1 0 940 2314240 1 18446744073709551615 4198400 5785993 "
    b"140730132272848 0 0 0 0 6 65536 0 0 0 17 0 0 0 0 0 0 6141704 6178576 46301184 140730132279010 0\n"
)


def test_stat_of_a_real_process() -> None:
    assert procfs.parse_stat(_STAT % b"sh") == procfs.Stat(
        pid=86, comm="sh", state="R", ppid=1, threads=1, starttime=940
    )


@given(st.binary(min_size=1, max_size=15).filter(lambda name: b"\0" not in name))
def test_a_name_cannot_move_the_fields_after_it(name: bytes) -> None:
    stat = procfs.parse_stat(_STAT % name)
    assert (stat.ppid, stat.starttime, stat.state) == (1, 940, "R")
    stat.comm.encode()  # is text that JSON can carry


def test_a_name_with_brackets_is_whole() -> None:
    assert procfs.parse_stat(_STAT % b"a) R 7 (b").comm == "a) R 7 (b"


def test_status_gives_pids_outermost_first_and_the_effective_user() -> None:
    raw = b"Name:\tNSpid:\nUmask:\t0022\nUid:\t1000\t1001\t1002\t1003\nNSpid:\t4711\t12\t1\nThreads:\t1\n"
    assert procfs.parse_status(raw) == procfs.Status((4711, 12, 1), 1001)


def test_status_of_an_old_kernel_has_no_nspid() -> None:
    assert procfs.parse_status(b"Name:\tsh\nUid:\t0\t0\t0\t0\n") == procfs.Status((), 0)


def test_cmdline_is_split_and_escaped() -> None:
    assert procfs.parse_cmdline(b"sh\0-c\0echo \xff\0") == ["sh", "-c", "echo \\xff"]
    assert procfs.parse_cmdline(b"") == []
    assert procfs.parse_cmdline(b"a\0\0b\0") == ["a", "", "b"]


def test_a_long_cmdline_is_cut_and_says_so() -> None:
    arguments = procfs.parse_cmdline(b"sh\0" + b"x" * 9000)
    assert len("".join(arguments)) == procfs.CMDLINE_BYTES
    assert arguments[-1].endswith("x…")


def test_ids_are_seen_through_the_map() -> None:
    id_map = procfs.parse_id_map(b"         0 1879048192      65536\n")
    assert procfs.inside(id_map, 1_879_048_192) == 0
    assert procfs.inside(id_map, 1_879_048_192 + 65_535) == 65_535
    assert procfs.inside(id_map, 1_879_048_192 + 65_536) == procfs.NOBODY
    assert procfs.inside(id_map, 0) == procfs.NOBODY


def test_a_file_is_read_whole_or_to_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 200_000)
    assert len(procfs.read(str(path))) == 200_000
    assert len(procfs.read(str(path), limit=100)) == 100
    assert len(procfs.read(str(path), limit=70_000)) == 70_000
    path.write_bytes(b"")
    assert procfs.read(str(path)) == b""


def test_a_descriptor_of_a_process_reads_that_process(tmp_path: Path) -> None:
    tree = ProcTree(tmp_path / "proc")
    tree.process(7, ppid=1, starttime=99)
    assert tree.proc.stat(7).starttime == 99
    with pytest.raises(FileNotFoundError):
        tree.proc.open_process(8)


def test_children_of_a_process_that_ended_are_none(tmp_path: Path) -> None:
    assert ProcTree(tmp_path / "proc").proc.children(9) == []
