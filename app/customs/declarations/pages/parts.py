"""The parts of a declaration's page, in an order that suits where it stands: what matters now comes first."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.core.i18n import N_
from app.customs.declarations.domain.lifecycle import State

Part = Mapping[str, Any]

PARTS: Mapping[str, tuple[str, str]] = {
    "tasks": (N_("Parts of the declaration"), "declarations/_tasks_part.html"),
    "taxes": (N_("Pre-calculation of taxes"), "declarations/_taxes.html"),
    "goods": (N_("Goods lines"), "declarations/_goods_part.html"),
    "answers": (N_("Answers of the declaration"), "declarations/_answers_part.html"),
    "branches": (N_("Split shipment"), "declarations/_branches_part.html"),
}
"""Parts that the page itself has: title and template."""
_USUAL = (
    "branches", "questions", "papers", "payments", "differences", "customs", "taxes", "goods", "answers", "clocks",
    "amendment", "notes", "risk",
)  # fmt: skip
_FIRST: Mapping[State, tuple[str, ...]] = {
    State.DRAFT: ("tasks", "taxes", "goods", "papers"),
    State.QUEUED: ("customs", "taxes", "goods"),
    State.SENT: ("customs", "taxes", "goods"),
    State.REFUSED: ("customs", "goods", "answers"),
    State.REGISTERED: ("questions", "customs", "papers"),
    State.PAPERS: ("questions", "papers", "customs"),
    State.GOODS_CHECK: ("questions", "notes", "papers", "customs"),
    State.PAYABLE: ("payments", "differences", "questions"),
    State.RELEASED: ("payments", "differences", "questions"),
    State.CLEARED: ("customs", "differences", "goods", "taxes"),
    State.CANCELLED: ("customs", "goods"),
}


def part(key: str, titled: tuple[str, str]) -> Part:
    """Return a part of the page itself in the form of a panel."""
    return {"key": key, "title": titled[0], "template": titled[1], "view": {}}


def arranged(state: str, parts: Sequence[Part]) -> list[Part]:
    """Return the parts in the order of a state; those that nobody ranked come last, as they were given."""
    order = {key: place for place, key in enumerate(dict.fromkeys((*_FIRST[State(state)], *_USUAL)))}
    return sorted(parts, key=lambda part: order.get(part["key"], len(order)))
