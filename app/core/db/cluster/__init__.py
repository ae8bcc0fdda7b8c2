"""The private PostgreSQL cluster that serves when no ``FTZ_DATABASE_URL`` names another server."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.core.db.cluster.errors import (
    ClusterError,
    OtherMajorVersion,
    PostgisMissing,
    SecretsLost,
    SocketPathTooLong,
    Unreachable,
)
from app.core.db.cluster.instance import PrivateCluster, Status
from app.core.settings import DatabaseTarget, Settings

__all__ = [
    "ClusterError",
    "OtherMajorVersion",
    "PostgisMissing",
    "PrivateCluster",
    "SecretsLost",
    "SocketPathTooLong",
    "Status",
    "Unreachable",
    "for_settings",
    "running",
]

# Three web pools and the worker's; the rest is for listeners, the job runner, command lines and the superuser.
_POOLS, _SPARE = 4, 40


def for_settings(settings: Settings) -> PrivateCluster | None:
    """Return the private cluster of an installation, None when it uses a server of its own."""
    if settings.database_url is not None:
        return None
    return PrivateCluster(settings.var, connections=_POOLS * settings.pool_size + _SPARE)


@contextmanager
def running(settings: Settings) -> Iterator[DatabaseTarget]:
    """
    Have the installation's database running within the block, whichever kind it is.

    :raises ClusterError: says what is in the way and what to do.
    """
    cluster = for_settings(settings)
    if cluster is None:
        yield settings.database
    else:
        with cluster:
            yield settings.database
