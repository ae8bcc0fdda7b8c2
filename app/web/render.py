"""
Pages: what the shell and every template may use, and ``render``.

A view gives ``render`` primitives only; everything of the shell comes from the request. All of it may be
absent (a test, an error page before the session is known) and then falls back to an anonymous page.

``request.state``
    - ``actor``: Actor · ``lang``: str (else negotiated) · ``csrf_token``: str
    - ``nav``: sequence of NavItem · ``flashes``: sequence of Flash · ``notice_count``: int
    - ``alarm_minutes``: int, for administrators while no timer fires
    - ``events_url``: address of the live stream, or absent

``request.app.state``
    - ``templates``: Environment of ``build_environment``
    - ``zone``: mapping with ``name`` {vi, en}, ``authority`` {vi, en}, ``short``, ``timezone``
    - ``shell``: ShellLinks, the addresses that the shell may link to
    - ``form_keeper``: FormKeeper, whose mark every form carries

Cookies: ``lang`` (a language on offer) and ``theme`` (auto, light, dark). The shell posts to
``/preferences/language`` (``lang``, ``next``) and ``/preferences/theme`` (``theme``, ``next``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo

from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import HTMLResponse

from app.core.errors import DomainError
from app.core.i18n import (
    N_,
    LocalText,
    Translator,
    languages,
    negotiate,
    translator,
)
from app.core.kit.actor import ANONYMOUS, Actor, ActorKind
from app.web.environment import Reader, build_environment, build_id, rendering_for, with_labels

__all__ = [
    "THEMES",
    "Crumb",
    "Flash",
    "NavItem",
    "ShellLinks",
    "build_environment",
    "error_texts",
    "is_htmx",
    "render",
    "render_error",
    "request_translator",
]

THEMES = ("auto", "light", "dark")
LANGUAGE_NAMES = {"vi": "Tiếng Việt", "en": "English", "zh": "中文", "ja": "日本語", "ko": "한국어"}
DEFAULT_ZONE: Mapping[str, LocalText] = {"name": "", "authority": "", "short": ""}
DEFAULT_TIMEZONE = "Asia/Ho_Chi_Minh"


@dataclass(frozen=True, slots=True)
class NavItem:
    """
    One entry of the side menu.

    ``key`` is the letter after ``g`` that goes there; ``bottom`` puts it in the bar of a phone as well, with its
    ``short`` word.
    """

    title: LocalText
    href: str
    icon: str = "point"
    active: bool = False
    count: int | None = None
    key: str = ""
    bottom: bool = False
    short: LocalText = ""


@dataclass(frozen=True, slots=True)
class Flash:
    """A sentence shown once above the content, already translated."""

    kind: Literal["info", "good", "soon", "bad"]
    text: str


@dataclass(frozen=True, slots=True)
class Crumb:
    """One step of the path to a page, already translated."""

    title: str
    href: str


@dataclass(frozen=True, slots=True)
class ShellLinks:
    """Addresses that the shell links to; what is None is not shown."""

    home: str = "/"
    search: str | None = None
    inbox: str | None = None
    notices: str | None = None
    account: str | None = None
    login: str | None = "/login"
    logout: str | None = "/logout"


@cache
def _shell_environment() -> Environment:
    return build_environment()


def request_translator(request: Request) -> Translator:
    """Return the translator of a request: the language noted on it, else cookie, else browser."""
    noted = getattr(request.state, "lang", None)
    cookie, header = request.cookies.get("lang"), request.headers.get("accept-language")
    return translator(noted if noted in languages() else negotiate(header, cookie))


def is_htmx(request: Request) -> bool:
    """Tell whether a fragment is wanted; a boosted link or form wants the whole page as a browser does."""
    headers = request.headers
    return headers.get("hx-request") == "true" and headers.get("hx-boosted") != "true"


def _shell(request: Request, lang: str) -> dict[str, object]:
    """Return what the base template needs, from the request and the application."""
    state, app_state = request.state, request.app.state
    theme = request.cookies.get("theme", "auto")
    return {
        "lang": lang,
        "language_names": {code: LANGUAGE_NAMES.get(code, code) for code in languages()},
        "theme": theme if theme in THEMES else "auto",
        "actor": getattr(state, "actor", ANONYMOUS),
        "csrf_token": getattr(state, "csrf_token", ""),
        "zone": {**DEFAULT_ZONE, **getattr(app_state, "zone", {})},
        "nav": tuple(getattr(state, "nav", ())),
        "flashes": tuple(getattr(state, "flashes", ())),
        "notice_count": getattr(state, "notice_count", 0),
        "events_url": getattr(state, "events_url", ""),
        "alarm_minutes": getattr(state, "alarm_minutes", None),
        "shell": getattr(app_state, "shell", None) or ShellLinks(),
        "here": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        "build": build_id(),
        "title": "",
        "crumbs": (),
        "problems": (),
    }


def _owner_mark(request: Request, actor: Actor) -> str:
    """Return what a form says of whose it is, so that it can be kept when the session ends meanwhile."""
    keeper = getattr(request.app.state, "form_keeper", None)
    return str(keeper.mark(actor.user_id)) if keeper is not None and actor.user_id is not None else ""


def _headers(actor: Actor, lang: str) -> dict[str, str]:
    signed_in = actor.kind is not ActorKind.ANONYMOUS
    return {
        "Content-Language": lang,
        "Vary": "HX-Request, Cookie, Accept-Language",
        "Cache-Control": "no-store" if signed_in else "no-cache",
    }


def render(
    request: Request,
    template: str,
    view: Mapping[str, object],
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """
    Render a page or a fragment in the language of the request.

    :param template: ``pages/login.html`` of the shell, ``investment/list.html`` of a module.
    :param view: primitives, dates, Decimals, plain dataclasses; a page needs ``title`` (translated) and may
        give ``crumbs`` (Crumb) and ``problems`` (FieldProblem: the title then begins with “Error”).
    :param headers: added to, and stronger than, the language and caching headers.
    :raises jinja2.UndefinedError: the template uses a name that the view lacks.
    """
    chosen = request_translator(request)
    shell = _shell(request, chosen.lang)
    environment = getattr(request.app.state, "templates", None) or _shell_environment()
    zone, actor, token = shell["zone"], shell["actor"], shell["csrf_token"]
    assert isinstance(zone, dict)
    assert isinstance(actor, Actor)
    timezone = ZoneInfo(zone.get("timezone") or DEFAULT_TIMEZONE)
    with rendering_for(Reader(chosen, timezone, str(token), _owner_mark(request, actor))):
        body = with_labels(environment.get_template(template).render({**shell, **view}))
    return HTMLResponse(body, status, {**_headers(actor, chosen.lang), **(headers or {})})


def error_texts(chosen: Translator, error: DomainError) -> dict[str, str]:
    """Translate the title, detail and hint of an error and fill its params."""
    texts = {"title": error.title, "detail": error.detail, "hint": error.hint}
    return {name: chosen.gettext(text, **error.params) for name, text in texts.items()}


def render_error(
    request: Request, error: DomainError, *, reference: str = "", lost: str = ""
) -> HTMLResponse:
    """
    Show an error as a page: what happened, whether anything was lost, what to do, a code to quote.

    A request for a fragment gets a notice above the content instead, and its target stays as it was.

    :param reference: correlation id of the request, the code that a caller reads out.
    :param lost: message id of what was lost; empty says that nothing was.
    """
    chosen = request_translator(request)
    view = error_texts(chosen, error) | {
        "status": error.status,
        "code": error.code,
        "reference": reference,
        "lost": chosen.gettext(lost or N_("Nothing was lost: what had been saved before is still there.")),
        "problems": (),
        "errors": error.errors,
    }
    if is_htmx(request):
        # The fragment's own target must not receive an error: it goes where notices stand.
        headers = {"HX-Retarget": "[data-flashes]", "HX-Reswap": "innerHTML", "HX-Push-Url": "false"}
        return render(request, "partials/_error.html", view, status=error.status, headers=headers)
    return render(request, "pages/error.html", view, status=error.status)
