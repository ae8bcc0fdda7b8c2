"""A desk with people around it, on a database that is ready for work; everything is rolled back."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.core.auth.models import Office, Party, PartyKind, User
from app.core.auth.service import fold_login
from app.core.db import Database, DbRole, SessionContext
from app.core.db.cluster import PrivateCluster
from app.core.db.session import ContextSession
from app.core.kit.actor import Actor, ActorKind, Grant
from app.core.kit.ids import uuid7
from app.core.workflow.desk import Desk, Outcome
from app.core.workflow.models import Case
from app.modules import Platform
from tests.conftest import TEST_LOGINS, clone

ANSWERS: dict[str, Any] = {"project_name_vi": "Nhà máy thử nghiệm"}


@pytest.fixture(scope="session")
def ready_shared(cluster: PrivateCluster, ready_template: str) -> Iterator[Database]:
    """One ready clone for all tests of the desk."""
    with clone(cluster, ready_template) as target:
        database = Database(target, logins=TEST_LOGINS, pool_size=4)
        yield database
        database.close()


@pytest.fixture
def session(ready_shared: Database) -> Iterator[ContextSession]:
    """A session as officer; actors differ in Python only, rows of all parties are seen."""
    with ready_shared.session(SessionContext(DbRole.OFFICER)) as session:
        yield session
        session.rollback()


@dataclass
class Play:
    """Plays a dossier through the desk: who does what, when."""

    session: ContextSession
    desk: Desk
    people: dict[str, Actor]
    party_id: UUID
    now: datetime
    answers: dict[str, Any] = field(default_factory=lambda: dict(ANSWERS))

    def draft(self, procedure: str = "IRC") -> Case:
        """Open a draft whose form is taken as complete (guards of the form are tested elsewhere)."""
        return self.desk.open(
            self.session,
            case_id=uuid7(),
            procedure=procedure,
            party_id=self.party_id,
            actor=self.people["filer"],
            now=self.now,
        )

    def take(self, case: Case, who: str, action: str, *, revision: int | None = 0, **given: Any) -> Outcome:
        """Take an action as somebody; the present revision unless another is given."""
        return self.desk.perform(
            self.session,
            case_id=case.id,
            action=action,
            revision=case.revision if revision == 0 else revision,
            actor=self.people[who],
            now=self.now,
            input=given,
        )

    def at(self, case: Case, *steps: tuple[str, str]) -> Case:
        """Take several steps in order."""
        for who, action in steps:
            self.take(case, who, action)
        return case


TO_REVIEW = (("filer", "submit"), ("intake", "accept"), ("appraiser", "take_up"))


@pytest.fixture
def play(session: ContextSession, platform: Platform) -> Play:
    """People of the demo zone around a desk whose form guards are left out."""
    party = Party(id=uuid7(), kind=PartyKind.ENTERPRISE, name="Thử", created_at=datetime.now().astimezone())
    session.add(party)
    session.flush()
    people = {
        "filer": _actor(session, platform, "nop.hoso", ActorKind.CUSTOMER, party.id, "ENTERPRISE_ADMIN"),
        "intake": _officer(session, platform, "mot.cua", "INTAKE", "INTAKE"),
        "appraiser": _officer(session, platform, "tham.dinh", "INVEST", "APPRAISER"),
        "head": _officer(session, platform, "truong.phong", "INVEST", "HEAD"),
        "leader": _officer(session, platform, "lanh.dao", "OFFICE", "LEADER"),
        "customs": _officer(session, platform, "quan.tri", "CUSTOMS", "CONSULTEE"),
        "tax": _officer(session, platform, "phap.che", "TAX", "CONSULTEE"),
    }
    desk = Desk(
        guards={name: lambda step: None for name in _module_guards(platform)}
        | {"form_complete": lambda step: None},
        effects={name: lambda step: None for name in _module_effects(platform)},
        zone=platform.zone.tz,
    )
    return Play(session, desk, people, party.id, datetime.fromisoformat("2026-11-20T09:00:00+07:00"))


def _module_guards(platform: Platform) -> frozenset[str]:
    return platform.desk.guard_names - Desk(guards={}, effects={}, zone=platform.zone.tz).guard_names


def _module_effects(platform: Platform) -> frozenset[str]:
    return platform.desk.effect_names - Desk(guards={}, effects={}, zone=platform.zone.tz).effect_names


def _actor(
    session: ContextSession, platform: Platform, login: str, kind: ActorKind, party_id: UUID, role: str
) -> Actor:
    user_id = session.scalar(select(User.id).where(User.login == fold_login(login)))
    grant = Grant(party_id, frozenset({role}), platform.permissions.resolve([role]))
    return Actor(kind, user_id, login, (grant,))


def _officer(session: ContextSession, platform: Platform, login: str, office: str, role: str) -> Actor:
    party_id = session.scalar(select(Office.party_id).where(Office.code == office))
    assert party_id is not None
    return _actor(session, platform, login, ActorKind.OFFICER, party_id, role)
