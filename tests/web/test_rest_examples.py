"""The examples of docs/rest-api.md work when they are copied."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.web.site import ROOT, Site

TEXT = (ROOT / "docs" / "rest-api.md").read_text()
SHELL, CLOSELY, FILES, RECORDED, *REST = re.findall(r"^```sh\n(.+?)^```", TEXT, re.MULTILINE | re.DOTALL)
PROGRAMS = re.findall(r"^```python\n(.+?)^```", TEXT, re.MULTILINE | re.DOTALL)


def run(site: Site, token: str, *command: str, at: Path = ROOT) -> str:
    environ = {**site.environ, "TOKEN": token, "URL": f"http://127.0.0.1:{site.port}/api/v1"}
    done = subprocess.run(command, cwd=at, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_all_of_them_are_tried() -> None:
    assert not REST
    assert len(PROGRAMS) == 2


def test_the_one_for_the_shell(site: Site, site_token: str) -> None:
    script = SHELL.replace("$(./dev token)", site_token).replace("127.0.0.1:8000", f"127.0.0.1:{site.port}")
    said = run(site, site_token, "bash", "-euo", "pipefail", "-c", script)
    assert '"exit_code": 0' in said
    assert '"taken_at"' in said


def test_looking_closely(site: Site, site_token: str) -> None:
    head = SHELL[: SHELL.index("\n\n")].replace("$(./dev token)", site_token)
    script = f"{head}\n{CLOSELY}".replace("127.0.0.1:8000", f"127.0.0.1:{site.port}")
    said = run(site, site_token, "bash", "-euo", "pipefail", "-c", script)
    for wanted in ("event: copied_up", "event: limits", "event: frozen", "event: gone", '"verdict": "copied_up"'):
        assert wanted in said
    assert '"mark": "copied_up"' in said
    assert '"pids": 64' in said
    assert '"default_action"' in said
    assert '"totals"' in said
    assert not site.worker.containers


@pytest.mark.parametrize(
    ("example", "made", "begins"), [(FILES, "notes.txt", "mine\n"), (RECORDED, "first-steps.cast", '{"version":3')]
)
def test_what_goes_on_with_a_container(
    example: str, made: str, begins: str, site: Site, site_token: str, tmp_path: Path
) -> None:
    """They use the container of the example before."""
    launch = SHELL[: SHELL.index('api "$URL/containers/$ID/exec')].replace("$(./dev token)", site_token)
    script = f'{launch}\n{example}\napi -X DELETE "$URL/containers/$ID"'
    (tmp_path / "notes.txt").write_text("mine\n")
    script = script.replace("127.0.0.1:8000", f"127.0.0.1:{site.port}")
    run(site, site_token, "bash", "-euo", "pipefail", "-c", script, at=tmp_path)
    assert (tmp_path / made).read_text().startswith(begins)
    assert not site.worker.containers


@pytest.mark.parametrize(
    ("program", "says"), list(zip(PROGRAMS, ["/seen", "exit code 3"], strict=True)), ids=["live", "pty"]
)
def test_the_programs(program: str, says: str, site: Site, site_token: str) -> None:
    assert says in run(site, site_token, sys.executable, "-W", "error", "-c", program)
    assert not site.worker.containers
