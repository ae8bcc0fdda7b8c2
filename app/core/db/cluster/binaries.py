"""Where PostgreSQL's server programs are.

Uses the standard library only: the set-up program loads this file before anything is installed.
"""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

MIN_MAJOR = 15
DEBIAN_PACKAGE = "postgresql-15-postgis-3"
MISSING = (
    f"PostgreSQL {MIN_MAJOR} or newer with PostGIS is not installed on this machine.\n"
    f"  Either ask an administrator to run:  apt-get install --no-install-recommends {DEBIAN_PACKAGE}\n"
    "  or use a database server elsewhere:  FTZ_DATABASE_URL=postgresql://HOST:5432/ftz make run\n"
    "  (docs/operations.md, “A database server of your own”, says how to prepare that server)."
)


@dataclass(frozen=True, slots=True)
class Binaries:
    """The server programs of one installed major version."""

    major: int
    folder: Path

    def program(self, name: str) -> str:
        """Return the absolute path of a program of this version."""
        return str(self.folder / name)


def installed() -> list[Binaries]:
    """Return every installed version that is new enough and has PostGIS, the newest first."""
    found = {binaries.major: binaries for binaries in (*_debian(), *_by_pg_config())}
    return sorted(found.values(), key=lambda binaries: binaries.major, reverse=True)


def _debian() -> list[Binaries]:
    folders = Path("/usr/lib/postgresql").glob("*/bin")
    return [
        Binaries(int(folder.parent.name), folder)
        for folder in folders
        if folder.parent.name.isdigit()
        and _usable(int(folder.parent.name), folder, Path("/usr/share/postgresql") / folder.parent.name)
    ]


def _by_pg_config() -> list[Binaries]:
    program = shutil.which("pg_config")
    if program is None:
        return []
    answer = subprocess.run(  # noqa: S603 - the argument list is fixed
        [program, "--version", "--bindir", "--sharedir"], capture_output=True, text=True, check=False
    )
    lines = answer.stdout.splitlines()
    match = re.match(r"PostgreSQL (\d+)", lines[0]) if len(lines) == 3 else None  # noqa: PLR2004 - three questions
    if match is None:
        return []
    major, folder, share = int(match.group(1)), Path(lines[1]), Path(lines[2])
    return [Binaries(major, folder)] if _usable(major, folder, share) else []


def _usable(major: int, folder: Path, share: Path) -> bool:
    return (
        major >= MIN_MAJOR
        and (folder / "initdb").exists()
        and (share / "extension" / "postgis.control").exists()
    )
