"""What the desk decides about a claim, and what follows from the word of the enterprise (role ftz_officer)."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.core.auth.membership import (
    ADMINISTRATOR,
    CUSTOMER_ROLES,
    administrators_of,
    admit,
    replace_administrators,
)
from app.core.auth.models import Party, User
from app.core.auth.permissions import require
from app.core.errors import Conflict, FieldProblem, NotFound
from app.core.evidence import Subject, record
from app.core.i18n import N_
from app.core.kit.actor import SYSTEM, Actor
from app.core.kit.ids import uuid7
from app.core.kit.text import nfc
from app.core.outbox import publish
from app.registry.claims.domain import REASONS, SUBJECT, ClaimKind, ClaimState, ReferralState
from app.registry.claims.events import ClaimAnswered
from app.registry.claims.models import Claim, ClaimReferral
from app.registry.claims.permissions import DECIDE
from app.registry.claims.queries import known_enterprise
from app.registry.claims.service.claiming import ClaimFaulty
from app.registry.domain import HOME, EnterpriseKind, Source
from app.registry.models import Enterprise
from app.registry.service.enterprises import add_change, refuse_taken, register_enterprise

_LONGEST_NOTE = 2000


class StaleClaim(Conflict):
    """The claim has moved since the page was opened."""

    code = "registry.claim-stale"
    title = "The claim has changed meanwhile."
    detail = "It was withdrawn, sent anew or answered since this page was opened. Nothing was done."
    hint = "Look at the claim as it is now, then decide again."


def confirm_claim(
    session: Session,
    claim_id: UUID,
    *,
    revision: int,
    roles: Collection[str],
    replace: bool,
    kind: EnterpriseKind,
    actor: Actor,
    now: datetime,
) -> Claim:
    """
    Confirm who acts for the enterprise: it is entered where it is new, and the person gets roles in it.

    :param revision: of the page on which the officer decided.
    :param replace: the administrators before end now, with their sessions: the representative has left.
    :param kind: of the enterprise, where it is entered now.
    :raises Forbidden, NotFound, StaleClaim, ClaimFaulty, TaxCodeTaken:
    """
    claim = _waiting(session, claim_id, revision, actor)
    if not roles or set(roles) - set(CUSTOMER_ROLES):
        raise ClaimFaulty(errors=[FieldProblem("roles", "missing", N_("Choose at least one role."))])
    if replace and ADMINISTRATOR not in roles:
        reason = N_("Who takes over the administration needs the role of an administrator.")
        raise ClaimFaulty(errors=[FieldProblem("roles", "unfit", reason)])
    party_id = _enterprise(session, claim, kind, actor=actor, now=now)
    replaced: list[UUID] = []
    if claim.kind != ClaimKind.FOUNDED:
        if replace:
            replaced = replace_administrators(
                session, party_id, by=claim.user_id, need=DECIDE, actor=actor, now=now
            )
        admit(
            session, party_id=party_id, user_id=claim.user_id, roles=roles, need=DECIDE, actor=actor, now=now
        )
    claim.enterprise_party_id = party_id
    _answer(session, claim, ClaimState.CONFIRMED, actor=actor, now=now, roles=roles, replaced=tuple(replaced))
    return claim


def return_claim(
    session: Session,
    claim_id: UUID,
    *,
    revision: int,
    reasons: Collection[str],
    note: str,
    actor: Actor,
    now: datetime,
) -> Claim:
    """
    Give a claim back to be mended and sent again.

    :raises Forbidden, NotFound, StaleClaim, ClaimFaulty:
    """
    claim = _waiting(session, claim_id, revision, actor)
    _answer(session, claim, ClaimState.RETURNED, actor=actor, now=now, reasons=reasons, note=note)
    return claim


def refuse_claim(
    session: Session,
    claim_id: UUID,
    *,
    revision: int,
    reasons: Collection[str],
    note: str,
    actor: Actor,
    now: datetime,
) -> Claim:
    """
    Refuse a claim for good; a new one may be made.

    :raises Forbidden, NotFound, StaleClaim, ClaimFaulty:
    """
    claim = _waiting(session, claim_id, revision, actor)
    _answer(session, claim, ClaimState.REFUSED, actor=actor, now=now, reasons=reasons, note=note)
    return claim


def refer(session: Session, claim: Claim, *, now: datetime) -> ClaimReferral | None:
    """Ask the enterprise's own administrators, where the zone knows the enterprise and it has any."""
    card = known_enterprise(session, claim) if claim.kind == ClaimKind.EXISTING else None
    if card is None:
        return None
    others = [
        each for each in administrators_of(session, card.party_id, at=now) if each.user_id != claim.user_id
    ]
    if not others:
        return None
    close_referrals(session, claim.id)
    person = session.execute(
        User.__table__.select().with_only_columns(User.full_name, User.login).where(User.id == claim.user_id)
    ).one()
    referral = ClaimReferral(
        id=uuid7(), party_id=card.party_id, claim_id=claim.id, claimant=person.full_name, login=person.login,
        standing=claim.standing, takeover=claim.takeover, state=ReferralState.OPEN.value, roles=[],
        created_at=now,
    )  # fmt: skip
    session.add(referral)
    # Whoever is told of it opens the row.
    session.flush()
    return referral


def admit_by_word(session: Session, referral_id: UUID, *, now: datetime) -> None:
    """
    Confirm a claim because an administrator of the enterprise has admitted the person; late words change nothing.

    Runs as the platform itself. The administrator's right is looked at again: it may have ended meanwhile.
    """
    referral = session.get(ClaimReferral, referral_id, with_for_update=True, populate_existing=True)
    if referral is None or referral.state != ReferralState.ADMITTED or referral.takeover:
        return
    claim = session.get(Claim, referral.claim_id, with_for_update=True, populate_existing=True)
    still = {each.user_id for each in administrators_of(session, referral.party_id, at=now)}
    if claim is None or claim.state != ClaimState.SUBMITTED or referral.answered_by not in still:
        referral.state = ReferralState.CLOSED.value
        return
    admit(
        session, party_id=referral.party_id, user_id=claim.user_id, roles=referral.roles, need=DECIDE,
        actor=SYSTEM, now=now,
    )  # fmt: skip
    claim.enterprise_party_id = referral.party_id
    _answer(session, claim, ClaimState.CONFIRMED, actor=SYSTEM, now=now, roles=referral.roles)


def close_referrals(session: Session, claim_id: UUID) -> None:
    """Ask nobody any longer about a claim."""
    session.execute(
        update(ClaimReferral)
        .where(ClaimReferral.claim_id == claim_id, ClaimReferral.state == ReferralState.OPEN.value)
        .values(state=ReferralState.CLOSED.value),
        execution_options={"synchronize_session": False},
    )


def _waiting(session: Session, claim_id: UUID, revision: int, actor: Actor) -> Claim:
    require(actor, DECIDE)
    claim = session.get(Claim, claim_id, with_for_update=True, populate_existing=True)
    if claim is None or claim.submitted_at is None:
        raise NotFound
    if claim.state != ClaimState.SUBMITTED or claim.revision != revision:
        raise StaleClaim
    return claim


def _enterprise(session: Session, claim: Claim, kind: EnterpriseKind, *, actor: Actor, now: datetime) -> UUID:
    """Return the party of the enterprise that a claim means; it is entered, or gets its tax code, where that is due."""
    known = known_enterprise(session, claim)
    reason = f"claim {claim.id}"
    if claim.kind == ClaimKind.FOUNDED and known is not None:
        return _found(session, claim, reason, actor=actor, now=now)
    if known is not None:
        return known.party_id
    abroad = claim.country is not None and claim.country != HOME
    return register_enterprise(
        session, name_vi=claim.name, kind=EnterpriseKind.FOREIGN if abroad else kind, tax_code=claim.tax_code,
        country=claim.country or HOME, source=Source.APPLICANT, party_id=claim.for_party_id, reason=reason,
        actor=actor, now=now, right=DECIDE,
    )  # fmt: skip


def _found(session: Session, claim: Claim, reason: str, *, actor: Actor, now: datetime) -> UUID:
    """Give an enterprise that has been founded meanwhile its tax code and registered name."""
    assert claim.for_party_id is not None
    enterprise = session.get(Enterprise, claim.for_party_id, with_for_update=True, populate_existing=True)
    party = session.get(Party, claim.for_party_id, with_for_update=True, populate_existing=True)
    if enterprise is None or party is None:
        raise NotFound
    refuse_taken(session, claim.tax_code, own=enterprise.party_id)
    kind = EnterpriseKind.FOREIGN_INVESTED if enterprise.kind is EnterpriseKind.FOREIGN else enterprise.kind
    new = {"tax_code": claim.tax_code, "name_vi": claim.name, "country": HOME, "kind": kind.value}
    changes = {name: [getattr(enterprise, name), value] for name, value in new.items()}
    enterprise.tax_code, enterprise.name_vi = claim.tax_code, claim.name
    enterprise.country, enterprise.kind = HOME, kind
    enterprise.revision += 1
    enterprise.updated_at = now
    party.name = claim.name
    add_change(session, enterprise, what="EDITED", values=changes, reason=reason, actor=actor, now=now)
    record(
        session, "registry:enterprise:found", subject=Subject("enterprise", enterprise.party_id), actor=actor,
        at=now, party_id=enterprise.party_id, facts={"claim": str(claim.id)},
    )  # fmt: skip
    return enterprise.party_id


def _answer(
    session: Session,
    claim: Claim,
    state: ClaimState,
    *,
    actor: Actor,
    now: datetime,
    reasons: Collection[str] = (),
    note: str = "",
    roles: Collection[str] = (),
    replaced: tuple[UUID, ...] = (),
) -> None:
    if state is not ClaimState.CONFIRMED:
        _refuse_unreasoned(reasons, note)
    claim.state, claim.answered_at, claim.answered_by = state.value, now, actor.user_id
    claim.reasons, claim.note = [code for code in REASONS if code in reasons], nfc(note).strip()
    claim.revision += 1
    close_referrals(session, claim.id)
    facts = {
        "state": state.value, "reasons": list(claim.reasons), "roles": sorted(roles),
        "replaced": [str(each) for each in replaced], "enterprise": str(claim.enterprise_party_id or ""),
    }  # fmt: skip
    record(
        session, "registry:claim:answer", subject=Subject(SUBJECT, claim.id), actor=actor, at=now,
        party_id=claim.party_id, facts=facts,
    )  # fmt: skip
    publish(
        session, ClaimAnswered(claim.id, state.value, replaced), actor=actor, at=now, party_id=claim.party_id
    )


def _refuse_unreasoned(reasons: Collection[str], note: str) -> None:
    problems = []
    if not set(reasons) & REASONS.keys():
        problems.append(FieldProblem("reasons", "missing", N_("Choose at least one reason.")))
    if "OTHER" in reasons and not note.strip():
        problems.append(FieldProblem("note", "missing", N_("Say in the note what the other reason is.")))
    if len(note) > _LONGEST_NOTE:
        problems.append(
            FieldProblem(
                "note", "too-long", N_("Use at most %(count)s characters."), {"count": _LONGEST_NOTE}
            )
        )
    if problems:
        raise ClaimFaulty(errors=problems)
