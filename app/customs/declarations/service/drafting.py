"""
Preparing a declaration: begun, edited, copied, discarded. Nothing leaves the platform here.

A draft keeps whatever was typed, faulty or not: the check says what is wrong, saving never refuses a text.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from app.core.auth.models import Membership, Party, PartyKind
from app.core.auth.permissions import require
from app.core.errors import Conflict, FieldProblem, Invalid
from app.core.evidence import Subject, record
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.codes import format_code
from app.core.kit.ids import uuid7
from app.core.kit.time import local_day
from app.core.outbox import publish
from app.customs.declarations.domain import catalogue, dictionary
from app.customs.declarations.domain.lifecycle import State, Step, take
from app.customs.declarations.events import DeclarationChanged, DeclarationMoved, DeclarationOpened
from app.customs.declarations.models import Declaration, Line, Revision
from app.customs.declarations.permissions import FILE
from app.customs.declarations.queries import firms, reading
from app.customs.declarations.queries.lines import COLUMNS, texts_of, to_columns
from app.customs.declarations.queries.reading import declaration, head, pending

PREFIX = "TK"
MAX_LINES = 2_000
MAX_TEXT = 2_000
# What a copy types anew: each shipment has its own.
NOT_COPIED = (
    "BL1",
    "BL2",
    "BL3",
    "BL4",
    "BL5",
    "ARR",
    "IV3",
    "IVD",
    "VSN",
    "CNT",
    "COC",
    "REF",
    "PRV",
    "NT2",
)
SUMMARY = 120
_LINE_COLUMNS = ", ".join(("id", "party_id", "revision_id", "number", *COLUMNS, "more", "typed"))
# All lines in one parameter: fifty rows by the mapper cost more than their taxes.
_WRITE_LINES = text(
    f"insert into customs_line ({_LINE_COLUMNS})"  # noqa: S608  names of ours
    f" select {_LINE_COLUMNS} from jsonb_populate_recordset(null::customs_line, cast(:rows as jsonb))"
)
FIRM_MISSING = N_("Choose the firm that declares.")


class StaleDeclaration(Conflict):
    """The form was filled from an older state."""

    code = "declarations.stale"
    title = "The declaration was changed meanwhile."
    detail = "Somebody else, or another window, saved it after this page was opened. What was typed here is not saved."
    hint = "Open the declaration again; what is saved now stands there."


class NoDraft(Conflict):
    """There is nothing that may be edited."""

    code = "declarations.no-draft"
    title = "The declaration cannot be edited now."
    detail = "It was handed in; what is declared stays as it is."
    hint = "Ask for an amendment on its page, or copy it to a new one."


@dataclass(frozen=True, slots=True)
class Opening:
    """What a new declaration begins with; the key comes with the page, so a double click opens one."""

    declaration_id: UUID
    party_id: UUID
    movement: str
    type_code: str


def open_declaration(
    session: Session, *, opening: Opening, actor: Actor, now: datetime, zone: ZoneInfo
) -> Declaration:
    """
    Begin a declaration. What the firm's record and its last declaration of the same kind say stands in it already.

    :raises Forbidden: the actor may not declare for the firm.
    :raises Invalid: no such movement or type code.
    """
    if (existing := session.get(Declaration, opening.declaration_id)) is not None:
        require(actor, FILE, party_id=existing.party_id)
        return existing
    _require_firm(session, actor, opening.party_id)
    _require_kind(opening)
    header = {
        **dictionary.defaults(), **_repeated(session, opening),
        **firms.header_of(session, opening.party_id, day=local_day(now, zone)),
    }  # fmt: skip
    direction = catalogue.type_codes()[opening.type_code].direction
    return add_draft(session, opening, direction, header, actor=actor, now=now, zone=zone)


def copy_declaration(
    session: Session, *, source_id: UUID, declaration_id: UUID, actor: Actor, now: datetime, zone: ZoneInfo
) -> Declaration:
    """
    Begin a declaration like an earlier one: all of it but what each shipment has anew.

    :raises NotFound: no such declaration for this actor.
    :raises Forbidden: the actor may not declare for the firm.
    """
    source = declaration(session, source_id)
    if (existing := session.get(Declaration, declaration_id)) is not None:
        require(actor, FILE, party_id=existing.party_id)
        return existing
    _require_firm(session, actor, source.party_id)
    content = head(session, source)
    header = {code: value for code, value in content.header.items() if code not in NOT_COPIED}
    opening = Opening(declaration_id, source.party_id, source.movement, source.type_code)
    row = add_draft(session, opening, source.direction, header, actor=actor, now=now, zone=zone)
    row.previous_id, row.previous_kind = source.id, "COPY"
    write_lines(session, row, head(session, row), texts_of(session, content.id))
    return row


def save_header(
    session: Session, *, declaration_id: UUID, version: int, answers: Mapping[str, str], actor: Actor, now: datetime
) -> Declaration:  # fmt: skip
    """
    Save answers of the header; the others stay.

    :raises StaleDeclaration: it was saved by somebody else meanwhile.
    :raises NoDraft: it was handed in.
    """
    row, draft = open_draft(session, declaration_id=declaration_id, version=version, actor=actor)
    known = dictionary.header_fields()
    changed = {code: value[:MAX_TEXT] for code, value in answers.items() if code in known}
    merged = {code: value for code, value in {**draft.header, **changed}.items() if value}
    if merged == draft.header:
        return row
    draft.header = merged
    row.own_reference = merged.get("REF", "")[:40]
    touch(session, row, actor=actor, now=now, what=sorted(changed))
    return row


def save_lines(
    session: Session, *, declaration_id: UUID, version: int, lines: Sequence[Mapping[str, str]], actor: Actor,
    now: datetime,
) -> Declaration:  # fmt: skip
    """
    Save all lines; they are numbered anew, lines without any text fall out.

    :raises StaleDeclaration: it was saved by somebody else meanwhile.
    :raises NoDraft: it was handed in.
    :raises Invalid: more lines than a draft takes.
    """
    row, draft = open_draft(session, declaration_id=declaration_id, version=version, actor=actor)
    kept = [{code: value[:MAX_TEXT] for code, value in line.items()} for line in lines if any(line.values())]
    if len(kept) > MAX_LINES:
        too_many = FieldProblem(
            "lines", "too-many", N_("A draft takes at most %(most)s lines."), {"most": MAX_LINES}
        )
        raise Invalid(errors=[too_many])
    stored = texts_of(session, draft.id)
    if kept == list(stored):
        return row
    write_lines(session, row, draft, kept, fresh=not stored)
    touch(session, row, actor=actor, now=now, what=["lines"])
    return row


def change_type(
    session: Session, *, declaration_id: UUID, version: int, movement: str, type_code: str, actor: Actor, now: datetime
) -> Declaration:  # fmt: skip
    """
    Choose another movement or type code while nothing is registered.

    :raises NoDraft: it was handed in, or is an amendment, whose type code is fixed.
    """
    row, draft = open_draft(session, declaration_id=declaration_id, version=version, actor=actor)
    if draft.kind == "AMENDMENT":
        raise NoDraft
    _require_kind(Opening(row.id, row.party_id, movement, type_code))
    row.movement, row.type_code = movement, type_code
    row.direction = catalogue.type_codes()[type_code].direction
    touch(session, row, actor=actor, now=now, what=["type_code"])
    return row


def discard(session: Session, *, declaration_id: UUID, actor: Actor, now: datetime) -> Declaration:
    """
    Give up a draft, or one that customs refused. It stays in the list as cancelled.

    :raises StepImpossible: customs has it already.
    """
    row = locked(session, declaration_id, actor)
    reached = take(State(row.state), Step.DISCARD).to
    source, row.state = row.state, reached.value
    row.version, row.updated_at = row.version + 1, now
    note(session, "discard", row, actor, now)
    moved = DeclarationMoved(declaration_id=row.id, code=row.code, source=source, target=row.state)
    publish(session, moved, actor=actor, at=now, party_id=row.party_id)
    return row


def rework(session: Session, *, declaration_id: UUID, actor: Actor, now: datetime) -> Declaration:
    """
    Begin a corrected revision of a declaration that customs refused; the refused one stays as it was.

    :raises StepImpossible: it was not refused.
    """
    row = locked(session, declaration_id, actor)
    if row.state == State.DRAFT:
        return row
    reached = take(State(row.state), Step.REWORK).to
    old = head(session, row)
    new = Revision(
        id=uuid7(), party_id=row.party_id, declaration_id=row.id, number=old.number + 1, kind="CORRECTED",
        state="DRAFT", header=dict(old.header), created_at=now, created_by=actor.user_id,
    )  # fmt: skip
    session.add(new)
    session.flush()  # the lines refer to it
    write_lines(session, row, new, texts_of(session, old.id))
    source, row.state, row.head = row.state, reached.value, new.number
    row.version, row.updated_at = row.version + 1, now
    note(session, "rework", row, actor, now)
    moved = DeclarationMoved(declaration_id=row.id, code=row.code, source=source, target=row.state)
    publish(session, moved, actor=actor, at=now, party_id=row.party_id)
    return row


def locked(session: Session, declaration_id: UUID, actor: Actor) -> Declaration:
    """
    Take a declaration for this transaction.

    :raises NotFound: no such declaration for this actor.
    :raises Forbidden: the actor may not declare for the firm.
    """
    row = reading.locked(session, declaration_id)
    require(actor, FILE, party_id=row.party_id)
    return row


def open_draft(
    session: Session, *, declaration_id: UUID, version: int, actor: Actor
) -> tuple[Declaration, Revision]:
    """
    Take a declaration whose content may be edited: a draft, or a prepared amendment.

    :raises StaleDeclaration: the page is older than what is saved.
    :raises NoDraft: there is nothing to edit.
    """
    row = locked(session, declaration_id, actor)
    draft = head(session, row) if row.state == State.DRAFT else pending(session, row)
    if draft is None or draft.state != "DRAFT":
        raise NoDraft
    if row.version != version:
        raise StaleDeclaration
    return row, draft


def write_lines(
    session: Session,
    row: Declaration,
    draft: Revision,
    lines: Sequence[Mapping[str, str]],
    *,
    fresh: bool = False,
) -> None:
    """
    Put lines in the place of those that a draft has.

    :param fresh: the draft, which this transaction has locked, has none.
    """
    if not fresh:
        session.execute(delete(Line).where(Line.revision_id == draft.id))
    if lines:
        own = {"party_id": str(row.party_id), "revision_id": str(draft.id)}
        rows = [
            {"id": str(uuid7()), **own, "number": place, **to_columns(line)}
            for place, line in enumerate(lines, 1)
        ]
        session.execute(_WRITE_LINES, {"rows": json.dumps(rows, default=str)})
    if draft.number == row.head or draft.number == row.head + 1:
        row.line_count = len(lines)
        row.summary = next((line["description"] for line in lines if line.get("description")), "")[:SUMMARY]


def touch(session: Session, row: Declaration, *, actor: Actor, now: datetime, what: Sequence[str]) -> None:
    """Note that the content was saved."""
    row.version, row.updated_at = row.version + 1, now
    note(session, "save", row, actor, now, fields=list(what))
    changed = DeclarationChanged(declaration_id=row.id, code=row.code)
    publish(session, changed, actor=actor, at=now, party_id=row.party_id)


def note(
    session: Session,
    verb: str,
    row: Declaration,
    actor: Actor,
    now: datetime,
    **facts: str | int | Sequence[str],
) -> None:
    """Write a step of a declaration into the evidence log."""
    record(
        session, f"customs:declaration:{verb}", subject=Subject("declaration", row.id), actor=actor, at=now,
        party_id=row.party_id, facts={"code": row.code, **facts},
    )  # fmt: skip


def _require_firm(session: Session, actor: Actor, party_id: UUID) -> None:
    require(actor, FILE, party_id=party_id)
    party = session.get(Party, party_id)
    if party is None or party.kind is not PartyKind.ENTERPRISE:
        raise Invalid(errors=[FieldProblem("party_id", "missing", FIRM_MISSING)])


def _require_kind(opening: Opening) -> None:
    problems = []
    if opening.movement not in catalogue.movements():
        problems.append(FieldProblem("movement", "missing", N_("Choose from where to where the goods go.")))
    elif opening.type_code not in {each.code for each in catalogue.possible(opening.movement)}:
        problems.append(
            FieldProblem("type_code", "missing", N_("Choose a type code that fits this movement."))
        )
    if problems:
        raise Invalid(errors=problems)


def _repeated(session: Session, opening: Opening) -> dict[str, str]:
    """Return what the firm's last declaration of the same direction says of firm, office and habits."""
    direction = catalogue.type_codes()[opening.type_code].direction
    last = session.scalars(
        select(Revision)
        .join(
            Declaration, (Declaration.id == Revision.declaration_id) & (Declaration.head == Revision.number)
        )
        .where(Declaration.party_id == opening.party_id, Declaration.direction == direction)
        .order_by(Declaration.updated_at.desc(), Declaration.id.desc())
        .limit(1)
    ).one_or_none()
    kept = ("IMA", "IMT", "CH", "CHB", "IVP", "IP3", "NOT", "GWT", "MTC")
    return {code: last.header[code] for code in kept if last.header.get(code)} if last is not None else {}


def add_draft(
    session: Session, opening: Opening, direction: str, header: Mapping[str, str], *, actor: Actor, now: datetime,
    zone: ZoneInfo,
) -> Declaration:  # fmt: skip
    """Make the rows of a new draft; the caller has decided who may."""
    number = session.execute(text("select nextval('customs_declaration_number')")).scalar_one()
    row = Declaration(
        id=opening.declaration_id, party_id=opening.party_id,
        code=format_code(PREFIX, local_day(now, zone).year, number), direction=direction, movement=opening.movement,
        type_code=opening.type_code, origin="OURS", state=State.DRAFT.value, head=0,
        agent_party_id=_agent(session, actor, opening.party_id), branch_number=1, branches=1, summary="",
        line_count=0, own_reference="", created_at=now, created_by=actor.user_id, updated_at=now, version=1,
    )  # fmt: skip
    session.add(row)
    session.flush()  # the revision refers to it
    session.add(
        Revision(
            id=uuid7(), party_id=row.party_id, declaration_id=row.id, number=0, kind="FIRST", state="DRAFT",
            header={code: value for code, value in header.items() if value}, created_at=now, created_by=actor.user_id,
        )
    )  # fmt: skip
    session.flush()  # what is saved next is looked up
    note(session, "open", row, actor, now, type=row.type_code, movement=row.movement)
    opened = DeclarationOpened(declaration_id=row.id, code=row.code)
    publish(session, opened, actor=actor, at=now, party_id=row.party_id)
    return row


def _agent(session: Session, actor: Actor, party_id: UUID) -> UUID | None:
    """Return the broker's own party where he acts by a delegation, None for the firm's own people."""
    homes = set(
        session.scalars(
            select(Membership.party_id).where(
                Membership.user_id == actor.user_id, Membership.party_id.in_(actor.party_ids)
            )
        )
    )
    if party_id in homes:
        return None
    enterprises = select(Party.id).where(Party.id.in_(homes), Party.kind == PartyKind.ENTERPRISE)
    return session.scalars(enterprises.order_by(Party.id).limit(1)).one_or_none()
