"""The private cluster of one instance: made on first use, shared by its processes, stopped by the last one."""

import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import psycopg
from pydantic import SecretStr
from sqlalchemy.engine import make_url

from app.core.db.cluster import preparation
from app.core.db.cluster.errors import ClusterError, SecretsLost, Unreachable
from app.core.db.cluster.places import PORT, Places, choose, make
from app.core.db.cluster.preparation import DATABASE, LOGINS, connected
from app.core.db.cluster.server import BOOT_USER, Postmaster, Server
from app.core.db.cluster.sharing import Sharing
from app.core.db.cluster.vault import Vault
from app.core.settings import DatabaseTarget

_LOGINS_FILE, _CLUSTER_FILE = "database.json", "cluster.json"
_PROBE_S = 3


@dataclass(frozen=True, slots=True)
class Status:
    """What is there of a private cluster."""

    places: Places
    made: bool
    postmaster: Postmaster | None


class PrivateCluster:
    """
    PostgreSQL with PostGIS that one instance alone uses, reached by a socket file, never by the network.

    ``ensure()`` starts it, or joins it when another process of the instance has started it; ``stop()`` stops
    it unless another process still uses it. A process that was killed does not count as one that uses it.

    :param var: directory of the instance's state; two instances have two.
    :param fsync: False for clusters of tests only: a crash of the machine may lose everything.
    :param connections: upper limit of connections, counted over all processes.
    """

    def __init__(self, var: Path, *, fsync: bool = True, connections: int = 100) -> None:
        self.var = var.resolve()
        self._fsync = fsync
        self._connections = connections
        self._sharing = Sharing(self.var)
        self._vault = Vault(self.var)
        self._record: dict[str, Any] = {}

    def __enter__(self) -> Self:
        self.ensure()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def ensure(self) -> DatabaseTarget:
        """
        Make, start and prepare the cluster as far as needed, and write ``<var>/secrets/database.json``.

        :returns: the instance's database and its logins.
        :raises ClusterError: says what is in the way and what to do.
        """
        try:
            self.var.mkdir(parents=True, exist_ok=True)
            self._vault.make()
            with self._sharing.alone():
                return self._ensure()
        except PermissionError as error:
            raise Unreachable(
                f"{error.filename or self.var} cannot be used by this user. Run as the user who set the instance "
                "up, or choose a directory of your own: FTZ_VAR=$HOME/ftz-var"
            ) from error

    def stop(self) -> None:
        """Leave the cluster, and stop it when nobody else uses it. Does nothing before ``ensure()``."""
        if not self._sharing.joined:
            return
        with self._sharing.alone():
            self._sharing.leave()
            if not self._sharing.used_by_others():
                Server(choose(self.var)).stop()

    def destroy(self) -> None:
        """
        Stop the cluster and remove its data for good.

        :raises ClusterError: another process still uses it.
        """
        with self._sharing.alone():
            self._sharing.leave()
            if self._sharing.used_by_others():
                raise ClusterError(f"The instance in {self.var} is running. Stop it first: Ctrl-C there.")
            places = choose(self.var)
            Server(places).stop()
            for folder in (places.base, places.sockets):
                shutil.rmtree(folder, ignore_errors=True)
            for name in (_LOGINS_FILE, _CLUSTER_FILE):
                self._vault.remove(name)

    def status(self) -> Status:
        """
        Return what is there, changing nothing.

        :raises ClusterError: the places of this instance cannot be used.
        """
        places = choose(self.var)
        server = Server(places)
        return Status(places, server.exists, server.running())

    def create_database(self, name: str, template: str | None = None) -> DatabaseTarget:
        """
        Create a prepared database beside the instance's own.

        :param template: database to copy with its tables and rows (tests clone a migrated one).
        """
        with connected(self.boot_conninfo("postgres")) as connection:
            if template is None:
                preparation.ensure_database(connection, name)
            else:
                preparation.clone(connection, name, template)
        with connected(self.boot_conninfo(name)) as connection:
            preparation.prepare_database(connection)  # rights on the database itself are not part of a copy
        return self._target().for_database(name)

    def drop_database(self, name: str) -> None:
        """Drop a database with whatever is connected to it; none of that name is no error."""
        with connected(self.boot_conninfo("postgres")) as connection:
            preparation.drop(connection, name)

    def boot_conninfo(self, database: str = DATABASE) -> str:
        """Return the superuser's connection, for set-up, tests and restore; the product never uses it."""
        record = self._record or self._vault.read(_CLUSTER_FILE)
        host, password = quote(record["sockets"], safe=""), record["boot_password"]
        return f"postgresql://{BOOT_USER}:{password}@/{database}?host={host}&port={PORT}"

    def _ensure(self) -> DatabaseTarget:
        places = choose(self.var)
        server = Server(places)
        server.require_binaries()
        self._record = self._vault.read(_CLUSTER_FILE)
        self._refuse_strangers(server)
        fresh = not self._joins_running(server)
        if fresh:
            make(places)
            if not server.exists:
                self._make(server)
            server.start(self._settings())
            self._record["sockets"] = str(places.sockets)
        self._sharing.join()
        if fresh or self._record.get("prepared") != preparation.stamp() or not self._complete():
            self._prepare()
            self._record["prepared"] = preparation.stamp()
            self._vault.write(_CLUSTER_FILE, self._record)
        return self._target()

    def _make(self, server: Server) -> None:
        self._record = {"boot_password": secrets.token_urlsafe(24), "base": str(server.places.base)}
        # Before the cluster: data whose password nobody knows would be worse than a password without data.
        self._vault.write(_CLUSTER_FILE, self._record)
        server.make(self._record["boot_password"], durable=self._fsync)

    def _joins_running(self, server: Server) -> bool:
        running = server.running()
        if running is None:
            return False
        self._record["sockets"] = str(running.sockets)
        try:
            with connected(self.boot_conninfo("postgres") + f"&connect_timeout={_PROBE_S}"):
                return True
        except psycopg.OperationalError:
            # It hangs, or its socket was swept away by a cleaner of /tmp.
            server.stop()
            return False

    def _settings(self) -> dict[str, str | int]:
        settings: dict[str, str | int] = {"max_connections": self._connections}
        if not self._fsync:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        return settings

    def _refuse_strangers(self, server: Server) -> None:
        made_at = Path(self._record.get("base", server.places.base))
        if made_at != server.places.base and not server.exists and (made_at / "data").exists():
            raise ClusterError(
                f"The data of this instance are in {made_at}, from when it stood elsewhere than {self.var}.\n"
                f"  To take them along, stop the other instance and:  mv '{made_at}' '{server.places.base}'\n"
                f"  To start empty:  rm '{self._vault.folder / _CLUSTER_FILE}'"
            )
        if server.exists and "boot_password" not in self._record:
            raise SecretsLost(
                f"The database in {server.places.base} needs secrets that are gone from {self._vault.folder}.\n"
                "  Restore that directory from a backup, or forget the data: make fresh"
            )

    def _complete(self) -> bool:
        return set(LOGINS) <= set(self._vault.read(_LOGINS_FILE).get("passwords", {}))

    def _prepare(self) -> None:
        logins = preparation.passwords(self._vault.read(_LOGINS_FILE).get("passwords", {}))
        url = f"postgresql://@/{DATABASE}?host={quote(self._record['sockets'], safe='/')}&port={PORT}"
        self._vault.write(_LOGINS_FILE, {"url": url, "passwords": logins})
        try:
            with connected(self.boot_conninfo("postgres")) as connection:
                preparation.ensure_database(connection, DATABASE)
                preparation.prepare_server(connection, logins)
            with connected(self.boot_conninfo()) as connection:
                preparation.prepare_database(connection)
        except psycopg.OperationalError as error:
            raise SecretsLost(
                f"The database in {self.var} cannot be opened with the secrets in {self._vault.folder}: {error}\n"
                "  Restore that directory from a backup, or forget the data: make fresh"
            ) from error

    def _target(self) -> DatabaseTarget:
        stored = self._vault.read(_LOGINS_FILE)
        logins = {login: SecretStr(password) for login, password in stored["passwords"].items()}
        return DatabaseTarget(server=make_url(stored["url"]), passwords=logins)
