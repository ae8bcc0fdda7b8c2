"""How a change set takes force: rows that lose days are closed, what remains of them and the new values are written."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from app.core.kit.ids import uuid7
from app.core.law import queries
from app.core.law.book import LawValue
from app.core.law.models import LawChangeSet, LawInstrument, LawValueRow
from app.core.law.proposal import Instrument
from app.core.law.timeline import ChangeItem, cut

_TICK = timedelta(microseconds=1)


def next_instant(session: Session, now: datetime) -> datetime:
    """Return an instant after every recorded one, also when this machine's clock runs behind another's."""
    last = session.scalar(select(func.max(LawChangeSet.in_force_at)))
    return now if last is None else max(now, last + _TICK)


def take_force(
    session: Session,
    change_set: LawChangeSet,
    items: Sequence[ChangeItem],
    instruments: Sequence[Instrument],
    *,
    taken: datetime,
) -> None:
    """
    Write the values of a change set that has just taken force.

    :param taken: the recorded time of all that is written, later than every recorded time before.
    """
    _write_instruments(session, instruments)
    keys = sorted({item.key for item in items})
    rows = _current_rows(session, keys)
    closed: list[UUID] = []
    written: list[dict[str, Any]] = []
    steps = sorted(items, key=lambda item: item.key)
    for key, group in groupby(steps, key=lambda item: item.key):
        held = [(queries.to_period(row.valid), row) for row in rows if row.key == key]
        change = cut(held, list(group))
        closed += [row.id for row in change.closed]
        for row, rest in change.rests:
            value = replace(queries.to_value(row), valid=rest)
            written.append(_value_row(value, taken, row.change_set_id))
        written += [_value_row(value, taken, change_set.id) for value in change.added]
    if closed:
        end = func.tstzrange(func.lower(LawValueRow.recorded), taken)
        session.execute(
            update(LawValueRow)
            .where(LawValueRow.id.in_(closed))
            .values(recorded=end)
            .execution_options(synchronize_session=False)
        )
    if written:
        session.execute(insert(LawValueRow), written)
    queries.forget(session)


def _current_rows(session: Session, keys: Sequence[str]) -> Sequence[LawValueRow]:
    open_rows = func.upper_inf(LawValueRow.recorded)
    return session.scalars(
        select(LawValueRow)
        .where(LawValueRow.key.in_(keys), open_rows)
        .order_by(LawValueRow.key, LawValueRow.valid)
        .execution_options(populate_existing=True)
    ).all()


def _value_row(value: LawValue, recorded_from: datetime, change_set_id: UUID) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "key": value.key,
        "valid": queries.to_range(value.valid),
        "recorded": Range(recorded_from, None, bounds="[)"),
        "value": value.value,
        "unit": value.unit,
        "instrument_id": value.instrument,
        "article": value.article,
        "status": value.status.value,
        "note": dict(value.note) if value.note else None,
        "content_hash": value.content_hash,
        "change_set_id": change_set_id,
    }


def _write_instruments(session: Session, instruments: Sequence[Instrument]) -> None:
    if not instruments:
        return
    rows = [
        {
            "id": found.id,
            "kind": found.kind,
            "number": found.number,
            "title": dict(found.title),
            "issued_on": found.issued_on,
            "in_force_from": found.in_force_from,
            "in_force_to": found.in_force_to,
            "status": found.status.value,
            "note": dict(found.note) if found.note else None,
        }
        for found in instruments
    ]
    statement = upsert(LawInstrument)
    columns = {name: statement.excluded[name] for name in rows[0] if name != "id"}
    session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=columns), rows)
