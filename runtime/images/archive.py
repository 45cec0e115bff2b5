"""The package archive this host installs from: its suite, its mirrors, the way there. Nothing of it is written here."""

from __future__ import annotations

import email.utils
import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path

from runtime.errors import Code, Fault

_COMPONENTS = {"debian": ("main",), "ubuntu": ("main", "universe")}
# What of apt's settings the build needs to reach the archive as the host does: proxies, certificates, snapshots.
_WANTED = ("acquire::http", "acquire::https", "acquire::check-", "acquire::retries", "acquire::forceipv4")


@dataclass(frozen=True)
class Archive:
    """`lines`: one-line sources; empty when apt knows none, and mmdebstrap's own default for the suite is right.

    `options`: apt.conf statements.
    """

    title: str
    suite: str
    lines: list[str]
    options: list[str]


def of_this_host() -> Archive:
    """Raises `Fault(unsupported-kernel)` on a distribution whose archive cannot make the image."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        release = {}
    distribution, suite = release.get("ID", ""), release.get("VERSION_CODENAME", "")
    if distribution not in _COMPONENTS or not suite:
        raise Fault(
            Code.UNSUPPORTED_KERNEL,
            f"the debian image is built on Debian and Ubuntu, this is {release.get('PRETTY_NAME', 'unknown')}",
            hint="The busybox image can be built anywhere.",
        )
    title = f"{release['NAME'].split()[0]} {release.get('VERSION_ID', '')} ({suite})"
    return Archive(
        title=title,
        suite=suite,
        lines=parse_targets(_apt("apt-get", "indextargets", "--format", _FORMAT), distribution, suite),
        options=parse_options(_apt("apt-config", "dump")),
    )


_FORMAT = "$(CREATED_BY)|$(ORIGIN)|$(RELEASE)|$(COMPONENT)|$(REPO_URI)|$(SIGNED_BY)"


def parse_targets(text: str, distribution: str, suite: str) -> list[str]:
    """One-line sources for the distribution's own repositories of this suite, from `apt-get indextargets`.

    A repository whose lists were never fetched has no origin; then the component decides.
    """
    found: dict[tuple[str, str, str], list[str]] = {}
    for line in text.splitlines():
        created_by, origin, release, component, uri, keyring = line.split("|", 5)
        ours = origin.lower() == distribution or origin.startswith("$(")
        belongs = release == suite or release.startswith(f"{suite}-")
        if created_by != "Packages" or not (ours and belongs) or component not in _COMPONENTS[distribution]:
            continue
        if release.endswith(("-backports", "-proposed", "-proposed-updates")) or not uri.startswith(("http", "file")):
            continue
        key = keyring if keyring.startswith("/") else ""
        components = found.setdefault((uri, release, key), [])
        if component not in components:
            components.append(component)
    return [
        f"deb {f'[signed-by={key}] ' if key else ''}{uri} {release} {' '.join(components)}"
        for (uri, release, key), components in found.items()
    ]


def parse_options(text: str) -> list[str]:
    """The statements of `apt-config dump` that say how to reach an archive."""
    kept = []
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        if name.lower().startswith(_WANTED) and value not in ('"";', ""):
            kept.append(line.rstrip(";"))
    return kept


def release_date(path: Path) -> float:
    """`Date:` of a (In)Release file, Unix time; 0.0 when there is none."""
    with open(path, errors="replace") as lines:
        for line in lines:
            if line.startswith("Date:"):
                return email.utils.parsedate_to_datetime(line.removeprefix("Date:").strip()).timestamp()
    return 0.0


def _apt(*command: str) -> str:
    """A query of apt; empty when it cannot answer, as mmdebstrap has defaults of its own."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""
