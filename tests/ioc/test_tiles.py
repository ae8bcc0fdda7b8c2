"""Tiles on real dossiers: the SQL says what the rule says, and one dossier moves each tile both ways."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.core.workflow.models import Case, ClockInterval
from app.ioc import queries, tiles
from app.ioc.domain import Handling, Quarter, Share, on_time
from app.ioc.tiles import Scope
from tests.core.workflow.conftest import TO_REVIEW, Play, play, ready_shared, session  # noqa: F401  fixtures

GAPS = [{"target": "site", "code": "MISSING"}]


def scope(play: Play) -> Scope:  # noqa: F811
    return Scope(Quarter(2026, 4), play.now, play.desk._zone)


def rule(play: Play, case: Case) -> bool:  # noqa: F811
    """Return what the pure rule says of a stored dossier."""
    pauses = play.session.scalars(
        select(ClockInterval)
        .where(ClockInterval.case_id == case.id, ClockInterval.mode == "PAUSE")
        .order_by(ClockInterval.started_at)
    )
    assert case.accepted_at is not None
    found = Handling(
        received_at=case.accepted_at,
        appointment_at=case.appointment_at,
        result_at=case.decided_at,
        refused_at=case.closed_at if case.decided_at is None else None,
        supplements=tuple((each.started_at, each.ended_at) for each in pauses),
    )
    return on_time(found, period_end=min(scope(play).until, play.now))


@pytest.mark.parametrize("story", ["fresh", "late", "decided", "waiting", "supplemented", "twice", "refused"])
def test_sql_and_rule_agree(play: Play, story: str) -> None:  # noqa: F811
    case = play.at(play.draft(), *TO_REVIEW)
    if story in ("waiting", "supplemented", "twice"):
        play.take(case, "appraiser", "request_supplement", gaps=GAPS)
        play.now += timedelta(days=3)
    if story in ("supplemented", "twice"):
        play.take(case, "filer", "supplement")
    if story == "twice":
        play.take(case, "head", "allow_supplement", reason="Cần thêm tài liệu.")
        play.take(case, "appraiser", "request_supplement", gaps=GAPS)
        play.take(case, "filer", "supplement")
    if story == "late":
        play.now += timedelta(days=30)
    if story == "decided":
        play.take(case, "appraiser", "draft_decision", reason="Đủ.")
        play.at(case, ("head", "approve"), ("leader", "sign"))
    if story == "refused":
        play.take(case, "appraiser", "draft_refusal", reason="Không đủ.")
        play.take(case, "head", "approve_refusal")
        play.take(case, "leader", "refuse", reason="Không đủ.")
    play.session.flush()
    assert tiles.TILES["2.1"].value(play.session, scope(play)) == Share(int(rule(play, case)), 1)


def test_one_dossier_moves_the_on_time_tile_both_ways(play: Play) -> None:  # noqa: F811
    tile = tiles.TILES["2.1"]
    assert tile.value(play.session, scope(play)).percent is None
    case = play.at(play.draft(), *TO_REVIEW)
    play.session.flush()
    assert tile.value(play.session, scope(play)) == Share(1, 1)
    play.now += timedelta(days=30)
    assert tile.value(play.session, scope(play)) == Share(0, 1)
    assert tile.rows is not None
    assert [row.id for row in tile.rows(play.session, scope(play))] == [case.id]
    assert tile.by_office is not None
    assert list(tile.by_office(play.session, scope(play))) == [("INVEST", Share(0, 1))]


def test_a_result_without_electronic_paper_counts_against_the_tile(play: Play) -> None:  # noqa: F811
    case = play.at(play.draft(), *TO_REVIEW)
    play.take(case, "appraiser", "draft_decision", reason="Đủ.")
    play.at(case, ("head", "approve"), ("leader", "sign"))
    play.session.flush()
    when = scope(play)
    assert queries.electronic_results(
        play.session, since=when.since, until=when.until, kinds=["IRC"]
    ) == Share(0, 1)
