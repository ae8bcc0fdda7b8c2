"""The context of a transaction: which database role acts, for which parties, caused by whom.

The context is set by one ``set_config`` call when a transaction begins and is gone when it ends, so a pooled
connection never carries a caller's rights over to the next one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Connection, event
from sqlalchemy.orm import Session, SessionTransaction

# set_config('role', …, true) is SET LOCAL ROLE; one statement, since several commands cannot be prepared together.
_SET_CONTEXT = (
    "select set_config('role', %s, true), set_config('ftz.parties', %s, true),"
    " set_config('ftz.user', %s, true)"
)


class DbRole(StrEnum):
    """The database roles a transaction may act as; none of them can log in."""

    TENANT = "ftz_tenant"
    OFFICER = "ftz_officer"
    AUTH = "ftz_auth"
    WORKER = "ftz_worker"


@dataclass(frozen=True, slots=True)
class SessionContext:
    """Role, parties and user of one transaction."""

    role: DbRole
    party_ids: tuple[UUID, ...] = ()
    user_id: UUID | None = None

    @property
    def parameters(self) -> Sequence[str]:
        """Return the values of the three settings in the order of the statement."""
        parties = "{" + ",".join(map(str, self.party_ids)) + "}" if self.party_ids else ""
        return (self.role.value, parties, str(self.user_id or ""))


class ContextSession(Session):
    """A session that cannot run a query without a context (``info['context']``)."""


@event.listens_for(ContextSession, "after_begin")
def _set_context(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    if not transaction.nested:
        context: SessionContext = session.info["context"]  # KeyError: no context, no query
        connection.exec_driver_sql(_SET_CONTEXT, tuple(context.parameters))
