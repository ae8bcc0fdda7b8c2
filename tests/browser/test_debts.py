"""Debts on the screens: before something is handed in, on the firm's page, and a surplus with its claim."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from app.cli.demo import PASSWORD
from app.core.db import Database, DbRole, SessionContext
from app.core.db.cluster import PrivateCluster
from app.core.kit.actor import SYSTEM
from app.core.kit.ids import uuid7
from app.core.kit.time import local_day, utcnow
from app.core.payments import LineDraft, LineKind, SlipSubject, demand_less, open_slip
from app.core.payments.bank import Booking
from app.core.payments.intake import take_booking
from app.customs.declarations.facade import Opening, open_declaration
from app.modules import Platform
from tests.browser.conftest import Site, site_on
from tests.browser.steps import sign_in
from tests.browser.test_accessibility import serious
from tests.conftest import TEST_LOGINS, clone
from tests.investment.dossiers import FILER, Office

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

OFFICER = SessionContext(DbRole.OFFICER)


@dataclass(frozen=True)
class Owing:
    """A firm with an old debt, a draft, and a slip of which customs demands less than was paid."""

    site: Site
    party: UUID
    draft: UUID
    debt: str
    surplus: UUID


@pytest.fixture(scope="module")
def owing(
    cluster: PrivateCluster, ready_template: str, test_var: Path, tmp_path_factory: pytest.TempPathFactory,
    platform: Platform,
) -> Iterator[Owing]:  # fmt: skip
    with clone(cluster, ready_template) as target:
        database, now = Database(target, logins=TEST_LOGINS, pool_size=2), utcnow()
        office, zone = Office(database, platform, now), platform.zone.tz
        filer = office.person(FILER)
        party, draft = filer.party_ids[0], uuid7()
        with office.as_(filer) as session:
            opening = Opening(draft, party, "ZONE_TO_INLAND", "A11")
            open_declaration(session, opening=opening, actor=filer, now=now, zone=zone)
        with database.transaction(OFFICER) as session:
            slips = [
                open_slip(
                    session, party_id=party, notice="T1", due_on=local_day(now, zone) + timedelta(days=days),
                    subject=SlipSubject("declaration", uuid7(), title, f"/declarations/{draft}", "customs"),
                    lines=[LineDraft("VAT", LineKind.TAX, {"vi": "Thuế GTGT", "en": "VAT"}, Decimal(12_500_000))],
                    zone=zone, actor=SYSTEM, now=now,
                )
                for days, title in (
                    (-120, {"vi": "Tiền thuế của tờ khai cũ", "en": "Taxes of an earlier declaration"}),
                    (10, {"vi": "Tiền thuế của tờ khai sửa đổi", "en": "Taxes of an amended declaration"}),
                )
            ]  # fmt: skip
            paid = Booking("T1", Decimal(12_500_000), "VND", now, slips[1].reference, "", "CONG TY", "0001")
            take_booking(session, paid, source="CALLBACK", now=now)
            why = {
                "vi": "Thông báo thuế mới thấp hơn số đã nộp.",
                "en": "The new notice asks for less than was paid.",
            }
            demand_less(
                session, slip_id=slips[1].id, demanded=Decimal(9_000_000), why=why, actor=SYSTEM, now=now
            )
            debt, surplus = slips[0].reference, slips[1].id
        database.close()
        with site_on(target, test_var, tmp_path_factory.mktemp("owing")) as site:
            yield Owing(site, party, draft, debt, surplus)


@pytest.fixture(scope="module")
def site(owing: Owing) -> Site:
    return owing.site


@pytest.mark.parametrize(("lang", "phone", "dark"), [("vi", False, False), ("en", True, True)])
def test_debts_and_surplus(
    owing: Owing, visit: Callable[..., Page], shoot: Callable[[Page, str], None], lang: str, phone: bool, dark: bool
) -> None:  # fmt: skip
    page = visit(lang=lang, phone=phone, dark=dark)
    sign_in(page, FILER, PASSWORD)
    page.goto(f"/declarations/{owing.draft}/check")
    section = page.locator("section", has=page.locator("#debts-title"))
    expect(section.get_by_role("link", name=owing.debt).first).to_be_visible()
    expect(section.locator(".notice-bad")).to_be_visible()
    assert serious(page) == []
    shoot(page, f"debts-check-{lang}")
    page.goto(f"/declarations/{owing.draft}")
    expect(page.locator("#declaration-now .notice").get_by_text(owing.debt)).to_be_visible()
    assert serious(page) == []
    shoot(page, f"debts-draft-{lang}")
    page.goto(f"/payments/{owing.surplus}")
    page.locator('#slip-standing a[href="#refund"]').click()
    expect(page.locator("#refund textarea")).not_to_have_value("")
    assert serious(page) == []
    shoot(page, f"debts-surplus-{lang}")


def test_the_officer_s_page_of_the_firm(
    owing: Owing, visit: Callable[..., Page], shoot: Callable[[Page, str], None]
) -> None:
    page = visit()
    sign_in(page, "hai.quan.khu", PASSWORD)
    page.goto(f"/customs/firms/{owing.party}#debts")
    section = page.locator("section", has=page.locator("h2#debts"))
    expect(section.get_by_text(owing.debt)).to_be_visible()
    assert serious(page) == []
    shoot(page, "debts-firm")
