"""
Access tokens: giving one for a secret, and finding out who holds one.

``issue_token`` commits by itself, as ``sign_in`` does: a counted attempt must stay although the request fails. Tokens
are opaque, so that what is revoked is over with the next request.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.core.auth.clients.models import ApiClient, ClientSecret, ClientToken
from app.core.auth.permissions import PermissionBook
from app.core.auth.throttle import Attempt, TooManyAttempts, count_attempt
from app.core.auth.tokens import new_token, token_hash
from app.core.db import WEB_LOGINS, Database, DbRole, SessionContext
from app.core.errors import DomainError
from app.core.evidence import Subject, record
from app.core.kit.actor import ANONYMOUS, Actor, ActorKind, Grant

TOKEN_LIFE = timedelta(minutes=15)
# A program keeps its token for as long as it lives; one that asks each time is told so.
MAX_LIVE_TOKENS = 50
_AUTH = SessionContext(DbRole.AUTH)
_RESOLVE = "select client_id, name, party_id, scopes from auth_resolve_client(%s, %s)"  # as in ``sessions``


class ClientRefused(DomainError):
    """Client and secret do not fit; says the same whether the client is unknown, ended or the secret wrong."""

    code = "auth.client-refused"
    status = 401
    title = "The program was not recognised."
    detail = "Client and secret do not fit together, or the access has ended."
    hint = "Look at the program's page: whether it is in force, and whether its secret was replaced."


class ScopeRefused(DomainError):
    """More was asked for than the client may do."""

    code = "auth.scope-refused"
    status = 400
    title = "The program may not do this."
    detail = "The scope goes beyond what the enterprise allowed: %(allowed)s."


class TooManyTokens(DomainError):
    """The client holds many tokens in force."""

    code = "auth.too-many-tokens"
    status = 429
    title = "Too many tokens."
    detail = "The program holds %(limit)s tokens that are still in force."
    hint = "Keep a token for the time that expires_in tells, instead of asking for one with each request."


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token: it is in this answer and nowhere else."""

    token: str
    scopes: tuple[str, ...]
    expires_in: int

    def __repr__(self) -> str:
        return f"IssuedToken(scopes={self.scopes})"


@dataclass(frozen=True, slots=True)
class _Known:
    client_id: UUID
    party_id: UUID
    name: str
    scopes: tuple[str, ...]
    secret_id: UUID
    ends_at: datetime


def issue_token(
    database: Database,
    *,
    client_id: UUID | None,
    secret: str,
    scopes: Collection[str] | None,
    now: datetime,
    ip: str | None,
) -> IssuedToken:
    """
    Give a token for a client's secret.

    Only wrong secrets are counted, per client and address, so that a stranger cannot shut a program out.

    :param client_id: ``None`` when what was sent is no key at all.
    :param scopes: what the token shall allow; ``None`` for everything that the client may do.
    :raises ClientRefused, TooManyAttempts, ScopeRefused, TooManyTokens:
    """
    with database.transaction(_AUTH) as session:
        known = _find(session, client_id, secret, now=now) if client_id is not None else None
        if known is not None:
            return _give(session, known, scopes, now=now, ip=ip)
    _note_refusal(database, client_id, now=now, ip=ip)
    raise ClientRefused


def resolve_token(database: Database, *, token: str, book: PermissionBook, now: datetime) -> Actor | None:
    """Return the client that holds a token, ``None`` when it is unknown or over; one statement, no transaction."""
    with database.single(WEB_LOGINS[DbRole.AUTH]).connect() as connection:
        row = connection.exec_driver_sql(_RESOLVE, (token_hash(token), now)).one_or_none()
    if row is None:
        return None
    return client_actor(row.client_id, row.name, row.party_id, row.scopes, book=book)


def client_actor(
    client_id: UUID, name: str, party_id: UUID, scopes: Collection[str], *, book: PermissionBook
) -> Actor:
    """Return the actor that a client is: it holds its scopes, and the permissions that they bring."""
    permissions = book.resolve_scopes(scopes) | frozenset(scopes)
    return Actor(ActorKind.CLIENT, client_id, name, (Grant(party_id, frozenset(), permissions),))


def find_actor(session: Session, client_id: UUID, *, book: PermissionBook, at: datetime) -> Actor | None:
    """Return a client in force as an actor, for jobs that act on its behalf (ftz_auth, ftz_officer, ftz_worker)."""
    row = session.execute(
        select(ApiClient.name, ApiClient.party_id, ApiClient.scopes).where(
            ApiClient.id == client_id, ApiClient.revoked_at.is_(None), ApiClient.expires_at > at
        )
    ).one_or_none()
    return client_actor(client_id, row.name, row.party_id, row.scopes, book=book) if row else None


def revoke_token(
    database: Database, *, client_id: UUID, secret: str, token: str, now: datetime, ip: str | None
) -> None:
    """
    End a token before its time (RFC 7009); does nothing when it is not this client's.

    :raises ClientRefused, TooManyAttempts:
    """
    with database.transaction(_AUTH) as session:
        if _find(session, client_id, secret, now=now) is not None:
            session.execute(
                update(ClientToken)
                .where(
                    ClientToken.token_hash == token_hash(token),
                    ClientToken.client_id == client_id,
                    ClientToken.revoked_at.is_(None),
                )
                .values(revoked_at=now),
                execution_options={"synchronize_session": False},
            )
            return
    _note_refusal(database, client_id, now=now, ip=ip)
    raise ClientRefused


def forget_tokens(session: Session, *, now: datetime) -> None:
    """Delete tokens that have been over for a day (role ftz_officer); what was done with them stays in the evidence."""
    session.execute(delete(ClientToken).where(ClientToken.expires_at < now - timedelta(days=1)))


def _find(session: Session, client_id: UUID, secret: str, *, now: datetime) -> _Known | None:
    row = session.execute(
        select(
            ApiClient.party_id, ApiClient.name, ApiClient.scopes, ApiClient.expires_at, ClientSecret.id,
            ClientSecret.ends_at,
        )
        .join(ClientSecret, ClientSecret.client_id == ApiClient.id)
        .where(
            ApiClient.id == client_id,
            ApiClient.revoked_at.is_(None),
            ApiClient.expires_at > now,
            ClientSecret.party_id == ApiClient.party_id,
            ClientSecret.secret_hash == token_hash(secret),
        )
    ).one_or_none()  # fmt: skip
    if row is None or (row.ends_at is not None and row.ends_at <= now):
        return None
    ends_at = min(row.expires_at, row.ends_at or row.expires_at)
    return _Known(client_id, row.party_id, row.name, tuple(row.scopes), row.id, ends_at)


def _give(
    session: Session, known: _Known, scopes: Collection[str] | None, *, now: datetime, ip: str | None
) -> IssuedToken:
    wanted = tuple(sorted(set(scopes))) if scopes else known.scopes
    if not set(wanted) <= set(known.scopes):
        raise ScopeRefused(allowed=" ".join(known.scopes))
    live = session.scalar(
        select(func.count())
        .select_from(ClientToken)
        .where(
            ClientToken.client_id == known.client_id,
            ClientToken.expires_at > now,
            ClientToken.revoked_at.is_(None),
        )
    )
    if (live or 0) >= MAX_LIVE_TOKENS:
        raise TooManyTokens(limit=MAX_LIVE_TOKENS, retry_after=int(TOKEN_LIFE.total_seconds()))
    token, expires_at = new_token(), min(now + TOKEN_LIFE, known.ends_at)
    session.add(
        ClientToken(
            token_hash=token_hash(token), client_id=known.client_id, secret_id=known.secret_id, scopes=list(wanted),
            issued_at=now, expires_at=expires_at,
        )
    )  # fmt: skip
    session.execute(
        update(ClientSecret).where(ClientSecret.id == known.secret_id).values(last_used_at=now),
        execution_options={"synchronize_session": False},
    )
    record(
        session, "auth:client:open", subject=Subject("client", known.client_id),
        actor=Actor(ActorKind.CLIENT, known.client_id, known.name), at=now, party_id=known.party_id,
        facts={"scopes": list(wanted)}, digests={"address": ip} if ip else None,
    )  # fmt: skip
    return IssuedToken(token, wanted, int((expires_at - now).total_seconds()))


def _note_refusal(database: Database, client_id: UUID | None, *, now: datetime, ip: str | None) -> None:
    # A space is in no login, so these counts never meet those of people.
    attempt = Attempt.of(login=f"client {client_id} {ip}", ip=ip)
    with database.transaction(_AUTH) as session:
        wait = count_attempt(session, attempt, now=now)
        record(
            session, "auth:client:open", subject=Subject("client", client_id), actor=ANONYMOUS, at=now,
            facts={"denied": ClientRefused.code, "wait_seconds": int(wait.total_seconds())},
            digests={"address": ip} if ip else None,
        )  # fmt: skip


__all__ = [
    "ClientRefused",
    "IssuedToken",
    "ScopeRefused",
    "TooManyAttempts",
    "TooManyTokens",
    "client_actor",
    "find_actor",
    "forget_tokens",
    "issue_token",
    "resolve_token",
    "revoke_token",
]
