"""
A form whose session ended while it was being filled in: it is kept, and handed back to whoever typed it.

Every form says, sealed, to whom it was shown (``form_owner``). When it arrives without a session, or with the token of
a session that is over, what was typed is kept under seal for an hour. After signing in, with all that sign-in asks for,
the same person goes on from a page that sends it again; for everybody else it does not exist. Files cannot be kept.
Nothing of this needs a script.
"""

import base64
import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy import ForeignKey, Index, LargeBinary, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.responses import RedirectResponse

from app.core.auth.models import User
from app.core.db import Base, Database, DbRole, SessionContext, Tenancy, tenancy
from app.core.errors import NotFound
from app.core.kit.actor import ANONYMOUS, Actor
from app.core.kit.ids import uuid7
from app.core.kit.time import utcnow
from app.core.privacy.box import NotOpened, SecretsBox
from app.web.bodies import at_hand
from app.web.forms import MAX_FIELDS, OWNER, local_path

KEPT_FOR = timedelta(hours=1)
MOST_BYTES = 1_000_000
MOST_BODY = 60_000_000
MOST_KEPT = 5
_MARKS = 10_000
_AUTH = SessionContext(DbRole.AUTH)
# These belong to one rendering of a form and are written anew.
_NOT_CARRIED = frozenset({"csrf_token", OWNER})
# A form with one of these holds a secret; it is not kept at all.
_SECRET = frozenset({"password", "again", "current", "presence_proof"})
_NEVER = ("/login", "/logout", "/preferences/", "/account/second-factor")


class KeptForm(Base):
    """What was typed into a form whose session had ended; sealed, for one person, for an hour."""

    __tablename__ = "web_kept_form"
    __table_args__ = (
        Index("ix_web_kept_form_user_id", "user_id", "at"),
        Index("ix_web_kept_form_at", "at"),
        tenancy(Tenancy.SYSTEM),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("auth_user.id"))
    at: Mapped[datetime]
    content: Mapped[bytes] = mapped_column(LargeBinary, comment="sealed, see SecretsBox")


class KeptFormGone(NotFound):
    """The kept form is not there for this person; says the same whether it is another's, too old, or never was."""

    code = "kept-form-gone"
    title = "There is no kept form here."
    detail = "What is typed into a form whose session has ended is kept for one hour, and only for the same account."
    hint = "Sign in with the account under which the form was filled in. After one hour it has to be filled in again."


@dataclass(frozen=True, slots=True)
class Kept:
    """A kept form, opened for its owner."""

    path: str
    page: str
    fields: Sequence[tuple[str, str]]
    files: Sequence[str]
    at: datetime


class FormKeeper:
    """Marks forms with their owner, and seals and opens what is kept."""

    def __init__(self, box: SecretsBox) -> None:
        self._box = box
        self._marks: OrderedDict[UUID, str] = OrderedDict()
        self._lock = Lock()

    def mark(self, user_id: UUID) -> str:
        """Return the mark that says to whom a form was shown; the same one again for the same person."""
        with self._lock:
            found = self._marks.get(user_id)
            if found is None:
                sealed = self._box.seal(user_id.bytes, purpose="form-owner")
                found = self._marks[user_id] = base64.urlsafe_b64encode(sealed).decode()
                if len(self._marks) > _MARKS:
                    self._marks.popitem(last=False)
            return found

    def owner(self, mark: str) -> UUID | None:
        """Return whose form it is, ``None`` for a mark that this installation did not make."""
        try:
            return UUID(bytes=self._box.open(base64.urlsafe_b64decode(mark), purpose="form-owner"))
        except (NotOpened, ValueError):
            return None

    def keep(
        self, session: Session, *, user_id: UUID, content: Mapping[str, Any], now: datetime
    ) -> UUID | None:
        """Keep a form (role ftz_auth); ``None`` when it is too long. The oldest of many gives way."""
        plain = json.dumps(content).encode()
        if len(plain) > MOST_BYTES:
            return None
        form_id = uuid7()
        newest = select(KeptForm.id).where(KeptForm.user_id == user_id).order_by(KeptForm.at.desc())
        session.execute(
            delete(KeptForm).where(
                KeptForm.user_id == user_id, KeptForm.id.not_in(newest.limit(MOST_KEPT - 1))
            ),
            execution_options={"synchronize_session": False},
        )
        sealed = self._box.seal(plain, purpose=_purpose(form_id, user_id))
        session.add(KeptForm(id=form_id, user_id=user_id, at=now, content=sealed))
        return form_id

    def find(self, session: Session, form_id: UUID, *, user_id: UUID, now: datetime) -> Kept:
        """
        Open a kept form (role ftz_auth).

        :raises KeptFormGone: there is none for this person.
        """
        row = session.scalars(
            select(KeptForm).where(
                KeptForm.id == form_id, KeptForm.user_id == user_id, KeptForm.at > now - KEPT_FOR
            )
        ).one_or_none()
        if row is None:
            raise KeptFormGone
        try:
            content = json.loads(self._box.open(row.content, purpose=_purpose(form_id, user_id)))
        except NotOpened:
            raise KeptFormGone from None
        fields = [(name, value) for name, value in content["fields"]]
        return Kept(content["path"], content["page"], fields, content["files"], row.at)


def forget_kept(session: Session, *, now: datetime) -> None:
    """Delete what nobody came back for; a scan of the worker, run as officer."""
    session.execute(
        delete(KeptForm).where(KeptForm.at <= now - KEPT_FOR),
        execution_options={"synchronize_session": False},
    )


async def keep_posted(request: Request) -> Response | None:
    """
    Keep the posted form of a request that came without its session; return the way on, ``None`` when it cannot be.

    The edge has made sure already that the form comes from one of our own pages.
    """
    if request.url.path.startswith(_NEVER) or "x-upload" in request.headers:
        return None
    if int(request.headers.get("content-length") or 0) > MOST_BODY:
        return None
    posted: FormData | None = getattr(request.state, "posted_form", None)
    if posted is not None:
        return await _way_on(request, posted)
    async with at_hand(request).form(max_fields=MAX_FIELDS) as unread:
        return await _way_on(request, unread)


async def _way_on(request: Request, posted: FormData) -> Response | None:
    keeper: FormKeeper = request.app.state.form_keeper
    owner = keeper.owner(str(posted.get(OWNER, "")))
    if owner is None or not _SECRET.isdisjoint(posted):
        return None
    form_id = await run_in_threadpool(
        _keep, keeper, request.app.state.database, owner, _content(request, posted)
    )
    if form_id is None:
        return None
    actor: Actor = getattr(request.state, "actor", ANONYMOUS)
    way = f"/continue/{form_id}"
    return RedirectResponse(way if actor.user_id is not None else f"/login?kept=1&next={way}", 303)


def _keep(keeper: FormKeeper, database: Database, owner: UUID, content: Mapping[str, Any]) -> UUID | None:
    with database.transaction(_AUTH) as session:
        if session.scalar(select(User.id).where(User.id == owner)) is None:
            return None
        return keeper.keep(session, user_id=owner, content=content, now=utcnow())


def _content(request: Request, posted: FormData) -> dict[str, Any]:
    items = posted.multi_items()
    came_from = urlsplit(request.headers.get("referer", ""))
    return {
        "path": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        "page": local_path(came_from.path + (f"?{came_from.query}" if came_from.query else "")),
        "fields": [
            [name, value] for name, value in items if isinstance(value, str) and name not in _NOT_CARRIED
        ],
        "files": [value.filename for _, value in items if isinstance(value, UploadFile) and value.filename],
    }


def _purpose(form_id: UUID, user_id: UUID) -> str:
    return f"form:{form_id}:{user_id}"
