"""Who runs the private server, and in which directories.

Started as root, the server runs as a system user of its own; PostgreSQL refuses to run as root. That user
cannot enter a directory below somebody's home, so data may have to stand outside ``var``.
"""

import contextlib
import hashlib
import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from app.core.db.cluster.errors import ClusterError, SocketPathTooLong, Unreachable

SYSTEM_USER = "ftz"
SYSTEM_DATA = Path("/var/lib/ftz")
SYSTEM_SOCKETS = Path("/run/ftz")
SOCKET_PATH_LIMIT = 107  # bytes of sockaddr_un.sun_path on Linux, without its closing zero
PORT = 5432  # names the socket file; nothing listens on a network port


@dataclass(frozen=True, slots=True)
class Places:
    """The directories of one instance's server and the user who runs it."""

    base: Path
    sockets: Path
    uid: int
    gid: int

    @property
    def data(self) -> Path:
        """Return PostgreSQL's data directory."""
        return self.base / "data"

    @property
    def log(self) -> Path:
        """Return the file that tells why a start failed."""
        return self.base / "start.log"


def choose(var: Path) -> Places:
    """
    Return the places of an instance, where it already has some, else where it may have them.

    :param var: absolute directory of the instance's state.
    :raises Unreachable: existing data cannot be reached by the one who should run the server.
    :raises SocketPathTooLong: with the setting that shortens the path.
    """
    places = _for_root(var) if os.geteuid() == 0 else _for_ordinary_user(var)
    socket = f"{places.sockets}/.s.PGSQL.{PORT}"
    if len(os.fsencode(socket)) > SOCKET_PATH_LIMIT:
        raise SocketPathTooLong(
            f"The socket path {socket} is longer than {SOCKET_PATH_LIMIT} bytes. "
            "Unset XDG_RUNTIME_DIR, or let it name a directory with a shorter path."
        )
    return places


def key(var: Path) -> str:
    """Return the short name that keeps instances on one machine apart."""
    return hashlib.sha256(os.fsencode(var)).hexdigest()[:12]


def make(places: Places) -> None:
    """
    Make the directories, mode 0700, owned by the server's user.

    :raises Unreachable: a directory of that name belongs to somebody else.
    """
    if places.base.parent == SYSTEM_DATA:
        SYSTEM_DATA.mkdir(mode=0o755, exist_ok=True)
    if places.sockets.parent == SYSTEM_SOCKETS:
        SYSTEM_SOCKETS.mkdir(mode=0o755, exist_ok=True)
    elif places.sockets.parent.name == f"ftz-{places.uid}":
        _private(places.sockets.parent, places)  # in /tmp anybody may have put a directory of our name
    for folder in (places.base, places.sockets):
        _private(folder, places)


def reachable(folder: Path, uid: int, gid: int) -> bool:
    """Tell whether a user can enter a directory. Asked by trying, so that access lists count as well."""
    if uid == os.geteuid():
        return os.access(folder, os.X_OK)
    answer = subprocess.run(  # noqa: S603 - the argument list is fixed
        ["/usr/bin/test", "-x", str(folder)], user=uid, group=gid, extra_groups=[], cwd="/", check=False
    )
    return answer.returncode == 0


def _for_root(var: Path) -> Places:
    user = _system_user()
    inside, outside = var / "pg", SYSTEM_DATA / key(var)
    sockets = SYSTEM_SOCKETS / key(var)
    if (inside / "data").exists():
        owner = (inside / "data").stat()
        if owner.st_uid == 0:
            raise Unreachable(
                f"{inside} belongs to root, and PostgreSQL does not run as root. "
                f"Give it to its user: chown -R {SYSTEM_USER}: '{inside}'"
            )
        if not reachable(var, owner.st_uid, owner.st_gid):
            raise Unreachable(
                f"The database's user (uid {owner.st_uid}) can no longer enter {var}. "
                "Give every folder above it search permission: chmod a+x DIRECTORY"
            )
        return Places(inside, sockets, owner.st_uid, owner.st_gid)
    use_inside = not (outside / "data").exists() and reachable(var, user.pw_uid, user.pw_gid)
    return Places(inside if use_inside else outside, sockets, user.pw_uid, user.pw_gid)


def _for_ordinary_user(var: Path) -> Places:
    uid, gid, base = os.geteuid(), os.getegid(), var / "pg"
    if (base.exists() and base.stat().st_uid != uid) or (SYSTEM_DATA / key(var)).exists():
        raise Unreachable(
            f"The instance in {var} was set up by another user. Run as that user (root, if it was root), "
            "or choose a directory of your own: FTZ_VAR=$HOME/ftz-var"
        )
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or "/nonexistent")
    if runtime.is_dir() and runtime.stat().st_uid == uid:
        return Places(base, runtime / f"ftz-{key(var)}", uid, gid)
    return Places(base, Path("/tmp") / f"ftz-{uid}" / key(var), uid, gid)  # noqa: S108 - owner and mode are checked


def _system_user() -> pwd.struct_passwd:
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    program = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if program is None:
        raise ClusterError(f"useradd is missing. Create a system user named {SYSTEM_USER} and start again.")
    command = [program, "--system", "--user-group", "--no-create-home", "--home-dir", str(SYSTEM_DATA)]
    answer = subprocess.run(  # noqa: S603 - the argument list is fixed
        [*command, "--shell", "/usr/sbin/nologin", SYSTEM_USER], capture_output=True, text=True, check=False
    )
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        raise ClusterError(
            f"The system user {SYSTEM_USER} could not be created: {answer.stderr.strip()} "
            "Create it by hand and start again."
        ) from None


def _private(folder: Path, places: Places) -> None:
    if not folder.is_symlink() and not folder.exists():
        folder.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(folder, places.uid, places.gid)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != places.uid:
        raise Unreachable(f"{folder} is not a directory of the database's user. Remove it and start again.")
    if stat.S_IMODE(found.st_mode) != 0o700:  # noqa: PLR2004 - the mode is the point
        folder.chmod(0o700)
