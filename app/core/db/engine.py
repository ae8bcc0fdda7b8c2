"""Engines and pools: one for each login, never one for all."""

import json
import select
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import psycopg
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.orm import sessionmaker
from sqlalchemy.pool import QueuePool

from app.core.db.session import ContextSession, DbRole, SessionContext
from app.core.db.slow import watch_slow
from app.core.kit.personal import SEALED, from_stored, to_stored
from app.core.settings import DatabaseTarget

Login = str

# The web has one login for each side of the desk: a role taken inside a transaction does not stop an injected
# SET LOCAL ROLE, a login that is no member of the other role does.
WEB_LOGINS: Mapping[DbRole, Login] = MappingProxyType(
    {DbRole.TENANT: "ftz_web_tenant", DbRole.OFFICER: "ftz_web_officer", DbRole.AUTH: "ftz_web_auth"}
)
# Jobs take the causing actor's role, so one login serves them.
WORK_LOGINS: Mapping[DbRole, Login] = MappingProxyType(
    {DbRole.TENANT: "ftz_work", DbRole.OFFICER: "ftz_work", DbRole.WORKER: "ftz_work"}
)

_MARK = f'"{SEALED}"'
_UNSAFE_LOGIN = text(
    """
    select r.rolname from pg_roles r
     where (r.rolsuper or r.rolbypassrls or r.rolcreaterole) and pg_has_role(session_user, r.oid, 'member')
    union
    select distinct tableowner from pg_tables
     where schemaname = 'public' and pg_has_role(session_user, tableowner, 'member')
    """
)


class UnsafeLogin(RuntimeError):
    """A login of the product could read past row-level security; the process refuses to start."""


class Database:
    """
    The pools of one process. Create it in the process's start-up and close it at its end.

    :param slow_s: statements that take so many seconds are logged; below 0 none is.
    """

    def __init__(
        self,
        target: DatabaseTarget,
        *,
        logins: Mapping[DbRole, Login],
        pool_size: int = 10,
        slow_s: float = -1.0,
    ) -> None:
        self.target = target
        self._engines: dict[Login, Engine] = {
            login: _engine(target, login, pool_size) for login in dict.fromkeys(logins.values())
        }
        for engine in self._engines.values():
            _replace_dead(engine)
            watch_slow(engine, slow_s)
        self._single = {
            login: engine.execution_options(isolation_level="AUTOCOMMIT")
            for login, engine in self._engines.items()
        }
        self._makers = {
            role: sessionmaker(self._engines[login], class_=ContextSession, expire_on_commit=False)
            for role, login in logins.items()
        }

    @contextmanager
    def session(self, context: SessionContext) -> Iterator[ContextSession]:
        """
        Open a session under a context. Commits nothing: the caller at the edge does.

        :raises KeyError: this process has no login for the role.
        """
        with self._makers[context.role](info={"context": context}) as session:
            yield session

    @contextmanager
    def transaction(self, context: SessionContext) -> Iterator[ContextSession]:
        """Open a session that commits at the end of the block and rolls back on an exception."""
        with self.session(context) as session:
            yield session
            session.commit()

    def engine(self, login: Login) -> Engine:
        """Return the engine of a login, for services that need a bare connection."""
        return self._engines[login]

    def single(self, login: Login) -> Engine:
        """Return the engine of a login for single statements, each its own transaction: one round trip, no context."""
        return self._single[login]

    def taken(self) -> Iterator[tuple[Login, int]]:
        """Yield how many connections of each login are in use."""
        for login, engine in self._engines.items():
            pool = engine.pool
            yield login, pool.checkedout() if isinstance(pool, QueuePool) else 0

    def refuse_unsafe_logins(self) -> None:
        """
        Refuse superusers, BYPASSRLS, role makers and table owners.

        :raises UnsafeLogin: naming the login and the role that it must not hold.
        """
        for login, engine in self._engines.items():
            with engine.connect() as connection:
                found = connection.execute(_UNSAFE_LOGIN).scalars().all()
            if found:
                raise UnsafeLogin(
                    f"{login} holds {', '.join(found)}: grant it the roles of docs/operations.md only."
                )

    def close(self) -> None:
        """Close all pools."""
        for engine in self._engines.values():
            engine.dispose()


def _engine(target: DatabaseTarget, login: Login, pool_size: int) -> Engine:
    options: dict[str, Any] = {"connect_args": {"application_name": f"ftz:{login}"}}
    return create_engine(
        target.url(login),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=3,
        hide_parameters=True,  # an error line would carry what people typed
        json_serializer=_to_json,
        json_deserializer=_from_json,
        **options,
    )


def _replace_dead(engine: Engine) -> None:
    """
    Have the pool look at a connection before it hands it out, and make a new one for one that is dead.

    A server that ends or restarts closes its connections, and the machine knows: such a socket has something to read,
    an idle one has not. Only then is the server asked, so that a request costs no round trip for this.
    """

    @event.listens_for(engine, "checkout")
    def look(connection: Any, _record: Any, _proxy: Any) -> None:
        if connection.closed:
            raise InvalidatePoolError
        poll = select.poll()
        poll.register(connection.fileno(), select.POLLIN)
        if poll.poll(0):
            try:
                engine.dialect.do_ping(connection)
            except psycopg.OperationalError as gone:
                raise InvalidatePoolError from gone


def _to_json(value: Any) -> str:
    """Write a JSON value; whatever column it goes to, personal texts go by their sealed form."""
    return json.dumps(to_stored(value))


def _from_json(text_: str | bytes) -> Any:
    held = text_ if isinstance(text_, str) else text_.decode()
    if held == "{}":  # most columns of rare things; a page of lines reads hundreds
        return {}
    value = json.loads(held)
    return from_stored(value) if _MARK in held else value
