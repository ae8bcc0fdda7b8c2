"""What the catalogue of PostgreSQL says of the product's tables, read once as superuser."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import psycopg
from sqlalchemy import Table

import app.modules
import app.web.idempotency  # noqa: F401  with the modules, every table is mapped
from app.core.db import Base, Tenancy

# Tables that no model maps: the queue's own, the migrations' mark and PostGIS's reference systems.
UNMAPPED = ("procrastinate_", "jobs_schema", "alembic_version", "spatial_ref_sys")


@dataclass(frozen=True, slots=True)
class Policy:
    """One row of pg_policies."""

    name: str
    roles: frozenset[str]
    command: str
    using: str
    check: str


@dataclass(frozen=True, slots=True)
class Index:
    """An index by its leading columns; ``partial`` ones serve a part of the rows only."""

    columns: tuple[str, ...]
    partial: bool


@dataclass(slots=True)
class TableFacts:
    """A table as it stands in the database."""

    name: str
    owner: str
    secured: bool
    forced: bool
    policies: list[Policy] = field(default_factory=list)
    indexes: list[Index] = field(default_factory=list)
    foreign_keys: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    privileges: dict[str, frozenset[str]] = field(default_factory=dict)

    def granted(self, role: str) -> frozenset[str]:
        """Return what a role may do, on the table or on single columns."""
        return self.privileges.get(role, frozenset())


_TABLES = """
select c.relname, pg_get_userbyid(c.relowner), c.relrowsecurity, c.relforcerowsecurity
  from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by 1
"""
_POLICIES = """
select tablename, policyname, roles::text[], cmd, coalesce(qual, ''), coalesce(with_check, '')
  from pg_policies where schemaname = 'public'
"""
_INDEXES = """
select x.indrelid::regclass::text,
       array(select a.attname::text from unnest(x.indkey[0:x.indnkeyatts - 1]) with ordinality k(number, place)
               join pg_attribute a on a.attrelid = x.indrelid and a.attnum = k.number order by place),
       x.indpred is not null
  from pg_index x join pg_class c on c.oid = x.indrelid
 where c.relnamespace = 'public'::regnamespace and x.indisvalid
"""
_FOREIGN_KEYS = """
select conrelid::regclass::text, conname::text,
       array(select a.attname::text from unnest(conkey) with ordinality k(number, place)
               join pg_attribute a on a.attrelid = conrelid and a.attnum = k.number order by place)
  from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace
"""
_PRIVILEGES = """
select table_name::text, grantee::text, privilege_type::text from information_schema.role_column_grants
 where table_schema = 'public'
union
select table_name::text, grantee::text, privilege_type::text from information_schema.role_table_grants
 where table_schema = 'public'
"""


def read_schema(conninfo: str) -> dict[str, TableFacts]:
    """Return the product's tables by name."""
    with psycopg.connect(conninfo) as connection:
        tables = {row[0]: TableFacts(*row) for row in connection.execute(_TABLES)}
        for table, name, roles, command, using, check in connection.execute(_POLICIES):
            tables[table].policies.append(Policy(name, frozenset(roles), command, using, check))
        for table, columns, partial in connection.execute(_INDEXES):
            tables[table].indexes.append(Index(tuple(columns), partial))
        for table, name, columns in connection.execute(_FOREIGN_KEYS):
            tables[table].foreign_keys.append((name, tuple(columns)))
        granted: dict[tuple[str, str], set[str]] = {}
        for table, role, privilege in connection.execute(_PRIVILEGES):
            granted.setdefault((table, role), set()).add(privilege)
    for (table, role), rights in granted.items():
        if table in tables:
            tables[table].privileges[role] = frozenset(rights)
    return {name: facts for name, facts in tables.items() if not name.startswith(UNMAPPED)}


def mapped(kind: Tenancy | None = None) -> Mapping[str, Table]:
    """Return the mapped tables, of one tenancy or all."""
    return {
        table.name: table
        for table in Base.metadata.sorted_tables
        if kind is None or table.info.get("tenancy") is kind
    }


def plan_nodes(plan: str | list[object] | dict[str, object]) -> list[dict[str, object]]:
    """Return all nodes of an ``EXPLAIN (FORMAT JSON)``, the root first."""
    root = json.loads(plan) if isinstance(plan, str) else plan
    top = root[0]["Plan"] if isinstance(root, list) else root  # type: ignore[index]
    nodes, waiting = [], [top]
    while waiting:
        node = waiting.pop(0)
        nodes.append(node)
        waiting += node.get("Plans", [])  # type: ignore[arg-type]
    return nodes
