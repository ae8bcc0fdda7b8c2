"""
The content of change sets that the tariff offers to the law: rates, headings and groups of countries, hashed and put in
force set by set.

Taking force is a handful of statements whatever the number of rates: rows that lose days are closed at the recorded
instant, what remains of them and what is new is written. The guards of the tables refuse a row that no item says.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.core import outbox
from app.core.kit.actor import SYSTEM
from app.customs.tariff.events import HeadingsChanged
from app.customs.tariff.schedules.models import TariffChangeHeading
from app.customs.tariff.schedules.service.comparing import AS_USUAL, IN_BULK

KIND = "tariff.measures"
_TOLD_AT_ONCE = 300

_COUNT = text(
    "select (select count(*) from tariff_change_item where change_set_id = :id)"
    " + (select count(*) from tariff_change_heading where change_set_id = :id)"
    " + (select count(*) from tariff_change_group where change_set_id = :id)"
    " + (select count(*) from tariff_change_member where change_set_id = :id)"
)
_DIGEST = text(
    """
select encode(sha256(convert_to(
  coalesce((select string_agg(jsonb_build_array(position, effect, slot, valid, expr, conditions, instrument_id,
                                                article, annex, status, note)::text, E'\\n' order by position)
              from tariff_change_item where change_set_id = :id), '')
  || E'\\n\\n' ||
  coalesce((select string_agg(jsonb_build_array(code, effect, valid, title, unit, status)::text, E'\\n' order by code)
              from tariff_change_heading where change_set_id = :id), '')
  -- Nothing is added to the hash of a change that says nothing of groups.
  || coalesce((select E'\\n\\n' || string_agg(jsonb_build_array(code, title, status, note)::text, E'\\n' order by code)
                 from tariff_change_group where change_set_id = :id), '')
  || coalesce((select E'\\n\\n' || string_agg(
                   jsonb_build_array(group_code, country, effect, valid, instrument_id, article, status, note)::text,
                   E'\\n' order by group_code, country)
                 from tariff_change_member where change_set_id = :id), ''), 'UTF8')), 'hex')
"""
)
# Rows never change but by being closed, so the keys of the open ones say all that is in force there.
_BASE = text(
    """
select encode(sha256(convert_to(
  coalesce((select string_agg(found.id::text, ',' order by found.id)
              from (select distinct m.id from tariff_change_item i
                      join tariff_measure m on m.hs8 = i.hs8 and m.slot = i.slot and m.valid && i.valid
                     where i.change_set_id = :id and upper_inf(m.recorded)) found), '')
  || ';' ||
  coalesce((select string_agg(found.id::text, ',' order by found.id)
              from (select distinct h.id from tariff_change_heading i
                      join tariff_heading h on h.code = i.code and h.valid && i.valid
                     where i.change_set_id = :id and upper_inf(h.recorded)) found), '')
  || coalesce((select ';' || string_agg(g.code, ',' order by g.code)
                 from tariff_change_group i join tariff_geo_group g on g.code = i.code where i.change_set_id = :id), '')
  || coalesce((select ';' || string_agg(found.id::text, ',' order by found.id)
                 from (select distinct m.id from tariff_change_member i
                         join tariff_geo_group_member m
                           on m.group_code = i.group_code and m.country = i.country and m.valid && i.valid
                        where i.change_set_id = :id and upper_inf(m.recorded)) found), ''), 'UTF8')), 'hex')
"""
)
_CLOSE = text(
    """
update tariff_measure m set recorded = tstzrange(lower(m.recorded), :taken)
  from tariff_change_item i
 where i.change_set_id = :id and m.hs8 = i.hs8 and m.slot = i.slot and m.valid && i.valid and upper_inf(m.recorded)
"""
)
_COLUMNS = (
    "(hs8, subline10, kind, scheme, geo, variant, valid, recorded, expr, conditions, instrument_id, article, annex,"
    " status, note, change_set_id, id)"
)
_REST = text(
    """
insert into tariff_measure {columns}
select m.hs8, m.subline10, m.kind, m.scheme, m.geo, m.variant, rest, tstzrange(:taken, null), m.expr, m.conditions,
       m.instrument_id, m.article, m.annex, m.status, m.note, :id, gen_random_uuid()
  from tariff_measure m
  join (select hs8, slot, range_agg(valid) as days from tariff_change_item where change_set_id = :id group by 1, 2) g
    on g.hs8 = m.hs8 and g.slot = m.slot,
       lateral unnest(datemultirange(m.valid) - g.days) as rest
 where upper(m.recorded) = :taken and m.valid && g.days
""".replace("{columns}", _COLUMNS)
)
_ADD = text(
    """
insert into tariff_measure {columns}
select hs8, subline10, kind, scheme, geo, variant, valid, tstzrange(:taken, null), expr, conditions, instrument_id,
       article, annex, status, note, :id, gen_random_uuid()
  from tariff_change_item where change_set_id = :id and expr is not null order by slot
""".replace("{columns}", _COLUMNS)
)
_CLOSE_HEADINGS = text(
    """
update tariff_heading h set recorded = tstzrange(lower(h.recorded), :taken)
  from tariff_change_heading i
 where i.change_set_id = :id and h.code = i.code and h.valid && i.valid and upper_inf(h.recorded)
"""
)
_REST_HEADINGS = text(
    """
insert into tariff_heading (id, code, title, unit, folded, valid, recorded, status, change_set_id)
select gen_random_uuid(), h.code, h.title, h.unit, h.folded, rest, tstzrange(:taken, null), h.status, :id
  from tariff_heading h join tariff_change_heading i on i.change_set_id = :id and i.code = h.code,
       lateral unnest(datemultirange(h.valid) - datemultirange(i.valid)) as rest
 where upper(h.recorded) = :taken and h.valid && i.valid
"""
)
_ADD_HEADINGS = text(
    """
insert into tariff_heading (id, code, title, unit, folded, valid, recorded, status, change_set_id)
select gen_random_uuid(), code, title, unit, folded, valid, tstzrange(:taken, null), status, :id
  from tariff_change_heading where change_set_id = :id and title is not null
"""
)
_ADD_GROUPS = text(
    "insert into tariff_geo_group (code, title, status, note)"
    " select code, title, status, note from tariff_change_group where change_set_id = :id"
)
_CLOSE_MEMBERS = text(
    """
update tariff_geo_group_member m set recorded = tstzrange(lower(m.recorded), :taken)
  from tariff_change_member i
 where i.change_set_id = :id and m.group_code = i.group_code and m.country = i.country and m.valid && i.valid
   and upper_inf(m.recorded)
"""
)
_MEMBER_COLUMNS = "(id, group_code, country, valid, recorded, status, instrument_id, article, change_set_id)"
_REST_MEMBERS = text(
    """
insert into tariff_geo_group_member {columns}
select gen_random_uuid(), m.group_code, m.country, rest, tstzrange(:taken, null), m.status, m.instrument_id, m.article,
       :id
  from tariff_geo_group_member m
  join tariff_change_member i on i.change_set_id = :id and i.group_code = m.group_code and i.country = m.country,
       lateral unnest(datemultirange(m.valid) - datemultirange(i.valid)) as rest
 where upper(m.recorded) = :taken and m.valid && i.valid
""".replace("{columns}", _MEMBER_COLUMNS)
)
_ADD_MEMBERS = text(
    """
insert into tariff_geo_group_member {columns}
select gen_random_uuid(), group_code, country, valid, tstzrange(:taken, null), status, instrument_id, article, :id
  from tariff_change_member where change_set_id = :id and effect <> 'ENDED'
""".replace("{columns}", _MEMBER_COLUMNS)
)
_STEPS = (
    _CLOSE, _REST, _ADD, _CLOSE_HEADINGS, _REST_HEADINGS, _ADD_HEADINGS, _ADD_GROUPS, _CLOSE_MEMBERS, _REST_MEMBERS,
    _ADD_MEMBERS,
)  # fmt: skip


class TariffContent:
    """Rates, headings and groups of a change, behind the port of the law."""

    kind = KIND

    def count(self, session: Session, change_set_id: UUID) -> int:
        """Return how many rates, headings, groups and members change."""
        return int(session.scalar(_COUNT, {"id": change_set_id}) or 0)

    def digest(self, session: Session, change_set_id: UUID) -> str:
        """Return the hash of all items."""
        return str(session.scalar(_DIGEST, {"id": change_set_id}))

    def base(self, session: Session, change_set_id: UUID) -> str:
        """Return the hash of what is in force where items would change something."""
        session.execute(IN_BULK)
        found = session.scalar(_BASE, {"id": change_set_id})
        session.execute(AS_USUAL)
        return str(found)

    def take_force(self, session: Session, change_set_id: UUID, *, taken: datetime) -> None:
        """Close what loses days, write what remains of it and what is new."""
        given = {"id": change_set_id, "taken": taken}
        session.execute(IN_BULK)
        for statement in _STEPS:
            session.execute(statement, given)
        session.execute(AS_USUAL)
        _tell(session, change_set_id, taken)


def _tell(session: Session, change_set_id: UUID, taken: datetime) -> None:
    """Say which headings are others now, some hundred at a time: what finds them reads them anew."""
    named = select(TariffChangeHeading.code).where(TariffChangeHeading.change_set_id == change_set_id)
    codes = list(session.scalars(named.order_by(TariffChangeHeading.code)))
    for first in range(0, len(codes), _TOLD_AT_ONCE):
        event = HeadingsChanged(" ".join(codes[first : first + _TOLD_AT_ONCE]))
        outbox.publish(session, event, actor=SYSTEM, at=taken)
