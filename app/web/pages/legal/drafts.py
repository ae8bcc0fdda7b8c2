"""Reading a proposal from its form: everything that is wrong is found at once, and nothing that was typed is lost."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from starlette.datastructures import FormData

from app.core.errors import FieldProblem
from app.core.i18n import N_
from app.core.i18n.formats import parse_date
from app.core.kit.ranges import Period
from app.core.kit.text import nfc, slug
from app.core.law import ChangeItem, Instrument, LawValue, Status, end_value, law_value, set_value
from app.core.law.units import Text, is_bounded
from app.web.forms import text
from app.web.pages.legal.value_fields import Misread, fields_of, read_value
from app.web.pages.legal.views import KIND_NAMES

NEW = "+"
"""What the list of instruments holds for one that is not known yet."""

SET, END = "SET", "END"
TEXTS = (
    "action", "start", "last", "value", "value_unit", "value_currency", "instrument", "article", "status",
    "note_vi", "note_en", "reason", "new_kind", "new_number", "new_title_vi", "new_title_en", "new_issued_on",
    "new_in_force_from",
)  # fmt: skip
MAX_TEXT = 2000
_MISSING = N_("This question has no answer yet.")


@dataclass
class Draft:
    """What was given, what is wrong with it, and, when nothing is, the item and the new instrument that it makes."""

    given: dict[str, Any]
    problems: list[FieldProblem] = field(default_factory=list)
    item: ChangeItem | None = None
    instrument: Instrument | None = None

    def blame(self, name: str, code: str, reason: str) -> None:
        """Note one fault."""
        self.problems.append(FieldProblem(name, code, reason))


def fresh(unit: str, value: LawValue | None, *, lang: str, start: str = "", last: str = "") -> dict[str, Any]:
    """Return what an untouched form shows: the present value, ready to be changed."""
    given: dict[str, Any] = dict.fromkeys(TEXTS, "") | {"values": []}
    given |= {"action": SET, "start": start, "last": last, "status": ""}
    if value is not None:
        given |= fields_of(unit, value.value, lang)
        given |= {"instrument": value.instrument or "", "article": value.article or ""}
    return given


def read_draft(
    posted: FormData,
    *,
    key: str,
    unit: str,
    held: tuple[LawValue, ...],
    known: Mapping[str, Instrument],
    lang: str,
) -> Draft:
    """
    Read a posted proposal for one key.

    :param unit: the unit of the key's values; a screen does not change it.
    :param held: the timeline of the key as it is known now.
    :param known: instruments that can be cited.
    """
    given: dict[str, Any] = {name: nfc(text(posted, name)).strip()[:MAX_TEXT] for name in TEXTS}
    given["values"] = [str(each) for each in posted.getlist("values")]
    draft = Draft(given)
    if not given["reason"]:
        draft.blame("reason", "missing", N_("Say why this is changed, and where you read it."))
    period = read_period(draft, bounded=given["action"] != END and is_bounded(unit))
    if given["action"] == END:
        if period is not None and not any(value.valid.overlaps(period) for value in held):
            draft.blame("start", "law.nothing-ends", N_("No value holds on these days, so none can end."))
        if period is not None and not draft.problems:
            draft.item = end_value(key, period)
        return draft
    _read_set(draft, key=key, unit=unit, period=period, known=known, lang=lang)
    if draft.item is not None and held_already(draft.item, held):
        draft.blame(
            "value", "law.no-change", N_("This is what holds on these days already; nothing would change.")
        )
    if draft.problems:
        draft.item = None
    return draft


def _read_set(
    draft: Draft, *, key: str, unit: str, period: Period | None, known: Mapping[str, Instrument], lang: str
) -> None:
    given = draft.given
    value = None
    try:
        value = read_value(unit, given, lang)
    except Misread as misread:
        draft.problems.append(misread.problem)
    note = read_both(draft, "note_vi", "note_en")
    status = read_status(draft, note)
    source = read_source(draft, status, known)
    if period is None or value is None or status is None or draft.problems:
        return
    made = law_value(
        key=key, value=value, unit=unit, valid=period, status=status, instrument=source,
        article=given["article"] if source else None, note=note,
    )  # fmt: skip
    draft.item = set_value(made)


def read_period(draft: Draft, *, bounded: bool) -> Period | None:
    """Read the days of a proposal from ``start`` and ``last``; a bounded one names its last day."""
    start, last = _day(draft, "start"), _day(draft, "last")
    if not draft.given["start"]:
        draft.blame("start", "missing", N_("Enter the first day."))
    if bounded and not draft.given["last"]:
        draft.blame(
            "last",
            "law.unbounded",
            N_("Name the last day; a day off does not hold for ever."),
        )
        return None
    if start is None or (last is None and draft.given["last"]):
        return None
    if last is not None and last < start:
        draft.blame("last", "law.dates", N_("The last day lies before the first day."))
        return None
    return Period.of_days(start, last) if last is not None else Period(start)


def _day(draft: Draft, name: str) -> date | None:
    typed = draft.given[name]
    if not typed:
        return None
    try:
        return parse_date(typed)
    except ValueError as error:
        draft.blame(name, "date", str(error))
        return None


def read_both(draft: Draft, vi: str, en: str) -> Text | None:
    """Return a text in both languages, None when there is none; one language alone is a fault."""
    texts = {"vi": draft.given[vi], "en": draft.given[en]}
    if not any(texts.values()):
        return None
    for name, language in ((vi, "vi"), (en, "en")):
        if not texts[language]:
            draft.blame(name, "law.text", N_("Give this text in both languages."))
    return texts


def read_status(draft: Draft, note: Text | None) -> Status | None:
    """Read how sure a proposal is, with what that asks for: a note, or a source."""
    status = draft.given["status"]
    if status not in (Status.ASSUMED, Status.CITED):
        draft.blame("status", "missing", N_("Say how sure this value is."))
        return None
    if status == Status.ASSUMED and note is None:
        draft.blame(
            "note_vi", "law.note", N_("An assumed value needs a note that says what nobody has confirmed.")
        )
    if status == Status.CITED and not draft.given["instrument"]:
        draft.blame(
            "instrument", "law.source", N_("A cited value names the instrument in which it was read.")
        )
    return Status(status)


def read_source(draft: Draft, status: Status | None, known: Mapping[str, Instrument]) -> str | None:
    """Read the instrument of a proposal, known or described anew (then it stands in the draft)."""
    chosen = draft.given["instrument"]
    if chosen == NEW:
        draft.instrument = _new_instrument(draft, status, known)
        return draft.instrument.id if draft.instrument else None
    if chosen and chosen not in known:
        draft.blame("instrument", "law.unknown-instrument", N_("Choose one of the instruments in the list."))
        return None
    if draft.given["article"] and not chosen:
        draft.blame("instrument", "law.source", N_("Name the instrument to which the article belongs."))
    return chosen or None


def _new_instrument(
    draft: Draft, status: Status | None, known: Mapping[str, Instrument]
) -> Instrument | None:
    given = draft.given
    if given["new_kind"] not in KIND_NAMES:
        draft.blame("new_kind", "missing", _MISSING)
    for name in ("new_number", "new_title_vi", "new_title_en"):
        if not given[name]:
            draft.blame(name, "missing", _MISSING)
    issued, begins = (
        _day(draft, "new_issued_on"),
        _day(draft, "new_in_force_from"),
    )
    ident = slug(f"{given['new_kind']} {given['new_number']}")
    if ident in known or any(found.number == given["new_number"] for found in known.values()):
        draft.blame(
            "new_number",
            "law.known-instrument",
            N_("This instrument is known; choose it in the list."),
        )
    if draft.problems or status is None:
        return None
    note = {"vi": given["note_vi"], "en": given["note_en"]} if status is Status.ASSUMED else None
    return Instrument(
        id=ident,
        kind=given["new_kind"],
        number=given["new_number"],
        title={"vi": given["new_title_vi"], "en": given["new_title_en"]},
        status=status,  # whoever could not read the value cannot vouch for the instrument either
        issued_on=issued,
        in_force_from=begins,
        note=note,
    )


def held_already(item: ChangeItem, held: tuple[LawValue, ...]) -> bool:
    """Tell whether what is proposed is what the law says on these days already."""
    wanted = item.value
    return wanted is not None and any(
        value.content_hash == wanted.content_hash
        and value.status is wanted.status
        and (value.note or None) == (wanted.note or None)
        and value.valid.intersect(wanted.valid) == wanted.valid
        for value in held
    )
