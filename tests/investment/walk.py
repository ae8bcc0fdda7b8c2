"""Dossiers that walk through the desk with investment's own guards and effects, on real commits."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.auth.actors import actor_of
from app.core.auth.models import User
from app.core.db import Database, DbRole, SessionContext
from app.core.jobs import JobRegistry, Run
from app.core.jobs.app import SYSTEM_CONTEXT
from app.core.kit.actor import SYSTEM, Actor
from app.core.kit.ids import uuid7
from app.core.workflow.desk import Desk, Outcome
from app.core.workflow.models import Case
from app.investment import jobs
from app.investment.clients import Answer, AnswerState, NationalRegistry
from app.investment.models import CodeRequest
from app.investment.module import MODULE
from app.investment.service import ASK_REGISTRY, project_codes
from app.modules import Platform
from simulators.investment_registry.book import Book
from simulators.investment_registry.server import RegistryServer
from tests.conftest import NOW
from tests.investment.requests import request

OFFICER = SessionContext(DbRole.OFFICER)
WORKER = SessionContext(DbRole.WORKER)
WHO = {"filer": "nop.hoso", "intake": "mot.cua", "appraiser": "tham.dinh", "head": "truong.phong",
       "leader": "lanh.dao", "other": "hoshi"}  # fmt: skip
REASON = {"reason": "Hồ sơ đầy đủ."}
TO_APPROVED = (
    ("filer", "submit"), ("intake", "accept"), ("appraiser", "take_up"), ("appraiser", "draft_decision"),
    ("head", "approve"),
)  # fmt: skip


@dataclass
class Walk:
    """People of the demo zone, a clock, and a desk whose guards of papers are left out."""

    database: Database
    platform: Platform
    now: datetime = NOW
    _desk: Desk | None = None
    _actors: dict[str, Actor] = field(default_factory=dict)

    @property
    def desk(self) -> Desk:
        """The desk with what investment registers; papers and letters are tested elsewhere."""
        if self._desk is None:
            zone, kernel = self.platform.zone.tz, self.platform.kernel
            own = Desk(guards={}, effects={}, zone=zone)
            real, done = MODULE.guards(kernel), MODULE.effects(kernel)
            self._desk = Desk(
                guards={
                    name: real.get(name, lambda step: None)
                    for name in self.platform.desk.guard_names - own.guard_names
                },
                effects={
                    name: done.get(name, lambda step: None)
                    for name in self.platform.desk.effect_names - own.effect_names
                },
                zone=zone,
            )
        return self._desk

    def actor(self, who: str) -> Actor:
        """Return a person with the rights held now."""
        if who not in self._actors:
            with self.database.session(SessionContext(DbRole.AUTH)) as session:
                user_id = session.scalars(select(User.id).where(User.login == WHO[who])).one()
                self._actors[who] = actor_of(session, user_id, book=self.platform.permissions, at=self.now)
        return self._actors[who]

    @contextmanager
    def session(self, who: str) -> Iterator[Session]:
        """Open a transaction as somebody, committed at the end."""
        actor = self.actor(who)
        role = DbRole.OFFICER if actor.is_officer else DbRole.TENANT
        parties = () if actor.is_officer else actor.party_ids
        with self.database.transaction(SessionContext(role, parties, actor.user_id)) as session:
            yield session

    def draft(self, answers: Mapping[str, Any] | None = None, *, who: str = "filer") -> UUID:
        """Open a draft with answers that break no rule."""
        actor, case_id = self.actor(who), uuid7()
        with self.session(who) as session:
            self.desk.open(
                session,
                case_id=case_id,
                procedure="IRC",
                party_id=actor.party_ids[0],
                actor=actor,
                now=self.now,
            )
            session.flush()
            self.desk.save(
                session,
                case_id=case_id,
                changed=request() if answers is None else answers,
                actor=actor,
                now=self.now,
            )
        return case_id

    def take(self, case_id: UUID, who: str, action: str, **given: Any) -> Outcome:
        """Take an action on the present revision."""
        self.now += timedelta(minutes=5)
        with self.session(who) as session:
            case = session.get(Case, case_id)
            assert case is not None
            return self.desk.perform(
                session, case_id=case_id, action=action, revision=case.revision, actor=self.actor(who),
                now=self.now, input={**REASON, **given},
            )  # fmt: skip

    def approved(self, answers: Mapping[str, Any] | None = None, *, who: str = "filer") -> UUID:
        """Take a new dossier to the approved draft; its code has been asked for."""
        case_id = self.draft(answers, who=who)
        return self.steps(
            case_id, *((who if side == "filer" else side, action) for side, action in TO_APPROVED)
        )

    def steps(self, case_id: UUID, *steps: tuple[str, str]) -> UUID:
        """Take several actions in order."""
        for who, action in steps:
            self.take(case_id, who, action)
        return case_id

    def issued(self, answers: Mapping[str, Any] | None = None, *, code: str, who: str = "filer") -> UUID:
        """Take a new dossier to the signed certificate with a given project code."""
        case_id = self.approved(answers, who=who)
        self.give_code(case_id, code)
        return self.steps(case_id, ("leader", "sign"))

    def give_code(self, case_id: UUID, code: str) -> None:
        """Let the registry have answered."""
        with self.database.transaction(OFFICER) as session:
            project_codes.take_answer(
                session,
                request_id=self.requests(case_id)[-1].id,
                answer=Answer(AnswerState.ISSUED, code),
                now=self.now,
            )

    def requests(self, case_id: UUID) -> list[CodeRequest]:
        """Return the requests of a dossier in order."""
        with self.database.session(OFFICER) as session:
            return list(
                session.scalars(
                    select(CodeRequest).where(CodeRequest.case_id == case_id).order_by(CodeRequest.number)
                )
            )

    def ask(self, case_id: UUID, registry: NationalRegistry) -> CodeRequest:
        """Run the job of the newest request once, as the worker does; return the request afterwards."""
        book = JobRegistry()
        jobs.register(book, registry)
        run = Run(SYSTEM, SYSTEM_CONTEXT, self.database, self.now, 1, 1)
        book.jobs[ASK_REGISTRY].function(run, request_id=str(self.requests(case_id)[-1].id))
        return self.requests(case_id)[-1]


@contextmanager
def simulator(folder: Path, *, token: str = "") -> Iterator[RegistryServer]:
    """Run the simulator of the national registry on a free port."""
    server = RegistryServer(("127.0.0.1", 0), Book(folder / "registry.sqlite"), token=token)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
