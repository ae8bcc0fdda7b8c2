"""More requests than places: everybody gets an answer, nobody waits for ever, and afterwards all places are free."""

from collections import Counter
from collections.abc import Callable

import pytest
from sqlalchemy import text
from starlette.responses import JSONResponse

from app.core.db import DbRole, SessionContext
from app.web.need import SignedInActor
from app.web.unit import DbSession, router
from tests.faults.people import House, at_once

THREADS = 4
SLOW_S = 2.0
slow = router()


@slow.get("/slow")
@slow.get("/api/test/slow")
def sleep(session: DbSession, actor: SignedInActor) -> JSONResponse:
    """Hold a place, a thread and a connection."""
    session.execute(text("select pg_sleep(:s)"), {"s": SLOW_S})
    return JSONResponse({"slept": SLOW_S})


@slow.get("/long-lock")
def long_lock(session: DbSession) -> JSONResponse:
    """Wait for something that does not come."""
    session.execute(text("set local lock_timeout = '200ms'"))
    session.execute(text("select pg_advisory_xact_lock(42)"))
    return JSONResponse({})


@pytest.fixture
def house(open_house: Callable[..., House]) -> House:
    return open_house(routers=[slow], threads=THREADS)


@pytest.mark.parametrize("path", ["/slow", "/api/test/slow"])
def test_three_times_as_many_get_200_or_503(path: str, house: House) -> None:
    person = house.person("hoshi")
    windows = [person.twin() for _ in range(3 * THREADS)]
    answers = at_once([lambda each=each: each.get(path) for each in windows])  # type: ignore[misc]
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) == {200, 503}
    assert statuses[200] >= THREADS
    for answer in answers:
        assert ("retry-after" in answer.headers) == (answer.status_code == 503)
        if answer.status_code == 503:
            assert int(answer.headers["retry-after"]) >= 1
    assert [person.get("/my").status_code for _ in range(2 * THREADS)] == [200] * 2 * THREADS
    assert house.app.state.gate.borrowed_tokens == 0
    assert {engine.pool.checkedout() for engine in house.database._engines.values()} == {0}  # type: ignore[attr-defined]


def test_a_crowd_of_quick_requests_is_served(house: House) -> None:
    person = house.person("hoshi")
    windows = [person.twin() for _ in range(10 * THREADS)]
    answers = at_once([lambda each=each: each.get("/my") for each in windows])  # type: ignore[misc]
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert Counter(answer.status_code for answer in answers)[200] >= 3 * THREADS
    assert house.app.state.gate.borrowed_tokens == 0


def test_a_lock_that_does_not_come_is_a_503(house: House) -> None:
    with house.database.session(SessionContext(DbRole.TENANT)) as session:
        session.execute(text("select pg_advisory_xact_lock(42)"))
        answer = house.visitor().get("/long-lock")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert house.visitor().get("/long-lock").status_code == 200
