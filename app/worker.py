"""The worker process: jobs, timers, the sealer of the evidence log and the relay of the live stream."""

from uuid import UUID

from app.core.auth.actors import actor_of
from app.core.db import WORK_LOGINS, Database, DbRole, SessionContext
from app.core.evidence import Sealer
from app.core.jobs import JobWorker, Runtime, make_app
from app.core.kit.actor import Actor
from app.core.kit.time import utcnow
from app.core.live import Relay
from app.core.outbox import tail
from app.core.settings import Settings
from app.core.telemetry import configure_logging, get_logger
from app.modules import compose

log = get_logger("worker")


def main() -> None:
    """Work until SIGTERM or SIGINT; jobs at hand are finished first."""
    settings = Settings()
    configure_logging(json=settings.log_json)
    platform = compose(settings)
    database = Database(
        settings.database,
        logins=WORK_LOGINS,
        pool_size=settings.pool_size,
        slow_s=settings.slow_query_ms / 1000,
    )
    database.refuse_unsafe_logins()

    def resolve(user_id: UUID) -> Actor:
        with database.session(SessionContext(DbRole.WORKER)) as session:
            return actor_of(session, user_id, book=platform.permissions, at=utcnow())

    sealer = Sealer(database)
    sealer.start()
    relay = Relay(settings.database, platform.pokes, tail)
    relay.start()
    try:
        log.info("worker.started")
        JobWorker(make_app(platform.jobs, Runtime(database, resolve))).run(install_signals=True)
    finally:
        relay.stop()
        sealer.stop()
        database.close()
        log.info("worker.stopped")


if __name__ == "__main__":
    main()
