"""The papers of a declaration as they stand, and what of the firm's vault may fill them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.documents.models import Document, DocumentFile, DocumentState
from app.core.errors import NotFound
from app.core.kit.time import local_day
from app.customs.declarations.domain import dossier
from app.customs.declarations.domain.dossier import Asked, Slot, Standing
from app.customs.declarations.models import Declaration, Notice, Paper
from app.customs.declarations.queries.reach import Reached

MAX_CHOICES = 20
ATTACHED = "ATTACHED"

Text = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Attached:
    """One paper in a place."""

    id: UUID
    document_id: UUID
    file_name: str
    form: str
    number: str
    issued_on: date | None
    holder: str
    valid_until: date | None
    size_bytes: int
    media_type: str
    version: int
    source: str
    reused: int
    attached_at: datetime
    shown_at: datetime | None


@dataclass(frozen=True, slots=True)
class Place:
    """A place of the dossier with what fills it."""

    slot: Slot
    standing: Standing
    wanting: tuple[str, ...]
    papers: tuple[Attached, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """A paper of the firm's vault that may stand in a place."""

    document_id: UUID
    title: str
    size_bytes: int
    version: int
    created_at: datetime
    valid_until: date | None = None


def counts_on(declaration: Declaration, *, now: datetime, zone: ZoneInfo) -> date:
    """Return the local day on which papers have to be valid: that of the registration, else today."""
    return local_day(declaration.registered_at or now, zone)


def facts_of(found: Reached) -> dict[str, Any]:
    """Return the facts of a declaration as conditions name them."""
    declaration = found.declaration
    return dossier.facts_of(
        direction=declaration.direction,
        movement=declaration.movement,
        type_code=declaration.type_code,
        by_agent=declaration.agent_party_id is not None,
        header=found.revision.header,
        lines=[line_facts(each) for each in found.lines],
    )


def line_facts(line: Any) -> dict[str, Any]:
    """Return a goods line as conditions see it; what was never typed is unknown."""
    columns = ("hs", "origin", "scheme", "origin_proof", "description", "unit", "value", "quantity")
    return {**line.more, **{name: getattr(line, name) for name in columns}}


def places(session: Session, found: Reached, day: date | None = None) -> list[Place]:
    """
    Return every place that the declaration has, with its papers, in the order of the list.

    :param day: the day on which certificates have to be valid; None: not judged.
    """
    held = attached(session, found.declaration.id)
    wanted = dossier.asked(facts_of(found))
    return [_place(each, held.pop(each.slot.code, ()), day) for each in wanted] + [
        # The declaration no longer asks for it, but the paper is still there.
        _place(Asked(slot, known=True, wanting=()), held[slot.code], day)
        for slot in dossier.slots()
        if slot.code in held
    ]


def place(session: Session, found: Reached, code: str, day: date | None = None) -> Place:
    """
    Return one place.

    :raises NotFound: the declaration does not have it.
    """
    chosen = next((each for each in places(session, found, day) if each.slot.code == code), None)
    if chosen is None:
        raise NotFound
    return chosen


def attached(session: Session, declaration_id: UUID) -> dict[str, tuple[Attached, ...]]:
    """Return the papers that count, by place, the oldest first."""
    rows = session.execute(
        select(Paper, Document.version, DocumentFile.size_bytes, DocumentFile.media_type)
        .join(Document, Document.id == Paper.document_id)
        .join(DocumentFile, DocumentFile.sha256 == Document.sha256)
        .where(Paper.declaration_id == declaration_id, Paper.state == ATTACHED)
        .order_by(Paper.attached_at, Paper.id)
    )
    held: dict[str, list[Attached]] = {}
    for row, version, size, media_type in rows:
        held.setdefault(row.slot, []).append(
            Attached(
                id=row.id,
                document_id=row.document_id,
                file_name=row.file_name,
                form=row.form,
                number=row.number,
                issued_on=row.issued_on,
                holder=row.holder,
                valid_until=row.valid_until,
                size_bytes=size,
                media_type=media_type,
                version=version,
                source=row.source,
                reused=row.reused,
                attached_at=row.attached_at,
                shown_at=row.shown_at,
            )
        )
    return {slot: tuple(papers) for slot, papers in held.items()}


def choices(session: Session, found: Reached, slot: Slot) -> list[Choice]:
    """Return current papers of this firm, and of no other, that may stand in a place and do not yet."""
    taken = select(Paper.document_id).where(
        Paper.declaration_id == found.declaration.id, Paper.slot == slot.code, Paper.state == ATTACHED
    )
    rows = session.execute(
        select(Document, DocumentFile.size_bytes)
        .join(DocumentFile, DocumentFile.sha256 == Document.sha256)
        .where(
            Document.party_id == found.declaration.party_id,
            Document.state == DocumentState.CURRENT,
            Document.kind.in_((slot.kind, *slot.reuse)),
            Document.id.not_in(taken),
        )
        .order_by(Document.created_at.desc(), Document.id.desc())
        .limit(MAX_CHOICES)
    )
    listed = rows.all()
    ends = _ends(session, [document.id for document, _ in listed])
    return [
        Choice(
            document.id, document.title, size, document.version, document.created_at, ends.get(document.id)
        )
        for document, size in listed
    ]  # fmt: skip


def _ends(session: Session, document_ids: Sequence[UUID]) -> dict[UUID, date]:
    """Return the last day of certificates, as it was typed when each was first attached."""
    rows = session.execute(
        select(Paper.document_id, func.min(Paper.valid_until))
        .where(Paper.document_id.in_(document_ids), Paper.valid_until.is_not(None))
        .group_by(Paper.document_id)
    )
    return {key: end for key, end in rows if end is not None}


def paper_of(session: Session, declaration_id: UUID, paper_id: UUID) -> Paper:
    """
    Return one paper of a declaration, also one that no longer counts.

    :raises NotFound: there is none.
    """
    row = session.scalar(select(Paper).where(Paper.id == paper_id, Paper.declaration_id == declaration_id))
    if row is None:
        raise NotFound
    return row


@dataclass(frozen=True, slots=True)
class WantedPaper:
    """A paper that customs asked for. ``said``: its own words; ``slot``: a place of the catalogue, else empty."""

    name: Text
    said: str
    slot: str


def wanted(session: Session, declaration_id: UUID) -> list[WantedPaper]:
    """Return the papers that customs asked for last; none where it asked for none."""
    body = session.scalar(
        select(Notice.body)
        .where(
            Notice.declaration_id == declaration_id,
            Notice.kind == "PAPERS_WANTED",
            Notice.outcome == "APPLIED",
        )
        .order_by(Notice.sequence.desc())
        .limit(1)
    )
    return wanted_of(body or {})


def wanted_of(body: Mapping[str, Any]) -> list[WantedPaper]:
    """Return the papers that the body of a notice asks for."""
    known = {each.code for each in dossier.slots()}
    found: list[WantedPaper] = []
    for each in body.get("papers", ()):
        code, said = str(each.get("type_code") or ""), str(each.get("name") or "")
        slot = code.upper() if code.upper() in known else ""
        found.append(WantedPaper(dossier.wanted_name(code, said), said, slot))
    return found


def counts(session: Session, declaration_ids: Sequence[UUID]) -> Mapping[UUID, int]:
    """Return how many papers each of some declarations has."""
    rows = session.execute(
        select(Paper.declaration_id, func.count())
        .where(Paper.declaration_id.in_(declaration_ids), Paper.state == ATTACHED)
        .group_by(Paper.declaration_id)
    )
    return {row[0]: row[1] for row in rows}


def _place(wanted: Asked, papers: Sequence[Attached], day: date | None) -> Place:
    expired = day is not None and all(each.valid_until and each.valid_until < day for each in papers)
    stands = dossier.standing(wanted, [each.source for each in papers], expired=expired)
    return Place(wanted.slot, stands, wanted.wanting, tuple(papers))
