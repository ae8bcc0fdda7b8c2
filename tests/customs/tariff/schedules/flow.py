"""Bringing schedules and rates into force in tests, with three officers."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.core import law
from app.core.db import Database, DbRole, SessionContext
from app.core.jobs import Run
from app.core.kit.actor import Actor, ActorKind
from app.core.kit.ids import uuid7
from app.core.kit.ranges import Period
from app.core.law import LawChangeSet
from app.customs.tariff.schedules.models import Coverage, TariffChangeItem, TariffImport
from app.customs.tariff.schedules.service.importing import Terms, Upload, begin, propose, read_schedule

OFFICER = SessionContext(DbRole.OFFICER)
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
TERMS = Terms(
    profile="combined",
    period=Period(date(2027, 1, 1)),
    coverage=Coverage.WHOLE,
    restates=True,
    reason="Biểu thuế thử nghiệm",
    status="ASSUMED",
)


def officer(name: str) -> Actor:
    return Actor(ActorKind.OFFICER, user_id=uuid7(), name=name)


AN, BINH, CHI = officer("An"), officer("Bình"), officer("Chi")


@dataclass
class Desk:
    """A database with real commits, and how schedules come into it."""

    database: Database
    now: datetime = NOW

    def session(self):
        return self.database.transaction(OFFICER)

    def run(self, actor: Actor = AN) -> Run:
        return Run(actor=actor, context=OFFICER, database=self.database, now=self.now, job_id=1, attempt=1)

    def begin(self, path: Path, terms: Terms = TERMS, *, actor: Actor = AN, sha256: str = "") -> UUID:
        upload = Upload(sha256 or uuid7().hex * 2, path.name, path.suffix == ".xlsx")
        with self.session() as session:
            return begin(session, upload=upload, terms=terms, actor=actor, now=self.now).id

    def read(self, path: Path, terms: Terms = TERMS, **options) -> TariffImport:
        """Import a file and return how its reading ended."""
        key = self.begin(path, terms, **options)
        read_schedule(self.run(), key, path=path)
        return self.found(key)

    def found(self, key: UUID) -> TariffImport:
        with self.session() as session:
            found = session.get_one(TariffImport, key)
            session.expunge(found)
            return found

    def propose(self, key: UUID) -> LawChangeSet:
        with self.session() as session:
            made = propose(session, import_id=key, actor=AN, now=self.now)
            session.expunge(made)
            return made

    def approve(self, made: LawChangeSet, *actors: Actor) -> None:
        for actor in actors or (BINH, CHI):
            with self.session() as session:
                law.approve(
                    session, change_set_id=made.id, actor=actor, content_hash=made.content_hash, now=self.now
                )

    def bring(self, path: Path, terms: Terms = TERMS) -> UUID:
        """Import a file, propose it and let two officers approve it."""
        found = self.read(path, terms)
        assert found.state == "COMPARED", (found.faults, found.refusal)
        self.approve(self.propose(found.id))
        self.now += timedelta(days=1)
        return found.id

    def effects(self, key: UUID) -> dict[tuple[str, str], str]:
        """Return what the items of a change do, by line and kind or scheme."""
        with self.session() as session:
            rows = session.scalars(select(TariffChangeItem).where(TariffChangeItem.change_set_id == key))
            return {(row.hs8, row.scheme or row.kind): row.effect for row in rows}

    def rates(self, day: date, *, known_at: datetime | None = None) -> dict[tuple[str, str], str]:
        """Return the percentages that hold on a day, by line and kind or scheme; other forms as their operation."""
        with self.session() as session:
            return rates(session, day, known_at=known_at)


def rates(session: Session, day: date, *, known_at: datetime | None = None) -> dict[tuple[str, str], str]:
    rows = session.execute(
        text(
            "select hs8, coalesce(nullif(scheme, ''), kind), coalesce(expr ->> 'rate', expr ->> 'op')"
            "  from tariff_measure where valid @> cast(:day as date)"
            "   and recorded @> coalesce(cast(:known as timestamptz), 'infinity')"
        ),
        {"day": day, "known": known_at},
    )
    return {(row[0], row[1]): row[2] for row in rows}


def since(day: date, **changes) -> Terms:
    return replace(TERMS, period=Period(day), **changes)
