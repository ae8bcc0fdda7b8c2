"""Why a parcel is not matched: codes that stay, with their words and what to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from app.core.i18n import N_


class Miss(StrEnum):
    """Reasons, in the order in which they are shown; what is missing comes first."""

    ORDER_MISSING = "order-missing"
    PAYMENT_MISSING = "payment-missing"
    WAYBILL_MISSING = "waybill-missing"
    PAID_TWICE = "paid-twice"
    PAYMENT_CURRENCY = "payment-currency"
    AMOUNT_DIFFERS = "amount-differs"
    WAYBILL_SECOND = "waybill-second"
    WAYBILL_CURRENCY = "waybill-currency"
    VALUE_DIFFERS = "value-differs"
    WEIGHT_ABSURD = "weight-absurd"
    BUYER_DIFFERS = "buyer-differs"
    FLIGHTS_DIFFER = "flights-differ"
    RETURN_EXCEEDS = "return-exceeds"


MISSING = frozenset({Miss.ORDER_MISSING, Miss.PAYMENT_MISSING, Miss.WAYBILL_MISSING})
"""Reasons that end by themselves when a late message arrives."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason with the figures that it speaks of, as texts."""

    miss: Miss
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Words:
    """What a reason says, and what ends it; English message ids with ``%(name)s``."""

    title: str
    remedy: str


WORDS: Mapping[Miss, Words] = MappingProxyType(
    {
        Miss.ORDER_MISSING: Words(
            N_("No order: a payment or waybill names an order that has not come."),
            N_("Send the order, or correct the order number of the payment or waybill."),
        ),
        Miss.PAYMENT_MISSING: Words(
            N_("No payment for the order."),
            N_("Send the payment. What is paid on delivery is sent when it has been paid."),
        ),
        Miss.WAYBILL_MISSING: Words(
            N_("No waybill for the order."), N_("Send the waybill when the parcel has been handed to the carrier.")
        ),
        Miss.PAID_TWICE: Words(
            N_("Paid %(payments)s times: %(paid)s %(currency)s for an order of %(total)s %(currency)s."),
            N_("Send the payment that counts; set the other one to 0 under its next revision once it is paid back."),
        ),
        Miss.PAYMENT_CURRENCY: Words(
            N_("The order is in %(currency)s, a payment in %(other)s."),
            N_("Send the payment in the currency of the order, as the platform charged it."),
        ),
        Miss.AMOUNT_DIFFERS: Words(
            N_("The order comes to %(total)s %(currency)s, %(paid)s %(currency)s were paid."),
            N_("Send what is still missing, or correct the order or the payment under its next revision."),
        ),
        Miss.WAYBILL_SECOND: Words(
            N_("Several waybills for one order: %(numbers)s."),
            N_("One order is one import: its parcels count together and are declared outside the low-value list."),
        ),
        Miss.WAYBILL_CURRENCY: Words(
            N_("The order is in %(currency)s, the waybill in %(other)s."),
            N_("Send the waybill's value in the currency of the order."),
        ),
        Miss.VALUE_DIFFERS: Words(
            N_("The goods were sold for %(goods)s %(currency)s, the waybill declares %(declared)s %(currency)s."),
            N_("Correct the declared value or the order under its next revision; the price really paid counts. Where"
               " the order comes in several parcels, send the waybills that are still missing."),
        ),
        Miss.WEIGHT_ABSURD: Words(
            N_("The waybill gives %(weight)s kg; a parcel has more than 0 and at most %(most)s kg."),
            N_("Weigh the parcel and correct the waybill under its next revision."),
        ),
        Miss.BUYER_DIFFERS: Words(
            N_("The buyer of the order and the consignee of the waybill have different names."),
            N_("Correct the name under the next revision. A gift to somebody else is declared outside the list."),
        ),
        Miss.FLIGHTS_DIFFER: Words(
            N_("The order comes in several parcels by different flights: %(numbers)s."),
            N_("One order is one import. Wait until all waybills name one flight, or declare the order by a declaration"
               " of its own."),
        ),
        Miss.RETURN_EXCEEDS: Words(
            N_("Goods for %(returned)s %(currency)s went back, more than the order holds (%(goods)s %(currency)s)."),
            N_("Correct the return under its next revision; it counts the price of the goods without freight."),
        ),
    }
)  # fmt: skip

SHORT: Mapping[Miss, str] = MappingProxyType(
    {
        Miss.ORDER_MISSING: N_("No order"),
        Miss.PAYMENT_MISSING: N_("No payment"),
        Miss.WAYBILL_MISSING: N_("No waybill"),
        Miss.PAID_TWICE: N_("Paid more than once"),
        Miss.PAYMENT_CURRENCY: N_("Payment in another currency"),
        Miss.AMOUNT_DIFFERS: N_("Amount paid differs"),
        Miss.WAYBILL_SECOND: N_("Several waybills"),
        Miss.WAYBILL_CURRENCY: N_("Waybill in another currency"),
        Miss.VALUE_DIFFERS: N_("Declared value differs"),
        Miss.WEIGHT_ABSURD: N_("Weight not believable"),
        Miss.BUYER_DIFFERS: N_("Buyer and consignee differ"),
        Miss.FLIGHTS_DIFFER: N_("Parcels on different flights"),
        Miss.RETURN_EXCEEDS: N_("More went back than was sold"),
    }
)
"""Reasons in a few words, for tables of figures."""
