"""
The second factor: time-based one-time codes (RFC 6238) and the recovery codes that stand in for a lost device.

All functions run under the role ftz_auth. A code serves once: the step that it belongs to is stored, and no code of
that step or an earlier one is taken again (RFC 6238 §5.2). Guesses are slowed down by the caller, see ``proof``.
"""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import pyotp
from argon2.low_level import Type, hash_secret_raw
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.auth.models import Totp, User
from app.core.auth.password import HASH_BYTES, LANES, MEMORY_KIB, PASSES, SALT_BYTES
from app.core.errors import Conflict, DomainError, FieldProblem
from app.core.evidence import Subject, record
from app.core.kit.actor import Actor
from app.core.privacy.box import SecretsBox

STEP_SECONDS = 30
DIGITS = 6
# One step either way forgives a clock that is half a minute wrong and the time it takes to type (RFC 6238 §5.2).
DRIFT_STEPS = 1
RECOVERY_CODES = 10
CANDIDATE_FOR = timedelta(hours=1)

# No 0, 1, I, L, O, U: they are mistaken for one another when copied by hand.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_RECOVERY_LENGTH = 12  # 58 bits, behind Argon2id
_GROUP = 4


class WrongCode(DomainError):
    """A code is not the one of this moment, was used already, or is no code at all."""

    code = "auth.wrong-code"
    status = 422
    title = "The code is not right."
    detail = "The code does not fit, has run out, or was used already."
    hint = "Wait for the next code of the application and type that one. The device's clock must be right."


class NotEnrolled(Conflict):
    """The account has no second factor."""

    code = "auth.not-enrolled"
    title = "No second factor is set up."
    detail = "This account signs in with its password alone."
    hint = "Set up the second factor first."


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator application needs; shown to its owner once and never written anywhere."""

    key: str = field(repr=False)
    uri: str = field(repr=False)

    @property
    def spaced_key(self) -> str:
        """Return the key in groups, for typing it."""
        return _grouped(self.key, " ")


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """How an account's second factor stands: since when, and how many recovery codes are left."""

    confirmed_at: datetime | None
    recovery_left: int

    @property
    def enrolled(self) -> bool:
        """Tell whether a code is asked for at sign-in."""
        return self.confirmed_at is not None


def status(session: Session, user_id: UUID) -> SecondFactor:
    """Return how the second factor of an account stands."""
    row = session.get(Totp, user_id)
    if row is None:
        return SecondFactor(None, 0)
    return SecondFactor(row.confirmed_at, len(row.recovery_hashes))


def begin(session: Session, user_id: UUID, *, box: SecretsBox, issuer: str, now: datetime) -> Enrolment:
    """
    Make a secret to set up, the same one for an hour, so that a second start fits the device already scanned.

    The factor in force, if there is one, stays until the new one is confirmed.

    :param issuer: name of the installation as the application lists it.
    """
    row = _row(session, user_id)
    if not _is_fresh(row, now):
        row.candidate = box.seal(pyotp.random_base32().encode(), purpose=_purpose(user_id))
        row.candidate_at = now
    return _enrolment(session, row, box=box, issuer=issuer)


def begun(
    session: Session, user_id: UUID, *, box: SecretsBox, issuer: str, now: datetime
) -> Enrolment | None:
    """Return the secret that was made to be set up, ``None`` when none was or an hour has passed; writes nothing."""
    row = session.get(Totp, user_id)
    return _enrolment(session, row, box=box, issuer=issuer) if row and _is_fresh(row, now) else None


def confirm(
    session: Session, user_id: UUID, *, code: str, box: SecretsBox, actor: Actor, now: datetime
) -> list[str]:
    """
    Put the secret in force with a first code from the device; return new recovery codes, readable this once.

    :raises WrongCode: the device shows another code, or the page is older than an hour.
    """
    row = _row(session, user_id)
    if row.candidate is None or not _is_fresh(row, now):
        raise WrongCode(errors=[_problem()])
    step = _matching_step(box.open(row.candidate, purpose=_purpose(user_id)), code, after=None, now=now)
    if step is None:
        raise WrongCode(errors=[_problem()])
    row.secret, row.confirmed_at, row.last_step = row.candidate, now, step
    row.candidate = row.candidate_at = None
    codes = _renew(row)
    _record(session, "enrol", user_id, actor=actor, now=now)
    return codes


def check(session: Session, user_id: UUID, code: str, *, box: SecretsBox, now: datetime) -> bool:
    """
    Tell whether a code opens the second factor at this moment, and use it up.

    Locks the row, so that of two requests with the same code one is refused.
    """
    row = session.get(Totp, user_id, with_for_update=True)
    if row is None or row.secret is None:
        return False
    secret = box.open(row.secret, purpose=_purpose(user_id))
    step = _matching_step(secret, code, after=row.last_step, now=now)
    if step is None:
        return False
    row.last_step = step
    if box.is_outdated(row.secret):
        row.secret = box.seal(secret, purpose=_purpose(user_id))
    return True


def recovery_digest(code: str, salt: bytes) -> bytes:
    """Return the Argon2id digest of a recovery code as typed; takes tens of milliseconds."""
    plain = "".join(code.upper().split()).replace("-", "")[: _RECOVERY_LENGTH * 2]
    return _digest(plain, salt)


def recovery_salt(session: Session, user_id: UUID) -> bytes | None:
    """Return the salt of an account's recovery codes, ``None`` when it has none."""
    row = session.get(Totp, user_id)
    return None if row is None or row.secret is None else row.recovery_salt


def use_recovery(session: Session, user_id: UUID, digest: bytes) -> bool:
    """Tell whether a recovery code is one of the unused ones, and use it up."""
    row = session.get(Totp, user_id, with_for_update=True, populate_existing=True)
    if row is None or row.secret is None:
        return False
    kept = [each for each in row.recovery_hashes if not hmac.compare_digest(each, digest)]
    if len(kept) == len(row.recovery_hashes):
        return False
    row.recovery_hashes = kept
    return True


def renew_recovery(session: Session, user_id: UUID, *, actor: Actor, now: datetime) -> list[str]:
    """
    Make new recovery codes; the earlier ones open nothing any more.

    :raises NotEnrolled:
    """
    row = _row(session, user_id)
    if row.secret is None:
        raise NotEnrolled
    codes = _renew(row)
    _record(session, "renew-recovery", user_id, actor=actor, now=now)
    return codes


def remove(session: Session, user_id: UUID, *, actor: Actor, now: datetime) -> bool:
    """Take the second factor away with its secret and recovery codes; tell whether there was one."""
    row = session.get(Totp, user_id, with_for_update=True)
    if row is None or (row.secret is None and row.candidate is None):
        return False
    had = row.secret is not None
    row.secret = row.confirmed_at = row.last_step = None
    row.candidate = row.candidate_at = None
    row.recovery_salt, row.recovery_hashes = None, []
    if had:
        _record(session, "remove", user_id, actor=actor, now=now)
    return had


def reseal_all(session: Session, *, box: SecretsBox) -> int:
    """Seal every stored secret with the newest key, after a rotation; return how many were changed."""
    changed = 0
    for row in session.scalars(select(Totp).with_for_update()):
        for name in ("secret", "candidate"):
            sealed: bytes | None = getattr(row, name)
            if sealed is not None and box.is_outdated(sealed):
                purpose = _purpose(row.user_id)
                setattr(row, name, box.seal(box.open(sealed, purpose=purpose), purpose=purpose))
                changed += 1
    return changed


def _is_fresh(row: Totp, now: datetime) -> bool:
    return row.candidate_at is not None and now - row.candidate_at <= CANDIDATE_FOR


def _enrolment(session: Session, row: Totp, *, box: SecretsBox, issuer: str) -> Enrolment:
    assert row.candidate is not None
    key = box.open(row.candidate, purpose=_purpose(row.user_id)).decode()
    login = session.scalars(select(User.login).where(User.id == row.user_id)).one()
    return Enrolment(key, pyotp.TOTP(key).provisioning_uri(name=login, issuer_name=issuer))


def _row(session: Session, user_id: UUID) -> Totp:
    """Return the row, locked; made empty when there is none yet."""
    session.execute(insert(Totp).values(user_id=user_id, recovery_hashes=[]).on_conflict_do_nothing())
    return session.get_one(Totp, user_id, with_for_update=True, populate_existing=True)


def _matching_step(secret: bytes, code: str, *, after: int | None, now: datetime) -> int | None:
    """Return the step of a code within the drift, the earliest first; compares all in constant time."""
    shown = "".join(code.split())
    if len(shown) != DIGITS or not (shown.isascii() and shown.isdigit()):
        return None
    totp, present = pyotp.TOTP(secret.decode()), int(now.timestamp()) // STEP_SECONDS
    found = [
        step
        for step in range(present - DRIFT_STEPS, present + DRIFT_STEPS + 1)
        if hmac.compare_digest(totp.generate_otp(step), shown) and (after is None or step > after)
    ]
    return found[0] if found else None


def _renew(row: Totp) -> list[str]:
    codes = [
        "".join(secrets.choice(_ALPHABET) for _ in range(_RECOVERY_LENGTH)) for _ in range(RECOVERY_CODES)
    ]
    salt = secrets.token_bytes(SALT_BYTES)
    row.recovery_salt, row.recovery_hashes = salt, _digests(codes, salt)
    return [_grouped(code, "-") for code in codes]


def _digests(codes: Sequence[str], salt: bytes) -> list[bytes]:
    return [_digest(code, salt) for code in codes]


def _digest(code: str, salt: bytes) -> bytes:
    return hash_secret_raw(code.encode(), salt, PASSES, MEMORY_KIB, LANES, HASH_BYTES, Type.ID)


def _grouped(text: str, between: str) -> str:
    return between.join(text[start : start + _GROUP] for start in range(0, len(text), _GROUP))


def _purpose(user_id: UUID) -> str:
    return f"totp:{user_id}"


def _problem() -> FieldProblem:
    return FieldProblem("code", WrongCode.code, WrongCode.detail)


def _record(session: Session, verb: str, user_id: UUID, *, actor: Actor, now: datetime) -> None:
    record(session, f"auth:second-factor:{verb}", subject=Subject("user", user_id), actor=actor, at=now)
