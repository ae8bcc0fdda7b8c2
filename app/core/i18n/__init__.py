"""
Languages of the product: interface texts by gettext, content data by language, formats of values.

English source texts are the message ids; Vietnamese is the default language. A further language is one
more file in ``locale/``. What belongs here: choosing a language, translating, writing numbers, dates and
money. What does not: any text of a business module.
"""

from app.core.i18n.catalogue import (
    DEFAULT_LANGUAGE,
    N_,
    SOURCE_LANGUAGE,
    Translator,
    languages,
    negotiate,
    translator,
)
from app.core.i18n.content import LocalText, localise

__all__ = [
    "DEFAULT_LANGUAGE",
    "N_",
    "SOURCE_LANGUAGE",
    "LocalText",
    "Translator",
    "languages",
    "localise",
    "negotiate",
    "translator",
]
