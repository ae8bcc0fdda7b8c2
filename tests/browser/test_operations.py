"""The page of operations in a browser: figures, a dead letter tried again, the alarm; wide and phone."""

import re
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Page, expect
from psycopg.types.json import Jsonb

from app.cli.demo import PASSWORD
from app.core.db.cluster import PrivateCluster
from tests.browser.conftest import Site

pytestmark = pytest.mark.browser

LOOKS: list[dict[str, Any]] = [
    {"lang": "vi"},
    {"lang": "en", "phone": True, "dark": True},
    {"lang": "vi", "phone": True, "script": False},
]


@pytest.fixture
def letter(site: Site, cluster: PrivateCluster) -> int:
    """A job that used up its attempts, and a worker that has been silent for an hour."""
    with psycopg.connect(cluster.boot_conninfo(site.database)) as connection:
        row = connection.execute(
            "insert into procrastinate_jobs (queue_name, task_name, args, status, attempts)"
            " values ('default', 'notifications.send', %s, 'failed', 5) returning id",
            [Jsonb({"correlation": "4bf92f3577b34da6"})],
        ).fetchone()
        assert row is not None
        connection.execute(
            "insert into job_failure (job_id, attempt, task, at, error, code) values"
            " (%s, 5, 'notifications.send', now(), 'app.core.notifications.channels.GatewayAway', 'gateway-away')",
            [row[0]],
        )
        connection.execute(
            "insert into timer_heartbeat (name, ticked_at) values ('workflow.timers', now() - interval '1 h')"
            " on conflict (name) do update set ticked_at = excluded.ticked_at"
        )
    return int(row[0])


@pytest.mark.parametrize("look", LOOKS)
def test_an_administrator_sees_and_mends(
    visit: Callable[..., Page], shoot: Callable[[Page, str], None], letter: int, look: dict[str, Any]
) -> None:
    admin = visit(**look)
    admin.goto("/login?next=/operations")
    admin.locator("#f-login_id").fill("quan.tri")
    admin.locator("#f-password").fill(PASSWORD)
    admin.locator("main form button[type=submit]").click()
    admin.wait_for_url(re.compile("/operations$"))
    box = admin.locator(f"input[name=job][value='{letter}']")
    expect(box).to_be_visible()
    expect(admin.locator(".page-head .chip-bad")).to_be_visible()
    tag = "-".join(str(value) for value in look.values())
    shoot(admin, f"90-operations-{tag}")
    if look.get("script", True):
        admin.evaluate("() => { window.sameDocument = true }")
        box.check()
        with admin.expect_response(lambda answer: answer.url.endswith("/operations"), timeout=40_000) as part:
            pass
        assert part.value.request.headers["x-background"] == "1"
        expect(box).to_be_checked()
        assert admin.evaluate("() => window.sameDocument"), "only the figures were asked for again"
    box.check()
    admin.locator("form[action='/operations/jobs/retry'] button[type=submit]").click()
    admin.wait_for_url(re.compile(r"/operations\?done=1"))
    expect(admin.locator(".notice-good")).to_be_visible()
    expect(admin.locator(f"input[name=job][value='{letter}']")).to_have_count(0)


def test_the_alarm_stands_on_every_page_of_an_administrator(
    visit: Callable[..., Page],
    shoot: Callable[[Page, str], None],
    letter: int,
    site: Site,
    cluster: PrivateCluster,
) -> None:
    """No worker runs here. The watch of the web process looks every 15 seconds."""
    with psycopg.connect(cluster.boot_conninfo(site.database)) as connection:
        connection.execute("update timer_heartbeat set ticked_at = now() - interval '7 minutes'")
    admin = visit()
    admin.goto("/login?next=/admin/users")
    admin.locator("#f-login_id").fill("quan.tri")
    admin.locator("#f-password").fill(PASSWORD)
    admin.locator("main form button[type=submit]").click()
    admin.wait_for_url(re.compile("/admin/users"))
    for _ in range(20):
        if admin.locator("main > [role=alert]").count():
            break
        admin.wait_for_timeout(2_000)
        admin.reload()
    expect(admin.locator("main > [role=alert] a[href='/operations']")).to_be_visible()
    shoot(admin, "91-alarm")
