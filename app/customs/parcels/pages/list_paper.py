"""A low-value list as a table for a workbook, and as a printed paper."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from app.core.i18n import N_, Translator
from app.core.i18n.formats import format_number
from app.core.settings.zone import ZoneConfig
from app.customs.parcels.pages import words
from app.customs.parcels.queries.lists import LineAfter, ListHead

PAPER = Path(__file__).parent.parent / "templates" / "parcels" / "list.typ"

_COLUMNS = (
    N_("No."), N_("Order"), N_("Waybill"), N_("Goods"), N_("HS code"), N_("Weight (kg)"), N_("Amount paid"),
    N_("Currency"), N_("Exchange rate"), N_("Customs value (VND)"), N_("Import duty (VND)"), N_("VAT rate (%)"),
    N_("VAT (VND)"), N_("Answer"),
)  # fmt: skip


def table(found: Sequence[LineAfter], translator: Translator) -> tuple[list[str], Iterator[list[str]]]:
    """Return header and rows of a list with the columns of the VAT list."""
    gettext = translator.gettext

    def rows() -> Iterator[list[str]]:
        for each in found:
            row = each.row
            yield [
                str(row.number), row.order_no, row.waybill_no, row.description, row.hs, f"{row.weight_kg:f}",
                f"{row.total.normalize():f}", row.currency, f"{row.exchange.normalize():f}", f"{row.customs_value:.0f}",
                f"{row.duty:.0f}", row.vat_rates, f"{row.vat:.0f}", gettext(words.ANSWERS[row.answer][1]),
            ]  # fmt: skip

    return [gettext(each) for each in _COLUMNS], rows()


def paper(
    head: ListHead, found: Sequence[LineAfter], translator: Translator, zone: ZoneConfig
) -> dict[str, Any]:
    """Return what the printed list holds."""
    row, lang, gettext = head.row, translator.lang, translator.gettext

    def dong(amount: Any) -> str:
        return format_number(amount, lang=lang, decimals=0)

    header, rows = table(found, translator)
    return {
        "lang": lang,
        "title": gettext("List of low-value goods and value added tax"),
        "note": gettext("Pre-calculation of the platform; the customs authority decides."),
        "facts": [
            [gettext("Code"), row.code],
            [gettext("Operator"), head.operator],
            [gettext("Flight or vehicle"), row.flight],
            [gettext("Day of arrival"), row.day.strftime("%d/%m/%Y")],
            [gettext("Law of the day"), row.law_day.strftime("%d/%m/%Y")],
            [gettext("Place"), zone.name.get(lang, zone.name["vi"])],
        ],
        "header": header[:-1],
        "rows": [each[:-1] for each in rows],
        "totals": [
            [gettext("Parcels"), dong(row.parcels)],
            [gettext("Customs value (VND)"), dong(row.customs_value)],
            [gettext("Import duty (VND)"), dong(row.duty)],
            [gettext("VAT (VND)"), dong(row.vat)],
        ],
    }
