"""Mount tables, with the lines that trip parsers."""

from __future__ import annotations

from runtime.kernel import mountinfo

_REAL = rb"""1 1 0:2 / / rw - rootfs rootfs rw,size=235852k
27 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/vda rw,discard
36 27 0:33 / /mnt/a\040b\134c\011d rw - tmpfs  rw
612 27 0:52 / / rw,relatime - overlay overlay rw,lowerdir=/l/0:/l/1,upperdir=/u,workdir=/w
613 612 0:34 /terrarium/c /sys/fs/cgroup/memory ro,nosuid - cgroup cgroup rw,memory
"""


def test_every_line_is_understood() -> None:
    mounts = mountinfo.parse(_REAL)
    assert [mount.id for mount in mounts] == [1, 27, 36, 612, 613]
    assert mounts[1].options == "rw,relatime"
    assert mounts[1].super_options == "rw,discard"


def test_escapes_are_undone_and_an_empty_source_stays_empty() -> None:
    mount = mountinfo.parse(_REAL)[2]
    assert mount.point == "/mnt/a b\\c\td"
    assert (mount.fstype, mount.source, mount.super_options) == ("tmpfs", "", "rw")


def test_the_topmost_mount_on_root_is_what_a_process_stands_on() -> None:
    root = mountinfo.at_root(mountinfo.parse(_REAL))
    assert root is not None
    assert root.fstype == "overlay"
    assert root.super_options.endswith("workdir=/w")


def test_an_empty_table_has_no_root() -> None:
    assert mountinfo.at_root(mountinfo.parse(b"")) is None


def test_names_that_are_no_text_are_escaped() -> None:
    assert mountinfo.unescape(rb"/a\377") == "/a\\xff"
