"""What follows from a claim: officers and the enterprise are told, the person hears the answer."""

from datetime import datetime

from sqlalchemy.orm import Session

from app.core.auth.membership import ADMINISTRATOR
from app.core.auth.service import names_of
from app.core.i18n import N_
from app.core.kit.actor import SYSTEM, Actor
from app.core.notifications import Audience, Channel, Kind, Members, Officers, notify
from app.core.outbox import HandlerRegistry
from app.registry.claims.domain import ClaimState
from app.registry.claims.events import ClaimAnswered, ClaimSubmitted, ReferralAnswered
from app.registry.claims.models import Claim
from app.registry.claims.permissions import PERMISSIONS
from app.registry.claims.service import admit_by_word, close_referrals, refer

_BY_MAIL = frozenset({Channel.EMAIL})
_OWN = "/claims/{subject_id}"

KINDS = (
    Kind(
        "registry.claim.new",
        Audience.OFFICER,
        N_("Somebody asks to act for an enterprise"),
        N_("%(claimant)s asks to act for %(name)s"),
        N_("The papers wait at the desk for representatives."),
        "/desk/claims/{subject_id}",
    ),
    Kind(
        "registry.claim.referred",
        Audience.CUSTOMER,
        N_("Somebody asks to act for the own enterprise"),
        N_("%(claimant)s asks to act for %(name)s"),
        N_("Say whether this person belongs to the enterprise; otherwise the zone authority decides."),
        "/referrals",
        _BY_MAIL,
    ),
    Kind(
        "registry.claim.confirmed",
        Audience.CUSTOMER,
        N_("A request to act for an enterprise was confirmed"),
        N_("The request to act for %(name)s was confirmed"),
        N_("From now on this account acts for the enterprise."),
        _OWN,
        _BY_MAIL,
    ),
    Kind(
        "registry.claim.returned",
        Audience.CUSTOMER,
        N_("A request to act for an enterprise was returned"),
        N_("The request to act for %(name)s was returned"),
        N_("The reasons stand on its page. It can be mended and sent again."),
        _OWN,
        _BY_MAIL,
    ),
    Kind(
        "registry.claim.refused",
        Audience.CUSTOMER,
        N_("A request to act for an enterprise was refused"),
        N_("The request to act for %(name)s was refused"),
        N_("The reasons stand on its page."),
        _OWN,
        _BY_MAIL,
    ),
    Kind(
        "registry.administration.transferred",
        Audience.CUSTOMER,
        N_("The administration of the own enterprise was transferred"),
        N_("The administration of %(name)s was transferred"),
        N_("The zone authority has given it to %(claimant)s after looking at the papers."),
        "/my",
        _BY_MAIL,
    ),
)
_TOLD = {
    ClaimState.CONFIRMED: "registry.claim.confirmed",
    ClaimState.RETURNED: "registry.claim.returned",
    ClaimState.REFUSED: "registry.claim.refused",
}


def register(handlers: HandlerRegistry) -> None:
    """Add the reactions to claims."""

    @handlers.handles(ClaimSubmitted, name="registry.tell_of_claim", runs_as="system")
    def tell_of_claim(session: Session, event: ClaimSubmitted, *, actor: Actor, now: datetime) -> None:
        claim = session.get(Claim, event.claim_id)
        if claim is None or claim.state != ClaimState.SUBMITTED:
            return
        _tell_officers(session, claim, now)
        referral = refer(session, claim, now=now)
        if referral is not None:
            notify(
                session, recipients=[Members(referral.party_id, frozenset({ADMINISTRATOR}), "member")],
                kind="registry.claim.referred", subject=("referral", referral.id), party_id=referral.party_id,
                params={"claimant": referral.claimant, "name": claim.name}, actor=SYSTEM, now=now,
            )  # fmt: skip

    @handlers.handles(ClaimAnswered, name="registry.tell_claimant", runs_as="system")
    def tell_claimant(session: Session, event: ClaimAnswered, *, actor: Actor, now: datetime) -> None:
        claim = session.get(Claim, event.claim_id)
        if claim is None:
            return
        if event.state == ClaimState.WITHDRAWN:
            close_referrals(session, claim.id)
            return
        notify(
            session, recipients=[claim.user_id], kind=_TOLD[ClaimState(event.state)], subject=("claim", claim.id),
            party_id=claim.party_id, params={"name": claim.name}, actor=SYSTEM, now=now,
        )  # fmt: skip
        if event.replaced and claim.enterprise_party_id is not None:
            party_id = claim.enterprise_party_id
            people = Members(party_id, frozenset({ADMINISTRATOR, "FILER", "SIGNER"}), "member")
            notify(
                session, recipients=[*event.replaced, people], kind="registry.administration.transferred",
                subject=("party", party_id), party_id=party_id,
                params={"name": claim.name, "claimant": _name(session, claim)}, actor=SYSTEM, now=now,
            )  # fmt: skip

    @handlers.handles(ReferralAnswered, name="registry.take_word", runs_as="system")
    def take_word(session: Session, event: ReferralAnswered, *, actor: Actor, now: datetime) -> None:
        admit_by_word(session, event.referral_id, now=now)


def _tell_officers(session: Session, claim: Claim, now: datetime) -> None:
    # No office: whoever may decide is told, wherever in the zone they work.
    recipients = [Officers("", frozenset({"INTAKE"}) & PERMISSIONS[0].roles)]
    notify(
        session, recipients=recipients, kind="registry.claim.new", subject=("claim", claim.id),
        party_id=claim.party_id, params={"name": claim.name, "claimant": _name(session, claim)}, actor=SYSTEM,
        now=now,
    )  # fmt: skip


def _name(session: Session, claim: Claim) -> str:
    return names_of(session, [claim.user_id])[claim.user_id]
