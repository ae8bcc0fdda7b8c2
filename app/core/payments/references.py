"""References: what a payer writes into a transfer, and how it is found again in what people write."""

import re

from app.core.kit.codes import InvalidCode, format_code, parse_code

PREFIX = "NT"
# Banks turn other signs into spaces, drop them, and put words around it.
_WRITTEN = re.compile(r"N[\s./_-]*T[\s./_-]*(?=[0-9])(?:[0-9][\s./_-]*){10,16}[0-9X]?", re.IGNORECASE)
_SIGNS = re.compile(r"[\s./_-]+")
_SHORTEST, _LONGEST = 11, 17  # year, number and check character


def make_reference(year: int, number: int) -> str:
    """Write a reference such as ``NT-2026-000123-9``; see ``app.core.kit.codes``."""
    return format_code(PREFIX, year, number)


def compact(reference: str) -> str:
    """Return a reference as it goes into the text of a transfer: letters and digits only."""
    return reference.replace("-", "")


def find_reference(*texts: str) -> str | None:
    """
    Return the first right reference in what was written, in its canonical spelling; None when there is none.

    A check character that does not fit is no reference: guessing would pay somebody else's slip.
    """
    for text in texts:
        for match in _WRITTEN.finditer(text):
            found = _parsed(_SIGNS.sub("", match.group()))
            if found is not None:
                return found
    return None


def _parsed(written: str) -> str | None:
    """Read the one beginning that is a reference: digits of what follows may stand right behind it."""
    digits = written[2:]
    found: set[str] = set()
    for length in range(_SHORTEST, min(len(digits), _LONGEST) + 1):
        try:
            found.add(str(parse_code(PREFIX + digits[:length])))
        except InvalidCode:
            continue
    return found.pop() if len(found) == 1 else None
