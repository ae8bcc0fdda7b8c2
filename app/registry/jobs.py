"""Jobs of the registry: the passes of a take-over."""

from uuid import UUID

from sqlalchemy import select

from app.core.jobs import JobRegistry, Run
from app.core.kit.text import fold
from app.core.settings.zone import ZoneConfig
from app.registry.models import TakeOver
from app.registry.service import takeover
from app.web.kernel import Kernel


def sites_of(zone: ZoneConfig) -> dict[str, str]:
    """Return the codes of the zone's sites by their folded codes, names, and the parts of names around a colon."""
    found: dict[str, str] = {}
    for site in zone.sites:
        names = [site.code, *site.name.values()]
        names += [part for name in site.name.values() for part in name.split(":")]
        found |= {fold(name): site.code for name in names}
    return found


def register(jobs: JobRegistry, kernel: Kernel) -> None:
    """Add the jobs; each takes the key of a batch and may be run again."""

    @jobs.job(takeover.CHECK)
    def check(run: Run, batch_id: str) -> None:
        with run.transaction() as session:
            sha256 = session.scalars(select(TakeOver.sha256).where(TakeOver.id == UUID(batch_id))).one()
        with kernel.store.readable(sha256) as path:
            takeover.dry_run(run, UUID(batch_id), path=path, sites=sites_of(kernel.zone))

    @jobs.job(takeover.IMPORT)
    def import_rows(run: Run, batch_id: str) -> None:
        takeover.import_rows(run, UUID(batch_id))

    @jobs.job(takeover.UNDO)
    def undo(run: Run, batch_id: str) -> None:
        takeover.undo(run, UUID(batch_id))
