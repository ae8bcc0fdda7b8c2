"""Content data in several languages: ``{"vi": …, "en": …}`` as procedures and law carry it."""

from collections.abc import Mapping

from app.core.i18n.catalogue import DEFAULT_LANGUAGE, SOURCE_LANGUAGE

LocalText = str | Mapping[str, str]


def localise(text: LocalText, lang: str) -> tuple[str, str]:
    """
    Choose one language of a content text.

    :param text: a mapping language → text, or a plain text that needs no choice (a name, a code).
    :return: the text and the language that it is in; the language differs from ``lang`` where the
        content lacks it, so that the page can mark the passage. A foreign reader is given English
        before Vietnamese. An empty mapping gives an empty text.
    """
    if isinstance(text, str):
        return text, lang
    for candidate in (lang, SOURCE_LANGUAGE, DEFAULT_LANGUAGE):
        if text.get(candidate):
            return text[candidate], candidate
    for candidate, value in text.items():
        if value:
            return value, candidate
    return "", lang
