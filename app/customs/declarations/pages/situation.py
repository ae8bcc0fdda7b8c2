"""Where a declaration stands, in words: what it means, what comes next and from whom, which clocks run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.customs.declarations.domain.lifecycle import State
from app.customs.declarations.models import Declaration
from app.customs.declarations.pages.exchange import clocks_panel

FIRM, CUSTOMS, PLATFORM, NOBODY = N_("Firm"), N_("Customs authority"), N_("This platform"), ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a state means, what comes next, and whose turn it is."""

    means: str
    next: str
    whose: str


_STANDING: Mapping[State, Standing] = {
    State.DRAFT: Standing(
        N_("The declaration is being prepared. Customs knows nothing of it yet."),
        N_("Complete the parts, check them, then send."),
        FIRM,
    ),
    State.QUEUED: Standing(
        N_("It was handed in and waits for the gateway of customs."),
        N_("It is sent by itself as soon as the gateway takes it; nothing needs to be pressed again."),
        PLATFORM,
    ),
    State.SENT: Standing(
        N_("Customs has the declaration and has not registered it yet."),
        N_("Customs registers it and gives the number, or refuses it with reasons."),
        CUSTOMS,
    ),
    State.REFUSED: Standing(
        N_("Customs refused the declaration; it has no number and no effect."),
        N_("Mend what the reasons name, then send it again."),
        FIRM,
    ),
    State.REGISTERED: Standing(
        N_("Customs registered the declaration. Law, rates and exchange of this day apply."),
        N_("Customs decides the channel, then the tax or the clearance."),
        CUSTOMS,
    ),
    State.PAPERS: Standing(
        N_("Customs checks the papers of the declaration."),
        N_("Show the papers that are wanted and answer questions; customs then decides."),
        FIRM,
    ),
    State.GOODS_CHECK: Standing(
        N_("Customs checks the goods themselves."),
        N_("Have the goods ready at the declared place; customs records what it finds."),
        CUSTOMS,
    ),
    State.PAYABLE: Standing(
        N_("Customs has stated the tax. Only its notice counts."),
        N_(
            "Compare the notice with the pre-calculation, then pay its slip; the bank tells customs by itself."
        ),
        FIRM,
    ),
    State.RELEASED: Standing(
        N_("Customs released the goods. The final tax is still open."),
        N_("Customs settles the final tax and clears the declaration."),
        CUSTOMS,
    ),
    State.CLEARED: Standing(
        N_("Customs cleared the declaration."),
        N_("Nothing is left to do. A mistake found later is mended by an amendment."),
        NOBODY,
    ),
    State.CANCELLED: Standing(
        N_("The declaration is cancelled and has no effect."),
        N_("Nothing follows. A copy begins a new one."),
        NOBODY,
    ),
}
_AFTER_CHANNEL = Standing(
    _STANDING[State.REGISTERED].means, N_("Customs states the tax or clears the declaration."), CUSTOMS
)
_GIVEN_UP = Standing(
    N_("The draft was given up. It was never sent."), _STANDING[State.CANCELLED].next, NOBODY
)
_READY = N_("Nothing stands against sending it.")
_FAULTS = N_("%(count)s points must be mended before it can be sent.")
_LIMIT_NEAR = 4
"""A limit is near when less than this part of it is left."""


def situation(
    session: Session, actor: Actor, row: Declaration, *, faults: int | None, now: datetime
) -> dict[str, Any]:
    """Return what ``declarations/_situation.html`` shows; ``faults`` of a draft, None where nobody asked."""
    standing = _of(row)
    said = "" if faults is None else _FAULTS if faults else _READY
    return {
        "means": standing.means,
        "next": standing.next,
        "whose": standing.whose,
        "said": said,
        "faults": faults or 0,
        "clocks": list(_running(clocks_panel(session, actor, row.id).get("clocks", ()), now)),
        "seen_at": now,
    }


def _of(row: Declaration) -> Standing:
    state = State(row.state)
    if state is State.REGISTERED and row.channel:
        return _AFTER_CHANNEL
    if state is State.CANCELLED and row.official_number is None:
        return _GIVEN_UP
    return _STANDING[state]


def _running(clocks: Sequence[Mapping[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """Return the clocks that run, the one that ends first before the others."""
    running = [each for each in clocks if each["state"] in ("RUNNING", "OVERDUE")]
    return [
        {**each, "look": _look(each, now)} for each in sorted(running, key=lambda each: each["due_at"])
    ]  # fmt: skip


def _look(clock: Mapping[str, Any], now: datetime) -> str:
    if clock["state"] == "OVERDUE":
        return "overdue"
    whole, left = clock["due_at"] - clock["started_at"], clock["due_at"] - now
    return "due_soon" if left * _LIMIT_NEAR < whole else "on_time"
