"""Work of the tariff that nobody asks for: a demo zone goes on having rates of exchange."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.core.jobs import JobRegistry
from app.core.kit.time import local_day
from app.core.outbox import HandlerRegistry
from app.customs.tariff.service import enter_demo_rates
from app.web.kernel import Kernel


class DemoRates:
    """Makes up the rates of the week once it has begun; weeks that officers entered stay as they are."""

    def __init__(self, tz: ZoneInfo) -> None:
        self._tz = tz

    def __call__(self, session: Session, *, now: datetime) -> None:
        """Look whether the week of today has rates."""
        enter_demo_rates(session, now=now, today=local_day(now, self._tz), weeks=1)


def register(kernel: Kernel, handlers: HandlerRegistry, jobs: JobRegistry) -> None:
    """Keep the demo zone in rates; a real installation waits for its officers."""
    if kernel.settings.demo:
        jobs.every_minute("tariff.demo_rates")(DemoRates(kernel.zone.tz))
