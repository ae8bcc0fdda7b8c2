"""The states of slips, bank entries, messages and refunds, and the kinds of lines."""

from enum import StrEnum


class SlipState(StrEnum):
    """Where a slip stands; REFUNDED: cancelled, and all that was received has gone back."""

    OPEN = "OPEN"
    PART_PAID = "PART_PAID"
    PAID = "PAID"
    CANCELLED = "CANCELLED"
    REFUNDED = "REFUNDED"


class LineKind(StrEnum):
    """What sort of debt a line is; the law orders the kinds and says which bear late interest."""

    TAX = "TAX"
    INTEREST = "INTEREST"
    FINE = "FINE"
    FEE = "FEE"


class EntryState(StrEnum):
    """Whether a bank entry found its slip; RETURNED: it belonged to none, and the bank has sent it back."""

    APPLIED = "APPLIED"
    SUSPENSE = "SUSPENSE"
    RETURNED = "RETURNED"


class ClearingKind(StrEnum):
    """What is wanted of money in suspense: it belongs to a slip, or goes back to whoever sent it."""

    ASSIGN = "ASSIGN"
    RETURN = "RETURN"


class ClearingState(StrEnum):
    """Where such a wish stands; APPROVED: the bank has been told, or soon will be, to send the money back."""

    ASKED = "ASKED"
    APPROVED = "APPROVED"
    DONE = "DONE"
    REFUSED = "REFUSED"


class DifferenceState(StrEnum):
    """Whether somebody still has to look into a difference between the bank and the books."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"


class MessageState(StrEnum):
    """Whether a message of the bank has had its effect; REFUSED ones wait for an officer."""

    NEW = "NEW"
    DONE = "DONE"
    REFUSED = "REFUSED"


class RefundState(StrEnum):
    """A refund on its way: asked by the payer, checked and approved by two officers, paid by the bank."""

    ASKED = "ASKED"
    CHECKED = "CHECKED"
    APPROVED = "APPROVED"
    PAID = "PAID"
    REFUSED = "REFUSED"


class OutsideState(StrEnum):
    """A payment made elsewhere: said by the payer, recorded by one officer, confirmed by another, or refused."""

    ASKED = "ASKED"
    RECORDED = "RECORDED"
    CONFIRMED = "CONFIRMED"
    REFUSED = "REFUSED"


OPEN_OUTSIDE = (OutsideState.ASKED, OutsideState.RECORDED)
OPEN_REFUNDS = (RefundState.ASKED, RefundState.CHECKED, RefundState.APPROVED)
OPEN_CLEARINGS = (ClearingState.ASKED, ClearingState.APPROVED)
