"""Codes that people read, type and say aloud: public codes of records and codes that verify a document."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

CodeFault = Literal["shape", "check", "alphabet"]

_PREFIX = re.compile(r"[A-Z]{1,6}")
_PUBLIC = re.compile(r"([A-Z]{1,6})([0-9]{4})([0-9]{6}|[1-9][0-9]{6,11})([0-9X])")
_SEPARATORS = re.compile(r"[\s\u00ad\u200b-\u200f\u2010-\u2015\u2212_./-]+")
_FIRST_YEAR, _LAST_YEAR = 1000, 9999
_NUMBER_WIDTH, _LAST_NUMBER = 6, 10**12 - 1

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOKALIKES = str.maketrans({"I": "1", "L": "1", "O": "0"})
_GROUPS = (5, 5, 5, 5, 6, 1)
_RANDOM_CHARACTERS, _BITS_PER_CHARACTER, _RANDOM_BYTES = 26, 5, 17
# x^5 + x^2 + 1, primitive over GF(2): its root has order 31, more than the 27 places of a code.
_GF32_POLYNOMIAL, _GF32_OVERFLOW = 0b100101, 0b100000


class InvalidCode(ValueError):
    """The text is no code: `reason` is "shape", "alphabet" or "check", the message says it in English."""

    def __init__(self, reason: CodeFault, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class ParsedCode:
    """A public code whose check character was found right; `str()` gives the canonical spelling."""

    prefix: str
    year: int
    number: int

    def __str__(self) -> str:
        return format_code(self.prefix, self.year, self.number)


def format_code(prefix: str, year: int, number: int) -> str:
    """
    Write a public code such as `HS-2026-000123-9`: prefix, year, running number, check character.

    The check character follows ISO 7064 MOD 11-2 (as ORCID does, so it is 0-9 or X). This pure system
    catches every wrong digit and every swap of neighbouring digits, the last digit and the check
    character included. The hybrid systems of the same standard (MOD 11,10 and MOD 37,36) miss some
    swaps of digits that differ by one. Letters of the prefix count as two digits, A = 10 to Z = 35;
    of wrong letters about one in eleven goes unseen, so that callers compare the prefix with their own.

    :param prefix: one to six capital letters A-Z.
    :param year: four digits.
    :param number: 1 to 999,999,999,999, padded to six digits.
    :raises ValueError: a part is outside these bounds.
    """
    if not _PREFIX.fullmatch(prefix):
        raise ValueError(f"A code prefix has one to six capital letters A-Z, not {prefix!r}.")
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise ValueError(f"The year of a code has four digits, not {year}.")
    if not 1 <= number <= _LAST_NUMBER:
        raise ValueError(f"The number of a code lies between 1 and {_LAST_NUMBER}, not {number}.")
    digits = f"{number:0{_NUMBER_WIDTH}d}"
    return f"{prefix}-{year}-{digits}-{check_character(f'{prefix}{year}{digits}')}"


def parse_code(text: str) -> ParsedCode:
    """
    Read a public code as people type it: lower case, spaces, other dashes or none at all.

    :raises InvalidCode: the shape is wrong, or the check character shows a typing error.
    """
    compact = _compact(text)
    match = _PUBLIC.fullmatch(compact)
    if match is None:
        raise InvalidCode(
            "shape", "A code has letters, a year, a number of six digits or more and a check character."
        )
    prefix, year, number, check = match.groups()
    if int(number) == 0 or int(year) < _FIRST_YEAR:
        raise InvalidCode("shape", "The year and the number of a code start above zero.")
    if check_character(compact[:-1]) != check:
        raise InvalidCode("check", "The check character does not fit: at least one character is mistyped.")
    return ParsedCode(prefix, int(year), int(number))


def check_character(text: str) -> str:
    """
    Compute the check character of capital letters and digits by ISO 7064 MOD 11-2.

    :raises ValueError: the text holds anything but A-Z and 0-9.
    """
    if not re.fullmatch("[0-9A-Z]+", text):
        raise ValueError("Only the letters A-Z and the digits 0-9 carry a check character.")
    product = 0
    for digit in "".join(str(int(character, 36)) for character in text):
        product = (product + int(digit)) * 2 % 11
    return "0123456789X"[(12 - product) % 11]


def verification_code(random: bytes) -> str:
    """
    Turn 17 random bytes into a code that proves possession of a document and cannot be guessed.

    130 random bits give 26 characters of Crockford's base 32 (no I, L, O, U), followed by one check
    character: `XXXXX-XXXXX-XXXXX-XXXXX-XXXXXX-C`. The check character is the weighted sum over GF(32)
    with the powers of a primitive element as weights. It catches every wrong character and every swap
    of two characters at any distance, and unlike Crockford's own check it needs no further symbols.

    :param random: exactly 17 bytes from a cryptographic source; the last six bits are not used.
    :raises ValueError: another number of bytes.
    """
    if len(random) != _RANDOM_BYTES:
        raise ValueError(f"A verification code is made from {_RANDOM_BYTES} random bytes.")
    surplus = _RANDOM_BYTES * 8 - _RANDOM_CHARACTERS * _BITS_PER_CHARACTER
    number = int.from_bytes(random, "big") >> surplus
    shifts = range((_RANDOM_CHARACTERS - 1) * _BITS_PER_CHARACTER, -1, -_BITS_PER_CHARACTER)
    body = "".join(CROCKFORD[number >> shift & 31] for shift in shifts)
    return _grouped(body + CROCKFORD[_gf32_check(body)])


def parse_verification_code(text: str) -> str:
    """
    Read a verification code as people type it and return its canonical spelling.

    Case, spaces and dashes do not matter; I and L are read as 1, O as 0.

    :raises InvalidCode: wrong length, a character that cannot occur, or a check that does not fit.
    """
    compact = _compact(text).translate(_LOOKALIKES)
    if len(compact) != sum(_GROUPS):
        raise InvalidCode("shape", f"A verification code has {sum(_GROUPS)} characters without the dashes.")
    if any(character not in CROCKFORD for character in compact):
        raise InvalidCode("alphabet", "A verification code has digits and letters without I, L, O and U.")
    if CROCKFORD[_gf32_check(compact[:-1])] != compact[-1]:
        raise InvalidCode("check", "The check character does not fit: at least one character is mistyped.")
    return _grouped(compact)


def _compact(text: str) -> str:
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", text)).upper()


def _grouped(characters: str) -> str:
    parts, start = [], 0
    for width in _GROUPS:
        parts.append(characters[start : start + width])
        start += width
    return "-".join(parts)


def _gf32_check(body: str) -> int:
    total = 0
    for character in body:
        total = _times_root(total ^ CROCKFORD.index(character))
    return total


def _times_root(element: int) -> int:
    doubled = element << 1
    return doubled ^ _GF32_POLYNOMIAL if doubled & _GF32_OVERFLOW else doubled
