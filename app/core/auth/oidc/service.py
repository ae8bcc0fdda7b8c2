"""
Use cases around identities of a provider (role ftz_auth): signing in, the first time, linking, ending.

An account is found by the provider's number of the person and by nothing else: an e-mail address that a provider
tells is no proof of owning an account here. ``sign_in_by_identity`` commits by itself, as ``sign_in`` does.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.auth import step_up
from app.core.auth.models import User, UserState
from app.core.auth.oidc.models import LinkedIdentity
from app.core.auth.oidc.provider import Identity, IdentityRefused
from app.core.auth.open_sessions import close_sessions
from app.core.auth.pending import Rules
from app.core.auth.registration import ensure_person, refuse_name
from app.core.auth.roles import UserKind
from app.core.auth.sessions import SignedIn, open_for
from app.core.db import Database, DbRole, SessionContext
from app.core.errors import Conflict, Forbidden, Invalid, NotFound
from app.core.evidence import Subject, record
from app.core.evidence.canonical import Canonical
from app.core.kit.actor import ANONYMOUS, Actor
from app.core.kit.ids import uuid7
from app.core.kit.text import nfc
from app.core.privacy.box import SecretsBox

_AUTH = SessionContext(DbRole.AUTH)
_PURPOSE = "auth:identity"


class IdentityTaken(Conflict):
    """The identity, or the account, is tied already."""

    code = "auth.identity-taken"
    title = "This identity is in use already."
    detail = "It belongs to another account, or your account has another identity of this provider."
    hint = "Sign in with it and end the link there first."


@dataclass(frozen=True, slots=True)
class Visit:
    """From where somebody signs in."""

    user_agent: str | None
    ip: str | None


@dataclass(frozen=True, slots=True)
class LinkView:
    """A link as the owner sees it."""

    issuer: str
    created_at: datetime
    last_used_at: datetime | None


def sign_in_by_identity(
    database: Database, identity: Identity, *, box: SecretsBox, rules: Rules, visit: Visit, now: datetime
) -> SignedIn | None:
    """
    Open a session for the account of an identity, ``None`` when it has none yet.

    :raises IdentityRefused: the account is locked or closed.
    """
    with database.transaction(_AUTH) as session:
        link = _find(session, identity, box)
        if link is None:
            return None
        state = session.scalar(
            select(User.state).where(User.id == link.user_id).with_for_update(key_share=True)
        )
        if state is UserState.ACTIVE:
            link.last_used_at = now
            return open_for(session, link.user_id, rules.book, now=now, policy=rules.sessions,
                            second_factor=rules.second_factor, user_agent=visit.user_agent, ip=visit.ip)  # fmt: skip
        note_refusal(session, "account", user_id=link.user_id, now=now)
    raise IdentityRefused(reason="account")


def register_by_identity(
    session: Session, identity: Identity, *, full_name: str, language: str, box: SecretsBox, now: datetime
) -> UUID:
    """
    Open an account for a person whom the provider vouches for; it has no password. Twice is one account.

    :raises Invalid: the name is none.
    """
    known = _find(session, identity, box)
    if known is not None:
        return known.user_id
    if problems := refuse_name(full_name):
        raise Invalid(errors=problems)
    user = User(
        id=uuid7(), login=f"id-{secrets.token_hex(8)}", email=None, full_name=nfc(full_name).strip(),
        kind=UserKind.CUSTOMER, password_hash=None, state=UserState.ACTIVE, language=language, created_at=now,
        password_changed_at=None,
    )  # fmt: skip
    session.add(user)
    # Membership and link point to the account.
    session.flush()
    subject, facts = Subject("user", user.id), {"kind": user.kind.value, "by": "identity"}
    record(session, "auth:user:register", subject=subject, actor=ANONYMOUS, at=now, facts=facts)
    ensure_person(session, user.id, now=now)
    _link(session, identity, user.id, box=box, actor=ANONYMOUS, now=now)
    return user.id


def link_identity(
    session: Session, identity: Identity, *, actor: Actor, box: SecretsBox, now: datetime
) -> None:
    """
    Tie an identity to the actor's own account; the caller has seen to the step-up. Twice changes nothing.

    :raises Forbidden: an officer; officers sign in with password and second factor.
    :raises IdentityTaken: it belongs to another account, or the account has one already.
    """
    if actor.user_id is None or actor.is_officer:
        raise Forbidden(permission="auth.identity.link")
    known = _find(session, identity, box)
    if known is not None and known.user_id == actor.user_id:
        return
    if known is not None or link_of(session, actor.user_id) is not None:
        raise IdentityTaken
    _link(session, identity, actor.user_id, box=box, actor=actor, now=now)


def confirm_by_identity(
    session: Session, identity: Identity, *, actor: Actor, box: SecretsBox, now: datetime
) -> None:
    """
    Note that the person at the actor's session is present, after the provider asked anew.

    :raises IdentityRefused: somebody else was there than the account belongs to.
    :raises NotFound: the session has ended.
    """
    known = _find(session, identity, box)
    if known is None or known.user_id != actor.user_id:
        raise IdentityRefused(reason="other-person")
    step_up.note_presence(session, actor=actor, by=step_up.Proof.IDENTITY, now=now)


def unlink_identity(session: Session, *, actor: Actor, now: datetime) -> None:
    """
    End the link of the actor's own account.

    :raises NotFound: there is none.
    :raises Conflict: the account has no password, so nobody could sign in to it any more.
    """
    row = session.execute(
        select(LinkedIdentity, User.password_hash)
        .join(User, User.id == LinkedIdentity.user_id)
        .where(LinkedIdentity.user_id == actor.user_id, LinkedIdentity.ended_at.is_(None))
        .with_for_update(of=LinkedIdentity)
    ).one_or_none()
    if row is None:
        raise NotFound
    if row.password_hash is None:
        raise OnlyWayIn
    row.LinkedIdentity.ended_at = now
    record(session, "auth:identity:unlink", subject=Subject("user", actor.user_id), actor=actor, at=now)


class OnlyWayIn(Conflict):
    """The account has no password."""

    code = "auth.only-way-in"
    title = "The link cannot be ended."
    detail = "Your account has no password, so it could not be opened any more."
    hint = "Ask the administrator for an initial password first."


def link_of(session: Session, user_id: UUID) -> LinkView | None:
    """Return the link of an account, if there is one."""
    row = session.execute(
        select(LinkedIdentity.issuer, LinkedIdentity.created_at, LinkedIdentity.last_used_at).where(
            LinkedIdentity.user_id == user_id, LinkedIdentity.ended_at.is_(None)
        )
    ).one_or_none()
    return LinkView(*row) if row else None


def end_sessions_of(session: Session, identity: Identity, *, box: SecretsBox, now: datetime) -> int:
    """End all sessions of an identity's account, since the person signed out at the provider; return how many."""
    link = _find(session, identity, box)
    if link is None:
        return 0
    ended = close_sessions(session, link.user_id, now=now)
    facts: dict[str, Canonical] = {"ended": ended, "reason": "provider"}
    subject = Subject("user", link.user_id)
    record(session, "auth:user:end-sessions", subject=subject, actor=ANONYMOUS, at=now, facts=facts)
    return ended


def note_refusal(session: Session, reason: str, *, user_id: UUID | None = None, now: datetime) -> None:
    """Record a sign-in that the provider's answer did not carry."""
    subject, facts = Subject("user", user_id), {"denied": IdentityRefused.code, "reason": reason}
    record(session, "auth:session:open", subject=subject, actor=ANONYMOUS, at=now, facts=facts)


def _find(session: Session, identity: Identity, box: SecretsBox) -> LinkedIdentity | None:
    return session.scalar(
        select(LinkedIdentity).where(
            LinkedIdentity.digest.in_(_digests(identity, box)), LinkedIdentity.ended_at.is_(None)
        )
    )


def _link(
    session: Session, identity: Identity, user_id: UUID, *, box: SecretsBox, actor: Actor, now: datetime
) -> None:
    session.add(
        LinkedIdentity(
            id=uuid7(),
            issuer=identity.issuer,
            digest=_digests(identity, box)[0],
            user_id=user_id,
            created_at=now,
        )
    )
    subject, facts = Subject("user", user_id), {"issuer": identity.issuer}
    record(session, "auth:identity:link", subject=subject, actor=actor, at=now, facts=facts)


def _digests(identity: Identity, box: SecretsBox) -> list[bytes]:
    return box.digests(f"{identity.issuer}\n{identity.subject}".encode(), purpose=_PURPOSE)
