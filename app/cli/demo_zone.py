"""The fictitious enterprises of the demo zone, the same in every installation."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.auth.models import Party
from app.core.kit.actor import SYSTEM
from app.registry.facade import (
    AddressKind,
    EnterpriseKind,
    Person,
    Place,
    Source,
    Verification,
    add_representative,
    enterprise_card,
    register_enterprise,
    set_address,
)

SEA_STAR = "Công ty TNHH Thử nghiệm Sao Biển (hư cấu)"
HOSHI = "Hoshi Demo Electronics Co., Ltd. (hư cấu)"  # these have demo accounts
SHELL = "Công ty Cổ phần Nhựa Vỏ Ốc (hư cấu)"
BYEOL = "Công ty TNHH Màn hình Byeol Thử nghiệm (hư cấu)"
SAIL = "Công ty Cổ phần Logistics Cánh Buồm (hư cấu)"  # sends data of low-value parcels
BROKER = "Công ty TNHH Dịch vụ Cảng Triều Dâng (hư cấu)"  # declares to customs for the two above

_FILE = Path(__file__).parent / "demo_enterprises.yaml"


def enter_enterprises(session: Session, *, now: datetime) -> int:
    """Enter the demo enterprises that have no record yet; return how many."""
    entered = 0
    known = {name: key for key, name in session.execute(select(Party.id, Party.name))}
    for each in yaml.safe_load(_FILE.read_text(encoding="utf-8")):
        party_id = known.get(each["name_vi"])
        if party_id is None or enterprise_card(session, party_id) is None:
            _enter(session, each, party_id, now)
            entered += 1
    return entered


def _enter(session: Session, each: Mapping[str, Any], party_id: Any, now: datetime) -> None:
    key = register_enterprise(
        session, name_vi=each["name_vi"], name_en=each["name_en"], kind=EnterpriseKind(each["kind"]),
        country=each["country"], tax_code=each["tax_code"] or None, legal_form=each["form"],
        established_on=each["founded"], phone=each["phone"], email=each["email"],
        verification=Verification.VERIFIED if each["verified"] else Verification.DECLARED, source=Source.DEMO,
        party_id=party_id, actor=SYSTEM, now=now,
    )  # fmt: skip
    place = Place(AddressKind.HEAD_OFFICE, each["country"], each["province"], each["ward"], each["street"])
    set_address(session, party_id=key, revision=1, place=place, since=each["founded"], actor=SYSTEM, now=now)
    person = Person(each["representative"], each["position"], each["nationality"])
    add_representative(
        session, party_id=key, revision=2, person=person, since=each["founded"], actor=SYSTEM, now=now
    )
