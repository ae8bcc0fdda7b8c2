"""
Amending what is registered: prepared as a revision of its own, compared, priced anew, sent; customs alone accepts it.

The tax of an amendment is computed by law, rates and exchange of the day of registration, as the declaration's own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.auth.permissions import require
from app.core.errors import Conflict, FieldProblem, Invalid
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.kit.text import nfc
from app.core.kit.time import local_day
from app.core.outbox import publish
from app.customs.declarations.domain.amendment import Change, changes, forbidden
from app.customs.declarations.domain.content import Content
from app.customs.declarations.domain.lifecycle import State, Step, take
from app.customs.declarations.events import DeclarationChanged, DeclarationHandedIn
from app.customs.declarations.models import Declaration, Revision
from app.customs.declarations.permissions import SEND
from app.customs.declarations.queries import reading
from app.customs.declarations.queries.lines import texts_of
from app.customs.declarations.service import asking, checking, drafting, pricing
from app.customs.declarations.service.handing_in import NotReady
from app.customs.declarations.service.outgoing import NoWayOut
from app.customs.tariff.facade import Assessment, from_record

MAX_REASON = 2000


class AmendmentWaits(Conflict):
    """One amendment is decided at a time."""

    code = "declarations.amendment-waits"
    title = "An amendment is with customs already."
    detail = "Customs has not answered it yet."
    hint = "Wait for the answer, then prepare the next amendment from what counts then."


class NoAmendment(Conflict):
    """Nothing is being prepared."""

    code = "declarations.no-amendment"
    title = "No amendment is being prepared."
    detail = "It was sent or dropped meanwhile."
    hint = "Look at the declaration again."


class NothingAmended(Invalid):
    """The amendment says what the declaration says."""

    code = "declarations.nothing-amended"
    title = "The amendment changes nothing."
    detail = "Every field and line is as in the declaration that counts."
    hint = "Change what is to be amended, or drop the amendment."


class FieldNotAmendable(Invalid):
    """Fields were changed that no amendment may change; ``errors`` names each."""

    code = "declarations.field-not-amendable"
    title = "Some of these fields may not be amended."
    detail = "Once a declaration is registered they stay as they are."
    hint = "Put them back; where one of them is wrong, ask for cancellation and declare anew."


@dataclass(frozen=True, slots=True)
class Comparison:
    """
    An amendment beside what counts: each difference, what is forbidden, and the taxes of both.

    ``old_lines`` and ``new_lines`` are the goods lines of both as texts; a line beyond the end of one is new or gone.
    """

    row: Declaration
    draft: Revision
    old_lines: Sequence[Mapping[str, str]]
    new_lines: Sequence[Mapping[str, str]]
    changes: Sequence[Change]
    forbidden: Sequence[Change]
    before: Assessment | None
    after: Assessment | None


def begin(session: Session, *, declaration_id: UUID, actor: Actor, now: datetime) -> Revision:
    """
    Begin an amendment from what counts; one that is being prepared already is returned.

    :raises StepImpossible: not in this state; it lists what is possible.
    :raises NoWayOut: the declaration was made elsewhere.
    :raises AmendmentWaits: customs has one and has not answered.
    """
    row = drafting.locked(session, declaration_id, actor)
    take(State(row.state), Step.AMEND)
    if row.origin != "OURS":
        raise NoWayOut
    under_way = reading.pending(session, row)
    if under_way is not None:
        if under_way.state == "DRAFT":
            return under_way
        raise AmendmentWaits
    old = reading.head(session, row)
    last = session.scalar(select(func.max(Revision.number)).where(Revision.declaration_id == row.id)) or 0
    new = Revision(
        id=uuid7(), party_id=row.party_id, declaration_id=row.id, number=last + 1, kind="AMENDMENT", state="DRAFT",
        header=dict(old.header), created_at=now, created_by=actor.user_id,
    )  # fmt: skip
    session.add(new)
    session.flush()  # the lines refer to it
    drafting.write_lines(session, row, new, texts_of(session, old.id))
    _touched(session, row, "begin-amendment", actor, now)
    return new


def compare(
    session: Session, *, row: Declaration, draft: Revision, now: datetime, zone: ZoneInfo
) -> Comparison:
    """Lay an amendment beside the revision that counts, with the taxes of both by the law of the registration day."""
    old = reading.head(session, row)
    content = _content(session, row, draft, now, zone)
    kept = reading.assessment(session, old.id, pricing.PRECALCULATED)
    before = (
        from_record(kept.content)
        if kept is not None
        else pricing.price(session, _content(session, row, old, now, zone))
    )
    lines = texts_of(session, old.id)
    found = changes(old.header, draft.header, lines, content.lines)
    after = pricing.price(session, content)
    return Comparison(row, draft, lines, content.lines, found, forbidden(found), before, after)


def hand_in(
    session: Session, *, declaration_id: UUID, version: int, reason: str, actor: Actor, now: datetime, zone: ZoneInfo
) -> Revision:  # fmt: skip
    """
    Freeze a prepared amendment with its reason and queue it for customs.

    :raises Forbidden: the actor may not send for the firm.
    :raises StepImpossible: not in this state.
    :raises NoAmendment, StaleDeclaration: it was sent, dropped or changed meanwhile.
    :raises Invalid: no reason.
    :raises NothingAmended, FieldNotAmendable, NotReady: what is to be mended first.
    """
    row = drafting.locked(session, declaration_id, actor)
    require(actor, SEND, party_id=row.party_id)
    take(State(row.state), Step.AMEND)
    draft = _prepared(session, row)
    if row.version != version:
        raise drafting.StaleDeclaration
    words = nfc(reason).strip()
    if not words or len(words) > MAX_REASON:
        problem = N_("Say why it is amended, in at most %(limit)s characters; customs reads it.")
        raise Invalid(errors=[FieldProblem("reason", "missing", problem, {"limit": MAX_REASON})])
    found = compare(session, row=row, draft=draft, now=now, zone=zone)
    _require_lawful(found)
    checked = checking.check_content(session, draft, _content(session, row, draft, now, zone))
    if checked.errors:
        raise NotReady(checked.errors)
    if checked.assessment is not None:
        pricing.keep(session, revision=draft, assessment=checked.assessment, known_at=now, now=now)
    draft.reason, draft.state, draft.sent_at, draft.sent_by = words, "SENT", now, actor.user_id
    row.version, row.updated_at = row.version + 1, now
    session.flush()  # whoever hears the event finds it frozen
    drafting.note(
        session, "hand-in-amendment", row, actor, now, revision=draft.number, changes=len(found.changes)
    )
    handed_in = DeclarationHandedIn(declaration_id=row.id, revision_id=draft.id, code=row.code)
    publish(session, handed_in, actor=actor, at=now, party_id=row.party_id)
    return draft


def drop(session: Session, *, declaration_id: UUID, actor: Actor, now: datetime) -> Declaration:
    """
    Give up an amendment that was not sent; the declaration stays as it counts.

    :raises NoAmendment: there is none.
    """
    row = drafting.locked(session, declaration_id, actor)
    draft = _prepared(session, row)
    draft.state = "DROPPED"
    old = texts_of(session, reading.head(session, row).id)
    row.line_count = len(old)
    row.summary = next((line["description"] for line in old if line.get("description")), "")[:200]
    _touched(session, row, "drop-amendment", actor, now)
    return row


def ask_cancellation(
    session: Session, *, declaration_id: UUID, reason: str, actor: Actor, now: datetime
) -> UUID:
    """
    Ask customs to cancel; the declaration stays as it is until customs has said so.

    :raises NoWayOut: the declaration was made elsewhere.
    :raises StepImpossible, Forbidden, Invalid: as ``asking.ask_cancellation``.
    """
    row = drafting.locked(session, declaration_id, actor)
    if row.origin != "OURS":
        raise NoWayOut
    return asking.ask_cancellation(session, declaration_id=row.id, reason=reason, actor=actor, now=now)


def _require_lawful(found: Comparison) -> None:
    if found.forbidden:
        reason = N_("This field may not be amended once the declaration is registered: put it back.")
        raise FieldNotAmendable(
            errors=[FieldProblem(each.field, "not-amendable", reason) for each in found.forbidden]
        )
    if not found.changes:
        raise NothingAmended(errors=[FieldProblem("reason", NothingAmended.code, NothingAmended.detail)])


def _prepared(session: Session, row: Declaration) -> Revision:
    draft = reading.pending(session, row)
    if draft is None or draft.state != "DRAFT":
        raise NoAmendment
    return draft


def _content(
    session: Session, row: Declaration, revision: Revision, now: datetime, zone: ZoneInfo
) -> Content:
    content = checking.content_of(session, row, revision, now=now, zone=zone)
    return replace(content, today=local_day(row.registered_at or now, zone))


def _touched(session: Session, row: Declaration, verb: str, actor: Actor, now: datetime) -> None:
    row.version, row.updated_at = row.version + 1, now
    drafting.note(session, verb, row, actor, now)
    changed = DeclarationChanged(declaration_id=row.id, code=row.code)
    publish(session, changed, actor=actor, at=now, party_id=row.party_id)
