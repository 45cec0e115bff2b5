"""The X-ray over REST: one thing closely, freezing, the host as far as one may see, and the snapshot's new parts."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from django.contrib.auth.models import Group, Permission, User

from playground.api.examples import EXAMPLES
from playground.api.mirrored import mirrored
from playground.services.tokens import token_create
from runtime.errors import Code, Fault
from runtime.protocol import messages, model, xray
from tests.support.fake_worker import FakeWorker
from tests.web.conftest import Script


def test_the_snapshots_new_parts(api: Script) -> None:
    made = api.launch()
    seen = api.call("GET", f"/containers/{made['id']}/snapshot")[1]
    for side in ("container", "host"):
        init = next(process for process in seen[side]["processes"] if process["host_pid"] == made["pid"])
        assert init["rss_bytes"] == seen["usage"][str(made["pid"])]["rss_bytes"] == 1_048_576
        assert init["cpu_usec"] % 10_000 == 0
        assert seen[side]["cgroup"]["frozen"] is False
        assert seen[side]["cgroup"]["effective"]["memory_bytes"]["own"] is True
    assert seen["info"]["frozen"] is False
    assert seen["graph"]["own"]["uts"] == seen["container"]["namespaces"]["uts"]["id"]
    assert {mount["purpose"] for mount in seen["walls"]["mounts"]["container"].values()} >= {"root", "masked"}
    assert seen["walls"]["devices"]["host"]["sda"]["type"] == "block"
    counts = {count["by"]: count["bytes"] for count in seen["used_memory"]["counts"]}
    assert counts["kernel"] - counts["docker"] == 4096
    assert counts["free"] == 3 << 30


def test_what_docker_would_say_of_its_layers(api: Script) -> None:
    made = api.launch(image="debian")
    seen = api.call("GET", f"/containers/{made['id']}/snapshot")[1]
    overlay = seen["host"]["overlay"]
    driver = seen["graph_driver"]
    assert list(driver) == ["Data", "Name"]
    assert driver["Name"] == "overlay2"
    assert driver["Data"] == {
        "LowerDir": ":".join(overlay["lowerdir"]),
        "MergedDir": overlay["merged"],
        "UpperDir": overlay["upperdir"],
        "WorkDir": overlay["workdir"],
    }


def test_one_process_closely(api: Script, worker: FakeWorker) -> None:
    made = api.launch()
    status, detail = api.call("GET", f"/containers/{made['id']}/processes/{made['pid']}")
    assert (status, detail["ns_pids"]) == (200, [made["pid"], 1])
    assert msgspec.convert(detail, xray.ProcessDetail)
    status, body = api.call("GET", f"/containers/{made['id']}/processes/612")
    assert (status, body["code"], body["field"]) == (404, "not-found", "pid")
    for bad in ("0", "x", "99999999999"):
        assert api.call("GET", f"/containers/{made['id']}/processes/{bad}")[0] == 422, bad


def test_files_and_where_they_come_from(api: Script) -> None:
    id = api.launch()["id"]
    api.call("POST", f"/containers/{id}/exec", {"argv": ["touch", "/etc/passwd"]})
    for layer, mark in (("upper", "copied_up"), ("merged", None)):
        status, found = api.call("GET", f"/containers/{id}/files?path=/etc/passwd&layer={layer}")
        assert (status, found["layer"], found["entry"]["mark"]) == (200, layer, mark)
    status, found = api.call("GET", f"/containers/{id}/files?path=/etc")
    assert {"passwd", "motd"} <= {entry["name"] for entry in found["entries"]}
    status, found = api.call("GET", f"/containers/{id}/provenance?path=/etc/passwd")
    assert (status, found["verdict"], found["sightings"][0]["found"]) == (200, "copied_up", "hit")
    for query, field in (
        ("path=/no/such", "path"),
        ("path=/&layer=7", "layer"),
    ):
        status, body = api.call("GET", f"/containers/{id}/files?{query}")
        assert (status, body["field"]) == (404, field), query


def test_paths_that_are_none(api: Script, worker: FakeWorker) -> None:
    id = api.launch()["id"]
    before = list(worker.calls)
    for query, field in (
        ("", "path"),
        ("path=etc", "path"),
        ("path=/a%00b", "path"),
        (f"path=/{'a' * 4096}", "path"),
        ("path=/&layer=lower", "layer"),
        ("path=/&layer=../1", "layer"),
        ("path=/&layer=%C2%B2", "layer"),
    ):
        status, body = api.call("GET", f"/containers/{id}/files?{query}")
        assert (status, body["code"], body["field"]) == (422, "invalid-spec", field), query
    assert worker.calls == before
    chinese = api.call("GET", f"/containers/{id}/files?path=etc", **{"Accept-Language": "zh-hans"})[1]
    assert chinese["message"] == "path: 必须是绝对路径，且不含 NUL 字节"


def test_the_filter(api: Script) -> None:
    id = api.launch()["id"]
    status, seccomp = api.call("GET", f"/containers/{id}/seccomp")
    assert (status, seccomp["default_errno"]) == (200, "EPERM")
    assert msgspec.convert(seccomp, xray.Seccomp).rules


@pytest.mark.parametrize(
    ("panel", "key"),
    [("mounts", "mountinfo"), ("devices", "dev"), ("identity", "attr/current"), ("network", "links")],
)
def test_sources_of_the_walls(panel: str, key: str, api: Script) -> None:
    id = api.launch()["id"]
    status, found = api.call("GET", f"/containers/{id}/source?side=container&panel={panel}&key={key}")
    assert (status, bool(found["raw"])) == (200, True)
    assert api.call("GET", f"/containers/{id}/source?side=host&panel={panel}&key=no-such")[0] == 404


def test_freeze_and_thaw(api: Script, worker: FakeWorker) -> None:
    id = api.launch()["id"]
    for verb, frozen in (("freeze", True), ("freeze", True), ("thaw", False), ("thaw", False)):
        status, found = api.call("POST", f"/containers/{id}/{verb}")
        assert (status, found["frozen"]) == (200, frozen)
        assert api.call("GET", f"/containers/{id}")[1]["frozen"] is frozen
    api.call("POST", f"/containers/{id}/stop")
    status, body = api.call("POST", f"/containers/{id}/freeze")
    assert (status, body["code"]) == (409, "wrong-state")
    worker.forget(id)
    assert api.call("POST", f"/containers/{id}/freeze")[1]["code"] == "wrong-state"


def allow(person: User | Group) -> None:
    permission = Permission.objects.get(codename="view_host")
    (person.user_permissions if isinstance(person, User) else person.permissions).add(permission)


def test_a_student_sees_the_first_process_and_ours(api: Script, worker: FakeWorker) -> None:
    api.launch()
    status, host = api.call("GET", "/host")
    assert (status, host["complete"]) == (200, False)
    assert {process["comm"] for process in host["processes"].values()} == {"systemd", "python"}
    assert "secret" not in str(host)
    assert host["totals"]["containers"] == 1
    assert worker.calls[-1] == messages.LookAtHost(sight="student")


@pytest.mark.parametrize(
    ("staff", "how", "sees"),
    [
        (False, "", False),
        (True, "", False),
        (True, "person", True),
        (False, "group", True),
        (True, "superuser", True),
        (True, "inactive", False),
    ],
)
def test_who_sees_the_host(staff: bool, how: str, sees: bool, ann: User, worker: FakeWorker) -> None:
    ann.is_staff = staff
    ann.is_superuser = how == "superuser"
    ann.save()
    if how == "group":
        group = Group.objects.create(name="instructors")
        allow(group)
        ann.groups.add(group)
    elif how in {"person", "inactive"}:
        allow(ann)
    token = token_create(user=ann)
    if how == "inactive":
        ann.is_active = False
        ann.save()
        assert Script(token).call("GET", "/host")[0] == 401
        return
    status, host = Script(token).call("GET", "/host")
    assert (status, host["complete"]) == (200, sees)
    assert worker.calls[-1] == messages.LookAtHost(sight="host" if sees else "student")
    assert ("psql" in str(host)) is sees


def test_the_host_is_nobodys_business(worker: FakeWorker, db: None) -> None:
    assert Script(None).call("GET", "/host")[0] == 401
    assert not worker.calls


def test_a_worker_that_cannot(api: Script, worker: FakeWorker) -> None:
    id = api.launch()["id"]
    for op, method, path in (
        ("inspect", "GET", f"/containers/{id}/processes/5"),
        ("file", "GET", f"/containers/{id}/files?path=/"),
        ("provenance", "GET", f"/containers/{id}/provenance?path=/"),
        ("seccomp", "GET", f"/containers/{id}/seccomp"),
        ("freeze", "POST", f"/containers/{id}/freeze"),
        ("host", "GET", "/host"),
    ):
        worker.refuse(op, Fault(Code.TIMEOUT, "it took too long"))
        status, body = api.call(method, path)
        assert (status, body["code"]) == (504, "timeout"), path


def test_examples_are_of_their_kind() -> None:
    for struct, example in EXAMPLES.items():
        msgspec.convert(example, struct, strict=True)
        assert mirrored(struct).model_config["json_schema_extra"] == {"example": example}


def test_a_mirror_has_every_member() -> None:
    for struct in (model.HostView, xray.Walls, xray.ProcessDetail, xray.Event):
        mirror: Any = mirrored(struct)
        assert list(mirror.model_fields) == list(struct.__struct_fields__)
    assert not mirrored(xray.Event).model_fields["path"].is_required()
    assert mirrored(xray.Event).model_fields["kind"].is_required()
    assert mirrored(xray.ProcessDetail).model_fields["exe"].is_required()
