"""From values of the law to what templates show: words in the reader's language, dates and codes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from app.core import law
from app.core.i18n import N_, Translator, localise
from app.core.i18n.formats import format_date
from app.core.kit.ranges import Period
from app.core.law import (
    VALUES,
    ChangeState,
    Instrument,
    LawChangeSet,
    LawValue,
    Origin,
)
from app.core.law.units import Text
from app.web.pages.legal.reading import Coming, Decision, Known, Step

KEY_OF_DAYS = "calendar.day"

KIND_NAMES = {
    "LAW": N_("Law"),
    "RESOLUTION": N_("Resolution"),
    "DECREE": N_("Decree"),
    "CIRCULAR": N_("Circular"),
    "DECISION": N_("Decision"),
}
STATE_NAMES = {
    ChangeState.PROPOSED: N_("Waits for approval"),
    ChangeState.IN_FORCE: N_("In force"),
    ChangeState.REJECTED: N_("Rejected"),
}
ORIGIN_NAMES = {
    Origin.YAML: N_("Files of a release"),
    Origin.IMPORT: N_("Import"),
    Origin.SCREEN: N_("Legal desk"),
}


@dataclass(frozen=True, slots=True)
class Wording:
    """Says values for one reader; make one for a page."""

    translator: Translator
    timezone: ZoneInfo
    instruments: Mapping[str, Instrument]

    @property
    def lang(self) -> str:
        """The language in which values are said: the law data speaks Vietnamese and English."""
        return "vi" if self.translator.lang == "vi" else "en"

    def value(self, value: LawValue) -> dict[str, Any]:
        """Return what is shown of a value."""
        instrument = self.instruments.get(value.instrument or "")
        return {
            "said": law.say(value.unit, value.value, self.lang),
            "period": self.period(value.valid),
            "start": value.valid.start,
            "last": value.valid.last_day,
            "status": value.status.value,
            "source": law.say_source(value, self.instruments, self.lang),
            "instrument": localise(instrument.title, self.translator.lang)[0] if instrument else "",
            "note": localise(value.note, self.translator.lang)[0] if value.note else "",
        }

    def coming(self, each: Coming, titles: Mapping[str, Text]) -> dict[str, Any]:
        """Return what is shown of a change on a day to come."""
        return {
            "day": each.day,
            "key": each.key,
            "title": titles.get(each.key, each.key),
            "value": self.value(each.value) if each.value else None,
            "expected": each.expected,
        }

    def known(self, each: Known, today: date) -> dict[str, Any]:
        """Return a line of a history: what held when, and between which instants the platform knew it."""
        now_known = each.known_to is None
        place = "past"
        if each.value.valid.contains(today):
            place = "now"
        elif each.value.valid.start > today:
            place = "ahead"
        return {
            **self.value(each.value),
            "known_from": each.known_from,
            "known_to": each.known_to,
            "change_set": str(each.change_set_id),
            "place": place if now_known else "replaced",
            "hash": each.value.content_hash[:12],
        }

    def decision(self, each: Decision) -> dict[str, Any]:
        """Return a line of the list of changes."""
        made = each.change_set
        return {**self.head(made), "items": each.items, "approvals": each.approvals, "needed": 2}

    def head(self, made: LawChangeSet) -> dict[str, Any]:
        """Return what stands over a change set."""
        gettext = self.translator.gettext
        return {
            "id": str(made.id),
            "title": self.title(made),
            "files": made.title if made.origin == Origin.YAML and made.content_kind == VALUES else "",
            "state": made.state,
            "state_name": gettext(STATE_NAMES[ChangeState(made.state)]),
            "origin": gettext(ORIGIN_NAMES[Origin(made.origin)]),
            "by": made.proposed_by_name if made.proposed_by else gettext("the platform itself"),
            "at": made.proposed_at,
            "decided_at": made.decided_at,
            "in_force_at": made.in_force_at,
            "reason": made.reason or "",
            "superseded": made.superseded,
            "first_load": made.first_load,
            "content_hash": made.content_hash,
        }

    def title(self, made: LawChangeSet) -> str:
        """Return what a change set is called: the reason that people gave; a release gives only names of files."""
        gettext = self.translator.gettext
        if made.origin != Origin.YAML or made.content_kind != VALUES:
            return made.title
        if made.first_load:
            return gettext("Legal values at the first start")
        day = format_date(made.proposed_at, lang=self.translator.lang, timezone=self.timezone)
        return gettext("Legal values of the release of %(day)s", day=day)

    def step(self, step: Step) -> dict[str, Any]:
        """Return one line of what a change set changes."""
        after = step.item.value
        return {
            "key": step.item.key,
            "title": step.title,
            "period": self.period(step.item.period),
            "before": [self.value(value) for value in step.before],
            "after": self.value(after) if after else None,
        }

    def instrument(self, found: Instrument, *, new: bool) -> dict[str, Any]:
        """Return an instrument that a change set adds or corrects."""
        kind = KIND_NAMES.get(found.kind)
        return {
            "number": found.number,
            "title": found.title,
            "kind_name": self.translator.gettext(kind) if kind else found.kind,
            "in_force_from": found.in_force_from,
            "new": new,
        }

    def period(self, days: Period) -> str:
        """Say the days of a period; the last one belongs to it."""
        start, last = self.day(days.start), days.last_day
        if last is None:
            return self.translator.gettext(N_("from %(day)s"), day=start)
        if last == days.start:
            return start
        return self.translator.gettext(N_("from %(first)s to %(last)s"), first=start, last=self.day(last))

    def day(self, day: date) -> str:
        """Write a day as the reader does."""
        return format_date(day, lang=self.translator.lang, timezone=self.timezone)

    def instrument_options(self) -> list[tuple[str, str]]:
        """Return the known instruments for a list to choose from, by number."""
        named = [
            (ident, f"{found.number} – {localise(found.title, self.translator.lang)[0]}")
            for ident, found in self.instruments.items()
        ]
        return sorted(named, key=lambda pair: pair[1])
