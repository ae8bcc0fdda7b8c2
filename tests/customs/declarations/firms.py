"""Two firms, the officers of the zone and the platform, at declarations of their own; every step is committed."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID

from app.core.db import DbRole, SessionContext
from app.core.db.session import ContextSession
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.workflow.papers.intake import KeptFile, keep_file
from app.customs.declarations.models import Declaration, Line
from app.customs.declarations.permissions import SEND
from app.customs.declarations.queries.reach import head_of
from app.registry.facade import enterprise_card
from tests.core.documents import files
from tests.customs.declarations.made import declaration
from tests.investment.dossiers import FILER, Office

OTHER, OFFICER, LEADER = "hoshi", "hai.quan.khu", "lanh.dao"
TODAY = date(2026, 11, 20)
WORKER = SessionContext(DbRole.WORKER)


@dataclass
class Firms(Office):
    """The zone's people with declarations."""

    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1000, 9000)))

    def party(self, login: str = FILER) -> UUID:
        """Return the firm of a person."""
        return self.person(login).party_ids[0]

    def sender(self, login: str = FILER) -> Actor:
        """Return a person with the right to send as well."""
        actor = self.person(login)
        grants = tuple(replace(each, permissions=each.permissions | {SEND}) for each in actor.grants)
        return replace(actor, grants=grants)

    def tax_code(self, login: str = FILER) -> str:
        """Return the tax code of a person's firm."""
        with self.as_(self.person(login)) as session:
            card = enterprise_card(session, self.party(login))
            return (card.tax_code or "") if card else ""

    def declared(
        self, *, login: str = FILER, header: dict[str, Any] | None = None, lines: list[dict[str, Any]] | None = None,
        state: str = "DRAFT", **facts: Any,
    ) -> UUID:  # fmt: skip
        """Make a declaration with its lines, then let the platform bring it to a state."""
        with self.as_(self.person(login)) as session:
            row = declaration(session, self.party(login), number=next(self.numbers), **facts)
            revision = head_of(session, row)
            revision.header = header or {}
            for number, content in enumerate(lines or [], 2):
                session.add(
                    Line(id=uuid7(), party_id=row.party_id, revision_id=revision.id, number=number, **content)
                )
            found = row.id
        if state != "DRAFT":
            self.bring(found, state)
        return found

    def bring(self, declaration_id: UUID, state: str, **official: Any) -> None:
        """Let the worker write what the authority said."""
        with self.database.transaction(WORKER) as session:
            row = session.get_one(Declaration, declaration_id)
            revision = head_of(session, row)
            revision.state, revision.sent_at = "ACCEPTED", revision.sent_at or self.now
            row.state = state
            row.registered_at = row.registered_at or self.now
            row.official_number = row.official_number or f"1{row.id.int % 10**10:010d}0"
            for name, value in official.items():
                setattr(row, name, value)

    @contextmanager
    def at_work(self) -> Iterator[ContextSession]:
        """Act as the worker in a transaction that is committed."""
        with self.database.transaction(WORKER) as session:
            yield session

    def kept(self, name: str = "chung-tu.pdf") -> KeptFile:
        """Return a received PDF, a new one each time."""
        body = io.BytesIO(files.pdf(Note=f"({uuid7()})"))
        return keep_file(self.press.store, stream=body, filename=name)
