"""Bring the schema to the newest revision, as its owner."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

from app.core.settings import ROOT, DatabaseTarget

# Two processes that start together must not migrate together; the number only has to be ours.
_ADVISORY_LOCK = 4_207_310_551


def alembic_config() -> Config:
    """Return Alembic's configuration; it needs no file of its own."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations").replace("%", "%%"))
    config.set_main_option("file_template", "%%(year)d%%(month).2d%%(day).2d_%%(rev)s_%%(slug)s")
    config.set_main_option("path_separator", "os")
    return config


def upgrade(target: DatabaseTarget, *, revision: str = "head") -> None:
    """
    Apply all pending migrations under an advisory lock.

    :raises sqlalchemy.exc.OperationalError: the owner's login fails, or a lock is held for more than five seconds.
    """
    engine = create_engine(target.url("ftz_owner"))
    try:
        with engine.connect() as connection:
            connection.execute(text("select pg_advisory_lock(:lock)"), {"lock": _ADVISORY_LOCK})
            connection.execute(text("set lock_timeout = '5s'"))
            connection.commit()
            config = alembic_config()
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
            connection.commit()
    finally:
        engine.dispose()


def versions_dir() -> Path:
    """Return the directory of the revisions, whose content decides whether a start must migrate."""
    return ROOT / "migrations" / "versions"
