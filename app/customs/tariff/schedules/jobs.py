"""Jobs of the schedules: reading a file and comparing it."""

from uuid import UUID

from sqlalchemy import select

from app.core.jobs import JobRegistry, Run
from app.core.outbox import HandlerRegistry
from app.customs.tariff.schedules.models import TariffImport
from app.customs.tariff.schedules.service.importing import READ_JOB, read_schedule
from app.web.kernel import Kernel


def register(kernel: Kernel, handlers: HandlerRegistry, jobs: JobRegistry) -> None:
    """Add the job; it takes the key of an import and may be run again."""

    @jobs.job(READ_JOB)
    def read(run: Run, import_id: str) -> None:
        with run.transaction() as session:
            sha256 = session.scalars(
                select(TariffImport.sha256).where(TariffImport.id == UUID(import_id))
            ).one()
        with kernel.store.readable(sha256) as path:
            read_schedule(run, UUID(import_id), path=path)
