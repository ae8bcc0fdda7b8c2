"""
The statutory time limits of a declaration: what starts each, what meets it, whose it is. The lengths are law data.

Texts and articles stand with the values in ``law/clocks.yaml``. A limit that the law data do not hold makes a clock
without an end; none is invented here.
"""

from dataclasses import dataclass
from enum import StrEnum

from app.core.i18n import N_
from app.customs.declarations.domain.lifecycle import Who


class ClockKind(StrEnum):
    """Time limits that are counted."""

    DECLARE_IMPORT = "DECLARE_IMPORT"
    DECLARE_EXPORT = "DECLARE_EXPORT"
    EXPIRY_CHECK = "EXPIRY_CHECK"
    FREE_AMENDMENT = "FREE_AMENDMENT"
    VALIDITY = "VALIDITY"
    PAPERS_CHECK = "PAPERS_CHECK"
    GOODS_CHECK = "GOODS_CHECK"
    AMENDMENT_ANSWER = "AMENDMENT_ANSWER"
    AMENDMENT_ANSWER_LONG = "AMENDMENT_ANSWER_LONG"
    AMEND_ON_REQUEST = "AMEND_ON_REQUEST"
    CANCEL_ANSWER = "CANCEL_ANSWER"
    FINAL_TAX = "FINAL_TAX"


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """
    A time limit: whose it is, the key of its length in the law, its name on screens.

    ``window``: nobody owes anything at its end; it is a time in which something may be done.
    """

    kind: ClockKind
    whose: Who
    key: str
    name: str
    window: bool = False


LIMITS: dict[ClockKind, TimeLimit] = {
    limit.kind: limit
    for limit in (
        TimeLimit(
            ClockKind.PAPERS_CHECK, Who.AUTHORITY, "customs.clock.papers_check", N_("Check of the papers")
        ),
        TimeLimit(ClockKind.GOODS_CHECK, Who.AUTHORITY, "customs.clock.goods_check", N_("Check of the goods")),
        TimeLimit(
            ClockKind.AMENDMENT_ANSWER, Who.AUTHORITY, "customs.clock.amendment_answer", N_("Answer to an amendment")
        ),
        TimeLimit(
            ClockKind.AMENDMENT_ANSWER_LONG, Who.AUTHORITY, "customs.clock.amendment_answer_long",
            N_("Answer to a late amendment"),
        ),
        TimeLimit(
            ClockKind.CANCEL_ANSWER, Who.AUTHORITY, "customs.clock.cancel_answer", N_("Answer to a cancellation")
        ),
        TimeLimit(
            ClockKind.DECLARE_IMPORT, Who.FIRM, "customs.clock.declare_import", N_("Declaration after arrival")
        ),
        TimeLimit(
            ClockKind.DECLARE_EXPORT, Who.FIRM, "customs.clock.declare_export", N_("Declaration before departure")
        ),
        TimeLimit(
            ClockKind.EXPIRY_CHECK, Who.AUTHORITY, "customs.clock.expiry_check",
            N_("Check of a declaration that expired"),
        ),
        TimeLimit(
            ClockKind.FREE_AMENDMENT, Who.FIRM, "customs.clock.free_amendment",
            N_("Amendment after clearance without penalty"), window=True,
        ),
        TimeLimit(
            ClockKind.VALIDITY, Who.FIRM, "customs.clock.validity", N_("Validity of a registered declaration")
        ),
        TimeLimit(
            ClockKind.AMEND_ON_REQUEST, Who.FIRM, "customs.clock.amend_on_request",
            N_("Amendment that customs asked for"),
        ),
        TimeLimit(ClockKind.FINAL_TAX, Who.FIRM, "customs.clock.final_tax", N_("Final tax after release")),
    )
}  # fmt: skip

FREE_AMENDMENT = "customs.clock.free_amendment"
"""Days after clearance in which an amendment is answered fast and bears no penalty."""

EXTENSION = "customs.clock.goods_check_extension"
"""What a notice of extension adds to the check of the goods."""
EXPRESS = "customs.clock.declare_export_express"
"""Hours before departure for goods by post or express, instead of those of other exports."""

# What a notice starts, meets and ends without being met. "X:RECEIVED" is the receipt of our message of kind X.
STARTS: dict[str, ClockKind] = {
    "REGISTERED": ClockKind.VALIDITY,
    "DOCUMENTS:RECEIVED": ClockKind.PAPERS_CHECK,
    "GOODS_CHECK": ClockKind.GOODS_CHECK,
    "AMEND:RECEIVED": ClockKind.AMENDMENT_ANSWER,
    "AMENDMENT_WANTED": ClockKind.AMEND_ON_REQUEST,
    "CANCEL:RECEIVED": ClockKind.CANCEL_ANSWER,
    "RELEASED": ClockKind.FINAL_TAX,
    "CLEARED": ClockKind.FREE_AMENDMENT,
}
MEETS: dict[str, frozenset[ClockKind]] = {
    "PAPERS_CHECKED": frozenset({ClockKind.PAPERS_CHECK}),
    "GOODS_CHECK": frozenset({ClockKind.PAPERS_CHECK}),
    "GOODS_CHECKED": frozenset({ClockKind.GOODS_CHECK}),
    "TAX": frozenset({ClockKind.PAPERS_CHECK, ClockKind.GOODS_CHECK}),
    "RELEASED": frozenset(
        {ClockKind.PAPERS_CHECK, ClockKind.GOODS_CHECK, ClockKind.VALIDITY, ClockKind.EXPIRY_CHECK}
    ),
    "CLEARED": frozenset(
        {
            ClockKind.PAPERS_CHECK,
            ClockKind.GOODS_CHECK,
            ClockKind.VALIDITY,
            ClockKind.EXPIRY_CHECK,
            ClockKind.FINAL_TAX,
        }
    ),
    "AMENDED": frozenset({ClockKind.AMENDMENT_ANSWER, ClockKind.AMENDMENT_ANSWER_LONG}),
    "AMENDMENT_REFUSED": frozenset({ClockKind.AMENDMENT_ANSWER, ClockKind.AMENDMENT_ANSWER_LONG}),
    "AMEND:RECEIVED": frozenset({ClockKind.AMEND_ON_REQUEST}),
    "CANCELLED": frozenset({ClockKind.CANCEL_ANSWER, ClockKind.EXPIRY_CHECK}),
    "CANCEL_REFUSED": frozenset({ClockKind.CANCEL_ANSWER}),
}
STOPS = frozenset({"CANCELLED"})
"""Notices after which no other clock runs on."""
