"""The static checker of procedures: what can be proved wrong before the first dossier.

``make check`` runs it over every procedure of the release, publishing runs it again.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from app.core.kit import conditions
from app.core.kit.conditions import FieldKind, FieldType
from app.core.workflow import limits
from app.core.workflow.definition import SAME, Action, ClockMode, Definition, FormField, Side
from app.core.workflow.personal import SEALABLE

LANGUAGES = ("vi", "en")
_SIGNING = frozenset({"sign", "sign_by_hand"})
_DECIDING = frozenset({"draft_decision", "approve"})


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault of a procedure: a stable code, where it stands and what is wrong."""

    code: str
    where: str
    message: str


def check(
    definition: Definition,
    *,
    guards: Collection[str],
    effects: Collection[str],
    permissions: Collection[str],
    law_keys: Collection[str],
    instruments: Collection[str],
) -> list[Finding]:
    """Return every finding, empty when the procedure may be published."""
    return [
        *_graph(definition),
        *_references(definition, guards, effects, permissions),
        *_law(definition, law_keys, instruments),
        *_fee(definition, law_keys),
        *_clock(definition),
        *_texts(definition),
        *_form(definition),
        *_limits(definition, law_keys),
    ]


def _graph(definition: Definition) -> Iterator[Finding]:
    states = definition.states
    if definition.start not in states:
        yield Finding("start-unknown", definition.start, "The start state is not among the states.")
        return
    for action in definition.actions:
        for name in (*action.sources, action.target):
            if name not in states and name != SAME:
                yield Finding("state-unknown", f"action {action.code}", f"State “{name}” does not exist.")
    reached = _reach(definition.start, definition.actions)
    for name in states:
        if name not in reached:
            yield Finding("unreachable", f"state {name}", "No action leads here from the start.")
    finals = {name for name, state in states.items() if state.final}
    if not finals:
        yield Finding("no-final", "states", "No state is final.")
    for name, state in states.items():
        outgoing = [action for action in definition.actions if name in action.sources]
        if state.final and outgoing:
            yield Finding("final-left", f"state {name}", "A final state is left by an action.")
        if not state.final and not finals & _reach(name, definition.actions):
            yield Finding("dead-end", f"state {name}", "No final state can be reached from here.")
        moving = [action for action in outgoing if action.target != SAME]
        if not state.final and not any(action.side is state.waits_for for action in moving):
            yield Finding(
                "nobody-acts", f"state {name}", f"It waits for {state.waits_for} who has no action."
            )
    codes = [action.code for action in definition.actions]
    for code in {code for code in codes if codes.count(code) > 1}:
        yield Finding("action-twice", f"action {code}", "The code stands twice.")


def _reach(start: str, actions: Collection[Action]) -> set[str]:
    reached, edge = {start}, [start]
    while edge:
        state = edge.pop()
        for action in actions:
            if state in action.sources and action.target not in (*reached, SAME):
                reached.add(action.target)
                edge.append(action.target)
    return reached


def _references(
    definition: Definition, guards: Collection[str], effects: Collection[str], permissions: Collection[str]
) -> Iterator[Finding]:
    codes = {action.code for action in definition.actions}
    for action in definition.actions:
        where = f"action {action.code}"
        for name in action.guards:
            if name not in guards:
                yield Finding("guard-unknown", where, f"No guard is registered as “{name}”.")
        for name in action.effects:
            if name not in effects:
                yield Finding("effect-unknown", where, f"No effect is registered as “{name}”.")
        if action.side is not Side.SYSTEM and action.permission not in permissions:
            yield Finding("permission-unknown", where, f"No permission “{action.permission}” exists.")
        for name in action.differs_from:
            if name not in codes:
                yield Finding("four-eyes-unknown", where, f"“{name}” is not an action.")
        if action.refusal and "reason" not in action.input:
            yield Finding("refusal-without-reason", where, "A refusal must ask for the reason.")
    for action in definition.actions:
        if action.code in _SIGNING and not set(action.differs_from) >= _DECIDING:
            yield Finding(
                "four-eyes", f"action {action.code}", "The signer must differ from drafter and approver."
            )
        if "compared" in action.input and not _DECIDING | {"sign_by_hand"} <= set(action.differs_from):
            yield Finding(
                "four-eyes", f"action {action.code}", "Who compares must have had no part in the decision."
            )


def _law(
    definition: Definition, law_keys: Collection[str], instruments: Collection[str]
) -> Iterator[Finding]:
    for key in (definition.limit, definition.reception_limit, *(s.limit for s in definition.special_limits)):
        if key not in law_keys:
            yield Finding("law-unknown", key, "No law value has this key.")
    if not definition.basis:
        yield Finding("no-basis", "basis", "A procedure needs a legal basis.")
    cited = [*definition.basis, *(part.basis for part in definition.components if part.basis)]
    for basis in cited:
        if basis.instrument not in instruments:
            yield Finding("instrument-unknown", basis.instrument, "No such instrument.")
        if basis.status == "CITED" and not basis.article and not basis.note:
            yield Finding("article-missing", basis.instrument, "Cite the article, or say in a note why not.")


def _fee(definition: Definition, law_keys: Collection[str]) -> Iterator[Finding]:
    """A fee is named, opened and waited for, or there is none."""
    opens = [action for action in definition.actions if "open_fee" in action.effects]
    waits = [action for action in definition.actions if "fee_paid" in action.guards]
    if definition.fee is None:
        if opens or waits:
            yield Finding("fee-missing", "fee", "Actions deal with a fee that the procedure does not name.")
        return
    if definition.fee not in law_keys:
        yield Finding("law-unknown", definition.fee, "No law value has this key.")
    if not opens:
        yield Finding("fee-not-opened", "actions", "No action opens the slip for the fee (open_fee).")
    if not waits:
        yield Finding("fee-not-awaited", "actions", "No action waits for the fee (fee_paid).")


def _clock(definition: Definition) -> Iterator[Finding]:
    for name, state in definition.states.items():
        if state.final and state.clock in (ClockMode.RUN, ClockMode.PAUSE, ClockMode.RECEPTION):
            yield Finding("clock-runs-on", f"state {name}", "The clock runs on in a final state.")
        if state.clock is ClockMode.PAUSE and state.waits_for is Side.OFFICER:
            yield Finding("pause-by-officer", f"state {name}", "The clock may pause only while others act.")


def _texts(definition: Definition) -> Iterator[Finding]:
    texts = {"title": definition.title, "purpose": definition.purpose}
    texts |= {f"state {name}": state.title for name, state in definition.states.items()}
    texts |= {f"action {action.code}": action.title for action in definition.actions}
    texts |= {f"section {section.code}": section.title for section in definition.sections}
    texts |= {f"field {code}": field.label for code, field in definition.fields().items()}
    texts |= {f"component {part.code}": part.title for part in definition.components}
    texts |= {f"limit {special.code}": special.title for special in definition.special_limits}
    for where, text in texts.items():
        for language in LANGUAGES:
            if not text.get(language):
                yield Finding("text-missing", where, f"No {language} text.")


def _form(definition: Definition) -> Iterator[Finding]:
    schema = form_schema(definition)
    seen: set[str] = set()
    for section in definition.sections:
        for field in section.fields:
            if field.code in seen:
                yield Finding("field-twice", f"field {field.code}", "The code stands twice.")
            seen.add(field.code)
            yield from _field(field)
            yield from _condition(f"field {field.code}", field.when, schema)
            for part in field.fields:
                where = f"field {field.code}.{part.code}"
                yield from _field(part, where)
                yield from _condition(where, part.when, {**schema, **_columns(field, "")})
    for component in definition.components:
        yield from _condition(f"component {component.code}", component.when, schema)


def _limits(definition: Definition, law_keys: Collection[str]) -> Iterator[Finding]:
    schema = limits.schema(definition, form_schema(definition))
    codes = [special.code for special in definition.special_limits]
    if codes and definition.adjusts and limits.CHANGED in definition.fields():
        yield Finding("field-reserved", f"field {limits.CHANGED}", "Conditions of limits use this name.")
    for special in definition.special_limits:
        where = f"limit {special.code}"
        if codes.count(special.code) > 1:
            yield Finding("limit-twice", where, "The code stands twice.")
        yield from _condition(where, special.when, schema, law_keys)


def _field(field: FormField, where: str = "") -> Iterator[Finding]:
    where = where or f"field {field.code}"
    if field.type in ("choice", "choices", "site") and not field.options:
        yield Finding("no-options", where, "A choice needs options.")
    if (field.type == "rows") != bool(field.fields):
        yield Finding("rows-fields", where, "Rows, and only rows, have fields of their own.")
    if field.type == "rows" and any(part.type in ("rows", "choices") for part in field.fields):
        yield Finding("rows-nested", where, "A column holds one value, no list.")
    if field.type in ("integer", "decimal", "money") and not field.unit:
        yield Finding("no-unit", where, "A number needs a unit.")
    if field.sensitive and field.type not in SEALABLE:
        yield Finding(
            "not-sealable", where, f"A sensitive answer is a text; “{field.type}” cannot be sealed."
        )
    for part in field.fields:
        if not all(part.label.get(language) for language in LANGUAGES):
            yield Finding("text-missing", f"{where}.{part.code}", "A column needs a label in each language.")


def form_schema(definition: Definition) -> dict[str, FieldType]:
    """Return the types of the form's answers as conditions see them."""
    schema: dict[str, FieldType] = {}
    for code, field in definition.fields().items():
        if field.type == "rows":
            schema[code] = FieldType(FieldKind.ROWS)
            schema |= _columns(field, f"{code}[].")
        elif field.type != "place":  # conditions have no operators for places
            schema |= _types(field, code)
    return schema


def _columns(field: FormField, prefix: str) -> dict[str, FieldType]:
    return {path: kind for part in field.fields for path, kind in _types(part, prefix + part.code).items()}


def _types(field: FormField, path: str) -> dict[str, FieldType]:
    values = frozenset(option.code for option in field.options)
    match field.type:
        case "money":
            code = FieldType(FieldKind.CODE, values)
            return {f"{path}.amount": FieldType(FieldKind.NUMBER), f"{path}.currency": code}
        case "integer" | "decimal":
            return {path: FieldType(FieldKind.NUMBER)}
        case "date":
            return {path: FieldType(FieldKind.DATE)}
        case "boolean":
            return {path: FieldType(FieldKind.BOOLEAN)}
        case "choice" | "choices" | "site":
            return {path: FieldType(FieldKind.CODE, values, many=field.type == "choices")}
        case _:
            return {path: FieldType(FieldKind.TEXT)}


def _condition(
    where: str, tree: object, schema: Mapping[str, FieldType], law_keys: Collection[str] | None = None
) -> Iterator[Finding]:
    if tree is None:
        return
    try:
        problems = conditions.check(conditions.parse(tree), schema, law_keys)
    except conditions.InvalidCondition as fault:
        problems = list(fault.problems)
    for problem in problems:
        yield Finding("condition", where, str(problem))
