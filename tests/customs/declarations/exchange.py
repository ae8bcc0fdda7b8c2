"""A firm and the simulated authority, with the jobs between them run by hand; the clock is the test's."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update

from app.core.auth.models import Party, PartyKind
from app.core.db import Database, DbRole, SessionContext
from app.core.jobs import Run
from app.core.jobs.app import session_context
from app.core.kit.actor import SYSTEM, Actor, ActorKind, Grant
from app.core.kit.codes import format_code
from app.core.kit.ids import uuid7
from app.customs.declarations import jobs
from app.customs.declarations.clients import CustomsGateway
from app.customs.declarations.domain.lifecycle import Step, take
from app.customs.declarations.models import (
    Assessment,
    Clock,
    Declaration,
    Difference,
    Dispatch,
    Feed,
    Line,
    Notice,
    Revision,
)
from app.customs.declarations.permissions import FILE, SEND
from app.customs.declarations.service import asking, moving
from app.modules import Platform
from tests.customs.declarations.customs import HEADER, START, Customs

OFFICER = SessionContext(DbRole.OFFICER)
_NUMBERS = itertools.count(900_001)
EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


@dataclass
class Exchange:
    """What stands between a firm and the authority."""

    database: Database
    platform: Platform
    customs: Customs
    party_id: UUID = field(default_factory=uuid7)

    def __post_init__(self) -> None:
        # The authority is new, so its queue begins anew.
        with self.database.transaction(jobs.WORKER) as session:
            session.execute(update(Feed).values(cursor="0", read_at=None, failed_at=None, error=""))
        with self.database.transaction(OFFICER) as session:
            session.add(
                Party(id=self.party_id, kind=PartyKind.ENTERPRISE, name="Công ty Thử", created_at=self.now)
            )

    @property
    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self.customs.clock.now)

    @property
    def actor(self) -> Actor:
        grant = Grant(self.party_id, frozenset({"SIGNER"}), frozenset({FILE, SEND}))
        return Actor(ActorKind.CUSTOMER, None, "Người khai", (grant,))

    @property
    def tenant(self) -> SessionContext:
        return SessionContext(DbRole.TENANT, (self.party_id,))

    @property
    def gateway(self) -> CustomsGateway:
        return self.customs.gateway

    def wait(self, seconds: float) -> None:
        self.customs.clock.now += seconds

    def handed_in(
        self, *, type_code: str = "A11", header: Mapping[str, str] = HEADER, ours: Sequence[tuple[str, str]] = (),
        **line: Any,
    ) -> UUID:  # fmt: skip
        """Make a declaration, freeze it and queue it; ``ours`` are taxes of line 1 as they were pre-calculated."""
        with self.database.transaction(self.tenant) as session:
            row = Declaration(
                id=uuid7(), party_id=self.party_id, code=format_code("TK", 2026, next(_NUMBERS)), direction="IMPORT",
                movement="ABROAD_TO_ZONE", type_code=type_code, origin="OURS", state="DRAFT", head=0,
                summary="Máy tính", created_at=self.now, updated_at=self.now, version=1,
            )  # fmt: skip
            session.add(row)
            session.flush()  # the revision refers to it
        self.revise(row.id, "FIRST", header=header, ours=ours, **line)
        return row.id

    def revise(
        self, declaration_id: UUID, kind: str, *, number: int = 0, header: Mapping[str, str] = HEADER,
        ours: Sequence[tuple[str, str]] = (), **line: Any,
    ) -> UUID:  # fmt: skip
        """Make a revision of one line and hand it in."""
        with self.database.transaction(self.tenant) as session:
            declaration = session.get_one(Declaration, declaration_id)
            revision = Revision(
                id=uuid7(), party_id=self.party_id, declaration_id=declaration_id, number=number, kind=kind,
                state="DRAFT", header=dict(header), reason="Giá" if kind == "AMENDMENT" else "", created_at=self.now,
            )  # fmt: skip
            session.add(revision)
            session.flush()  # the line refers to it
            goods = {
                "hs": "84798939", "description": "Máy tính xách tay", "origin": "KR", "quantity": Decimal(10),
                "unit": "PCE", "unit_price": Decimal(100), "value": Decimal(1000), **line,
            }  # fmt: skip
            session.add(Line(id=uuid7(), party_id=self.party_id, revision_id=revision.id, number=1, **goods))
            taxes = [{"kind": kind, "amount": amount, "base": None, "rate": ""} for kind, amount in ours]
            if ours:
                session.add(
                    Assessment(
                        id=uuid7(), party_id=self.party_id, revision_id=revision.id, kind="PRECALCULATED",
                        content={"lines": [{"number": 1, "taxes": taxes}]},
                        total=sum((Decimal(amount) for _, amount in ours), Decimal(0)), computed_at=self.now,
                    )
                )  # fmt: skip
            session.flush()  # the line is kept before its revision is frozen
            revision.state, revision.sent_at = "SENT", self.now
            if kind != "AMENDMENT":
                declaration.state = take(moving.state_of(declaration), Step.SEND).to.value
            asking.send_revision(
                session, declaration=declaration, revision=revision, actor=self.actor, now=self.now
            )
            return revision.id

    def run(self) -> Run:
        return Run(SYSTEM, session_context(SYSTEM), self.database, self.now, 0, 1)

    def send(self, gateway: CustomsGateway | None = None) -> None:
        """Run the jobs of all waiting messages once, in their order."""
        with self.database.session(OFFICER) as session:
            waiting = session.scalars(
                select(Dispatch.id)
                .where(Dispatch.state == "QUEUED", Dispatch.party_id == self.party_id)
                .order_by(Dispatch.queued_at, Dispatch.id)
            ).all()
        for key in waiting:
            jobs.send_message(self.run(), gateway or self.gateway, key)

    def read(self) -> None:
        """Read the authority's queue once."""
        jobs.read_notices(self.run(), self.gateway, self.platform.zone.tz)

    def go(self) -> None:
        """Send and read."""
        self.send()
        self.read()

    def declaration(self, key: UUID) -> Declaration:
        with self.database.session(OFFICER) as session:
            return session.get_one(Declaration, key)

    def dispatches(self, key: UUID) -> Sequence[Dispatch]:
        with self.database.session(OFFICER) as session:
            query = select(Dispatch).where(Dispatch.declaration_id == key)
            return session.scalars(query.order_by(Dispatch.queued_at, Dispatch.id)).all()

    def notices(self, key: UUID) -> Sequence[Notice]:
        with self.database.session(OFFICER) as session:
            return session.scalars(
                select(Notice).where(Notice.declaration_id == key).order_by(Notice.sequence)
            ).all()

    def clocks(self, key: UUID) -> dict[str, Clock]:
        with self.database.session(OFFICER) as session:
            found = session.scalars(
                select(Clock).where(Clock.declaration_id == key).order_by(Clock.started_at)
            )
            return {clock.kind: clock for clock in found}

    def differences(self, key: UUID) -> Sequence[Difference]:
        with self.database.session(OFFICER) as session:
            return session.scalars(
                select(Difference)
                .where(Difference.declaration_id == key)
                .order_by(Difference.line, Difference.tax)
            ).all()

    def events(self, name: str) -> list[dict[str, Any]]:
        with self.database.session(SessionContext(DbRole.WORKER)) as session:
            query = text(
                "select payload from outbox_event where name = :name and party_id = :party order by at, id"
            )
            return list(session.scalars(query, {"name": name, "party": self.party_id}))


__all__ = ["EPOCH", "OFFICER", "START", "Exchange"]
