"""Which hierarchies a host has, read from its mount table."""

from __future__ import annotations

import pytest

from runtime.kernel.cgroups import Group, detect

CONTROLLERS = frozenset({"cpu", "cpuacct", "memory", "pids", "freezer", "cpuset", "net_cls", "net_prio"})
TMPFS = "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
V1 = (
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
    "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
    "40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,release_agent=/x,name=systemd\n"
)
UNIFIED = "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate\n"
V2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n"


def test_v1_with_comounted_controllers() -> None:
    found = detect((TMPFS + V1).encode(), CONTROLLERS)
    assert found.mode == "v1"
    assert found.mounts == {
        "cpu": "/sys/fs/cgroup/cpu,cpuacct",
        "cpuacct": "/sys/fs/cgroup/cpu,cpuacct",
        "memory": "/sys/fs/cgroup/memory",
        "name=systemd": "/sys/fs/cgroup/systemd",
    }
    group = found.group("terrarium/x")
    assert group.paths["cpu"] == group.paths["cpuacct"] == "/sys/fs/cgroup/cpu,cpuacct/terrarium/x"
    assert len(group.directories) == 3


def test_hybrid_has_both() -> None:
    found = detect((TMPFS + V1 + UNIFIED).encode(), CONTROLLERS)
    assert (found.mode, found.mounts["unified"]) == ("hybrid", "/sys/fs/cgroup/unified")
    assert "memory" in found.mounts


def test_v2_alone() -> None:
    found = detect(V2.encode(), CONTROLLERS)
    assert (found.mode, found.mounts) == ("v2", {"unified": "/sys/fs/cgroup"})


def test_named_hierarchy_without_controllers_does_not_make_a_host_hybrid() -> None:
    systemd = V1.splitlines(keepends=True)[-1]
    assert detect((TMPFS + systemd + UNIFIED).encode(), CONTROLLERS).mode == "v2"


def test_mount_point_with_a_space_is_read() -> None:
    line = "35 31 0:32 / /a\\040b rw - cgroup cgroup rw,memory\n"
    assert detect(line.encode(), CONTROLLERS).mounts == {"memory": "/a b"}


def test_none_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        detect(TMPFS.encode(), CONTROLLERS)


def test_group_that_is_not_there_is_empty() -> None:
    group = Group("v2", {"unified": "/nonexistent/x"})
    assert (group.exists(), group.processes(), group.remove(), group.oom_kills()) == (False, set(), [], None)
    group.thaw()
    group.kill()
