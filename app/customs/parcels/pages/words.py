"""Words of parcels on pages: states with colour and icon, kinds of messages, reasons in the reader's language."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from app.core.i18n import N_, Translator
from app.core.i18n.formats import format_number, typed_day
from app.customs.parcels.domain.facts import Message, Outcome, ParcelState, Source
from app.customs.parcels.domain.lowvalue import Exemption, LeftOut
from app.customs.parcels.domain.reasons import SHORT, WORDS, Reason
from app.customs.parcels.queries.board import ParcelLine

STATES: Mapping[ParcelState, tuple[str, str, str]] = {
    ParcelState.MISMATCH: ("bad", N_("Differs"), "alert-circle"),
    ParcelState.WAITING: ("wait", N_("Waits for data"), "hourglass"),
    ParcelState.MATCHED: ("good", N_("Matched"), "circle-check"),
    ParcelState.LISTED: ("active", N_("On a list"), "clipboard-list"),
    ParcelState.RETURNED: ("neutral", N_("Went back"), "arrow-left"),
}
MESSAGES: Mapping[Message, str] = {
    Message.ORDER: N_("Orders"),
    Message.PAYMENT: N_("Payments"),
    Message.WAYBILL: N_("Waybills"),
    Message.RETURN: N_("Returns"),
}
SOURCES: Mapping[Source, str] = {Source.API: N_("by API"), Source.FILE: N_("by file")}
OUTCOMES: Mapping[Outcome, str] = {
    Outcome.TAKEN: N_("taken"),
    Outcome.KNOWN: N_("known already"),
    Outcome.CHANGED: N_("content changed, refused"),
    Outcome.FAULTY: N_("faulty, refused"),
}
MISSES = SHORT
EXEMPTIONS: Mapping[Exemption, str] = {
    Exemption.VALUE: N_("exempt: customs value within the threshold"),
    Exemption.AMOUNT: N_("exempt: duty below the least amount"),
    Exemption.NONE: N_("due"),
}
LEFT_OUT: Mapping[LeftOut, str] = {
    LeftOut.ABOVE_VALUE: N_(
        "Customs value %(value)s VND is above %(most)s VND: declare it by a declaration of its own."
    ),
    LeftOut.TOGETHER: N_(
        "It comes on one waybill with %(orders)s; together their customs value %(value)s VND is above %(most)s VND."
    ),
    LeftOut.PARTNER: N_("It comes on one waybill with %(orders)s, which cannot go on this list."),
    LeftOut.HS_MISSING: N_("An item has no HS code: send the order with it under its next revision."),
    LeftOut.RATE_MISSING: N_(
        "The tariff has no rate for its HS code on this day, or the code is not in force."
    ),
    LeftOut.EXCHANGE_MISSING: N_("There is no exchange rate for its currency this week."),
    LeftOut.NO_THRESHOLD: N_("The law data name no threshold for this day; the legal desk has to enter it."),
}
LIST_STATES: Mapping[str, tuple[str, str, str]] = {
    "CLOSED": ("active", N_("Closed, not sent"), "clipboard-list"),
    "QUEUED": ("wait", N_("Waits to be sent"), "hourglass"),
    "SENT": ("wait", N_("Sent, waits for the answer"), "hourglass"),
    "REGISTERED": ("active", N_("Registered by customs"), "circle-check"),
    "REFUSED": ("bad", N_("Refused by customs"), "alert-circle"),
    "RELEASED": ("good", N_("Released by customs"), "circle-check"),
    "CLEARED": ("good", N_("Cleared by customs"), "circle-check"),
}
TOLD: Mapping[str, str] = {
    "QUEUED": N_("told to customs as soon as its gateway answers"),
    "SENT": N_("told to customs; its entry is awaited"),
    "ACKNOWLEDGED": N_("told to customs; its entry is awaited"),
    "POSTED": N_("entered by customs"),
    "FAILED": N_("customs did not enter it: show it the receipt of the slip"),
}
"""How far customs knows that the tax of a list was paid, by the state of the message."""
FURTHER = N_("Further notice")
NOTICES: Mapping[str, str] = {
    "RECEIVED": N_("Customs received the list"),
    "REGISTERED": N_("Customs registered the list"),
    "REFUSED": N_("Customs refused the list"),
    "GOODS_CHECK": N_("Customs chose parcels for a check of the goods"),
    "GOODS_CHECKED": N_("Customs checked the goods"),
    "TAX": N_("Tax notice of customs"),
    "RELEASED": N_("Customs released parcels"),
    "PAYMENT_POSTED": N_("Customs entered the payment"),
    "CLEARED": N_("Customs cleared the list"),
    "AMENDED": N_("Customs accepted a correction"),
    "AMENDMENT_REFUSED": N_("Customs refused a correction"),
    "QUESTION": N_("Customs asks a question"),
}
ANSWERS: Mapping[str, tuple[str, str, str]] = {
    "NONE": ("neutral", N_("no answer yet"), "circle"),
    "ACCEPTED": ("good", N_("accepted"), "circle-check"),
    "REFUSED": ("bad", N_("refused"), "alert-circle"),
    "HELD": ("soon", N_("held for a check"), "clock-exclamation"),
    "RELEASED": ("good", N_("released"), "circle-check"),
}
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
_FIGURES = frozenset({"paid", "total", "goods", "declared", "weight", "most", "returned"})


def state_view(state: ParcelState) -> dict[str, str]:
    """Return a state for a chip."""
    tone, word, symbol = STATES[state]
    return {"code": state.value, "tone": tone, "word": word, "symbol": symbol}


def reason_view(reason: Reason, translator: Translator) -> dict[str, str]:
    """Return what a reason says with its figures as the reader writes them, and what ends it."""
    words = WORDS[reason.miss]
    params = {name: _said(name, value, translator.lang) for name, value in reason.params.items()}
    return {
        "code": reason.miss.value,
        "title": translator.gettext(words.title) % params,
        "remedy": translator.gettext(words.remedy),
    }


def line_view(line: ParcelLine, translator: Translator) -> dict[str, Any]:
    """Return a parcel for a table."""
    return {
        "id": str(line.id),
        "href": f"/customs/parcels/{line.id}",
        "order_no": line.order_no,
        "operator": line.operator,
        "state": state_view(line.state),
        "reasons": [reason_view(each, translator) for each in line.reasons],
        "waybill_no": line.waybill_no,
        "flight": line.flight,
        "arrives_at": line.arrives_at,
        "currency": line.currency,
        "total": line.total,
        "late": line.listed and bool(line.reasons),
    }


def left_out_view(reason: LeftOut, params: Mapping[str, str], translator: Translator) -> str:
    """Return why a parcel does not go on a list."""
    said = {
        name: format_number(Decimal(value), lang=translator.lang) if name in {"value", "most"} else value
        for name, value in params.items()
    }
    return translator.gettext(LEFT_OUT[reason]) % said


def day_of(text: str, default: date) -> date:
    """Return the day that an address names or a person typed, or the default."""
    return typed_day(text) or default


def _said(name: str, value: str, lang: str) -> str:
    if name not in _FIGURES or not _NUMBER.fullmatch(value):
        return value
    decimals = len(value.partition(".")[2])
    return format_number(Decimal(value), lang=lang, decimals=decimals)
