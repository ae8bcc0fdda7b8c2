"""Bodies of requests: slow ones hold no place, and large ones no memory."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.abc import TaskStatus
from fastapi import FastAPI

from app.core.db.cluster import PrivateCluster
from app.web import bodies, uploads
from tests.conftest import clone
from tests.faults.people import ORIGIN, House, house_on

FORM, FILES = "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"


@pytest.fixture(scope="module")
def house(
    cluster: PrivateCluster, ready_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    var: Path = tmp_path_factory.mktemp("var")
    with clone(cluster, ready_template) as target, house_on(target, var) as opened:
        yield opened


def scope(app: FastAPI, path: str, kind: str) -> dict[str, Any]:
    headers = {"host": "testserver", "origin": ORIGIN, "content-type": kind, "content-length": "1000"}
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "https",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "client": ("10.0.0.9", 1),
        "server": ("testserver", 443), "app": app,
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip


async def drip(app: FastAPI, path: str, kind: str, *, task_status: TaskStatus[None]) -> None:
    """Send the beginning of a body and then nothing any more."""
    first = True

    async def receive() -> dict[str, Any]:
        nonlocal first
        if first:
            first = False
            return {"type": "http.request", "body": b"--x\r\n" if kind == FILES else b"a=", "more_body": True}
        task_status.started()
        await anyio.sleep_forever()
        raise AssertionError

    async def send(message: Any) -> None:
        return None

    await app(scope(app, path, kind), receive, send)


@pytest.mark.parametrize("path", ["/login", "/oauth/token", "/api/v1/dossiers"])
def test_a_slow_body_holds_no_place_at_the_gate(house: House, path: str) -> None:
    async def scenario() -> list[int]:
        gate: anyio.CapacityLimiter = house.app.state.gate
        async with anyio.create_task_group() as group:
            for _ in range(3):
                await group.start(drip, house.app, path, FORM)
            held = [int(gate.borrowed_tokens)]
            group.cancel_scope.cancel()
        return held

    assert house.first.portal is not None
    assert house.first.portal.call(scenario) == [0]


def test_strangers_who_upload_slowly_take_no_place_of_others(house: House) -> None:
    async def scenario() -> dict[bool, int]:
        async with anyio.create_task_group() as group:
            for _ in range(3):
                await group.start(drip, house.app, "/verify/file", FILES)
            held = {
                public: int(each.borrowed_tokens) for public, each in house.app.state.upload_places.items()
            }
            group.cancel_scope.cancel()
        return held

    assert house.first.portal is not None
    assert house.first.portal.call(scenario) == {True: 3, False: 0}


@pytest.mark.parametrize(("path", "kind"), [("/login", FORM), ("/verify/file", FILES)])
def test_a_body_that_does_not_come_is_given_up(
    house: House, path: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "SECONDS", 0)
    monkeypatch.setattr(uploads, "_SILENT_S", 0)
    statuses: list[int] = []

    async def scenario() -> None:
        async def receive() -> dict[str, Any]:
            await anyio.sleep_forever()
            raise AssertionError

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        await house.app(scope(house.app, path, kind), receive, send)

    assert house.first.portal is not None
    house.first.portal.call(scenario)
    assert statuses == [408]


@pytest.mark.parametrize("path", ["/login", "/oauth/token", "/verify/file"])
def test_a_form_without_end_is_refused(house: House, path: str) -> None:
    person = house.visitor()
    body = b"a=" + b"x" * bodies.MAX_BYTES
    answer = person.client.post(path, content=body, headers={"Origin": ORIGIN, "Content-Type": FORM})
    assert answer.status_code == 413, answer.text[:300]


def test_json_without_end_is_refused(house: House) -> None:
    person = house.person("nop.hoso")
    headers = {"Origin": ORIGIN, "Content-Type": "application/json", "X-CSRF-Token": person.token}
    answer = person.client.post("/api/v1/dossiers", content=b"[" * (bodies.MAX_BYTES + 1), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
