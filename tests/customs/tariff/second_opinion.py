"""
A second calculation of the same taxes, written from the formulas of the law and from nothing of the product.

Plain fractions, plain dictionaries, another order of work: each declaration is walked through top-down, as a person
with paper would. It knows no problems, no traces and no words; it returns amounts of whole dong.
"""

from fractions import Fraction
from typing import Any

Declaration = dict[str, Any]
Amounts = dict[str, int]

# What is added to the invoice up to the first port of entry, and what is taken off again.
PLUS = {
    "EXW": "inland_abroad freight insurance",
    "FCA": "inland_abroad freight insurance",
    "FAS": "inland_abroad freight insurance",
    "FOB": "inland_abroad freight insurance",
    "CFR": "insurance",
    "CPT": "insurance",
    "C&I": "freight",
}
MINUS = {"DAP": "inland_here", "DDU": "inland_here", "DPU": "inland_here", "DDP": "inland_here duties"}


def taxes(declaration: Declaration) -> list[Amounts]:
    """Return customs value and taxes of each line, in the order of the lines."""
    values = customs_values(declaration)
    return [_line(declaration, line, value) for line, value in zip(declaration["lines"], values, strict=True)]


def customs_values(declaration: Declaration) -> list[int]:
    fx = declaration["fx"]
    term = declaration["term"]
    worth = [Fraction(line["value"]) * fx[declaration["currency"]] for line in declaration["lines"]]
    whole = sum(Fraction(line["value"]) for line in declaration["lines"])
    for name, (amount, currency) in declaration["charges"].items():
        sign = (name in PLUS.get(term, "").split()) - (name in MINUS.get(term, "").split())
        if sign == 0 or amount == 0:
            continue
        for index, share in enumerate(_shared(declaration, Fraction(amount), whole)):
            worth[index] += sign * share * fx[currency]
    return [half_up(each) for each in worth]


def _shared(declaration: Declaration, amount: Fraction, whole: Fraction) -> list[Fraction]:
    """Ten-thousandths, whole ones by proportion, those left over to the largest rests."""
    units = amount * 10_000
    ideal = [units * Fraction(line["value"]) / whole for line in declaration["lines"]]
    floors = [each.numerator // each.denominator for each in ideal]
    rests = sorted(range(len(ideal)), key=lambda i: (floors[i] - ideal[i], i))
    for index in rests[: int(units) - sum(floors)]:
        floors[index] += 1
    return [Fraction(each, 10_000) for each in floors]


def _line(declaration: Declaration, line: dict[str, Any], cv: int) -> Amounts:
    rates = declaration["schedule"][line["hs"]]
    found: Amounts = {"CV": cv}
    if not declaration["dutiable"]:
        return found
    found["IMPORT_DUTY"] = _duty(declaration, line, rates, cv)
    for remedy in ("ANTI_DUMPING", "COUNTERVAILING", "SAFEGUARD"):
        if (rate := rates.get(remedy, {}).get(line["origin"])) is not None:
            found[remedy] = _amount(declaration, line, rate, cv)
    if "EXCISE" in rates:
        found["EXCISE"] = _amount(declaration, line, rates["EXCISE"], sum(found.values()))
    if "ENVIRONMENT" in rates:
        found["ENVIRONMENT"] = _amount(declaration, line, rates["ENVIRONMENT"], 0)
    vat = Fraction(rates["VAT"])
    if rates["VAT_REDUCED"] and declaration["vat_points"] and vat > declaration["vat_points"]:
        vat -= declaration["vat_points"]
    found["VAT"] = half_up(sum(found.values()) * vat / 100)
    return found


def _duty(declaration: Declaration, line: dict[str, Any], rates: dict[str, Any], cv: int) -> int:
    if line["origin"] in declaration["no_mfn"] or line["scheme"] == "ORDINARY":
        general = _amount(declaration, line, rates["MFN"], cv, times=Fraction(3, 2))
        best = None
    else:
        general = _amount(declaration, line, rates["MFN"], cv)
        best = general
    preference = rates["PREFERENCE"].get(line["scheme"])
    member = line["origin"] in declaration["members"].get(line["scheme"], ())
    if preference is None or not member or not line["proof"]:
        return general
    claimed = _amount(declaration, line, preference, cv)
    return claimed if best is None else min(claimed, best)


def _amount(
    declaration: Declaration,
    line: dict[str, Any],
    rate: tuple[Any, ...],
    base: int,
    times: Fraction = Fraction(1),
) -> int:
    kind, *rest = rate
    if kind == "%":
        return half_up(base * Fraction(rest[0]) * times / 100)
    if kind == "each":
        amount, currency = rest
        return half_up(Fraction(line["quantity"]) * Fraction(amount) * times * declaration["fx"][currency])
    parts = [_amount(declaration, line, part, base, times) for part in rest]
    return {"both": sum, "less": min, "more": max}[kind](parts)


def half_up(number: Fraction) -> int:
    """Round a number that is not negative to the next whole one, halves upwards."""
    doubled = 2 * number + 1
    return doubled.numerator // (2 * doubled.denominator)
