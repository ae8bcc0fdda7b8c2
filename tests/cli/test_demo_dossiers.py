"""The demo zone's dossiers go through the real desk, stand at every stage, and are told once."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.cli.demo_dossiers import tell_stories
from app.cli.setup import opened
from app.core.db import DbRole, SessionContext
from app.core.kit.time import local_day
from app.core.settings import DatabaseTarget
from app.core.workflow.models import Case
from app.ioc import tiles
from app.modules import compose
from app.web.tiles import Quarter, Scope
from tests.conftest import NOW, settings_for

OFFICER = SessionContext(DbRole.OFFICER)


@pytest.mark.timeout(600)
def test_the_stories_are_told_once_and_reach_every_stage(
    ready_target: DatabaseTarget, test_var: Path
) -> None:
    settings = settings_for(ready_target, test_var)
    platform, said = compose(settings), []
    with opened(settings) as database:
        for _ in range(2):
            tell_stories(database, platform, said.append, now=NOW)
        with database.session(OFFICER) as session:
            rows = session.execute(select(Case.state, func.count()).group_by(Case.state))
            states = {row[0]: row[1] for row in rows}
            ways = set(session.scalars(select(Case.channel)))
            scope = Scope(Quarter.of(local_day(NOW, platform.zone.tz)), NOW, platform.zone.tz)
            board = {tile.code: tiles.read(session, tile, scope) for tile in tiles.TILES}
    assert ways == {"ONLINE", "COUNTER"}
    assert board["3.3"].meets_target is False
    on_paper = board["4.1"].figure
    assert 0 < on_paper.part < on_paper.whole, "one result was signed by hand, the others electronically"
    assert board["4.1"].meets_target is False
    late = board["2.1"].figure
    assert 0 < late.part < late.whole, "somebody was late, so that the board has something to say"
    assert len(said) == 1, "a second start adds nothing"
    assert states.keys() == {
        "draft", "submitted", "accepted", "in_review", "supplement_requested", "consulting", "drafted", "refused",
        "withdrawn", "returned", "decided",
    }  # fmt: skip
