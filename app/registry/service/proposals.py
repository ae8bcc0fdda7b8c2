"""An enterprise proposes how it can be reached; an officer takes it over or says why not."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import outbox
from app.core.auth.permissions import require
from app.core.errors import Conflict, FieldProblem, NotFound
from app.core.evidence import Subject, record
from app.core.kit.actor import Actor
from app.core.kit.text import nfc
from app.registry.domain import LONGEST_TEXT, ProposalState, contact_problems, too_long
from app.registry.events import ContactDecided, ContactProposed
from app.registry.models import Enterprise, Proposal
from app.registry.permissions import MANAGE, PROPOSE
from app.registry.service.enterprises import EnterpriseInvalid
from app.registry.service.records import edit_enterprise

CONTACT = ("phone", "email", "website")


class ProposalOpen(Conflict):
    """The enterprise has proposed something that nobody has decided on yet."""

    code = "registry.proposal-open"
    title = "Your last proposal is still being looked at."
    detail = "The desk has not decided on it yet, so a second one cannot be sent."
    hint = "Wait for the answer, or take the open proposal back first."


class ProposalDecided(Conflict):
    """Somebody has decided on the proposal already."""

    code = "registry.proposal-decided"
    title = "This proposal has been decided on."
    detail = "Another officer was faster, or the enterprise has taken it back."
    hint = "The page shows what was decided."


def propose_contact(
    session: Session,
    *,
    proposal_id: UUID,
    party_id: UUID,
    values: Mapping[str, str],
    note: str,
    actor: Actor,
    now: datetime,
) -> UUID:
    """
    Propose new contact data of the own enterprise; the same proposal sent twice is one.

    :param values: ``phone``, ``email`` and ``website`` as they should be; empty ones are taken out.
    :raises Forbidden, NotFound: not the actor's enterprise.
    :raises ProposalOpen: the last one waits.
    :raises EnterpriseInvalid: a value does not fit, or nothing would change.
    """
    require(actor, PROPOSE, party_id=party_id)
    enterprise = session.get(Enterprise, party_id)
    if enterprise is None:
        raise NotFound
    known = session.get(Proposal, proposal_id)
    if known is not None:
        return known.id
    said = {name: nfc(values.get(name, "")).strip() for name in CONTACT}
    problems = list(contact_problems(**said))
    if len(note) > LONGEST_TEXT:
        problems.append(too_long("note", LONGEST_TEXT))
    changed = {
        name: text or None for name, text in said.items() if (text or None) != getattr(enterprise, name)
    }
    if not problems and not changed:
        problems.append(
            FieldProblem("phone", "same", "Nothing would change: everything is in the record already.")
        )
    if problems:
        raise EnterpriseInvalid(errors=problems)
    if open_proposal(session, party_id) is not None:
        raise ProposalOpen
    assert actor.user_id is not None, "who proposes has an account"
    session.add(
        Proposal(
            id=proposal_id, party_id=party_id, values=changed, note=nfc(note).strip(), state=ProposalState.OPEN,
            proposed_at=now, proposed_by=actor.user_id, answer="",
        )
    )  # fmt: skip
    record(
        session, "registry:contact:propose", subject=Subject("proposal", proposal_id), actor=actor, at=now,
        party_id=party_id, facts={"fields": sorted(changed)},
    )  # fmt: skip
    outbox.publish(session, ContactProposed(proposal_id, party_id), actor=actor, at=now, party_id=party_id)
    return proposal_id


def take_back(session: Session, *, proposal_id: UUID, party_id: UUID, actor: Actor, now: datetime) -> None:
    """
    Take the own proposal back.

    :raises Forbidden, NotFound: not the actor's.
    :raises ProposalDecided: it is no longer open.
    """
    require(actor, PROPOSE, party_id=party_id)
    proposal = _open(session, proposal_id, party_id)
    _close(proposal, ProposalState.WITHDRAWN, "", actor, now)
    record(
        session, "registry:contact:withdraw", subject=Subject("proposal", proposal_id), actor=actor, at=now,
        party_id=party_id,
    )  # fmt: skip


def decide(
    session: Session,
    *,
    proposal_id: UUID,
    party_id: UUID,
    accept: bool,
    revision: int,
    answer: str,
    actor: Actor,
    now: datetime,
) -> None:
    """
    Take a proposal over into the record, or refuse it with the reason.

    :param revision: of the record that the officer saw.
    :raises Forbidden, NotFound: the actor may not, or there is no such proposal of the enterprise.
    :raises ProposalDecided: somebody was faster.
    :raises StaleRecord: the record changed meanwhile.
    :raises EnterpriseInvalid: refused without a reason, or a value no longer fits.
    """
    require(actor, MANAGE)
    proposal = _open(session, proposal_id, party_id)
    said = nfc(answer).strip()
    if not accept and not said:
        raise EnterpriseInvalid(
            errors=[
                FieldProblem("answer", "required", "Tell the enterprise why its proposal is not taken over.")
            ]
        )
    if len(said) > LONGEST_TEXT:
        raise EnterpriseInvalid(errors=[too_long("answer", LONGEST_TEXT)])
    state = ProposalState.ACCEPTED if accept else ProposalState.REFUSED
    if accept:
        edit_enterprise(
            session, party_id=party_id, revision=revision, values=proposal.values, actor=actor, now=now,
            reason=proposal.note or f"proposal {proposal.proposed_at:%Y-%m-%d}",
        )  # fmt: skip
    _close(proposal, state, said, actor, now)
    record(
        session, "registry:contact:decide", subject=Subject("proposal", proposal_id), actor=actor, at=now,
        party_id=party_id, facts={"state": state.value},
    )  # fmt: skip
    event = ContactDecided(proposal_id, party_id, state.value)
    outbox.publish(session, event, actor=actor, at=now, party_id=party_id)


def open_proposal(session: Session, party_id: UUID) -> Proposal | None:
    """Return the proposal of an enterprise that waits for an answer."""
    return session.scalar(
        select(Proposal).where(Proposal.party_id == party_id, Proposal.state == ProposalState.OPEN)
    )


def _open(session: Session, proposal_id: UUID, party_id: UUID) -> Proposal:
    proposal = session.get(Proposal, proposal_id, with_for_update=True, populate_existing=True)
    if proposal is None or proposal.party_id != party_id:
        raise NotFound
    if proposal.state is not ProposalState.OPEN:
        raise ProposalDecided
    return proposal


def _close(proposal: Proposal, state: ProposalState, answer: str, actor: Actor, now: datetime) -> None:
    proposal.state = state
    proposal.answer = answer
    proposal.decided_at = now
    proposal.decided_by = actor.user_id
