"""
Low-value lists (MIC) at the simulated authority: parcels are accepted or refused one by one, some are checked.

Answers to a list are asked for by its reference; they do not stand in the queue of declarations.
"""

from decimal import Decimal
from typing import Any

from simulators.vnaccs import opinion, papers
from simulators.vnaccs.book import Book

PROCEDURE = "MIC"
_IN_A_HUNDRED = 100
_CHECKED = 4
"""Of a hundred parcels so many are chosen for a check of the goods, by lot."""


class Lists:
    """What the office does with low-value lists; ``Office`` gives the tools."""

    _book: Book

    def _set(self, reference: str, declaration: dict[str, Any], **facts: Any) -> None:
        raise NotImplementedError

    def _later(self, reference: str, act: str, at: float, *, steps: int = 1, **facts: Any) -> None:
        raise NotImplementedError

    def _tell(self, reference: str, what: str, at: float, **content: Any) -> None:
        raise NotImplementedError

    def _give(self, direction: str) -> str:
        raise NotImplementedError

    def _list_declare(self, reference: str, declaration: dict[str, Any], at: float, *, message: str) -> None:
        if declaration["state"] != "TAKEN":
            return
        paper, mood = papers.read(self._book.body(message)), self._book.mood()
        found = self._line_faults(reference, paper.items)
        if mood.refuse:
            found = [{"rule": "MIC-00", "field": "", "text": mood.refuse, "fix": "Liên hệ cơ quan hải quan."}]
        refused = {each["line"] for each in found if each.get("line")}
        if found and (mood.refuse or len(refused) == len(paper.items)):
            self._set(reference, declaration, state="REFUSED")
            self._tell(reference, "refused", at, reply_to=message, faults=found)
            return
        good = [each for each in paper.items if each.number not in refused]
        for each in good:
            self._book.keep_waybill(each.facts.get("WAYBILL", ""), reference)
        number = self._give(paper.direction)
        chosen = [each.number for each in good if self._draws(reference, each.number, mood.seed)]
        self._set(
            reference,
            declaration,
            state="REGISTERED",
            number=number,
            good=[each.number for each in good],
            chosen=chosen,
            total=sum(int(_vat(each)["amount"]) for each in good),
        )
        self._tell(
            reference, "registered", at, reply_to=message, number=number, version=paper.version, faults=found
        )
        taxes = [{"number": each.number, "taxes": [_vat(each)]} for each in good]
        total = declaration["facts"]["total"]
        self._tell(
            reference, "tax", at, number=number, taxes=taxes, total=total, payment_reference=f"TB{number}"
        )
        if chosen:
            self._tell(
                reference,
                "goods_check",
                at,
                taxes=_lines(chosen),
                text="Kiểm tra thực tế các kiện được chọn.",
            )
            self._later(reference, "list_checked", at, steps=2)
        self._later(reference, "list_release", at)

    def _list_release(self, reference: str, declaration: dict[str, Any], at: float) -> None:
        held = set(declaration["facts"]["chosen"])
        free = [each for each in declaration["facts"]["good"] if each not in held]
        if free:
            self._tell(reference, "released", at, taxes=_lines(free), number=declaration["number"])
        if not held:
            self._set(reference, declaration, state="RELEASED")
            self._list_clear(reference, declaration, at)

    def _list_checked(self, reference: str, declaration: dict[str, Any], at: float) -> None:
        chosen = declaration["facts"]["chosen"]
        self._tell(reference, "goods_checked", at, taxes=_lines(chosen))
        self._tell(reference, "released", at, taxes=_lines(chosen), number=declaration["number"])
        self._set(reference, declaration, state="RELEASED")
        self._list_clear(reference, declaration, at)

    def _list_payment(self, reference: str, declaration: dict[str, Any], at: float, *, message: str) -> None:
        paper = papers.read(self._book.body(message))
        if paper.payment is None or paper.payment[0] != f"TB{declaration['number']}":
            text = "Không tìm thấy thông báo thuế của khoản nộp."
            self._tell(reference, "question", at, reply_to=message, text=text)
            return
        self._set(reference, declaration, paid=declaration["facts"]["paid"] + paper.payment[1])
        self._tell(reference, "posted", at, reply_to=message, posted=paper.payment)
        self._list_clear(reference, declaration, at)

    def _list_clear(self, reference: str, declaration: dict[str, Any], at: float) -> None:
        """Clear a list whose parcels are released and whose tax is paid."""
        facts = declaration["facts"]
        if declaration["state"] == "RELEASED" and facts["paid"] >= facts["total"]:
            self._set(reference, declaration, state="CLEARED")
            self._tell(reference, "cleared", at, number=declaration["number"])

    def _list_amend(self, reference: str, declaration: dict[str, Any], at: float, *, message: str) -> None:
        paper, facts = papers.read(self._book.body(message)), declaration["facts"]
        found: list[dict[str, Any]] = []
        if self._book.mood().refuse_amendments or declaration["state"] not in {
            "REGISTERED",
            "RELEASED",
            "CLEARED",
        }:
            found = [{"rule": "MIC-10", "field": "", "text": "Không chấp nhận nội dung sửa đổi.", "fix": ""}]
        elif paper.number != declaration["number"]:
            found = [{"rule": "MIC-11", "field": "", "text": "Số tờ khai không khớp.", "fix": ""}]
        if found:
            self._tell(
                reference, "amendment_refused", at, reply_to=message, faults=found, version=paper.version
            )
            return
        self._set(reference, declaration, amendments=facts["amendments"] + 1)
        number = f"{declaration['number'][:-1]}{min(facts['amendments'], 9)}"
        self._tell(reference, "amended", at, reply_to=message, number=number, version=paper.version)

    def _line_faults(self, reference: str, items: list[papers.Item]) -> list[dict[str, Any]]:
        found = []
        for each in items:
            waybill = each.facts.get("WAYBILL", "")
            other = self._book.list_of_waybill(waybill)
            if not each.hs or len(each.hs) < len("61091010"):
                found.append(
                    _fault("MIC-01", each.number, "HS", "Mã số hàng hóa chưa đủ 8 chữ số.", "Ghi đủ mã HS.")
                )
            elif not waybill:
                found.append(_fault("MIC-02", each.number, "WAYBILL", "Thiếu số vận đơn.", "Ghi số vận đơn."))
            elif other and other != reference:
                text = f"Vận đơn {waybill} đã được khai trên danh sách khác."
                found.append(
                    _fault("MIC-03", each.number, "WAYBILL", text, "Kiểm tra số vận đơn với hãng vận chuyển.")
                )
        return found

    def _draws(self, reference: str, number: int, seed: int) -> bool:
        channel = self._book.mood().channel
        if channel:
            return channel == "RED" and number == 1
        return opinion.draw(f"{seed}:list:{reference}:{number}") % _IN_A_HUNDRED < _CHECKED


def _vat(item: papers.Item) -> dict[str, Any]:
    return {
        "kind": "VAT", "base": str(item.value), "rate": item.facts.get("VATRATE", ""),
        "amount": int(Decimal(item.facts.get("VAT", "0"))),
    }  # fmt: skip


def _lines(numbers: list[int]) -> list[dict[str, Any]]:
    return [{"number": each, "taxes": []} for each in numbers]


def _fault(rule: str, line: int, field: str, text: str, fix: str) -> dict[str, Any]:
    return {"rule": rule, "line": line, "field": field, "text": text, "fix": fix}
