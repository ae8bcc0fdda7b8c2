"""A database to measure on: the product's own cluster, durable, with law, procedures and demo accounts."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from app.cli.demo import seed_demo
from app.cli.setup import migrate_schema, opened, prepare_data
from app.core.db.cluster import PrivateCluster
from app.core.settings import Settings
from app.modules import Platform, compose

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)

# Dossiers spread over procedures' states as a year of work would leave them; the clock of each runs.
FILL = """
insert into auth_party (id, kind, name, created_at)
select gen_random_uuid(), 'ENTERPRISE', 'Bench ' || n, now() from generate_series(1, greatest(20, %(cases)s / 50)) n;
insert into workflow_case (id, party_id, procedure, version_id, office, code, title, state, national, clock, revision,
                           answers, channel, created_at, created_by, saved_at, submitted_at, accepted_at, due_at)
select gen_random_uuid(), p.id, 'IRC', v.id, 'INVEST', 'BENCH-' || gen_random_uuid(), 'Dossier ' || n,
       case when n %% 3 = 0 then 'submitted' else 'in_review' end, 4,
       case when n %% 3 = 0 then 'RECEPTION' else 'RUN' end,
       2, '{}', 'ONLINE', now(), gen_random_uuid(), now(), now(), now(), now() + n * interval '1 minute'
  from generate_series(1, %(cases)s) n
  join (select id, row_number() over () as number, count(*) over () as total
          from auth_party where name like 'Bench %%') p
    on p.number = n %% p.total + 1
  cross join (select id from workflow_procedure_version where code = 'IRC' order by version desc limit 1) v;
vacuum (analyze);
checkpoint;
"""


@dataclass(frozen=True, slots=True)
class World:
    """A prepared installation with its superuser connection for filling."""

    settings: Settings
    platform: Platform
    boot: str

    def fill(self, cases: int) -> None:
        """Add so many open dossiers, and leave the server nothing to tidy up while something is measured."""
        with psycopg.connect(self.boot, autocommit=True) as connection:
            for statement in FILL.split(";\n"):
                if statement.strip():
                    connection.execute(statement, {"cases": cases}, prepare=False)


@contextmanager
def world() -> Iterator[World]:
    """Have a fresh installation for the length of a block; nothing of it stays."""
    with tempfile.TemporaryDirectory(prefix="ftz-bench-") as folder:
        settings = Settings(var=Path(folder), demo=True)
        cluster = PrivateCluster(settings.var, connections=200)
        cluster.ensure()
        try:
            migrate_schema(settings.database)
            platform = compose(settings)
            with opened(settings) as database:
                prepare_data(database, platform, lambda _: None, now=NOW)
                seed_demo(database, platform, lambda _: None, now=NOW)
            yield World(settings, platform, cluster.boot_conninfo())
        finally:
            cluster.destroy()
