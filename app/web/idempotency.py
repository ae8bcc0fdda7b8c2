"""The same request of a program twice: one effect, the same answer.

A program that got no answer repeats its request with the same ``Idempotency-Key``. The key is claimed in the
transaction of the request itself, so that key and effect are kept together or not at all; a twin that comes at the
same moment waits at the unique index until the first one has ended. An answer from 400 on has changed nothing and is
not kept: a repeated request is judged anew.

Pages need none of this: their forms carry the key of what they make, or the revision that they saw.
"""

import hashlib
import re
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response
from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, Text, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column
from starlette.concurrency import run_in_threadpool

from app.core.db import Base, Tenancy, tenancy
from app.core.errors import DomainError
from app.core.kit.time import utcnow
from app.web.need import KnownActor
from app.web.unit import DbSession, UnitRoute

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEPT_FOR = timedelta(hours=24)
_KEY = re.compile(r"[\x21-\x7e]{8,200}")


class IdempotencyRecord(Base):
    """A key that a program used, for which request, and what it was answered."""

    __tablename__ = "idempotency_record"
    __table_args__ = (
        CheckConstraint("(status is null) = (body is null)", name="answer"),
        CheckConstraint("status between 200 and 399", name="status"),
        Index("ix_idempotency_record_party_id", "party_id"),
        Index("ix_idempotency_record_at", "at"),
        tenancy(Tenancy.TENANT),
    )

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    party_id: Mapped[UUID] = mapped_column(
        ForeignKey("auth_party.id"), comment="one of those that the caller acts for"
    )
    request_hash: Mapped[str] = mapped_column(Text, comment="SHA-256 of method, address and body")
    at: Mapped[datetime]
    status: Mapped[int | None]
    media_type: Mapped[str | None] = mapped_column(Text)
    location: Mapped[str | None] = mapped_column(Text)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)


class KeyMissing(DomainError):
    """A request that changes something came without a key."""

    code = "idempotency.key-missing"
    status = 400
    title = "The request has no key."
    detail = "The header Idempotency-Key is missing, or is not 8 to 200 printable characters."
    hint = "Send a new random key, for instance a UUID, with each new request and the same one when you repeat it."


class KeyReused(DomainError):
    """The key belongs to another request."""

    code = "idempotency.key-reused"
    status = 422
    title = "The key was used for another request."
    detail = "The same Idempotency-Key came before with another address or content; nothing was changed."
    hint = "Repeat the first request unchanged, or send this one with a new key."


class NoPartyToKeepFor(DomainError):
    """The caller acts for nobody, so there is nobody whose record it would be."""

    code = "idempotency.no-party"
    status = 403
    title = "You act for no enterprise."
    detail = "Requests with a key are kept for an enterprise or an office, and the account belongs to none."
    hint = "Have the account made a member first."


class Replay(Exception):
    """The request was carried out before; carries its answer."""

    def __init__(self, record: IdempotencyRecord) -> None:
        self.record = record
        super().__init__(record.key)


class OnceRoute(UnitRoute):
    """A unit of work that is carried out once for each key; its handler depends on :data:`OncePerKey`."""

    settles = False  # the answer is kept in the same transaction

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler: keep a new answer in the transaction of the request, or give the kept one."""
        inner = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                response = await inner(request)
            except Replay as known:
                request.state.unit_ok = False  # nothing of this request is to be kept
                return _again(known.record)
            claimed = getattr(request.state, "idempotency", None)
            if claimed is not None and request.state.unit_ok:
                await run_in_threadpool(_keep, request.state.session, claimed, response)
            return response

        return handler


async def _hash_of(request: Request) -> str:
    digest = hashlib.sha256()
    for part in (request.method.encode(), str(request.url.path).encode(), request.url.query.encode()):
        digest.update(part + b"\n")
    digest.update(await request.body())
    return digest.hexdigest()


def claim(
    request: Request,
    session: DbSession,
    actor: KnownActor,
    request_hash: Annotated[str, Depends(_hash_of)],
    idempotency_key: Annotated[str, Header(alias=HEADER)] = "",
) -> None:
    """
    Take the key for this request.

    :raises KeyMissing, KeyReused, NoPartyToKeepFor: the request is not carried out.
    :raises Replay: it was carried out before.
    """
    if not _KEY.fullmatch(idempotency_key):
        raise KeyMissing
    if actor.user_id is None or not actor.party_ids:
        raise NoPartyToKeepFor
    identity = (actor.user_id, idempotency_key)
    statement = insert(IdempotencyRecord).values(
        user_id=actor.user_id,
        key=idempotency_key,
        party_id=min(actor.party_ids),
        request_hash=request_hash,
        at=utcnow(),
    )
    # A twin in another transaction is waited for here, and its end decides.
    taken = session.execute(
        statement.on_conflict_do_nothing(index_elements=["user_id", "key"]).returning(IdempotencyRecord.key)
    ).one_or_none()
    if taken is not None:
        request.state.idempotency = identity
        return
    known = session.scalars(
        select(IdempotencyRecord).where(
            IdempotencyRecord.user_id == actor.user_id, IdempotencyRecord.key == idempotency_key
        )
    ).one_or_none()
    # Hidden when the caller has left the party for which it was kept: the key is taken all the same.
    if known is None or known.request_hash != request_hash or known.status is None:
        raise KeyReused
    raise Replay(known)


OncePerKey = Depends(claim)


def once_router(**options: Any) -> APIRouter:
    """Make a router whose routes are carried out once for each key; meant for routes that change something."""
    return APIRouter(route_class=OnceRoute, dependencies=[OncePerKey], **options)


def forget_expired(session: Session, *, now: datetime) -> None:
    """Delete the keys that no program will repeat any more; a scan of the worker, run as officer."""
    session.execute(delete(IdempotencyRecord).where(IdempotencyRecord.at < now - KEPT_FOR))


def _keep(session: Session, identity: tuple[UUID, str], response: Response) -> None:
    user_id, key = identity
    session.execute(
        update(IdempotencyRecord)
        .where(IdempotencyRecord.user_id == user_id, IdempotencyRecord.key == key)
        .values(
            status=response.status_code,
            media_type=response.headers.get("content-type"),
            location=response.headers.get("location"),
            body=bytes(
                response.body
            ),  # AttributeError: a stream cannot be given twice; such a route is no OnceRoute
        )
    )


def _again(record: IdempotencyRecord) -> Response:
    assert record.status is not None
    response = Response(record.body, record.status, {REPLAYED: "true"})
    if record.media_type:
        response.headers["Content-Type"] = record.media_type
    if record.location:
        response.headers["Location"] = record.location
    return response
