"""Words for people: rates, kinds, effects and what was found in a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.dialects.postgresql import Range

from app.core.i18n import N_, Translator, localise
from app.core.i18n.formats import format_date, format_number
from app.customs.tariff.domain.expressions import parse, plain
from app.customs.tariff.domain.measures import Kind
from app.customs.tariff.domain.words import KIND_TITLES, dotted, rate_words
from app.customs.tariff.schedules.domain.faults import WORDS, Found
from app.customs.tariff.schedules.models import Coverage, Effect, ImportState, TariffChangeItem

EFFECTS: Mapping[str, tuple[str, str]] = {
    Effect.CHANGED: ("active", N_("Another rate")),
    Effect.ENDED: ("bad", N_("Ended")),
    Effect.ADDED: ("good", N_("New")),
    Effect.RESTATED: ("neutral", N_("Same rate, new source")),
}
MEMBER_EFFECTS: Mapping[str, tuple[str, str]] = {
    Effect.ADDED: ("good", N_("in the group on these days")),
    Effect.ENDED: ("bad", N_("no more in the group on these days")),
    Effect.RESTATED: ("neutral", N_("in the group as before, new source")),
}
STATES: Mapping[str, tuple[str, str]] = {
    ImportState.READING: ("active", N_("Being read")),
    ImportState.STOPPED: ("bad", N_("Stopped: the file has faults")),
    ImportState.CANCELLED: ("neutral", N_("Given up")),
    ImportState.COMPARED: ("wait", N_("Compared, not proposed yet")),
    ImportState.PROPOSED: ("good", N_("Proposed")),
}
COVERAGES: Mapping[Coverage, tuple[str, str]] = {
    Coverage.WHOLE: (
        N_("The whole schedule"),
        N_("A line that the file does not name has no rate any more in the columns of the file."),
    ),
    Coverage.CHAPTERS: (
        N_("Whole chapters"),
        N_("The chapters that the file names are complete; the other chapters stay as they are."),
    ),
    Coverage.LINES: (
        N_("Only the lines that it names"),
        N_("For an act that amends some lines; all others stay as they are."),
    ),
}


@dataclass(frozen=True, slots=True)
class Wording:
    """Says rows of differences for one reader."""

    translator: Translator
    timezone: ZoneInfo

    def rate(self, raw: Mapping[str, Any] | None) -> str:
        """Say a stored rate; nothing for none."""
        return rate_words(parse(raw), self.translator) if raw else ""

    def _number(self, number: Decimal) -> str:
        return format_number(number, lang=self.translator.lang)

    def column(self, kind: str, scheme: str, geo: str = "", variant: str = "") -> str:
        """Say which rate it is: the scheme of a preference, else the kind with its countries."""
        name = scheme or self.translator.gettext(KIND_TITLES[Kind(kind)])
        place = geo if geo != scheme else ""
        return " · ".join(filter(None, (name, place, variant)))

    def days(self, valid: Range[Any]) -> str:
        """Say the days of a range; the last one belongs to it."""
        start = self._day(valid.lower)
        if valid.upper is None:
            return self.translator.gettext(N_("from %(day)s"), day=start)
        last = self._day(valid.upper.fromordinal(valid.upper.toordinal() - 1))
        return self.translator.gettext(N_("from %(first)s to %(last)s"), first=start, last=last)

    def _day(self, day: Any) -> str:
        return format_date(day, lang=self.translator.lang, timezone=self.timezone)

    def item(self, each: TariffChangeItem, titles: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
        """Return a row of a difference."""
        tone, effect = EFFECTS[each.effect]
        return {
            "hs8": each.hs8,
            "code": dotted(each.subline10 or each.hs8),
            "title": titles.get(each.hs8, {}),
            "column": self.column(each.kind, each.scheme, each.geo, each.variant),
            "days": self.days(each.valid),
            "tone": tone,
            "effect": self.translator.gettext(effect),
            "before": self.rate(each.was),
            "after": self.rate(each.expr),
            "size": self._number(Decimal(plain(each.size))) if each.size else "",
            "up": bool(each.size and _rate_of(each.expr) > _rate_of(each.was)),
            "status": each.status,
            "source": " · ".join(filter(None, (each.instrument_id, each.article, each.annex))),
            "note": localise(each.note, self.translator.lang)[0] if each.note else "",
        }

    def found(self, each: Found) -> dict[str, Any]:
        """Return a fault or a warning: where, what is the matter, and what to do."""
        what, remedy = WORDS[each.code]
        given = {"percent": "%", **each.params}
        return {
            "place": each.place,
            "sheet": each.sheet,
            "text": each.text,
            "what": self.translator.gettext(what, **given),
            "remedy": self.translator.gettext(remedy, **given),
        }


def _rate_of(raw: Mapping[str, Any] | None) -> Decimal:
    return Decimal(str((raw or {}).get("rate", "0")))
