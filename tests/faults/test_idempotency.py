"""A program that repeats its request: one effect, one answer, for each key of each caller."""

import itertools
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from fastapi import HTTPException
from httpx2 import Response
from pydantic import BaseModel
from sqlalchemy import text
from starlette.responses import JSONResponse

from app.core.db.cluster import PrivateCluster
from app.core.kit.ids import uuid7
from app.core.kit.time import utcnow
from app.web.idempotency import HEADER, KEPT_FOR, REPLAYED, forget_expired, once_router
from app.web.need import SignedInActor
from app.web.unit import DbSession
from tests.faults.people import OFFICER, ORIGIN, House, Person, at_once

lots = once_router(prefix="/api/test")
_tickets = itertools.count(1)


class Lot(BaseModel):
    """What the program asks for."""

    name: str
    status: int = 201
    wait_s: float = 0


@lots.post("/lots")
def make(lot: Lot, session: DbSession, actor: SignedInActor) -> JSONResponse:
    """Write a row with a number that no second run could give again."""
    # Tenants may not write projects; the number of cases is a sequence that they may advance.
    number = session.execute(text("select nextval('workflow_case_number')")).scalar_one()
    session.execute(
        text(
            "insert into workflow_case (id, party_id, procedure, version_id, office, title, state, clock, revision,"
            " answers, channel, created_at, created_by, saved_at) select :id, :party, 'IRC', v.id, 'INVEST', :title,"
            " 'draft', 'OFF', 1, '{}', 'ONLINE', now(), :user, now() from workflow_procedure_version v limit 1"
        ),
        {"id": uuid7(), "party": actor.party_ids[0], "title": lot.name, "user": actor.user_id},
    )
    time.sleep(lot.wait_s)
    if lot.status == 418:
        raise HTTPException(418)
    if lot.status == 500:
        raise ZeroDivisionError
    answer = {"name": lot.name, "number": number, "ticket": next(_tickets)}
    return JSONResponse(answer, lot.status, headers={"Location": f"/api/test/lots/{number}"})


@pytest.fixture
def house(open_house: Callable[..., House]) -> House:
    return open_house(routers=[lots])


@pytest.fixture
def superuser(house: House, cluster: PrivateCluster) -> str:
    return cluster.boot_conninfo(house.database.target.name)


def send(person: Person, key: str | None, body: dict[str, Any], path: str = "/api/test/lots") -> Response:
    headers = {"Origin": ORIGIN, **({HEADER: key} if key is not None else {})}
    return person.client.post(path, json=body, headers=headers)


def written(superuser: str, title: str) -> int:
    with psycopg.connect(superuser) as connection:
        row = connection.execute("select count(*) from workflow_case where title = %s", [title]).fetchone()
    assert row is not None
    return int(row[0])


def kept(superuser: str) -> int:
    with psycopg.connect(superuser) as connection:
        row = connection.execute("select count(*) from idempotency_record").fetchone()
    assert row is not None
    return int(row[0])


def test_the_same_request_again_gets_the_kept_answer(house: House, superuser: str) -> None:
    person = house.person("hoshi")
    first = send(person, "key-00000001", {"name": "one"})
    again = send(person, "key-00000001", {"name": "one"})
    assert first.status_code == again.status_code == 201
    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["content-type"] == first.headers["content-type"]
    assert REPLAYED not in first.headers
    assert again.headers[REPLAYED] == "true"
    assert written(superuser, "one") == 1


def test_the_same_key_for_another_body_is_refused(house: House, superuser: str) -> None:
    person = house.person("hoshi")
    send(person, "key-00000002", {"name": "two"})
    for body, path in [({"name": "zwei"}, "/api/test/lots"), ({"name": "two"}, "/api/test/lots?again=1")]:
        answer = send(person, "key-00000002", body, path)
        assert answer.status_code == 422
        assert answer.json()["code"] == "idempotency.key-reused"
    assert written(superuser, "two") == 1
    assert written(superuser, "zwei") == 0


@pytest.mark.parametrize("key", [None, "", "short", "with space in it", "Schlüssel-123", "x" * 201])
def test_a_request_without_a_fit_key_is_refused(key: str | None, house: House, superuser: str) -> None:
    headers = {"Origin": ORIGIN, **({HEADER: key.encode()} if key is not None else {})}
    answer = house.person("hoshi").client.post("/api/test/lots", json={"name": "none"}, headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == 400
    assert answer.json()["code"] == "idempotency.key-missing"
    assert written(superuser, "none") == 0


def test_sixteen_at_once_have_one_effect(house: House, superuser: str) -> None:
    person = house.person("hoshi")
    windows = [person.twin() for _ in range(16)]
    answers = at_once([
        lambda each=each: send(each, "key-00000003", {"name": "many", "wait_s": 0.3})  # type: ignore[misc]
        for each in windows
    ])  # fmt: skip
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum(REPLAYED not in answer.headers for answer in answers) == 1
    assert written(superuser, "many") == 1


def test_keys_of_two_callers_are_two_keys(house: House, superuser: str) -> None:
    answers = [send(house.person(login), "key-00000004", {"name": "ours"}) for login in ("hoshi", "nop.hoso")]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content != answers[1].content
    assert written(superuser, "ours") == 2


@pytest.mark.parametrize("status", [409, 418, 500])
def test_an_answer_that_changed_nothing_is_not_kept(status: int, house: House, superuser: str) -> None:
    person = house.person("hoshi")
    assert send(person, "key-00000005", {"name": "no", "status": status}).status_code >= 400
    assert kept(superuser) == 0
    assert written(superuser, "no") == 0
    assert send(person, "key-00000005", {"name": "yes"}).status_code == 201


def test_a_body_that_cannot_be_read_takes_no_key(house: House, superuser: str) -> None:
    person = house.person("hoshi")
    assert send(person, "key-00000006", {"title": "?"}).status_code == 422
    assert kept(superuser) == 0


def test_a_visitor_is_asked_to_sign_in(house: House, superuser: str) -> None:
    assert send(house.visitor(), "key-00000007", {"name": "x"}).status_code == 401
    assert kept(superuser) == 0


def test_keys_are_forgotten_after_a_day(house: House, superuser: str) -> None:
    send(house.person("hoshi"), "key-00000008", {"name": "old"})
    for later, left in [(KEPT_FOR - timedelta(minutes=1), 1), (KEPT_FOR + timedelta(minutes=1), 0)]:
        with house.database.transaction(OFFICER) as session:
            forget_expired(session, now=utcnow() + later)
        assert kept(superuser) == left


def test_a_key_kept_for_a_party_that_was_left_is_still_taken(house: House, superuser: str) -> None:
    person = house.person("hoshi")
    send(person, "key-00000009", {"name": "left"})
    with psycopg.connect(superuser) as connection:
        connection.execute("update idempotency_record set party_id = %s", [house.party_of("nop.hoso")])
    answer = send(person, "key-00000009", {"name": "left"})
    assert answer.status_code == 422
    assert written(superuser, "left") == 1
