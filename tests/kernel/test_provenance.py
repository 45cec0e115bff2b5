"""Where paths of a real overlay come from, and whether the kernel agrees."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from runtime.errors import Code, Fault
from runtime.probes import overlay, provenance, source
from runtime.protocol.xray import Provenance
from tests.support.stacked import Stacked, stacked

pytestmark = pytest.mark.requires("root", "overlay")


@pytest.fixture
def box() -> Iterator[Stacked]:
    with stacked() as made:
        yield made


def _story(box: Stacked, path: str) -> tuple[str, dict[str, str]]:
    told = provenance.trace(box.target(), path)
    return told.verdict, {one.layer: one.found for one in told.sightings}


def _sh(box: Stacked, script: str) -> None:
    subprocess.run(["sh", "-ec", script], cwd=box.merged, check=True)


def test_untouched_files_are_a_lower_layers(box: Stacked) -> None:
    assert _story(box, "/etc/motd") == ("lower", {"upper": "absent", "0": "absent", "1": "hit"})
    assert _story(box, "/etc/passwd") == ("lower", {"upper": "absent", "0": "hit", "1": "hidden"})
    assert _story(box, "/etc") == ("lower", {"upper": "absent", "0": "hit", "1": "merged"})
    assert _story(box, "/") == ("lower", {"upper": "hit", "0": "merged", "1": "merged"})
    assert _story(box, "/none/at/all") == ("absent", dict.fromkeys(("upper", "0", "1"), "absent"))


def test_an_append_copies_up_and_hides_the_lower_file(box: Stacked) -> None:
    _sh(box, "echo x >> etc/motd")
    assert _story(box, "/etc/motd") == ("copied_up", {"upper": "hit", "0": "absent", "1": "hidden"})
    assert _story(box, "/etc") == ("copied_up", {"upper": "hit", "0": "merged", "1": "merged"})
    upper = provenance.trace(box.target(), "/etc/motd").sightings[0]
    assert (upper.size_bytes, upper.blocks_bytes) == (12_002, 12_288)


def test_a_mode_alone_copies_up_as_a_whole_with_our_mount_options(box: Stacked) -> None:
    _sh(box, "chmod 600 etc/motd")
    told = provenance.trace(box.target(), "/etc/motd")
    assert (told.verdict, told.sightings[0].metacopy, told.sightings[0].blocks_bytes) == ("copied_up", False, 12_288)


def test_a_new_file_is_created_and_one_removed_is_hidden_by_a_whiteout(box: Stacked) -> None:
    _sh(box, "echo x > etc/new; rm etc/issue")
    assert _story(box, "/etc/new") == ("created", {"upper": "hit", "0": "absent", "1": "absent"})
    assert _story(box, "/etc/issue") == ("deleted", {"upper": "whiteout", "0": "hidden", "1": "covered"})
    _sh(box, "echo again > etc/issue")
    assert _story(box, "/etc/issue") == ("created", {"upper": "hit", "0": "hidden", "1": "absent"})


def test_an_opaque_directory_hides_what_was_in_the_old_one(box: Stacked) -> None:
    _sh(box, "rm -r etc/old; mkdir etc/old; echo x > etc/old/c")
    assert _story(box, "/etc/old") == ("created", {"upper": "opaque", "0": "covered", "1": "hidden"})
    assert _story(box, "/etc/old/a") == ("deleted", {"upper": "opaque", "0": "covered", "1": "hidden"})
    assert _story(box, "/etc/old/c") == ("created", {"upper": "hit", "0": "covered", "1": "covered"})
    assert provenance.trace(box.target(), "/etc/old/a").sightings[0].path == "/etc/old"


def test_what_was_in_a_removed_directory_is_traced_to_its_whiteout(box: Stacked) -> None:
    _sh(box, "rm -r etc/old")
    assert _story(box, "/etc/old/deep/b") == ("deleted", {"upper": "whiteout", "0": "covered", "1": "hidden"})
    assert provenance.trace(box.target(), "/etc/old/deep/b").sightings[0].path == "/etc/old"


def test_a_new_directory_hides_nothing(box: Stacked) -> None:
    _sh(box, "mkdir -p fresh/nest; echo x > fresh/nest/y")
    for path in ("/fresh", "/fresh/nest", "/fresh/nest/y"):
        assert _story(box, path) == ("created", {"upper": "hit", "0": "absent", "1": "absent"})


def test_moving_a_lower_directory_is_a_copy_and_a_whiteout_with_our_mount_options(box: Stacked) -> None:
    with pytest.raises(OSError, match="cross-device"):
        os.rename(box.merged / "data", box.merged / "moved")
    _sh(box, "mv data moved")
    assert _story(box, "/moved/x") == ("created", {"upper": "hit", "0": "absent", "1": "absent"})
    assert _story(box, "/data/x") == ("deleted", {"upper": "whiteout", "0": "covered", "1": "hidden"})


def test_links_on_the_way_are_followed_and_the_last_is_not(box: Stacked) -> None:
    assert provenance.trace(box.target(), "/bin/tool").resolved == "/usr/bin/tool"
    told = provenance.trace(box.target(), "/bin")
    assert (told.resolved, told.sightings[2].type) == ("/bin", "symlink")
    _sh(box, "ln -s / root; ln -s ../../../.. up; ln -s loop loop")
    assert provenance.trace(box.target(), "/root/up/../etc/./motd").resolved == "/etc/motd"
    assert provenance.trace(box.target(), "/../../etc/motd").resolved == "/etc/motd"
    assert provenance.trace(box.target(), "/etc/old/..").resolved == "/etc"
    assert provenance.trace(box.target(), "/loop/x").verdict == "absent"
    assert provenance.trace(box.target(), "/etc/motd/below").verdict == "absent"


def test_hard_links_are_names_of_one_file(box: Stacked) -> None:
    _sh(box, "ln etc/motd etc/second")
    assert _story(box, "/etc/motd")[0] == "copied_up"
    assert _story(box, "/etc/second")[0] == "copied_up"  # the same inode, and it has an origin
    _sh(box, "echo x > one; ln one two")
    assert _story(box, "/two")[0] == "created"


def test_redirects_and_metacopy_are_followed_where_a_mount_has_them() -> None:
    with stacked(redirect_dir="on", metacopy="on") as box:
        os.rename(box.merged / "data", box.merged / "etc/moved")
        os.rename(box.merged / "etc/old", box.merged / "etc/older")
        os.chmod(box.merged / "etc/motd", 0o600)
        moved = provenance.trace(box.target(), "/etc/moved/x")
        assert (moved.verdict, moved.sightings[2].found, moved.sightings[2].path) == ("lower", "hit", "/data/x")
        older = provenance.trace(box.target(), "/etc/older/deep/b")
        assert (older.verdict, older.sightings[2].path) == ("lower", "/etc/old/deep/b")
        assert _story(box, "/data/x") == ("deleted", {"upper": "whiteout", "0": "covered", "1": "hidden"})
        motd = provenance.trace(box.target(), "/etc/motd").sightings
        assert (motd[0].found, motd[0].metacopy, motd[0].size_bytes) == ("hit", True, 12_000)
        assert motd[0].blocks_bytes == 0
        assert (motd[2].found, motd[2].blocks_bytes) == ("merged", 12_288)
        changes = overlay.Overlays().take(box.target(), None, 0.0)[1].changes
        assert changes["/etc/moved"].redirect == "/data"
        assert changes["/etc/older"].redirect == "old"
        assert changes["/etc/motd"].metacopy is True
        assert changes["/etc/motd"].blocks_bytes == 0


def test_the_other_form_of_a_whiteout_is_known(box: Stacked) -> None:
    top = box.top / "lower1/etc"
    (top / "motd").touch()
    os.setxattr(top, "trusted.overlay.opaque", b"x")
    os.setxattr(top / "motd", "trusted.overlay.whiteout", b"y")
    assert _story(box, "/etc/motd") == ("deleted", {"upper": "absent", "0": "whiteout", "1": "hidden"})


def test_each_verdict_agrees_with_what_the_merged_root_shows(box: Stacked) -> None:
    _sh(box, "rm etc/issue; rm -r etc/old; mkdir etc/old; touch etc/old/a; mv data moved; rm usr/bin/tool; chmod 1 etc")
    for layer in (box.upper, box.top / "lower1", box.top / "lower0"):
        for directory, names, files in os.walk(layer):
            for name in names + files:
                path = f"{directory}/{name}".removeprefix(str(layer))
                there = os.path.lexists(f"{box.merged}{path}")
                verdict = provenance.trace(box.target(), path).verdict
                assert (verdict in ("created", "copied_up", "lower")) == there, path


def test_names_that_are_no_text_are_found_as_they_are_shown(box: Stacked) -> None:
    os.mkdir(os.fsencode(box.merged) + b"/\xff\n\x1b[31m")
    assert provenance.trace(box.target(), "/\\xff\n\x1b[31m").verdict == "created"


def test_without_a_mounted_root_it_says_that_the_files_are_gone(box: Stacked) -> None:
    target = box.target()
    subprocess.run(["umount", str(box.merged)], check=True)
    with pytest.raises(Fault) as caught:
        provenance.trace(target, "/etc")
    assert caught.value.code is Code.WRONG_STATE


def test_the_sources_print_what_the_commands_print(box: Stacked) -> None:
    _sh(box, "echo x >> etc/motd; rm -r etc/old; mkdir etc/old; chmod 700 usr")
    marks = source.read(box.target(), "host", "overlay", "marks")
    assert f"# file: {box.upper}/etc/motd\ntrusted.overlay.origin=0x00fb" in marks.raw
    assert f"# file: {box.upper}/etc/old\ntrusted.overlay.opaque=0x79\n\n" in marks.raw
    disk = source.read(box.target(), "host", "overlay", "disk")
    for command in (disk.command_host, disk.command_container or ""):
        told = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True, cwd=box.merged).stdout
        if command == disk.command_host:
            assert told == disk.raw
    with pytest.raises(Fault):
        source.read(box.target(), "host", "overlay", "../etc/passwd")


def test_nothing_stays_open(box: Stacked) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for path in ("/etc/motd", "/none", "/etc/motd/x", "/" + "x" * 300, "/bin/tool"):
        told: Provenance = provenance.trace(box.target(), path)
        assert told.path == path
    with pytest.raises(Fault):
        provenance.trace(box.target(), "/x" * 2500)
    assert len(os.listdir("/proc/self/fd")) == before
    assert shutil.which("sh")
