"""
Use cases around API clients, for the administrator of their enterprise (role ftz_tenant).

A secret is returned once, by the step that makes it, and stored as a hash. The caller has seen to the step-up.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, load_only

from app.core.auth.clients.models import ApiClient, ClientSecret
from app.core.auth.clients.scopes import SCOPES, with_needs
from app.core.auth.permissions import CLIENT_MANAGE, require
from app.core.auth.tokens import new_token, token_hash
from app.core.errors import Conflict, FieldProblem, Invalid, NotFound
from app.core.evidence import Subject, record
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.kit.text import nfc

MAX_NAME = 100
# A program that nobody thinks of any more must not stay a door for ever.
LIVES = (timedelta(days=90), timedelta(days=180), timedelta(days=365))
OVERLAPS = (timedelta(0), timedelta(days=1), timedelta(days=7), timedelta(days=30))
MAX_CLIENTS = 20


class ClientEnded(Conflict):
    """The client was revoked or has expired."""

    code = "auth.client-ended"
    title = "This program's access has ended."
    detail = "It was revoked or has expired, so it gets no new secret."
    hint = "Register the program anew."


class RotationUnderWay(Conflict):
    """Two secrets are in force already."""

    code = "auth.rotation-under-way"
    title = "A change of the secret is under way."
    detail = "Two secrets are in force; a third one would hide which program still uses which."
    hint = "End the older secret first, or wait until it ends."


class TooManyClients(Conflict):
    """The enterprise has as many programs as it may have."""

    code = "auth.too-many-clients"
    title = "There are too many programs."
    detail = "An enterprise may have %(limit)s programs at a time."
    hint = "Revoke one that is no longer used."


@dataclass(frozen=True, slots=True)
class SecretLine:
    """A secret as its owner sees it: never the secret itself."""

    id: UUID
    created_at: datetime
    ends_at: datetime | None
    last_used_at: datetime | None

    def in_force(self, at: datetime) -> bool:
        """Tell whether a token can be had for it."""
        return self.ends_at is None or at < self.ends_at


@dataclass(frozen=True, slots=True)
class ClientView:
    """A client with its secrets, the newest first."""

    id: UUID
    party_id: UUID
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    secrets: tuple[SecretLine, ...]

    def in_force(self, at: datetime) -> bool:
        """Tell whether the client may act."""
        return self.revoked_at is None and at < self.expires_at

    @property
    def last_used_at(self) -> datetime | None:
        """Return when it last asked for a token."""
        return max((each.last_used_at for each in self.secrets if each.last_used_at), default=None)


def register_client(
    session: Session,
    *,
    client_id: UUID,
    party_id: UUID,
    name: str,
    scopes: Collection[str],
    lives: timedelta,
    actor: Actor,
    now: datetime,
) -> str | None:
    """
    Register a program with the scopes and those that they need; return its secret.

    ``None`` when the same form came before and the client is there.

    :param client_id: key from the page, so that a doubled request registers one client.
    :raises Forbidden: the actor does not manage programs of this party.
    :raises Invalid: no name, or scopes that are none.
    :raises TooManyClients:
    """
    require(actor, CLIENT_MANAGE, party_id=party_id)
    assert actor.user_id is not None
    _refuse_faults(name, scopes, lives)
    allowed = sorted(with_needs(scopes))
    known = session.scalar(select(ApiClient.created_by).where(ApiClient.id == client_id))
    if known == actor.user_id:
        return None
    in_force = select(ApiClient.id).where(
        ApiClient.party_id == party_id, ApiClient.revoked_at.is_(None), ApiClient.expires_at > now
    )
    if len(session.scalars(in_force).all()) >= MAX_CLIENTS:
        raise TooManyClients(limit=MAX_CLIENTS)
    inserted = session.execute(
        insert(ApiClient)
        .values(
            id=client_id, party_id=party_id, name=nfc(name).strip(), scopes=allowed, created_at=now,
            created_by=actor.user_id, expires_at=now + lives,
        )
        .on_conflict_do_nothing(index_elements=[ApiClient.id])
        .returning(ApiClient.id)
    ).one_or_none()  # fmt: skip
    if inserted is None:
        raise NotFound  # the key belongs to somebody else's
    record(
        session, "auth:client:register", subject=Subject("client", client_id), actor=actor, at=now,
        party_id=party_id, facts={"scopes": allowed},
    )  # fmt: skip
    return _new_secret(session, client_id, party_id, actor=actor, now=now)


def rotate_secret(
    session: Session, client_id: UUID, *, overlap: timedelta, actor: Actor, now: datetime
) -> str:
    """
    Make a new secret; the present one ends after the overlap. Returns the new one.

    :raises NotFound: no such client of the actor's.
    :raises ClientEnded: it was revoked or has expired.
    :raises RotationUnderWay: two secrets are in force.
    :raises Invalid: the overlap is none that is offered.
    """
    client = _managed(session, client_id, actor)
    if client.revoked_at is not None or client.expires_at <= now:
        raise ClientEnded
    if overlap not in OVERLAPS:
        raise Invalid(errors=[FieldProblem("overlap", "not-an-option", N_("Choose one of the options."))])
    current = [each for each in _secrets(session, [client_id]).get(client_id, ()) if each.in_force(now)]
    if len(current) > 1:
        raise RotationUnderWay
    for each in current:
        _end(session, each.id, at=now + overlap)
    record(
        session, "auth:client:rotate", subject=Subject("client", client_id), actor=actor, at=now,
        party_id=client.party_id, facts={"overlap_hours": int(overlap.total_seconds() // 3600)},
    )  # fmt: skip
    return _new_secret(session, client_id, client.party_id, actor=actor, now=now)


def end_secret(session: Session, client_id: UUID, secret_id: UUID, *, actor: Actor, now: datetime) -> None:
    """
    End a secret now, with the tokens that were given for it.

    :raises NotFound: no such secret in force at a client of the actor's.
    """
    client = _managed(session, client_id, actor)
    held = _secrets(session, [client_id]).get(client_id, ())
    if not any(each.id == secret_id and each.in_force(now) for each in held):
        raise NotFound
    _end(session, secret_id, at=now)
    record(
        session, "auth:client:end-secret", subject=Subject("client", client_id), actor=actor, at=now,
        party_id=client.party_id, facts={"secret": str(secret_id)},
    )  # fmt: skip


def revoke_client(session: Session, client_id: UUID, *, actor: Actor, now: datetime) -> None:
    """
    End a client with all its secrets and tokens, from the next request on.

    :raises NotFound: no such client of the actor's, or revoked already.
    """
    client = _managed(session, client_id, actor)
    if client.revoked_at is not None:
        raise NotFound
    client.revoked_at = now
    record(
        session, "auth:client:revoke", subject=Subject("client", client_id), actor=actor, at=now,
        party_id=client.party_id,
    )  # fmt: skip


def clients_of(session: Session, actor: Actor) -> list[ClientView]:
    """Return the programs of the parties whose programs the actor manages, those in force first."""
    parties = managed_parties(actor)
    found = session.scalars(
        select(ApiClient)
        .where(ApiClient.party_id.in_(parties))
        .order_by(ApiClient.revoked_at.is_not(None), ApiClient.name, ApiClient.id)
    ).all()
    secrets = _secrets(session, [each.id for each in found])
    return [_view(each, secrets.get(each.id, ())) for each in found]


def find_client(session: Session, client_id: UUID, *, actor: Actor) -> ClientView:
    """
    Return one program.

    :raises NotFound: no such client of the actor's.
    """
    client = session.scalar(select(ApiClient).where(ApiClient.id == client_id))
    if client is None or client.party_id not in managed_parties(actor):
        raise NotFound
    return _view(client, _secrets(session, [client_id]).get(client_id, ()))


def managed_parties(actor: Actor) -> tuple[UUID, ...]:
    """Return the parties whose programs an actor manages."""
    return tuple(grant.party_id for grant in actor.grants if CLIENT_MANAGE in grant.permissions)


def _managed(session: Session, client_id: UUID, actor: Actor) -> ApiClient:
    client = session.scalar(select(ApiClient).where(ApiClient.id == client_id).with_for_update())
    if client is None or client.party_id not in managed_parties(actor):
        raise NotFound
    return client


def _view(client: ApiClient, secrets: Sequence[SecretLine]) -> ClientView:
    return ClientView(
        client.id, client.party_id, client.name, tuple(client.scopes), client.created_at, client.expires_at,
        client.revoked_at, tuple(secrets),
    )  # fmt: skip


def _secrets(session: Session, client_ids: Collection[UUID]) -> dict[UUID, list[SecretLine]]:
    rows = session.scalars(
        select(ClientSecret)
        # Tenants have no right to the hash.
        .options(
            load_only(
                ClientSecret.id, ClientSecret.client_id, ClientSecret.created_at, ClientSecret.ends_at,
                ClientSecret.last_used_at,
            )
        )
        .where(ClientSecret.client_id.in_(client_ids))
        .order_by(ClientSecret.created_at.desc(), ClientSecret.id.desc())
    )  # fmt: skip
    found: dict[UUID, list[SecretLine]] = {}
    for each in rows:
        line = SecretLine(each.id, each.created_at, each.ends_at, each.last_used_at)
        found.setdefault(each.client_id, []).append(line)
    return found


def _new_secret(session: Session, client_id: UUID, party_id: UUID, *, actor: Actor, now: datetime) -> str:
    secret = new_token()
    session.execute(
        insert(ClientSecret).values(
            id=uuid7(), client_id=client_id, party_id=party_id, secret_hash=token_hash(secret), created_at=now,
            created_by=actor.user_id,
        )
    )  # fmt: skip
    return secret


def _end(session: Session, secret_id: UUID, *, at: datetime) -> None:
    session.execute(
        update(ClientSecret)
        .where(ClientSecret.id == secret_id, or_(ClientSecret.ends_at.is_(None), ClientSecret.ends_at > at))
        .values(ends_at=at),
        execution_options={"synchronize_session": False},
    )


def _refuse_faults(name: str, scopes: Collection[str], lives: timedelta) -> None:
    problems = []
    if not name.strip() or len(name) > MAX_NAME:
        problems.append(
            FieldProblem("name", "missing", N_("Give the program a name of at most 100 characters."))
        )
    if not scopes or not set(scopes) <= SCOPES.keys():
        problems.append(
            FieldProblem("scopes", "missing", N_("Choose at least one thing that the program may do."))
        )
    if lives not in LIVES:
        problems.append(FieldProblem("lives", "not-an-option", N_("Choose one of the options.")))
    if problems:
        raise Invalid(errors=problems)
