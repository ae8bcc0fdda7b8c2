"""What the routes of the JSON door share: who may come in, and marks that bind a change to what was seen."""

from datetime import datetime
from typing import Annotated, Protocol

from fastapi import Depends, Header, Request
from sqlalchemy.orm import Session

from app.core.auth.clients.scopes import DOSSIERS_READ, DOSSIERS_WRITE, FORMS_SIGN
from app.core.auth.tokens import csrf_matches
from app.core.errors import DomainError
from app.core.kit.actor import Actor, ActorKind
from app.core.workflow.models import Case
from app.web.forms import TokenMismatch
from app.web.need import KnownActor, Scoped

Reader = Annotated[Actor, Depends(Scoped(DOSSIERS_READ))]
Writer = Annotated[Actor, Depends(Scoped(DOSSIERS_WRITE))]
Bringer = Annotated[Actor, Depends(Scoped(FORMS_SIGN))]

IfMatch = Annotated[
    str,
    Header(
        max_length=500, description="ETag of what the change was decided on; another one is refused with 412."
    ),
]
IfNoneMatch = Annotated[
    str,
    Header(
        max_length=500, description="ETag of what the caller has; when it still holds, the answer is 304."
    ),
]


class Outdated(DomainError):
    """What the caller saw has changed meanwhile."""

    code = "outdated"
    status = 412
    title = "The dossier has changed meanwhile."
    detail = "Its ETag is no longer the one that If-Match names; nothing was changed."
    hint = "Read the dossier again and decide on what it holds now."


async def own_browser(
    request: Request, actor: KnownActor, csrf_token: Annotated[str, Header(alias="X-CSRF-Token")] = ""
) -> None:
    """
    Refuse a change that a foreign page could have sent with the browser's cookie; a program's token is no cookie.

    :raises TokenMismatch: the header does not carry the token of the caller's session.
    """
    if actor.kind is not ActorKind.CLIENT and not csrf_matches(request.state.csrf_secret, csrf_token):
        raise TokenMismatch


OwnBrowser = Depends(own_browser)


class Marked(Protocol):
    """What a mark is made of."""

    @property
    def revision(self) -> int:
        """Counts the steps."""

    @property
    def saved_at(self) -> datetime:
        """When answers or papers last changed."""


def etag(case: Marked) -> str:
    """Return the mark of a dossier's present state: its revision, and when its answers or papers last changed."""
    return f'"{case.revision}-{int(case.saved_at.timestamp() * 1_000_000):x}"'


def names(header: str, tag: str) -> bool:
    """Tell whether a header of ETags names this one; ``*`` names any."""
    given = {each.strip().removeprefix("W/") for each in header.split(",")}
    return "*" in given or tag in given


def refuse_stale(session: Session, case: Case, if_match: str) -> None:
    """
    Hold the dossier and refuse a change that was decided on another state of it.

    :raises Outdated:
    """
    if not if_match:
        return
    session.refresh(case, with_for_update=True)
    if not names(if_match, etag(case)):
        raise Outdated
