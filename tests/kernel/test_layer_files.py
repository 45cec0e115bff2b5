"""The file view of layers that were filled by somebody who would have us read something else."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import stat
import subprocess
import threading
from collections.abc import Iterator

import pytest

from runtime.errors import Code, Fault
from runtime.kernel import confined
from runtime.probes import layer_files
from runtime.protocol.xray import Entry, FileView
from tests.support.stacked import Stacked, stacked

pytestmark = pytest.mark.requires("root", "overlay")

SECRET = "a secret of the host"


@pytest.fixture
def box() -> Iterator[Stacked]:
    with stacked() as made:
        (made.top / "secret").write_text(SECRET)
        before = len(os.listdir("/proc/self/fd"))
        yield made
        assert len(os.listdir("/proc/self/fd")) == before


def _read(box: Stacked, path: str, layer: str = "merged", **fields: object) -> FileView:
    return layer_files.read(box.target(**fields), path, layer)


def _refused(box: Stacked, path: str, layer: str = "merged") -> Fault:
    with pytest.raises(Fault) as caught:
        _read(box, path, layer)
    return caught.value


def _entries(view: FileView) -> dict[str, Entry]:
    assert view.entries is not None
    return {entry.name: entry for entry in view.entries}


def _sh(box: Stacked, script: str) -> None:
    subprocess.run(["sh", "-ec", script], cwd=box.merged, check=True)


def test_a_file_is_shown_as_text_and_a_directory_by_its_entries(box: Stacked) -> None:
    view = _read(box, "/etc/passwd")
    assert (view.path, view.layer, view.text, view.binary, view.truncated) == (
        "/etc/passwd", "merged", "newer\n", False, False,
    )  # fmt: skip
    assert (view.entry.name, view.entry.type, view.entry.size_bytes, view.entry.mark) == ("passwd", "file", 6, None)
    assert list(_entries(_read(box, "/etc"))) == ["issue", "motd", "old", "passwd"]
    root = _read(box, "/")
    assert (root.path, root.entry.name) == ("/", "/")
    assert _entries(root)["bin"].target == "usr/bin"


def test_each_layer_is_seen_by_itself(box: Stacked) -> None:
    assert list(_entries(_read(box, "/etc", "0"))) == ["issue", "passwd"]
    assert list(_entries(_read(box, "/etc", "1"))) == ["motd", "old", "passwd"]
    assert _read(box, "/etc/passwd", "1").text == "hello\n" * 2000
    assert _entries(_read(box, "/", "upper")) == {}
    for layer in ("2", "-1", "lower", "../0", "", "00", "٣"):
        assert (_refused(box, "/", layer).code, _refused(box, "/", layer).field) == (Code.NOT_FOUND, "layer")


def test_the_upper_says_how_each_came_there(box: Stacked) -> None:
    _sh(box, "echo x >> etc/motd; echo y > etc/new; rm etc/issue; rm -r etc/old; mkdir etc/old fresh")
    entries = _entries(_read(box, "/etc", "upper"))
    assert {name: entry.mark for name, entry in entries.items()} == {
        "issue": "whiteout",
        "motd": "copied_up",
        "new": "created",
        "old": "opaque",
    }
    assert _read(box, "/fresh", "upper").entry.mark == "created"
    assert _read(box, "/etc/issue", "upper").text is None
    assert _entries(_read(box, "/etc", "0"))["issue"].mark is None


def test_metacopy_shows_the_blocks_that_are_really_there() -> None:
    with stacked(redirect_dir="on", metacopy="on") as box:
        _sh(box, "chmod 600 etc/motd; mv data moved")
        entry = _entries(_read(box, "/etc", "upper"))["motd"]
        assert (entry.metacopy, entry.size_bytes, entry.blocks_bytes) == (True, 12_000, 0)
        assert _read(box, "/moved", "upper").entry.redirect == "data"


def test_ids_are_told_as_the_container_counts_them(box: Stacked) -> None:
    _sh(box, "touch mine hers; chown 1001:1002 hers; chown 5:100000 mine")
    entries = _entries(_read(box, "/", host_id=1000))
    assert (entries["hers"].uid, entries["hers"].gid) == (1, 2)
    assert (entries["mine"].uid, entries["mine"].gid) == (65_534, 65_534)


def test_no_way_leads_out(box: Stacked) -> None:
    _sh(box, f"ln -s {box.top}/secret abs; ln -s ../../../../..{box.top}/secret up; ln -s /proc/self/root magic")
    _sh(box, f"ln -s {box.top} topdir; ln -s /etc/shadow shadow; ln -s loop loop; mkdir proc; ln -s / self")
    for link in ("abs", "up", "magic", "shadow", "loop", "topdir"):
        for layer in ("merged", "upper"):
            view = _read(box, f"/{link}", layer)
            assert (view.entry.type, view.text, view.entries) == ("symlink", None, None)
    for path in (
        f"/../../..{box.top}/secret", "/topdir/secret", "/magic/etc/shadow", "/loop/x", "/proc/self/root/etc/shadow",
        "/proc/1/environ", f"/self/self/{box.top}/secret",
    ):  # fmt: skip
        for layer in ("merged", "upper", "0", "1"):
            assert _refused(box, path, layer).code is Code.NOT_FOUND
    assert _read(box, "/self/self/etc/passwd").path == "/etc/passwd"
    assert _read(box, "/../../etc/passwd").path == "/etc/passwd"
    assert _read(box, "/bin/tool").path == "/usr/bin/tool"
    assert "not followed" in (_refused(box, "/bin/tool", "1").hint or "")


def test_other_mounts_are_not_entered(box: Stacked) -> None:
    _sh(box, "mkdir other")
    subprocess.run(["mount", "-t", "tmpfs", "none", str(box.merged / "other")], check=True)
    (box.merged / "other/inside").write_text(SECRET)
    assert _refused(box, "/other/inside").code is Code.NOT_FOUND
    assert _refused(box, "/other").code is Code.NOT_FOUND


def test_what_is_no_file_is_told_and_never_opened(box: Stacked) -> None:
    os.mkfifo(box.merged / "fifo")
    os.mknod(box.merged / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    os.mknod(box.merged / "tape", stat.S_IFBLK | 0o666, os.makedev(7, 200))
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(box.merged / "sock"))
    for name, kind in (("fifo", "fifo"), ("null", "device"), ("tape", "device"), ("sock", "socket")):
        for layer in ("merged", "upper"):
            view = _read(box, f"/{name}", layer)
            assert (view.entry.type, view.text, view.entries) == (kind, None, None)


def test_large_and_sparse_files_are_cut(box: Stacked) -> None:
    with open(box.merged / "sparse", "wb") as file:
        file.truncate(1 << 40)
    view = _read(box, "/sparse")
    assert (view.truncated, view.binary, view.entry.size_bytes, view.entry.blocks_bytes) == (True, True, 1 << 40, 0)
    (box.merged / "long").write_text("é" * 40_000)  # the cut falls on a character's first byte, at 65536 of two
    view = _read(box, "/long")
    assert (view.truncated, view.binary, view.text) == (True, False, "é" * 32_768)


def test_bytes_that_are_no_text_are_shown_as_xxd_prints_them(box: Stacked) -> None:
    (box.merged / "bin2").write_bytes(bytes(range(20)))
    assert _read(box, "/bin2").text == (
        "00000000: 0001 0203 0405 0607 0809 0a0b 0c0d 0e0f  ................\n"
        "00000010: 1011 1213                                ....\n"
    )
    (box.merged / "odd").write_bytes(b"caf\xe9 is latin, the rest of it is text as ever\n")
    view = _read(box, "/odd")
    assert (view.binary, view.text) == (False, "caf\\xe9 is latin, the rest of it is text as ever\n")
    (box.merged / "void").touch()
    assert (_read(box, "/void").binary, _read(box, "/void").text) == (False, "")


def test_hostile_names_are_escaped_and_found_again(box: Stacked) -> None:
    name = b"a\n\x1b[31m\xff\xe2\x80\xae"
    os.mkdir(os.fsencode(box.merged) + b"/" + name)
    (shown,) = (entry for entry in _entries(_read(box, "/", "upper")))
    assert shown == "a\n\x1b[31m\\xff\u202e"
    assert _read(box, f"/{shown}", "upper").entry.type == "dir"
    (box.merged / "\\xff").touch()  # a name that looks like an escape is itself
    assert _read(box, "/\\xff").entry.name == "\\xff"


def test_a_directory_has_an_end(box: Stacked) -> None:
    (box.merged / "many").mkdir()
    for number in range(1200):
        (box.merged / f"many/{number:05}").touch()
    view = _read(box, "/many")
    assert (len(_entries(view)), view.truncated, min(_entries(view))) == (1000, True, "00000")
    (box.merged / "wide").mkdir()
    for number in range(400):
        (box.merged / f"wide/{number:03}").symlink_to("x" * 4000)
    view = _read(box, "/wide")
    assert view.truncated
    assert 50 < len(_entries(view)) < 100


@pytest.mark.parametrize("path", ["/" + "x" * 256, "/x" * 2500, "/etc/passwd/x", "/none"])
def test_paths_that_cannot_be_are_not_found(box: Stacked, path: str) -> None:
    assert (_refused(box, path).code, _refused(box, path).field) == (Code.NOT_FOUND, "path")


def test_a_lease_held_inside_does_not_hold_us(box: Stacked) -> None:
    (box.merged / "leased").write_text("x")
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)  # the kernel asks the holder to let go
    try:
        with open(box.upper / "leased", "r+") as file:
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
            assert _refused(box, "/leased", "upper").code is Code.TIMEOUT
    finally:
        signal.signal(signal.SIGIO, before)


def test_entries_swapped_under_our_eyes_lead_nowhere_else(box: Stacked) -> None:
    """A file, a directory and a fifo take turns with links to the host's, while we read on."""
    swap, over = box.merged / "swap", threading.Event()
    (box.merged / "dir").mkdir()
    (box.merged / "dir/secret").write_text("harmless")
    _sh(box, f"ln -s {box.top} dirlink; ln -s {box.top}/secret link; echo harmless > file; mkfifo pipe")

    def swapping() -> None:
        names = ("file", "link", "pipe", "dir", "dirlink")
        while not over.is_set():
            for name in names:
                os.rename(box.merged / name, swap)
                os.rename(swap, box.merged / name)

    thread = threading.Thread(target=swapping)
    thread.start()
    seen: set[tuple[str, str | None]] = set()
    try:
        for _ in range(1500):
            for path, layer in (("/swap", "merged"), ("/swap", "upper"), ("/swap/secret", "merged"), ("/", "merged")):
                try:
                    view = _read(box, path, layer)
                except Fault as fault:
                    seen.add((fault.code, None))
                else:
                    seen.add((view.entry.type, view.text))
    finally:
        over.set()
        thread.join()
    assert ("dir", None) in seen
    assert all(SECRET not in (text or "") for _, text in seen)
    assert {kind for kind, _ in seen} <= {"file", "dir", "symlink", "fifo", Code.NOT_FOUND, Code.VANISHED}, seen


def test_the_kernel_keeps_links_of_proc_out() -> None:
    top = confined.root("/")
    try:
        with pytest.raises(OSError, match=r"symbolic links|cross-device"):
            confined.in_root(top, b"proc/self/fd/%d" % top, os.O_PATH)
        with pytest.raises(OSError, match="zero byte"):
            confined.beneath(top, b"a\0b", os.O_PATH)
    finally:
        os.close(top)
