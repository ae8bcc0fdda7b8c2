"""What the person does with a claim, and what the enterprise says that is asked."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.auth.membership import CUSTOMER_ROLES
from app.core.auth.permissions import JOIN, MEMBER_MANAGE, require
from app.core.documents import service as documents
from app.core.documents.intake import MediaType
from app.core.documents.models import Document
from app.core.documents.store import StoredFile
from app.core.errors import Conflict, FieldProblem, Invalid, NotFound
from app.core.evidence import Subject, record
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.taxcode import InvalidTaxCode, TaxCodeKind, parse_tax_code
from app.core.kit.text import nfc
from app.core.outbox import publish
from app.registry.claims.domain import (
    OPEN_STATES,
    SUBJECT,
    WITHDRAWABLE,
    ClaimKind,
    ClaimState,
    Paper,
    ReferralState,
    Standing,
    needed_papers,
    offered_papers,
)
from app.registry.claims.events import ClaimAnswered, ClaimSubmitted, ReferralAnswered
from app.registry.claims.models import Claim, ClaimReferral
from app.registry.claims.queries import own_claim, papers_of

MAX_PAPERS = 10
MAX_OPEN = 10
_LONGEST_NAME = 300
_MISSING = N_("This question has no answer yet.")


class ClaimFaulty(Invalid):
    """What was typed is no claim; ``errors`` lists every fault."""

    code = "registry.claim-faulty"


class ClaimNotOpen(Conflict):
    """The claim is not with the person who would change it."""

    code = "registry.claim-not-open"
    title = "The claim cannot be changed now."
    detail = "It has been sent, answered or withdrawn meanwhile."
    hint = "Open the page again: it shows where the claim stands."


class PapersWanting(Invalid):
    """Papers without which a claim is not sent are not there."""

    code = "registry.papers-wanting"
    title = "Papers are missing."
    hint = "Upload them, then send the claim again."


class TooManyClaims(Conflict):
    """A person has more claims under way than anybody needs."""

    code = "registry.too-many-claims"
    title = "There are too many open claims."
    detail = "At most %(count)s claims of one person are under way at a time."
    hint = "Withdraw those that are not needed, or wait for the answers."


class TooManyPapers(Invalid):
    """A claim carries a few papers, not an archive."""

    code = "registry.too-many-papers"
    title = "There are too many papers."
    detail = "A claim carries at most %(count)s papers."
    hint = "Join pages to one file, or take a paper away first."


@dataclass(frozen=True, slots=True)
class Answers:
    """What a person says about the enterprise, as typed."""

    kind: str
    standing: str
    tax_code: str = ""
    name: str = ""
    country: str = ""
    takeover: bool = False
    for_party_id: UUID | None = None


def person_party(actor: Actor) -> UUID | None:
    """Return the party that a customer is as a person, ``None`` when there is none yet."""
    return next((grant.party_id for grant in actor.grants if "PERSON" in grant.roles), None)


def begin_claim(
    session: Session,
    *,
    claim_id: UUID,
    answers: Answers,
    countries: Collection[str],
    actor: Actor,
    now: datetime,
) -> Claim:
    """
    Note a claim that is not sent yet; the same key twice gives the same claim (tenant).

    :param countries: codes of countries that may be chosen.
    :raises ClaimFaulty, TooManyClaims:
    :raises Forbidden: the actor is nobody who joins.
    """
    party_id = person_party(actor)
    require(actor, JOIN, party_id=party_id)
    assert party_id is not None
    assert actor.user_id is not None
    known = session.get(Claim, claim_id)
    if known is not None:
        return known
    open_now = session.scalars(
        select(Claim.id).where(
            Claim.party_id == party_id, Claim.state.in_([each.value for each in WITHDRAWABLE])
        )
    ).all()
    if len(open_now) >= MAX_OPEN:
        raise TooManyClaims(count=MAX_OPEN)
    claim = Claim(
        id=claim_id, party_id=party_id, user_id=actor.user_id, state=ClaimState.DRAFT.value, revision=1,
        created_at=now, reasons=[], note="", **_read(answers, countries, actor),
    )  # fmt: skip
    session.add(claim)
    _record(session, "begin", claim, actor=actor, now=now)
    return claim


def change_claim(
    session: Session,
    claim_id: UUID,
    *,
    answers: Answers,
    countries: Collection[str],
    actor: Actor,
    now: datetime,
) -> Claim:
    """
    Change the answers of a claim that is with the person.

    :raises ClaimFaulty, ClaimNotOpen, NotFound:
    """
    claim = own_claim(session, claim_id, actor, lock=True)
    _refuse_closed(claim)
    for name, value in _read(answers, countries, actor).items():
        setattr(claim, name, value)
    claim.revision += 1
    _record(session, "change", claim, actor=actor, now=now)
    return claim


def add_paper(
    session: Session,
    claim_id: UUID,
    *,
    kind: str,
    file: StoredFile,
    media_type: MediaType,
    name: str,
    actor: Actor,
    now: datetime,
) -> Document:
    """
    Put a paper to a claim; the file was received and inspected before.

    :raises ClaimFaulty: no kind of paper was chosen.
    :raises ClaimNotOpen, NotFound, TooManyPapers:
    """
    claim = own_claim(session, claim_id, actor, lock=True)
    _refuse_closed(claim)
    if kind not in offered_papers(ClaimKind(claim.kind), Standing(claim.standing)):
        raise ClaimFaulty(errors=[FieldProblem("paper", "missing", N_("Say what kind of paper it is."))])
    if len(papers_of(session, claim.id)) >= MAX_PAPERS:
        raise TooManyPapers(
            errors=[FieldProblem("file", TooManyPapers.code, TooManyPapers.detail, {"count": MAX_PAPERS})]
        )
    return documents.add_document(
        session, file=file, media_type=media_type, title=name, kind=kind, party_id=claim.party_id,
        subject=Subject(SUBJECT, claim.id), actor=actor, now=now,
    )  # fmt: skip


def remove_paper(session: Session, claim_id: UUID, *, document_id: UUID, actor: Actor, now: datetime) -> None:
    """
    Take a paper from a claim.

    :raises ClaimNotOpen, NotFound:
    """
    claim = own_claim(session, claim_id, actor, lock=True)
    _refuse_closed(claim)
    if document_id not in {each.id for each in papers_of(session, claim.id)}:
        raise NotFound
    documents.withdraw_document(session, document_id=document_id, actor=actor, now=now)


def submit_claim(session: Session, claim_id: UUID, *, actor: Actor, now: datetime) -> Claim:
    """
    Send a claim to the desk; what was sent already stays sent.

    :raises PapersWanting: with every paper that lacks.
    :raises ClaimNotOpen, NotFound:
    """
    claim = own_claim(session, claim_id, actor, lock=True)
    if claim.state == ClaimState.SUBMITTED:
        return claim
    _refuse_closed(claim)
    there = {each.kind for each in papers_of(session, claim.id)}
    wanting = [
        each for each in needed_papers(ClaimKind(claim.kind), Standing(claim.standing)) if each not in there
    ]
    if wanting:
        raise PapersWanting(errors=[_wanting(each) for each in wanting])
    claim.state, claim.submitted_at = ClaimState.SUBMITTED.value, now
    claim.revision += 1
    _record(session, "submit", claim, actor=actor, now=now)
    publish(session, ClaimSubmitted(claim.id), actor=actor, at=now, party_id=claim.party_id)
    return claim


def withdraw_claim(session: Session, claim_id: UUID, *, actor: Actor, now: datetime) -> Claim:
    """
    Take a claim back before it is answered for good.

    :raises ClaimNotOpen, NotFound:
    """
    claim = own_claim(session, claim_id, actor, lock=True)
    if claim.state == ClaimState.WITHDRAWN:
        return claim
    if claim.state not in WITHDRAWABLE:
        raise ClaimNotOpen
    claim.state = ClaimState.WITHDRAWN.value
    claim.revision += 1
    _record(session, "withdraw", claim, actor=actor, now=now)
    publish(session, ClaimAnswered(claim.id, claim.state), actor=actor, at=now, party_id=claim.party_id)
    return claim


def answer_referral(
    session: Session, referral_id: UUID, *, roles: Collection[str], actor: Actor, now: datetime
) -> ClaimReferral:
    """
    Say for the own enterprise whether a person belongs to it: with roles, or without any to decline (tenant).

    Who takes over from somebody who has left is confirmed by the desk only; the enterprise may object.

    :raises ClaimFaulty: a role that an enterprise cannot give, or an admission that is for the desk.
    :raises ClaimNotOpen: it is answered already.
    :raises NotFound: not the actor's enterprise.
    """
    referral = session.get(ClaimReferral, referral_id, with_for_update=True, populate_existing=True)
    if referral is None or not actor.may(MEMBER_MANAGE, referral.party_id):
        raise NotFound
    if referral.state != ReferralState.OPEN:
        raise ClaimNotOpen
    if set(roles) - set(CUSTOMER_ROLES) or (roles and referral.takeover):
        raise ClaimFaulty(errors=[FieldProblem("roles", "unfit", N_("Choose at least one role."))])
    referral.state = (ReferralState.ADMITTED if roles else ReferralState.DECLINED).value
    referral.roles = sorted(set(roles))
    referral.answered_at, referral.answered_by = now, actor.user_id
    record(
        session, "registry:referral:answer", subject=Subject("referral", referral.id), actor=actor, at=now,
        party_id=referral.party_id, facts={"state": referral.state, "roles": referral.roles},
    )  # fmt: skip
    publish(session, ReferralAnswered(referral.id), actor=actor, at=now, party_id=referral.party_id)
    return referral


def _read(answers: Answers, countries: Collection[str], actor: Actor) -> dict[str, object]:
    """Return the columns that the answers give, or every fault of them."""
    problems: list[FieldProblem] = []
    if answers.kind not in list(ClaimKind):
        problems.append(FieldProblem("kind", "missing", _MISSING))
    if answers.standing not in list(Standing):
        problems.append(FieldProblem("standing", "missing", _MISSING))
    name = nfc(" ".join(answers.name.split()))
    if not 0 < len(name) <= _LONGEST_NAME:
        problems.append(
            FieldProblem(
                "name", "unfit", N_("Write the name in at most %(count)s letters."), {"count": _LONGEST_NAME}
            )
            if name
            else FieldProblem("name", "missing", _MISSING)
        )
    not_founded = answers.kind == ClaimKind.NOT_FOUNDED
    if not_founded and answers.country not in countries:
        problems.append(FieldProblem("country", "missing", _MISSING))
    tax_code = None if not_founded else _tax_code(answers.tax_code, problems)
    for_party = answers.for_party_id if answers.kind == ClaimKind.FOUNDED else None
    if answers.kind == ClaimKind.FOUNDED and (for_party is None or not actor.may(MEMBER_MANAGE, for_party)):
        problems.append(FieldProblem("for_party", "missing", N_("Say which enterprise has been founded.")))
    if problems:
        raise ClaimFaulty(errors=problems)
    return {
        "kind": answers.kind,
        "standing": answers.standing,
        "takeover": answers.takeover and answers.kind == ClaimKind.EXISTING,
        "tax_code": tax_code,
        "name": name,
        "country": answers.country if not_founded else None,
        "for_party_id": for_party,
    }


_TAX_FAULTS = {
    "empty": _MISSING,
    "characters": N_("A tax code has digits only, and one dash before a branch number."),
    "length": N_("A tax code has 10 digits, or 13 for a branch. Count the digits again."),
    "serial": N_("This cannot be a tax code. Compare every digit."),
    "check": N_("The last of the ten digits does not fit: a digit is mistyped. Compare every digit."),
    "branch": N_("Branch numbers run from 001 to 999."),
}
_PERSONAL = N_("This is the number of a person. Write the tax code of the enterprise.")


def _tax_code(typed: str, problems: list[FieldProblem]) -> str | None:
    try:
        found = parse_tax_code(typed)
    except InvalidTaxCode as fault:
        problems.append(FieldProblem("tax_code", fault.reason, _TAX_FAULTS[fault.reason]))
        return None
    if found.kind is TaxCodeKind.PERSONAL:
        problems.append(FieldProblem("tax_code", "personal", _PERSONAL))
        return None
    return found.value


def _wanting(paper: Paper) -> FieldProblem:
    return FieldProblem(f"paper-{paper.value}", "missing", _WANTING[paper])


_WANTING = {
    Paper.IDENTITY: N_("Upload the passport or identity card."),
    Paper.POWER_OF_ATTORNEY: N_("Upload the power of attorney."),
    Paper.FOUNDING: N_("Upload the enterprise registration certificate."),
}


def _refuse_closed(claim: Claim) -> None:
    if claim.state not in OPEN_STATES:
        raise ClaimNotOpen


def _record(session: Session, verb: str, claim: Claim, *, actor: Actor, now: datetime) -> None:
    record(
        session, f"registry:claim:{verb}", subject=Subject(SUBJECT, claim.id), actor=actor, at=now,
        party_id=claim.party_id, facts={"kind": claim.kind, "standing": claim.standing, "takeover": claim.takeover},
        digests={"name": claim.name} | ({"tax_code": claim.tax_code} if claim.tax_code else {}),
    )  # fmt: skip
