"""The context of a transaction: which database role acts, for which parties, caused by whom.

The context is set by one ``set_config`` call when a transaction begins and is gone when it ends, so a pooled
connection never carries a caller's rights over to the next one. BEGIN and that call go to the database together: on
their own they are two of the five round trips of a small read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from psycopg.pq import ExecStatus, TransactionStatus
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
        if not _begun_with(context, connection.connection.dbapi_connection):
            connection.exec_driver_sql(_SET_CONTEXT, tuple(context.parameters))


def _begun_with(context: SessionContext, connection: Any) -> bool:
    """
    Begin a transaction and set its context in one message; tell whether that could be done.

    Otherwise psycopg begins and the context follows in the usual way: inside a transaction that has begun already,
    where the connection has another isolation level, and where this failed, which then fails once more and is reported.
    """
    if (
        connection.autocommit
        or connection.isolation_level is not None
        or connection.info.transaction_status != TransactionStatus.IDLE
    ):
        return False
    # Several commands in one message take no parameters; these are a name of ours and keys, and hold no quote. Should
    # that ever change, they travel as parameters again.
    role, parties, user = context.parameters
    if any(sign in part for part in (role, parties, user) for sign in "'\\"):
        return False
    sent = connection.pgconn.exec_(
        f"begin; select set_config('role', '{role}', true), set_config('ftz.parties', '{parties}', true),"
        f" set_config('ftz.user', '{user}', true)".encode()
    )
    return bool(sent.status == ExecStatus.TUPLES_OK)
