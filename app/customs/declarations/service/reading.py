"""From what people type or paste to the plain texts that are stored, and back to how a reader writes them."""

from collections.abc import Callable, Mapping

from app.core.i18n import formats
from app.core.kit.text import nfc
from app.customs.declarations.domain import containers
from app.customs.declarations.domain.content import day, number
from app.customs.declarations.domain.dictionary import Field, header_fields, line_fields

OTHER = {"vi": "en", "en": "vi"}


def plain(field: Field, text: str, *, lang: str, lenient: bool = False) -> str:
    """
    Return the plain form of what was typed; the text itself where it is no such number or day.

    :param lenient: a number may also be written with the separators of the other language (a pasted sheet).
    """
    text = nfc(text).strip()
    if not text:
        return ""
    if field.kind in ("decimal", "integer"):
        return _number(text, lang=lang, lenient=lenient)
    read = _READERS.get(field.kind)
    if read is not None:
        return read(text)
    if field.kind == "code":
        return text if field.list == "scheme" else text.upper()
    return text if field.rows else " ".join(text.split())


def shown(field: Field, text: str, *, lang: str) -> str:
    """Return a plain text as a reader of a language writes it; what is no number or day stays as it was typed."""
    if field.kind == "decimal" and (value := number(text)) is not None:
        return formats.format_number(value, lang=lang)
    if field.kind == "date" and (found := day(text)) is not None:
        return f"{found:%d/%m/%Y}"
    return text


def header_plain(typed: Mapping[str, str], *, lang: str) -> dict[str, str]:
    """Return answers of the header in their plain form."""
    known = header_fields()
    return {code: plain(known[code], text, lang=lang) for code, text in typed.items() if code in known}


def line_plain(typed: Mapping[str, str], *, lang: str, lenient: bool = False) -> dict[str, str]:
    """Return the cells of a line in their plain form."""
    known = line_fields()
    return {
        code: plain(known[code], text, lang=lang, lenient=lenient)
        for code, text in typed.items()
        if code in known
    }


def _number(text: str, *, lang: str, lenient: bool) -> str:
    for tried in (lang, OTHER.get(lang, "en")) if lenient else (lang,):
        try:
            value = formats.parse_number(text, lang=tried)
        except ValueError:
            continue
        return f"{value:f}"
    return text


def _day(text: str) -> str:
    try:
        return formats.parse_date(text).isoformat()
    except ValueError:
        return text


_READERS: Mapping[str, Callable[[str], str]] = {
    "date": _day,
    "hs": lambda text: "".join(text.replace(".", "").split()),
    "containers": lambda text: "\n".join(containers.listed(text)),
}
