"""The interface's description is complete, does not change unnoticed, and is what the server answers."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from runtime.errors import Code
from tests.web.conftest import Script

SNAPSHOT = Path(__file__).with_name("openapi.json")
DOCS = Path(__file__).resolve().parents[2] / "docs" / "rest-api.md"
STREAMS = {
    "text/event-stream": "events",
    "application/octet-stream": "file_get",
    "application/x-asciicast": "recording_cast",
}


@pytest.fixture
def description(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/api/v1/openapi.json").json()
    return found


def operations(description: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method, path, operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]


def test_it_is_as_agreed(description: dict[str, Any]) -> None:
    """A change of the interface is a change of this file: `TERRARIUM_WRITE_SNAPSHOTS=1 ./dev test web` writes it."""
    text = json.dumps(description, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    text = text.replace("Unprocessable Content", "Unprocessable Entity")  # Python 3.13 names 422 anew
    if os.environ.get("TERRARIUM_WRITE_SNAPSHOTS") == "1":
        SNAPSHOT.write_text(text)
    assert text == SNAPSHOT.read_text()


def test_everything_is_described_and_typed(description: dict[str, Any]) -> None:
    for method, path, operation in operations(description):
        where = f"{method} {path}"
        assert operation["summary"], where
        assert operation["description"], where
        assert operation["security"] == [{"Bearer": []}, {"Session": []}], where
        assert {"401", "404", "422", "503"} <= set(operation["responses"]), where
        for status, answer in operation["responses"].items():
            if status == "204":
                continue
            if streamed := set(answer.get("content", {})) & set(STREAMS):
                assert operation["operationId"] == STREAMS[streamed.pop()]
                continue
            if "application/x-asciicast" in answer.get("content", {}):
                assert operation["operationId"] == "recording_cast"
                continue
            schema = answer["content"]["application/json"]["schema"]
            if status >= "400":
                assert schema["$ref"].endswith("/ErrorOut"), where
            else:
                assert "$ref" in schema or schema["type"] == "array", where


def test_the_document_names_every_call_and_every_code(description: dict[str, Any]) -> None:
    text = DOCS.read_text()
    for method, path, _operation in operations(description):
        short = path.removeprefix("/api/v1").replace("{container_id}", "{id}").replace("{terminal_id}", "{tid}")
        short = short.replace("{share_id}", "{sid}").replace("{recording_id}", "{rid}")
        assert f"{method.upper()} {short}" in text, f"docs/rest-api.md lacks {method.upper()} {short}"
    for code in Code:
        assert f"`{code}`" in text


def test_the_page_for_people_needs_no_other_server(client: Client, db: None) -> None:
    page = client.get("/api/v1/docs")
    assert page.status_code == 200
    text = page.content.decode()
    assert "http://" not in text
    assert "https://" not in text
    for path in ("ninja/swagger-ui-bundle.js", "ninja/swagger-ui-init.js", "ninja/swagger-ui.css"):
        assert f"/static/{path}" in text
        assert client.get(f"/static/{path}").status_code == 200


def test_answers_keep_every_member_that_the_services_give(api: Script) -> None:
    """A schema drops what it does not name; here nothing may be dropped."""
    from django.contrib.auth.models import User

    from playground.services import present
    from playground.services.container_look import container_snapshot
    from playground.services.container_show import container_show

    user = User.objects.get(username="ann")
    id = api.launch()["id"]
    assert api.call("GET", f"/containers/{id}")[1] == present.container(container_show(user=user, id=id))
    snapshot = present.snapshot(container_snapshot(user=user, id=id))
    answered = api.call("GET", f"/containers/{id}/snapshot")[1]
    assert {**answered, "taken_at": 0} == {**snapshot, "taken_at": 0}
