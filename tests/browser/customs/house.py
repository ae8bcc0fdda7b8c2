"""A platform with its worker, the simulated customs authority and the simulated bank, each a process of its own."""

import base64
import json
import os
import secrets
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.core.db import Database, DbRole, SessionContext
from app.core.kit.time import local_day, utcnow
from app.core.settings import DatabaseTarget
from app.customs.tariff import facade as tariff
from app.modules import Platform
from tests.browser.conftest import Site, free_port, running, site_on
from tests.conftest import TEST_LOGINS


@dataclass
class Outside:
    """What the tests may ask of the simulators: to change their mood, as anybody may who runs them."""

    customs: str
    bank: str

    def customs_mood(self, **traits: object) -> None:
        """Change some traits of the authority's mood; see ``simulators/vnaccs/mood.py``."""
        _post(f"{self.customs}/behaviour", traits)

    def bank_mood(self, **traits: object) -> None:
        """Change some traits of the bank's mood; see ``simulators/bank/book.py``."""
        _post(f"{self.bank}/behaviour", traits)


House = tuple[Site, Outside]


@contextmanager
def customs_house(target: DatabaseTarget, platform: Platform, var: Path, folder: Path) -> Iterator[House]:
    """Run all of them; what they say to each other goes over the loopback."""
    port, customs_port, bank_port = free_port(), free_port(), free_port()
    outside = Outside(f"http://127.0.0.1:{customs_port}", f"http://127.0.0.1:{bank_port}")
    more = settings_of(outside)
    enter_rates(target, platform)
    with (
        running(
            "simulators.vnaccs", "--port", str(customs_port), "--state", str(folder / "vnaccs.sqlite"),
            env=dict(os.environ), log=folder / "vnaccs.log",
        ),
        running(
            "simulators.bank", "--port", str(bank_port), "--state", str(folder / "bank.sqlite"),
            "--callback", f"http://127.0.0.1:{port}/bank/callback",
            env={**os.environ, **more}, log=folder / "bank.log",
        ),
        site_on(target, var, folder, port=port, more=more) as site,
        running("app.worker", env=site.env, log=folder / "worker.log"),
    ):  # fmt: skip
        yield replace(site, beside=(outside.bank,)), outside


def settings_of(outside: Outside) -> dict[str, str]:
    """Return the settings by which the platform reaches the simulators; the bank is given the same keys."""
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    return {
        "FTZ_CUSTOMS_GATEWAY_URL": outside.customs,
        "FTZ_CUSTOMS_GATEWAY_SIMULATED": "1",
        "FTZ_BANK_URL": outside.bank,
        "FTZ_BANK_TOKEN": secrets.token_urlsafe(16),
        "FTZ_BANK_CALLBACK_KEYS": f"test=whsec_{key}",
        "FTZ_BANK_PAY_URL": f"{outside.bank}/pay",
        "FTZ_BANK_ORDER_KEY": secrets.token_urlsafe(16),
        "FTZ_BANK_ACCOUNT": "999000111222",
        "FTZ_BANK_NAME": "Ngân hàng giả lập",
        "FTZ_BANK_BIN": "999999",
        "FTZ_BANK_SIMULATED": "1",
    }


def enter_rates(target: DatabaseTarget, platform: Platform) -> None:
    """Enter made-up rates of exchange up to today's week, as ``ftz up`` does in the demo zone."""
    database, now = Database(target, logins=TEST_LOGINS, pool_size=1), utcnow()
    with database.transaction(SessionContext(DbRole.OFFICER)) as session:
        tariff.enter_demo_rates(session, now=now, today=local_day(now, platform.zone.tz))
    database.close()


def _post(url: str, content: dict[str, Any]) -> None:
    request = urllib.request.Request(  # noqa: S310  our own loopback address
        url, json.dumps(content).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  the same
        assert answer.status == 200, url
