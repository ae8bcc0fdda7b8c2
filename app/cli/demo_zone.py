"""The fictitious enterprises of the demo zone, the same in every installation."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.auth.models import Party
from app.core.kit.actor import SYSTEM
from app.registry.facade import EnterpriseKind, Source, enterprise_card, register_enterprise

SEA_STAR = "Công ty TNHH Thử nghiệm Sao Biển (hư cấu)"
HOSHI = "Hoshi Demo Electronics Co., Ltd. (hư cấu)"

# No tax office gives out codes that begin with 99, so none of these is anybody's.
_ENTERPRISES = (
    (SEA_STAR, "Sea Star Trial Co., Ltd. (fictitious)", EnterpriseKind.VIETNAMESE, "VN", "9900000016"),
    (HOSHI, HOSHI, EnterpriseKind.FOREIGN, "JP", None),
)


def enter_enterprises(session: Session, *, now: datetime) -> int:
    """Enter the demo enterprises that have no record yet; return how many."""
    entered = 0
    for name_vi, name_en, kind, country, tax_code in _ENTERPRISES:
        party_id = session.scalar(select(Party.id).where(Party.name == name_vi))
        if party_id is not None and enterprise_card(session, party_id) is not None:
            continue
        register_enterprise(
            session, name_vi=name_vi, name_en=name_en, kind=kind, country=country, tax_code=tax_code,
            source=Source.DEMO, party_id=party_id, actor=SYSTEM, now=now,
        )  # fmt: skip
        entered += 1
    return entered
