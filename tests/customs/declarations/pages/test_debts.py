"""Debts before a declaration is handed in: shown with slip, act and arithmetic; what the law stops is stopped."""

import re
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import select

from app.core.kit.actor import SYSTEM
from app.core.kit.ids import uuid7
from app.core.kit.time import local_day
from app.core.payments import LineDraft, LineKind, SlipSubject, cancel_slip, debts, open_slip
from app.core.payments.models import Slip
from app.customs.declarations.models import Declaration
from tests.customs.declarations.conftest import Zone
from tests.customs.declarations.test_pages import filled, opened
from tests.faults.people import OFFICER, Person


def owe(zone: Zone, days: int, *, kind: LineKind = LineKind.TAX) -> Slip:
    """Let the sender's firm owe 1,000,000 dong that was due so many days ago."""
    tz, now, firm = zone.firms.platform.zone.tz, zone.firms.now, zone.firms.party("hoshi")
    day = local_day(now, tz) - timedelta(days=days)
    subject = SlipSubject(
        "declaration", uuid7(), {"vi": "Tờ khai cũ", "en": "Earlier declaration"}, "/x", "customs"
    )
    line = LineDraft("VAT", kind, {"vi": "Thuế", "en": "Tax"}, Decimal(1_000_000))
    with zone.house.database.transaction(OFFICER) as session:
        return open_slip(
            session, party_id=firm, subject=subject, notice="T1", lines=[line], due_on=day, zone=tz,
            actor=SYSTEM, now=now,
        )  # fmt: skip


@pytest.fixture
def sender(zone: Zone) -> Person:
    return zone.house.person("hoshi")


@pytest.fixture(autouse=True)
def nothing_left(zone: Zone) -> None:
    """Each test begins without debts."""
    with zone.house.database.transaction(OFFICER) as session:
        for slip_id in session.scalars(select(Slip.id).where(Slip.cancelled_at.is_(None))).all():
            cancel_slip(session, slip_id=slip_id, reason="Hết thử", actor=SYSTEM, now=zone.firms.now)


def send(sender: Person, address: str) -> int:
    found = re.search(r'name="version" value="(\d+)"', sender.get(f"{address}/header/parties").text)
    assert found
    return sender.post(f"{address}/send", {"version": found[1]}).status_code


def ready(sender: Person) -> str:
    address = opened(sender)
    filled(sender, address)
    return address


def test_a_debt_beyond_the_term_of_the_law_stops_the_sending(zone: Zone, sender: Person) -> None:
    slip, address = owe(zone, 91), ready(sender)
    page = sender.get(f"{address}/check").text
    assert slip.reference in page
    assert f'href="/payments/{slip.id}"' in page
    assert f'action="{address}/send"' not in page
    assert re.search(r"0,03\s%\s×\s90", page.replace("\xa0", " ")), "late interest comes with its arithmetic"
    assert send(sender, address) == 422
    assert state(zone, address) == "DRAFT"
    assert slip.reference in sender.get(address).text, "the page of the draft says it as well"


def test_a_younger_debt_warns_and_lets_it_through(zone: Zone, sender: Person) -> None:
    slip, address = owe(zone, 90), ready(sender)
    page = sender.get(f"{address}/check").text
    assert slip.reference in page
    assert "47.3c" in page, "the article that stops clearance"
    assert f'action="{address}/send"' in page
    assert send(sender, address) == 303
    assert slip.reference in sender.get(address).text, "until clearance, the page says what stands against it"


def test_what_is_no_tax_or_not_yet_overdue_stops_nothing(zone: Zone, sender: Person) -> None:
    fee, due = owe(zone, 400, kind=LineKind.FEE), owe(zone, 0)
    address = ready(sender)
    page = sender.get(f"{address}/check").text
    assert fee.reference not in page
    assert due.reference not in page
    assert send(sender, address) == 303


def test_the_law_that_is_silent_stops_nothing(
    zone: Zone, sender: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    owe(zone, 400)
    address = ready(sender)
    monkeypatch.setattr(debts, "REGISTRATION_AFTER", "payments.debt.unknown")
    page = sender.get(f"{address}/check").text
    assert 'id="debts-title"' in page, "it says that the law data are silent"
    assert send(sender, address) == 303


def test_the_officer_sees_debts_with_act_and_interest(zone: Zone) -> None:
    slip = owe(zone, 91)
    page = zone.officer.get(f"/customs/firms/{zone.firms.party('hoshi')}").text
    section = page[page.index('id="debts"') : page.index('id="stock"')]
    assert slip.reference in section
    assert "47.3c" in section
    assert "27.000" in section, "1,000,000 × 0.03 % × the 90 days that have passed whole"
    assert zone.officer.get(f"/customs/firms/{zone.firms.party()}").text.count(slip.reference) == 0


def state(zone: Zone, address: str) -> str:
    with zone.house.database.session(OFFICER) as session:
        return session.get_one(Declaration, UUID(address[-36:])).state
