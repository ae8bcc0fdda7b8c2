"""What a reader of the law holds: dated values and the book of one day. Pure, frozen, without a database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256

from app.core.errors import DomainError
from app.core.evidence.canonical import canonical_json
from app.core.kit.ranges import Period
from app.core.law.units import Json, Limit, LimitUnit, Text


class Status(StrEnum):
    """How far a value can be trusted; screens show ASSUMED values as such."""

    CITED = "CITED"
    ASSUMED = "ASSUMED"
    VERIFIED = "VERIFIED"


class LawValueMissing(DomainError):
    """No value of the law is known for a key on a day; the platform never guesses one."""

    code = "law.value-missing"
    status = 409
    title = "A value of the law is missing."
    detail = "There is no value for “%(key)s” on %(day)s, so the rule that needs it cannot be applied."
    hint = (
        "Ask the officers who keep the legal values to enter it with its source; two of them approve it. "
        "Then do this again."
    )

    def __init__(self, key: str, day: date) -> None:
        super().__init__(key=key, day=day.isoformat())


class LawValueWrongUnit(DomainError):
    """A value exists but counts something else than the reader asked for: the data and the rule disagree."""

    code = "law.wrong-unit"
    status = 409
    title = "A value of the law has another unit than the rule expects."
    detail = "“%(key)s” is given in “%(unit)s”, while the rule reads it as %(expected)s."
    hint = "Correct the value in a change of the legal values, or report the rule to the operator."


@dataclass(frozen=True, slots=True)
class LawValue:
    """
    One value of the law with its validity, its source and how far it can be trusted.

    ``content_hash`` binds key, value, unit, instrument and article. Validity is left out: cutting a period short
    does not change what was verified. Status and note are left out: they speak about the content.
    """

    key: str
    value: Json
    unit: str
    valid: Period
    status: Status
    instrument: str | None
    article: str | None
    content_hash: str
    note: Text | None = None

    def decimal(self) -> Decimal:
        """
        Return a number.

        :raises LawValueWrongUnit: the value is no number.
        """
        try:
            return Decimal(self._str("a number"))
        except ArithmeticError:
            raise self._wrong("a number") from None

    def text(self) -> str:
        """
        Return a text.

        :raises LawValueWrongUnit: the value is no text.
        """
        return self._str("a text")

    def flag(self) -> bool:
        """
        Return true or false.

        :raises LawValueWrongUnit: the value is neither.
        """
        if not isinstance(self.value, bool):
            raise self._wrong("true or false")
        return self.value

    def limit(self) -> Limit:
        """
        Return a time limit with what it counts.

        :raises LawValueWrongUnit: the value is no time limit.
        """
        try:
            return Limit.of_json(self.value)
        except ValueError:
            raise self._wrong("a time limit") from None

    def days(self) -> int:
        """
        Return a limit in whole calendar days.

        :raises LawValueWrongUnit: the value is no time limit, or counts working time.
        """
        limit = self.limit()
        if limit.unit is not LimitUnit.DAY:
            raise self._wrong("calendar days")
        return int(limit.amount)

    def as_used(self) -> dict[str, Json]:
        """Return what a decision keeps of a value that it used: enough to explain it when the law has moved on."""
        return {
            "key": self.key,
            "value": self.value,
            "unit": self.unit,
            "valid_from": self.valid.start.isoformat(),
            "valid_to": self.valid.end.isoformat() if self.valid.end else None,
            "status": self.status.value,
            "instrument": self.instrument,
            "article": self.article,
            "content_hash": self.content_hash,
        }

    def _str(self, expected: str) -> str:
        if not isinstance(self.value, str):
            raise self._wrong(expected)
        return self.value

    def _wrong(self, expected: str) -> LawValueWrongUnit:
        return LawValueWrongUnit(key=self.key, unit=self.unit, expected=expected)


def content_hash(*, key: str, value: Json, unit: str, instrument: str | None, article: str | None) -> str:
    """Return the SHA-256 (hex) of the canonical content of a value, see :class:`LawValue`."""
    content = {"key": key, "value": value, "unit": unit, "instrument": instrument, "article": article}
    return sha256(canonical_json(content)).hexdigest()


def law_value(
    *,
    key: str,
    value: Json,
    unit: str,
    valid: Period,
    status: Status,
    instrument: str | None = None,
    article: str | None = None,
    note: Text | None = None,
) -> LawValue:
    """Make a value and compute its hash. Empty source texts count as unknown."""
    instrument, article = instrument or None, article or None
    digest = content_hash(key=key, value=value, unit=unit, instrument=instrument, article=article)
    return LawValue(key, value, unit, valid, status, instrument, article, digest, note or None)


class LawBook:
    """
    The values in force on one day, as known at one instant; it remembers which of them were read.

    A book belongs to one use case: take a new one from ``law.at`` for each decision, pass it to the domain, and
    store ``used()`` with the decision.
    """

    def __init__(
        self, day: date, values: Mapping[str, LawValue], *, known_at: datetime | None = None
    ) -> None:
        self.day = day
        self.known_at = known_at
        self._values = values
        self._used: dict[str, LawValue] = {}

    def find(self, key: str) -> LawValue | None:
        """Return the value of a key, None when there is none that day."""
        value = self._values.get(key)
        if value is not None:
            self._used[key] = value
        return value

    def get(self, key: str) -> LawValue:
        """
        Return the value of a key.

        :raises LawValueMissing: there is none that day.
        """
        value = self.find(key)
        if value is None:
            raise LawValueMissing(key, self.day)
        return value

    def decimal(self, key: str) -> Decimal:
        """Return a number; raises as :meth:`get` and :meth:`LawValue.decimal`."""
        return self.get(key).decimal()

    def text(self, key: str) -> str:
        """Return a text; raises as :meth:`get` and :meth:`LawValue.text`."""
        return self.get(key).text()

    def flag(self, key: str) -> bool:
        """Return true or false; raises as :meth:`get` and :meth:`LawValue.flag`."""
        return self.get(key).flag()

    def limit(self, key: str) -> Limit:
        """Return a time limit; raises as :meth:`get` and :meth:`LawValue.limit`."""
        return self.get(key).limit()

    def days(self, key: str) -> int:
        """Return whole calendar days; raises as :meth:`get` and :meth:`LawValue.days`."""
        return self.get(key).days()

    def used(self) -> tuple[LawValue, ...]:
        """Return the values read so far, each once, in the order of the first reading."""
        return tuple(self._used.values())
