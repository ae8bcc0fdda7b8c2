"""
The check of a declaration: rules with codes, each one function whose docstring says what it demands.

A finding names the rule, the field and the line. Its words, its article and how to mend it stand in ``data/rules.yaml``
under the same code. All findings are given, not the first one.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from app.core.kit.taxcode import InvalidTaxCode, parse_tax_code
from app.customs.declarations.domain import containers, forms
from app.customs.declarations.domain.catalogue import movements, type_codes
from app.customs.declarations.domain.content import Content, LineText, day, decimals, number
from app.customs.declarations.domain.dictionary import (
    Field,
    Text,
    facts_of,
    header_fields,
    knows,
    line_fields,
    load,
    required_line_fields,
)

ERROR, WARNING = "ERROR", "WARNING"
Param = str | int

AIR, NO_INSURANCE = "1", "D"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: by which rule, of which field (of which line, None for the header)."""

    rule: str
    field: str
    line: int | None = None
    params: Mapping[str, Param] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Words:
    """How a rule speaks: what is wrong, how to mend it, where it stands."""

    severity: str
    says: Text
    fix: Text
    source: Text


@cache
def words() -> Mapping[str, Words]:
    """Return the words of all rules by code."""
    raw = load("rules")
    return {
        code: Words(each.get("severity", ERROR), each["says"], each["fix"], raw["sources"][each["source"]])
        for code, each in raw["rules"].items()
    }


def is_error(finding: Finding) -> bool:
    """Tell whether a finding stops the sending."""
    return words()[finding.rule].severity == ERROR


def check(content: Content) -> list[Finding]:
    """Apply every rule; the findings of the header come first, then those of the lines in their order."""
    found = [finding for rule in HEADER_RULES for finding in rule(content)]
    for place, line in enumerate(content.lines, 1):
        found += [finding for rule in LINE_RULES for finding in rule(content, place, line)]
    return found


def fields_of_the_header(content: Content) -> Iterator[Finding]:
    """Every field of the header that is required is given, and each has the form that the dictionary says."""
    facts = facts_of(
        direction=content.direction, movement=content.movement, type_code=content.type_code, header=content.header
    )  # fmt: skip
    for asked in header_fields().values():
        yield from _form(asked, content.head(asked.code), required=asked.is_required(facts))


def firm_tax_code(content: Content) -> Iterator[Finding]:
    """The declaring firm's tax code is that of the firm whose declaration it is, not of another one."""
    said = content.head("IMC")
    if said and content.firm_tax_code and _canonical(said) not in ("", content.firm_tax_code):
        yield Finding("firm_tax_code", "IMC", params={"firm": content.firm_tax_code})


def container_numbers(content: Content) -> Iterator[Finding]:
    """Container numbers follow ISO 6346, stand once, and are as many as the count says."""
    numbers = containers.listed(content.head("CNT"))
    for value in numbers:
        if containers.fault(value):
            yield Finding("container", "CNT", params={"value": value})
    for value in sorted({each for each in numbers if numbers.count(each) > 1}):
        yield Finding("container_twice", "CNT", params={"value": value})
    said = number(content.head("COC"))
    if said is not None and numbers and said != len(numbers):
        yield Finding("container_count", "COC", params={"said": str(said), "found": len(numbers)})


def insurance_none(content: Content) -> Iterator[Finding]:
    """Insurance of class D (none) is not declared with a term that includes it."""
    amiss = forms.listed("terms_with_insurance", content.today)
    if content.head("IN1") == NO_INSURANCE and content.head("IP2") in amiss:
        yield Finding("insurance_none", "IN1", params={"term": content.head("IP2")})


def invoice_total(content: Content) -> Iterator[Finding]:
    """The invoice's total is the sum of the values of the lines."""
    said = number(content.head("IP4"))
    values = [number(line.get("value", "")) for line in content.lines]
    known = [value for value in values if value is not None]
    if said is None or not known or len(known) < len(values):
        return
    found = sum(known, Decimal(0))
    if said != found:
        yield Finding(
            "invoice_total",
            "IP4",
            params={"said": f"{said.normalize():f}", "found": f"{found.normalize():f}"},
        )


def invoice_day(content: Content) -> Iterator[Finding]:
    """An invoice is not dated after the day of the check."""
    given = day(content.head("IVD"))
    if given is not None and given > content.today:
        yield Finding("invoice_day", "IVD")


def waybill(content: Content) -> Iterator[Finding]:
    """An air waybill has at most so many characters as the guide says."""
    most = forms.number_of("waybill_length", content.today)
    for code in ("BL1", "BL2", "BL3", "BL4", "BL5"):
        length = len(content.head(code))
        if content.head("MTC") == AIR and length > most:
            yield Finding("waybill", code, params={"length": length, "most": most})


def gross_weight(content: Content) -> Iterator[Finding]:
    """The gross weight has 6 digits and 3 decimals, by air 8 and 1."""
    value = number(content.head("GW"))
    if value is None:
        return
    by_air = content.head("MTC") == AIR
    whole, most = forms.listed("weight_by_air" if by_air else "weight_otherwise", content.today)
    if decimals(value) > most or len(str(int(abs(value)))) > whole:
        yield Finding("gross_weight", "GW", params={"whole": whole, "most": most})


def earlier_number(content: Content) -> Iterator[Finding]:
    """The number of an earlier declaration has as many digits as numbers of declarations have."""
    value, length = content.head("PRV"), forms.number_of("declaration_number", content.today)
    if value and not (value.isascii() and value.isdigit() and len(value) == length):
        yield Finding("earlier_number", "PRV", params={"length": length})


def type_code(content: Content) -> Iterator[Finding]:
    """The type code has the declaration's direction, and is one that is usual for the movement."""
    chosen = type_codes().get(content.type_code)
    fits = chosen is not None and chosen.direction == content.direction
    if chosen is None or not fits or content.direction not in movements()[content.movement].directions:
        yield Finding("type_direction", "type_code", params={"type": content.type_code})
    elif content.movement not in chosen.movements:
        yield Finding("type_unusual", "type_code", params={"type": content.type_code})


def first_branch(content: Content) -> Iterator[Finding]:
    """A branch of a split shipment names the number of the first declaration, which is registered before."""
    if content.head("BNO") and not content.head("FIC"):
        yield Finding("first_branch", "FIC")


def zone_term(content: Content) -> Iterator[Finding]:
    """A trade between zone and inland on an E or F term is declared CIF with the invoice's total as it is."""
    if content.movement in ("ZONE_TO_INLAND", "INLAND_TO_ZONE") and content.head("IP2") in forms.listed(
        "terms_without_carriage", content.today
    ):
        yield Finding("zone_term", "IP2")


def line_count(content: Content) -> Iterator[Finding]:
    """There is a line, and there are no more than one declaration holds."""
    if not content.lines:
        yield Finding("no_lines", "lines")
    if len(content.lines) > content.limits.lines:
        yield Finding(
            "too_many_lines", "lines", params={"found": len(content.lines), "most": content.limits.lines}
        )


def fields_of_the_line(content: Content, place: int, line: LineText) -> Iterator[Finding]:
    """Every required field of a line is given, and each has the form that the dictionary says."""
    known, required = line_fields(), required_line_fields()
    # What stands there and what must: most of the fifty fields of the dictionary are neither.
    for code in (*line, *(each for each in required if each not in line)):
        if code in known and (line.get(code) or code in required):
            yield from _form(known[code], line.get(code, ""), required=code in required, line=place)


def hs_form(content: Content, place: int, line: LineText) -> Iterator[Finding]:
    """An HS code has 8 digits, or 10 where the schedule has sub-lines."""
    code = line.get("hs", "")
    lengths = forms.listed("hs_lengths", content.today)
    if code and not (code.isascii() and code.isdigit() and len(code) in lengths):
        yield Finding("hs_form", "hs", place)


def price_times_quantity(content: Content, place: int, line: LineText) -> Iterator[Finding]:
    """Unit price times quantity is the value, give or take one unit of the currency."""
    price, quantity, value = (number(line.get(code, "")) for code in ("unit_price", "quantity", "value"))
    if price is None or quantity is None or value is None:
        return
    computed = price * quantity
    if abs(computed - value) > content.limits.price_tolerance:
        said = {"computed": f"{computed.normalize():f}", "said": f"{value.normalize():f}"}
        yield Finding(
            "price_times_quantity", "value", place, {**said, "most": f"{content.limits.price_tolerance:f}"}
        )


def origin_proof(content: Content, place: int, line: LineText) -> Iterator[Finding]:
    """A preference is claimed with the paper that proves origin."""
    scheme = line.get("scheme", "")
    if scheme not in forms.listed("schemes_without_proof", content.today) and not line.get("origin_proof"):
        yield Finding("origin_proof", "origin_proof", place, {"scheme": scheme})


def second_quantity(content: Content, place: int, line: LineText) -> Iterator[Finding]:
    """A second quantity has its unit, which is another than the first one's."""
    quantity, unit = line.get("quantity2", ""), line.get("unit2", "")
    if bool(quantity) != bool(unit):
        yield Finding("second_quantity", "unit2" if quantity else "quantity2", place)
    elif unit and unit == line.get("unit"):
        yield Finding("same_unit", "unit2", place)


def countries_and_schemes(content: Content, place: int, line: LineText) -> Iterator[Finding]:
    """Origin and tariff of a line are codes that exist."""
    for code, known in (("origin", content.countries), ("scheme", content.schemes)):
        value = line.get(code, "")
        if value and known and value not in known:
            yield Finding("not_listed", code, place, {"value": value})


def _form(asked: Field, value: str, *, required: bool, line: int | None = None) -> Iterator[Finding]:
    if not value:
        if required:
            yield Finding("missing", asked.code, line)
        return
    match asked.kind:
        case "decimal":
            yield from _decimal(asked, value, line)
        case "integer":
            if not (value.isascii() and value.isdigit() and int(value) > 0):
                yield Finding("not_whole", asked.code, line, {"value": value[:40]})
        case "date":
            if day(value) is None:
                yield Finding("not_day", asked.code, line, {"value": value[:40]})
        case "code":
            if not knows(asked, value):
                yield Finding("not_listed", asked.code, line, {"value": value[:40]})
        case "tax_code":
            if not _canonical(value):
                yield Finding("tax_code", asked.code, line)
    if asked.length and asked.kind in ("text", "integer") and len(value) > asked.length:
        yield Finding("too_long", asked.code, line, {"length": len(value), "most": asked.length})


def _decimal(asked: Field, value: str, line: int | None) -> Iterator[Finding]:
    found = number(value)
    if found is None:
        yield Finding("not_number", asked.code, line, {"value": value[:40]})
        return
    if asked.decimals is not None and decimals(found) > asked.decimals and asked.code != "GW":
        yield Finding("decimals", asked.code, line, {"found": decimals(found), "most": asked.decimals})
    if found < 0 or (found == 0 and asked.code in ("quantity", "quantity2", "GW")):
        yield Finding("not_positive", asked.code, line)


def _canonical(text: str) -> str:
    try:
        return str(parse_tax_code(text))
    except InvalidTaxCode:
        return ""


HEADER_RULES: tuple[Callable[[Content], Iterator[Finding]], ...] = (
    type_code, fields_of_the_header, firm_tax_code, container_numbers, insurance_none, invoice_total, invoice_day,
    waybill, gross_weight, earlier_number, first_branch, zone_term, line_count,
)  # fmt: skip
LINE_RULES: tuple[Callable[[Content, int, LineText], Iterator[Finding]], ...] = (
    fields_of_the_line, hs_form, price_times_quantity, origin_proof, second_quantity, countries_and_schemes,
)  # fmt: skip
