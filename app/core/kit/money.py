"""Amounts of money: exact, with their currency, and rounded only where a name says so."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import total_ordering
from typing import Literal, Self

# ISO 4217, column "minor unit".
DECIMALS: Mapping[str, int] = {
    "VND": 0,
    "USD": 2,
    "EUR": 2,
    "JPY": 0,
    "KRW": 0,
    "CNY": 2,
    "SGD": 2,
    "TWD": 2,
    "HKD": 2,
    "GBP": 2,
}
Locale = Literal["vi", "en"]
MoneyFault = Literal["currency", "decimals", "range", "form"]
AmountFault = Literal["empty", "characters", "grouping", "ambiguous", "other-locale", "too-long"]

# What NUMERIC(20,4) holds; below it no sum or product here can lose a digit.
_LIMIT = Decimal(10) ** 16
_EXACT = Context(prec=80, rounding=ROUND_HALF_UP)
_MAX_TEXT = 40


class InvalidMoney(ValueError):
    """The amount and the currency do not make money; `reason` names the fault."""

    def __init__(self, reason: MoneyFault, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class InvalidAmount(ValueError):
    """A typed amount cannot be read for certain; `reason` names the fault."""

    def __init__(self, reason: AmountFault, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies met; only a rate brings them together."""


@total_ordering
@dataclass(frozen=True, slots=True, eq=True)
class Money:
    """
    An exact amount in one currency, negative for a refund, below 10^16 on either side.

    The amount is stored with the currency's decimals (ISO 4217): 1.5 USD is 1.50, VND has none.

    :raises TypeError: the amount is no Decimal; a float never is.
    :raises InvalidMoney: unknown currency, more decimals than it has, not finite, or too large.
    """

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal):
            raise TypeError(f"Money takes a Decimal, not {type(self.amount).__name__}.")
        if not self.amount.is_finite() or abs(self.amount) >= _LIMIT:
            raise InvalidMoney("range", "An amount of money is finite and below 10^16.")
        exact = self.amount.quantize(_unit(self.currency), context=_EXACT)
        if exact != self.amount:
            raise InvalidMoney(
                "decimals", f"{self.currency} has {DECIMALS[self.currency]} decimals: round by name first."
            )
        object.__setattr__(self, "amount", abs(exact) if exact.is_zero() else exact)

    @classmethod
    def of(cls, amount: Decimal | int | str, currency: str) -> Self:
        """
        Make money from a whole number, a plain decimal text such as `"1234.50"`, or a Decimal.

        :raises TypeError: a float or bool.
        :raises InvalidMoney: as the constructor, and for a text that is no decimal number.
        """
        if isinstance(amount, bool | float):
            raise TypeError(f"Money is never made from a {type(amount).__name__}.")
        if isinstance(amount, str) and not re.fullmatch(r"-?[0-9]{1,30}(\.[0-9]{1,30})?", amount):
            raise InvalidMoney("form", "An amount is written as digits with a point before the decimals.")
        return cls(Decimal(amount), currency)

    @classmethod
    def zero(cls, currency: str) -> Self:
        """Return no money of a currency, the start of a sum."""
        return cls(Decimal(0), currency)

    @classmethod
    def from_json(cls, value: object) -> Self:
        """
        Read the form `{"amount": "1.00", "currency": "USD"}`.

        :raises InvalidMoney: anything else, a number instead of a text among it.
        """
        if not isinstance(value, Mapping) or set(value) != {"amount", "currency"}:
            raise InvalidMoney("form", "Money is an object with amount and currency.")
        amount, currency = value["amount"], value["currency"]
        if not isinstance(amount, str) or not isinstance(currency, str):
            raise InvalidMoney("form", "Amount and currency of money are texts.")
        return cls.of(amount, currency)

    def to_json(self) -> dict[str, str]:
        """Write the form `{"amount": "1.00", "currency": "USD"}`."""
        return {"amount": f"{self.amount:f}", "currency": self.currency}

    def __add__(self, other: "Money") -> "Money":
        self._require_same(other)
        return Money(_EXACT.add(self.amount, other.amount), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._require_same(other)
        return Money(_EXACT.subtract(self.amount, other.amount), self.currency)

    def __neg__(self) -> "Money":
        return Money(self.amount.copy_negate(), self.currency)

    def __lt__(self, other: "Money") -> bool:
        self._require_same(other)
        return self.amount < other.amount

    def __str__(self) -> str:
        return f"{self.amount:f} {self.currency}"

    def allocate(self, weights: Sequence[int | Decimal]) -> tuple["Money", ...]:
        """
        Share the amount by weights so that the parts add up to it exactly (largest remainder).

        A unit that is left goes to the part with the largest remainder, among equals to the first. A
        part of weight zero gets nothing.

        :param weights: zero or more each, above zero together.
        :raises TypeError: a weight is a float or bool.
        :raises ValueError: a negative or infinite weight, or nothing to share by.
        """
        if any(isinstance(weight, bool) or not isinstance(weight, int | Decimal) for weight in weights):
            raise TypeError("Weights are whole numbers or Decimals.")
        if any(isinstance(weight, Decimal) and not weight.is_finite() for weight in weights):
            raise ValueError("Weights are finite.")
        shares = [Fraction(weight) for weight in weights]
        if any(share < 0 for share in shares) or sum(shares) == 0:
            raise ValueError("Weights are not negative and sum up to more than zero.")
        unit = _unit(self.currency)
        units = int(_EXACT.divide(abs(self.amount), unit))
        exact = [units * share / sum(shares) for share in shares]
        parts = [int(part) for part in exact]
        by_remainder = sorted(range(len(parts)), key=lambda index: (parts[index] - exact[index], index))
        for index in by_remainder[: units - sum(parts)]:
            parts[index] += 1
        sign = -1 if self.amount < 0 else 1
        return tuple(Money(_EXACT.multiply(Decimal(sign * part), unit), self.currency) for part in parts)

    def convert(self, rate: Decimal, to: str) -> "Money":
        """
        Exchange into another currency, rounded half up (away from zero at the half).

        :param rate: units of `to` for one unit of this currency, above zero, a dated fact of the caller.
        :raises TypeError: the rate is no Decimal.
        :raises ValueError: the rate is not above zero, or not 1 within one currency.
        """
        if not isinstance(rate, Decimal):
            raise TypeError(f"A rate is a Decimal, not {type(rate).__name__}.")
        if not rate.is_finite() or rate <= 0:
            raise ValueError("A rate is finite and above zero.")
        if to == self.currency and rate != 1:
            raise ValueError("Within one currency the rate is 1.")
        return round_half_up(_EXACT.multiply(self.amount, rate), to)

    def _require_same(self, other: object) -> None:
        if not isinstance(other, Money):
            raise TypeError(f"Money meets only money, not {type(other).__name__}.")
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} meet only through a rate.")


def round_half_up(amount: Decimal, currency: str) -> Money:
    """
    Round to the currency's decimals, a half away from zero.

    :raises TypeError: the amount is no Decimal.
    :raises InvalidMoney: unknown currency, not finite, or too large.
    """
    if not isinstance(amount, Decimal):
        raise TypeError(f"Money takes a Decimal, not {type(amount).__name__}.")
    if not amount.is_finite() or abs(amount) >= _LIMIT:
        raise InvalidMoney("range", "An amount of money is finite and below 10^16.")
    return Money(amount.quantize(_unit(currency), context=_EXACT), currency)


def parse_amount(text: str, locale: Locale) -> Decimal:
    """
    Read a typed number: `1.234.567,89` in Vietnamese, `1,234,567.89` in English.

    Groups may also be parted by spaces. What the other language would read differently is refused
    and not guessed: `1,234` in Vietnamese might be meant as one thousand, `1.234` in English likewise.

    :raises InvalidAmount: with the reason and what to write instead.
    """
    compact = unicodedata.normalize("NFKC", text).strip().replace("\u2212", "-")
    if not compact:
        raise InvalidAmount("empty", "No amount is given.")
    if len(compact) > _MAX_TEXT:
        raise InvalidAmount("too-long", f"An amount has at most {_MAX_TEXT} characters.")
    if not re.fullmatch(r"[+-]?[0-9][0-9 .,]*", compact):
        raise InvalidAmount("characters", "An amount has digits, separators and perhaps a sign only.")
    group, point = (".", ",") if locale == "vi" else (",", ".")
    sign, unsigned = compact.startswith("-"), compact.lstrip("+-")
    whole, separator, decimals = unsigned.partition(point)
    if group in decimals or point in decimals:
        raise InvalidAmount(
            "other-locale", f"Write {group!r} between thousands and {point!r} before the decimals."
        )
    if separator and not re.fullmatch("[0-9]+", decimals):
        raise InvalidAmount("grouping", f"Decimals follow {point!r} without gaps.")
    if re.fullmatch("[1-9][0-9]{0,2}", whole) and re.fullmatch("[0-9]{3}", decimals):
        raise InvalidAmount(
            "ambiguous",
            f"{unsigned!r} may mean thousands or decimals: write {whole + decimals!r} "
            f"or {whole + point + decimals + '0'!r}.",
        )
    digits = _ungrouped(whole, group)
    number = Decimal(f"{digits}.{decimals}" if decimals else digits)
    return number.copy_negate() if sign and number else number


def _ungrouped(whole: str, group: str) -> str:
    if re.fullmatch("[0-9]+", whole):
        return whole
    for separator in (group, " "):
        if re.fullmatch(rf"[1-9][0-9]{{0,2}}({re.escape(separator)}[0-9]{{3}})+", whole):
            return whole.replace(separator, "")
    raise InvalidAmount("grouping", f"Thousands stand in groups of three parted by {group!r}.")


def _unit(currency: str) -> Decimal:
    if currency not in DECIMALS:
        raise InvalidMoney("currency", f"{currency!r} is no currency that is known here.")
    return Decimal(1).scaleb(-DECIMALS[currency])
