"""
Proving once more that it is you: the code or password behind a step that counts, and behind the second page of sign-in.

``prove`` and ``confirm_presence`` commit by themselves, as ``sign_in`` does: a counted attempt must stay although the
request fails, and no connection is held while a password is hashed. The wait after wrong guesses is one for all web
processes, and one for all ways of proving, so that nobody doubles the guesses by changing the page.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.core.auth import totp
from app.core.auth.models import LoginSession, User, UserState
from app.core.auth.password import verify_password
from app.core.auth.throttle import Attempt, count_attempt, forgive
from app.core.auth.totp import WrongCode
from app.core.db import Database, DbRole, SessionContext
from app.core.errors import DomainError, FieldProblem, NotFound
from app.core.evidence import Subject, record
from app.core.kit.actor import ANONYMOUS, Actor
from app.core.privacy.box import SecretsBox

STEP_UP_FOR = timedelta(minutes=5)
# The clocks of two machines may differ a little; a step-up from further ahead is a fault, not a proof.
_CLOCKS_DIFFER = timedelta(minutes=1)
AUTH = SessionContext(DbRole.AUTH)

T = TypeVar("T")


class Proof(StrEnum):
    """By what somebody proves to be the owner of an account."""

    PASSWORD = "PASSWORD"  # noqa: S105  the name of a means
    CODE = "CODE"
    RECOVERY = "RECOVERY"
    IDENTITY = "IDENTITY"


class WrongPassword(DomainError):
    """The password that was asked for once more is not the account's."""

    code = "auth.wrong-password"
    status = 422
    title = "The password is not right."
    detail = "This is not the password of your account. Nothing was changed."
    hint = "Type the password with which you sign in."


class PresenceUnconfirmed(DomainError):
    """An account without a password confirms at the identity provider, and has not done so lately."""

    code = "auth.presence-unconfirmed"
    status = 422
    title = "It is not confirmed yet that it is you."
    detail = (
        "The identity provider has not confirmed within the last minutes that it is you. Nothing was changed."
    )
    hint = "Confirm there first, then continue here."


@dataclass(frozen=True, slots=True)
class _Known:
    """What is read before the slow part: the password's hash or the salt of the recovery codes."""

    password_hash: str | None
    salt: bytes | None


def means(database: Database, user_id: UUID) -> Proof:
    """
    Return by what a signed-in person confirms: a code when a second factor is set up, else the password.

    An account that has neither was opened by the identity provider, which is asked.
    """
    with database.session(AUTH) as session:
        if totp.status(session, user_id).enrolled:
            return Proof.CODE
        has_password = session.scalar(select(User.password_hash.is_not(None)).where(User.id == user_id))
    return Proof.PASSWORD if has_password else Proof.IDENTITY


def is_recent(
    database: Database, session_id: UUID, *, now: datetime, within: timedelta = STEP_UP_FOR
) -> bool:
    """Tell whether the owner of a session proved presence within the last minutes; signing in counts."""
    with database.session(AUTH) as session:
        at = session.scalar(
            select(LoginSession.step_up_at).where(
                LoginSession.id == session_id, LoginSession.revoked_at.is_(None)
            )
        )
    return at is not None and -_CLOCKS_DIFFER <= now - at < within


def confirm_presence(
    database: Database, *, actor: Actor, shown: str, box: SecretsBox, now: datetime, ip: str | None
) -> None:
    """
    Note on the actor's session that the person is present, after the password or, when enrolled, a code.

    :raises TooManyAttempts: too many wrong ones; this one was not looked at.
    :raises WrongPassword, WrongCode:
    :raises PresenceUnconfirmed: the account has neither, and the identity provider confirmed nothing lately.
    """
    assert actor.user_id is not None
    by = means(database, actor.user_id)
    if by is Proof.IDENTITY:
        if actor.session_id is None or not is_recent(database, actor.session_id, now=now):
            raise PresenceUnconfirmed(
                errors=[FieldProblem("shown", PresenceUnconfirmed.code, PresenceUnconfirmed.detail)]
            )
        return

    def note(session: Session) -> None:
        note_presence(session, actor=actor, by=by, now=now)

    prove(database, user_id=actor.user_id, by=by, shown=shown, box=box, now=now, ip=ip, then=note)


def note_presence(session: Session, *, actor: Actor, by: Proof, now: datetime) -> None:
    """
    Note on the actor's session that the person proved presence; the caller has seen the proof.

    :raises NotFound: the session has ended.
    """
    changed = session.execute(
        update(LoginSession)
        .where(LoginSession.id == actor.session_id, LoginSession.revoked_at.is_(None))
        .values(step_up_at=now)
        .returning(LoginSession.id)
    ).one_or_none()
    if changed is None:
        raise NotFound
    facts, subject = {"by": by.value}, Subject("session", actor.session_id)
    record(session, "auth:session:step-up", subject=subject, actor=actor, at=now, facts=facts)


def prove(
    database: Database,
    *,
    user_id: UUID,
    by: Proof,
    shown: str,
    box: SecretsBox,
    now: datetime,
    ip: str | None,
    then: Callable[[Session], T],
) -> T:
    """
    Check what somebody shows; when it is right, do ``then`` in the transaction that uses it up; return its result.

    :param then: must not fail for reasons that the person can mend: its failure takes the proof back, not the count.
    :raises TooManyAttempts, WrongPassword, WrongCode:
    """
    # A space is in no login, so these counts never meet those of a sign-in.
    attempt = Attempt.of(login=f"proof {user_id}", ip=ip)
    with database.transaction(AUTH) as session:
        wait = count_attempt(session, attempt, now=now)
        password_hash = session.scalar(select(User.password_hash).where(User.id == user_id))
        known = _Known(password_hash, totp.recovery_salt(session, user_id))
    right, digest = _slow_part(by, shown, known)
    with database.transaction(AUTH) as session:
        if right and _holds(session, user_id, by, shown=shown, known=known, digest=digest, box=box, now=now):
            forgive(session, attempt)
            return then(session)
        facts = {"denied": "wrong", "by": by.value, "wait_seconds": int(wait.total_seconds())}
        digests = {"address": ip} if ip else None
        record(
            session,
            "auth:user:prove",
            subject=Subject("user", user_id),
            actor=ANONYMOUS,
            at=now,
            facts=facts,
            digests=digests,
        )
    refusal = WrongPassword if by is Proof.PASSWORD else WrongCode
    raise refusal(errors=[FieldProblem("shown", refusal.code, refusal.detail)])


def _slow_part(by: Proof, shown: str, known: _Known) -> tuple[bool, bytes]:
    """Hash what was shown, without a connection; tell whether it may still be right."""
    if by is Proof.PASSWORD:
        return verify_password(known.password_hash, shown).right, b""
    if by is Proof.RECOVERY:
        return known.salt is not None, totp.recovery_digest(shown, known.salt) if known.salt else b""
    return True, b""


def _holds(
    session: Session,
    user_id: UUID,
    by: Proof,
    *,
    shown: str,
    known: _Known,
    digest: bytes,
    box: SecretsBox,
    now: datetime,
) -> bool:
    """Tell whether the account is still usable and the proof its own; hold the account until the commit."""
    held = session.scalar(
        select(User.id)
        .where(
            User.id == user_id,
            User.state == UserState.ACTIVE,
            User.password_hash.is_not_distinct_from(known.password_hash),
        )
        .with_for_update(key_share=True)
    )
    if held is None:
        return False
    if by is Proof.CODE:
        return totp.check(session, user_id, shown, box=box, now=now)
    return by is Proof.PASSWORD or totp.use_recovery(session, user_id, digest)
