"""Groups of countries: members for some days, or none any more, and new groups; proposed as a change of the tariff."""

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
from app.customs.tariff.models import TariffGeoGroup, TariffGeoGroupMember
from app.customs.tariff.schedules.models import Effect, TariffChange, TariffChangeGroup, TariffChangeMember
from app.customs.tariff.schedules.service.content import KIND


class MembersHold(Conflict):
    """All that is proposed for a group holds already."""

    code = "tariff.members-hold"
    title = "Nothing would change."
    detail = "On these days these countries are in the group already by this source, or none of them is."
    hint = "Look at the members of the group and choose other days or countries."


class GroupKnown(Conflict):
    """A new group has the code of one that is known."""

    code = "tariff.group-known"
    title = "There is a group of this code already."
    detail = "Rates name a group by its code, so each code is one group for good."
    hint = "Open that group and change its members, or choose another code."


@dataclass(frozen=True, slots=True)
class NewGroup:
    """A group that is not known yet: its code and its words in vi and en."""

    code: str
    title: dict[str, str]


@dataclass(frozen=True, slots=True)
class GroupChange:
    """
    Which countries are in a group on some days, or no more.

    :ivar members: False ends what these countries are on these days.
    :ivar added: the group, where it is new.
    """

    group: str
    countries: tuple[str, ...]
    period: Period
    members: bool
    status: str
    instrument: str | None = None
    article: str | None = None
    note: dict[str, str] | None = None
    added: NewGroup | None = None


def propose_group(
    session: Session,
    *,
    change: GroupChange,
    reason: str,
    actor: Actor,
    now: datetime,
    instruments: Sequence[Instrument] = (),
) -> tuple[LawChangeSet, bool]:
    """
    Propose members of a group; return the change set and whether the same one waited already.

    Countries of which the proposal says what holds already are left out.

    :raises GroupKnown: a new group has the code of a known one.
    :raises MembersHold: it holds already, or nobody leaves.
    """
    if change.added is not None and session.get(TariffGeoGroup, change.group) is not None:
        raise GroupKnown
    effects = _effects(session, change)
    if not effects and change.added is None:
        raise MembersHold
    key = uuid7()
    session.add(TariffChange(id=key, made_at=now, made_by=actor.user_id))
    session.flush()  # the items refer to their change
    if change.added is not None:
        session.add(
            TariffChangeGroup(
                change_set_id=key, code=change.added.code, title=change.added.title, status=change.status,
                note=change.note,
            )
        )  # fmt: skip
    session.add_all(
        TariffChangeMember(
            change_set_id=key, group_code=change.group, country=country, effect=effect.value,
            valid=_range(change.period), instrument_id=change.instrument, article=change.article, status=change.status,
            note=change.note,
        )
        for country, effect in effects.items()
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
        facts={"content_hash": made.content_hash, "items": made.content_count or 0, "kind": KIND},
    )  # fmt: skip
    return made, False


def _effects(session: Session, change: GroupChange) -> dict[str, Effect]:
    """Return what happens to each country; those to which nothing happens are left out."""
    held = _held(session, change)
    found = {}
    for country in change.countries:
        rows = held.get(country, [])
        if not change.members:
            if rows:
                found[country] = Effect.ENDED
        elif not rows:
            found[country] = Effect.ADDED
        elif not any(_says(row, change) for row in rows):
            known = all(_covers(row, change.period) for row in rows)
            found[country] = Effect.RESTATED if known else Effect.ADDED
    return found


def _says(row: TariffGeoGroupMember, change: GroupChange) -> bool:
    source = (change.status, change.instrument, change.article)
    return (row.status, row.instrument_id, row.article) == source and _covers(row, change.period)


def _covers(row: TariffGeoGroupMember, period: Period) -> bool:
    return to_period(row.valid).intersect(period) == period


def _held(session: Session, change: GroupChange) -> dict[str, list[TariffGeoGroupMember]]:
    rows = session.scalars(
        select(TariffGeoGroupMember).where(
            TariffGeoGroupMember.group_code == change.group,
            TariffGeoGroupMember.country.in_(change.countries),
            func.upper_inf(TariffGeoGroupMember.recorded),
            TariffGeoGroupMember.valid.op("&&")(_range(change.period)),
        )
    )
    found: dict[str, list[TariffGeoGroupMember]] = {}
    for row in rows:
        found.setdefault(row.country, []).append(row)
    return found


def _range(period: Period) -> Range[Any]:
    return Range(period.start, period.end, bounds="[)")
