"""Declarations for programs, read only: /api/v1/customs. A firm reads its own, customs officers those of the zone."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Query, Response

from app.core.auth.clients.scopes import DECLARATIONS_READ
from app.core.errors import Forbidden
from app.core.kit.actor import Actor, ActorKind
from app.core.kit.pagination import encode_cursor, position
from app.customs.declarations.domain.lifecycle import State
from app.customs.declarations.permissions import FILE, READ
from app.customs.declarations.queries import differences, listing
from app.customs.declarations.queries.differences import DifferenceLine, WantedDifferences
from app.customs.declarations.queries.exchange import clocks_of
from app.customs.declarations.queries.listing import Listed, Wanted
from app.customs.declarations.schemas import (
    ClockLine,
    DeclarationLine,
    DeclarationOut,
    DeclarationPage,
    DifferenceOut,
    DifferencePage,
)
from app.web.api.door import IfNoneMatch, names
from app.web.need import Scoped
from app.web.unit import DbSession, router

declarations_api = router(prefix="/api/v1/customs", tags=["customs"])

_HOME = "/api/v1/customs"
Cursor = Annotated[str, Query(max_length=2000, description="Cursor of the page before.")]


class Channel(StrEnum):
    """What the authority chose."""

    GREEN = "GREEN"
    YELLOW = "YELLOW"
    RED = "RED"


class DifferenceState(StrEnum):
    """Whether somebody explained it."""

    OPEN = "OPEN"
    EXPLAINED = "EXPLAINED"


async def _reader(actor: Annotated[Actor, Depends(Scoped(DECLARATIONS_READ))]) -> Actor:
    if not actor.may(_need(actor)):
        raise Forbidden(permission=_need(actor))
    return actor


Reader = Annotated[Actor, Depends(_reader)]


@declarations_api.get("/declarations")
def list_declarations(
    session: DbSession,
    actor: Reader,
    state: Annotated[State | None, Query(description="Only declarations in this state.")] = None,
    channel: Annotated[Channel | None, Query(description="Only declarations of this channel.")] = None,
    after: Cursor = "",
) -> DeclarationPage:
    """Return the declarations that the caller may read; officers see no drafts."""
    wanted = Wanted(
        parties=_parties(actor), state=state.value if state else "", channel=channel.value if channel else "",
        drafts=not actor.is_officer,
    )  # fmt: skip
    found = listing.declarations(session, wanted, after=position(after, datetime, UUID))
    page, more = found[: listing.PAGE_SIZE], len(found) > listing.PAGE_SIZE
    chosen = {"state": wanted.state, "channel": wanted.channel}
    last = encode_cursor((page[-1].updated_at, page[-1].id)) if more else ""
    return DeclarationPage(
        items=[_declaration(each) for each in page],
        next=_link("declarations", chosen, last) if more else None,
    )


@declarations_api.get(
    "/declarations/{declaration_id}", responses={304: {"description": "The ETag still holds."}}
)
def get_declaration(
    session: DbSession, actor: Reader, declaration_id: UUID, if_none_match: IfNoneMatch = ""
) -> Any:
    """Return a declaration with its clocks and differences; the ETag changes with each of them."""
    found = listing.one(session, declaration_id, parties=_parties(actor), drafts=not actor.is_officer)
    content = DeclarationOut(
        declaration=_declaration(found),
        clocks=[
            ClockLine(
                kind=each.kind, whose=each.whose, started_at=each.started_at, due_at=each.due_at, met_at=each.met_at,
                cancelled_at=each.cancelled_at,
            )
            for each in clocks_of(session, declaration_id)
        ],
        differences=[_difference(each) for each in differences.of_declaration(session, declaration_id)],
    ).model_dump_json()  # fmt: skip
    headers = {"ETag": f'"{hashlib.sha256(content.encode()).hexdigest()[:32]}"'}
    if if_none_match and names(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    # Written here and not by FastAPI: the transaction then ends in this very thread.
    return Response(content, headers=headers, media_type="application/json")


@declarations_api.get("/differences")
def list_differences(
    session: DbSession,
    actor: Reader,
    state: Annotated[DifferenceState | None, Query(description="Only differences in this state.")] = None,
    after: Cursor = "",
) -> DifferencePage:
    """Return where taxes of customs differ from the pre-calculation, over all declarations."""
    wanted = WantedDifferences(parties=_parties(actor), state=state.value if state else "")
    found = differences.differences(session, wanted, after=position(after, datetime, UUID))
    page, more = found[: differences.PAGE_SIZE], len(found) > differences.PAGE_SIZE
    last = encode_cursor((page[-1].found_at, page[-1].id)) if more else ""
    return DifferencePage(
        items=[_difference(each) for each in page],
        next=_link("differences", {"state": wanted.state}, last) if more else None,
    )


def _need(actor: Actor) -> str:
    return READ if actor.is_officer or actor.kind is ActorKind.CLIENT else FILE


def _parties(actor: Actor) -> Sequence[UUID] | None:
    """Return whose declarations an actor reads; None: all of the zone."""
    if actor.is_officer:
        return None
    return [each for each in actor.party_ids if actor.may(_need(actor), each)]


def _link(what: str, chosen: dict[str, str], cursor: str) -> str:
    given = {name: value for name, value in chosen.items() if value}
    return f"{_HOME}/{what}?{urlencode({**given, 'after': cursor})}"


def _amount(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")


def _declaration(each: Listed) -> DeclarationLine:
    return DeclarationLine(
        id=each.id, code=each.code, official_number=each.official_number, party_id=each.party_id, firm=each.firm,
        direction=each.direction, movement=each.movement, type_code=each.type_code, origin=each.origin,
        state=each.state, channel=each.channel, own_reference=each.own_reference, summary=each.summary,
        lines=each.line_count, registered_at=each.registered_at, cleared_at=each.cleared_at, updated_at=each.updated_at,
    )  # fmt: skip


def _difference(each: DifferenceLine) -> DifferenceOut:
    return DifferenceOut(
        id=each.id, declaration_id=each.declaration_id, code=each.code, official_number=each.official_number,
        party_id=each.party_id, line=each.line, tax=each.tax, precalculated=_amount(each.ours),
        official=_amount(each.official), difference=format(each.more, "f"), found_at=each.found_at, state=each.state,
        explanation=each.explanation,
    )  # fmt: skip
