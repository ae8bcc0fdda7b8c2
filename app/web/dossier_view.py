"""A dossier as primitives for its pages: what it is, its clock, what may be done now, its history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import law
from app.core.auth.models import Party
from app.core.errors import NotFound
from app.core.i18n import formats
from app.core.kit.actor import Actor
from app.core.workflow import answers as form
from app.core.workflow import procedures
from app.core.workflow.actions import Available, available_actions
from app.core.workflow.definition import Definition, FormField, FormSection, Side
from app.core.workflow.models import Case, CaseEvent


@dataclass(frozen=True, slots=True)
class Dossier:
    """A dossier with everything its pages need, read once."""

    case: Case
    definition: Definition
    history: Sequence[CaseEvent]
    available: Sequence[Available]
    applicant: str


def load(session: Session, case_id: UUID, actor: Actor) -> Dossier:
    """
    Read a dossier for an actor.

    :raises NotFound: no such dossier, or it is another party's.
    """
    row = session.execute(
        select(Case, Party.name).join(Party, Party.id == Case.party_id).where(Case.id == case_id)
    ).one_or_none()
    if row is None:
        raise NotFound
    case, applicant = row
    history = session.scalars(
        select(CaseEvent).where(CaseEvent.case_id == case_id).order_by(CaseEvent.revision)
    ).all()
    definition = procedures.definition_of(session, case.version_id)
    available = available_actions(
        definition, state=case.state, party_id=case.party_id, actor=actor, history=history
    )
    return Dossier(case, definition, history, available, applicant)


def basis_view(session: Session, definition: Definition) -> list[dict[str, Any]]:
    """Return the legal basis with the titles of the instruments."""
    known = law.instruments(session)
    return [
        {
            "title": _cited(known.get(each.instrument), each.instrument),
            "article": each.article,
            "status": each.status,
        }
        for each in definition.basis
    ]


def _cited(instrument: law.Instrument | None, code: str) -> Mapping[str, str]:
    """Return title and number of an instrument; one that the law data lack shows its code."""
    if instrument is None:
        return {"en": code}
    return {lang: f"{title} ({instrument.number})" for lang, title in instrument.title.items()}


def sections(dossier: Dossier) -> list[dict[str, Any]]:
    """Return the sections of the form with how far each is, for the task list."""
    found = []
    for section in dossier.definition.sections:
        lacking = form.missing([section], dossier.case.answers)
        touched = any(dossier.case.answers.get(field.code) is not None for field in section.fields)
        state = "done" if not lacking else "started" if touched else "todo"
        found.append({"code": section.code, "title": section.title, "state": state})
    return found


def answer_rows(section: FormSection, answers: Mapping[str, Any], lang: str) -> list[dict[str, Any]]:
    """Return label and shown answer of each question that is asked, for check pages."""
    return [
        {"code": field.code, "label": field.label, "value": shown(field, answers.get(field.code), lang)}
        for field in section.fields
        if form.asked(field, answers)
    ]


def shown(field: FormField, value: Any, lang: str) -> Any:
    """Return an answer as people read it: option labels by language, numbers and dates in its format."""
    if value is None:
        return ""
    labels = {option.code: option.label for option in field.options}
    match field.type:
        case "choice" | "site":
            return labels.get(value, value)
        case "choices":
            return ", ".join(labels.get(code, {}).get(lang, code) for code in value)
        case "money":
            return formats.format_money(Decimal(value["amount"]), value["currency"], lang=lang)
        case "integer" | "decimal":
            return f"{formats.format_number(Decimal(value), lang=lang)} {field.unit}".strip()
        case "date":
            return date.fromisoformat(value).strftime("%d/%m/%Y")
        case _:
            return value


def timeline(dossier: Dossier, names: Mapping[UUID, str]) -> list[dict[str, Any]]:
    """
    Return the history as timeline entries, the newest first.

    :param names: officers' names as far as the reader may see them.
    """
    entries = []
    for event in reversed(dossier.history):
        action = dossier.definition.action(event.action)
        entries.append(
            {
                "title": action.title if action else {"en": event.action},
                "state": "bad" if action and action.refusal else "done",
                "at": event.at,
                "side": event.side,
                "who": names.get(event.actor_id, "") if event.actor_id else "",
                "text": str(event.input.get("reason", "")),
            }
        )
    return entries


def actions(dossier: Dossier) -> list[dict[str, Any]]:
    """Return the actions as buttons: the first primary one leads."""
    return [
        {
            "code": each.action.code,
            "title": each.action.title,
            "kind": "danger" if each.action.refusal else "primary" if each.action.primary else "secondary",
            "asks_reason": "reason" in each.action.input,
            "blocked": each.blocked,
        }
        for each in dossier.available
    ]


def with_applicant(dossier: Dossier) -> bool:
    """Tell whether the applicant has the dossier and may change answers."""
    state = dossier.definition.states[dossier.case.state]
    return state.waits_for is Side.APPLICANT and not state.final
