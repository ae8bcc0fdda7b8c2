"""The Vietnamese tax code (mã số thuế): its three forms and its check digit."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

TaxCodeFault = Literal["empty", "characters", "length", "serial", "check", "branch"]

_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)
_SEPARATORS = re.compile(r"[\s\u2010-\u2015\u2212.-]+")
_ENTERPRISE_LENGTH, _PERSONAL_LENGTH, _BRANCH_LENGTH = 10, 12, 13


class TaxCodeKind(StrEnum):
    """Who carries the code."""

    ENTERPRISE = "ENTERPRISE"
    BRANCH = "BRANCH"
    PERSONAL = "PERSONAL"


class InvalidTaxCode(ValueError):
    """The text is no tax code: `reason` names the fault, the message says it in English."""

    def __init__(self, reason: TaxCodeFault, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class TaxCode:
    """A tax code in its canonical spelling: `0100233488`, `0100233488-001` or a personal id of 12 digits."""

    value: str
    kind: TaxCodeKind

    def __str__(self) -> str:
        return self.value

    @property
    def enterprise(self) -> str | None:
        """The ten digits of the enterprise itself, also for a branch; None for a person."""
        return None if self.kind is TaxCodeKind.PERSONAL else self.value[:_ENTERPRISE_LENGTH]


def parse_tax_code(text: str) -> TaxCode:
    """
    Read a tax code: 10 digits, 13 digits (10, a dash, 3 of the branch) or the 12 digits of a personal id.

    Spaces, dots and dashes do not matter. Of a personal id only the length can be checked.

    :raises InvalidTaxCode: with the reason.

    Source: the check digit of the ten digits is 10 - (sum of weighted digits mod 11) with the weights
    31, 29, 23, 19, 17, 13, 7, 5, 3, [assumed] as no published instrument of the tax authority was found
    (python-stdnum states the same, samples agree); the personal id as tax code: Circular 86/2024/TT-BTC
    [cited from a weak source].
    """
    digits = _SEPARATORS.sub("", unicodedata.normalize("NFKC", text))
    if not digits:
        raise InvalidTaxCode("empty", "The tax code is empty.")
    if not re.fullmatch("[0-9]+", digits):
        raise InvalidTaxCode("characters", "A tax code has digits only, and one dash before a branch number.")
    if len(digits) == _PERSONAL_LENGTH:
        if int(digits) == 0:
            raise InvalidTaxCode("serial", "A personal id does not consist of zeros.")
        return TaxCode(digits, TaxCodeKind.PERSONAL)
    if len(digits) not in (_ENTERPRISE_LENGTH, _BRANCH_LENGTH):
        raise InvalidTaxCode(
            "length", f"A tax code has 10, 12 or 13 digits; this one has {min(len(digits), 99)}."
        )
    enterprise, branch = digits[:_ENTERPRISE_LENGTH], digits[_ENTERPRISE_LENGTH:]
    _verify_enterprise(enterprise)
    if not branch:
        return TaxCode(enterprise, TaxCodeKind.ENTERPRISE)
    if int(branch) == 0:
        raise InvalidTaxCode("branch", "Branch numbers run from 001 to 999.")
    return TaxCode(f"{enterprise}-{branch}", TaxCodeKind.BRANCH)


def _verify_enterprise(digits: str) -> None:
    if int(digits[2:9]) == 0:
        raise InvalidTaxCode("serial", "The third to ninth digit of a tax code are not all zero.")
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits[:9], strict=True))
    # A remainder of zero would ask for the check digit 10: such numbers are not issued.
    if 10 - total % 11 != int(digits[9]):
        raise InvalidTaxCode("check", "The last of the ten digits does not fit: a digit is mistyped.")
