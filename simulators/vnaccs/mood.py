"""How the authority behaves at the moment."""

from dataclasses import dataclass

from simulators import moods

CHANNELS = ("", "GREEN", "YELLOW", "RED")


@dataclass(frozen=True, slots=True)
class Mood:
    """
    How the authority behaves.

    :ivar late_s: seconds from one act to the next.
    :ivar seed: what the lots are drawn from.
    :ivar down: every call is answered with 503.
    :ivar lose_next: so many more messages are taken, but the answer is lost on the way.
    :ivar refuse: the reason with which declarations are refused; empty: by the rules only.
    :ivar channel: the channel of the next declarations; empty: by lot.
    :ivar ask: a question that is asked after the papers were shown; empty: none.
    :ivar disagree_percent: of how many in a hundred declarations the value is doubted.
    :ivar forget: types of taxes that it does not levy, by their codes, for example ``ADD ENV``.
    :ivar extend_check: the check of the goods is extended once before it ends.
    :ivar garble_next: so many more notices are handed out with a function code that the form does not have.
    :ivar want_amendment: what the firm is asked to amend after registration; empty: nothing.
    :ivar refuse_amendments: amendments are refused whatever they say.
    :ivar refuse_cancels: cancellations are refused whatever the state.
    :ivar release_early: goods are released before the tax is paid.
    :ivar twice: each notice stands twice in the queue.
    :ivar shuffle: the queue is handed out in the wrong order.
    :ivar withhold_next: so many more notices never reach the queue; they are found by asking.
    """

    late_s: float = 0.0
    seed: int = 1
    down: bool = False
    lose_next: int = 0
    refuse: str = ""
    channel: str = ""
    ask: str = ""
    disagree_percent: int = 0
    forget: str = ""
    extend_check: bool = False
    garble_next: int = 0
    want_amendment: str = ""
    refuse_amendments: bool = False
    refuse_cancels: bool = False
    release_early: bool = False
    twice: bool = False
    shuffle: bool = False
    withhold_next: int = 0

    def __post_init__(self) -> None:
        if self.channel not in CHANNELS or not 0 <= self.late_s <= moods.LATEST_S:
            raise ValueError("A value is out of range.")
