"""A figure's arithmetic as people write it, in the language of the reader."""

from collections.abc import Mapping
from decimal import Decimal

from app.core.i18n import N_, Translator
from app.core.i18n.formats import format_number, format_rate
from app.customs.tariff.domain.choosing import words
from app.customs.tariff.domain.expressions import (
    Amount,
    BySubline,
    Combined,
    Excluded,
    Expression,
    Pct,
    plain,
)
from app.customs.tariff.domain.measures import Kind
from app.customs.tariff.domain.problems import SENTENCES
from app.customs.tariff.domain.results import (
    Joined,
    LineAssessment,
    Percent,
    PerUnit,
    Problem,
    Step,
    Tax,
    TaxKind,
)
from app.customs.tariff.domain.shipment import Component

TAX_TITLES: Mapping[TaxKind, str] = {
    TaxKind.IMPORT_DUTY: N_("Import duty"),
    TaxKind.EXPORT_DUTY: N_("Export duty"),
    TaxKind.ANTI_DUMPING: N_("Anti-dumping duty"),
    TaxKind.COUNTERVAILING: N_("Countervailing duty"),
    TaxKind.SAFEGUARD: N_("Safeguard duty"),
    TaxKind.EXCISE: N_("Special consumption tax"),
    TaxKind.ENVIRONMENT: N_("Environmental protection tax"),
    TaxKind.VAT: N_("Value added tax"),
}
KIND_TITLES: Mapping[Kind, str] = {
    Kind.MFN: N_("Preferential rate (MFN)"),
    Kind.ORDINARY: N_("Ordinary rate"),
    Kind.PREFERENCE: N_("Special preference"),
    Kind.EXPORT: N_("Export duty"),
    Kind.EXPORT_PREFERENCE: N_("Export duty under an agreement"),
    Kind.ANTI_DUMPING: N_("Anti-dumping duty"),
    Kind.COUNTERVAILING: N_("Countervailing duty"),
    Kind.SAFEGUARD: N_("Safeguard duty"),
    Kind.EXCISE: N_("Special consumption tax"),
    Kind.ENVIRONMENT: N_("Environmental protection tax"),
    Kind.VAT: N_("Value added tax"),
}
PART_TITLES: Mapping[str, str] = {
    "CV": N_("customs value"),
    "INVOICE": N_("invoice value"),
    Component.FREIGHT: N_("freight"),
    Component.INSURANCE: N_("insurance"),
    Component.INLAND_ABROAD: N_("inland carriage abroad"),
    Component.INLAND_HERE: N_("inland carriage here"),
    Component.DUTIES: N_("duties inside the price"),
    Component.ADDITION: N_("additions"),
    Component.DEDUCTION: N_("deductions"),
}

_SHOWN = Decimal("0.000001")

# What a line says of a tariff quota.
QUOTA_TITLES: Mapping[str, str] = {"IN_QUOTA": N_("in quota"), "OUT_OF_QUOTA": N_("out of quota")}

# Units by their UN/ECE code.
UNITS: Mapping[str, str] = {
    "KGM": N_("kilograms"),
    "TNE": N_("tonnes"),
    "GRM": N_("grams"),
    "LTR": N_("litres"),
    "MTR": N_("metres"),
    "MTK": N_("square metres"),
    "MTQ": N_("cubic metres"),
    "NMB": N_("pieces"),
    "NPR": N_("pairs"),
    "SET": N_("sets"),
    "PK": N_("packs"),
    "DZN": N_("dozens"),
    "DPR": N_("dozens of pairs"),
    "CTM": N_("carats"),
    "KWH": N_("kilowatt hours"),
    "MWH": N_("megawatt hours"),
    "ROL": N_("rolls"),
}


def unit_words(code: str) -> str:
    """Return the English words of a unit, to be translated; the code itself where none are known."""
    return UNITS.get(code, code)


def said(problem: Problem, translate: Translator) -> tuple[str, str]:
    """Return what is the matter and what mends it, in the language of the reader."""
    what, fix = SENTENCES[problem.code]
    params: dict[str, object] = {
        name: _param(name, value, translate) for name, value in problem.params.items()
    }
    return translate.gettext(what, **params), translate.gettext(fix, **params)


def _param(name: str, value: str, translate: Translator) -> str:
    said = value
    if name == "kind" and value in Kind.__members__:
        said = translate.gettext(KIND_TITLES[Kind(value)])
    elif name == "component":
        said = part_title(value, translate)
    elif name == "unit":
        said = translate.gettext(unit_words(value))
    elif name == "declared":
        said = ", ".join(translate.gettext(unit_words(each)) for each in value.split(" + "))
    elif name == "quota":
        said = translate.gettext(QUOTA_TITLES.get(value, value))
    elif name == "day" and value:
        said = f"{value[8:]}/{value[5:7]}/{value[:4]}"
    return said


def arithmetic(tax: Tax, translate: Translator) -> str:
    """Write how an amount came about: ``818.142.400 × 30 % = 245.442.720``."""
    said = _step(tax.trace.step, translate.lang)
    if len(tax.base_parts) > 1:
        parts = " + ".join(
            f"{_number(amount, translate.lang)} ({part_title(name, translate)})"
            for name, amount in tax.base_parts
        )
        said = f"{parts} = {_number(tax.base, translate.lang)}; {said}"
    if tax.trace.share is not None:
        share = _number(tax.trace.share, translate.lang)
        said += "; " + translate.gettext("ordinary rate: %(share)s %% of the MFN rate", share=share)
    if tax.trace.reduction is not None:
        points = _number(tax.trace.reduction, translate.lang)
        said += "; " + translate.gettext("the rate is reduced by %(points)s points", points=points)
    return said


def value_arithmetic(line: LineAssessment, translate: Translator) -> str:
    """Write how a customs value came about: the invoice and each share, with their rates of exchange."""
    if line.customs_value is None:
        return ""
    parts = []
    for part in line.value_parts:
        amount = f"{_number(part.amount, translate.lang)} {part.currency}"
        rate = "" if part.currency == "VND" else f" × {_number(part.exchange, translate.lang)}"
        parts.append(f"{amount}{rate} ({part_title(part.name, translate)})")
    return f"{' + '.join(parts)} = {_number(line.customs_value, translate.lang)}"


def part_title(name: str, translate: Translator) -> str:
    """Return the words for a part of a base or of a value."""
    kind = TAX_TITLES[TaxKind(name)] if name in TaxKind.__members__ else PART_TITLES[name]
    said = translate.gettext(kind)
    return said[:1].lower() + said[1:]


def said_rate(rate: str, lang: str) -> str:
    """Write the numbers of a rate as a language does: ``11,6 %``."""
    return format_rate(rate, lang=lang)


def rate_words(expr: Expression, translate: Translator) -> str:
    """Write a rate of the schedule, also one with sub-lines or excluded countries."""
    match expr:
        case Pct() | Amount():
            return said_rate(words(expr), translate.lang)
        case Combined(op, of):
            told = [rate_words(each, translate) for each in of]
            return " + ".join(told) if op == "sum" else f"{op}({'; '.join(told)})"
        case BySubline(lines, other):
            parts = [f"{code[8:]}: {rate_words(each, translate)}" for code, each in sorted(lines.items())]
            if other is not None:
                parts.append(f"{translate.gettext('other')}: {rate_words(other, translate)}")
            return "; ".join(parts)
        case Excluded(origins, inner):
            said = rate_words(inner, translate) if inner else "—"
            left_out = ", ".join(sorted(origins))
            return f"{said} ({translate.gettext('except %(countries)s', countries=left_out)})"


def _step(step: Step, lang: str) -> str:
    match step:
        case Percent(base, rate, result):
            return f"{_number(base, lang)} × {_number(rate, lang)} % = {_number(result, lang)}"
        case PerUnit(
            quantity, unit, amount, currency, exchange, result, declared=declared, declared_unit=declared_unit
        ):
            told = ""
            if declared is not None:
                told = (
                    f"{_number(declared, lang)} {declared_unit} = {_number(_short(quantity), lang)} {unit}; "
                )
            into_dong = "" if currency == "VND" else f" × {_number(exchange, lang)}"
            said = f"{_number(_short(quantity), lang)} {unit} × {_number(amount, lang)} {currency}{into_dong}"
            return f"{told}{said} = {_number(result, lang)}"
        case Joined(op, of, result):
            inner = "; ".join(_step(part, lang) for part in of)
            sign = " + " if op == "sum" else "; "
            amounts = sign.join(_number(part.result, lang) for part in of)
            said = amounts if op == "sum" else f"{op}({amounts})"
            return f"{inner}; {said} = {_number(result, lang)}"


def _short(quantity: Decimal) -> Decimal:
    """Cut a quantity that has no end (five pieces in dozens) for people; the calculation keeps all of it."""
    return quantity if quantity == (cut := quantity.quantize(_SHOWN)) else cut


def _number(number: Decimal, lang: str) -> str:
    return format_number(Decimal(plain(number)), lang=lang)


def dotted(code: str) -> str:
    """Write a code as schedules do: 8517.13.00, with the sub-line 8703.23.59.20."""
    return ".".join([code[:4], *(code[at : at + 2] for at in range(4, len(code), 2))])
