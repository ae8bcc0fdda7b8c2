"""Filling big tables fast: without indexes and exclusions, which are put back, and check all rows, at the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

# Keys stay: foreign keys stand on them. Everything else comes back as it was.
_EXCLUSIONS = """
select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint
 where contype = 'x' and conrelid = any(%s::regclass[]) order by conname
"""
_INDEXES = """
select i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) from pg_index i
 where i.indrelid = any(%s::regclass[]) and not i.indisunique
   and not exists (select from pg_constraint c where c.conindid = i.indexrelid) order by 1
"""


@contextmanager
def bare(connection: psycopg.Connection[tuple[Any, ...]], *tables: str) -> Iterator[None]:
    """Take exclusions and indexes that are no keys off tables for the length of a block."""
    exclusions = connection.execute(_EXCLUSIONS, (list(tables),)).fetchall()
    indexes = connection.execute(_INDEXES, (list(tables),)).fetchall()
    for table, name, _ in exclusions:
        connection.execute(_said("alter table {} drop constraint {}", table, name))
    for name, _ in indexes:
        connection.execute(_said("drop index {}", name))
    yield
    connection.execute("set maintenance_work_mem = '256MB'")
    for _, definition in indexes:
        connection.execute(definition)
    for table, name, definition in exclusions:
        connection.execute(_said("alter table {} add constraint {} ", table, name) + sql.SQL(definition))


def _said(form: str, *names: str) -> sql.Composed:
    return sql.SQL(form).format(*(sql.Identifier(name) for name in names))
