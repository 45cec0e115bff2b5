"""What the kernel's log says when memory ran out."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.kernel import kmsg
from runtime.kernel.kmsg import Chosen, Killed

CHOSEN = (
    b"6,3021,10733183935,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=9r57,mems_allowed=0,"
    b"oom_memcg=/terrarium/9r57,task_memcg=/terrarium/9r57,task=sh,pid=15755,uid=1963589632\n"
)
KILLED = (
    b"3,3022,10733183950,-;Memory cgroup out of memory: Killed process 15755 (sh) total-vm:26852kB, anon-rss:16004kB, "
    b"file-rss:1520kB, shmem-rss:0kB, UID:1963589632 pgtables:80kB oom_score_adj:500\n"
)


def test_who_was_chosen_and_whose_limit_it_was() -> None:
    assert kmsg.parse(CHOSEN) == Chosen(15755, "sh", "/terrarium/9r57", "/terrarium/9r57")
    above = CHOSEN.replace(b"oom_memcg=/terrarium/9r57", b"oom_memcg=/terrarium")
    assert kmsg.parse(above) == Chosen(15755, "sh", "/terrarium/9r57", "/terrarium")


def test_who_was_killed_and_what_it_held() -> None:
    assert kmsg.parse(KILLED) == Killed(15755, "sh", 16004 * 1024, memcg=True)


def test_the_hosts_own_want_of_memory_has_no_limit_to_it() -> None:
    record = (
        b"6,1,2,-;oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,"
        b"task_memcg=/terrarium/9r57,task=a b,pid=7,uid=0"
    )
    assert kmsg.parse(record) == Chosen(7, "a b", "/terrarium/9r57", None)
    killed = b"3,1,2,-;Out of memory: Killed process 7 (a b) total-vm:8kB, anon-rss:4kB, file-rss:0kB"
    assert kmsg.parse(killed) == Killed(7, "a b", 4096, memcg=False)


@pytest.mark.parametrize("name", ["x,pid=1,uid=0", "x) total-vm:1kB, anon-rss:1kB (", "task=y,pid=2", "🜁,;:"])
def test_a_name_that_pretends_to_be_the_rest_is_a_name(name: str) -> None:
    chosen = kmsg.parse(CHOSEN.replace(b"task=sh,", b"task=" + name.encode() + b","))
    assert isinstance(chosen, Chosen)
    assert (chosen.pid, chosen.comm, chosen.group) == (15755, name, "/terrarium/9r57")
    killed = kmsg.parse(KILLED.replace(b"(sh)", b"(" + name.encode() + b")"))
    assert killed == Killed(15755, name, 16004 * 1024, memcg=True)


def test_what_somebody_else_wrote_into_the_log_is_not_believed() -> None:
    assert kmsg.parse(KILLED.replace(b"3,", b"12,", 1)) is None  # facility 1, level 4: a user's


@given(st.binary(max_size=300))
def test_any_bytes_are_a_record_or_none(record: bytes) -> None:
    kmsg.parse(record)


def test_a_log_that_may_not_be_read_raises(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        kmsg.Log(str(tmp_path / "none"))


def test_reading_begins_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(KILLED)
    log = kmsg.Log(str(path))
    assert log.read(10) == []
    with path.open("ab") as file:
        file.write(CHOSEN)
    assert log.read(10) == [kmsg.parse(CHOSEN)]
    log.close()
    log.close()
