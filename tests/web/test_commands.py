"""`manage.py` commands, checks, and putting right what a crash left."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import checks
from django.core.management import CommandError, call_command
from django.db import models
from django.test import Client
from django.utils import timezone

from playground.models import Container
from playground.models.container import Intent
from playground.services.container_launch import Wish, container_launch
from playground.services.reconcile import reconcile
from playground.services.recordings import recording_list, recording_start
from runtime.errors import Code, Fault
from tests.support.fake_worker import FakeWorker
from tests.web.conftest import Script
from webapp import env


def said(command: str, *args: str) -> str:
    out = io.StringIO()
    call_command(command, *args, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_the_first_owner_is_made_once() -> None:
    assert said("ensure_local_user", "--name", "ada") == "ada\n"
    assert said("ensure_local_user", "--name", "other") == "ada\n"
    ada = User.objects.get()
    assert ada.is_superuser
    assert not ada.has_usable_password()


def test_a_token_is_printed_alone(staff: User, ann: User, worker: FakeWorker) -> None:
    for args, name in (((), "root"), (("--user", "ann"), "ann")):
        line = said("create_token", *args, "--label", name)
        assert line.count("\n") == 1
        api = Script(line.strip())
        id = api.launch()["id"]
        assert worker.containers[id].world.info.owner == str(User.objects.get(username=name).pk)


def test_a_login_link_is_a_path(staff: User) -> None:
    path = said("login_link").strip()
    client = Client()
    assert client.get(path).headers["Location"] == "/playground"
    assert client.session["_auth_user_id"] == str(staff.pk)


def test_a_token_for_someone_new_makes_them_without_rights(staff: User, worker: FakeWorker) -> None:
    api = Script(said("create_token", "--user", "eve").strip())
    eve = User.objects.get(username="eve")
    assert [eve.is_staff, eve.is_superuser, eve.has_usable_password()] == [False] * 3
    assert api.call("GET", "/containers") == (200, [])


@pytest.mark.django_db
@pytest.mark.parametrize("command", ["create_token", "login_link"])
def test_commands_for_nobody(command: str) -> None:
    with pytest.raises(CommandError, match="no user yet"):
        said(command)
    for name in ("a b", "", "x" * 151, "a/../b"):
        with pytest.raises(CommandError, match="not a user name"):
            said(command, "--user", name)
    User.objects.create_user("out", is_active=False)
    with pytest.raises(CommandError, match="not active"):
        said(command, "--user", "out")


def _aged(**values: Any) -> None:
    Container.objects.update(created_at=timezone.now() - timedelta(hours=1), **values)


def _crash_before_the_worker(worker: FakeWorker, id: str) -> None:
    worker.forget(id)
    _aged(intent=Intent.LAUNCHING)


def _crash_after_the_worker(worker: FakeWorker, id: str) -> None:
    _aged(intent=Intent.LAUNCHING)


def _crash_while_deleting(worker: FakeWorker, id: str) -> None:
    _aged(intent=Intent.DELETING)


def _crash_after_deleting(worker: FakeWorker, id: str) -> None:
    worker.forget(id)
    _aged(intent=Intent.DELETING)


@pytest.mark.parametrize(
    "crash", [_crash_before_the_worker, _crash_after_the_worker, _crash_while_deleting, _crash_after_deleting]
)
def test_reconcile_finishes_what_a_crash_left(
    crash: Callable[[FakeWorker, str], None], ann: User, worker: FakeWorker
) -> None:
    id = container_launch(user=ann, wish=Wish(image="busybox")).container.id
    crash(worker, id)
    assert reconcile(dry_run=True).finished == [id]
    assert Container.objects.exists()
    assert reconcile().finished == [id]
    assert not Container.objects.exists()
    assert not worker.containers
    assert reconcile().finished == []


def test_reconcile_leaves_what_is_under_way_and_what_is_kept(ann: User, worker: FakeWorker) -> None:
    kept = container_launch(user=ann, wish=Wish(image="busybox")).container.id
    _aged()
    young = container_launch(user=ann, wish=Wish(image="busybox")).container.id
    Container.objects.filter(pk=young).update(intent=Intent.LAUNCHING)
    reconcile()
    assert set(worker.containers) == {kept, young}


def test_reconcile_removes_what_no_row_speaks_of(ann: User, worker: FakeWorker) -> None:
    id = container_launch(user=ann, wish=Wish(image="busybox")).container.id
    Container.objects.all().delete()
    assert reconcile().orphans == []  # young: it may be another process's launch
    report = reconcile(grace=timedelta(0))
    assert report.orphans == [id]
    assert not worker.containers
    assert said("reconcile").startswith("finished 0 rows, 0 containers")


def test_reconcile_removes_recordings_of_nobody(ann: User, bob: User, worker: FakeWorker) -> None:
    kept = recorded(ann)
    left = recorded(bob)
    Container.objects.filter(owner=bob).delete()
    gone = User(pk=bob.pk)
    bob.delete()
    assert reconcile(dry_run=True).recordings == [left]
    assert reconcile().recordings == [left]
    assert recording_list(user=gone).recordings == []
    assert [each.id for each in recording_list(user=ann).recordings] == [kept]
    assert reconcile().recordings == []


def recorded(user: User) -> str:
    """A recording of theirs: its id."""
    console = container_launch(user=user, wish=Wish(image="busybox")).container
    return recording_start(user=user, id=console.id, terminal=console.terminals[0].id).id


@pytest.mark.django_db
def test_reconcile_without_a_worker(worker: FakeWorker) -> None:
    worker.stop()
    with pytest.raises(CommandError, match="does not answer"):
        said("reconcile")


def found(tag: str) -> list[str]:
    return [str(message.id) for message in checks.run_checks(tags=[tag], include_deployment_checks=True)]


def test_checks(worker: FakeWorker, settings: Any, tmp_path: Path) -> None:
    assert found("worker") == []
    worker.refuse("ping", Fault(Code.TIMEOUT, "no"))
    assert found("worker") == ["playground.W001"]
    settings.VITE_MANIFEST = tmp_path / "manifest.json"
    assert "playground.I001" in found("staticfiles")
    settings.VITE_MANIFEST.write_text("{}")
    assert "playground.I001" not in found("staticfiles")
    settings.VAR_DIR = tmp_path
    (tmp_path / "secret-key").write_text("x")
    (tmp_path / "secret-key").chmod(0o644)
    assert "playground.W003" in found("security")


def test_a_public_site_passes_djangos_own_inspection(worker: FakeWorker, tmp_path: Path) -> None:
    environ = {
        **os.environ,
        "TERRARIUM_VAR_DIR": str(tmp_path),
        "TERRARIUM_WORKER_SOCKET": str(worker.path),
        "TERRARIUM_ORIGINS": "https://play.example.org",
        "TERRARIUM_BEHIND_PROXY": "1",
    }
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    root = Path(env.__file__).resolve().parents[1]
    done = subprocess.run(command, cwd=root, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_no_migration_is_missing(db: None) -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_the_secret_key_is_made_once_and_private(tmp_path: Path) -> None:
    first = env.secret_key({}, tmp_path / "var")
    assert len(first) > 60
    assert env.secret_key({}, tmp_path / "var") == first
    assert (tmp_path / "var" / "secret-key").stat().st_mode & 0o777 == 0o600
    assert env.secret_key({"TERRARIUM_SECRET_KEY": "given"}, tmp_path) == "given"
    assert [path.name for path in (tmp_path / "var").iterdir()] == ["secret-key"]


@pytest.mark.parametrize("model", [Container])
def test_no_path_pid_or_socket_of_a_host_is_stored(model: type[models.Model]) -> None:
    names = {field.name for field in model._meta.get_fields()}
    assert not names & {"pid", "path", "socket", "state", "host_id", "rootfs"}


@pytest.mark.parametrize(
    ("text", "default", "found"), [(None, 50, 50), ("3", 50, 3), ("0", 50, 0), ("0.25", 2.0, 0.25), ("4", 2.0, 4.0)]
)
def test_amounts_in_the_environment(text: str | None, default: float, found: float) -> None:
    assert env.amount({} if text is None else {"X": text}, "X", default) == found


@pytest.mark.parametrize(
    ("text", "default"), [("many", 50), ("1.5", 50), ("-1", 50), ("", 2.0), ("nan", 2.0), ("inf", 2.0)]
)
def test_an_amount_that_is_none_names_its_variable(text: str, default: float) -> None:
    with pytest.raises(ValueError, match="TERRARIUM_QUOTA_CPUS"):
        env.amount({"TERRARIUM_QUOTA_CPUS": text}, "TERRARIUM_QUOTA_CPUS", default)
