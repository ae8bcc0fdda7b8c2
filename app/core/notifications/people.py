"""Who is told when the people of an enterprise, or those who act for it, change."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.auth.membership import ADMINISTRATOR
from app.core.auth.models import Party
from app.core.auth.roles import ROLES
from app.core.auth.service import names_of
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.notifications.channels import Channel
from app.core.notifications.kinds import Audience, Kind, KindBook
from app.core.notifications.recipients import Members, Recipient
from app.core.notifications.sending import notify
from app.core.outbox import DomainEvent, HandlerRegistry

_BY_MAIL = frozenset({Channel.EMAIL})
_ADMINISTRATORS = frozenset({ADMINISTRATOR})
_TOPIC = "member"


@dataclass(frozen=True, slots=True)
class PeopleChanged(DomainEvent):
    """
    A person came into an enterprise, got other roles there, or was removed.

    :ivar what: ``joined``, ``changed`` or ``removed``.
    """

    name: ClassVar[str] = "auth.people.changed"

    party_id: UUID
    user_id: UUID
    what: str
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DelegationChanged(DomainEvent):
    """
    An enterprise began or ceased to act for another.

    :ivar what: ``given`` or ``ended``.
    """

    name: ClassVar[str] = "auth.delegation.changed"

    party_id: UUID
    delegate_party_id: UUID
    what: str


def _kind(code: str, title: str, subject: str, text: str, path: str) -> Kind:
    return Kind(f"people.{code}", Audience.CUSTOMER, title, subject, text, path, _BY_MAIL)


KINDS = (
    _kind(
        "joined",
        N_("A person joined the own enterprise"),
        N_("%(person)s now acts for %(enterprise)s"),
        N_("Roles: %(roles)s."),
        "/members",
    ),
    _kind(
        "changed",
        N_("The own roles in an enterprise have changed"),
        N_("The roles in %(enterprise)s have changed"),
        N_("From now on: %(roles)s."),
        "/my",
    ),
    _kind(
        "removed",
        N_("The own membership in an enterprise has ended"),
        N_("The account no longer acts for %(enterprise)s"),
        N_("An administrator of the enterprise has ended it."),
        "/my",
    ),
    _kind(
        "delegation-given",
        N_("An enterprise acts for another by delegation"),
        N_("%(delegate)s now acts for %(enterprise)s"),
        N_("What it may do, and until when, stands under “Delegations”, where it can be ended at any time."),
        "/delegations",
    ),
    _kind(
        "delegation-ended",
        N_("A delegation has ended"),
        N_("%(delegate)s no longer acts for %(enterprise)s"),
        N_("The right ended at once, also in open sessions."),
        "/delegations",
    ),
)


def register(handlers: HandlerRegistry, kinds: KindBook) -> None:
    """Add the kinds of notices and the reactions that write them."""
    kinds.add(*KINDS)

    @handlers.handles(PeopleChanged, name="notifications.tell_of_people", runs_as="system")
    def tell_of_people(session: Session, event: PeopleChanged, *, actor: Actor, now: datetime) -> None:
        joined = event.what == "joined"
        people: list[Recipient] = (
            [Members(event.party_id, _ADMINISTRATORS, _TOPIC)] if joined else [event.user_id]
        )
        params: Mapping[str, Any] = {
            "person": names_of(session, [event.user_id]).get(event.user_id, ""),
            "enterprise": _name(session, event.party_id),
            "roles": _roles(event.roles),
        }
        notify(
            session, recipients=people, kind=f"people.{event.what}", subject=("user", event.user_id),
            party_id=event.party_id, params=params, actor=actor, now=now,
        )  # fmt: skip

    @handlers.handles(DelegationChanged, name="notifications.tell_of_delegation", runs_as="system")
    def tell_of_delegation(
        session: Session, event: DelegationChanged, *, actor: Actor, now: datetime
    ) -> None:
        params = {
            "enterprise": _name(session, event.party_id),
            "delegate": _name(session, event.delegate_party_id),
        }
        for party_id in (event.party_id, event.delegate_party_id):
            notify(
                session, recipients=[Members(party_id, _ADMINISTRATORS, _TOPIC)],
                kind=f"people.delegation-{event.what}", subject=("party", event.party_id), party_id=party_id,
                params=params, actor=actor, now=now,
            )  # fmt: skip


def _name(session: Session, party_id: UUID) -> str:
    return session.scalar(select(Party.name).where(Party.id == party_id)) or ""


def _roles(codes: tuple[str, ...]) -> dict[str, str]:
    return {
        lang: ", ".join(ROLES[code].title[lang] for code in codes if code in ROLES) for lang in ("vi", "en")
    }
