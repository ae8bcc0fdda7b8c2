"""What the superuser does in a server before the product uses it: roles, passwords, databases, extensions.

The statements stand in ``app/core/db/sql``: one text for the private cluster and for a server of one's own.
"""

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

DATABASE = "ftz"
LOGINS = ("ftz_owner", "ftz_web_tenant", "ftz_web_officer", "ftz_web_auth", "ftz_work", "ftz_backup")
_SQL = Path(__file__).resolve().parents[1] / "sql"
_SERVER, _DATABASE = _SQL / "prepare_server.sql", _SQL / "prepare_database.sql"


def stamp() -> str:
    """Return what changes whenever a prepared server has to be prepared again."""
    return hashlib.sha256(_SERVER.read_bytes() + _DATABASE.read_bytes()).hexdigest()


def passwords(known: Mapping[str, str]) -> dict[str, str]:
    """Return a password for every login, the known ones kept."""
    return {login: known.get(login) or secrets.token_urlsafe(24) for login in LOGINS}


@contextmanager
def connected(conninfo: str) -> Iterator[psycopg.Connection]:
    """Open a connection on which every statement commits by itself."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        yield connection


def ensure_database(connection: psycopg.Connection, name: str) -> None:
    """Create an empty database, if there is none of that name."""
    if connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone() is None:
        connection.execute(sql.SQL("create database {} template template0").format(sql.Identifier(name)))


def prepare_server(connection: psycopg.Connection, logins: Mapping[str, str]) -> None:
    """Bring the roles to what this version needs, and set the passwords of their logins."""
    connection.execute(_SERVER.read_bytes())
    for login, password in logins.items():
        # The verifier is computed here: the server never sees the password, nor does its log.
        verifier = connection.pgconn.encrypt_password(password.encode(), login.encode(), b"scram-sha-256")
        statement = sql.SQL("alter role {} password {}")
        connection.execute(statement.format(sql.Identifier(login), sql.Literal(verifier.decode())))


def prepare_database(connection: psycopg.Connection) -> None:
    """Bring owner, rights and extensions of the connected database to what this version needs."""
    connection.execute(_DATABASE.read_bytes())


def clone(connection: psycopg.Connection, name: str, template: str) -> None:
    """Copy a database; whoever is connected to the template is cut off, since PostgreSQL copies idle ones only."""
    connection.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [template]
    )
    statement = sql.SQL("create database {} template {} strategy file_copy")
    connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))


def drop(connection: psycopg.Connection, name: str) -> None:
    """Drop a database with whatever is connected to it; none of that name is no error."""
    connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
