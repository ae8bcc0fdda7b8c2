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
from app.core.errors import FieldProblem, Forbidden, NotFound
from app.core.geo import place_from_json, place_line
from app.core.i18n import formats
from app.core.kit.actor import Actor
from app.core.kit.personal import MASK, Personal
from app.core.settings.zone import ZoneConfig
from app.core.workflow import answers as form
from app.core.workflow import procedures
from app.core.workflow.actions import Available, available_actions, may_fill
from app.core.workflow.assignment import REASSIGN
from app.core.workflow.consultations import is_closed, of_case
from app.core.workflow.definition import ClockMode, Definition, FormField, FormSection, Side
from app.core.workflow.gaps import gap_text
from app.core.workflow.models import Case, CaseEvent, ClockInterval, Gap
from app.core.workflow.permissions import READ, SIGN
from app.core.workflow.record import CaseRecord
from app.core.workflow.standing_in import ONLINE, stands_in
from app.web.clock_view import ClockReader

YES = {"vi": "Có", "en": "Yes"}
NO = {"vi": "Không", "en": "No"}
# Steps that no procedure names.
KERNEL_STEPS = {REASSIGN: {"vi": "Phân công lại", "en": "Re-assigned"}}
SIGNATURES = frozenset({"sign", "sign_by_hand", "refuse"})
UNITS = {"year": {"vi": "năm", "en": "years"}}


@dataclass(frozen=True, slots=True)
class Dossier:
    """A dossier with everything its pages need, read once."""

    case: Case
    definition: Definition
    history: Sequence[CaseEvent]
    available: Sequence[Available]
    applicant: str


def require_reader(actor: Actor) -> None:
    """
    Refuse an officer who may not read dossiers: the database shows officers every row.

    :raises Forbidden: naming the permission.
    """
    if actor.is_officer and not actor.may(READ):
        raise Forbidden(permission=READ)


def load(session: Session, case_id: UUID, actor: Actor, *, asked: bool = False) -> Dossier:
    """
    Read a dossier for an actor.

    :param asked: the officer's office is asked about this very dossier, which the caller has checked.
    :raises NotFound: no such dossier, it is another party's, or a draft that its applicant has not filed.
    :raises Forbidden: an officer who may not read dossiers; the database shows officers every row.
    """
    if not asked:
        require_reader(actor)
    row = session.execute(
        select(Case, Party.name).join(Party, Party.id == Case.party_id).where(Case.id == case_id)
    ).one_or_none()
    if row is None or is_others_draft(row[0], actor):
        raise NotFound
    case, applicant = row
    history = session.scalars(
        select(CaseEvent).where(CaseEvent.case_id == case_id).order_by(CaseEvent.revision)
    ).all()
    definition = procedures.definition_of(session, case.version_id)
    available = available_actions(
        definition, state=case.state, party_id=case.party_id, actor=actor, history=history, desk_id=case.desk_id,
        typists=case.typists,
    )  # fmt: skip
    return Dossier(case, definition, history, available, applicant)


def is_signature(definition: Definition, action: str) -> bool:
    """Tell whether a step signs or refuses for the authority, before which its officer proves presence."""
    found = definition.action(action)
    return found is not None and (found.permission == SIGN or found.code in SIGNATURES)


def is_others_draft(case: Case | CaseRecord, actor: Actor) -> bool:
    """What an applicant has not filed is nobody else's business; a draft of a counter is that counter's own work."""
    return actor.is_officer and case.submitted_at is None and not stands_in(case.desk_id, actor)


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


def problem_links(dossier: Dossier, problems: Sequence[FieldProblem]) -> list[dict[str, Any]]:
    """Return the problems of a form, each with the name of its question and the page on which it is answered."""
    section_of = {
        field.code: (section.code, field.label)
        for section in dossier.definition.sections
        for field in section.fields
    }
    section_of |= {f"component-{part.code}": ("", part.title) for part in dossier.definition.components}
    found = []
    for problem in problems:
        found_at = section_of.get(problem.name) or section_of.get(problem.name.split("-")[0])
        section, label = found_at or ("", {})
        href = f"/dossiers/{dossier.case.id}/form/{section}#f-{problem.name}" if section else ""
        found.append({"problem": problem, "label": label, "href": href or f"#f-{problem.name}"})
    return found


def answer_sections(
    dossier: Dossier, lang: str, answers: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """
    Return all sections with their questions and answers.

    :param answers: those that ``app.web.personal`` gave the reader; without them personal answers stay covered.
    """
    answers = dossier.case.answers if answers is None else answers
    return [
        {
            "code": section.code,
            "title": section.title,
            "groups": answer_groups(section, answers, lang),
        }
        for section in dossier.definition.sections
    ]


def office_name(zone: ZoneConfig, code: str) -> Mapping[str, str]:
    """Return the name of a division or agency; an unknown one shows its code."""
    found = next((office.name for office in (*zone.divisions, *zone.agencies) if office.code == code), None)
    return found or {"en": code}


def gaps(session: Session, dossier: Dossier) -> list[dict[str, Any]]:
    """Return what the latest supplement request finds wanting, open gaps first."""
    rows = session.scalars(
        select(Gap).where(Gap.case_id == dossier.case.id).order_by(Gap.closed_at.desc(), Gap.target)
    ).all()
    labels = {code: field.label for code, field in dossier.definition.fields().items()}
    labels |= {part.code: part.title for part in dossier.definition.components}
    section_of = {
        field.code: section.code for section in dossier.definition.sections for field in section.fields
    }
    latest = max((row.request for row in rows), default=0)
    return [
        {
            "label": labels.get(row.target, {"en": row.target}),
            "section": section_of.get(row.target, ""),
            "target": row.target,
            "gap": gap_text(row.code),
            "note": row.note,
            "open": row.closed_at is None,
        }
        for row in rows
        if row.request == latest
    ]


def consultations(
    session: Session, dossier: Dossier, zone: ZoneConfig, reader: ClockReader
) -> list[dict[str, Any]]:
    """Return who is asked about the dossier and what they said, for officers."""
    return [
        {
            "id": str(asked.id),
            "office": office_name(zone, asked.office),
            "round": asked.round,
            "due_at": asked.due_at,
            "clock": None if is_closed(asked) else reader.until(asked.due_at),
            "verdict": asked.verdict,
            "opinion": asked.opinion or "",
            "answered_at": asked.answered_at,
            "late": asked.answered_at is not None and asked.answered_at > asked.due_at,
            "silent": asked.answered_at is None and asked.lapsed_at is not None,
            "silence": asked.silence,
            "reference": asked.reference or "",
        }
        for asked in of_case(session, dossier.case.id)
    ]


def answer_groups(section: FormSection, answers: Mapping[str, Any], lang: str) -> list[dict[str, Any]]:
    """
    Return the questions of a section that are asked, with their shown answers, for check pages.

    Questions in a row stand in one group without a title; each entry of a table is a group of its own.
    """
    groups: list[dict[str, Any]] = []
    for field in section.fields:
        if not form.asked(field, answers):
            continue
        if field.type == "rows" and answers.get(field.code):
            groups += _entry_groups(field, answers, lang)
            continue
        if not groups or groups[-1]["title"] is not None:
            groups.append({"title": None, "rows": []})
        value = "" if field.type == "rows" else shown(field, answers.get(field.code), lang)
        groups[-1]["rows"].append({"code": field.code, "label": field.label, "value": value})
    return groups


def _entry_groups(field: FormField, answers: Mapping[str, Any], lang: str) -> list[dict[str, Any]]:
    """Return a group for each entry of a table, titled by what an entry is called and its number."""
    entry = field.entry or field.label
    return [
        {
            "title": {each: f"{word} {number + 1}" for each, word in entry.items()},
            "rows": [
                {
                    "code": form.cell(field.code, number, part.code),
                    "label": part.label,
                    "value": shown(part, row.get(part.code), lang),
                }
                for part in field.fields
                if form.asked(part, form.of_row(answers, row))
                and (part.required or row.get(part.code) is not None)
            ],
        }
        for number, row in enumerate(answers[field.code])
    ]


def shown(field: FormField, value: Any, lang: str) -> Any:
    """Return an answer as people read it: option labels by language, numbers and dates in its format."""
    if value is None:
        return ""
    if isinstance(value, Personal):
        return MASK
    labels = {option.code: option.label for option in field.options}
    match field.type:
        case "choice" | "site":
            return labels.get(value, value)
        case "choices":
            return ", ".join(labels.get(code, {}).get(lang, code) for code in value)
        case "money":
            return formats.format_money(Decimal(value["amount"]), value["currency"], lang=lang)
        case "integer" | "decimal":
            unit = UNITS.get(field.unit, {}).get(lang, field.unit)
            return f"{formats.format_number(Decimal(value), lang=lang)} {unit}".strip()
        case "boolean":
            return YES if value else NO
        case "place":
            return place_line(place_from_json(value))
        case "date":
            return date.fromisoformat(value).strftime("%d/%m/%Y")
        case _:
            return value


def clock_of(session: Session, dossier: Dossier, reader: ClockReader) -> dict[str, Any] | None:
    """Return the clock of a dossier as chip and words; None when no clock is involved."""
    case = dossier.case
    view = reader.view(ClockMode(case.clock), case.due_at)
    if view is None:
        return None
    pauses = session.scalars(
        select(ClockInterval).where(
            ClockInterval.case_id == case.id, ClockInterval.mode == ClockMode.PAUSE.value
        )
    ).all()
    return {**view, "words": reader.words(case, pauses) if case.accepted_at else None}


def timeline(dossier: Dossier, names: Mapping[UUID, str], reader: ClockReader) -> list[dict[str, Any]]:
    """
    Return the history as timeline entries, the newest first, each with the working time since the one before it.

    :param names: officers' names as far as the reader may see them.
    """
    entries = []
    before = [None, *dossier.history][: len(dossier.history)]
    for earlier, event in reversed(list(zip(before, dossier.history, strict=True))):
        action = dossier.definition.action(event.action)
        entries.append(
            {
                "title": action.title if action else KERNEL_STEPS.get(event.action, {"en": event.action}),
                "state": "bad" if action and action.refusal else "done",
                "at": event.at,
                "side": event.side,
                "by_desk": dossier.case.channel != ONLINE and event.actor_id in dossier.case.typists,
                "who": names.get(event.actor_id, "") if event.actor_id else "",
                "text": _told(event, names),
                "minutes": reader.took(earlier.at, event.at) if earlier is not None else None,
                "per_day": reader.calendar.minutes_per_day if reader.calendar else 1,
            }
        )
    return entries


def _told(event: CaseEvent, names: Mapping[UUID, str]) -> str:
    """Return what an entry of the history says beside its title."""
    if event.action == REASSIGN:
        hands = (names.get(UUID(event.input[side]), "–") for side in ("from", "to"))
        return " → ".join(hands)
    return str(event.input.get("reason", ""))


def actions(dossier: Dossier) -> list[dict[str, Any]]:
    """Return the actions as buttons: the first primary one leads."""
    ordered = sorted(dossier.available, key=lambda each: not each.action.primary)
    return [
        {
            "code": each.action.code,
            "title": each.action.title,
            "kind": "danger" if each.action.refusal else "primary" if each.action.primary else "secondary",
            "asks_reason": "reason" in each.action.input,
            "own_page": bool({"gaps", "agencies", "new_date", "compared"} & set(each.action.input)),
            "blocked": each.blocked,
        }
        for each in ordered
    ]


def fillable(dossier: Dossier, actor: Actor) -> bool:
    """Tell whether the actor may change answers now: the applicant's people, or the counter for them."""
    return with_applicant(dossier) and may_fill(dossier.case, actor)


def with_applicant(dossier: Dossier) -> bool:
    """Tell whether the applicant has the dossier and may change answers."""
    state = dossier.definition.states[dossier.case.state]
    return state.waits_for is Side.APPLICANT and not state.final
