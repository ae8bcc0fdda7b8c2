"""Single rates: a new rate for some days, or an end of one, proposed as a change of one item."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from app.core import law
from app.core.errors import Conflict
from app.core.evidence import Subject, record
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.kit.ranges import Period
from app.core.law import Instrument, LawChangeSet, Origin
from app.core.law.queries import to_period
from app.customs.tariff.domain.expressions import Expression, Pct, parse, to_json
from app.customs.tariff.models import TariffMeasure
from app.customs.tariff.schedules.domain.profile import Slot
from app.customs.tariff.schedules.models import Effect, TariffChange, TariffChangeItem
from app.customs.tariff.schedules.service.comparing import slot_of
from app.customs.tariff.schedules.service.content import KIND


class NothingChanges(Conflict):
    """The rate that is proposed holds already, or the one that should end does not hold."""

    code = "tariff.nothing-changes"
    title = "Nothing would change."
    detail = "On these days this rate holds already, or there is none that could end."
    hint = "Look at the rates of the line and choose other days or another rate."


@dataclass(frozen=True, slots=True)
class RateChange:
    """What should hold for one line, or one of its sub-lines, on some days; no expression ends what holds."""

    hs8: str
    slot: Slot
    period: Period
    expr: Expression | None
    status: str
    instrument: str | None = None
    article: str | None = None
    annex: str | None = None
    note: dict[str, str] | None = None
    subline10: str = ""


def propose_rate(
    session: Session,
    *,
    change: RateChange,
    reason: str,
    actor: Actor,
    now: datetime,
    instruments: Sequence[Instrument] = (),
) -> tuple[LawChangeSet, bool]:
    """
    Propose a single rate, or its end; return the change set and whether the same one waited already.

    :raises NothingChanges: it holds already, or nothing ends.
    """
    held = _held(session, change)
    if _settled(change, held):
        raise NothingChanges
    key = uuid7()
    session.add(TariffChange(id=key, made_at=now, made_by=actor.user_id))
    session.flush()  # the item refers to its change
    before = held[0] if held else None
    session.add(
        TariffChangeItem(
            change_set_id=key, position=1, effect=_effect(change, held).value, hs8=change.hs8,
            subline10=change.subline10,
            kind=change.slot.kind.value, scheme=change.slot.scheme, geo=change.slot.geo, variant=change.slot.variant,
            valid=_range(change.period), expr=to_json(change.expr) if change.expr else None,
            conditions=dict(held[-1].conditions) if held and change.expr else {}, instrument_id=change.instrument,
            article=change.article, annex=change.annex, status=change.status, note=change.note,
            was=before.expr if before else None, size=_size(change.expr, before.expr if before else None),
        )
    )  # fmt: skip
    waiting = {(each.content_hash, each.base_hash): each for each in law.open_change_sets(session)}
    made = law.propose_content(
        session, kind=KIND, change_set_id=key, origin=Origin.SCREEN, title=reason, actor=actor, now=now,
        instruments=instruments,
    )  # fmt: skip
    if (twin := waiting.get((made.content_hash, made.base_hash))) is not None:
        return twin, True
    record(
        session, "law:change-set:propose", subject=Subject("law-change-set", key), actor=actor, at=now,
        facts={"content_hash": made.content_hash, "items": 1, "kind": KIND},
    )  # fmt: skip
    return made, False


def _held(session: Session, change: RateChange) -> Sequence[TariffMeasure]:
    return session.scalars(
        select(TariffMeasure)
        .where(
            TariffMeasure.hs8 == change.hs8,
            TariffMeasure.slot == slot_of(change.hs8, change.slot, change.subline10),
            func.upper_inf(TariffMeasure.recorded),
            TariffMeasure.valid.op("&&")(_range(change.period)),
        )
        .order_by(func.lower(TariffMeasure.valid))
    ).all()


def _settled(change: RateChange, held: Sequence[TariffMeasure]) -> bool:
    if change.expr is None:
        return not held
    wanted = to_json(change.expr)
    source = (change.instrument, change.article, change.annex, change.status)
    for row in held:
        same = (row.instrument_id, row.article, row.annex, row.status) == source
        held_days = to_period(row.valid)
        covers = held_days.intersect(change.period) == change.period
        if row.expr == wanted and same and covers:
            return True
    return False


def _effect(change: RateChange, held: Sequence[TariffMeasure]) -> Effect:
    if change.expr is None:
        return Effect.ENDED
    if not held:
        return Effect.ADDED
    wanted = to_json(change.expr)
    return Effect.RESTATED if all(row.expr == wanted for row in held) else Effect.CHANGED


def _size(expr: Expression | None, was: dict[str, Any] | None) -> Any:
    before = parse(was) if was else None
    return abs(expr.rate - before.rate) if isinstance(expr, Pct) and isinstance(before, Pct) else None


def _range(period: Period) -> Range[Any]:
    return Range(period.start, period.end, bounds="[)")
