"""The slips of the demo zone: opened once, and paid by nobody but the simulated bank."""

import json
from pathlib import Path

from sqlalchemy import func, select

from app.cli.demo_payments import STORIES, SUBJECT, demand_demo, story_file
from app.core.db import Database, DbRole, SessionContext
from app.core.payments.models import Payment, Slip
from app.core.settings import DatabaseTarget
from app.modules import compose
from tests.conftest import NOW, TEST_LOGINS, settings_for


def test_they_are_opened_once_and_wait_for_the_bank(ready_target: DatabaseTarget, tmp_path: Path) -> None:
    platform = compose(settings_for(ready_target, tmp_path))
    database = Database(ready_target, logins=TEST_LOGINS, pool_size=2)
    said: list[str] = []
    for _ in range(2):
        demand_demo(database, platform, said.append, now=NOW)
    with database.session(SessionContext(DbRole.OFFICER)) as session:
        slips = session.scalars(select(Slip).where(Slip.subject_kind == SUBJECT)).all()
        assert session.scalar(select(func.count()).select_from(Payment)) == 0
    database.close()
    assert (len(said), len(slips)) == (1, len(STORIES))
    told = json.loads(story_file(platform.kernel.settings).read_text(encoding="utf-8"))
    known = {each.reference for each in slips}
    assert sum(each["reference"] in known for each in told) == 3
    assert [each["reference"] for each in told].count("") == 1
