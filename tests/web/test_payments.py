"""Pages of payments: the payer's slips, the way to the bank, receipts, refunds, and the desk."""

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from sqlalchemy import select, text

from app.core.db import DbRole, SessionContext
from app.core.db.cluster import PrivateCluster
from app.core.kit.actor import SYSTEM
from app.core.kit.ids import uuid7
from app.core.kit.time import utcnow
from app.core.payments import cancel_slip, demand_less, find_slip
from app.core.payments.bank import (
    BankDown,
    Booking,
    RefundAnswer,
    RefundOrder,
    RefundResult,
    ReturnOrder,
    Sent,
)
from app.core.payments.intake import take_booking
from app.core.payments.models import Slip
from app.core.payments.receipts import issue_receipt
from app.core.payments.refunds import order_of, take_result
from app.core.payments.suspense import return_order, take_return
from app.core.payments.transfer_code import checksum, transfer_code
from app.core.privacy import Reading
from tests.conftest import clone
from tests.core.payments.conftest import Till
from tests.faults.people import House, Person, house_on

OFFICER = SessionContext(DbRole.OFFICER)
BANK = {
    "bank_pay_url": "https://bank.example/pay", "bank_order_key": "an order key", "bank_account": "999000111222",
    "bank_name": "Ngân hàng thử", "bank_bin": "999999", "bank_simulated": True,
}  # fmt: skip


class Teller:
    """A bank for tests: a statement that is set, or none."""

    def __init__(self) -> None:
        self.bookings: Sequence[Booking] | None = None

    def statement(self, day: date) -> Sequence[Booking]:
        if self.bookings is None:
            raise BankDown("http-503")
        return self.bookings

    def sent(self, day: date) -> Sequence[Sent]:
        return ()

    def refund(self, order: RefundOrder) -> RefundResult:
        return RefundResult(RefundAnswer.PAID, "REF1")

    def give_back(self, order: ReturnOrder) -> RefundResult:
        return RefundResult(RefundAnswer.PAID, "RET1")


@pytest.fixture(scope="module")
def house(
    cluster: PrivateCluster, ready_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    var: Path = tmp_path_factory.mktemp("var")
    with clone(cluster, ready_template) as target, house_on(target, var, **BANK) as running:
        running.app.state.kernel.signing.set_up(organisation="Ban thử", now=utcnow())
        yield running


@pytest.fixture(scope="module")
def payer(house: House) -> Person:
    return house.person("nop.hoso")


@pytest.fixture(scope="module")
def stranger(house: House) -> Person:
    return house.person("hoshi")


@pytest.fixture(scope="module")
def keeper(house: House) -> Person:
    return house.person("ke.toan")


@pytest.fixture(scope="module")
def head(house: House) -> Person:
    return house.person("truong.phong")


def open_one(house: House, platform: object, due_on: date | None = None, login: str = "nop.hoso") -> Slip:
    party = house.party_of(login)
    with house.database.transaction(OFFICER) as session:
        return Till(session, platform, party, utcnow()).slip(due_on=due_on)  # type: ignore[arg-type]


@pytest.fixture
def slip(house: House, platform: object) -> Slip:
    return open_one(house, platform)


def pay(house: House, slip: Slip, amount: int = 1_000_000, *, reference: str | None = None) -> str:
    told = Booking(
        f"T{uuid7()}", Decimal(amount), "VND", utcnow(), slip.reference if reference is None else reference, "",
        "CONG TY", "0001",
    )  # fmt: skip
    with house.database.transaction(OFFICER) as session:
        return str(take_booking(session, told, source="CALLBACK", now=utcnow()).id)


def pay_unnamed(house: House) -> str:
    told = Booking(f"T{uuid7()}", Decimal(1_000_000), "VND", utcnow(), "", "tien thue", "CONG TY", "0001")
    with house.database.transaction(OFFICER) as session:
        return str(take_booking(session, told, source="CALLBACK", now=utcnow()).id)


class TestPayer:
    def test_the_list_names_what_is_to_be_paid(self, payer: Person, slip: Slip) -> None:
        page = payer.get("/payments").text
        assert slip.reference in page
        assert "1.000.000" in page

    def test_a_slip_is_found_however_its_reference_is_typed(self, payer: Person, slip: Slip) -> None:
        assert slip.reference in payer.get(f"/payments?q={slip.reference.lower().replace('-', '')}").text
        assert payer.get("/payments?q=NT-2026-000001-0").status_code == 200

    def test_the_page_says_how_to_pay(self, payer: Person, slip: Slip) -> None:
        page = payer.get(f"/payments/{slip.id}").text
        assert slip.reference.replace("-", "") in page
        assert "999000111222" in page
        assert f"/payments/{slip.id}/bank" in page
        assert payer.get(f"/payments/{slip.id}/qr.svg").headers["content-type"] == "image/svg+xml"

    def test_the_way_to_the_bank_is_signed(self, payer: Person, slip: Slip) -> None:
        answer = payer.get(f"/payments/{slip.id}/bank")
        way = urlsplit(answer.headers["location"])
        fields = {name: values[0] for name, values in parse_qs(way.query).items()}
        assert (answer.status_code, way.netloc) == (303, "bank.example")
        assert (fields["reference"], fields["amount"], fields["currency"]) == (
            slip.reference,
            "1000000",
            "VND",
        )
        assert fields["back"].endswith(f"/payments/{slip.id}?back=1")
        assert re.fullmatch("[0-9a-f]{64}", fields["signature"])

    def test_coming_back_is_no_payment(self, payer: Person, slip: Slip) -> None:
        page = payer.get(f"/payments/{slip.id}?back=1").text
        assert "notice-info" in page
        assert f"/payments/{slip.id}/bank" in page

    def test_a_paid_slip_asks_for_nothing(self, house: House, payer: Person, slip: Slip) -> None:
        pay(house, slip)
        page = payer.get(f"/payments/{slip.id}").text
        assert f"/payments/{slip.id}/bank" not in page
        assert payer.get(f"/payments/{slip.id}/bank").status_code == 409
        assert payer.get(f"/payments/{slip.id}/qr.svg").status_code == 404
        assert "Mã giao dịch" in payer.get(f"/payments/{slip.id}/standing").text

    def test_a_late_slip_shows_the_arithmetic(self, house: House, payer: Person, platform: object) -> None:
        late = open_one(house, platform, due_on=utcnow().date() - timedelta(days=11))
        page = payer.get(f"/payments/{late.id}").text
        assert "0,03" in page
        assert "assumed" in page

    @pytest.mark.parametrize("ending", ["", "/standing", "/bank", "/qr.svg", "/receipt"])
    def test_a_stranger_finds_nothing(self, stranger: Person, slip: Slip, ending: str) -> None:
        assert stranger.get(f"/payments/{slip.id}{ending}").status_code == 404
        assert slip.reference not in stranger.get("/payments?show=all").text

    def test_the_list_is_narrowed_in_the_query_and_summed_up(
        self, house: House, payer: Person, platform: object
    ) -> None:
        late = open_one(house, platform, due_on=utcnow().date() - timedelta(days=3))
        paid = open_one(house, platform)
        pay(house, paid, 1_200_000)

        def found(query: str) -> tuple[bool, bool]:
            page = payer.get(f"/payments?{query}").text
            return late.reference in page, paid.reference in page

        assert found("show=overdue") == (True, False)
        assert found("show=unpaid") == (True, False)
        assert found("show=paid") == (False, True)
        assert found("show=surplus") == (False, True)
        assert found("show=closed") == (False, False)
        assert found("show=all&kind=declaration") == (True, True)
        assert found("show=all&kind=case") == (False, False)
        assert found("show=all&q=T%E1%BB%9D+khai+th%E1%BB%AD") == (True, True)
        assert found("show=all&q=100%25") == (False, False)
        assert found(f"show=all&firm={house.party_of('nop.hoso')}") == (True, True)
        assert found(f"show=all&firm={house.party_of('hoshi')}") == (False, False)
        assert found("show=all&until=01/01/2020") == (False, False)
        assert found("show=all&since=soon&until=never&firm=x&after=%20") == (True, True)
        assert found("show=nonsense") == (True, False)

    def test_a_page_is_full_whoever_else_has_slips(
        self, house: House, payer: Person, stranger: Person, platform: object
    ) -> None:
        """Rows of others are left out by the query, not after it: no page is short because of them."""
        mine = open_one(house, platform, login="hoshi")
        for _ in range(3):
            open_one(house, platform)
        address = "/payments?show=all"
        references: list[str] = []
        while address:
            page = stranger.get(address).text
            references += re.findall(r'href="/payments/[0-9a-f-]{36}">(NT-[0-9A-Z-]+)<', page)
            onward = re.search(r'href="(/payments\?[^"]*after=[^"]+)"', page)
            address = onward[1].replace("&amp;", "&") if onward else ""
        assert mine.reference in references
        assert len(references) == len(set(references))

    @pytest.mark.parametrize("ending", ["csv", "xlsx"])
    def test_the_list_as_a_file(self, payer: Person, slip: Slip, ending: str) -> None:
        answer = payer.get(f"/payments.{ending}?show=all")
        assert answer.status_code == 200
        if ending == "csv":
            assert slip.reference in answer.text


class TestReceipt:
    def test_a_paid_slip_has_one_signed_receipt(
        self, house: House, payer: Person, slip: Slip, platform: object
    ) -> None:
        pay(house, slip)
        assert payer.get(f"/payments/{slip.id}/receipt").status_code == 404
        kernel = house.app.state.kernel
        made = set()
        for _ in range(2):
            with house.database.transaction(OFFICER) as session:
                document = issue_receipt(
                    session, slip_id=slip.id, store=kernel.store, signing=kernel.signing, zone=kernel.zone,
                    origin="https://testserver", simulated=True, actor=SYSTEM, now=utcnow(),
                )  # fmt: skip
                made.add(document.id)
        answer = payer.get(f"/payments/{slip.id}/receipt")
        assert (len(made), answer.status_code, answer.content[:5]) == (1, 200, b"%PDF-")


WHERE = {"bank": "Ngân hàng A", "account": "0123 456", "holder": "CONG TY", "reason": "Nộp thừa"}


def everything(house: House) -> str:
    """Return all that the database holds, as text."""
    with house.database.session(OFFICER) as session:
        names = session.scalars(
            text("select relname from pg_class where relkind = 'r' and has_table_privilege(oid, 'select')")
        ).all()
        own = [name for name in names if not name.startswith(("pg_", "sql_"))]
        return "\n".join(
            row
            for name in own
            for row in session.scalars(text(f'select t::text from "{name}" t'))  # noqa: S608
        )


class TestRefund:
    def test_what_is_missing_is_told_and_nothing_typed_is_lost(
        self, house: House, payer: Person, slip: Slip
    ) -> None:
        pay(house, slip, 1_200_000)
        answer = payer.post(f"/payments/{slip.id}/refund", {**WHERE, "account": "12-34"})
        assert answer.status_code == 422
        assert 'href="#f-account"' in answer.text
        assert 'value="Ngân hàng A"' in answer.text

    def test_a_claim_begins_with_payer_and_reason(self, house: House, payer: Person, slip: Slip) -> None:
        pay(house, slip)
        assert 'name="holder"' not in payer.get(f"/payments/{slip.id}").text
        with house.database.transaction(OFFICER) as session:
            why = {"vi": "Thông báo TB9", "en": "Notice TB9"}
            demand_less(
                session, slip_id=slip.id, demanded=Decimal(700_000), why=why, actor=SYSTEM, now=utcnow()
            )
            payer_name = find_slip(session, slip.id).payer
        page = payer.get(f"/payments/{slip.id}").text
        assert 'href="#refund"' in page
        assert re.search(rf'name="holder"[^>]*value="{re.escape(payer_name)}"', page)
        assert re.search(r"<textarea[^>]*>\s*Thông báo TB9", page)
        assert payer.post(f"/payments/{slip.id}/refund", WHERE).status_code == 303
        assert "300.000" in payer.get(f"/payments/{slip.id}").text

    def test_two_officers_and_the_bank(
        self, house: House, payer: Person, keeper: Person, head: Person, slip: Slip
    ) -> None:
        pay(house, slip, 1_200_000)
        assert payer.post(f"/payments/{slip.id}/refund", WHERE).status_code == 303
        assert payer.post(f"/payments/{slip.id}/refund", WHERE).status_code == 409
        key = self.listed(keeper, slip)
        refund = f"/desk/payments/refunds/{key}"
        assert head.post(f"{refund}/approve").status_code == 409, "nobody has checked it"
        assert keeper.post(f"{refund}/check").status_code == 303
        assert keeper.post(f"{refund}/approve").status_code == 403, "a treasurer does not approve"
        assert head.post(f"{refund}/approve").status_code == 303
        with house.database.transaction(OFFICER) as session:
            order = order_of(session, refund_id=key)
            assert order is not None
            assert (order.amount, order.account) == (200_000, "0123456")
            take_result(session, refund_id=key, result=RefundResult(RefundAnswer.PAID, "REF1"), now=utcnow())
        with house.database.session(OFFICER) as session:
            seen = find_slip(session, slip.id)
            assert (seen.state, seen.excess, seen.refunded) == ("PAID", 0, 200_000)

    def test_the_account_lies_sealed_and_is_read_by_whom_it_concerns(
        self, house: House, payer: Person, keeper: Person, slip: Slip
    ) -> None:
        where = {**WHERE, "account": "887766554433", "holder": "CONG TY MAT", "bank": "NGAN HANG MAT"}
        pay(house, slip, 1_200_000)
        payer.post(f"/payments/{slip.id}/refund", where)
        key = self.listed(keeper, slip)
        path = f"/desk/payments/refunds/{key}"
        assert "887766554433" not in everything(house)
        assert "CONG TY MAT" not in everything(house)
        assert "887766554433" in payer.get(f"/payments/{slip.id}").text
        assert "887766554433" not in keeper.get(f"/payments/{slip.id}").text
        inspector = house.person("hai.quan.khu")
        assert "887766554433" not in inspector.get(path).text
        assert inspector.get(f"{path}/account").status_code == 403
        assert "887766554433" in keeper.get(path).text
        with house.database.session(OFFICER) as session:
            read = session.scalars(select(Reading).where(Reading.object_id == UUID(key))).all()
        assert [(each.purpose, each.fields, each.party_id) for each in read] == [
            ("HANDLING", ["account", "bank", "holder"], slip.party_id)
        ]
        assert "887766554433" not in keeper.get("/desk/payments/refunds").text
        assert "887766554433" not in everything(house)

    def test_later_a_purpose_is_stated_first(
        self, house: House, payer: Person, keeper: Person, head: Person, slip: Slip
    ) -> None:
        pay(house, slip, 1_200_000)
        payer.post(f"/payments/{slip.id}/refund", {**WHERE, "account": "554433221100"})
        path = f"/desk/payments/refunds/{self.listed(keeper, slip)}"
        assert keeper.post(f"{path}/refuse", {"reason": "Chưa đủ"}).status_code == 303
        assert "554433221100" not in head.get(path).text
        assert head.get(f"{path}/account").status_code == 200
        assert head.post(f"{path}/account", {"purpose": "", "note": ""}).status_code == 422
        said = {"purpose": "INSPECTION", "note": "Kế hoạch kiểm tra số 2"}
        assert head.post(f"{path}/account", said).status_code == 303
        assert "554433221100" in head.get(path).text

    def test_who_checked_does_not_approve(
        self, house: House, payer: Person, head: Person, slip: Slip
    ) -> None:
        pay(house, slip, 1_200_000)
        payer.post(f"/payments/{slip.id}/refund", WHERE)
        refund = f"/desk/payments/refunds/{self.listed(head, slip)}"
        assert head.post(f"{refund}/check").status_code == 303
        assert head.post(f"{refund}/approve").status_code == 403

    def test_a_refusal_needs_its_reason(
        self, house: House, payer: Person, keeper: Person, slip: Slip
    ) -> None:
        pay(house, slip, 1_200_000)
        payer.post(f"/payments/{slip.id}/refund", WHERE)
        refund = f"/desk/payments/refunds/{self.listed(keeper, slip)}"
        assert keeper.post(f"{refund}/refuse", {"reason": " "}).status_code == 422
        assert keeper.post(f"{refund}/refuse", {"reason": "Sai tài khoản"}).status_code == 303
        assert "Sai tài khoản" in payer.get(f"/payments/{slip.id}").text
        assert payer.post(f"/payments/{slip.id}/refund", WHERE).status_code == 303, "it may be asked again"

    def test_a_cancelled_slip_gives_all_back(
        self, house: House, payer: Person, keeper: Person, head: Person, slip: Slip
    ) -> None:
        pay(house, slip, 400_000)
        with house.database.transaction(OFFICER) as session:
            cancel_slip(session, slip_id=slip.id, reason="Tờ khai bị hủy", actor=SYSTEM, now=utcnow())
        payer.post(f"/payments/{slip.id}/refund", WHERE)
        key = self.listed(keeper, slip)
        keeper.post(f"/desk/payments/refunds/{key}/check")
        head.post(f"/desk/payments/refunds/{key}/approve")
        with house.database.transaction(OFFICER) as session:
            take_result(session, refund_id=key, result=RefundResult(RefundAnswer.PAID, "REF2"), now=utcnow())
        with house.database.session(OFFICER) as session:
            assert find_slip(session, slip.id).state == "REFUNDED"

    def listed(self, officer: Person, slip: Slip) -> str:
        row = re.search(
            rf'/desk/payments/refunds/([0-9a-f-]{{36}})">{slip.reference}', officer.get("/desk/payments/refunds").text
        )  # fmt: skip
        assert row is not None
        return row.group(1)


class TestDesk:
    @pytest.mark.parametrize("path", ["", "/suspense", "/refunds", "/statements"])
    def test_officers_have_it_and_payers_do_not(self, keeper: Person, payer: Person, path: str) -> None:
        assert keeper.get(f"/desk/payments{path}").status_code == 200
        assert payer.get(f"/desk/payments{path}").status_code == 403

    def test_money_without_a_slip_is_given_to_it_by_two(
        self, house: House, keeper: Person, head: Person, slip: Slip
    ) -> None:
        entry = pay(house, slip, reference="tien thue")
        assert entry in keeper.get("/desk/payments/suspense").text
        path = f"/desk/payments/entries/{entry}"
        wrong = keeper.post(f"{path}/assign", {"reference": "NT-1", "reason": ""})
        assert wrong.status_code == 422
        assert 'href="#f-reference"' in wrong.text
        assert 'href="#f-reason"' in wrong.text
        right = keeper.post(f"{path}/assign", {"reference": slip.reference, "reason": "Người nộp xác nhận"})
        assert right.status_code == 303
        page = keeper.get(path).text
        assert "/approve" not in page, "nobody approves the own proposal"
        assert entry in keeper.get("/desk/payments/suspense").text, "nothing has moved yet"
        (step,) = re.findall(r"/desk/payments/clearings/[0-9a-f-]{36}/approve", head.get(path).text)
        assert head.post(step).status_code == 303
        assert head.post(step).status_code == 409, "once"
        assert slip.reference in keeper.get(path).text
        assert entry not in keeper.get("/desk/payments/suspense").text
        with house.database.session(OFFICER) as session:
            assert find_slip(session, slip.id).state == "PAID"

    def test_money_without_a_slip_goes_back(self, house: House, keeper: Person, head: Person) -> None:
        entry = pay_unnamed(house)
        path = f"/desk/payments/entries/{entry}"
        silent = keeper.post(f"{path}/return", {"why": ""})
        assert silent.status_code == 422
        assert 'href="#f-why"' in silent.text
        assert keeper.post(f"{path}/return", {"why": "Người nộp đề nghị"}).status_code == 303
        assert keeper.post(f"{path}/return", {"why": "Lần nữa"}).status_code == 409
        (step,) = re.findall(r"/desk/payments/clearings/[0-9a-f-]{36}/approve", head.get(path).text)
        assert keeper.post(step).status_code == 403
        assert head.post(step).status_code == 303
        clearing = UUID(step.split("/")[-2])
        with house.database.transaction(OFFICER) as session:
            order = return_order(session, clearing_id=clearing)
            assert order is not None
            assert order.amount == 1_000_000
            take_return(
                session, clearing_id=clearing, result=RefundResult(RefundAnswer.PAID, "RET7"), now=utcnow()
            )
        assert "RET7" in keeper.get(path).text
        assert "RET7" in keeper.get("/desk/payments").text
        assert "RET7" in keeper.get("/desk/payments/day.csv").text
        assert entry not in keeper.get("/desk/payments/suspense").text

    def test_a_proposal_is_refused_with_a_reason_or_taken_back(
        self, house: House, keeper: Person, head: Person
    ) -> None:
        path = f"/desk/payments/entries/{pay_unnamed(house)}"
        for who in (head, keeper):
            assert keeper.post(f"{path}/return", {"why": "Thử"}).status_code == 303
            (step,) = re.findall(r"/desk/payments/clearings/[0-9a-f-]{36}/refuse", who.get(path).text)
            missing = who.post(step, {"refusal": ""})
            assert missing.status_code == 422
            assert 'href="#f-refusal"' in missing.text
            assert who.post(step, {"refusal": f"Chưa rõ {who is head}"}).status_code == 303
            assert f"Chưa rõ {who is head}" in keeper.get(path).text

    def test_who_paid_is_covered_until_somebody_says_what_for(
        self, house: House, keeper: Person, slip: Slip
    ) -> None:
        entry = pay(house, slip)
        path = f"/desk/payments/entries/{entry}"
        day = keeper.get("/desk/payments").text
        assert slip.reference in day
        assert "CONG TY" not in day
        assert "CONG TY" not in keeper.get("/desk/payments/day.csv").text
        assert "CONG TY" not in keeper.get(path).text
        assert keeper.get(f"{path}/payer").status_code == 200
        assert keeper.post(f"{path}/payer", {"purpose": "", "note": ""}).status_code == 422
        said = {"purpose": "INSPECTION", "note": "Kế hoạch kiểm tra số 1"}
        assert keeper.post(f"{path}/payer", said).status_code == 303
        assert "CONG TY" in keeper.get(path).text
        assert "CONG TY" not in house.person("hai.quan.khu").get(path).text

    def test_who_deals_with_it_reads_who_paid_and_it_is_recorded(self, house: House, head: Person) -> None:
        entry = pay_unnamed(house)
        assert "CONG TY" in head.get(f"/desk/payments/entries/{entry}").text
        with house.database.session(OFFICER) as session:
            read = session.scalars(select(Reading).where(Reading.object_id == UUID(entry))).all()
        assert [(each.purpose, each.fields) for each in read] == [("HANDLING", ["payer", "remark"])]

    @pytest.mark.parametrize("ending", ["csv", "xlsx"])
    def test_the_day_as_a_file(self, house: House, keeper: Person, slip: Slip, ending: str) -> None:
        pay(house, slip)
        answer = keeper.get(f"/desk/payments/day.{ending}")
        assert answer.status_code == 200
        if ending == "csv":
            assert slip.reference in answer.text

    def test_the_statement_brings_in_what_no_message_told(
        self, house: House, keeper: Person, slip: Slip
    ) -> None:
        teller = house.app.state.bank = Teller()
        assert keeper.post("/desk/payments/statements", {"day": "20/11/2026"}).status_code == 503
        assert keeper.post("/desk/payments/statements", {"day": "soon"}).status_code == 422
        now = utcnow()
        booked = Booking("STMT" + slip.reference, Decimal(1_000_000), "VND", now, slip.reference, "", "X", "")
        teller.bookings = [booked]
        day = now.astimezone(house.app.state.zone_config.tz).strftime("%d/%m/%Y")
        assert keeper.post("/desk/payments/statements", {"day": day}).status_code == 303
        page = keeper.get("/desk/payments/statements").text
        assert booked.transaction_id in page
        with house.database.session(OFFICER) as session:
            assert find_slip(session, slip.id).state == "PAID"

    def test_what_is_not_there_is_not_found(self, keeper: Person) -> None:
        for path in ("entries", "refunds", "differences"):
            assert keeper.get(f"/desk/payments/{path}/{uuid7()}").status_code == 404


class TestTransferCode:
    def test_the_checksum_is_that_of_the_published_example(self) -> None:
        assert checksum("123456789") == 0x29B1  # CRC-16/CCITT-FALSE, its usual check value

    def test_the_code_holds_account_amount_and_text(self) -> None:
        code = transfer_code(bin="999999", account="123", amount=Decimal(1500), text="NT20260000019")
        assert "0006999999" in code
        assert "0103123" in code
        assert "54041500" in code
        assert "0813NT20260000019" in code
        assert code[-4:] == f"{checksum(code[:-4]):04X}"
