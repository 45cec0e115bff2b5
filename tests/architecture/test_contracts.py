"""The walls between the rooms stand: import contracts, file sizes, names, and a document where one is due."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from runtime.protocol import messages, model

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("runtime", "playground", "webapp", "tests")
FRONTEND = ROOT / "frontend" / "src"
MANY_LINES = 400  # of product code; markup and lists of cases run longer before they hold two ideas
MANY_LINES_ELSEWHERE = 500
VAGUE = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "managers", "base", "core", "stuff"}


def python_files() -> Iterator[Path]:
    yield ROOT / "manage.py"
    for room in ROOMS:
        yield from (path for path in sorted((ROOT / room).rglob("*.py")) if "migrations" not in path.parts)


def script_files() -> Iterator[Path]:
    generated = {"generated.ts"}
    yield from (path for path in sorted(FRONTEND.rglob("*.ts*")) if path.name not in generated)


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_import_contracts() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    command = [str(linter), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


@pytest.mark.parametrize("path", [*python_files(), *script_files()], ids=short)
def test_files_stay_readable(path: Path) -> None:
    """Word lists (translations) are data, and may be as long as they are."""
    product = path.suffix == ".py" and "tests" not in path.parts
    if "i18n" not in path.parts:
        assert path.read_text().count("\n") <= (MANY_LINES if product else MANY_LINES_ELSEWHERE)


@pytest.mark.parametrize("path", [*python_files(), *script_files()], ids=short)
def test_names_say_what_is_inside(path: Path) -> None:
    words = set(re.split(r"[_.\-]", path.stem.lower()))
    assert not words & VAGUE
    assert path.parent.name.lower() not in VAGUE


def test_every_module_says_what_it_is_for() -> None:
    silent = []
    for path in python_files():
        if path.name == "__init__.py" and not path.read_text().strip():
            continue
        if not ast.get_docstring(ast.parse(path.read_text())):
            silent.append(short(path))
    assert not silent


def test_annotations_are_postponed_everywhere() -> None:
    for path in python_files():
        tree = ast.parse(path.read_text())
        code = [node for node in tree.body if not isinstance(node, ast.Expr)]
        if path.name == "__init__.py" or not code or "tests" in path.parts:
            continue
        first = code[0]
        assert isinstance(first, ast.ImportFrom), short(path)
        assert first.module == "__future__", short(path)


def test_comments_carry_no_chores() -> None:
    """What is to be done stands in an issue, not in a corner of a file."""
    chores = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    found = []
    for path in python_files():
        for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline):
            if token.type == tokenize.COMMENT and chores.search(token.string):
                found.append(f"{short(path)}:{token.start[0]}")
    for path in script_files():
        found += [short(path) for line in path.read_text().splitlines() if chores.search(line)]
    assert not found


def test_the_worker_is_reached_by_no_shell() -> None:
    """No process is started through a shell anywhere in the product."""
    found = []
    for path in python_files():
        if "tests" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                shell = any(each.arg == "shell" for each in node.keywords)
                name = ast.unparse(node.func)
                if shell or name in {"os.system", "os.popen", "asyncio.create_subprocess_shell"}:
                    found.append(f"{short(path)}:{node.lineno}")
    assert not found


def test_worker_code_runs_without_the_web() -> None:
    """Importing the whole protocol brings in no Django."""
    code = "import runtime.protocol.client, sys; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_no_request_can_carry_what_is_the_hosts_business() -> None:
    """Every member of every request, by name: no path, environment, mount or fragment of a configuration is among them.
    A new verb that needs one is a change of SECURITY.md first.
    """
    harmless = {"id", "owner", "user", "name", "image", "terminal", "role", "side", "panel", "key"}  # names, checked
    harmless |= {"what", "after", "sight", "pid", "frozen"}  # choices, and a process of the container or above it
    harmless |= {"users", "guest", "container", "recording", "title", "by"}  # whose, of what, and what it is called
    harmless |= {"upload", "download", "data", "offset", "last", "replace"}  # parts of a file of the container
    inside = {"argv", "command", "stdin", "path", "layer"}  # run and read in the container only
    numbers = {"cols", "rows", "deadline_seconds", "grace_seconds", "timeout_seconds", "output_bytes"}
    limits = {field.name: field.type for field in msgspec.structs.fields(model.Limits)}
    assert set(limits.values()) == {int, float}
    for request in get_args(messages.AnyRequest):
        names = {field.name for field in msgspec.structs.fields(request)}
        assert names <= harmless | inside | numbers | {"limits"}, request


def test_no_transaction_is_open_while_the_worker_is_asked() -> None:
    """`with transaction.atomic()` and a call of the worker never share a block."""
    asks = {"worker.call", "ask", "found"}
    found = []
    for path in sorted((ROOT / "playground").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.With) and "atomic" in ast.unparse(node.items[0]):
                calls = {ast.unparse(each.func) for each in ast.walk(node) if isinstance(each, ast.Call)}
                if calls & asks:
                    found.append(f"{short(path)}:{node.lineno}")
    assert not found


@pytest.mark.parametrize("room", ["runtime", "playground"])
def test_each_room_has_its_document(room: str) -> None:
    text = (ROOT / room / "README.md").read_text()
    modules = {path.name for path in (ROOT / room).iterdir() if path.is_dir() and (path / "__init__.py").exists()}
    for module in modules - {"migrations"}:
        assert f"`{module}" in text or f"{module}/" in text, f"{room}/README.md does not mention {module}"


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", "LICENSE", "SECURITY.md", "docs/rest-api.md"])
def test_the_project_has_its_documents(name: str) -> None:
    assert (ROOT / name).stat().st_size > 200
