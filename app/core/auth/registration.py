"""
Registering oneself: a person asks for an account, shows to read the mail of an address, and then has one.

The answer is the same whether the address has an account already or not: only the letter differs, and only the owner
of the address reads it. ``begin`` and ``confirm`` commit by themselves, as ``sign_in`` does: a counted attempt must
stay although the request fails, and no connection is held while a password is hashed.
"""

import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from sqlalchemy import delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.auth.models import Membership, Party, PartyKind, Registration, User, UserState
from app.core.auth.parties import create_party
from app.core.auth.password import WeakPassword, hash_password, refuse_weak, verify_password
from app.core.auth.roles import UserKind
from app.core.auth.service import PERSON, add_membership, fold_login, is_login
from app.core.auth.throttle import Attempt, TooManyAttempts, count_attempt, forgive
from app.core.auth.tokens import new_token, token_hash
from app.core.db import Database, DbRole, SessionContext
from app.core.errors import DomainError, FieldProblem, Invalid
from app.core.evidence import Subject, record
from app.core.i18n import N_
from app.core.kit.actor import ANONYMOUS, SYSTEM
from app.core.kit.ids import uuid7
from app.core.kit.text import nfc

SERVES_FOR = timedelta(hours=1)
LONGEST_NAME = 200
_AUTH = SessionContext(DbRole.AUTH)
_DIGITS = 8
_KEPT_FOR = timedelta(days=1)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}")
_PURPOSE = "register"


class Post(Protocol):
    """Sends a letter with the transaction; made of the notifications' mail by the caller."""

    def __call__(self, session: Session, *, to: str, kind: str, params: Mapping[str, str]) -> None:
        """Write the letter."""


class RegistrationFaulty(Invalid):
    """What was typed cannot become an account; ``errors`` lists every reason."""

    code = "auth.registration-faulty"


class TooManyRegistrations(DomainError):
    """Too many registrations or codes from one address or for one mailbox."""

    code = "auth.too-many-registrations"
    status = 429
    title = "Too many attempts."
    detail = (
        "There were several attempts for this address or from this connection. This one was not looked at."
    )
    hint = "Wait %(retry_after)s seconds and try again."


class WrongRegistrationCode(Invalid):
    """The code does not belong to the registration."""

    code = "auth.wrong-registration-code"
    title = "The code is not right."
    detail = "This is not the code of the letter. Compare all eight digits."
    hint = "Look for the newest letter, also among unwanted mail; or register anew."


class WrongRegistrationPassword(Invalid):
    """Who follows the letter's address does not know the password with which the address was registered."""

    code = "auth.wrong-registration-password"
    title = "The password is not right."
    detail = "This is not the password with which the address was registered."
    hint = "If you did not register yourself, leave the page: no account is opened. Otherwise register anew."


class RegistrationOver(DomainError):
    """The registration is unknown, too old, or the address found its account by another way."""

    code = "auth.registration-over"
    status = 410
    title = "This confirmation no longer serves."
    detail = "It is too old, or it was never begun, or the address has an account already."
    hint = "Try to sign in; if that does not succeed, register anew."


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person typed; ``id`` comes with the page, so that a double click registers once."""

    id: UUID
    full_name: str
    email: str
    password: str
    language: str

    def __repr__(self) -> str:
        return f"Wanted(id={self.id})"


def begin(database: Database, wanted: Wanted, *, post: Post, now: datetime, ip: str | None) -> None:
    """
    Note a wish for an account and send a letter to the address. Sent twice, it is noted once.

    :raises RegistrationFaulty: with every fault of the form.
    :raises TooManyRegistrations: nothing was noted or sent.
    """
    email = fold_login(wanted.email)
    _refuse_faulty(wanted, email)
    _count(database, Attempt.of(login=email, ip=ip, purpose=_PURPOSE), now=now)
    # Hashed in any case, so that time does not tell who has an account.
    password_hash, token, code = hash_password(wanted.password), new_token(), _new_code()
    with database.transaction(_AUTH) as session:
        session.execute(delete(Registration).where(Registration.expires_at < now - _KEPT_FOR))
        row = {
            "id": wanted.id,
            "login": email,
            "full_name": nfc(wanted.full_name).strip(),
            "language": wanted.language,
            "password_hash": password_hash,
            "token_hash": token_hash(token),
            "code_hash": _code_hash(wanted.id, code),
            "created_at": now,
            "expires_at": now + SERVES_FOR,
        }
        added = insert(Registration).values(row).on_conflict_do_nothing().returning(Registration.id)
        if session.execute(added).one_or_none() is None:
            return
        known = _known_login(session, email)
        digests = {"address": email} | ({"ip": ip} if ip else {})
        subject = Subject("registration", wanted.id)
        record(session, "auth:registration:begin", subject=subject, actor=ANONYMOUS, at=now, digests=digests)
        if known is None:
            until = (now + SERVES_FOR).isoformat()
            post(session, to=email, kind="register", params={"code": code, "token": token, "until_at": until})
        else:
            post(session, to=email, kind="register-known", params={"login": known})


def confirm_code(
    database: Database, registration_id: UUID, *, shown: str, now: datetime, ip: str | None
) -> str:
    """
    Open the account for who knows the code of the letter; return its login. A second time changes nothing.

    :raises TooManyRegistrations: the code was not looked at.
    :raises WrongRegistrationCode, RegistrationOver:
    """
    attempt = Attempt.of(login=f"code {registration_id}", ip=ip, purpose=_PURPOSE)
    _count(database, attempt, now=now)
    digits = re.sub(r"\D", "", shown)
    with database.transaction(_AUTH) as session:
        found = session.get(Registration, registration_id, with_for_update=True)
        if found is not None and hmac.compare_digest(found.code_hash, _code_hash(found.id, digits)):
            forgive(session, attempt)
            return _open(session, found, now=now)
    raise WrongRegistrationCode(
        errors=[FieldProblem("code", WrongRegistrationCode.code, WrongRegistrationCode.detail)]
    )


def confirm_token(database: Database, token: str, *, password: str, now: datetime, ip: str | None) -> str:
    """
    Open the account for who follows the letter's address; return its login. A second time changes nothing.

    Whoever registered proves it by the password: somebody else may have registered this address with a password of
    theirs, and its owner must not open that account for them by following a letter.

    :raises TooManyRegistrations: the password was not looked at.
    :raises WrongRegistrationPassword, RegistrationOver:
    """
    same = Registration.token_hash == token_hash(token)
    with database.transaction(_AUTH) as session:
        known = session.execute(select(Registration.id, Registration.password_hash).where(same)).one_or_none()
    if known is None:
        raise RegistrationOver
    attempt = Attempt.of(login=f"token {known.id}", ip=ip, purpose=_PURPOSE)
    _count(database, attempt, now=now)
    # Without a connection, since it takes its time. An account that is open already keeps the hash: nothing opens.
    opened = known.password_hash is None
    right = opened or verify_password(known.password_hash, password).right
    with database.transaction(_AUTH) as session:
        found = session.scalar(select(Registration).where(same).with_for_update()) if right else None
        if found is not None:
            forgive(session, attempt)
            return _open(session, found, now=now)
    if right:
        raise RegistrationOver
    reason = WrongRegistrationPassword.detail
    raise WrongRegistrationPassword(errors=[FieldProblem("password", WrongRegistrationPassword.code, reason)])


def ensure_person(session: Session, user_id: UUID, *, now: datetime) -> UUID:
    """
    Return the party that a customer is as a person; it is made where there is none yet (role ftz_auth).

    Accounts that an enterprise or an administrator opened have none until they need one.
    """
    # Two windows at once would make two parties otherwise.
    name = session.scalars(
        select(User.full_name)
        .where(User.id == user_id, User.kind == UserKind.CUSTOMER)
        .with_for_update(key_share=True)
    ).one()
    found = session.scalar(
        select(Membership.party_id)
        .join(Party, Party.id == Membership.party_id)
        .where(
            Membership.user_id == user_id,
            Party.kind == PartyKind.PERSON,
            or_(Membership.valid_to.is_(None), Membership.valid_to > now),
        )
    )
    if found is not None:
        return found
    party = create_party(session, kind=PartyKind.PERSON, name=name, actor=SYSTEM, now=now)
    add_membership(session, party_id=party.id, user_id=user_id, roles=[PERSON], actor=SYSTEM, now=now)
    return party.id


def refuse_name(full_name: str) -> list[FieldProblem]:
    """Return what is wrong with the name of a person."""
    name = nfc(full_name).strip()
    if not name:
        return [FieldProblem("full_name", "missing", N_("This question has no answer yet."))]
    if len(name) > LONGEST_NAME or any(not character.isprintable() for character in name):
        return [
            FieldProblem(
                "full_name",
                "unfit",
                N_("Write the name in at most %(count)s letters."),
                {"count": LONGEST_NAME},
            )
        ]
    return []


def refuse_email(email: str) -> list[FieldProblem]:
    """Return what is wrong with an address that is to become a login."""
    if not email:
        return [FieldProblem("email", "missing", N_("This question has no answer yet."))]
    if not _EMAIL.fullmatch(email) or not is_login(email):
        reason = N_(
            "Write an e-mail address like name@example.com, without accents and at most 100 characters."
        )
        return [FieldProblem("email", "unfit", reason)]
    return []


def _refuse_faulty(wanted: Wanted, email: str) -> None:
    problems = [*refuse_name(wanted.full_name), *refuse_email(email)]
    try:
        refuse_weak(wanted.password, kind=UserKind.CUSTOMER, context=(email, wanted.full_name))
    except WeakPassword as refusal:
        problems += refusal.errors
    if problems:
        raise RegistrationFaulty(errors=problems)


def _known_login(session: Session, email: str) -> str | None:
    return session.scalar(
        select(User.login)
        .where(or_(User.login == email, (func.lower(User.email) == email) & (User.kind == UserKind.CUSTOMER)))
        .order_by(User.created_at)
        .limit(1)
    )


def _open(session: Session, found: Registration, *, now: datetime) -> str:
    if found.confirmed_at is not None:
        return found.login
    if found.expires_at <= now or _known_login(session, found.login) is not None:
        raise RegistrationOver
    user = User(
        id=uuid7(),
        login=found.login,
        email=found.login,
        full_name=found.full_name,
        kind=UserKind.CUSTOMER,
        password_hash=found.password_hash,
        state=UserState.ACTIVE,
        language=found.language,
        created_at=now,
        password_changed_at=found.created_at,
    )
    session.add(user)
    found.confirmed_at, found.password_hash = now, None
    # The membership points to the account.
    session.flush()
    facts = {"kind": user.kind.value, "registration": str(found.id)}
    record(
        session, "auth:user:register", subject=Subject("user", user.id), actor=ANONYMOUS, at=now, facts=facts
    )
    ensure_person(session, user.id, now=now)
    return user.login


def _count(database: Database, attempt: Attempt, *, now: datetime) -> None:
    try:
        with database.transaction(_AUTH) as session:
            count_attempt(session, attempt, now=now)
    except TooManyAttempts as refusal:
        raise TooManyRegistrations(retry_after=refusal.params["retry_after"]) from None


def _new_code() -> str:
    return f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}d}"


def _code_hash(registration_id: UUID, code: str) -> bytes:
    return token_hash(f"{registration_id} {code}")
