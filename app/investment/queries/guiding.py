"""The read side of investment: the guide with everything that its result sheet tells."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import law
from app.core.auth.models import Party
from app.core.kit import conditions
from app.core.kit.actor import Actor
from app.core.law import LawBook
from app.core.workflow import procedures
from app.core.workflow.definition import Component, Definition, FormField
from app.core.workflow.limits import offered
from app.core.workflow.permissions import FILE
from app.investment.domain.guide import Question, Track, conclude, form_answers, holds

FOLDER = Path(__file__).parents[1]
LANGUAGES = ("vi", "en")
# The form whose options the guide offers; the special procedure asks the same questions and more.
MAIN_PROCEDURE = "IRC"
_LAW_KEY = re.compile(r"\{([a-z0-9_.]+)\}")


@dataclass(frozen=True, slots=True)
class Guide:
    """The guide of a day: its questions with their options, its tracks and its incentives."""

    questions: tuple[Question, ...]
    tracks: tuple[Track, ...]
    incentives: tuple[Mapping[str, Any], ...]


@cache
def _read(name: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    return entries


def catalogue() -> list[dict[str, Any]]:
    """Return the whole catalogue of procedures, online or not."""
    return _read("procedures/catalogue.yaml")


def guide(definition: Definition) -> Guide:
    """Return the guide; questions that fill in a form take their options from it."""
    return Guide(
        questions=tuple(_question(entry, definition) for entry in _read("guide/questions.yaml")),
        tracks=tuple(Track(**entry) for entry in _read("guide/tracks.yaml")),
        incentives=tuple(_read("guide/incentives.yaml")),
    )


def _question(entry: Mapping[str, Any], definition: Definition) -> Question:
    options = {option["code"]: option["label"] for option in entry.get("options", ())}
    if not options:
        table, _, column = entry["form"].partition(".")
        field = definition.fields()[table]
        parts = {part.code: part for part in field.fields}
        options = {option.code: option.label for option in (parts[column] if column else field).options}
    return Question(
        entry["code"], entry["title"], entry["why"], options, entry.get("when"), entry.get("form", "")
    )


def guide_of_day(session: Session, day: date) -> Guide:
    """
    Return the guide of a day.

    :raises NotInForce: the main procedure has no version that day.
    """
    return guide(procedures.in_force(session, MAIN_PROCEDURE, day)[1])


def result_sheet(
    session: Session, found: Guide, state: Mapping[str, str], *, day: date, lang: str
) -> dict[str, Any]:
    """Return what the answers lead to: procedures, papers, time, fee and incentives, each with its source."""
    book = law.at(session, day)
    conclusion = conclude(found.tracks, state)
    catalogue = {entry["code"]: entry for entry in _read("procedures/catalogue.yaml")}
    numbers = {code: instrument.number for code, instrument in law.instruments(session).items()}
    track = conclusion.track
    sheet: dict[str, Any] = {
        "track": _entry(catalogue[track.code], numbers) if track else None,
        "possible": [_entry(catalogue[each.code], numbers) for each in conclusion.possible],
        "procedure": track.procedure if track else "",
        "papers": [],
        "limits": [],
        "begins_at": "",
        "incentives": [
            _incentive(entry, book, numbers, lang)
            for entry in found.incentives
            if state.get("intent") == "NEW" and holds(entry["when"], state)
        ],
    }
    if track and track.procedure:
        definition = procedures.in_force(session, track.procedure, day)[1]
        facts = form_answers(found.questions, state)
        sheet["papers"] = [
            paper
            for part in definition.components
            if (paper := _paper(part, definition, facts, numbers, lang))
        ]
        sheet["limits"] = [
            {"case": case, "said": law.say(value.unit, value.value, lang), **_source(value, numbers)}
            for case, value in offered(definition, book)
        ]
        sheet["fee"] = definition.fee
        sheet["begins_at"] = definition.begins_at
    return sheet


def _entry(entry: Mapping[str, Any], numbers: Mapping[str, str]) -> dict[str, Any]:
    basis = entry["basis"]
    return {
        "code": entry["code"],
        "title": entry["title"],
        "form": entry["form"],
        "result": entry["result"],
        "basis": numbers.get(basis["instrument"], basis["instrument"]),
        "article": basis.get("article", ""),
        "assumed": basis["status"] == "ASSUMED",
    }


def _source(value: law.LawValue, numbers: Mapping[str, str]) -> dict[str, Any]:
    return {
        "basis": numbers.get(value.instrument or "", ""),
        "article": value.article or "",
        "assumed": value.status.value == "ASSUMED",
    }


def _incentive(
    entry: Mapping[str, Any], book: LawBook, numbers: Mapping[str, str], lang: str
) -> dict[str, Any]:
    """Fill the figures of the law data into the text; their source is cited, or the instrument of the entry."""
    values = {key: book.get(key) for key in _LAW_KEY.findall(entry["text"][lang])}
    text = _LAW_KEY.sub(
        lambda key: law.say(values[key[1]].unit, values[key[1]].value, lang), entry["text"][lang]
    )
    for value in values.values():
        return {"title": entry["title"], "text": text, **_source(value, numbers)}
    instrument = entry["instrument"]
    return {
        "title": entry["title"],
        "text": text,
        "basis": numbers.get(instrument, instrument),
        "article": "",
        "assumed": True,
    }


def _paper(
    part: Component, definition: Definition, facts: Mapping[str, Any], numbers: Mapping[str, str], lang: str
) -> dict[str, Any] | None:
    """Return a paper with why it is needed or what that depends on; None when it is not needed."""
    result = conditions.evaluate(conditions.parse(part.when), facts) if part.when else None
    if result is not None and result.value is False:
        return None
    return {
        "title": part.title,
        "hint": part.hint,
        "sure": result is None or result.value is True,
        "why": _reason(result, definition, lang) if result is not None else "",
        "basis": numbers.get(part.basis.instrument, part.basis.instrument) if part.basis else "",
        "article": part.basis.article if part.basis else "",
        "assumed": part.basis is not None and part.basis.status == "ASSUMED",
    }


def _reason(result: conditions.Result, definition: Definition, lang: str) -> str:
    labels, values = _labels(definition)
    sentence = conditions.explain(result, "vi" if lang == "vi" else "en", labels, values)
    while len(sentence.children) == 1:
        sentence = sentence.children[0]
    return sentence.text


def _labels(
    definition: Definition,
) -> tuple[dict[str, Mapping[str, str]], dict[str, Mapping[str, Mapping[str, str]]]]:
    fields: dict[str, FormField] = {}
    for code, field in definition.fields().items():
        fields[code] = field
        fields |= {f"{code}[].{part.code}": part for part in field.fields}
    labels: dict[str, Mapping[str, str]] = {path: field.label for path, field in fields.items()}
    return labels, {
        path: {option.code: option.label for option in field.options} for path, field in fields.items()
    }


def parties_to_file_for(session: Session, actor: Actor) -> Sequence[tuple[str, str]]:
    """Return key and name of the parties for which the actor may file."""
    ids = [grant.party_id for grant in actor.grants if FILE in grant.permissions]
    rows = session.execute(
        select(Party.id, Party.name).where(Party.id.in_(ids)).order_by(Party.name, Party.id)
    )
    return [(str(row.id), row.name) for row in rows]
