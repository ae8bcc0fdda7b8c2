"""What investment tells people: the registry's answers, to the officers who go on with them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.live import Poke
from app.core.notifications import Audience, Kind, Officers, notify
from app.core.outbox import HandlerRegistry
from app.core.workflow.models import Case
from app.core.workflow.permissions import PERMISSIONS, REVIEW, SIGN
from app.investment.events import ProjectCodeAnswered

RECEIVED, REFUSED = "investment.code_received", "investment.code_refused"
LETTER, DISPUTED = "investment.code_letter_entered", "investment.code_disputed"
_PATH = "/dossiers/{subject_id}"

KINDS = (
    Kind(
        RECEIVED,
        Audience.OFFICER,
        N_("A project code has arrived"),
        N_("The project code of dossier %(code)s has arrived"),
        N_("The certificate of “%(title)s” can be signed now."),
        _PATH,
    ),
    Kind(
        REFUSED,
        Audience.OFFICER,
        N_("A project code was refused"),
        N_("The national registry refused a code for dossier %(code)s"),
        N_("The certificate of “%(title)s” cannot be signed. The reason stands on the dossier's page."),
        _PATH,
    ),
    Kind(
        LETTER,
        Audience.OFFICER,
        N_("A letter with a project code waits for confirmation"),
        N_("Confirm the project code from a letter for dossier %(code)s"),
        N_(
            "A colleague entered a letter of the national registry for “%(title)s”. Compare it with its scan."
        ),
        _PATH,
    ),
    Kind(
        DISPUTED,
        Audience.OFFICER,
        N_("A project code is disputed"),
        N_("The national registry contradicts the letter for dossier %(code)s"),
        N_(
            "The registry answered otherwise than its letter for “%(title)s”. Nothing is signed until it is settled."
        ),
        _PATH,
    ),
)
_TOLD = {
    "RECEIVED": ((RECEIVED, SIGN),),
    "REFUSED": ((REFUSED, REVIEW),),
    "LETTER_ENTERED": ((LETTER, REVIEW),),
    "LETTER_CONFIRMED": ((RECEIVED, SIGN),),
    "LETTER_DISPUTED": ((DISPUTED, REVIEW), (DISPUTED, SIGN)),
}


def register(handlers: HandlerRegistry) -> None:
    """Add the reactions to events."""

    @handlers.handles(ProjectCodeAnswered, name="investment.tell_of_code", runs_as="system")
    def tell_of_code(session: Session, event: ProjectCodeAnswered, *, actor: Actor, now: datetime) -> None:
        case = session.get(Case, event.case_id)
        if case is None or event.state not in _TOLD:
            return
        for kind, permission in _TOLD[event.state]:
            roles = next(each.roles for each in PERMISSIONS if each.code == permission)
            notify(
                session, recipients=[Officers(case.office, roles)], kind=kind, subject=("case", case.id),
                party_id=case.party_id, params={"code": case.code or "", "title": case.title}, actor=actor, now=now,
            )  # fmt: skip


def pokes_of(payload: Mapping[str, Any], party_id: UUID | None) -> list[Poke]:
    """Return the topics of an answer: the dossier's page shows it."""
    return [Poke(f"case:{payload['case_id']}", party_id)]
