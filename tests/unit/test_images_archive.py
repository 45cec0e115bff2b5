"""The archive of this host, from what apt says of itself."""

from __future__ import annotations

from pathlib import Path

from runtime.images.archive import parse_options, parse_targets, release_date


def test_only_the_distributions_own_repositories_of_this_suite_are_taken() -> None:
    text = "\n".join(
        (
            "Packages|Debian|bookworm|main|http://mirror.example/debian/|$(SIGNED_BY)",
            "Translations|Debian|bookworm|main|http://mirror.example/debian/|$(SIGNED_BY)",
            "Packages|Debian|bookworm-security|main|http://mirror.example/security/|/usr/share/keyrings/a.gpg",
            "Packages|Debian|bookworm|contrib|http://mirror.example/debian/|$(SIGNED_BY)",
            "Packages|Debian|trixie|main|http://mirror.example/debian/|$(SIGNED_BY)",
            "Packages|Debian|bookworm-backports|main|http://mirror.example/debian/|$(SIGNED_BY)",
            "Packages|Example Tools|bookworm|main|http://tools.example/|$(SIGNED_BY)",
            "Packages|Debian|bookworm|main|cdrom://disc/|$(SIGNED_BY)",
        )
    )
    assert parse_targets(text, "debian", "bookworm") == [
        "deb http://mirror.example/debian/ bookworm main",
        "deb [signed-by=/usr/share/keyrings/a.gpg] http://mirror.example/security/ bookworm-security main",
    ]


def test_lists_that_were_never_fetched_have_no_origin_and_are_taken_by_component() -> None:
    text = "Packages|$(ORIGIN)|noble|universe|http://mirror.example/ubuntu/|$(SIGNED_BY)"
    assert parse_targets(text, "ubuntu", "noble") == ["deb http://mirror.example/ubuntu/ noble universe"]
    assert parse_targets("", "ubuntu", "noble") == []


def test_the_ways_to_reach_an_archive_are_kept_and_nothing_else() -> None:
    dump = """\
Acquire "";
Acquire::http "";
Acquire::http::Proxy "http://proxy.example:3128/";
Acquire::Check-Valid-Until "false";
Acquire::IndexTargets::deb::Packages::Optional "0";
APT::Install-Recommends "1";
"""
    assert parse_options(dump) == [
        'Acquire::http::Proxy "http://proxy.example:3128/"',
        'Acquire::Check-Valid-Until "false"',
    ]


def test_the_archives_date_is_read_from_its_release_file(tmp_path: Path) -> None:
    path = tmp_path / "InRelease"
    path.write_text("Hash: SHA256\n\nOrigin: Debian\nDate: Sat, 11 Jan 2025 09:51:03 UTC\n")
    assert release_date(path) == 1_736_589_063.0
    path.write_text("Origin: Debian\n")
    assert release_date(path) == 0.0
