"""From the files of a release to the items that they change: what is new since the last load, and not yet held."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.kit.ranges import Period
from app.core.law import queries
from app.core.law.book import LawValue, Status, law_value
from app.core.law.models import ChangeState, LawChangeSet, Origin
from app.core.law.proposal import Instrument, Proposal
from app.core.law.timeline import ChangeItem, plan


@dataclass(frozen=True, slots=True)
class Wish:
    """What a proposal wants changed; ``source`` is what has to be remembered of its files."""

    items: tuple[ChangeItem, ...]
    instruments: tuple[Instrument, ...]
    source: dict[str, Any]

    def __bool__(self) -> bool:
        return bool(self.items or self.instruments)


def wanted(session: Session, proposal: Proposal) -> Wish:
    """
    Compare the files with what they said when they were last decided upon, and with what is in force.

    A key that the files no longer hold is left alone (they may be some of many); a key with an empty list of values
    ends.
    """
    seen_values, seen_instruments = _seen(session)
    values = {key: [value_json(value) for value in found] for key, found in proposal.values.items()}
    moved = [key for key, found in sorted(values.items()) if seen_values.get(key) != found]
    held = queries.current(session, moved)
    items = [
        item
        for key in moved
        for item in plan(
            [value_of(key, raw) for raw in seen_values.get(key, [])],
            proposal.values[key],
            held[key],
            key=key,
        )
    ]
    known = queries.instruments(session)
    instruments = {ident: instrument_json(found) for ident, found in proposal.instruments.items()}
    told = {ident: raw for ident, raw in instruments.items() if seen_instruments.get(ident) != raw}
    changed = [proposal.instruments[ident] for ident in sorted(told)]
    source = {"values": {key: values[key] for key in moved}, "instruments": told}
    return Wish(tuple(items), tuple(found for found in changed if known.get(found.id) != found), source)


def _seen(session: Session) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    """Return what the files said at the loads that were decided; a later load overrides an earlier one."""
    decided = LawChangeSet.state != ChangeState.PROPOSED
    sources = session.scalars(
        select(LawChangeSet.source)
        .where(LawChangeSet.origin == Origin.YAML, decided, LawChangeSet.superseded.is_(False))
        .order_by(LawChangeSet.proposed_at, LawChangeSet.id)
    )
    values: dict[str, list[Any]] = {}
    instruments: dict[str, Any] = {}
    for source in sources:
        values.update((source or {}).get("values", {}))
        instruments.update((source or {}).get("instruments", {}))
    return values, instruments


def value_json(value: LawValue) -> dict[str, Any]:
    """Write a value as canonical JSON content, without its key."""
    return {
        "from": value.valid.start.isoformat(),
        "to": _iso(value.valid.end),
        "value": value.value,
        "unit": value.unit,
        "instrument": value.instrument,
        "article": value.article,
        "status": value.status.value,
        "note": _plain(value.note),
    }


def value_of(key: str, raw: Mapping[str, Any]) -> LawValue:
    """Read what :func:`value_json` wrote."""
    return law_value(
        key=key,
        value=raw["value"],
        unit=raw["unit"],
        valid=Period(date.fromisoformat(raw["from"]), _date(raw["to"])),
        status=Status(raw["status"]),
        instrument=raw["instrument"],
        article=raw["article"],
        note=raw["note"],
    )


def instrument_json(instrument: Instrument) -> dict[str, Any]:
    """Write an instrument as canonical JSON content."""
    return {
        "id": instrument.id,
        "kind": instrument.kind,
        "number": instrument.number,
        "title": _plain(instrument.title),
        "issued_on": _iso(instrument.issued_on),
        "in_force_from": _iso(instrument.in_force_from),
        "in_force_to": _iso(instrument.in_force_to),
        "status": instrument.status.value,
        "note": _plain(instrument.note),
    }


def instrument_of(raw: Mapping[str, Any]) -> Instrument:
    """Read what :func:`instrument_json` wrote."""
    days = {name: _date(raw[name]) for name in ("issued_on", "in_force_from", "in_force_to")}
    return Instrument(
        id=raw["id"],
        kind=raw["kind"],
        number=raw["number"],
        title=raw["title"],
        status=Status(raw["status"]),
        note=raw["note"],
        **days,
    )


def _plain(text: Mapping[str, str] | None) -> dict[str, str] | None:
    return dict(text) if text else None


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _date(day: str | None) -> date | None:
    return date.fromisoformat(day) if day else None
