"""Countries and territories by their ISO 3166-1 code, named in the reader's language."""

from functools import cache

from babel.core import Locale

from app.core.kit.text import fold

# Codes of the tables that name no country: unions, the world, test regions.
_NO_COUNTRY = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"})
_LETTERS = 2


@cache
def countries(lang: str) -> tuple[tuple[str, str], ...]:
    """Return code and name of each country in the order of the names."""
    named = Locale.parse(lang).territories
    found = [
        (code, str(name))
        for code, name in named.items()
        if len(code) == _LETTERS and code.isalpha() and code not in _NO_COUNTRY
    ]
    return tuple(sorted(found, key=lambda each: fold(each[1])))


def country_name(code: str, lang: str) -> str:
    """Return the name of a country; the code itself where none is known."""
    return dict(countries(lang)).get(code, code)
