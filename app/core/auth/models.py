"""Tables of identity: parties, offices, accounts, memberships, delegations, sessions, second factors, attempts."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Enum, ForeignKey, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.auth.roles import UserKind
from app.core.db import Base, Tenancy, tenancy


class PartyKind(StrEnum):
    """What sort of holder of rights a party is."""

    ENTERPRISE = "ENTERPRISE"
    PERSON = "PERSON"
    AGENCY = "AGENCY"
    DIVISION = "DIVISION"
    AUTHORITY = "AUTHORITY"
    SYSTEM = "SYSTEM"


OFFICE_KINDS = frozenset({PartyKind.AUTHORITY, PartyKind.DIVISION, PartyKind.AGENCY})


class UserState(StrEnum):
    """Whether an account may be used; a closed one is never opened again."""

    ACTIVE = "ACTIVE"
    LOCKED = "LOCKED"
    CLOSED = "CLOSED"


class Stage(StrEnum):
    """What a session still asks for before it opens anything, in this order."""

    CODE = "CODE"
    PASSWORD = "PASSWORD"  # noqa: S105  the name of a stage
    ENROL = "ENROL"


def _code(codes: type[StrEnum]) -> Enum:
    return Enum(codes, native_enum=False, create_constraint=False, length=20)


def _one_of(column: str, codes: type[StrEnum]) -> CheckConstraint:
    listed = ", ".join(f"'{code}'" for code in codes)
    return CheckConstraint(f"{column} in ({listed})", name=column)


class Party(Base):
    """Who can hold something: an enterprise, a person, the authority, one of its divisions, an agency."""

    __tablename__ = "auth_party"
    __table_args__ = (_one_of("kind", PartyKind), tenancy(Tenancy.TENANT))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[PartyKind] = mapped_column(_code(PartyKind))
    name: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]


class Office(Base):
    """The public side of a party that is the authority, a division of it or a consulted agency."""

    __tablename__ = "auth_office"
    __table_args__ = (
        CheckConstraint("kind in ('AUTHORITY', 'DIVISION', 'AGENCY')", name="kind"),
        Index("ix_auth_office_parent_id", "parent_id"),
        tenancy(Tenancy.SHARED),
    )

    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), primary_key=True)
    code: Mapped[str] = mapped_column(Text, unique=True)
    kind: Mapped[PartyKind] = mapped_column(_code(PartyKind))
    name: Mapped[dict[str, Any]] = mapped_column(comment="by language: vi, en")
    symbol: Mapped[str] = mapped_column(Text, comment="as in the number of its letters")
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("auth_office.party_id"))


class User(Base):
    """An account of a person. Only the role ftz_auth reads the hash; officers and jobs see who it is."""

    __tablename__ = "auth_user"
    __table_args__ = (
        _one_of("kind", UserKind),
        _one_of("state", UserState),
        CheckConstraint("login ~ '^[a-z0-9][a-z0-9._@+-]{2,99}$'", name="login"),
        tenancy(Tenancy.SYSTEM),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(Text, unique=True, comment="folded, see fold_login")
    email: Mapped[str | None] = mapped_column(Text)
    full_name: Mapped[str] = mapped_column(Text)
    kind: Mapped[UserKind] = mapped_column(_code(UserKind))
    password_hash: Mapped[str | None] = mapped_column(
        Text, comment="PHC string; none: no sign-in by password"
    )
    state: Mapped[UserState] = mapped_column(_code(UserState))
    language: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    password_changed_at: Mapped[datetime | None]
    initial_until: Mapped[datetime | None] = mapped_column(
        comment="set: the password was made by an administrator, serves once and until then"
    )


class Membership(Base):
    """The roles of a user in a party, from ``valid_from`` until before ``valid_to``; one at a time."""

    __tablename__ = "auth_membership"
    __table_args__ = (
        CheckConstraint("cardinality(roles) > 0", name="roles"),
        CheckConstraint("valid_to > valid_from", name="period"),
        # The user stands first: the planner takes this index for look-ups by user too, and with the party first it
        # would read all of it (1,270 instead of 56 µs for a resolution at 20,000 memberships).
        ExcludeConstraint(
            ("user_id", "="),
            ("party_id", "="),
            (text("tstzrange(valid_from, valid_to)"), "&&"),
            name="one_at_a_time",
        ),
        Index("ix_auth_membership_party_id", "party_id"),
        Index("ix_auth_membership_user_id", "user_id"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("auth_user.id"))
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None] = mapped_column(comment="none: the platform itself")


class Delegation(Base):
    """
    A party lets another act for it, within roles, topics and a period.

    A member of the delegate holds the named roles as far as he holds them at the delegate itself, where its
    administrators count as filers and signers too. Delegations do not chain: what was received cannot be given on.
    """

    __tablename__ = "auth_delegation"
    __table_args__ = (
        CheckConstraint("cardinality(roles) > 0", name="roles"),
        CheckConstraint("valid_to > valid_from", name="period"),
        CheckConstraint("delegate_party_id <> party_id", name="other_party"),
        Index("ix_auth_delegation_party_id", "party_id"),
        Index("ix_auth_delegation_delegate_party_id", "delegate_party_id"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), comment="who gives")
    delegate_party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), comment="who acts")
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    scope: Mapped[list[str]] = mapped_column(
        ARRAY(Text), comment="first words of permission codes; empty: all"
    )
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None]


class LoginSession(Base):
    """A signed-in browser. Of its token only the SHA-256 hash is stored, so a stolen table opens no session."""

    __tablename__ = "auth_session"
    __table_args__ = (
        Index("ix_auth_session_user_id", "user_id"),
        Index("ix_auth_session_expires_at", "expires_at"),
        _one_of("pending", Stage),
        tenancy(Tenancy.SYSTEM),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("auth_user.id"))
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime] = mapped_column(comment="moved at most once a minute")
    idle_for: Mapped[timedelta] = mapped_column(comment="longest rest, fixed when the session began")
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    user_agent: Mapped[str | None] = mapped_column(Text)
    ip: Mapped[str | None] = mapped_column(Text)
    step_up_at: Mapped[datetime | None] = mapped_column(comment="last time the person proved presence again")
    pending: Mapped[Stage | None] = mapped_column(
        _code(Stage), comment="what is asked for next; until it is none the session opens nothing else"
    )


class Totp(Base):
    """
    The second factor of an account: one shared secret, sealed, and the recovery codes that stand in for it.

    ``candidate`` is a secret that nobody has confirmed yet. Recovery codes are hashed by Argon2id under one salt for
    the set; a used one is taken out.
    """

    __tablename__ = "auth_totp"
    __table_args__ = (
        CheckConstraint("(secret is null) = (confirmed_at is null)", name="confirmed"),
        CheckConstraint("(candidate is null) = (candidate_at is null)", name="candidate"),
        tenancy(Tenancy.SYSTEM),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("auth_user.id"), primary_key=True)
    secret: Mapped[bytes | None] = mapped_column(LargeBinary, comment="sealed, see SecretsBox")
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int | None] = mapped_column(comment="no code of this step or an earlier one is taken")
    candidate: Mapped[bytes | None] = mapped_column(LargeBinary, comment="sealed, see SecretsBox")
    candidate_at: Mapped[datetime | None]
    recovery_salt: Mapped[bytes | None] = mapped_column(LargeBinary)
    recovery_hashes: Mapped[list[bytes]] = mapped_column(ARRAY(LargeBinary))


class Throttle(Base):
    """Failed sign-ins in a row for one key: a hashed login or a hashed address."""

    __tablename__ = "auth_throttle"
    __table_args__ = (Index("ix_auth_throttle_last_at", "last_at"), tenancy(Tenancy.SYSTEM))

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime]
    not_before: Mapped[datetime | None] = mapped_column(comment="no attempt is looked at before")


class Registration(Base):
    """
    A person's own wish for an account, until the address is confirmed.

    Where the login is taken already the row is made all the same, so that nothing tells the two apart; its code is
    then known to nobody.
    """

    __tablename__ = "auth_registration"
    __table_args__ = (Index("ix_auth_registration_expires_at", "expires_at"), tenancy(Tenancy.SYSTEM))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(Text, comment="the e-mail address, folded")
    full_name: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(Text)
    password_hash: Mapped[str | None] = mapped_column(Text, comment="moves to the account when it is opened")
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]


class Invitation(Base):
    """A letter that lets who holds it join an enterprise, or lets the holder's own enterprise act for it."""

    __tablename__ = "auth_invitation"
    __table_args__ = (
        CheckConstraint("kind in ('MEMBER', 'DELEGATE')", name="kind"),
        CheckConstraint("cardinality(roles) > 0", name="roles"),
        Index("ix_auth_invitation_party_id", "party_id", "email"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"))
    kind: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text, comment="folded as a login")
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    scope: Mapped[list[str]] = mapped_column(ARRAY(Text), comment="topics of a delegation; empty: all")
    delegated_until: Mapped[datetime | None] = mapped_column(comment="end of the delegation")
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    language: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None]
    sent_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    accepted_by: Mapped[UUID | None]
    revoked_at: Mapped[datetime | None]
