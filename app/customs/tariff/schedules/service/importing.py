"""Imports of schedules: begun with a file, read and compared by a job, then proposed to two officers or given up."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from app.core import law
from app.core.errors import Conflict, DomainError, NotFound
from app.core.evidence import Subject, record
from app.core.jobs import NewJob, Run, defer_jobs
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.kit.ranges import Period
from app.core.law import Instrument, LawChangeSet, Origin
from app.core.law.source import instrument_json, instrument_of
from app.customs.tariff.schedules.domain.faults import Notes
from app.customs.tariff.schedules.domain.profile import Profile
from app.customs.tariff.schedules.domain.reading import Heading, Wish
from app.customs.tariff.schedules.models import (
    Coverage,
    ImportState,
    TariffChange,
    TariffChangeHeading,
    TariffChangeItem,
    TariffImport,
)
from app.customs.tariff.schedules.service.comparing import Source, compare, stage
from app.customs.tariff.schedules.service.content import KIND
from app.customs.tariff.schedules.service.opening import open_schedule
from app.customs.tariff.schedules.service.profiles import profiles

READ_JOB = "tariff.read_schedule"
TOLD_EVERY = 500
SUBJECT = "tariff-import"


class NotNow(Conflict):
    """The import is in another state than the step needs."""

    code = "tariff.import-not-now"
    title = "This cannot be done with the import now."
    detail = "It has been stopped, given up or proposed meanwhile, or is still being read."
    hint = "Look at its page and decide again."


class NothingToPropose(Conflict):
    """The schedule says what is in force already."""

    code = "tariff.nothing-to-propose"
    title = "The schedule changes nothing."
    detail = "Every rate of the file is in force already for the same days."
    hint = "Nothing needs to be proposed; give the import up."


class _Cancelled(Exception):
    """Somebody gave the import up while it was read."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was received and inspected."""

    sha256: str
    name: str
    workbook: bool


@dataclass(frozen=True, slots=True)
class Terms:
    """
    What an officer says about a schedule: which form it has, for which days it holds, and where it was read.

    :ivar new_instrument: the act, where the law does not know it yet; ``instrument`` is its id then.
    """

    profile: str
    period: Period
    coverage: Coverage
    restates: bool
    reason: str
    status: str
    sheet: str = ""
    instrument: str | None = None
    new_instrument: Instrument | None = None
    article: str | None = None
    annex: str | None = None
    note: dict[str, str] | None = None


def begin(session: Session, *, upload: Upload, terms: Terms, actor: Actor, now: datetime) -> TariffImport:
    """Begin an import and let a job read the file; the same file under the same terms begins it once."""
    assert actor.user_id is not None, "only a person imports a schedule"
    for known in session.scalars(
        select(TariffImport).where(
            TariffImport.sha256 == upload.sha256,
            TariffImport.created_by == actor.user_id,
            TariffImport.state.in_((ImportState.READING, ImportState.COMPARED)),
        )
    ):
        if _terms_of(known) == terms:
            return known
    made = TariffImport(
        id=uuid7(), profile=terms.profile, file_name=upload.name, sha256=upload.sha256, workbook=upload.workbook,
        sheet=terms.sheet, valid_from=terms.period.start, valid_to=terms.period.end, coverage=terms.coverage.value,
        restates=terms.restates, instrument_id=terms.instrument,
        instrument=instrument_json(terms.new_instrument) if terms.new_instrument else None, article=terms.article,
        annex=terms.annex, status=terms.status, note=terms.note, reason=terms.reason, state=ImportState.READING.value,
        rows_done=0, rows_total=0, cancel_asked=False, faults=[], warnings=[], refusal={}, counts={}, created_at=now,
        created_by=actor.user_id, created_by_name=actor.name, finished_at=None,
    )  # fmt: skip
    session.add(TariffChange(id=made.id, made_at=now, made_by=actor.user_id))
    session.flush()  # the import refers to its change
    session.add(made)
    session.flush()  # the job may begin the moment the transaction commits
    defer_jobs(session, [NewJob(READ_JOB, {"import_id": str(made.id)}, actor)])
    _record(session, made, "begin", actor=actor, now=now, facts={"file_sha256": upload.sha256})
    return made


def read_schedule(run: Run, import_id: UUID, *, path: Path) -> None:
    """
    Read the file and make the items, or stop with everything that is wrong; run again, it begins anew.

    All of it is one transaction: a run that was killed leaves nothing behind. Progress and the wish to cancel travel
    in transactions of their own.
    """
    with run.transaction() as session:
        found = session.get_one(TariffImport, import_id)
        if found.state != ImportState.READING:
            return
        terms, workbook = _terms_of(found), found.workbook
    notes = Notes("")
    try:
        with run.transaction() as session:
            counts = _make_items(session, run, import_id, terms, path, workbook, notes)
            if counts is not None:
                _finish(session, run, import_id, ImportState.COMPARED, notes, counts=counts)
    except _Cancelled:
        with run.transaction() as session:
            _finish(session, run, import_id, ImportState.CANCELLED, notes)
        return
    except DomainError as refusal:
        told = {
            "title": refusal.title, "detail": refusal.detail, "hint": refusal.hint, "params": dict(refusal.params)
        }  # fmt: skip
        with run.transaction() as session:
            _finish(session, run, import_id, ImportState.STOPPED, notes, refusal=told)
        return
    if counts is None:
        with run.transaction() as session:
            _finish(session, run, import_id, ImportState.STOPPED, notes)


def _make_items(
    session: Session, run: Run, import_id: UUID, terms: Terms, path: Path, workbook: bool, notes: Notes
) -> dict[str, dict[str, int]] | None:
    """Make the items; None with faults noted, and nothing written, when the file cannot be taken."""
    profile: Profile = profiles()[terms.profile]
    with open_schedule(
        path, workbook=workbook, profile=profile, period=terms.period, sheet=terms.sheet, notes=notes
    ) as opened:
        if opened is None:
            return None
        layout = opened.layout
        content = _telling(opened.content, lambda: opened.reader.row, _teller(run, import_id))
        stage(session, import_id=import_id, content=content, covered=lambda: layout.covered)
    if notes.faults:
        session.rollback()
        return None
    source = Source(
        terms.period, terms.instrument, terms.article, terms.annex, terms.status, terms.note, terms.coverage,
        terms.restates,
    )  # fmt: skip
    return compare(session, change_id=import_id, source=source)


def _telling(
    content: Iterator[Heading | Wish], row: Callable[[], int], tell: Callable[[int], None]
) -> Iterator[Heading | Wish]:
    told = 0
    for each in content:
        if row() >= told + TOLD_EVERY:
            told = row()
            tell(told)
        yield each


def _teller(run: Run, import_id: UUID) -> Callable[[int], None]:
    def tell(rows: int) -> None:
        with run.transaction() as session:
            found = session.get_one(TariffImport, import_id, with_for_update=True)
            if found.cancel_asked:
                raise _Cancelled
            found.rows_done = rows

    return tell


def _finish(
    session: Session,
    run: Run,
    import_id: UUID,
    state: ImportState,
    notes: Notes,
    *,
    counts: dict[str, Any] | None = None,
    refusal: dict[str, Any] | None = None,
) -> None:
    found = session.get_one(TariffImport, import_id, with_for_update=True, populate_existing=True)
    found.state, found.finished_at = state.value, run.now
    found.faults = [each.to_json() for each in notes.faults]
    found.warnings = [each.to_json() for each in notes.warnings]
    found.refusal, found.counts, found.sheet = refusal or {}, counts or {}, found.sheet or notes.sheet
    if counts:
        found.rows_done = sum(chapter.get("LINES", 0) for chapter in counts.values())
    _record(
        session, found, state.value.lower(), actor=run.actor, now=run.now, facts={"faults": len(notes.faults)}
    )


def cancel(session: Session, *, import_id: UUID, actor: Actor, now: datetime) -> TariffImport:
    """
    Give an import up: a reading stops at its next piece, the items of a compared one are thrown away.

    :raises NotNow: it was proposed or ended before.
    """
    found = _locked(session, import_id)
    if found.state == ImportState.READING:
        found.cancel_asked = True
    elif found.state == ImportState.COMPARED:
        for table in (TariffChangeItem, TariffChangeHeading):
            session.execute(delete(table).where(table.change_set_id == import_id))
        found.state, found.finished_at = ImportState.CANCELLED.value, now
    else:
        raise NotNow
    _record(session, found, "cancel", actor=actor, now=now)
    return found


def propose(session: Session, *, import_id: UUID, actor: Actor, now: datetime) -> LawChangeSet:
    """
    Propose what was compared; two other officers approve it as any change of the law. Twice proposes once.

    :raises NotNow: it is not compared, or was given up.
    :raises NothingToPropose: it changes nothing.
    """
    found = _locked(session, import_id)
    if found.state == ImportState.PROPOSED:
        return session.get_one(LawChangeSet, import_id)
    if found.state != ImportState.COMPARED:
        raise NotNow
    changes = session.scalar(
        text(
            "select exists (select 1 from tariff_change_item where change_set_id = :id)"
            " or exists (select 1 from tariff_change_heading where change_set_id = :id)"
        ),
        {"id": import_id},
    )
    if not changes:
        raise NothingToPropose
    added = [instrument_of(found.instrument)] if found.instrument else []
    made = law.propose_content(
        session, kind=KIND, change_set_id=import_id, origin=Origin.IMPORT, title=found.reason, actor=actor, now=now,
        instruments=added,
    )  # fmt: skip
    found.state = ImportState.PROPOSED.value
    _record(session, found, "propose", actor=actor, now=now, facts={"content_hash": made.content_hash})
    return made


def period_of(found: TariffImport) -> Period:
    """Return the days for which a schedule holds."""
    return Period(found.valid_from, found.valid_to)


def _terms_of(found: TariffImport) -> Terms:
    return Terms(
        profile=found.profile, period=period_of(found), coverage=Coverage(found.coverage), restates=found.restates,
        reason=found.reason, status=found.status, sheet=found.sheet, instrument=found.instrument_id,
        new_instrument=instrument_of(found.instrument) if found.instrument else None, article=found.article,
        annex=found.annex, note=found.note,
    )  # fmt: skip


def _locked(session: Session, import_id: UUID) -> TariffImport:
    found = session.get(TariffImport, import_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound
    return found


def _record(
    session: Session,
    found: TariffImport,
    verb: str,
    *,
    actor: Actor,
    now: datetime,
    facts: dict[str, Any] | None = None,
) -> None:
    record(
        session, f"tariff:import:{verb}", subject=Subject(SUBJECT, found.id), actor=actor, at=now,
        facts={"profile": found.profile, "from": _iso(found.valid_from), **(facts or {})},
    )  # fmt: skip


def _iso(day: date) -> str:
    return day.isoformat()
