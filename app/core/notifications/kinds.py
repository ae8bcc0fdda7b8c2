"""Kinds of notices and their words. Modules add their kinds to a book; the words are made when somebody reads."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from app.core.i18n import localise, translator
from app.core.i18n.formats import format_datetime
from app.core.notifications.channels import Channel


class Audience(StrEnum):
    """On which side of the desk a kind of notice is read."""

    CUSTOMER = "CUSTOMER"
    OFFICER = "OFFICER"


@dataclass(frozen=True, slots=True)
class Kind:
    """
    A kind of notice.

    ``title`` names it on the page of choices; ``subject`` and ``text`` are English message ids with ``%(name)s``
    placeholders. A parameter whose name ends in ``_at`` is an instant in ISO 8601, one that is a mapping is a text by
    language. ``path`` leads to the matter. ``channels`` are those used unless the person chose otherwise.
    """

    code: str
    audience: Audience
    title: str
    subject: str
    text: str
    path: str = "/notices"
    channels: frozenset[Channel] = frozenset()


@dataclass(frozen=True, slots=True)
class Wording:
    """A notice in one language, with where it leads on this site."""

    subject: str
    text: str
    path: str


class KindBook:
    """All kinds of notices of an installation."""

    def __init__(self) -> None:
        self._kinds: dict[str, Kind] = {}

    def add(self, *kinds: Kind) -> None:
        """
        Add kinds.

        :raises ValueError: a code is taken.
        """
        for kind in kinds:
            if kind.code in self._kinds:
                raise ValueError(f"The kind of notice {kind.code!r} is registered twice.")
            self._kinds[kind.code] = kind

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._kinds.values())

    def __getitem__(self, code: str) -> Kind:
        return self._kinds[code]

    def __contains__(self, code: str) -> bool:
        return code in self._kinds

    def word(
        self, code: str, params: Mapping[str, Any], *, subject_id: UUID | None, lang: str, timezone: ZoneInfo
    ) -> Wording:
        """Return a notice in a language; a kind that this release no longer knows shows its code."""
        kind = self._kinds.get(code)
        if kind is None:
            return Wording(code, "", "/notices")
        shown = {name: _shown(name, value, lang, timezone) for name, value in params.items()}
        gettext = translator(lang).gettext
        path = kind.path.replace("{subject_id}", str(subject_id or ""))
        return Wording(gettext(kind.subject, **shown), gettext(kind.text, **shown), path)


def _shown(name: str, value: Any, lang: str, timezone: ZoneInfo) -> str:
    if isinstance(value, Mapping):
        return localise(value, lang)[0]
    if name.endswith("_at") and isinstance(value, str) and value:
        return format_datetime(datetime.fromisoformat(value), lang=lang, timezone=timezone)
    return "" if value is None else str(value)
