"""The plan of a project as its certificate records it: capital and milestones, ready to be drawn."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any

WIDTH = 1000
"""Length of a drawn bar in its own units; the page scales it."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the capital: a code or a name, the amount in VND, its share of the whole in percent, its place."""

    name: str
    amount: Decimal
    percent: Decimal
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Milestone:
    """A milestone with its place between the first and the last one."""

    label: Mapping[str, str]
    note: str
    on: date
    passed: bool
    at: int


def capital_parts(content: Mapping[str, Any]) -> list[Part]:
    """Return contributed and mobilised capital as parts of the whole; empty where there is none."""
    amounts = [(name, Decimal(content[name]["amount"])) for name in ("contributed", "mobilised")]
    return _parts(amounts)


def investor_parts(content: Mapping[str, Any]) -> list[Part]:
    """Return what each investor contributes, by the shares on the certificate."""
    contributed = Decimal(content["contributed"]["amount"])
    return _parts(
        [(each["name"], contributed * Decimal(each["share"]) / 100) for each in content["investors"]]
    )


def _parts(amounts: list[tuple[str, Decimal]]) -> list[Part]:
    whole = sum((amount for _, amount in amounts), Decimal(0))
    found: list[Part] = []
    before = Decimal(0)
    for name, amount in amounts if whole else ():
        start = int(before * WIDTH / whole)
        before += amount
        percent = (amount * 100 / whole).quantize(Decimal("0.1"))
        found.append(Part(name, amount, percent, start, int(before * WIDTH / whole) - start))
    return found


def milestones(
    content: Mapping[str, Any], *, today: date, words: Mapping[str, Any] = MappingProxyType({})
) -> list[Milestone]:
    """
    Return the milestones in the order of time.

    :param words: of the procedure, for languages in which the certificate itself does not speak.
    """
    rows = [
        (
            {**words.get(f"milestones.kind:{row.get('kind')}", {}), "vi": row["label"]},
            row.get("note") or "",
            date.fromisoformat(row["on"]),
        )
        for row in content["milestones"]
    ]
    days = [on for _, _, on in rows]
    first, span = min(days, default=today), (max(days, default=today) - min(days, default=today)).days
    return [
        Milestone(
            label,
            note,
            on,
            on < today,
            (on - first).days * WIDTH // span if span else WIDTH // 2,
        )
        for label, note, on in sorted(rows, key=lambda row: row[2])
    ]
