"""The simulated bank and the port to it, over sockets: orders, statements, refunds, messages, moods."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2 as httpx
import pytest

from app.core.kit.ids import uuid7
from app.core.payments.bank import (
    BankDown,
    BankMissing,
    Collecting,
    HttpBank,
    RefundAnswer,
    RefundOrder,
    ReturnOrder,
)
from app.core.payments.webhooks import BadSignature, read_keys, verify
from simulators.bank.book import Book
from simulators.bank.messenger import Messenger
from simulators.bank.server import BankServer

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ORDER_KEY = "a key for orders"
RICH, POOR = "9990001", "9990003"


@dataclass
class Ear:
    """Hears what the bank tells."""

    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)


@pytest.fixture
def ear() -> Iterator[tuple[Ear, str]]:
    ear = Ear()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            ear.heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(ear.answers.pop(0) if ear.answers else 202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield ear, f"http://127.0.0.1:{server.server_port}/bank/callback"
    server.shutdown()
    server.server_close()


@dataclass
class Town:
    """The bank with somebody who listens."""

    book: Book
    messenger: Messenger
    ear: Ear
    url: str

    @property
    def port(self) -> HttpBank:
        return HttpBank(self.url, token="secret")

    def pay(
        self, amount: int = 1_000_000, *, account: str = RICH, order: str = "", until: timedelta | None = None
    ) -> httpx.Response:
        """Go to the bank's page as the platform sends people, and confirm."""
        collecting = Collecting(pay_url=f"{self.url}/pay", order_key=ORDER_KEY.encode())
        way = collecting.way_to_bank(
            order_id=uuid7(), reference="NT-2026-000123-9", amount=Decimal(amount),
            until=datetime.now(UTC) + (until if until is not None else timedelta(hours=1)), back="http://127.0.0.1/back",
        )  # fmt: skip
        return httpx.post(order or way, data={"account": account}, follow_redirects=False)

    def told(self) -> list[dict[str, object]]:
        """Send what is due and return the bookings that were heard and could be believed."""
        self.messenger.send_due()
        keys, told = read_keys(f"demo={SECRET}"), []
        for headers, body in self.ear.heard:
            verify(keys, headers=headers, body=body, now=datetime.now(UTC))
            told.append(httpx.Response(200, content=body).json()["data"])
        return told


@pytest.fixture
def town(tmp_path: Path, ear: tuple[Ear, str]) -> Iterator[Town]:
    book = Book(tmp_path / "bank.sqlite")
    book.change({"message_late_s": 0})
    messenger = Messenger(book, ear[1], SECRET)
    server = BankServer(("127.0.0.1", 0), book, messenger, token="secret", order_key=ORDER_KEY)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Town(book, messenger, ear[0], f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    server.server_close()


class TestPaying:
    def test_an_order_is_booked_and_told(self, town: Town) -> None:
        answer = town.pay()
        assert (answer.status_code, answer.headers["location"]) == (303, "http://127.0.0.1/back")
        [told] = town.told()
        assert (told["amount"], told["reference"]) == ("1000000", "NT-2026-000123-9")
        assert town.told() == [told], "what was taken is not told again"

    def test_the_page_names_the_order_and_says_that_it_is_simulated(self, town: Town) -> None:
        collecting = Collecting(pay_url=f"{town.url}/pay", order_key=ORDER_KEY.encode())
        way = collecting.way_to_bank(
            order_id=uuid7(), reference="NT-2026-000123-9", amount=Decimal(5), until=datetime.now(UTC) + timedelta(1),
            back="http://127.0.0.1/back",
        )  # fmt: skip
        page = httpx.get(way)
        assert page.status_code == 200
        assert "NT-2026-000123-9" in page.text
        assert "Simulated" in page.text
        assert httpx.get(way.replace("amount=5", "amount=4")).status_code == 403
        assert httpx.post(way.replace("amount=5", "amount=4"), data={"account": RICH}).status_code == 403

    def test_one_order_is_paid_once(self, town: Town) -> None:
        collecting = Collecting(pay_url=f"{town.url}/pay", order_key=ORDER_KEY.encode())
        way = collecting.way_to_bank(
            order_id=uuid7(), reference="NT-2026-000123-9", amount=Decimal(5), until=datetime.now(UTC) + timedelta(1),
            back="http://127.0.0.1/back",
        )  # fmt: skip
        assert [town.pay(order=way).status_code for _ in range(2)] == [303, 303]
        assert len(town.told()) == 1

    def test_a_story_is_played_once(self, town: Town) -> None:
        story = [{"key": "a", "account": RICH, "amount": 5, "reference": "", "remark": "x"}]
        for _ in range(2):
            town.book.play(story)
        assert [each["amount"] for each in town.told()] == ["5"]

    def test_an_old_order_is_refused(self, town: Town) -> None:
        assert town.pay(until=timedelta(seconds=-1)).status_code == 403

    def test_an_empty_account_pays_nothing(self, town: Town) -> None:
        assert town.pay(account=POOR).status_code == 422
        assert town.told() == []


class TestMoods:
    @pytest.mark.parametrize(
        ("mood", "amount", "reference", "times"),
        [
            ({"percent": 40}, "400000", "NT-2026-000123-9", 1),
            ({"percent": 130}, "1300000", "NT-2026-000123-9", 1),
            ({"wrong_reference": True}, "1000000", "NT-2026-000132-9", 1),
            ({"no_reference": True}, "1000000", "", 1),
            ({"twice": True}, "1000000", "NT-2026-000123-9", 2),
            ({"silent": True}, "", "", 0),
            ({"down": True}, "", "", 0),
        ],
    )
    def test_what_is_told(
        self, town: Town, mood: dict[str, object], amount: str, reference: str, times: int
    ) -> None:
        town.book.change(mood)
        town.pay()
        told = town.told()
        assert [(each["amount"], each["reference"]) for each in told] == [(amount, reference)] * times

    def test_a_forged_message_is_not_to_be_believed(self, town: Town) -> None:
        town.book.change({"forged": True})
        town.pay()
        with pytest.raises(BadSignature):
            town.told()

    def test_a_message_that_was_not_taken_comes_again(self, town: Town) -> None:
        town.ear.answers = [503]
        town.pay()
        town.messenger.send_due()
        assert [line[1] for line in town.book.lines()["messages"]] == ["WAITING"]

    def test_an_unknown_trait_is_refused(self, town: Town) -> None:
        assert httpx.post(f"{town.url}/behaviour", json={"kind": True}).status_code == 400


class TestPort:
    def test_the_statement_has_what_was_booked_that_day(self, town: Town) -> None:
        town.book.change({"silent": True})
        town.book.transfer(
            account=RICH, amount=7, reference="NT-2026-000123-9", remark="x",
            at=datetime(2026, 11, 19, 17, 30, tzinfo=UTC),
        )  # fmt: skip
        day = datetime(2026, 11, 20, tzinfo=UTC).date()
        [booking] = town.port.statement(day)
        assert (booking.amount, booking.reference, booking.payer_account) == (7, "NT-2026-000123-9", "0001")
        assert town.port.statement(day - timedelta(1)) == []

    def test_a_refund_is_paid_once(self, town: Town) -> None:
        order = RefundOrder(uuid7(), Decimal(5), "Ngân hàng A", "123", "CONG TY", "NT-2026-000123-9")
        first, again = town.port.refund(order), town.port.refund(order)
        assert first == again
        assert first.answer is RefundAnswer.PAID
        assert first.transaction_id

    def test_a_refund_may_be_refused(self, town: Town) -> None:
        town.book.change({"refuse_refunds": "account closed"})
        result = town.port.refund(RefundOrder(uuid7(), Decimal(5), "A", "123", "X", "R"))
        assert (result.answer, result.reason) == (RefundAnswer.REFUSED, "account closed")

    def test_a_booking_goes_back_once_and_the_statement_shows_it(self, town: Town) -> None:
        town.pay(300_000)
        (told,) = town.told()
        order = ReturnOrder(uuid7(), str(told["transaction_id"]), Decimal("300000.0000"), "VND")
        answers = [town.port.give_back(order) for _ in range(2)]
        assert answers[0] == answers[1]
        assert answers[0].answer is RefundAnswer.PAID
        today = (datetime.now(UTC) + timedelta(hours=7)).date()
        (sent,) = town.port.sent(today)
        assert (sent.transaction_id, sent.amount) == (answers[0].transaction_id, 300_000)
        assert dict(row[::2] for row in town.book.accounts())[RICH] == 5_000_000_000, (
            "the money is there again"
        )

    def test_what_was_never_booked_does_not_go_back(self, town: Town) -> None:
        answer = town.port.give_back(ReturnOrder(uuid7(), "SIM0", Decimal(1), "VND"))
        assert (answer.answer, answer.transaction_id) == (RefundAnswer.REFUSED, "")

    def test_a_bank_that_is_down_or_does_not_know_us(self, town: Town) -> None:
        day = datetime.now(UTC).date()
        with pytest.raises(BankDown) as stranger:
            HttpBank(town.url, token="other").statement(day)
        town.book.change({"down": True})
        with pytest.raises(BankDown) as down:
            town.port.statement(day)
        with pytest.raises(BankDown) as missing:
            BankMissing().statement(day)
        assert [each.value.code for each in (stranger, down, missing)] == ["http-401", "http-503", "no-bank"]
