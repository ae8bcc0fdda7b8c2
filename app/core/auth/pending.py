"""
Sessions between the right password and the desk: what they still ask for, and going on.

Such a session opens nothing: ``resolve`` does not know it. Each passed stage gives it a new token, after which the old
one leads nowhere. The functions commit by themselves, as ``sign_in`` does.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.core.auth import totp
from app.core.auth.actors import actor_of
from app.core.auth.models import LoginSession, Stage, User, UserState
from app.core.auth.password import WeakPassword, verify_password
from app.core.auth.permissions import PermissionBook
from app.core.auth.roles import UserKind
from app.core.auth.service import set_password
from app.core.auth.sessions import SessionPolicy, SignedIn, record_opening, with_session
from app.core.auth.stages import WAITS, SecondFactorPolicy, next_stage
from app.core.auth.step_up import Proof, prove
from app.core.auth.tokens import new_token, token_hash
from app.core.auth.totp import Enrolment
from app.core.db import Database, DbRole, SessionContext
from app.core.errors import FieldProblem, NotFound
from app.core.privacy.box import SecretsBox

_AUTH = SessionContext(DbRole.AUTH)


@dataclass(frozen=True, slots=True)
class Pending:
    """A session that waits, and whose it will be."""

    session_id: UUID
    user_id: UUID
    kind: UserKind
    stage: Stage


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides about an opening session: the permissions, its lifetimes, and who needs a second factor."""

    book: PermissionBook
    sessions: SessionPolicy
    second_factor: SecondFactorPolicy


def find_pending(database: Database, *, token: str, now: datetime) -> Pending | None:
    """Return the waiting session of a token, ``None`` when it is unknown, ended, over, or open already."""
    with database.session(_AUTH) as session:
        row = session.execute(
            select(LoginSession.id, LoginSession.user_id, User.kind, LoginSession.pending)
            .join(User, User.id == LoginSession.user_id)
            .where(
                LoginSession.token_hash == token_hash(token),
                LoginSession.revoked_at.is_(None),
                LoginSession.expires_at > now,
                LoginSession.pending.is_not(None),
                User.state == UserState.ACTIVE,
            )
        ).one_or_none()
    if row is None or row.pending is None:
        return None
    return Pending(row.id, row.user_id, row.kind, row.pending)


def pass_code(
    database: Database,
    pending: Pending,
    *,
    shown: str,
    by: Proof,
    rules: Rules,
    box: SecretsBox,
    now: datetime,
    ip: str | None,
) -> SignedIn:
    """
    Go on after a code of the device, or after a recovery code when the device is lost.

    :param by: CODE or RECOVERY; a used recovery code opens nothing again.
    :raises TooManyAttempts, WrongCode:
    :raises NotFound: the session does not wait for a code, or does no longer.
    """
    if pending.stage is not Stage.CODE or by is Proof.PASSWORD:
        raise NotFound
    return prove(
        database,
        user_id=pending.user_id,
        by=by,
        shown=shown,
        box=box,
        now=now,
        ip=ip,
        then=lambda session: _go_on(session, pending, rules=rules, now=now),
    )


def pass_password(
    database: Database, pending: Pending, *, password: str, rules: Rules, now: datetime
) -> SignedIn:
    """
    Go on after the initial password was replaced by one that only the owner knows.

    :raises WeakPassword: also when it is the initial one again.
    :raises NotFound: the session does not wait for it, or does no longer.
    """
    if pending.stage is not Stage.PASSWORD:
        raise NotFound
    with database.session(_AUTH) as session:
        earlier = session.scalar(select(User.password_hash).where(User.id == pending.user_id))
    if verify_password(earlier, password).right:
        problem = FieldProblem(
            "password", "same", "Choose another password than the one that you were given."
        )
        raise WeakPassword(errors=[problem])
    with database.transaction(_AUTH) as session:
        actor = actor_of(session, pending.user_id, book=rules.book, at=now)
        set_password(
            session, pending.user_id, password=password, actor=actor, now=now, keep=pending.session_id
        )
        return _go_on(session, pending, rules=rules, now=now)


def begin_enrolment(
    database: Database, pending: Pending, *, box: SecretsBox, issuer: str, now: datetime
) -> Enrolment:
    """
    Make the secret that the person has to set up.

    :raises NotFound: the session does not wait for an enrolment.
    """
    if pending.stage is not Stage.ENROL:
        raise NotFound
    with database.transaction(_AUTH) as session:
        return totp.begin(session, pending.user_id, box=box, issuer=issuer, now=now)


def begun_enrolment(
    database: Database, pending: Pending, *, box: SecretsBox, issuer: str, now: datetime
) -> Enrolment | None:
    """Return the secret that was made for the person, ``None`` when it has grown too old; writes nothing."""
    with database.session(_AUTH) as session:
        return totp.begun(session, pending.user_id, box=box, issuer=issuer, now=now)


def pass_enrolment(
    database: Database, pending: Pending, *, code: str, rules: Rules, box: SecretsBox, now: datetime
) -> tuple[SignedIn, list[str]]:
    """
    Go on after a first code of the new device; return the recovery codes too, readable this once.

    :raises WrongCode:
    :raises NotFound: the session does not wait for it, or does no longer.
    """
    if pending.stage is not Stage.ENROL:
        raise NotFound
    with database.transaction(_AUTH) as session:
        actor = actor_of(session, pending.user_id, book=rules.book, at=now)
        codes = totp.confirm(session, pending.user_id, code=code, box=box, actor=actor, now=now)
        return _go_on(session, pending, rules=rules, now=now), codes


def _go_on(session: Session, pending: Pending, *, rules: Rules, now: datetime) -> SignedIn:
    """Take a session to its next stage, or open it; a new token either way."""
    # The stage just passed has left its trace in rows that the next question reads.
    session.flush()
    following = next_stage(session, pending.user_id, after=pending.stage, policy=rules.second_factor)
    token = new_token()
    lifetime = rules.sessions.absolute(pending.kind) if following is None else WAITS[following]
    changed = session.execute(
        update(LoginSession)
        .where(
            LoginSession.id == pending.session_id,
            LoginSession.revoked_at.is_(None),
            LoginSession.pending == pending.stage,
        )
        .values(
            token_hash=token_hash(token),
            pending=following,
            last_seen_at=now,
            idle_for=rules.sessions.idle(pending.kind) if following is None else lifetime,
            expires_at=now + lifetime,
            step_up_at=now if following is None else None,
        )
        .returning(LoginSession.ip)
    ).one_or_none()
    if changed is None:
        raise NotFound
    actor = with_session(actor_of(session, pending.user_id, book=rules.book, at=now), pending.session_id)
    record_opening(session, actor, stage=following, ip=changed.ip, now=now)
    language = session.scalars(select(User.language).where(User.id == pending.user_id)).one()
    return SignedIn(token, actor, now + lifetime, language, following)
