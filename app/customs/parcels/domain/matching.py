"""
The three-way match: an order, its payment and its waybill tell the same thing, or a reason says what differs.

A verdict depends on the facts alone. Messages may come late, twice and in any order: once all are there, the verdict
is the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.core.kit.money import DECIMALS
from app.customs.parcels.domain.facts import Facts, OrderFact, ParcelState, PaymentFact, WaybillFact
from app.customs.parcels.domain.reasons import MISSING, Miss, Reason

_HUNDRED = Decimal(100)
_RANK = {miss: rank for rank, miss in enumerate(Miss)}
_TWICE = 2


@dataclass(frozen=True, slots=True)
class Tolerances:
    """
    How far figures may differ and still be the same.

    :ivar amount_percent: of the order's figure, for payments and declared values.
    :ivar weight_most_kg: heaviest parcel that is believed.
    """

    amount_percent: Decimal
    weight_most_kg: Decimal


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the facts say: matched, or waiting or differing with every reason."""

    state: ParcelState
    reasons: tuple[Reason, ...] = ()


def judge(facts: Facts, tolerances: Tolerances) -> Verdict:
    """
    Compare everything that is known of one order.

    A difference between messages that are there is shown at once, also while another one is missing.
    """
    found = {(_RANK[each.miss], *sorted(each.params.items())): each for each in _reasons(facts, tolerances)}
    reasons = [found[key] for key in sorted(found)]
    if not reasons:
        return Verdict(ParcelState.MATCHED)
    waiting = all(each.miss in MISSING for each in reasons)
    return Verdict(ParcelState.WAITING if waiting else ParcelState.MISMATCH, tuple(reasons))


def state_of(verdict: Verdict, *, listed: bool, gone_back: bool) -> ParcelState:
    """Return the state of a parcel: what was listed stays so, whatever comes later; what went back whole is over."""
    if gone_back:
        return ParcelState.RETURNED
    return ParcelState.LISTED if listed else verdict.state


def _reasons(facts: Facts, tolerances: Tolerances) -> Iterator[Reason]:
    counted = [each for each in facts.payments if each.amount > 0]
    if facts.order is None:
        yield Reason(Miss.ORDER_MISSING)
    else:
        yield from _payments(facts.order, counted, tolerances)
    if not facts.waybills:
        yield Reason(Miss.WAYBILL_MISSING)
    yield from _waybills(facts.order, facts.waybills, tolerances)
    yield from _returns(facts)


def _payments(order: OrderFact, payments: Sequence[PaymentFact], tolerances: Tolerances) -> Iterator[Reason]:
    if not payments:
        if order.total > 0:
            yield Reason(Miss.PAYMENT_MISSING)
        return
    others = sorted({each.currency for each in payments if each.currency != order.currency})
    for other in others:
        yield Reason(Miss.PAYMENT_CURRENCY, {"currency": order.currency, "other": other})
    if others:
        return
    paid = sum((each.amount for each in payments), Decimal(0))
    if _same(order.total, paid, tolerances):
        return
    whole = [each for each in payments if _same(order.total, each.amount, tolerances)]
    figures = {
        "paid": said(paid, order.currency),
        "total": said(order.total, order.currency),
        "currency": order.currency,
    }
    if len(whole) >= _TWICE:
        yield Reason(Miss.PAID_TWICE, figures | {"payments": str(len(payments))})
    else:
        yield Reason(Miss.AMOUNT_DIFFERS, figures)


def _waybills(
    order: OrderFact | None, waybills: Sequence[WaybillFact], tolerances: Tolerances
) -> Iterator[Reason]:
    if len({each.flight for each in waybills}) > 1:
        numbers = sorted(f"{each.number} ({each.flight})" for each in waybills)
        yield Reason(Miss.FLIGHTS_DIFFER, {"numbers": ", ".join(numbers)})
    for each in waybills:
        if not 0 < each.weight_kg <= tolerances.weight_most_kg:
            figures = {"weight": plain(each.weight_kg), "most": plain(tolerances.weight_most_kg)}
            yield Reason(Miss.WEIGHT_ABSURD, figures)
        if order is not None and each.consignee != order.buyer:
            yield Reason(Miss.BUYER_DIFFERS)
    if order is None:
        return
    others = sorted({each.currency for each in waybills if each.currency != order.currency})
    for other in others:
        yield Reason(Miss.WAYBILL_CURRENCY, {"currency": order.currency, "other": other})
    declared = sum((each.declared for each in waybills), Decimal(0))
    if waybills and not others and not _same(order.goods, declared, tolerances):
        figures = {"goods": said(order.goods, order.currency), "declared": said(declared, order.currency)}
        yield Reason(Miss.VALUE_DIFFERS, figures | {"currency": order.currency})


def _returns(facts: Facts) -> Iterator[Reason]:
    """Tell when more goes back than was sold; what goes back as a whole has no further parts."""
    if facts.order is None:
        return
    returned = sum((each.amount for each in facts.returns), Decimal(0))
    if returned > facts.order.goods:
        currency = facts.order.currency
        figures = {"returned": said(returned, currency), "goods": said(facts.order.goods, currency)}
        yield Reason(Miss.RETURN_EXCEEDS, figures | {"currency": currency})


def _same(expected: Decimal, found: Decimal, tolerances: Tolerances) -> bool:
    return abs(found - expected) * _HUNDRED <= expected * tolerances.amount_percent


def said(amount: Decimal, currency: str) -> str:
    """Return an amount with the decimals of its currency, as programs write it."""
    return f"{amount:.{DECIMALS[currency]}f}"


def plain(number: Decimal) -> str:
    """Return a number without needless zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
