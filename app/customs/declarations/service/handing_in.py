"""
Handing a declaration in: checked a last time, priced, frozen, queued. Sending it is the gateway's business.

More lines than one declaration holds are split before: each branch is a declaration of its own, linked to the first.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.core.auth.permissions import require
from app.core.errors import Conflict, DomainError
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.outbox import publish
from app.core.payments import stop_for_debts
from app.customs.declarations.domain.lifecycle import State, Step, take
from app.customs.declarations.domain.rules import Finding
from app.customs.declarations.domain.splitting import branches
from app.customs.declarations.events import DeclarationHandedIn, DeclarationMoved
from app.customs.declarations.models import Declaration
from app.customs.declarations.permissions import SEND
from app.customs.declarations.queries.lines import texts_of
from app.customs.declarations.queries.reading import head
from app.customs.declarations.service import checking, drafting, pricing, products
from app.customs.declarations.service.drafting import Opening


class NotReady(DomainError):
    """The check found something that must be mended; ``findings`` lists all of it."""

    code = "declarations.not-ready"
    status = 422
    title = "The declaration is not ready to be sent."
    detail = "%(count)s points must be mended first."
    hint = "Mend what is listed; nothing that was typed is lost."

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__(count=len(self.findings))


class NothingToSplit(Conflict):
    """The lines fit into one declaration."""

    code = "declarations.nothing-to-split"
    title = "There is nothing to split."
    detail = "The lines fit into one declaration."
    hint = "Go on with the check."


def hand_in(
    session: Session, *, declaration_id: UUID, version: int, actor: Actor, now: datetime, zone: ZoneInfo
) -> Declaration:  # fmt: skip
    """
    Freeze the draft of a declaration with its pre-calculation and queue it for customs. Twice means once.

    :raises Forbidden: the actor may not send for the firm.
    :raises StepImpossible: it is on its way already, or further.
    :raises StaleDeclaration: it was changed after the check was shown.
    :raises NotReady: the check found something that must be mended.
    :raises DebtStopsRegistration: the firm owes taxes for longer than the law allows for new registrations.
    """
    row = drafting.locked(session, declaration_id, actor)
    require(actor, SEND, party_id=row.party_id)
    if row.state == State.QUEUED and row.version == version + 1:
        return row  # the same click, heard twice
    reached = take(State(row.state), Step.SEND).to
    if row.version != version:
        raise drafting.StaleDeclaration
    draft = head(session, row)
    content = checking.content_of(session, row, draft, now=now, zone=zone)
    checked = checking.check_content(session, draft, content)
    if checked.errors:
        raise NotReady(checked.errors)
    stop_for_debts(session, party_id=row.party_id, now=now, zone=zone)
    if checked.assessment is not None:
        pricing.keep(session, revision=draft, assessment=checked.assessment, known_at=now, now=now)
    products.remember(session, row=row, lines=content.lines, currency=content.head("IP3"), now=now)
    if row.branches > 1:
        draft.header = {**draft.header, **checking.links_of(session, row)}
    session.flush()  # the links are written before the header is frozen
    draft.state, draft.sent_at, draft.sent_by = "SENT", now, actor.user_id
    source, row.state = row.state, reached.value
    row.version, row.updated_at = row.version + 1, now
    session.flush()  # whoever hears the event finds it frozen
    total = str(checked.assessment.total) if checked.assessment else ""
    drafting.note(session, "hand-in", row, actor, now, revision=draft.number, total=total)
    handed_in = DeclarationHandedIn(declaration_id=row.id, revision_id=draft.id, code=row.code)
    publish(session, handed_in, actor=actor, at=now, party_id=row.party_id)
    moved = DeclarationMoved(declaration_id=row.id, code=row.code, source=source, target=row.state)
    publish(session, moved, actor=actor, at=now, party_id=row.party_id)
    return row


def split(
    session: Session, *, declaration_id: UUID, version: int, actor: Actor, now: datetime, zone: ZoneInfo
) -> Sequence[Declaration]:
    """
    Split a draft with too many lines into linked declarations, the first one being the draft itself.

    Header and invoice total are the same on each branch but the total, which is that of its lines; freight and
    insurance stay on the first, to be shared out by the declarant.

    :raises NothingToSplit: the lines fit.
    :raises StaleDeclaration: it was changed meanwhile.
    """
    row, draft = drafting.open_draft(session, declaration_id=declaration_id, version=version, actor=actor)
    limits = checking.content_of(session, row, draft, now=now, zone=zone).limits
    parts = branches(texts_of(session, draft.id), limits.lines)
    if len(parts) == 1 or draft.kind == "AMENDMENT":
        raise NothingToSplit
    made = [row]
    for part in parts[1:]:
        header = {code: text for code, text in draft.header.items() if code not in ("FR3", "IN3")}
        branch = drafting.add_draft(
            session, Opening(uuid7(), row.party_id, row.movement, row.type_code), row.direction,
            {**header, "IP4": checking.total_of(part)}, actor=actor, now=now, zone=zone,
        )  # fmt: skip
        branch.previous_id, branch.previous_kind = row.id, "SPLIT"
        drafting.write_lines(session, branch, head(session, branch), part)
        made.append(branch)
    for place, branch in enumerate(made, 1):
        branch.branch_number, branch.branches = place, len(made)
    drafting.write_lines(session, row, draft, parts[0])
    draft.header = {**draft.header, "IP4": checking.total_of(parts[0])}
    drafting.touch(session, row, actor=actor, now=now, what=["lines", "IP4"])
    return made
