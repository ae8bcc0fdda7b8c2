"""What a change of the law would alter, for people: before and after, in both languages."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.kit.ranges import Period
from app.core.law import queries
from app.core.law.book import LawValue
from app.core.law.models import LawChangeSet
from app.core.law.proposal import Instrument, Proposal
from app.core.law.source import instrument_of, wanted
from app.core.law.timeline import ChangeItem
from app.core.law.units import LANGUAGES, Text, say, say_word, wording


@dataclass(frozen=True, slots=True)
class Change:
    """One change as officers read it: on these days, this instead of that. ``text`` holds one sentence in vi and en."""

    key: str
    title: Text
    item: ChangeItem
    before: tuple[LawValue, ...]
    text: Text

    @property
    def after(self) -> LawValue | None:
        """The value that will hold, None when the key loses its value."""
        return self.item.value


@dataclass(frozen=True, slots=True)
class InstrumentChange:
    """An instrument that is added or whose facts are corrected."""

    before: Instrument | None
    after: Instrument
    text: Text


def diff(session: Session, proposal: Proposal) -> list[Change | InstrumentChange]:
    """
    List what a proposal would change, instruments first, then values by key and date; empty when nothing.

    Days that the files do not change against the last load are not listed, even where this installation holds
    something else there.
    """
    wish = wanted(session, proposal)
    return _readable(session, wish.items, wish.instruments, titles=proposal.titles)


def describe(session: Session, change_set_id: UUID) -> list[Change | InstrumentChange]:
    """List what a stored change set would change against what is in force now; empty for an unknown one."""
    change_set = session.get(LawChangeSet, change_set_id)
    stored = [instrument_of(raw) for raw in change_set.instruments] if change_set is not None else []
    return _readable(session, queries.items_of(session, change_set_id), stored, titles={})


def _readable(
    session: Session,
    items: Sequence[ChangeItem],
    instruments: Iterable[Instrument],
    *,
    titles: Mapping[str, Text],
) -> list[Change | InstrumentChange]:
    keys = {item.key for item in items}
    held = queries.current(session, keys)
    known = queries.instruments(session)
    named = {**queries.titles(session, keys), **titles}
    cited = known | {instrument.id: instrument for instrument in instruments}
    changes: list[Change | InstrumentChange] = [
        InstrumentChange(known.get(instrument.id), instrument, _instrument_text(instrument))
        for instrument in instruments
    ]
    for item in sorted(items, key=lambda item: (item.key, item.period.start)):
        before = tuple(value for value in held[item.key] if value.valid.overlaps(item.period))
        title = named.get(item.key, dict.fromkeys(LANGUAGES, item.key))
        text = {language: _sentence(item, before, title, cited, language) for language in LANGUAGES}
        changes.append(Change(item.key, title, item, before, text))
    return changes


def _instrument_text(instrument: Instrument) -> Text:
    pattern = wording()["sentences"]["instrument"]
    return {
        language: pattern[language].format(number=instrument.number, title=instrument.title[language])
        for language in LANGUAGES
    }


def _sentence(
    item: ChangeItem,
    before: tuple[LawValue, ...],
    title: Text,
    cited: Mapping[str, Instrument],
    language: str,
) -> str:
    was = "; ".join(_value(value, cited, language) for value in before) or say_word("none", language)
    pattern = wording()["sentences"]["set" if item.value else "end"][language]
    return str(pattern).format(
        title=title[language],
        key=item.key,
        period=say_period(item.period, language),
        before=was,
        after=_value(item.value, cited, language) if item.value else "",
    )


def say_period(period: Period, language: str) -> str:
    """Say the days of a period: from, on, or from … to … with the last day included."""
    days = period.last_day
    kind = "from" if days is None else "on" if days == period.start else "between"
    pattern = wording()["sentences"][kind][language]
    shown = {"start": _day(period.start.isoformat(), language)}
    if days is not None:
        shown["last"] = _day(days.isoformat(), language)
    return str(pattern).format(**shown)


def say_source(value: LawValue, cited: Mapping[str, Instrument], language: str) -> str:
    """Say where a value was read, with its article where known; empty when no source is named."""
    if value.instrument is None:
        return ""
    instrument = cited.get(value.instrument)
    number = instrument.number if instrument else value.instrument
    if value.article is None:
        return number
    return str(wording()["sentences"]["source"][language]).format(number=number, article=value.article)


def _value(value: LawValue, cited: Mapping[str, Instrument], language: str) -> str:
    about = [say_source(value, cited, language), say_word(value.status.value, language)]
    return f"{say(value.unit, value.value, language)} ({'; '.join(filter(None, about))})"


def _day(day: str, language: str) -> str:
    return "/".join(reversed(day.split("-"))) if language == "vi" else day
