"""The authority at work: it takes messages, and does what is due when somebody looks."""

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from simulators import moods
from simulators.vnaccs import opinion, papers, rules
from simulators.vnaccs.book import Book
from simulators.vnaccs.lists import PROCEDURE, Lists
from simulators.vnaccs.mood import Mood
from simulators.vnaccs.papers import Paper

_MOST = 100
_CHANNELS = ("GREEN", "GREEN", "GREEN", "YELLOW", "YELLOW", "RED")
_FIRST = {"IMPORT": 10_900_000_000, "EXPORT": 30_900_000_000}
_PAPERS = (("INVOICE", "Hóa đơn thương mại"), ("TRANSPORT", "Vận đơn"))
_MOST_AMENDMENTS = 9
_DAYS_TO_PAY = 30
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_ENDED = ("CLEARED", "CANCELLED", "REFUSED")
_FUNCTIONS = {
    "registered": "01", "received": "02", "refused": "03", "goods_check": "05", "papers": "06", "released": "08",
    "cleared": "09", "cancelled": "10", "amended": "11", "tax": "13", "question": "18", "channel": "91",
    "papers_checked": "92", "goods_checked": "93", "posted": "94", "amendment_refused": "95",
    "cancel_refused": "96", "want_amendment": "97", "check_extended": "98",
}  # fmt: skip


class Contradiction(ValueError):
    """The same message was sent with another content."""


class Unknown(ValueError):
    """The message is about a declaration that nobody made, or the number is another's."""


class Office(Lists):
    """
    The authority's office; several threads use it.

    :param clock: seconds since 1970 that only grow.
    """

    def __init__(self, book: Book, *, late_s: float = 0.0, clock: Callable[[], float] = time.time) -> None:
        self._book, self._clock = book, clock
        self._lock = threading.RLock()
        moods.begin(book.store, Mood(late_s=late_s))

    def mood(self) -> Mood:
        """Return how the authority behaves now."""
        with self._lock:
            return self._book.mood()

    def change(self, wanted: dict[str, Any]) -> Mood:
        """
        Change the mood; what is not named stays.

        :raises ValueError: no such trait, or a value that does not fit.
        """
        with self._lock:
            mood = moods.changed(self._book.mood(), wanted)
            self._book.keep_mood(mood)
            return mood

    def take(self, identity: str, content: bytes) -> None:
        """
        Take a message; the same one again is the same message.

        :raises Unreadable: it is none.
        :raises Contradiction: the id was used for another content.
        :raises Unknown: it is about nothing that is known here.
        """
        mark = hashlib.sha256(content).hexdigest()
        paper = papers.read(content)
        with self._lock:
            self._work()
            if known := self._book.message(identity):
                if known[0] != mark:
                    raise Contradiction(identity)
                return
            declaration = self._book.declaration(paper.reference)
            if paper.kind != "DECLARE" and declaration is None:
                raise Unknown(paper.reference)
            now = self._clock()
            self._book.keep_message(
                identity, mark=mark, reference=paper.reference, kind=paper.kind, body=content, at=now
            )
            if paper.kind == "DECLARE" and (declaration is None or declaration["state"] == "REFUSED"):
                facts: dict[str, Any] = {"paid": 0, "total": 0, "amendments": 0}
                self._keep(paper.reference, None, "TAKEN", paper, identity, facts)
            self._tell(paper.reference, "received", now, reply_to=identity)
            desk = (
                "list"
                if paper.type_code == PROCEDURE and paper.kind in {"DECLARE", "AMEND", "PAYMENT"}
                else "on"
            )
            self._later(paper.reference, f"{desk}_{paper.kind.lower()}", now, message=identity)

    def knows(self, identity: str) -> bool:
        """Tell whether a message was taken."""
        with self._lock:
            return self._book.message(identity) is not None

    def loses_answer(self) -> bool:
        """Tell whether the answer to the present call is lost on the way."""
        with self._lock:
            mood = self._book.mood()
            if mood.lose_next > 0:
                self._book.keep_mood(replace(mood, lose_next=mood.lose_next - 1))
            return mood.lose_next > 0

    def queue(self, after: int) -> bytes:
        """Return what stands in the queue behind a cursor, as an envelope."""
        with self._lock:
            self._work()
            rows = self._book.queue(after, _MOST)
            bodies = [body for _, body in rows]
            if self._book.mood().shuffle:
                bodies.reverse()
            last = str(rows[-1][0] if rows else after)
            return papers.envelope(bodies, cursor=last, more=len(rows) == _MOST)

    def notices(self, reference: str, after: int) -> bytes:
        """Return the notices of a declaration behind a sequence, as an envelope."""
        with self._lock:
            self._work()
            rows = self._book.notices(reference, after)
            last = str(rows[-1][0] if rows else after)
            return papers.envelope([body for _, body in rows], cursor=last, more=False)

    def lines(self) -> list[tuple[Any, ...]]:
        """Return the declarations for the page."""
        with self._lock:
            self._work()
            return self._book.lines()

    # What is due.

    def _work(self) -> None:
        while task := self._book.due(self._clock()):
            at, reference, act, facts = task
            declaration = self._book.declaration(reference)
            if declaration is not None:
                getattr(self, f"_{act}")(reference, declaration, at, **facts)

    def _on_declare(self, reference: str, declaration: dict[str, Any], at: float, *, message: str) -> None:
        if declaration["state"] != "TAKEN":
            return
        paper, mood = papers.read(self._book.body(message)), self._book.mood()
        found = rules.faults(paper)
        if mood.refuse:
            found = [{"rule": "TC-00", "field": "", "text": mood.refuse, "fix": "Liên hệ cơ quan hải quan."}]
        if found:
            self._set(reference, declaration, state="REFUSED")
            self._tell(reference, "refused", at, reply_to=message, faults=found)
            return
        number = self._give(paper.direction)
        self._set(reference, declaration, state="REGISTERED", number=number)
        self._tell(reference, "registered", at, reply_to=message, number=number, version=paper.version)
        self._later(reference, "channel", at)

    def _channel(self, reference: str, declaration: dict[str, Any], at: float) -> None:
        mood = self._book.mood()
        lot = opinion.draw(f"{mood.seed}:channel:{reference}") % len(_CHANNELS)
        channel = mood.channel or _CHANNELS[lot]
        self._set(reference, declaration, channel=channel)
        self._tell(reference, "channel", at, channel=channel, number=declaration["number"])
        if mood.want_amendment:
            self._tell(reference, "want_amendment", at, text=mood.want_amendment)
        if channel == "GREEN":
            self._later(reference, "assess", at)
        else:
            self._tell(reference, "papers", at, papers=_PAPERS)

    def _on_documents(self, reference: str, declaration: dict[str, Any], at: float, *, message: str) -> None:
        if declaration["state"] != "REGISTERED" or declaration["facts"].get("papers"):
            return
        self._set(reference, declaration, papers=True)
        if question := self._book.mood().ask:
            self._set(reference, declaration, asked=True)
            self._tell(reference, "question", at, reply_to=message, text=question)
        else:
            self._later(reference, "check_papers", at)

    def _on_answer(self, reference: str, declaration: dict[str, Any], at: float, *, message: str) -> None:
        if declaration["facts"].get("asked"):
            self._set(reference, declaration, asked=False)
            self._later(reference, "check_papers", at)

    def _check_papers(self, reference: str, declaration: dict[str, Any], at: float) -> None:
        self._tell(reference, "papers_checked", at)
        if declaration["facts"].get("channel") == "RED":
            self._tell(reference, "goods_check", at, text="Kiểm tra thực tế hàng hóa tại địa điểm đăng ký.")
            extends = self._book.mood().extend_check
            if extends:
                self._later(reference, "extend_check", at)
            self._later(reference, "check_goods", at, steps=2 if extends else 1)
        else:
            self._later(reference, "assess", at)

    def _extend_check(self, reference: str, declaration: dict[str, Any], at: float) -> None:
        self._tell(reference, "check_extended", at, text="Lô hàng phức tạp, cần thêm thời gian kiểm tra.")

    def _check_goods(self, reference: str, declaration: dict[str, Any], at: float) -> None:
        self._tell(reference, "goods_checked", at)
        self._later(reference, "assess", at)

    def _assess(self, reference: str, declaration: dict[str, Any], at: float) -> None:
        mood = self._book.mood()
        paper = papers.read(self._book.body(declaration["message"]))
        lines, total = opinion.assess(
            paper, disagree_percent=mood.disagree_percent, seed=mood.seed, forgets=tuple(mood.forget.split())
        )
        facts = declaration["facts"]
        bill = f"TB{declaration['number']}{facts['amendments']}"
        self._set(reference, declaration, total=total, bill=bill)
        due_on = (_instant(at) + timedelta(days=_DAYS_TO_PAY)).date()
        self._tell(
            reference, "tax", at, number=declaration["number"], taxes=lines, total=total, due_on=due_on.isoformat(),
            payment_reference=bill,
        )  # fmt: skip
        if total <= facts["paid"]:
            self._later(reference, "clear", at)
        elif mood.release_early and declaration["state"] == "REGISTERED":
            self._later(reference, "release", at)

    def _on_payment(self, reference: str, declaration: dict[str, Any], at: float, *, message: str) -> None:
        paper, facts = papers.read(self._book.body(message)), declaration["facts"]
        if paper.payment is None or not str(paper.payment[0]).startswith("TB"):
            self._tell(
                reference,
                "question",
                at,
                reply_to=message,
                text="Không tìm thấy thông báo thuế của khoản nộp.",
            )
            return
        paid = facts["paid"] + paper.payment[1]
        self._set(reference, declaration, paid=paid)
        self._tell(reference, "posted", at, reply_to=message, posted=paper.payment)
        if paid >= facts["total"]:
            if declaration["state"] == "REGISTERED":
                self._later(reference, "release", at)
            self._later(reference, "clear", at, steps=2)

    def _release(self, reference: str, declaration: dict[str, Any], at: float) -> None:
        if declaration["state"] == "REGISTERED":
            self._set(reference, declaration, state="RELEASED")
            self._tell(reference, "released", at, number=declaration["number"])

    def _clear(self, reference: str, declaration: dict[str, Any], at: float) -> None:
        if declaration["state"] not in _ENDED:
            self._set(reference, declaration, state="CLEARED")
            self._tell(reference, "cleared", at, number=declaration["number"])

    def _on_amend(self, reference: str, declaration: dict[str, Any], at: float, *, message: str) -> None:
        paper, content = papers.read(self._book.body(message)), declaration["content"]
        found = rules.amendment_faults(paper, type_code=content["type_code"], header=content["header"])
        if self._book.mood().refuse_amendments:
            found = [{"rule": "SUA-00", "field": "", "text": "Không chấp nhận nội dung sửa đổi.", "fix": ""}]
        amendments = declaration["facts"]["amendments"]
        if amendments >= _MOST_AMENDMENTS or declaration["state"] in {"CANCELLED", "REFUSED", "TAKEN"}:
            found = [{"rule": "SUA-02", "field": "", "text": "Tờ khai không còn được sửa đổi.", "fix": ""}]
        if found:
            self._tell(
                reference, "amendment_refused", at, reply_to=message, faults=found, version=paper.version
            )
            return
        number = f"{declaration['number'][:-1]}{amendments + 1}"
        self._keep(
            reference, number, declaration["state"], paper, message,
            {**declaration["facts"], "amendments": amendments + 1},
        )  # fmt: skip
        self._tell(reference, "amended", at, reply_to=message, number=number, version=paper.version)
        if declaration["facts"].get("bill"):
            self._later(reference, "assess", at)

    def _on_cancel(self, reference: str, declaration: dict[str, Any], at: float, *, message: str) -> None:
        if self._book.mood().refuse_cancels or declaration["state"] in _ENDED:
            self._tell(
                reference, "cancel_refused", at, reply_to=message,
                text="Tờ khai đã thông quan hoặc không thuộc trường hợp được hủy.",
            )  # fmt: skip
            return
        self._book.drop_tasks(reference)
        self._set(reference, declaration, state="CANCELLED")
        self._tell(reference, "cancelled", at, reply_to=message, number=declaration["number"])

    # Its tools.

    def _give(self, direction: str) -> str:
        """Return a new official number."""
        return str(_FIRST[direction] + self._book.next_number(direction)) + "0"

    def _keep(
        self,
        reference: str,
        number: str | None,
        state: str,
        paper: Paper,
        message: str,
        facts: dict[str, Any],
    ) -> None:
        content = {
            "type_code": paper.type_code, "direction": paper.direction, "header": paper.header,
            "lines": [asdict(item)["hs"] for item in paper.items],
        }  # fmt: skip
        self._book.keep_declaration(
            reference,
            {"number": number, "state": state, "content": content, "message": message, "facts": facts},
        )

    def _set(
        self, reference: str, declaration: dict[str, Any], *, state: str | None = None, number: str | None = None,
        **facts: Any,
    ) -> None:  # fmt: skip
        declaration["state"] = state or declaration["state"]
        declaration["number"] = number or declaration["number"]
        declaration["facts"].update(facts)
        self._book.keep_declaration(reference, declaration)

    def _later(self, reference: str, act: str, at: float, *, steps: int = 1, **facts: Any) -> None:
        self._book.plan(reference, act, due=at + steps * self._book.mood().late_s, **facts)

    def _tell(self, reference: str, what: str, at: float, **content: Any) -> None:
        sequence, mood = self._book.next_sequence(reference), self._book.mood()
        identity = hashlib.sha256(f"{reference}:{sequence}".encode()).hexdigest()[:24]
        body = papers.notice(
            identity=identity, function=_FUNCTIONS[what], reference=reference, sequence=sequence,
            at=_instant(at).isoformat(), content=content,
        )  # fmt: skip
        garbled = mood.garble_next > 0
        if garbled:
            mood = replace(mood, garble_next=mood.garble_next - 1)
            self._book.keep_mood(mood)
        withheld = mood.withhold_next > 0
        if withheld:
            self._book.keep_mood(replace(mood, withhold_next=mood.withhold_next - 1))
        self._book.keep_notice(
            identity, reference=reference, sequence=sequence, at=at, function=_FUNCTIONS[what], body=body,
            garbled=garbled,
            queued=0 if withheld or self._is_list(reference) else 2 if mood.twice else 1,
        )  # fmt: skip

    def _is_list(self, reference: str) -> bool:
        declaration = self._book.declaration(reference)
        return declaration is not None and declaration["content"]["type_code"] == PROCEDURE


def _instant(seconds: float) -> datetime:
    return _BEGINNING + timedelta(seconds=seconds)
