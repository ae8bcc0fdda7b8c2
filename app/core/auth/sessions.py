"""Signing in and out, and finding out who asks.

``sign_in`` and ``sign_out`` commit by themselves, against the rule that only the edge does: a counted attempt and the
evidence of a refusal must stay although the request fails, and no connection may be held while a password is hashed.
All other functions take the session of the caller.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Row, or_, select, update
from sqlalchemy.orm import Session

from app.core.auth.actors import actor_of, make_actor
from app.core.auth.models import LoginSession, Stage, User, UserState
from app.core.auth.password import hash_password, verify_password
from app.core.auth.permissions import PermissionBook
from app.core.auth.roles import UserKind
from app.core.auth.service import fold_login
from app.core.auth.stages import WAITS, SecondFactorPolicy, next_stage
from app.core.auth.throttle import Attempt, count_attempt, forgive
from app.core.auth.tokens import new_token, token_hash
from app.core.db import WEB_LOGINS, Database, DbRole, SessionContext
from app.core.errors import DomainError, NotFound
from app.core.evidence import Subject, record
from app.core.kit.actor import ANONYMOUS, Actor
from app.core.kit.ids import uuid7

_AUTH = SessionContext(DbRole.AUTH)
_LONGEST_USER_AGENT = 300

_Credentials = Row[UUID, UserKind, UserState, str, str | None, datetime | None]

# Asked at every request, so it goes to the driver as it stands: what SQLAlchemy would read out of it costs a quarter.
_RESOLVE = "select user_id, kind, name, session_id, grants from auth_resolve(%s, %s, %s)"


class SignInRefused(DomainError):
    """Login and password do not open an account; says the same whether it is unknown, wrong or locked."""

    code = "auth.sign-in-refused"
    status = 401
    title = "Sign-in did not succeed."
    detail = "Login and password do not fit together, or the account cannot be used."
    hint = "Check both and try again. If you forgot the password, ask your administrator."


@dataclass(frozen=True, slots=True)
class SessionPolicy:
    """
    How long a session lives: ``idle`` without a request, ``absolute`` in all.

    Officers see other people's data at a desk in an office, so theirs are shorter. A rest is noticed up to one minute
    early, because the last request is noted once a minute.
    """

    officer_idle: timedelta = timedelta(minutes=15)
    officer_absolute: timedelta = timedelta(hours=8)
    customer_idle: timedelta = timedelta(hours=2)
    customer_absolute: timedelta = timedelta(hours=12)

    def idle(self, kind: UserKind) -> timedelta:
        """Return the longest rest of a session."""
        return self.officer_idle if kind is UserKind.OFFICER else self.customer_idle

    def absolute(self, kind: UserKind) -> timedelta:
        """Return the longest life of a session."""
        return self.officer_absolute if kind is UserKind.OFFICER else self.customer_absolute


@dataclass(frozen=True, slots=True)
class SignedIn:
    """
    A new session: the token goes into the cookie and is stored nowhere else.

    While ``pending`` names a stage, the token opens the page of that stage and nothing else.
    """

    token: str
    actor: Actor
    expires_at: datetime
    language: str
    pending: Stage | None = None

    def __repr__(self) -> str:
        return f"SignedIn(user_id={self.actor.user_id}, session_id={self.actor.session_id})"


def sign_in(
    database: Database,
    *,
    book: PermissionBook,
    login: str,
    password: str,
    now: datetime,
    user_agent: str | None,
    ip: str | None,
    policy: SessionPolicy | None = None,
    second_factor: SecondFactorPolicy | None = None,
    replaces: str | None = None,
) -> SignedIn:
    """
    Open a session for who knows the password; one that still asks for a code or more where that is needed.

    Commits two transactions of its own as ftz_auth: one counts the attempt, one notes the outcome with its evidence;
    the password is hashed between them, without a connection. Takes the same time whether the login exists or not.

    :param login: as typed; folded here.
    :param replaces: token that the browser held until now; its session ends with this one's beginning.
    :raises TooManyAttempts: the login or the address has to wait; the password was not looked at.
    :raises SignInRefused: unknown, wrong, without password, locked or closed, or an initial password grown too old.
    """
    folded = fold_login(login)
    attempt = Attempt.of(login=folded, ip=ip)
    with database.transaction(_AUTH) as session:
        wait = count_attempt(session, attempt, now=now)
        user = session.execute(
            select(
                User.id, User.kind, User.state, User.language, User.password_hash, User.initial_until
            ).where(User.login == folded)
        ).one_or_none()
    verdict = verify_password(user.password_hash if user else None, password)
    renewed = hash_password(password) if verdict.outdated else None
    with database.transaction(_AUTH) as session:
        if user is not None and verdict.right and _still_valid(session, user, now=now):
            signed_in = _open(
                session,
                user,
                book=book,
                now=now,
                policy=policy or SessionPolicy(),
                second_factor=second_factor or SecondFactorPolicy(),
                user_agent=user_agent,
                ip=ip,
            )
            forgive(session, attempt)
            if replaces:
                _end(session, token=replaces, reason="replaced", now=now)
            if renewed is not None:
                session.execute(update(User).where(User.id == user.id).values(password_hash=renewed))
            return signed_in
        _record_refusal(session, login=folded, user_id=user.id if user else None, ip=ip, now=now, wait=wait)
    raise SignInRefused


def resolve(
    database: Database, *, token: str, book: PermissionBook, now: datetime, touch: bool = True
) -> Actor | None:
    """
    Return who holds the token, ``None`` when the session is unknown, ended, expired, idle or of a locked account.

    One statement in one round trip on the bare login of the web, outside any transaction: the function in the
    database also notes the time of the request, at most once a minute.

    :param touch: False for a request that no person made: it does not keep the session awake.
    """
    with database.single(WEB_LOGINS[DbRole.AUTH]).connect() as connection:
        row = connection.exec_driver_sql(_RESOLVE, (token_hash(token), now, touch)).one_or_none()
    if row is None:
        return None
    return make_actor(
        user_id=row.user_id,
        kind=row.kind,
        name=row.name,
        grants=row.grants,
        book=book,
        session_id=row.session_id,
    )


def sign_out(database: Database, *, token: str, now: datetime) -> None:
    """End the session of a token; commits by itself. Does nothing when there is none."""
    with database.transaction(_AUTH) as session:
        _end(session, token=token, reason="sign-out", now=now)


def rotate(session: Session, session_id: UUID, *, now: datetime) -> str:
    """
    Give a session in force a new token, after which the old one opens nothing (role ftz_auth).

    Called when rights change within a session, for instance after a second factor.

    :raises NotFound: no such session in force.
    """
    token = new_token()
    changed = session.execute(
        update(LoginSession)
        .where(
            LoginSession.id == session_id,
            LoginSession.revoked_at.is_(None),
            LoginSession.expires_at > now,
            LoginSession.last_seen_at + LoginSession.idle_for > now,
        )
        .values(token_hash=token_hash(token), last_seen_at=now)
        .returning(LoginSession.id)
    ).one_or_none()
    if changed is None:
        raise NotFound
    return token


def _end(session: Session, *, token: str, reason: str, now: datetime) -> None:
    """End the session of a token, if there is one in force, and record why."""
    ended = session.execute(
        update(LoginSession)
        .where(LoginSession.token_hash == token_hash(token), LoginSession.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(LoginSession.id, LoginSession.user_id)
    ).one_or_none()
    if ended is not None:
        facts = {"user": str(ended.user_id), "reason": reason}
        record(
            session,
            "auth:session:close",
            subject=Subject("session", ended.id),
            actor=ANONYMOUS,
            at=now,
            facts=facts,
        )


def _still_valid(session: Session, user: _Credentials, *, now: datetime) -> bool:
    """Tell whether account and password are still those that were verified, and hold them until the commit."""
    return (
        session.scalar(
            select(User.id)
            .where(
                User.id == user.id,
                User.state == UserState.ACTIVE,
                User.password_hash == user.password_hash,
                or_(User.initial_until.is_(None), User.initial_until > now),
            )
            .with_for_update(key_share=True)
        )
        is not None
    )


def open_for(
    session: Session,
    user_id: UUID,
    book: PermissionBook,
    *,
    now: datetime,
    policy: SessionPolicy,
    second_factor: SecondFactorPolicy,
    user_agent: str | None,
    ip: str | None,
) -> SignedIn:
    """Open a session for an active account whose owner proved it by other means than a password (role ftz_auth)."""
    user = session.execute(
        select(User.id, User.kind, User.state, User.language, User.password_hash, User.initial_until).where(
            User.id == user_id
        )
    ).one()
    return _open(
        session, user, book=book, now=now, policy=policy, second_factor=second_factor, user_agent=user_agent, ip=ip
    )  # fmt: skip


def _open(
    session: Session,
    user: _Credentials,
    *,
    book: PermissionBook,
    now: datetime,
    policy: SessionPolicy,
    second_factor: SecondFactorPolicy,
    user_agent: str | None,
    ip: str | None,
) -> SignedIn:
    token, session_id = new_token(), uuid7()
    actor = with_session(actor_of(session, user.id, book=book, at=now), session_id)
    stage = next_stage(session, user.id, after=None, policy=second_factor)
    lifetime = policy.absolute(user.kind) if stage is None else WAITS[stage]
    opened = LoginSession(
        id=session_id,
        token_hash=token_hash(token),
        user_id=user.id,
        created_at=now,
        last_seen_at=now,
        idle_for=policy.idle(user.kind) if stage is None else lifetime,
        expires_at=now + lifetime,
        user_agent=user_agent[:_LONGEST_USER_AGENT] if user_agent else None,
        ip=ip,
        step_up_at=now if stage is None else None,
        pending=stage,
    )
    session.add(opened)
    record_opening(session, actor, stage=stage, ip=ip, now=now)
    return SignedIn(token, actor, opened.expires_at, user.language, stage)


def with_session(actor: Actor, session_id: UUID) -> Actor:
    """Return the actor as the owner of a session."""
    return replace(actor, session_id=session_id)


def record_opening(
    session: Session, actor: Actor, *, stage: Stage | None, ip: str | None, now: datetime
) -> None:
    """Record that a session opened, or which stage it came to on its way."""
    record(
        session,
        "auth:session:open" if stage is None else "auth:session:begin",
        subject=Subject("session", actor.session_id),
        actor=actor,
        at=now,
        facts=None if stage is None else {"asks_for": stage.value},
        digests={"address": ip} if ip else None,
    )


def _record_refusal(
    session: Session,
    *,
    login: str,
    user_id: UUID | None,
    ip: str | None,
    now: datetime,
    wait: timedelta,
) -> None:
    record(
        session,
        "auth:session:open",
        subject=Subject("user", user_id),
        actor=ANONYMOUS,
        at=now,
        facts={"denied": SignInRefused.code, "wait_seconds": int(wait.total_seconds())},
        digests={"login": login} | ({"address": ip} if ip else {}),
    )
