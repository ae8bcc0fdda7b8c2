"""The bank's book: accounts, bookings, messages on their way, refunds, and how the bank behaves at the moment."""

import json
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from simulators import moods

_SCHEMA = """
create table if not exists account (number text primary key, holder text not null, balance integer not null);
create table if not exists booking (
    transaction_id text primary key, at text not null, amount integer not null, currency text not null,
    reference text not null, remark text not null, payer text not null, account text not null
);
create table if not exists paid_order (id text primary key, transaction_id text not null);
create table if not exists message (
    id text primary key, body text not null, due real not null, tries integer not null default 0,
    state text not null default 'WAITING', answer text not null default '', forged integer not null default 0
);
create table if not exists refund (id text primary key, body text not null, status text not null, transaction_id text);
create table if not exists sent (
    transaction_id text primary key, at text not null, amount text not null, currency text not null,
    account text not null
);
"""
# Nobody could take these for firms or accounts that exist.
_ACCOUNTS = (
    ("9990001", "CONG TY GIA LAP HAI AU", 5_000_000_000),
    ("9990002", "CONG TY GIA LAP SAO BIEN", 20_000_000_000),
    ("9990003", "CONG TY GIA LAP NGHEO", 50_000),
    ("9990009", "KHACH NOP TIEN TAI QUAY", 99_000_000_000),
)
_TRIES = 20
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_WAIT_S = 60.0
_ZONE = timedelta(hours=7)
_MOST_PERCENT = 1000


@dataclass(frozen=True, slots=True)
class Mood:
    """
    How the bank behaves.

    :ivar percent: so much of each order is paid; 100 is right, 40 is partial, 130 is too much.
    :ivar wrong_reference: the reference is passed on with two digits mixed up.
    :ivar no_reference: the reference is lost on the way.
    :ivar days_late: bookings carry a day so much later.
    :ivar message_late_s: seconds until a booking is told.
    :ivar silent: bookings are not told; only the statement has them.
    :ivar twice: each booking is told twice, in two messages.
    :ivar forged: messages are signed with a key that nobody gave.
    :ivar down: every call is answered with 503, and no message leaves.
    :ivar refuse_refunds: the reason with which refunds are refused; empty: they are paid.
    """

    percent: int = 100
    wrong_reference: bool = False
    no_reference: bool = False
    days_late: int = 0
    message_late_s: float = 1.0
    silent: bool = False
    twice: bool = False
    forged: bool = False
    down: bool = False
    refuse_refunds: str = ""

    def __post_init__(self) -> None:
        if not 0 < self.percent <= _MOST_PERCENT or not 0 <= self.message_late_s <= moods.LATEST_S:
            raise ValueError("A value is out of range.")


class Refused(ValueError):
    """The bank does not carry an order out; the text says why."""


class Book:
    """
    The book in a file of its own; several threads use it.

    :param clock: seconds since 1970.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._store = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._store.executescript(_SCHEMA + moods.SCHEMA)
        self._store.executemany("insert or ignore into account values (?, ?, ?)", _ACCOUNTS)
        moods.begin(self._store, Mood())

    def seconds(self) -> float:
        """Return the time by the bank's clock, in seconds since 1970."""
        return self._clock()

    def mood(self) -> Mood:
        """Return how the bank behaves now."""
        with self._lock:
            return moods.kept(self._store, Mood)

    def change(self, wanted: dict[str, Any]) -> Mood:
        """
        Change the mood; what is not named stays.

        :raises ValueError: no such trait, or a value that does not fit.
        """
        with self._lock:
            mood = moods.changed(self.mood(), wanted)
            moods.keep(self._store, mood)
            return mood

    def accounts(self) -> list[tuple[Any, ...]]:
        """Return number, holder and balance of each account."""
        return self._rows("select number, holder, balance from account order by number")

    def pay_order(self, order_id: str, *, account: str, amount: int, reference: str) -> str:
        """
        Carry an order of the bank's page out, once, as the mood wants it, and return the transaction.

        :raises Refused: no such account, or not enough money on it.
        """
        with self._lock:
            known = self._rows("select transaction_id from paid_order where id = ?", order_id)
            if known:
                return str(known[0][0])
            mood = self.mood()
            told = "" if mood.no_reference else _mixed_up(reference) if mood.wrong_reference else reference
            transaction = self.transfer(
                account=account, amount=max(amount * mood.percent // 100, 1), reference=told,
                remark=f"NOP TIEN {told.replace('-', '')}".strip(),
                at=self._instant() + timedelta(days=mood.days_late),
            )  # fmt: skip
            self._store.execute("insert into paid_order values (?, ?)", [order_id, transaction])
            return transaction

    def transfer(
        self, *, account: str, amount: int, reference: str, remark: str, at: datetime | None = None,
        currency: str = "VND",
    ) -> str:  # fmt: skip
        """
        Book a transfer and tell of it, and return its transaction.

        :raises Refused: no such account, or not enough money on it.
        """
        with self._lock:
            found = self._rows("select holder, balance from account where number = ?", account)
            if not found:
                raise Refused("There is no such account.")
            holder, balance = found[0]
            if amount <= 0 or amount > balance:
                raise Refused("The account does not hold that much.")
            now = self._clock()
            booked = (at or self._instant()).isoformat(timespec="seconds")
            transaction = f"SIM{int(now)}{uuid.uuid4().hex[:8].upper()}"
            self._store.execute(
                "update account set balance = balance - ? where number = ?", [amount, account]
            )
            self._store.execute(
                "insert into booking values (?, ?, ?, ?, ?, ?, ?, ?)",
                [transaction, booked, amount, currency, reference, remark, holder, account],
            )
            mood = self.mood()
            if not mood.silent:
                for _ in range(2 if mood.twice else 1):
                    self._tell(transaction, now + mood.message_late_s, forged=mood.forged)
            return transaction

    def play(self, transfers: list[dict[str, Any]]) -> None:
        """Book transfers of a story, each once for its key, however often the story is played."""
        with self._lock:
            for each in transfers:
                if self._rows("select 1 from paid_order where id = ?", each["key"]):
                    continue
                transaction = self.transfer(
                    account=each["account"], amount=each["amount"], reference=each["reference"],
                    remark=each["remark"],
                )  # fmt: skip
                self._store.execute("insert into paid_order values (?, ?)", [each["key"], transaction])

    def tell_again(self, transaction: str) -> None:
        """Tell of a booking once more, in a new message."""
        with self._lock:
            if self._rows("select 1 from booking where transaction_id = ?", transaction):
                self._tell(transaction, self._clock(), forged=self.mood().forged)

    def statement(self, day: str) -> list[dict[str, Any]]:
        """Return what was booked on a local day."""
        rows = self._rows("select transaction_id, at from booking order by at, transaction_id")
        return [self._told(row[0]) for row in rows if _local_day(row[1]) == day]

    def refund(self, refund_id: str, body: dict[str, Any]) -> dict[str, Any]:
        """
        Pay a refund, once for each key, and return how it stands.

        :raises Refused: the key was used for another content.
        """
        text = json.dumps(body, sort_keys=True, ensure_ascii=False)
        with self._lock:
            known = self._rows("select body, status, transaction_id from refund where id = ?", refund_id)
            if not known:
                reason = self.mood().refuse_refunds
                transaction = None if reason else f"REF{uuid.uuid4().hex[:12].upper()}"
                known = [(text, "REFUSED" if reason else "PAID", transaction)]
                self._store.execute("insert into refund values (?, ?, ?, ?)", [refund_id, *known[0]])
                if transaction:
                    self._send(
                        transaction, str(body.get("amount")), str(body.get("account")),
                        str(body.get("currency", "VND")),
                    )  # fmt: skip
            if known[0][0] != text:
                raise Refused("The key was used for another refund.")
            _, status, transaction = known[0]
            reason = self.mood().refuse_refunds if status == "REFUSED" else ""
            return {"status": status, "transaction_id": transaction or "", "reason": reason}

    def give_back(self, order_id: str, body: dict[str, Any]) -> dict[str, Any]:
        """
        Send a booking back to the account from which it came, once for each key, and return how it stands.

        :raises Refused: the key was used for another content.
        """
        rows = self._rows(
            "select account, amount, currency from booking where transaction_id = ?",
            body.get("transaction_id"),
        )
        if not rows or (str(rows[0][1]), rows[0][2]) != (body.get("amount"), body.get("currency")):
            return {"status": "REFUSED", "transaction_id": "", "reason": "There is no such booking."}
        return self.refund(order_id, {**body, "account": rows[0][0]})

    def sent(self, day: str) -> list[dict[str, Any]]:
        """Return what left on a local day."""
        rows = self._rows("select transaction_id, amount, currency, at from sent order by at, transaction_id")
        return [
            {"transaction_id": row[0], "amount": row[1], "currency": row[2]}
            for row in rows
            if _local_day(row[3]) == day
        ]

    def _send(self, transaction: str, amount: str, account: str, currency: str = "VND") -> None:
        at = self._instant().isoformat(timespec="seconds")
        self._store.execute(
            "insert into sent values (?, ?, ?, ?, ?)", [transaction, at, amount, currency, account]
        )
        self._store.execute(
            "update account set balance = balance + ? where number = ?", [int(Decimal(amount)), account]
        )

    def waiting(self) -> list[tuple[str, str, bool]]:
        """Return the messages that are due: id, body, and whether their signature is forged."""
        rows = self._rows(
            "select id, body, forged from message where state = 'WAITING' and due <= ? order by due", self._clock()
        )  # fmt: skip
        return [(row[0], row[1], bool(row[2])) for row in rows]

    def told(self, message_id: str, answer: str, *, taken: bool) -> None:
        """Note what the other side said; a message that was not taken comes again, later and later."""
        with self._lock:
            tries = self._rows("select tries from message where id = ?", message_id)[0][0] + 1
            state = "TAKEN" if taken else "WAITING" if tries < _TRIES else "GIVEN UP"
            due = self._clock() + min(2.0**tries, _LONGEST_WAIT_S)
            self._store.execute(
                "update message set tries = ?, state = ?, due = ?, answer = ? where id = ?",
                [tries, state, due, answer, message_id],
            )

    def lines(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return bookings, messages and refunds, the newest first."""
        return {
            "bookings": self._rows(
                "select transaction_id, at, amount, reference, remark, payer from booking order by rowid desc limit 100"
            ),
            "messages": self._rows(
                "select id, state, tries, answer, forged, body from message order by rowid desc limit 100"
            ),
            "refunds": self._rows(
                "select id, status, transaction_id, body from refund order by rowid desc limit 50"
            ),
        }

    def _instant(self) -> datetime:
        return _EPOCH + timedelta(seconds=self._clock())

    def _told(self, transaction: str) -> dict[str, Any]:
        row = self._rows(
            "select transaction_id, amount, currency, at, reference, remark, payer, account from booking"
            " where transaction_id = ?", transaction,
        )[0]  # fmt: skip
        return {
            "transaction_id": row[0], "amount": str(row[1]), "currency": row[2], "booked_at": row[3],
            "reference": row[4], "remark": row[5], "payer": {"name": row[6], "account": row[7]},
        }  # fmt: skip

    def _tell(self, transaction: str, due: float, *, forged: bool) -> None:
        body = json.dumps({"type": "payment.booked", "data": self._told(transaction)}, ensure_ascii=False)
        self._store.execute(
            "insert into message (id, body, due, forged) values (?, ?, ?, ?)",
            [f"msg_{uuid.uuid4().hex}", body, due, int(forged)],
        )

    def _rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._store.execute(statement, values).fetchall()


def _local_day(at: str) -> str:
    return (datetime.fromisoformat(at).astimezone(UTC) + _ZONE).date().isoformat()


def _mixed_up(reference: str) -> str:
    """Return a reference with its last two digits before the check character exchanged or changed."""
    head, body, tail = reference[:-4], reference[-4:-2], reference[-2:]
    return head + (body[::-1] if body != body[::-1] else f"{(int(body) + 1) % 100:02d}") + tail
