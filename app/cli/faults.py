"""Faults that a person can mend are told in words, without a stack trace."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
import psycopg
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError

from app.core.db.cluster import ClusterError
from app.core.errors import DomainError
from app.core.settings import UnsafeSettings


@contextmanager
def explain() -> Iterator[None]:
    """Turn the faults that carry their own remedy into one red text and exit status 1."""
    try:
        yield
    except (ClusterError, DomainError, UnsafeSettings) as fault:
        _tell(str(fault))
    except (OperationalError, psycopg.OperationalError) as fault:
        cause = fault.orig if isinstance(fault, OperationalError) else fault
        _tell(
            f"The database does not answer or refuses: {str(cause).strip()}\n"
            "`ftz doctor` says which login and what to do. A server of your own is named by FTZ_DATABASE_URL."
        )
    except PermissionError as fault:
        _tell(
            f"{fault.filename}: this user may not use it. Run as the user who set the installation up, or choose a "
            "directory of your own: FTZ_VAR=$HOME/ftz-var"
        )
    except ValidationError as fault:
        _tell("\n".join(f"FTZ_{_name(error['loc'])}: {error['msg']}" for error in fault.errors()))


def _name(place: tuple[int | str, ...]) -> str:
    return "_".join(map(str, place)).upper() or "…"


def _tell(text: str) -> None:
    click.secho(f"\n{text}", fg="red", err=True)
    sys.exit(1)
