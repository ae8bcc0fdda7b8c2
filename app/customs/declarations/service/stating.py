"""What is officially known of a declaration, as a result in the documented form."""

from collections.abc import Iterator
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.customs.declarations.domain.parties import as_declared
from app.customs.declarations.models import Assessment, Declaration, Notice, OfficialResult, Revision
from app.customs.declarations.queries.exchange import notices_of
from app.customs.declarations.service import merging, telling
from app.customs.declarations.service.composing import lines_of, texts
from app.customs.declarations.wire import DeclarationMessage, MessageKind, NoticeKind, Result
from app.customs.declarations.wire import Notice as WireNotice

MOVEMENT = "MVT"
"""Field of the header that carries the movement; the authority's form has none."""


def head_of(session: Session, row: Declaration) -> Revision:
    """Return the revision that counts."""
    return session.scalars(
        select(Revision).where(Revision.declaration_id == row.id, Revision.number == row.head)
    ).one()


def taxed(session: Session, revision: Revision) -> Assessment | None:
    """Return the latest tax notice of a revision."""
    return session.scalar(
        select(Assessment)
        .where(Assessment.revision_id == revision.id, Assessment.kind == "OFFICIAL")
        .order_by(Assessment.computed_at.desc(), Assessment.id.desc())
        .limit(1)
    )


def results_of(session: Session, row: Declaration) -> list[merging.Snapshot]:
    """Return the results from which a declaration made elsewhere is known."""
    contents = session.scalars(
        select(OfficialResult.content)
        .where(OfficialResult.declaration_id == row.id)
        .order_by(OfficialResult.number)
    )
    return [merging.snapshot_of(each) for each in contents]


def result_of(session: Session, row: Declaration) -> Result:
    """Return a declaration with what customs said of it; with nothing said while it is not registered."""
    revision = head_of(session, row)
    message = DeclarationMessage(
        message_id=str(revision.id), kind=MessageKind.DECLARE, reference=row.code, version=revision.number,
        official_number=row.official_number or "", direction=row.direction, type_code=row.type_code,
        header={**as_declared(row.direction, texts(revision.header)), MOVEMENT: row.movement},
        lines=lines_of(session, revision),
    )  # fmt: skip
    kept: list[Notice] = [each for each in notices_of(session, row.id) if each.outcome == "APPLIED"]
    # A refusal that was corrected is no part of the result.
    refused = max((each.sequence for each in kept if each.kind == NoticeKind.REFUSED), default=0)
    kept = [each for each in kept if each.sequence > refused]
    if kept or row.official_number is None:
        return Result(message, tuple(telling.notice_of(each, row.code) for each in kept))
    snapshots = results_of(session, row)
    cancelled_at = row.updated_at if row.state == "CANCELLED" else None
    if snapshots:
        merged, _ = merging.merge(snapshots)
        newest = max(snapshots, key=lambda each: each.rank)
        if newest.official == merged:
            return Result(message, newest.result.notices)
        cancelled_at = merged.cancelled_at
    return Result(message, tuple(_said(session, row, revision, cancelled_at)))


def _said(
    session: Session, row: Declaration, revision: Revision, cancelled_at: datetime | None
) -> Iterator[WireNotice]:
    """Yield what was brought in as the notices that it came to."""
    official = taxed(session, revision)
    steps: list[tuple[NoticeKind, datetime | None]] = [
        (NoticeKind.REGISTERED, row.registered_at),
        (NoticeKind.CHANNEL, row.registered_at if row.channel else None),
        (NoticeKind.TAX, official.computed_at if official is not None else None),
        (NoticeKind.RELEASED, row.released_at),
        (NoticeKind.CLEARED, row.cleared_at),
        (NoticeKind.CANCELLED, cancelled_at),
    ]
    sequence = 0
    for kind, at in steps:
        if at is None:
            continue
        sequence += 1
        body = official.content if official is not None and kind is NoticeKind.TAX else None
        yield WireNotice(
            f"{row.code}-{sequence}", sequence, kind, row.code, at,
            official_number=(row.official_number or "") if kind is NoticeKind.REGISTERED else "",
            channel=(row.channel or "") if kind is NoticeKind.CHANNEL else "",
            taxes=telling.taxes_of_body(body) if body is not None else (),
            total=official.total if body is not None and official is not None else None,
            due_on=date.fromisoformat(body["due_on"]) if body and body.get("due_on") else None,
            reference_of_payment=str(body.get("payment_reference", "")) if body else "",
        )  # fmt: skip
