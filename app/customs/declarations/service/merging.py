"""
What several official results of one declaration come to, in whatever order they were brought in.

Each result is what the authority had said up to some instant. The one with the most amendments, then with the latest
instant, says the content; a fact that it does not repeat (a channel, a clearance) stays as the one before it said. What
is cleared or cancelled stays so, whatever an older result says. The outcome depends on the set of results alone.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from app.core.errors import FieldProblem
from app.core.i18n import N_
from app.customs.declarations.domain import lifecycle
from app.customs.declarations.domain.lifecycle import State
from app.customs.declarations.service import applying, telling
from app.customs.declarations.wire import (
    DeclarationMessage,
    NoticeKind,
    Result,
    WireLine,
    read_results,
    write_results,
)
from app.customs.declarations.wire import Notice as WireNotice

IDENTIFYING = 11
"""Digits of an official number that tell the declaration; the one after them counts its amendments."""

NO_NUMBER = N_("The official number is missing; only what customs registered can be brought in.")
BAD_NUMBER = N_("An official number has twelve digits.")
NOT_IN_ORDER = N_("The notices do not follow each other: “%(value)s” is not possible there.")
NO_LINES = N_("A declaration has at least one goods line.")
NO_REGISTRATION = N_("The time of registration is missing.")
CONTRADICTS = N_("At the same official time another result of this declaration says another thing.")

_ENDS = {State.RELEASED: 1, State.CLEARED: 2, State.CANCELLED: 3}
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class Official:
    """What the authority said of a declaration, as far as it is known."""

    number: str = ""
    state: State = State.SENT
    channel: str | None = None
    registered_at: datetime | None = None
    released_at: datetime | None = None
    cleared_at: datetime | None = None
    cancelled_at: datetime | None = None
    tax: dict[str, Any] = field(default_factory=dict)
    taxed_at: datetime | None = None

    @property
    def total(self) -> Decimal:
        """Return the sum of the taxes."""
        return Decimal(self.tax.get("total", "0"))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One result with what its notices come to."""

    result: Result
    official: Official
    said_at: datetime | None

    @property
    def key(self) -> str:
        """Return the digits by which the declaration is known."""
        return self.official.number[:IDENTIFYING]

    @property
    def rank(self) -> tuple[str, datetime, int, int]:
        """Return how new the result is: amendments, latest instant, how far it had come, how much it says."""
        order = list(State).index(self.official.state)
        said = self.said_at or _NEVER
        return self.official.number[IDENTIFYING:], said, order, len(self.result.notices)

    @property
    def facts(self) -> Mapping[tuple[str | int, ...], object]:
        """Return what it says, fact by fact; a workbook has room for fewer of them than the documented form."""
        official, said = self.official, self.result.declaration
        found: dict[tuple[str | int, ...], object] = {
            ("number",): official.number, ("state",): official.state, ("channel",): official.channel,
            ("registered",): official.registered_at, ("released",): official.released_at,
            ("cleared",): official.cleared_at, ("cancelled",): official.cancelled_at,
            ("type",): said.type_code, ("lines",): len(said.lines),
            **{("header", code): text for code, text in said.header.items()},
        }  # fmt: skip
        for line in said.lines:
            plain = {each.name: getattr(line, each.name) for each in fields(line) if each.name != "more"}
            found |= {("line", line.number, name): value for name, value in {**plain, **line.more}.items()}
        for item in telling.taxes_of_body(official.tax):
            for tax in item.taxes:
                place = ("tax", item.number, tax.kind.value)
                found |= {
                    (*place, "amount"): tax.amount,
                    (*place, "base"): tax.base,
                    (*place, "rate"): tax.rate,
                }
        found |= {("said", each.kind.value, f"{each.official_at}"): each.text for each in self.result.notices}
        return {name: value for name, value in found.items() if value not in (None, "")}

    @property
    def sha256(self) -> str:
        """Return the digest of what it says; names that a file gives its messages are no part of it."""
        return hashlib.sha256(self.content.encode()).hexdigest()

    @property
    def content(self) -> str:
        """Return the result alone in the documented form."""
        number, said = self.official.number, self.result.declaration
        message = replace(
            said, message_id="-", reference=number, official_number=number, issued_at=None, version=0,
            lines=tuple(_plain(each) for each in said.lines),
        )  # fmt: skip
        notices = tuple(
            replace(each, id=f"{number}-{place}", sequence=place, reference=number, reply_to="", version=None)
            for place, each in enumerate(self.result.notices, 1)
        )
        return write_results((Result(message, notices),)).decode()


def snapshot_of(content: str) -> Snapshot:
    """Return a result that was kept."""
    (result,) = read_results(content.encode())
    return judge(result, "", partial=True)[0]


def judge(result: Result, place: str, *, partial: bool) -> tuple[Snapshot, list[FieldProblem]]:
    """
    Follow the notices through the table of steps, as those of our own declarations are.

    :param partial: other results of the declaration are known, so that this one may begin after the registration.
    """
    official, problems = Official(number=result.declaration.official_number), []
    if partial and not any(each.kind is NoticeKind.REGISTERED for each in result.notices):
        official.state = State.REGISTERED
    for notice in result.notices:
        step = applying.step_for(notice.kind, telling.body_of(notice))
        row = None if step is None else lifecycle.find(official.state, step)
        if step is not None and row is None:
            problems.append(FieldProblem(place, "order", NOT_IN_ORDER, {"value": notice.kind.value}))
            continue
        official.state = official.state if row is None else row.to
        _note(official, notice)
    if not official.number:
        problems.append(FieldProblem(place, "number", NO_NUMBER))
    elif not (
        len(official.number) == IDENTIFYING + 1 and official.number.isascii() and official.number.isdecimal()
    ):
        problems.append(FieldProblem(place, "number", BAD_NUMBER))
    if official.registered_at is None and not partial:
        problems.append(FieldProblem(place, "registered", NO_REGISTRATION))
    if not result.declaration.lines:
        problems.append(FieldProblem(place, "lines", NO_LINES))
    said_at = max((each.official_at for each in result.notices), default=None)
    return Snapshot(result, official, said_at), problems


def merge(snapshots: Sequence[Snapshot]) -> tuple[Official, DeclarationMessage]:
    """Return what results of one declaration come to, and the content that counts."""
    ranked = sorted(snapshots, key=lambda each: (each.rank, len(each.facts), each.sha256))
    newest = ranked[-1]
    merged = Official(number=newest.official.number)
    for each in ranked:
        said = each.official
        merged.channel = said.channel or merged.channel
        merged.registered_at = said.registered_at or merged.registered_at
        merged.released_at = said.released_at or merged.released_at
        merged.cleared_at = said.cleared_at or merged.cleared_at
        merged.cancelled_at = said.cancelled_at or merged.cancelled_at
        if said.taxed_at is not None:
            merged.tax, merged.taxed_at = said.tax, said.taxed_at
    merged.state = max(ranked, key=lambda each: (_ENDS.get(each.official.state, 0), each.rank)).official.state
    return merged, newest.result.declaration


def contradicts(snapshot: Snapshot, known: Sequence[Snapshot]) -> bool:
    """Tell whether a known result is as new as this one and says another thing: nobody can tell which counts."""
    mine = snapshot.facts
    alike = [each.facts for each in known if each.rank == snapshot.rank]
    return any(mine[name] != theirs[name] for theirs in alike for name in mine.keys() & theirs.keys())


def repeats(snapshot: Snapshot, known: Sequence[Snapshot]) -> bool:
    """Tell whether a known result that is as new says all of it, be it in a form with more room."""
    mine = snapshot.facts.items()
    return any(each.rank == snapshot.rank and mine <= each.facts.items() for each in known)


def _note(official: Official, notice: WireNotice) -> None:
    official.number = notice.official_number or official.number
    official.channel = notice.channel or official.channel
    at = notice.official_at
    match notice.kind:
        case NoticeKind.REGISTERED:
            official.registered_at = at
        case NoticeKind.RELEASED:
            official.released_at = at
        case NoticeKind.CLEARED:
            official.cleared_at = at
        case NoticeKind.CANCELLED:
            official.cancelled_at = at
        case NoticeKind.TAX:
            official.tax, official.taxed_at = telling.body_of(notice), at
        case _:
            pass


def _plain(line: WireLine) -> WireLine:
    """Return a line whose numbers are written in one way: 10 and 10.00 say the same."""
    numbers = ("quantity", "quantity2", "unit_price", "value")
    said = {name: value for name in numbers if (value := getattr(line, name)) is not None}
    return replace(line, **{name: Decimal(f"{value.normalize():f}") for name, value in said.items()})  # type: ignore[arg-type]
