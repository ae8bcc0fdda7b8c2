"""A payer, the treasurer and the head of division with a bank outside: paid, in part, too much, unclear, late, back."""

import base64
import contextlib
import io
import json
import re
import secrets
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from pyhanko.pdf_utils.reader import PdfFileReader
from sqlalchemy import select

from app.cli.demo import PASSWORD
from app.core.auth.models import Membership, User
from app.core.db import Database, DbRole, SessionContext
from app.core.db.cluster import PrivateCluster
from app.core.documents.models import Issued
from app.core.kit.time import local_day, utcnow
from app.core.payments.models import Slip
from app.modules import Platform
from tests.browser.conftest import Site, free_port, running, site_on
from tests.browser.steps import sign_in
from tests.browser.test_accessibility import serious
from tests.conftest import TEST_LOGINS, clone
from tests.core.payments.conftest import Till

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

AUTH, OFFICER = SessionContext(DbRole.AUTH), SessionContext(DbRole.OFFICER)
PAYER, TREASURER, HEAD = "nop.hoso", "ke.toan", "truong.phong"
RICH = "9990002"
REFUND = {"bank": "Ngân hàng A", "account": RICH, "holder": "CONG TY GIA LAP", "reason": "Nộp thừa"}
PATIENCE = 45_000
"""Milliseconds until the bank has told, the worker has applied it and the receipt is made."""


@dataclass
class Town:
    """The platform with its worker, and a bank that is a process of its own."""

    site: Site
    bank: str
    database: Database
    platform: Platform

    def slip(self, *, days: int = 10) -> Slip:
        """Demand 1,000,000 dong from the payer; ``days`` until it is due."""
        with self.database.session(AUTH) as session:
            party = session.scalars(
                select(Membership.party_id)
                .join(User, User.id == Membership.user_id)
                .where(User.login == PAYER)
            ).one()
        now = utcnow()
        due = local_day(now, self.platform.zone.tz) + timedelta(days=days)
        with self.database.transaction(OFFICER) as session:
            return Till(session, self.platform, party, now).slip(due_on=due)

    def behave(self, **mood: Any) -> None:
        """Set how the bank behaves from now on."""
        usual = {
            "percent": 100,
            "wrong_reference": False,
            "no_reference": False,
            "silent": False,
            "message_late_s": 0,
        }
        request = urllib.request.Request(  # noqa: S310  our own loopback address
            f"{self.bank}/behaviour",
            json.dumps({**usual, **mood}).encode(),
            {"Content-Type": "application/json"},
        )
        urllib.request.urlopen(request, timeout=10).read()  # noqa: S310  as above

    def code_of(self, slip: Slip) -> str:
        """Return the code by which anybody verifies a slip's receipt."""
        with self.database.session(OFFICER) as session:
            query = select(Issued.verification_code).join(Slip, Slip.receipt_id == Issued.document_id)
            return str(session.scalars(query.where(Slip.id == slip.id)).one())


@pytest.fixture(scope="module")
def town(
    cluster: PrivateCluster, ready_template: str, test_var: Path, tmp_path_factory: pytest.TempPathFactory,
    platform: Platform,
) -> Iterator[Town]:  # fmt: skip
    folder, port = tmp_path_factory.mktemp("town"), free_port()
    bank = f"http://127.0.0.1:{port}"
    env = {
        "FTZ_BANK_URL": bank, "FTZ_BANK_TOKEN": secrets.token_urlsafe(32),
        "FTZ_BANK_CALLBACK_KEYS": f"demo=whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}",
        "FTZ_BANK_PAY_URL": f"{bank}/pay", "FTZ_BANK_ORDER_KEY": secrets.token_urlsafe(32),
        "FTZ_BANK_ACCOUNT": "999000111222", "FTZ_BANK_NAME": "Ngân hàng giả lập", "FTZ_BANK_BIN": "999999",
        "FTZ_BANK_SIMULATED": "1",
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch, clone(cluster, ready_template) as target:
        for name, value in env.items():
            patch.setenv(name, value)
        database = Database(target, logins=TEST_LOGINS, pool_size=2)
        with (
            site_on(target, test_var, folder) as site,
            running("app.worker", env=site.env, log=folder / "worker.log"),
            running(
                "simulators.bank", "--port", str(port), "--state", str(folder / "bank.sqlite"),
                "--callback", f"{site.url}/bank/callback", env=site.env, log=folder / "bank.log",
            ),
        ):  # fmt: skip
            _listening(port)
            yield Town(site, bank, database, platform)
        database.close()


def _listening(port: int) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.25)
    raise RuntimeError("the bank does not listen")


@pytest.fixture(scope="module")
def site(town: Town) -> Site:
    """Pages are opened on the town's own site."""
    return town.site


@dataclass
class Walk:
    """One person's page, whose pictures and findings of axe are kept."""

    page: Page
    town: Town
    name: str
    shoot: Callable[[Page, str], None]
    script: bool = True
    faults: list[str] = field(default_factory=list)

    def seen(self, step: str) -> None:
        """Look at the page: a picture, and what axe says."""
        if self.script:
            self.shoot(self.page, f"payments-{self.name}-{step}")
            self.faults += serious(self.page)

    def open(self, path: str) -> None:
        self.page.goto(path)

    def pay(self, slip: Slip) -> None:
        """Pay at the bank's page and come back."""
        self.open(f"/payments/{slip.id}")
        self.page.locator(f"a[href='/payments/{slip.id}/bank']").click()
        self.page.locator(f"input[value='{RICH}']").check()
        self.page.locator("form[action^='/pay'] button").click()
        self.page.wait_for_url(re.compile(r"back=1$"))

    def until(self, path: str, there: Callable[[Page], Locator]) -> None:
        """Wait until a page shows something; without script somebody has to load it again."""
        for _ in range(PATIENCE // 1000):
            self.open(path)
            if there(self.page).count():
                return
            self.page.wait_for_timeout(1000)
        expect(there(self.page)).not_to_have_count(0)

    def send(self, form: str) -> None:
        self.page.locator(f"main form[action$='{form}'] button[type=submit]").click()


@pytest.fixture
def person(
    town: Town, visit: Callable[..., Page], shoot: Callable[[Page, str], None]
) -> Iterator[Callable[..., Walk]]:
    walks: list[Walk] = []

    def make(login: str, **look: Any) -> Walk:
        page = visit(**look)
        page.context.route(f"{town.bank}/**", lambda route: route.continue_())
        if login:
            sign_in(page, login, PASSWORD)
        parts = [login or "anybody", look.get("lang", "vi"), "phone" if look.get("phone") else "wide"]
        walks.append(Walk(page, town, "-".join(parts), shoot, script=look.get("script", True)))
        return walks[-1]

    town.behave()
    yield make
    assert [each for walk in walks for each in walk.faults] == []


LOOKS = pytest.mark.parametrize(
    "look",
    [{"lang": "vi"}, {"lang": "en", "phone": True, "dark": True}, {"lang": "vi", "script": False}],
    ids=["vi-wide-light", "en-phone-dark", "vi-without-script"],
)


def receipt_link(page: Page) -> Locator:
    return page.locator("main a[href$='/receipt']")


@LOOKS
def test_a_slip_is_paid_at_the_bank_and_its_receipt_verified_by_anybody(
    town: Town, person: Callable[..., Walk], look: dict[str, Any]
) -> None:
    slip, firm = town.slip(), person(PAYER, **look)
    firm.open("/payments")
    firm.seen("01-list")
    firm.page.locator(f"main a[href='/payments/{slip.id}']").click()
    expect(firm.page.locator(f"img[src='/payments/{slip.id}/qr.svg']")).to_be_visible()
    expect(firm.page.locator(".notice-soon").first).to_be_visible()  # the bank is a simulator, and it says so
    firm.seen("02-slip")
    firm.pay(slip)
    firm.seen("03-back")
    if look.get("script", True):
        expect(receipt_link(firm.page)).to_be_visible(timeout=PATIENCE)  # the page hears of it by itself
    firm.until(f"/payments/{slip.id}", receipt_link)
    firm.seen("04-paid")
    answer = firm.page.request.get(f"{town.site.url}/payments/{slip.id}/receipt")
    reader = PdfFileReader(io.BytesIO(answer.body()))
    assert len(reader.embedded_signatures) == 1
    assert reader.embedded_signatures[0].compute_integrity_info() is None
    anybody = person("", **look)
    anybody.open(f"/verify/{town.code_of(slip)}")
    expect(anybody.page.locator("main")).to_contain_text("/BL")  # its number in the register of receipts
    anybody.seen("05-verified")


@pytest.mark.parametrize(
    "look",
    [{"lang": "vi"}, {"lang": "en", "phone": True, "dark": True}],
    ids=["vi-wide-light", "en-phone-dark"],
)
def test_in_part_then_too_much_then_back(
    town: Town, person: Callable[..., Walk], look: dict[str, Any]
) -> None:
    slip, firm = town.slip(days=-11), person(PAYER, **look)
    firm.open(f"/payments/{slip.id}")
    expect(firm.page.locator("#interest-title")).to_be_visible()
    firm.seen("10-late")
    town.behave(percent=40)
    firm.pay(slip)
    expect(firm.page.locator("#received-title ~ * tbody tr")).to_have_count(1, timeout=PATIENCE)
    firm.seen("11-part")
    town.behave(percent=150)
    firm.pay(slip)
    firm.until(f"/payments/{slip.id}", lambda page: page.locator("#f-account"))
    firm.send("/refund")
    expect(firm.page.locator("[data-error-summary] a[href='#f-account']")).to_be_visible()
    firm.seen("12-refund-errors")
    for name, value in (
        ("bank", "Ngân hàng A"),
        ("account", RICH),
        ("holder", "CONG TY GIA LAP"),
        ("reason", "Nộp thừa"),
    ):
        firm.page.locator(f"#f-{name}").fill(value)
    firm.send("/refund")
    expect(firm.page.locator("#f-account")).to_have_count(0)
    firm.seen("13-asked")
    treasurer, head = person(TREASURER, **look), person(HEAD, **look)
    treasurer.open("/desk/payments/refunds")
    treasurer.seen("14-refunds")
    treasurer.page.locator("main table a", has_text=slip.reference).click()
    treasurer.seen("15-refund")
    treasurer.send("/check")
    expect(treasurer.page.locator("main form[action$='/check']")).to_have_count(0)
    head.open(treasurer.page.url)
    head.send("/approve")
    expect(head.page.locator("main form[action$='/approve']")).to_have_count(0)
    firm.until(f"/payments/{slip.id}", lambda page: page.locator("#refund .code", has_text="REF"))
    firm.seen("16-refunded")


@pytest.mark.parametrize(
    "look",
    [{"lang": "vi"}, {"lang": "en", "phone": True, "dark": True}],
    ids=["vi-wide-light", "en-phone-dark"],
)
def test_unclear_money_finds_its_slip_or_goes_back(
    town: Town, person: Callable[..., Walk], look: dict[str, Any]
) -> None:
    first, second = town.slip(), town.slip()
    firm, treasurer, head = person(PAYER, **look), person(TREASURER, **look), person(HEAD, **look)
    assert treasurer.page.url.endswith("/desk/payments")
    treasurer.seen("20-desk")
    town.behave(wrong_reference=True)
    firm.pay(first)
    town.behave(no_reference=True)
    firm.pay(second)
    town.behave()
    treasurer.until("/desk/payments/suspense", lambda page: page.locator("main tbody tr").nth(1))
    treasurer.seen("21-suspense")
    entries = [str(each.get_attribute("href")) for each in treasurer.page.locator("main table th a").all()]
    assert len(entries) == 2

    treasurer.open(entries[0])
    treasurer.seen("22-entry")
    treasurer.send("/assign")
    expect(treasurer.page.locator("[data-error-summary] a[href='#f-reference']")).to_be_visible()
    treasurer.seen("23-entry-errors")
    treasurer.page.locator("#f-reference").fill(first.reference)
    treasurer.page.locator("#f-reason").fill("Người nộp gọi lại xác nhận")
    treasurer.send("/assign")
    expect(treasurer.page.locator("main form[action$='/assign']")).to_have_count(0)
    treasurer.seen("24-proposed")
    head.open(entries[0])
    head.seen("25-to-approve")
    head.send("/approve")
    expect(head.page.locator("main form[action$='/approve']")).to_have_count(0)
    firm.until(f"/payments/{first.id}", receipt_link)

    treasurer.open(entries[1])
    treasurer.page.locator("#f-why").fill("Không xác định được phiếu")
    treasurer.send("/return")
    expect(treasurer.page.locator("main form[action$='/return']")).to_have_count(0)
    head.open(entries[1])
    head.send("/approve")
    expect(head.page.locator("main form[action$='/approve']")).to_have_count(0)
    head.until(entries[1], lambda page: page.locator("main .code", has_text="REF"))
    head.seen("26-sent-back")
    treasurer.open("/desk/payments/suspense")
    expect(treasurer.page.locator("main table th a")).to_have_count(0)
    treasurer.open("/desk/payments/statements")
    treasurer.send("/statements")
    expect(treasurer.page.locator("main h3").first).to_be_visible()
    treasurer.seen("27-statements")
    treasurer.open("/desk/payments")
    expect(treasurer.page.locator("#sent-title")).to_be_visible()
    treasurer.seen("28-day")
