"""Alembic's environment. The connection comes from ``app.core.db.migrate``, which also takes the lock."""

from alembic import context
from geoalchemy2 import alembic_helpers
from sqlalchemy import Connection

import app.modules  # noqa: F401  maps every table
from app.core.db import Base


def _include_object(obj: object, name: str | None, kind: str, reflected: bool, compare_to: object) -> bool:
    if kind == "table" and name is not None and name.startswith(("procrastinate_", "jobs_schema")):
        return False  # procrastinate owns its schema, see app.core.jobs.schema
    return bool(alembic_helpers.include_object(obj, name, kind, reflected, compare_to))


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_object=_include_object,
        render_item=alembic_helpers.render_item,
        process_revision_directives=alembic_helpers.writer,
        transaction_per_migration=True,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


_run(context.config.attributes["connection"])
