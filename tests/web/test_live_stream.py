"""The live stream of a running application: who hears what, and whether every place is given back."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text, update

from app.core.db import Database, DbRole
from app.core.db.cluster import PrivateCluster
from app.core.kit.actor import Actor, ActorKind
from app.core.kit.time import utcnow
from app.core.live import Hub, Relay
from app.core.outbox import publish, tail
from app.core.workflow.events import CaseMoved
from app.core.workflow.models import Case
from app.modules import compose
from app.web.pages.live import EventStream
from tests.conftest import TEST_LOGINS, clone, settings_for
from tests.faults.people import AUTH, OFFICER, House, Person, draft, house_on


@pytest.fixture(scope="module")
def house(cluster: PrivateCluster, ready_template: str, test_var: Path) -> Iterator[House]:
    """The application, with the relay that the worker would run."""
    with clone(cluster, ready_template) as target:
        relay = Relay(target, compose(settings_for(target, test_var)).pokes, tail)
        with house_on(target, test_var) as running:
            relay.start()
            yield running
            relay.stop()


class Stream:
    """One open stream of a person, read as it comes."""

    def __init__(self, house: House, person: Person, path: str = "/events", **headers: str) -> None:
        self.house = house
        self.body = b""
        self.status = 0
        self.headers: dict[str, str] = {}
        self.ended = asyncio.Event()
        self._gone = asyncio.Event()
        path, _, query = path.partition("?")
        cookie = "; ".join(f"{name}={value}" for name, value in person.client.cookies.items())
        given = {"host": "testserver", "cookie": cookie, **headers}
        self.scope = {
            "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": query.encode(),
            "root_path": "", "scheme": "https", "http_version": "1.1", "server": ("testserver", 443),
            "client": ("test", 1), "headers": [(k.replace("_", "-").encode(), v.encode()) for k, v in given.items()],
        }  # fmt: skip

    async def __aenter__(self) -> "Stream":
        self._task = asyncio.create_task(self._run())
        await self.until(lambda: self.status != 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._gone.set()
        await asyncio.wait_for(self._task, 5)

    async def _run(self) -> None:
        await self.house.app(self.scope, self._receive, self._send)
        self.ended.set()

    async def _receive(self) -> dict[str, Any]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {k.decode(): v.decode() for k, v in message["headers"]}
        else:
            self.body += message.get("body", b"")

    async def until(self, condition: Callable[[], bool], seconds: float = 5.0) -> None:
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.01)

    def topics(self) -> list[str]:
        lines = self.body.decode().splitlines()
        return [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]


def in_loop(house: House, work: Callable[[], Awaitable[None]]) -> None:
    """Run in the application's own event loop."""
    house.first.portal.call(work)


def hub_of(house: House) -> Hub:
    hub: Hub = house.app.state.hub
    return hub


async def move(house: House, case_id: UUID, party_id: UUID) -> None:
    def commit() -> None:
        with house.database.transaction(OFFICER) as session:
            event = CaseMoved(case_id, "IRC", "HS-1", "accept", "submitted", "accepted", 2)
            publish(session, event, actor=Actor(ActorKind.SYSTEM), at=utcnow(), party_id=party_id)

    await asyncio.to_thread(commit)


def test_a_move_is_heard_by_officers_and_its_own_party_only(house: House) -> None:
    officer, owner, stranger = house.person("mot.cua"), house.person("nop.hoso"), house.person("hoshi")
    case, party = uuid4(), house.party_of("nop.hoso")

    async def work() -> None:
        async with (
            Stream(house, officer) as desk,
            Stream(house, owner) as mine,
            Stream(house, stranger) as others,
        ):
            assert desk.headers["content-type"].startswith("text/event-stream")
            assert desk.headers["x-accel-buffering"] == "no"
            assert desk.headers["cache-control"] == "no-store"
            assert "content-length" not in desk.headers
            assert desk.body.startswith(b"retry: 1000\n")
            await move(house, case, party)
            await desk.until(lambda: f"case:{case}" in desk.topics() and "inbox" in desk.topics())
            await mine.until(lambda: {f"case:{case}", f"party:{party}"} <= set(mine.topics()))
            assert "inbox" not in mine.topics()
            assert others.topics() == []

    in_loop(house, work)
    assert len(hub_of(house)) == 0


def test_nobody_else_gets_a_stream(house: House) -> None:
    assert house.visitor().get("/events").status_code == 204
    assert (
        house.person("hoshi").client.post("/events", headers={"Origin": "https://testserver"}).status_code
        == 405
    )


@pytest.mark.parametrize(
    "topic", ["inbox", "case:nonsense", f"case:{UUID(int=7)}", f"party:{UUID(int=7)}", "user:x", "zone"]
)
def test_a_topic_that_is_not_theirs_is_not_found(house: House, topic: str) -> None:
    answer = house.person("hoshi").get(f"/events?topic={topic}")
    assert answer.status_code == 404


def test_a_dossier_can_be_asked_for_by_who_may_see_it(house: House) -> None:
    owner, stranger, officer = house.person("nop.hoso"), house.person("hoshi"), house.person("mot.cua")
    case_id = draft(owner, "nop.hoso")
    assert stranger.get(f"/events?topic=case:{case_id}").status_code == 404
    assert house.person("quan.tri").get(f"/events?topic=case:{case_id}").status_code == 404
    assert officer.get(f"/events?topic=case:{case_id}").status_code == 404, "a draft is its applicant's alone"
    with house.database.transaction(OFFICER) as session:
        session.execute(update(Case).where(Case.id == case_id).values(submitted_at=utcnow()))

    async def work() -> None:
        for person in (owner, officer):
            async with Stream(house, person, f"/events?topic=case:{case_id}") as stream:
                await move(house, uuid4(), house.party_of("nop.hoso"))
                await move(house, case_id, house.party_of("nop.hoso"))
                await stream.until(lambda: bool(stream.topics()))
                assert stream.topics() == [f"case:{case_id}"]

    in_loop(house, work)


def test_what_was_missed_comes_with_the_return(house: House) -> None:
    owner, party, case = house.person("nop.hoso"), house.party_of("nop.hoso"), uuid4()

    async def work() -> None:
        before = hub_of(house).last_seq
        await move(house, case, party)
        async with asyncio.timeout(5):
            while hub_of(house).last_seq < before + 3:
                await asyncio.sleep(0.01)
        async with Stream(house, owner, last_event_id=str(before)) as stream:
            await stream.until(lambda: f"case:{case}" in stream.topics())
        async with Stream(house, owner, f"/events?after={before}") as stream:
            await stream.until(lambda: f"case:{case}" in stream.topics())
        async with Stream(house, owner, last_event_id="99999999") as stream:
            await stream.until(lambda: stream.topics() == ["resync"])

    in_loop(house, work)


@pytest.mark.parametrize("end", ["sign-out", "revoke", "lock", "idle"])
def test_a_session_that_ends_takes_its_stream_along(house: House, end: str) -> None:
    person = house.person("hoshi")

    def finish() -> None:
        if end == "sign-out":
            person.post("/logout")
            return
        statement = {
            "revoke": "update auth_session set revoked_at = now() where user_id = :user and revoked_at is null",
            "lock": "update auth_user set state = 'LOCKED' where id = :user",
            "idle": "update auth_session set last_seen_at = now() - interval '1 day' where user_id = :user",
        }[end]
        with house.database.transaction(AUTH) as session:
            user = session.scalar(text("select id from auth_user where login = 'hoshi'"))
            session.execute(text(statement), {"user": user})
            if end == "idle":  # nothing tells of it: the next look at the rights finds it
                session.execute(text("update auth_user set state = 'LOCKED' where login = 'phap.che'"))

    async def work() -> None:
        async with Stream(house, person) as stream:
            await asyncio.to_thread(finish)
            await stream.until(stream.ended.is_set)

    in_loop(house, work)
    assert len(hub_of(house)) == 0
    with house.database.transaction(AUTH) as session:
        session.execute(text("update auth_user set state = 'ACTIVE'"))


def test_rights_that_end_are_not_served_any_longer(house: House, cluster: PrivateCluster) -> None:
    person, party = house.person("hoshi"), house.party_of("hoshi")
    owner = Database(house.database.target, logins={DbRole.WORKER: "ftz_owner"}, pool_size=1)

    def change(statement: str) -> None:
        with owner.engine("ftz_owner").begin() as connection:
            connection.execute(text("alter table auth_membership no force row level security"))
            connection.execute(text(statement), {"party": party})
            connection.execute(text("alter table auth_membership force row level security"))

    async def work() -> None:
        async with Stream(house, person) as stream:
            await move(house, uuid4(), party)
            await stream.until(lambda: f"party:{party}" in stream.topics())
            await asyncio.to_thread(
                change, "update auth_membership set valid_to = now() where party_id = :party"
            )
            await stream.until(lambda: not hub_of(house)._by_key.get(f"party:{party}"))
            heard = len(stream.topics())
            await move(house, uuid4(), party)
            await asyncio.sleep(0.5)
            assert len(stream.topics()) == heard
            assert not stream.ended.is_set(), "the session itself still holds"

    try:
        in_loop(house, work)
    finally:
        change("update auth_membership set valid_to = null where party_id = :party")
        owner.close()


def test_an_answer_that_never_begins_takes_no_place(house: House) -> None:
    actor = Actor(ActorKind.OFFICER, user_id=uuid4(), session_id=uuid4())

    async def work() -> None:
        hub = Hub()
        for _ in range(50):
            EventStream(hub, actor, frozenset(), wanted=None, last_seq=None)
        assert len(hub) == 0

        async def gone() -> Any:
            return {"type": "http.disconnect"}

        async def broken(message: Any) -> None:
            raise OSError("the connection is away")

        async def fine(message: Any) -> None:
            return None

        for send in (broken, fine):
            for _ in range(50):
                answer = EventStream(hub, actor, frozenset(), wanted=None, last_seq=None)
                try:
                    await asyncio.wait_for(answer({"type": "http"}, gone, send), 5)
                except OSError:
                    assert send is broken
        assert len(hub) == 0

    in_loop(house, work)


def test_a_dossiers_page_learns_that_it_is_old(house: House) -> None:
    owner, stranger = house.person("nop.hoso"), house.person("hoshi")
    case_id = draft(owner, "nop.hoso")
    path = f"/dossiers/{case_id}/changed"
    assert owner.get(f"{path}?revision=1").status_code == 204
    old = owner.get(f"{path}?revision=0")
    assert old.status_code == 200
    assert f'href="/dossiers/{case_id}"' in old.text
    assert stranger.get(f"{path}?revision=0").status_code == 404
    assert f'hx-get="{path}?revision=1"' in owner.get(f"/dossiers/{case_id}").text


def test_streams_hold_no_connection_of_the_pool(house: House) -> None:
    officer = house.person("mot.cua")

    async def work() -> None:
        async with Stream(house, officer), Stream(house, officer), Stream(house, officer):
            engines = {
                house.database.engine(TEST_LOGINS[role])
                for role in (DbRole.TENANT, DbRole.OFFICER, DbRole.AUTH)
            }
            await asyncio.sleep(0.3)
            assert [engine.pool.checkedout() for engine in engines] == [0, 0, 0]  # type: ignore[attr-defined]
            assert house.app.state.gate.borrowed_tokens == 0

    in_loop(house, work)
