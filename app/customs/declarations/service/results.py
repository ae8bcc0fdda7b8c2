"""
Official results of declarations made elsewhere: a whole file or nothing; a later result updates what it is about.

Most declarations are made in other systems; they serve the zone just the same. What is brought in is what the file says
the authority said; nothing is computed and nothing is sent for such a declaration. Every result is kept as it came, so
that the same one twice is once, and an older one never overwrites what is newer (``service/merging.py``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.core.auth.permissions import require
from app.core.errors import FieldProblem, Invalid
from app.core.evidence import Subject, record
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.codes import format_code
from app.core.kit.ids import uuid7
from app.core.kit.time import local_day
from app.core.outbox import publish
from app.customs.declarations.domain import catalogue
from app.customs.declarations.domain.content import decimals
from app.customs.declarations.events import DeclarationOpened, DeclarationUpdated
from app.customs.declarations.models import Declaration, OfficialResult
from app.customs.declarations.permissions import FILE
from app.customs.declarations.queries.firms import tax_code_of
from app.customs.declarations.queries.lines import NUMBERS
from app.customs.declarations.service import bringing, merging
from app.customs.declarations.service.bringing import MOVEMENT
from app.customs.declarations.service.drafting import PREFIX
from app.customs.declarations.service.merging import IDENTIFYING, Snapshot
from app.customs.declarations.wire import Result

MOST = 2_000
# Clocks of other systems may be a little ahead of ours; days may be local ones.
_AHEAD = timedelta(days=1)
_FIRM_FIELDS = {"IMPORT": "IMC", "EXPORT": "EPC"}
_MOST_LINES_SHOWN = 200

TWICE = N_("This declaration stands in the file twice.")
NO_TYPE = N_("The type code “%(value)s” is not in the catalogue for this direction.")
NO_MOVEMENT = N_("The movement cannot be told from the type code “%(value)s”; say it in its own column.")
OTHER_FIRM = N_("The declaration is of the tax code %(value)s, not of the firm that was chosen.")
AHEAD = N_("Its official time lies ahead: %(value)s.")
NO_LINE_NUMBER = N_("Goods lines are numbered from 1.")
NO_SUCH_NUMBER = N_("Line %(line)s: “%(value)s” is below zero or has more decimals than are allowed here.")
OTHER_DIRECTION = N_("The declaration %(value)s is known with another direction.")


@dataclass(slots=True)
class Brought:
    """What became of a file: declarations made and updated; official numbers that changed nothing, and why."""

    made: list[Declaration] = field(default_factory=list)
    changed: list[Declaration] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    older: list[str] = field(default_factory=list)


class ResultsRefused(Invalid):
    """Some results cannot be brought in; nothing of the file was kept."""

    code = "declarations.results-refused"
    title = "The file was not brought in."
    detail = (
        "At least one place needs attention; nothing of the file was kept, so it can be sent again whole."
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """A declaration that is known, with the results from which it is known."""

    row: Declaration
    snapshots: Sequence[Snapshot]

    @property
    def partial(self) -> bool:
        """Tell whether a result of it may begin after its registration."""
        return self.row.origin == "ELSEWHERE"


def bring_in(
    session: Session, *, party_id: UUID, results: Sequence[Result], places: Sequence[str] = (), actor: Actor,
    now: datetime, zone: ZoneInfo,
) -> Brought:  # fmt: skip
    """
    Bring official results of a firm in; of a declaration that was sent from here its own notices alone count.

    :param places: where each result stands in its file, for the faults; by default its number in the file.
    :raises Forbidden: the actor does not declare for the firm.
    :raises ResultsRefused: listing every fault by place; nothing is kept.
    """
    require(actor, FILE, party_id=party_id)
    places = places or [f"#{number}" for number in range(1, len(results) + 1)]
    known = _known(session, party_id, results)
    firm, problems = tax_code_of(session, party_id), []
    good: list[tuple[Snapshot, str]] = []
    seen: set[str] = set()
    for place, result in zip(places, results, strict=True):
        before = known.get(_key(result))
        snapshot, found = merging.judge(result, place, partial=before is not None and before.partial)
        movement, more = _kind_of(result, place)
        found += more + _firm_faults(result, firm, place) + _line_faults(result, place)
        if snapshot.said_at is not None and snapshot.said_at > now + _AHEAD:
            found.append(FieldProblem(place, "ahead", AHEAD, {"value": f"{snapshot.said_at:%Y-%m-%d}"}))
        if snapshot.key and snapshot.key in seen:
            found.append(FieldProblem(place, "twice", TWICE))
        seen.add(snapshot.key)
        if not found and before is not None:
            found += _against(snapshot, before, place)
        problems += found
        if not found:
            good.append((snapshot, movement))
    if problems:
        raise ResultsRefused(errors=problems[:_MOST_LINES_SHOWN])
    brought = Brought()
    for snapshot, movement in good:
        before = known.get(snapshot.key)
        if before is None:
            brought.made.append(_make(session, party_id, snapshot, movement, actor=actor, now=now, zone=zone))
        else:
            _update(session, before, snapshot, brought, actor=actor, now=now)
    return brought


def _key(result: Result) -> str:
    numbers = (each.official_number for each in result.notices)
    said = next((number for number in numbers if number), "") or result.declaration.official_number
    return said[:IDENTIFYING]


def _against(snapshot: Snapshot, before: _Known, place: str) -> list[FieldProblem]:
    if before.row.origin != "ELSEWHERE":
        return []
    if snapshot.result.declaration.direction != before.row.direction:
        return [FieldProblem(place, "direction", OTHER_DIRECTION, {"value": snapshot.official.number})]
    if merging.contradicts(snapshot, before.snapshots):
        return [FieldProblem(place, "contradicts", merging.CONTRADICTS)]
    return []


def _kind_of(result: Result, place: str) -> tuple[str, list[FieldProblem]]:
    declaration = result.declaration
    known = catalogue.type_codes().get(declaration.type_code)
    if known is None or known.direction != declaration.direction:
        return "", [FieldProblem(place, "type", NO_TYPE, {"value": declaration.type_code})]
    said = declaration.header.get(MOVEMENT, "")
    fitting = [each for each in catalogue.movements().values() if declaration.direction in each.directions]
    movement = said or next(iter(known.movements), "")
    if movement not in {each.code for each in fitting}:
        return "", [FieldProblem(place, "movement", NO_MOVEMENT, {"value": declaration.type_code})]
    return movement, []


def _firm_faults(result: Result, firm: str, place: str) -> list[FieldProblem]:
    said = result.declaration.header.get(_FIRM_FIELDS[result.declaration.direction], "").replace("-", "")
    if said and firm and said != firm.replace("-", ""):
        return [FieldProblem(place, "firm", OTHER_FIRM, {"value": said})]
    return []


def _line_faults(result: Result, place: str) -> list[FieldProblem]:
    """Return the lines that no column holds as they are: nothing is rounded on the way in."""
    problems = []
    for line in result.declaration.lines:
        if line.number < 1:
            problems.append(FieldProblem(place, "line", NO_LINE_NUMBER))
        for name, most in NUMBERS.items():
            value: Decimal | None = getattr(line, name)
            if value is not None and (value < 0 or decimals(value) > most):
                said: dict[str, str | int] = {"line": line.number, "value": f"{value:f}"}
                problems.append(FieldProblem(place, "number", NO_SUCH_NUMBER, said))
    return problems


def _known(session: Session, party_id: UUID, results: Sequence[Result]) -> Mapping[str, _Known]:
    """Return the declarations that the file is about and that are known, under their locks."""
    keys = {key for each in results if (key := _key(each))}
    rows = session.scalars(
        select(Declaration)
        .where(
            Declaration.party_id == party_id,
            # As many amendments as a digit counts; by the index of the number.
            Declaration.official_number.in_([f"{key}{digit}" for key in keys for digit in range(10)]),
        )
        .order_by(Declaration.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    kept: dict[UUID, list[Snapshot]] = {row.id: [] for row in rows}
    for declaration_id, content in session.execute(
        select(OfficialResult.declaration_id, OfficialResult.content)
        .where(OfficialResult.declaration_id.in_(list(kept)))
        .order_by(OfficialResult.declaration_id, OfficialResult.number)
    ):
        kept[declaration_id].append(merging.snapshot_of(content))
    return {
        (row.official_number or "")[:IDENTIFYING]: _Known(
            row, kept[row.id] or ([bringing.as_it_stands(session, row)] if row.origin == "ELSEWHERE" else [])
        )
        for row in rows
    }


def _make(
    session: Session, party_id: UUID, snapshot: Snapshot, movement: str, *, actor: Actor, now: datetime, zone: ZoneInfo
) -> Declaration:  # fmt: skip
    said, official = snapshot.result.declaration, snapshot.official
    number = session.execute(text("select nextval('customs_declaration_number')")).scalar_one()
    row = Declaration(
        id=uuid7(), party_id=party_id, code=format_code(PREFIX, local_day(now, zone).year, number),
        direction=said.direction, movement=movement, type_code=said.type_code, origin="ELSEWHERE",
        state=official.state.value, head=0, branch_number=1, branches=1, own_reference="", created_at=now,
        created_by=actor.user_id, updated_at=now, version=1,
    )  # fmt: skip
    bringing.put_facts(row, official, said)
    session.add(row)
    session.flush()  # the revision refers to it
    bringing.keep_revision(session, row, said, official, number=0, actor=actor, now=now)
    bringing.keep_result(session, row, snapshot, "FIRST", [], actor=actor, now=now)
    record(
        session, "customs:declaration:bring-in", subject=Subject("declaration", row.id), actor=actor, at=now,
        party_id=party_id, facts={"number": official.number, "lines": len(said.lines), "state": row.state},
    )  # fmt: skip
    publish(session, DeclarationOpened(row.id, row.code), actor=actor, at=now, party_id=party_id)
    return row


def _update(
    session: Session, before: _Known, snapshot: Snapshot, brought: Brought, *, actor: Actor, now: datetime
) -> None:
    row, official = before.row, snapshot.official
    if row.origin != "ELSEWHERE" or merging.repeats(snapshot, before.snapshots):
        brought.known.append(official.number)
        return
    merged, said = merging.merge([*before.snapshots, snapshot])
    changes = bringing.take_over(session, row, merged, said, actor=actor, now=now)
    outcome = "CHANGED" if changes else "OLDER"
    bringing.keep_result(session, row, snapshot, outcome, changes, actor=actor, now=now)
    record(
        session, "customs:declaration:update", subject=Subject("declaration", row.id), actor=actor, at=now,
        party_id=row.party_id, facts={"number": official.number, "outcome": outcome, "changes": len(changes)},
    )  # fmt: skip
    if not changes:
        brought.older.append(official.number)
        return
    brought.changed.append(row)
    publish(session, DeclarationUpdated(row.id, row.code), actor=actor, at=now, party_id=row.party_id)


__all__ = ["MOST", "MOVEMENT", "Brought", "ResultsRefused", "bring_in"]
