"""
The life of a declaration: one table of steps that the API, the pages and the tests share.

A step is an action of the firm, an act of this platform, or a notice of the customs authority. Number, channel, tax
notice, release and clearance stand here as notices only: nothing in this platform can make them.

Source: the order of the steps follows section 4 of the domain's dossier (Law on Customs 54/2014/QH13, articles 29 to
37, Circular 38/2015, articles 18 to 22); where no article is named, the step is this platform's own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from app.core.errors import Conflict, FieldProblem
from app.core.i18n import N_


class State(StrEnum):
    """Where a declaration stands."""

    DRAFT = "DRAFT"
    QUEUED = "QUEUED"
    SENT = "SENT"
    REFUSED = "REFUSED"
    REGISTERED = "REGISTERED"
    PAPERS = "PAPERS"
    GOODS_CHECK = "GOODS_CHECK"
    PAYABLE = "PAYABLE"
    RELEASED = "RELEASED"
    CLEARED = "CLEARED"
    CANCELLED = "CANCELLED"


class Who(StrEnum):
    """Whose step it is."""

    FIRM = "FIRM"
    PLATFORM = "PLATFORM"
    AUTHORITY = "AUTHORITY"


class Step(StrEnum):
    """What moves a declaration, or may be done while it stays where it is."""

    # The firm.
    EDIT = "EDIT"
    SEND = "SEND"
    REWORK = "REWORK"
    DISCARD = "DISCARD"
    SHOW_PAPERS = "SHOW_PAPERS"
    ANSWER = "ANSWER"
    AMEND = "AMEND"
    CANCEL = "CANCEL"
    PAY = "PAY"
    # The platform.
    TAKE = "TAKE"
    GIVE_BACK = "GIVE_BACK"
    # Notices of the authority.
    REFUSE = "REFUSE"
    REGISTER = "REGISTER"
    CHANNEL_GREEN = "CHANNEL_GREEN"
    CHANNEL_YELLOW = "CHANNEL_YELLOW"
    CHANNEL_RED = "CHANNEL_RED"
    WANT_PAPERS = "WANT_PAPERS"
    END_PAPERS = "END_PAPERS"
    ORDER_GOODS_CHECK = "ORDER_GOODS_CHECK"
    EXTEND_GOODS_CHECK = "EXTEND_GOODS_CHECK"
    END_GOODS_CHECK = "END_GOODS_CHECK"
    ASK = "ASK"
    WANT_AMENDMENT = "WANT_AMENDMENT"
    TAX_DUE = "TAX_DUE"
    TAX_NIL = "TAX_NIL"
    POST_PAYMENT = "POST_PAYMENT"
    RELEASE = "RELEASE"
    CLEAR = "CLEAR"
    ACCEPT_AMENDMENT = "ACCEPT_AMENDMENT"
    REFUSE_AMENDMENT = "REFUSE_AMENDMENT"
    INVALIDATE = "INVALIDATE"
    REFUSE_CANCEL = "REFUSE_CANCEL"


@dataclass(frozen=True, slots=True)
class Basis:
    """Where a step stands in the law: key of the instrument in the law's own list, and the article."""

    instrument: str
    article: str


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the table: in this state this step leads there. ``basis`` is None for a step of our own."""

    state: State
    step: Step
    to: State
    who: Who
    basis: Basis | None


class StepImpossible(Conflict):
    """The declaration does not take this step where it stands; ``allowed`` and ``errors`` list what it takes."""

    code = "declarations.step-impossible"
    title = "The declaration is not at this step."
    detail = "Where it stands now, this cannot be done; it may have moved on since the page was opened."
    hint = "Look at its page and take one of the steps that are possible now."

    def __init__(self, state: State, step: Step) -> None:
        self.state, self.step = state, step
        self.allowed = tuple(row.step for row in steps(state, Who.FIRM))
        super().__init__(errors=[FieldProblem("step", each.value, STEP_NAMES[each]) for each in self.allowed])


LAW, CIRCULAR = "law-54-2014-qh13", "circular-38-2015-tt-btc"

_IN_HANDLING = (State.REGISTERED, State.PAPERS, State.GOODS_CHECK, State.PAYABLE)
_NUMBERED = (*_IN_HANDLING, State.RELEASED, State.CLEARED)
_ON_THE_WAY = (State.QUEUED, State.SENT)
_STAY = None

# step, who, from where, to where (None: it stays), article
_ROWS: tuple[tuple[Step, Who, tuple[State, ...], State | None, Basis | None], ...] = (
    (Step.EDIT, Who.FIRM, (State.DRAFT,), _STAY, None),
    (Step.SEND, Who.FIRM, (State.DRAFT,), State.QUEUED, Basis(LAW, "29")),
    (Step.DISCARD, Who.FIRM, (State.DRAFT, State.REFUSED), State.CANCELLED, None),
    (Step.REWORK, Who.FIRM, (State.REFUSED,), State.DRAFT, Basis(LAW, "30")),
    (Step.SHOW_PAPERS, Who.FIRM, _NUMBERED, _STAY, Basis(LAW, "24")),
    (Step.ANSWER, Who.FIRM, _NUMBERED, _STAY, None),
    (Step.PAY, Who.FIRM, (State.PAYABLE, State.RELEASED), _STAY, None),
    (Step.AMEND, Who.FIRM, _NUMBERED, _STAY, Basis(CIRCULAR, "20")),
    (Step.CANCEL, Who.FIRM, (*_IN_HANDLING, State.RELEASED), _STAY, Basis(CIRCULAR, "22")),
    (Step.TAKE, Who.PLATFORM, _ON_THE_WAY, State.SENT, None),
    (Step.GIVE_BACK, Who.PLATFORM, _ON_THE_WAY, State.REFUSED, None),
    (Step.REFUSE, Who.AUTHORITY, _ON_THE_WAY, State.REFUSED, Basis(LAW, "30")),
    (Step.REGISTER, Who.AUTHORITY, _ON_THE_WAY, State.REGISTERED, Basis(LAW, "30")),
    (Step.CHANNEL_GREEN, Who.AUTHORITY, (State.REGISTERED,), _STAY, Basis(LAW, "31–34")),
    (Step.CHANNEL_YELLOW, Who.AUTHORITY, _IN_HANDLING, State.PAPERS, Basis(LAW, "31–34")),
    (Step.CHANNEL_RED, Who.AUTHORITY, _IN_HANDLING, State.PAPERS, Basis(LAW, "31–34")),
    (Step.WANT_PAPERS, Who.AUTHORITY, _IN_HANDLING, State.PAPERS, Basis(LAW, "31–34")),
    (Step.WANT_PAPERS, Who.AUTHORITY, (State.RELEASED, State.CLEARED), _STAY, Basis(LAW, "31–34")),
    (Step.END_PAPERS, Who.AUTHORITY, (State.PAPERS,), State.REGISTERED, Basis(LAW, "31–34")),
    (Step.ORDER_GOODS_CHECK, Who.AUTHORITY, _IN_HANDLING, State.GOODS_CHECK, Basis(LAW, "31–34")),
    (Step.EXTEND_GOODS_CHECK, Who.AUTHORITY, (State.GOODS_CHECK,), _STAY, Basis(LAW, "23")),
    (Step.END_GOODS_CHECK, Who.AUTHORITY, (State.GOODS_CHECK,), State.REGISTERED, Basis(LAW, "31–34")),
    (Step.ASK, Who.AUTHORITY, _NUMBERED, _STAY, None),
    (Step.WANT_AMENDMENT, Who.AUTHORITY, _NUMBERED, _STAY, Basis(CIRCULAR, "20")),
    (Step.TAX_DUE, Who.AUTHORITY, _IN_HANDLING, State.PAYABLE, None),
    (Step.TAX_DUE, Who.AUTHORITY, (State.RELEASED, State.CLEARED), _STAY, Basis(LAW, "36")),
    (Step.TAX_NIL, Who.AUTHORITY, _NUMBERED, _STAY, None),
    (Step.POST_PAYMENT, Who.AUTHORITY, _NUMBERED, _STAY, None),
    (Step.RELEASE, Who.AUTHORITY, _IN_HANDLING, State.RELEASED, Basis(LAW, "36")),
    (Step.CLEAR, Who.AUTHORITY, (*_IN_HANDLING, State.RELEASED), State.CLEARED, Basis(LAW, "37")),
    (Step.ACCEPT_AMENDMENT, Who.AUTHORITY, _NUMBERED, _STAY, Basis(CIRCULAR, "20")),
    (Step.REFUSE_AMENDMENT, Who.AUTHORITY, _NUMBERED, _STAY, Basis(CIRCULAR, "20")),
    (Step.INVALIDATE, Who.AUTHORITY, _NUMBERED, State.CANCELLED, Basis(CIRCULAR, "22")),
    (Step.REFUSE_CANCEL, Who.AUTHORITY, _NUMBERED, _STAY, Basis(CIRCULAR, "22")),
)


def _table() -> Iterator[Transition]:
    for step, who, states, to, basis in _ROWS:
        for state in states:
            yield Transition(state, step, state if to is None else to, who, basis)


TRANSITIONS: tuple[Transition, ...] = tuple(_table())
_BY_KEY = {(row.state, row.step): row for row in TRANSITIONS}

# What lists ask for where customs has not named a channel.
NO_CHANNEL = "NONE"
UNDECIDED = N_("No channel yet")
CHANNEL_NAMES: dict[str, str] = {
    "GREEN": N_("Green channel"),
    "YELLOW": N_("Yellow channel"),
    "RED": N_("Red channel"),
}
STATE_NAMES: dict[State, str] = {
    State.DRAFT: N_("Draft"),
    State.QUEUED: N_("Waiting to be sent"),
    State.SENT: N_("Sent"),
    State.REFUSED: N_("Refused by customs"),
    State.REGISTERED: N_("Registered by customs"),
    State.PAPERS: N_("Papers are checked"),
    State.GOODS_CHECK: N_("Goods are checked"),
    State.PAYABLE: N_("Tax to be paid"),
    State.RELEASED: N_("Goods released"),
    State.CLEARED: N_("Cleared"),
    State.CANCELLED: N_("Cancelled"),
}

STEP_NAMES: dict[Step, str] = {
    Step.EDIT: N_("Edit the declaration"),
    Step.SEND: N_("Send to customs"),
    Step.REWORK: N_("Correct and send again"),
    Step.DISCARD: N_("Discard the declaration"),
    Step.SHOW_PAPERS: N_("Show papers to customs"),
    Step.ANSWER: N_("Answer customs"),
    Step.PAY: N_("Pay the tax"),
    Step.AMEND: N_("Ask for an amendment"),
    Step.CANCEL: N_("Ask for cancellation"),
}
"""What a firm may do, in words of buttons and lists."""

ENDS = frozenset({State.CLEARED, State.CANCELLED})


class Standing:
    """Sets of states that several rooms ask for."""

    numbered: ClassVar[frozenset[State]] = frozenset(_NUMBERED)
    in_handling: ClassVar[frozenset[State]] = frozenset(_IN_HANDLING)
    on_the_way: ClassVar[frozenset[State]] = frozenset(_ON_THE_WAY)


def find(state: State, step: Step) -> Transition | None:
    """Return the row of a step in a state, None when the table has none."""
    return _BY_KEY.get((state, step))


def take(state: State, step: Step) -> Transition:
    """
    Return where a step leads.

    :raises StepImpossible: not from here; it carries what is possible instead.
    """
    row = find(state, step)
    if row is None:
        raise StepImpossible(state, step)
    return row


def steps(state: State, who: Who | None = None) -> tuple[Transition, ...]:
    """Return the rows that start in a state, all or those of one side, in the order of the table."""
    return tuple(row for row in TRANSITIONS if row.state is state and who in (None, row.who))
