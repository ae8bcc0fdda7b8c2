"""Words of declarations on screens: states, channels, what a finding says and where it is mended."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from fastapi import Request
from sqlalchemy.orm import Session

from app.core.errors import FieldProblem
from app.core.i18n import N_, formats, localise, translator
from app.core.i18n.countries import countries
from app.core.kit.actor import Actor
from app.customs.declarations.domain import catalogue, dictionary, rules
from app.customs.declarations.domain.content import number
from app.customs.declarations.domain.lifecycle import CHANNEL_NAMES, STATE_NAMES, State
from app.customs.declarations.domain.rules import Finding
from app.customs.declarations.permissions import READ
from app.customs.tariff.facade import Problem, Severity, said
from app.web.render import request_translator

HOME = "/declarations"
Option = tuple[str, str]

_TONES: Mapping[State, tuple[str, str]] = {
    State.DRAFT: ("neutral", "pencil"),
    State.QUEUED: ("wait", "clock-pause"),
    State.SENT: ("wait", "send"),
    State.REFUSED: ("bad", "alert-circle"),
    State.REGISTERED: ("active", "file-check"),
    State.PAPERS: ("active", "file-text"),
    State.GOODS_CHECK: ("active", "search"),
    State.PAYABLE: ("soon", "clock-exclamation"),
    State.RELEASED: ("good", "check"),
    State.CLEARED: ("good", "circle-check"),
    State.CANCELLED: ("stale", "x"),
}
CHANNELS: Mapping[str, tuple[str, str]] = {
    "GREEN": ("good", CHANNEL_NAMES["GREEN"]),
    "YELLOW": ("soon", CHANNEL_NAMES["YELLOW"]),
    "RED": ("bad", CHANNEL_NAMES["RED"]),
}
ELSEWHERE = N_("Declared elsewhere")
_FIGURES = frozenset({"computed", "said", "found", "most"})
_PLACES = {"type_code": N_("Type code"), "lines": N_("Goods lines"), "FIC": N_("Split shipment")}


def state_chip(state: str) -> dict[str, str]:
    """Return tone, icon and word of a state."""
    tone, symbol = _TONES[State(state)]
    return {"code": state, "tone": tone, "symbol": symbol, "word": STATE_NAMES[State(state)]}


def channel_chip(channel: str | None) -> dict[str, str] | None:
    """Return tone and word of a channel, None before customs has named one."""
    if channel is None:
        return None
    tone, word = CHANNELS[channel]
    return {"code": channel, "tone": tone, "word": word}


def lang_of(request: Request) -> str:
    """Return the reader's language."""
    return request_translator(request).lang


def choices(field: dictionary.Field, lang: str) -> list[Option]:
    """Return the options of a field of codes; a code leads where people know it by heart."""
    if field.list == "country":
        return [(code, f"{code} – {name}") for code, name in countries(lang)]
    listed = dictionary.code_lists().get(field.list)
    if listed is None:
        return []
    return [
        (code, words if (words := localise(text, lang)[0]) == code else f"{code} – {words}")
        for code, text in listed.codes.items()
    ]


def is_short(field: dictionary.Field) -> bool:
    """Tell whether the list behind a field is a starter that nobody compared with the national one."""
    listed = dictionary.code_lists().get(field.list)
    return listed is not None and listed.status == "ASSUMED"


def word_of(field: dictionary.Field, value: str, lang: str) -> str:
    """Return a code with its word."""
    return dict(choices(field, lang)).get(value, value)


def type_name(code: str, lang: str) -> str:
    """Return what a type code is called."""
    found = catalogue.type_codes().get(code)
    return localise(found.name, lang)[0] if found else ""


def movement_name(code: str, lang: str) -> str:
    """Return what a movement is called."""
    return localise(catalogue.movements()[code].name, lang)[0]


def sentence(finding: Finding, lang: str) -> dict[str, str]:
    """Return what a finding says, how to mend it and where it stands, in the reader's language."""
    words = rules.words()[finding.rule]
    if "code" in finding.params:
        return _tariff_sentence(finding, words, lang)
    params = {name: _figure(name, value, lang) for name, value in finding.params.items()}
    says = localise(words.says, lang)[0]
    return {
        "what": says % params if params else says,
        "fix": localise(words.fix, lang)[0],
        "source": localise(words.source, lang)[0],
    }


def field_problems(findings: Sequence[Finding], lang: str) -> list[FieldProblem]:
    """Return findings as a form shows them beside its fields."""
    problems = []
    for each in findings:
        said = sentence(each, lang)
        text = f"{said['what']} {said['fix']} ({said['source']})"
        problems.append(FieldProblem(cell(each.line, each.field), each.rule, "%(reason)s", {"reason": text}))
    return problems


def cell(line: int | None, field: str) -> str:
    """Return the name of a control: a field of the header, or a cell of the grid."""
    return field if line is None else f"l{line}-{field}"


def listed_findings(
    findings: Sequence[Finding], declaration_id: UUID, lang: str, direction: str = ""
) -> list[dict[str, Any]]:
    """Return findings as the check lists them, each with the page on which it is mended."""
    gettext_places = _PLACES
    rows = []
    for each in findings:
        asked = (dictionary.line_fields() if each.line else dictionary.header_fields()).get(each.field)
        rows.append(
            {
                **sentence(each, lang),
                "rule": each.rule,
                "line": each.line,
                "error": rules.is_error(each),
                "field": localise(asked.called(direction), lang)[0] if asked else "",
                "place": "" if asked else gettext_places.get(each.field, each.field),
                "href": href_of(each, declaration_id),
            }
        )
    return rows


def href_of(finding: Finding, declaration_id: UUID) -> str:
    """Return where a finding is mended."""
    base = f"{HOME}/{declaration_id}"
    if finding.line is not None:
        if (own := dictionary.line_fields().get(finding.field)) is not None and own.rare:
            return f"{base}/lines/{finding.line}?check=1#f-{finding.field}"
        return f"{base}/lines?check=1&at={finding.line}#f-{cell(finding.line, finding.field)}"
    if finding.field == "lines":
        return f"{base}/lines"
    if finding.field == "FIC":
        return base
    asked = dictionary.header_fields().get(finding.field)
    return f"{base}/header/{asked.section}?check=1#f-{asked.code}" if asked else f"{base}/type"


def reads_all(session: Session, actor: Actor) -> bool:
    """Tell whether the actor reads the declarations of all firms."""
    return actor.is_officer and actor.may(READ)


def _tariff_sentence(finding: Finding, words: rules.Words, lang: str) -> dict[str, str]:
    """Return what the tariff says in its own words; whether it stops the sending is told by the rule."""
    params = {name: str(value) for name, value in finding.params.items()}
    code, act, article = (params.pop(name, "") for name in ("code", "act", "article"))
    problem = Problem(code, Severity.ERROR, finding.field, finding.line, params, act, article)
    what, fix = said(problem, translator(lang))
    source = ", ".join(filter(None, (act, article))) or localise(words.source, lang)[0]
    return {"what": what, "fix": fix, "source": source}


def _figure(name: str, value: str | int, lang: str) -> str | int:
    if name in _FIGURES and isinstance(value, str) and (found := number(value)) is not None:
        return formats.format_number(Decimal(found), lang=lang)
    return value
