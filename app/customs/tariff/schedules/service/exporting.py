"""What is in force on a day, written as a schedule that the same profile reads back."""

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import groupby

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.customs.tariff.domain.expressions import (
    Amount,
    BySubline,
    Combined,
    Excluded,
    Expression,
    Pct,
    parse,
    plain,
)
from app.customs.tariff.models import TariffHeading, TariffMeasure
from app.customs.tariff.schedules.domain.codes import LINE, SUBLINE
from app.customs.tariff.schedules.domain.profile import Profile, RateColumn, Slot

# What a cell cannot say stands as this mark: an import stops there, where leaving it out would end the rate.
UNSAYABLE = "!"


class Unsayable(Exception):
    """The forms of cells cannot say an expression."""


def schedule_rows(session: Session, *, profile: Profile, day: date) -> Iterator[list[str]]:
    """Give the header and then every line of the nomenclature of a day with its rates, in the order of codes."""
    # The first word of a column is its name as the profile has it: a file of this form is read back as it is.
    yield [
        profile.code_words[0], profile.vi_words[0], profile.en_words[0], profile.unit_words[0],
        *(column.words[0] for column in profile.rates),
    ]  # fmt: skip
    units = {code: word for word, code in reversed(list(profile.units.items()))}
    rates = _rates(session, day)
    held: tuple[str, Told] = ("", {})
    headings = session.execute(
        select(TariffHeading.code, TariffHeading.title, TariffHeading.unit)
        .where(func.upper_inf(TariffHeading.recorded), TariffHeading.valid.op("@>")(day))
        .order_by(TariffHeading.code)
        .execution_options(yield_per=1000)
    ).all()
    for code, title, unit in headings:
        while held[0] < code[:LINE] and len(code) >= LINE:
            held = next(rates, ("99999999", {}))
        told = held[1] if held[0] == code[:LINE] and len(code) >= LINE else {}
        head = [code, title.get("vi", ""), title.get("en", ""), units.get(unit, "")]
        yield [*head, *(_cell(told, code, column) for column in profile.rates)]


Told = Mapping[tuple[str, Slot], Expression]


def _rates(session: Session, day: date) -> Iterator[tuple[str, Told]]:
    """Give the rates of each line by the sub-line that they are for, empty for the line itself, and by slot."""
    rows = session.execute(
        select(
            TariffMeasure.hs8, TariffMeasure.subline10, TariffMeasure.kind, TariffMeasure.scheme,
            TariffMeasure.geo, TariffMeasure.variant,
            TariffMeasure.expr,
        )
        .where(
            func.upper_inf(TariffMeasure.recorded), TariffMeasure.valid.op("@>")(day)
        )
        .order_by(TariffMeasure.hs8)
    )  # fmt: skip
    for hs8, group in groupby(rows, key=lambda row: row.hs8):
        yield (
            hs8,
            {
                (row.subline10, Slot(row.kind, row.scheme, row.geo, row.variant)): parse(row.expr)
                for row in group
            },
        )


def _cell(told: Told, code: str, column: RateColumn) -> str:
    """Write a cell; a rate of a sub-line beside that of its line, and one for the rest of a line, carry a word."""
    own = told.get((code, column.slot)) if len(code) == SUBLINE else None
    expr, word = told.get(("", column.slot)), ""
    if own is not None:
        if isinstance(expr, BySubline) and code in expr.lines:
            return UNSAYABLE  # two rates for one sub-line: a cell has room for one
        expr, word = own, next(iter(column.grammar.own), "")
    elif isinstance(expr, BySubline):
        if len(code) == SUBLINE:
            expr = expr.lines.get(code)
        else:
            expr, word = expr.other, next(iter(column.grammar.rest), "")
    elif len(code) == SUBLINE:
        return ""
    if expr is None:
        return ""
    try:
        return " ".join(filter(None, (write_rate(expr, column), f"({word})" if word else "")))
    except Unsayable:
        return UNSAYABLE


def write_rate(expr: Expression, column: RateColumn) -> str:
    """
    Write a rate as a cell of a column.

    :raises Unsayable: the forms of cells cannot say it.
    """
    grammar = column.grammar
    units = {code: word for word, code in reversed(list((grammar.units or {}).items()))}
    currencies = {code: word for word, code in reversed(list((grammar.currencies or {}).items()))}

    def said(each: Expression) -> str:
        match each:
            case Pct(rate):
                return f"{plain(rate).replace('.', grammar.decimal)}%"
            case Amount(amount, currency, per) if currency in currencies and per in units:
                number = plain(amount).replace(".", grammar.decimal)
                return f"{number} {currencies[currency]}/{units[per]}"
            case Combined("sum", of) if not any(isinstance(part, Combined) for part in of):
                return " + ".join(map(said, of))
        raise Unsayable

    if isinstance(expr, Excluded):
        # Only after a percentage can countries be told from the name of a unit.
        if expr.of is None or not isinstance(expr.of, Pct) or expr.origins - grammar.countries:
            raise Unsayable
        return f"{said(expr.of)} ({', '.join(sorted(expr.origins))})"
    return said(expr)
