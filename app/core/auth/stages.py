"""What stands between a right password and an open session: code, new password, enrolment."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.auth.models import Stage, Totp, User
from app.core.auth.roles import UserKind

# How long a session may wait at a stage; enrolling takes a walk to one's telephone.
WAITS: Mapping[Stage, timedelta] = MappingProxyType(
    {
        Stage.CODE: timedelta(minutes=10),
        Stage.PASSWORD: timedelta(minutes=15),
        Stage.ENROL: timedelta(minutes=20),
    }
)


@dataclass(frozen=True, slots=True)
class SecondFactorPolicy:
    """
    Whose accounts must have a second factor.

    Who must and has none is led to enrolment right after the password and can do nothing else. Everybody else may
    enrol, and is then asked for a code as well.
    """

    required_for: frozenset[UserKind] = frozenset()

    def requires(self, kind: UserKind) -> bool:
        """Tell whether accounts of a kind cannot work without a second factor."""
        return kind in self.required_for


def next_stage(
    session: Session, user_id: UUID, *, after: Stage | None, policy: SecondFactorPolicy
) -> Stage | None:
    """
    Return what a session must ask for after a stage, ``None`` when it may open (role ftz_auth).

    :param after: stage just passed; ``None`` at the beginning, when only the password was right.
    """
    row = session.execute(
        select(User.kind, User.initial_until, Totp.confirmed_at)
        .outerjoin(Totp, Totp.user_id == User.id)
        .where(User.id == user_id)
    ).one()
    enrolled = row.confirmed_at is not None
    needed = {
        Stage.CODE: enrolled,
        Stage.PASSWORD: row.initial_until is not None,
        Stage.ENROL: not enrolled and policy.requires(row.kind),
    }
    return next((stage for stage in _following(after) if needed[stage]), None)


def _following(after: Stage | None) -> Iterator[Stage]:
    stages = list(Stage)
    yield from stages if after is None else stages[stages.index(after) + 1 :]
