"""A person's notices, the bell that counts them, and the page on which they choose the channels."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy import select
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse

from app.core.auth.models import User
from app.core.db import DbRole, SessionContext
from app.core.errors import FieldProblem
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.ids import key_of
from app.core.kit.time import utcnow
from app.core.notifications import (
    Audience,
    Channel,
    Kind,
    NoticeLine,
    Notifier,
    UnfitAddress,
    Wishes,
    find,
    mark_read,
    read_wishes,
    save_wishes,
)
from app.core.notifications import notices as read_notices
from app.core.notifications.delivery import NO_ADDRESS
from app.core.notifications.reading import PAGE_SIZE
from app.web.background import in_background
from app.web.forms import PostedForm, local_path, text
from app.web.need import SignedInActor
from app.web.render import Crumb, is_htmx, render, request_translator
from app.web.unit import DbSession, router

notices = router()

CHANNEL_NAMES: Mapping[Channel, str] = {
    Channel.EMAIL: N_("E-mail"),
    Channel.SMS: N_("SMS"),
    Channel.ZALO: N_("Zalo"),
}
_AUTH = SessionContext(DbRole.AUTH)


async def _notifier(request: Request) -> Notifier:
    notifier: Notifier = request.app.state.notifier
    return notifier


CurrentNotifier = Annotated[Notifier, Depends(_notifier)]


@notices.get("/notices", name="notices", include_in_schema=False)
def notices_page(
    request: Request,
    session: DbSession,
    actor: SignedInActor,
    notifier: CurrentNotifier,
    before: str = "",
) -> Response:
    """Show a person's notices, the newest first."""
    lines = read_notices(session, actor=actor, before=key_of(before))
    page = lines[:PAGE_SIZE]
    lang = request_translator(request).lang
    view = {
        "title": request_translator(request).gettext("Notices"),
        "rows": [_row(notifier, line, lang) for line in page],
        "unread": any(not line.read for line in page),
        "next": f"/notices?before={page[-1].id}" if len(lines) > PAGE_SIZE else "",
        "missing": _missing(notifier),
        "unaddressed": _unaddressed(page),
    }
    fragment = is_htmx(request) and request.headers.get("hx-target") == "notice-rows"
    return render(request, "notices/_rows.html" if fragment else "notices/notices.html", view)


@notices.get("/notices/bell", name="bell", include_in_schema=False)
@in_background
def bell(request: Request, actor: SignedInActor) -> Response:
    """Show the bell anew; the number itself comes with the frame of every answer."""
    return render(request, "notices/_bell.html", {})


@notices.post("/notices/read", include_in_schema=False)
def read_all(session: DbSession, actor: SignedInActor, form: PostedForm) -> Response:
    """Mark all notices as read."""
    mark_read(session, actor=actor, now=utcnow())
    return RedirectResponse("/notices", 303)


@notices.post("/notices/{notice_id}/read", include_in_schema=False)
def read_one(session: DbSession, actor: SignedInActor, form: PostedForm, notice_id: UUID) -> Response:
    """Mark one notice as read."""
    find(session, notice_id, actor=actor)
    mark_read(session, actor=actor, now=utcnow(), ids=[notice_id])
    return RedirectResponse("/notices", 303)


@notices.get("/notices/{notice_id}", name="notice", include_in_schema=False)
def open_notice(
    session: DbSession, actor: SignedInActor, notifier: CurrentNotifier, notice_id: UUID
) -> Response:
    """Go to the matter of a notice, which is then read; opening it again changes nothing."""
    line = find(session, notice_id, actor=actor)
    mark_read(session, actor=actor, now=utcnow(), ids=[notice_id])
    words = notifier.kinds.word(
        line.kind, line.params, subject_id=line.subject_id, lang="en", timezone=notifier.timezone
    )
    return RedirectResponse(local_path(words.path, "/notices"), 303)


@notices.get("/account/notifications", name="notification-wishes", include_in_schema=False)
def wishes_page(
    request: Request, actor: SignedInActor, notifier: CurrentNotifier, saved: str = ""
) -> Response:
    """Show what a person is told by which channel."""
    with request.app.state.database.session(_AUTH) as session:
        wishes = read_wishes(session, actor=actor)
    return _wishes(request, actor, notifier, wishes, saved=bool(saved))


@notices.post("/account/notifications", include_in_schema=False)
def save_wishes_page(
    request: Request, actor: SignedInActor, notifier: CurrentNotifier, form: PostedForm
) -> Response:
    """Keep what a person chose; it belongs to the account, so the account's own login writes it."""
    typed = _read(form, notifier, actor)
    try:
        with request.app.state.database.transaction(_AUTH) as session:
            save_wishes(session, wishes=typed, actor=actor, now=utcnow())
    except UnfitAddress as refusal:
        return _wishes(request, actor, notifier, typed, problems=refusal.errors)
    return RedirectResponse("/account/notifications?saved=1", 303)


def _wishes(
    request: Request,
    actor: Actor,
    notifier: Notifier,
    wishes: Wishes,
    *,
    saved: bool = False,
    problems: Sequence[FieldProblem] = (),
) -> Response:
    gettext = request_translator(request).gettext
    view = {
        "title": gettext("Notice channels"),
        "kinds": [
            {
                "name": _field(kind),
                "title": gettext(kind.title),
                "chosen": [
                    channel.value
                    for channel in notifier.ports
                    if wishes.choices.get((kind.code, channel.value), channel in kind.channels)
                ],
            }
            for kind in _kinds(notifier, actor)
        ],
        "channels": [(channel.value, gettext(CHANNEL_NAMES[channel])) for channel in notifier.ports],
        "addresses": [
            {
                "name": f"address_{channel.value.lower()}",
                "channel": channel.value,
                "value": wishes.addresses.get(channel.value, ""),
            }
            for channel in notifier.ports
        ],
        "account_email": _account_email(request, actor) if Channel.EMAIL in notifier.ports else "",
        "missing": _missing(notifier),
        "saved_now": saved,
        "problems": problems,
        "crumbs": [Crumb(gettext("Notices"), "/notices")],
    }
    return render(request, "notices/wishes.html", view, status=422 if problems else 200)


def _read(form: FormData, notifier: Notifier, actor: Actor) -> Wishes:
    choices = {
        (kind.code, channel.value): channel.value in form.getlist(_field(kind))
        for kind in _kinds(notifier, actor)
        for channel in notifier.ports
    }
    addresses = {channel.value: text(form, f"address_{channel.value.lower()}") for channel in notifier.ports}
    return Wishes(choices, addresses)


def _kinds(notifier: Notifier, actor: Actor) -> list[Kind]:
    audience = Audience.OFFICER if actor.is_officer else Audience.CUSTOMER
    return [kind for kind in notifier.kinds if kind.audience is audience]


def _field(kind: Kind) -> str:
    return "tell_" + kind.code.replace(".", "_")


def _missing(notifier: Notifier) -> list[str]:
    """Return the names of the channels that this installation has not been given, as message ids."""
    return [name for channel, name in CHANNEL_NAMES.items() if channel not in notifier.ports]


def _unaddressed(lines: Sequence[NoticeLine]) -> list[str]:
    """Return the names of the channels by which nothing went out for want of an address, as message ids."""
    wanting = {each.channel for line in lines for each in line.deliveries if each.error == NO_ADDRESS}
    return [name for channel, name in CHANNEL_NAMES.items() if channel.value in wanting]


def _account_email(request: Request, actor: Actor) -> str:
    with request.app.state.database.session(_AUTH) as session:
        return session.scalar(select(User.email).where(User.id == actor.user_id)) or ""


def _row(notifier: Notifier, line: NoticeLine, lang: str) -> dict[str, Any]:
    words = notifier.kinds.word(
        line.kind, line.params, subject_id=line.subject_id, lang=lang, timezone=notifier.timezone
    )
    return {
        "id": str(line.id),
        "subject": words.subject,
        "text": words.text,
        "at": line.at,
        "read": line.read,
        "deliveries": [
            {
                "channel": CHANNEL_NAMES[Channel(each.channel)],
                "state": each.state,
                "at": each.at,
            }
            for each in line.deliveries
            if each.error != NO_ADDRESS
        ],
    }
