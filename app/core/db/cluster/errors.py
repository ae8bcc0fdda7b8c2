"""Why a private cluster cannot serve; every message ends with what to do."""


class ClusterError(RuntimeError):
    """The private cluster cannot be set up, started or stopped."""


class PostgisMissing(ClusterError):
    """No usable PostgreSQL with PostGIS is installed."""


class OtherMajorVersion(ClusterError):
    """The data were written by a PostgreSQL that is not installed."""


class SocketPathTooLong(ClusterError):
    """The socket's path does not fit into the operating system's limit."""


class Unreachable(ClusterError):
    """The server's user, or the caller, cannot reach a directory that it needs."""


class SecretsLost(ClusterError):
    """Data are there and the secrets that open them are not."""
