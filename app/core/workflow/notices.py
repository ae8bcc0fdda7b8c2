"""
Who is told when a dossier moves: the applicant's people, the officers who do the next step, and open pages.

What a move means is read from the procedure's own data (national status, refusal, permission of the next step), so a
new procedure needs nothing here.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.auth.permissions import PermissionBook
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.live import Poke, PokeBook, quietly
from app.core.notifications import Audience, Channel, Kind, KindBook, Members, Officers, notify
from app.core.outbox import HandlerRegistry
from app.core.workflow import procedures
from app.core.workflow.definition import Definition, Side
from app.core.workflow.events import CaseMoved
from app.core.workflow.models import Case
from app.core.workflow.permissions import FILE, FILE_SIGNED, RECEIVE, REVIEW, SIGN

_PATH = "/dossiers/{subject_id}"
_BY_MAIL = frozenset({Channel.EMAIL})


def _for_applicant(code: str, title: str, subject: str, text: str) -> Kind:
    return Kind(f"case.{code}", Audience.CUSTOMER, title, subject, text, _PATH, _BY_MAIL)


def _for_officer(code: str, title: str, subject: str, text: str) -> Kind:
    return Kind(f"case.{code}", Audience.OFFICER, title, subject, text, _PATH)


KINDS = (
    _for_applicant(
        "submitted",
        N_("A dossier was filed"),
        N_("Dossier %(code)s was filed"),
        N_("The one-stop desk checks the dossier “%(title)s”. It can be followed at any time by its code."),
    ),
    _for_applicant(
        "accepted",
        N_("A dossier was received, with its return date"),
        N_("Dossier %(code)s was received"),
        N_("The return date of the dossier “%(title)s” is %(appointment_at)s."),
    ),
    _for_applicant(
        "supplement",
        N_("A supplement is requested"),
        N_("Dossier %(code)s needs a supplement"),
        N_(
            "The legal time of the dossier “%(title)s” stands still until the supplement arrives. What is wanting is"
            " listed in the dossier."
        ),
    ),
    _for_applicant(
        "result",
        N_("A result is ready"),
        N_("The result of dossier %(code)s is ready"),
        N_("The result of the dossier “%(title)s” has been issued and can be downloaded from its page."),
    ),
    _for_applicant(
        "result_on_paper",
        N_("A result on paper is ready"),
        N_("The result of dossier %(code)s is ready on paper"),
        N_(
            "The result of the dossier “%(title)s” was signed by hand. The original is handed over at the one-stop"
            " desk; a scan can be downloaded from the dossier's page."
        ),
    ),
    _for_applicant(
        "refused",
        N_("A dossier was refused"),
        N_("Dossier %(code)s was refused"),
        N_("The reasons for the dossier “%(title)s” stand on its page."),
    ),
    _for_officer(
        "filed",
        N_("A new dossier waits for reception"),
        N_("New dossier %(code)s waits for reception"),
        N_("%(procedure)s: “%(title)s”."),
    ),
    _for_officer(
        "review",
        N_("A draft waits for review"),
        N_("The draft of dossier %(code)s waits for review"),
        N_("%(procedure)s: “%(title)s”."),
    ),
    _for_officer(
        "signature",
        N_("A document waits for signature"),
        N_("Dossier %(code)s waits for signature"),
        N_("%(procedure)s: “%(title)s”."),
    ),
    _for_officer(
        "hand_signing",
        N_("A result was printed to be signed by hand"),
        N_("The signed paper of dossier %(code)s has to be filed"),
        N_(
            "%(procedure)s: “%(title)s”. Upload the scan as soon as the paper is signed and stamped, and compare it."
        ),
    ),
)

# National status of a dossier, by the code of the national public service portal, and what the applicant is told.
_TOLD = {1: "case.submitted", 2: "case.accepted", 5: "case.supplement", 9: "case.result"}
_FILED = 1


def register(
    handlers: HandlerRegistry, pokes: PokeBook, kinds: KindBook, permissions: PermissionBook
) -> None:
    """Add the kinds of notices, the reaction that writes them, and the topics that a moved dossier pokes."""
    kinds.add(*KINDS)
    pokes.add(CaseMoved.name, pokes_of)

    @handlers.handles(CaseMoved, name="workflow.tell_people", runs_as="system")
    def tell_people(session: Session, event: CaseMoved, *, actor: Actor, now: datetime) -> None:
        case = session.get(Case, event.case_id)
        if case is None or event.source == event.target:
            return
        definition = procedures.definition_of(session, case.version_id)
        params = _params(case, definition)
        told: list[tuple[str, Members | Officers]] = []
        if kind := applicants_kind(definition, event):
            roles = _roles_with(permissions, FILE)
            told.append((kind, Members(case.party_id, roles, FILE.partition(".")[0])))
        if step := officers_kind(definition, event):
            kind, permission = step
            told.append((kind, Officers(case.office, _roles_with(permissions, permission))))
        for kind, recipient in told:
            notify(
                session, recipients=[recipient], kind=kind, subject=("case", case.id), party_id=case.party_id,
                params=params, actor=actor, now=now,
            )  # fmt: skip


def pokes_of(payload: Mapping[str, Any], party_id: UUID | None) -> list[Poke]:
    """
    Return the topics of a moved dossier: the inbox, the dossier and its party.

    A dossier without a code was never filed: that it exists is its applicant's business alone.
    """
    own = [Poke(f"case:{payload['case_id']}", party_id)]
    own += [Poke(f"party:{party_id}", party_id)] if party_id else []
    return [Poke("inbox"), *own] if payload["code"] else [quietly(each) for each in own]


def applicants_kind(definition: Definition, event: CaseMoved) -> str | None:
    """Return the kind of notice that a move is to the applicant, if any."""
    source, target = definition.states[event.source], definition.states[event.target]
    action = definition.action(event.action)
    if target.national == source.national:
        return None
    if action is not None and action.refusal and target.final:
        return "case.refused"
    if action is not None and "compared" in action.input:
        return "case.result_on_paper"
    return _TOLD.get(target.national or 0)


def officers_kind(definition: Definition, event: CaseMoved) -> tuple[str, str] | None:
    """Return the kind of notice and the permission that the next step asks for, if somebody must be woken."""
    forward = {
        action.permission
        for action in definition.actions
        if event.target in action.sources
        and action.side is Side.OFFICER
        and (action.primary or action.refusal)
    }
    if FILE_SIGNED in forward:
        return "case.hand_signing", FILE_SIGNED
    if SIGN in forward:
        return "case.signature", SIGN
    if REVIEW in forward:
        return "case.review", REVIEW
    if RECEIVE in forward and definition.states[event.target].national == _FILED:
        return "case.filed", RECEIVE
    return None


def _params(case: Case, definition: Definition) -> dict[str, Any]:
    return {
        "code": case.code or "",
        "title": case.title,
        "procedure": dict(definition.title),
        "appointment_at": case.appointment_at.isoformat() if case.appointment_at else "",
    }


def _roles_with(permissions: PermissionBook, code: str) -> frozenset[str]:
    return permissions[code].roles
