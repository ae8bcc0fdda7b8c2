"""Container numbers: four letters, six digits and a check digit (ISO 6346)."""

import re

_FORM = re.compile(r"[A-Z]{3}[UJZ][0-9]{7}")
_LETTERS = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", (n for n in range(10, 39) if n % 11), strict=True))
_DIGITS_BEFORE_CHECK = 10


def compact(text: str) -> str:
    """Return a number as it is stored: capitals, without spaces, points and dashes."""
    return re.sub(r"[\s./-]", "", text).upper()


def fault(number: str) -> str:
    """Return what is wrong with a compact number: "shape", "check", or an empty text."""
    if not _FORM.fullmatch(number):
        return "shape"
    return "" if check_digit(number[:_DIGITS_BEFORE_CHECK]) == int(number[-1]) else "check"


def check_digit(first_ten: str) -> int:
    """Compute the check digit of four letters and six digits (ISO 6346: weights are powers of two, modulo 11)."""
    values = (int(sign) if sign.isdigit() else _LETTERS[sign] for sign in first_ten)
    return sum(value << place for place, value in enumerate(values)) % 11 % 10


def listed(text: str) -> list[str]:
    """Return the numbers of a field that holds one a line, or separated by commas."""
    return [compact(part) for part in re.split(r"[\n,;]+", text) if part.strip()]
