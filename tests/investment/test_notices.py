"""Who hears what the national registry answered."""

from uuid import UUID

import pytest
from sqlalchemy import select

from app.core.auth.models import User
from app.core.db import Database, DbRole, SessionContext
from app.core.kit.actor import SYSTEM
from app.core.kit.ids import uuid7
from app.core.notifications import installed
from app.core.notifications.models import Notification
from app.core.outbox import HandlerRegistry
from app.core.workflow.models import Case
from app.investment.events import ProjectCodeAnswered
from app.investment.handlers import RECEIVED, REFUSED, register
from app.modules import Platform
from tests.investment.walk import OFFICER, WORKER, Walk


@pytest.fixture
def walk(ready: Database, platform: Platform) -> Walk:
    return Walk(ready, platform)


def hear(walk: Walk, case_id: UUID, state: str) -> None:
    """Hand the answer of the registry to its handlers, as the worker does."""
    book = HandlerRegistry()
    register(book)
    event = ProjectCodeAnswered(uuid7(), case_id, state)
    with installed(walk.platform.notifier), walk.database.transaction(WORKER) as session:
        for handler in book.for_event(event.name):
            handler.function(session, event, actor=SYSTEM, now=walk.now)


def told(walk: Walk, kind: str) -> dict[str, Notification]:
    """Return who has a notice of a kind, each asked for the own ones: nobody sees those of others."""
    found = {}
    with walk.database.session(SessionContext(DbRole.AUTH)) as session:
        people = {row.login: row.id for row in session.execute(select(User.login, User.id))}
    for login, user_id in people.items():
        with walk.database.session(SessionContext(DbRole.OFFICER, (), user_id)) as session:
            for row in session.scalars(select(Notification).where(Notification.kind == kind)):
                found[login] = row
    return found


def test_a_code_wakes_who_signs_and_a_refusal_who_reviews(walk: Walk) -> None:
    case_id = walk.approved()
    hear(walk, case_id, "RECEIVED")
    assert ({*told(walk, RECEIVED)}, {*told(walk, REFUSED)}) == ({"lanh.dao"}, set())
    hear(walk, case_id, "REFUSED")
    assert ({*told(walk, RECEIVED)}, {*told(walk, REFUSED)}) == ({"lanh.dao"}, {"truong.phong"})
    row = told(walk, RECEIVED)["lanh.dao"]
    with walk.database.session(OFFICER) as session:
        code = session.get_one(Case, case_id).code
    assert (row.subject_id, row.params["code"]) == (case_id, code)


def test_what_is_no_answer_wakes_nobody(walk: Walk) -> None:
    hear(walk, walk.approved(), "WAITING")
    hear(walk, uuid7(), "RECEIVED")
    assert told(walk, RECEIVED) == {}
