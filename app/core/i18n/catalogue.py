"""Message catalogues: ``.po`` files compiled in memory at start-up, and the choice of a language."""

import gettext
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

DEFAULT_LANGUAGE = "vi"
SOURCE_LANGUAGE = "en"
LOCALE_DIR = Path(__file__).parent / "locale"


def N_(message: str) -> str:
    """Mark a message for extraction without translating it; it is translated where it is shown."""
    return message


def _fill(text: str, params: Mapping[str, object]) -> str:
    return text % params if params else text


@dataclass(frozen=True, slots=True)
class Translator:
    """
    The messages of one language.

    A message that the catalogue lacks is returned in English. Placeholders ``%(name)s`` are filled from
    keyword arguments; a message without arguments is returned as it stands, so ``%`` needs no doubling.
    """

    lang: str
    catalogue: gettext.NullTranslations

    def gettext(self, message: str, /, **params: object) -> str:
        """Translate one message."""
        return _fill(self.catalogue.gettext(message), params) if message else ""

    def ngettext(self, singular: str, plural: str, n: int, /, **params: object) -> str:
        """Translate a message that depends on a number; ``%(n)s`` is filled with it unless given."""
        return _fill(self.catalogue.ngettext(singular, plural, n), {"n": n} | params)

    def pgettext(self, context: str, message: str, /, **params: object) -> str:
        """Translate a message whose English is ambiguous, told apart by a context."""
        return _fill(self.catalogue.pgettext(context, message), params)


def compile_po(source: str, lang: str) -> gettext.GNUTranslations:
    """Compile the text of a ``.po`` file; fuzzy entries are left out, so they show in English."""
    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.StringIO(source), locale=lang))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


@cache
def languages() -> tuple[str, ...]:
    """Return the languages on offer: the default first, English second, then each further catalogue."""
    found = sorted(path.stem for path in LOCALE_DIR.glob("*.po"))
    return tuple(dict.fromkeys((DEFAULT_LANGUAGE, SOURCE_LANGUAGE, *found)))


@cache
def translator(lang: str) -> Translator:
    """
    Return the translator of a language, compiled once a process.

    :raises LookupError: the language is not on offer; call ``negotiate`` first.
    """
    if lang not in languages():
        raise LookupError(f"no catalogue for language {lang!r}")
    path = LOCALE_DIR / f"{lang}.po"
    if not path.exists():
        return Translator(lang, gettext.NullTranslations())
    return Translator(lang, compile_po(path.read_text(encoding="utf-8"), lang))


def _preferences(accept_language: str) -> list[str]:
    """Return the language tags of an Accept-Language header (RFC 9110 §12.5.4), best first."""
    weighted: list[tuple[float, str]] = []
    for part in accept_language.split(","):
        tag, _, options = part.strip().partition(";")
        try:
            weight = float(options.strip().removeprefix("q=")) if options.strip() else 1.0
        except ValueError:
            continue
        if tag and weight > 0:
            weighted.append((weight, tag.strip().lower()))
    return [tag for _, tag in sorted(weighted, key=lambda pair: -pair[0])]


def negotiate(accept_language: str | None, cookie: str | None = None) -> str:
    """
    Choose the language of a page: the person's own choice, else the browser's, else Vietnamese.

    :param accept_language: the header as sent, or None.
    :param cookie: the language chosen on a page before; ignored when it is not on offer.
    """
    offered = languages()
    if cookie in offered:
        return cookie
    for tag in _preferences(accept_language or ""):
        primary = tag.partition("-")[0]
        if primary in offered:
            return primary
    return DEFAULT_LANGUAGE
