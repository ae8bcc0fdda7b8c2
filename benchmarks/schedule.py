"""
Import of a full official schedule: 11,000 lines × 20 columns, from the file to what two officers are shown.

The baseline is a bare COPY of the same rates into a table without keys, in the same run and on the same cluster. The
file is synthetic (``benchmarks.schedule_file``). Reading, comparing and staging count as the import; hashing and taking
force are shown beside it. Memory is the peak of a process that does nothing else.
"""

import resource
import tempfile
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import perf_counter
from uuid import UUID

import psycopg
from sqlalchemy import text

from app.cli.setup import migrate_schema
from app.core import law, outbox
from app.core.db import WORK_LOGINS, Database, DbRole, SessionContext
from app.core.db.cluster import PrivateCluster
from app.core.jobs import Run
from app.core.kit.actor import Actor, ActorKind
from app.core.kit.ids import uuid7
from app.core.kit.ranges import Period
from app.core.outbox import HandlerRegistry
from app.core.settings import ROOT
from app.customs.tariff.schedules.models import Coverage, TariffImport
from app.customs.tariff.schedules.service.content import TariffContent
from app.customs.tariff.schedules.service.importing import Terms, Upload, begin, propose, read_schedule
from benchmarks.report import Figure, show
from benchmarks.schedule_file import write

LINES = 11_000
NAME = "bench_schedule"
OFFICER = SessionContext(DbRole.OFFICER)
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
MOST_SECONDS, MOST_MB = 60, 500


def _officer(name: str) -> Actor:
    return Actor(ActorKind.OFFICER, user_id=uuid7(), name=name)


@dataclass
class Desk:
    """One installation with three officers."""

    database: Database
    now: datetime = NOW

    def read(self, path: Path, since: date) -> tuple[UUID, float]:
        """Import a file as the job does; return its key and how long it took."""
        terms = Terms(
            profile="combined", period=Period(since), coverage=Coverage.WHOLE, restates=True, reason="Bench",
            status="ASSUMED",
        )  # fmt: skip
        actor = _officer("An")
        with self.database.transaction(OFFICER) as session:
            upload = Upload(uuid7().hex * 2, path.name, True)
            key = begin(session, upload=upload, terms=terms, actor=actor, now=self.now).id
        start = perf_counter()
        read_schedule(Run(actor, OFFICER, self.database, self.now, 1, 1), key, path=path)
        took = perf_counter() - start
        with self.database.transaction(OFFICER) as session:
            found = session.get_one(TariffImport, key)
            if found.state != "COMPARED":
                raise RuntimeError(f"{found.state}: {found.faults[:3]} {found.refusal}")
        return key, took

    def bring(self, key: UUID) -> tuple[float, float]:
        """Propose and approve twice; return how long the proposal and the second approval took."""
        start = perf_counter()
        with self.database.transaction(OFFICER) as session:
            content_hash = propose(session, import_id=key, actor=_officer("An"), now=self.now).content_hash
        proposed = perf_counter() - start
        for name in ("Bình", "Chi"):
            start = perf_counter()
            with self.database.transaction(OFFICER) as session:
                law.approve(
                    session, change_set_id=key, actor=_officer(name), content_hash=content_hash, now=self.now
                )
        self.now += timedelta(days=1)
        return proposed, perf_counter() - start


def bare_copy(conninfo: str) -> tuple[float, int]:
    """COPY the rates that are in force out and into a table without keys; return the seconds of the way in."""
    with psycopg.connect(conninfo) as connection:
        rows = connection.execute(
            "select hs8, kind, scheme, geo, variant, valid::text, expr::text from tariff_measure"
        ).fetchall()
        connection.execute(
            "create table bare_rates (hs8 text, kind text, scheme text, geo text, variant text, valid text, expr text)"
        )
        start = perf_counter()
        with connection.cursor().copy("copy bare_rates from stdin") as copy:
            for row in rows:
                copy.write_row(row)
        connection.commit()
        return perf_counter() - start, len(rows)


def _import(what: str, seconds: float, copied: float) -> Figure:
    aim, met = f"≤ {MOST_SECONDS} s", seconds <= MOST_SECONDS
    return Figure("schedule import", what, seconds, "s", copied, seconds / copied, aim, met)


def measure() -> list[Figure]:
    """Import a first schedule and one that changes some rates."""
    law.install([TariffContent()])
    outbox.install(HandlerRegistry())
    with (
        tempfile.TemporaryDirectory() as folder,
        PrivateCluster(ROOT / "var" / "bench", fsync=True, connections=60) as cluster,
    ):
        first = write(Path(folder) / "first.xlsx", LINES)
        second = write(Path(folder) / "second.xlsx", LINES, changed=13)
        cluster.drop_database(NAME)
        target = cluster.create_database(NAME)
        migrate_schema(target)
        database = Database(target, logins=WORK_LOGINS, pool_size=4)
        desk = Desk(database)
        key, took = desk.read(first, date(2027, 1, 1))
        proposed, force = desk.bring(key)
        again, changed = desk.read(second, date(2028, 1, 1))
        _, force_changed = desk.bring(again)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        with database.transaction(OFFICER) as session:
            differences = session.scalar(
                text("select count(*) from tariff_change_item where change_set_id = :id"), {"id": again}
            )
        copied, rates = bare_copy(target.conninfo("ftz_owner"))
        database.close()
        cluster.drop_database(NAME)
    return [
        _import(f"{LINES} lines, {rates} rates, all new", took, copied),
        _import(f"the next one, {differences} differences", changed, copied),
        Figure("schedule import", "peak memory", memory, "MB", None, None, f"≤ {MOST_MB} MB", memory <= MOST_MB),
        Figure("schedule in force", "proposal with its hash", proposed, "s"),
        Figure("schedule in force", "second approval, all rates new", force, "s", copied, force / copied),
        Figure("schedule in force", f"second approval, {differences} differences", force_changed, "s"),
    ]  # fmt: skip


if __name__ == "__main__":
    show(measure())
