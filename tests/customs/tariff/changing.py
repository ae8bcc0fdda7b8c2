"""Change sets in tests of the tariff: written straight into the tables, with the approvals that the guards ask for."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from app.core.kit.ids import uuid7
from app.customs.tariff.domain.expressions import to_json
from app.customs.tariff.schedules.models import TariffChange, TariffChangeItem
from app.customs.tariff.service import MeasureWrite

_SET = text(
    "insert into law_change_set (id, content_kind, content_count, origin, title, state, proposed_by_name, proposed_at,"
    " content_hash, base_hash, instruments, first_load, superseded)"
    " values (:id, 'tariff.measures', 1, 'YAML', '', 'PROPOSED', '', :at, 'h', '', '[]', false, false)"
)
_APPROVE = text(
    "insert into law_approval (change_set_id, officer_id, officer_name, at, content_hash)"
    " values (:id, gen_random_uuid(), '', :at, 'h'), (:id, gen_random_uuid(), '', :at, 'h')"
)
_FORCE = text(
    "update law_change_set set state = 'IN_FORCE', in_force_at = :at, decided_at = :at where id = :id"
)


def change_set(session: Session, *says: MeasureWrite, taken: datetime | None) -> UUID:
    """Write a set that says some measures; it is in force since an instant, or waits for its approvals."""
    ident, at = uuid7(), taken or datetime.fromisoformat("2026-01-01T00:00:00+00:00")
    session.add(TariffChange(id=ident, made_at=at, made_by=None))
    session.flush()  # the items refer to it
    for position, each in enumerate(says):
        session.add(
            TariffChangeItem(
                change_set_id=ident, position=position, effect="CHANGED" if each.expr else "ENDED", hs8=each.hs8,
                subline10=each.subline10, kind=each.kind.value, scheme=each.scheme, geo=each.geo,
                variant=each.variant, valid=Range(each.valid.start, each.valid.end),
                expr=to_json(each.expr) if each.expr else None, conditions=dict(each.conditions),
                status=each.status,
            )
        )  # fmt: skip
    session.flush()  # no item comes once the set is there
    session.execute(_SET, {"id": ident, "at": at})
    if taken is not None:
        session.execute(_APPROVE, {"id": ident, "at": at})
        session.execute(_FORCE, {"id": ident, "at": at})
    return ident
