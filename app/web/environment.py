"""
The template environment: filters and globals that write for the reader of the page.

The reader (language, time zone, form token) stands in a context variable while a template is rendered, so
macros and filters need no argument for it and imported macros no ``with context``.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from app.core.errors import FieldProblem
from app.core.i18n import N_, LocalText, Translator, formats, localise
from app.web.forms import OWNER

TEMPLATES = Path(__file__).parent / "templates"
DIST = Path(__file__).parent / "static" / "dist"
# Public codes as app.core.kit.codes writes them.
_CODE = re.compile(r"(\b[A-Z]{1,6}-[0-9]{4}-[0-9]{6,12}-[0-9X]\b)")


@dataclass(frozen=True, slots=True)
class Reader:
    """
    What one rendering knows of its reader; macros and filters reach it without passing it around.

    ``labels`` collects what the fields of the page are called, by name, for the summary of faults above them.
    """

    translator: Translator
    timezone: ZoneInfo
    csrf_token: str
    form_owner: str = ""
    labels: dict[str, str] = field(default_factory=dict)


_reader: ContextVar[Reader] = ContextVar("reader")


def _current() -> Reader:
    try:
        return _reader.get()
    except LookupError:
        raise RuntimeError("templates are rendered through app.web.render.render") from None


@contextmanager
def rendering_for(reader: Reader) -> Iterator[None]:
    """Let filters, globals and macros write for this reader until the block is left."""
    token = _reader.set(reader)
    try:
        yield
    finally:
        _reader.reset(token)


def _marked(text: str, params: Mapping[str, object]) -> str:
    """Fill a translated text; where a value is Markup the rest is escaped and the whole is Markup."""
    if any(isinstance(value, Markup) for value in params.values()):
        return escape(text) % params
    return text % params if params else text


def _gettext(message: str, /, **params: object) -> str:
    return _marked(_current().translator.gettext(message), params)


def _ngettext(singular: str, plural: str, n: int, /, **params: object) -> str:
    text = _current().translator.catalogue.ngettext(singular, plural, n)
    return _marked(text, {"n": _number(n)} | params)


def _for_reader(filter_: Callable[..., object]) -> Callable[..., object]:
    """
    Make a filter depend on the context, so that it is never computed while a template is compiled.

    The engine folds a filter over constants into the template: it would keep the first reader's language.
    """

    @pass_context
    def evaluated(_context: Context, *args: object, **kwargs: object) -> object:
        return filter_(*args, **kwargs)

    return evaluated


def _date(value: date | datetime, weekday: bool = False) -> str:
    reader = _current()
    return formats.format_date(value, lang=reader.translator.lang, timezone=reader.timezone, weekday=weekday)


def _datetime(value: datetime) -> str:
    reader = _current()
    return formats.format_datetime(value, lang=reader.translator.lang, timezone=reader.timezone)


def _number(value: Decimal | int, decimals: int | None = None) -> str:
    return formats.format_number(value, lang=_current().translator.lang, decimals=decimals)


def _rate(text: str) -> str:
    return formats.format_rate(text, lang=_current().translator.lang)


def _money(amount: Decimal | int, currency: str) -> str:
    return formats.format_money(amount, currency, lang=_current().translator.lang)


def _working_time(minutes: int, minutes_per_day: int) -> str:
    lang = _current().translator.lang
    return formats.format_working_time(minutes, minutes_per_day=minutes_per_day, lang=lang)


def _relative(value: datetime, now: datetime) -> str:
    return formats.format_relative(value, now=now, lang=_current().translator.lang)


def _file_size(size_bytes: int) -> str:
    return formats.format_file_size(size_bytes, lang=_current().translator.lang)


def _localise(text: LocalText) -> str:
    return localise(text, _current().translator.lang)[0]


def _localise_marked(text: LocalText) -> Markup:
    """Localise for the body of a page: a passage in another language says so to a screen reader."""
    lang = _current().translator.lang
    value, used = localise(text, lang)
    return escape(value) if used == lang else Markup('<span lang="{}">{}</span>').format(used, value)


def _whole_codes(text: str) -> Markup:
    """Keep public codes in one piece: a phone breaks a line at their hyphens otherwise."""
    parts = _CODE.split(text)
    whole = Markup('<span class="nowrap">{}</span>')
    return Markup("").join(
        whole.format(part) if place % 2 else escape(part) for place, part in enumerate(parts)
    )


def _original(text: LocalText) -> Markup:
    """Localise for the body of a page; a passage that exists in Vietnamese only says so to everybody."""
    lang = _current().translator.lang
    value, used = localise({"vi": text} if isinstance(text, str) else text, lang)
    if used == lang or not value:
        return escape(value)
    remark = _gettext(N_("(in Vietnamese)")) if used == "vi" else f"({used})"
    return Markup('<span lang="{}">{}</span> <span class="quiet">{}</span>').format(used, value, remark)


def _reason(problem: FieldProblem) -> str:
    return _gettext(problem.reason, **(problem.params or {}))


def _error_for(problems: Sequence[FieldProblem], name: str) -> str:
    """Return the first translated fault of a field, or an empty text."""
    return next((_reason(problem) for problem in problems if problem.name == name), "")


# The summary of faults stands above the fields and is written before their labels are known: it leaves marks.
_LABEL = re.compile("\ue000([^\ue001]*)\ue001")


def _note_label(name: str, label: object) -> str:
    """Keep what a field is called; writes nothing."""
    _current().labels[name] = str(escape(label))
    return ""


def _label_of(name: str) -> Markup:
    """Leave a mark where the label of a field belongs, see :func:`with_labels`."""
    return Markup("\ue000{}\ue001").format(name)


def with_labels(body: str) -> str:
    """Put the labels in place of their marks; a field that the page does not ask has none."""
    labels = _current().labels
    return _LABEL.sub(lambda mark: f"{labels[mark[1]]}: " if mark[1] in labels else "", body)


def _csrf_field() -> Markup:
    reader = _current()
    hidden = (("csrf_token", reader.csrf_token), (OWNER, reader.form_owner))
    field = Markup('<input type="hidden" name="{}" value="{}">')
    return Markup("").join(field.format(name, value) for name, value in hidden if value)


def _opt(part: object, name: str) -> object:
    """Return what a part may lack, from a mapping or an object; an empty text where it is absent."""
    value = part.get(name) if isinstance(part, Mapping) else getattr(part, name, None)
    return "" if value is None else value


def _duration(seconds: float | Decimal) -> str:
    return formats.format_duration(float(seconds), lang=_current().translator.lang)


def _current_lang() -> str:
    return _current().translator.lang


@cache
def _manifest() -> Mapping[str, str]:
    """Read the names of the built assets; without a build each name stands for itself."""
    path = DIST / "manifest.json"
    if not path.exists():
        return {}
    manifest = json.loads(path.read_text(encoding="utf-8"))
    assert isinstance(manifest, dict)
    return manifest


@cache
def build_id() -> str:
    """Return a short name of the built assets: a page of another build is loaded whole, not swapped in."""
    return sha256("".join(sorted(_manifest().values())).encode()).hexdigest()[:12]


def asset(name: str) -> str:
    """
    Return the address of a built file, ``asset("app.css")``.

    :raises KeyError: assets are built and the name is not among them.
    """
    manifest = _manifest()
    return manifest[name] if manifest else f"/static/dist/{name}"


_FILTERS: Mapping[str, Callable[..., object]] = {
    "date": _date,
    "datetime": _datetime,
    "number": _number,
    "money": _money,
    "rate": _rate,
    "working_time": _working_time,
    "relative": _relative,
    "file_size": _file_size,
    "duration": _duration,
    "localise": _localise,
    "localise_marked": _localise_marked,
    "original": _original,
    "whole_codes": _whole_codes,
    "reason": _reason,
    "error_for": _error_for,
    "opt": _opt,
}


def build_environment(modules: Mapping[str, Path] | None = None) -> Environment:
    """
    Make the template environment.

    :param modules: templates folder of each module; ``{"investment": path}`` makes
        ``investment/list.html`` known. The templates of the shell need no prefix.
    """
    prefixed = {name: FileSystemLoader(path) for name, path in (modules or {}).items()}
    environment = Environment(
        loader=ChoiceLoader([FileSystemLoader(TEMPLATES), PrefixLoader(prefixed)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        {
            "_": _gettext,
            "ngettext": _ngettext,
            "asset": asset,
            "csrf_field": _csrf_field,
            "label_of": _label_of,
            "note_label": _note_label,
            "current_lang": _current_lang,
        }
    )
    environment.filters.update({name: _for_reader(filter_) for name, filter_ in _FILTERS.items()})
    return environment
