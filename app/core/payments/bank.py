"""
The port to the bank that collects for the zone.

The bank tells of money by signed callbacks; it is asked for the statement of a day and told to pay a refund. What
``HttpBank`` speaks is written in ``docs/modules/payments.md``; an installation replaces the class when its bank speaks
otherwise. The address comes from the settings only. Called from jobs and pages outside of any transaction.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from app.core.evidence.canonical import canonical_json
from app.core.kit.outgoing import Answer, OutgoingFailed, OutgoingRefused, fetch
from app.core.settings import Settings

TIMEOUT_S = 10.0
LARGEST_STATEMENT = 20_000_000
_LONGEST = 500
_TRANSACTION = re.compile(r"[A-Za-z0-9._:/-]{1,100}")
_AMOUNT = re.compile(r"[1-9][0-9]{0,14}(\.[0-9]{1,4})?")
_CURRENCY = re.compile(r"[A-Z]{3}")
_SHOWN = 4
_FIRST_YEAR, _LAST_YEAR = 1900, 2999
T = TypeVar("T")


class Unreadable(ValueError):
    """The bank said something that cannot be understood; guessing would book wrong money."""


@dataclass(frozen=True, slots=True)
class Booking:
    """Money that the bank says it booked for the zone."""

    transaction_id: str
    amount: Decimal
    currency: str
    booked_at: datetime
    reference: str
    remark: str
    payer_name: str
    payer_account: str

    @classmethod
    def read(cls, told: Any) -> "Booking":
        """
        Read a booking from the bank's JSON.

        :raises Unreadable: a part is missing, or not what it should be.
        """
        if not isinstance(told, Mapping):
            raise Unreadable("no object")
        transaction, amount = told.get("transaction_id"), told.get("amount")
        currency, payer = told.get("currency"), told.get("payer") or {}
        if not isinstance(transaction, str) or not _TRANSACTION.fullmatch(transaction):
            raise Unreadable("transaction_id")
        if not isinstance(amount, str) or not _AMOUNT.fullmatch(amount):
            raise Unreadable("amount")
        if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
            raise Unreadable("currency")
        if currency == "VND" and Decimal(amount) % 1:
            raise Unreadable("amount")
        if not isinstance(payer, Mapping):
            raise Unreadable("payer")
        return cls(
            transaction, Decimal(amount), currency, _instant(told.get("booked_at")), _text(told.get("reference")),
            _text(told.get("remark")), _text(payer.get("name")), _text(payer.get("account"))[-_SHOWN:],
        )  # fmt: skip

    @property
    def content_sha256(self) -> str:
        """Return the hash of what makes this booking another one; who paid may be told in several ways."""
        content = {
            "transaction_id": self.transaction_id, "amount": f"{self.amount.normalize():f}",
            "currency": self.currency, "booked_at": self.booked_at.isoformat(), "reference": self.reference,
            "remark": self.remark,
        }  # fmt: skip
        return hashlib.sha256(canonical_json(content)).hexdigest()


class RefundAnswer(StrEnum):
    """What the bank says of a refund."""

    PAID = "PAID"
    PENDING = "PENDING"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """Money to be sent back; ``id`` is our own and stays the same however often the order is sent."""

    id: UUID
    amount: Decimal
    bank: str
    account: str
    holder: str
    reference: str


@dataclass(frozen=True, slots=True)
class RefundResult:
    """The bank's answer: its transaction, or why there is none."""

    answer: RefundAnswer
    transaction_id: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ReturnOrder:
    """A booking whose money goes back to the account from which it came, which the bank knows; ``id`` as above."""

    id: UUID
    transaction_id: str
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Sent:
    """Money that the bank says it sent from the zone's account: a refund, or a booking sent back."""

    transaction_id: str
    amount: Decimal
    currency: str

    @classmethod
    def read(cls, told: Any) -> "Sent":
        """
        Read it from the bank's JSON.

        :raises Unreadable: a part is missing, or not what it should be.
        """
        if not isinstance(told, Mapping):
            raise Unreadable("no object")
        transaction, amount, currency = (told.get(name) for name in ("transaction_id", "amount", "currency"))
        if not isinstance(transaction, str) or not _TRANSACTION.fullmatch(transaction):
            raise Unreadable("transaction_id")
        if not isinstance(amount, str) or not _AMOUNT.fullmatch(amount):
            raise Unreadable("amount")
        if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
            raise Unreadable("currency")
        return cls(transaction, Decimal(amount), currency)


class BankDown(RuntimeError):
    """The bank did not answer as it should; later it may. ``code`` is short and names nobody."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Bank(Protocol):
    """What the platform asks of its bank."""

    def statement(self, day: date) -> Sequence[Booking]:
        """
        Return what the bank booked for the zone on a local day.

        :raises BankDown: try again later.
        """

    def sent(self, day: date) -> Sequence[Sent]:
        """
        Return what the bank sent from the zone's account on a local day.

        :raises BankDown: try again later.
        """

    def refund(self, order: RefundOrder) -> RefundResult:
        """
        Have money sent to an account that the payer named; the same order is carried out once.

        :raises BankDown: try again later.
        """

    def give_back(self, order: ReturnOrder) -> RefundResult:
        """
        Have a booking sent back to where it came from; the same order is carried out once.

        :raises BankDown: try again later.
        """


class BankMissing:
    """No bank is set up: nothing can be asked."""

    def statement(self, day: date) -> Sequence[Booking]:
        """Refuse to answer; see ``Bank``."""
        raise BankDown("no-bank")

    def sent(self, day: date) -> Sequence[Sent]:
        """Refuse to answer; see ``Bank``."""
        raise BankDown("no-bank")

    def refund(self, order: RefundOrder) -> RefundResult:
        """Refuse to answer; see ``Bank``."""
        raise BankDown("no-bank")

    def give_back(self, order: ReturnOrder) -> RefundResult:
        """Refuse to answer; see ``Bank``."""
        raise BankDown("no-bank")


class HttpBank:
    """
    The bank by HTTP and JSON.

    :param url: ``https://host/path`` before ``/v1/…``, from the settings.
    :param token: bearer token, empty for none.
    """

    def __init__(self, url: str, *, token: str = "", timeout_s: float = TIMEOUT_S) -> None:
        self._url = url.rstrip("/")
        self._token = token
        self._timeout_s = timeout_s

    def statement(self, day: date) -> Sequence[Booking]:
        """Fetch the statement of a day; see ``Bank``."""
        return self._listed(day, "entries", Booking.read)

    def sent(self, day: date) -> Sequence[Sent]:
        """Fetch what left on a day; see ``Bank``."""
        return self._listed(day, "sent", Sent.read)

    def refund(self, order: RefundOrder) -> RefundResult:
        """Put the order at its own address; see ``Bank``."""
        content = {
            "amount": f"{order.amount.normalize():f}", "currency": "VND", "bank": order.bank, "account": order.account,
            "holder": order.holder, "reference": order.reference,
        }  # fmt: skip
        return self._carried_out(f"/v1/refunds/{order.id}", content)

    def give_back(self, order: ReturnOrder) -> RefundResult:
        """Put the order at its own address; see ``Bank``."""
        content = {
            "transaction_id": order.transaction_id, "amount": f"{order.amount.normalize():f}",
            "currency": order.currency,
        }  # fmt: skip
        return self._carried_out(f"/v1/returns/{order.id}", content)

    def _listed(self, day: date, name: str, read: Callable[[Any], T]) -> Sequence[T]:
        found = self._ask("GET", f"/v1/statements/{day.isoformat()}").get(name)
        if not isinstance(found, list):
            raise BankDown("unreadable")
        try:
            return [read(each) for each in found]
        except Unreadable:
            raise BankDown("unreadable") from None

    def _carried_out(self, path: str, content: Mapping[str, Any]) -> RefundResult:
        told = self._ask("PUT", path, content)
        try:
            answer = RefundAnswer(told["status"])
        except (KeyError, ValueError):
            raise BankDown("unreadable") from None
        transaction = _text(told.get("transaction_id"))
        if answer is RefundAnswer.PAID and not _TRANSACTION.fullmatch(transaction):
            raise BankDown("unreadable")
        return RefundResult(answer, transaction, _text(told.get("reason")))

    def _ask(self, method: str, path: str, content: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        body = None if content is None else json.dumps(content, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            answer = fetch(
                f"{self._url}{path}", method=method, body=body, headers=headers, inside=True,
                timeout_s=self._timeout_s, max_bytes=LARGEST_STATEMENT,
            )  # fmt: skip
        except (OutgoingFailed, OutgoingRefused) as failure:
            raise BankDown(str(failure)[:_LONGEST]) from None
        return _content(answer)


@dataclass(frozen=True, slots=True)
class Collecting:
    """
    How people pay: the account of the zone, and the bank's own page for paying at once.

    :ivar pay_url: page of the bank; empty: people transfer by themselves.
    :ivar order_key: what signs the way to that page.
    :ivar simulated: the bank is a simulator, and the screens say so.
    """

    account: str = ""
    bank: str = ""
    bin: str = ""
    pay_url: str = ""
    order_key: bytes = b""
    simulated: bool = False

    def way_to_bank(
        self, *, order_id: UUID, reference: str, amount: Decimal, until: datetime, back: str
    ) -> str:  # fmt: skip
        """
        Return the address of the bank's page for paying a slip; the bank checks that it comes from here.

        :param order_id: the bank carries one order out once.
        :param back: where the bank sends the browser afterwards. Its coming back proves nothing.
        """
        fields = {
            "order": str(order_id), "reference": reference, "amount": f"{amount.normalize():f}", "currency": "VND",
            "until": until.isoformat(timespec="seconds"), "back": back,
        }  # fmt: skip
        query = urlencode(sorted(fields.items()))
        mac = hmac.new(self.order_key, query.encode(), hashlib.sha256).hexdigest()
        return f"{self.pay_url}?{query}&signature={mac}"


def bank_of(settings: Settings) -> Bank:
    """Return the bank that this installation has been given; none is made up."""
    url, token = settings.bank_url, settings.bank_token
    if url is None or not url.get_secret_value():
        return BankMissing()
    return HttpBank(url.get_secret_value(), token=token.get_secret_value() if token else "")


def collecting_of(settings: Settings) -> Collecting:
    """Return how people pay in this installation."""
    key = settings.bank_order_key.get_secret_value().encode()
    return Collecting(
        settings.bank_account, settings.bank_name, settings.bank_bin, settings.bank_pay_url if key else "", key,
        settings.bank_simulated,
    )  # fmt: skip


def _content(answer: Answer) -> Mapping[str, Any]:
    if answer.status not in (200, 202):
        raise BankDown(f"http-{answer.status}")
    try:
        told = json.loads(answer.body)
    except ValueError:
        raise BankDown("unreadable") from None
    if not isinstance(told, Mapping):
        raise BankDown("unreadable")
    return told


def _instant(value: Any) -> datetime:
    try:
        instant = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise Unreadable("booked_at") from None
    # A program's "no time" is often the first or the last instant of the calendar; no column holds it with an offset.
    if instant.tzinfo is None or not _FIRST_YEAR <= instant.year <= _LAST_YEAR:
        raise Unreadable("booked_at")
    return instant


def _text(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Unreadable("text")
    # What the database cannot hold, and what would turn a line of a statement into two, becomes a space.
    return "".join(sign if sign.isprintable() else " " for sign in value)[:_LONGEST].strip()
