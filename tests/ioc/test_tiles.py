"""Tiles on real dossiers: the SQL says what the rule says, and one dossier moves each tile both ways."""

import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pikepdf
import pytest
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range

from app.core.documents import service as documents
from app.core.documents.store import FileStore
from app.core.evidence import Subject
from app.core.kit.actor import SYSTEM
from app.core.workflow.models import Case, ClockInterval, ProcedureVersion
from app.investment import tiles as investment_tiles
from app.ioc import tiles
from app.ioc.domain import Handling, on_time
from app.web.tiles import Quarter, Scope, Share
from tests.core.workflow.conftest import TO_REVIEW, Play, play, ready_shared, session  # noqa: F401  fixtures

ON_TIME, FILED_ONLINE, RESULTS = tiles.TILES
[ONLINE] = investment_tiles.TILES
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
    assert ON_TIME.value(play.session, scope(play)) == Share(int(rule(play, case)), 1)


def test_one_dossier_moves_the_on_time_tile_both_ways(play: Play) -> None:  # noqa: F811
    tile = ON_TIME
    assert tile.value(play.session, scope(play)).percent is None
    case = play.at(play.draft(), *TO_REVIEW)
    play.session.flush()
    assert tile.value(play.session, scope(play)) == Share(1, 1)
    play.now += timedelta(days=30)
    assert tile.value(play.session, scope(play)) == Share(0, 1)
    assert tile.rows is not None
    [row] = tile.rows(play.session, scope(play))
    assert (row.href, row.reason) == (f"/dossiers/{case.id}", "Still open after the return date")
    assert tile.by_office is not None
    assert list(tile.by_office(play.session, scope(play))) == [("INVEST", Share(0, 1))]


def test_one_dossier_moves_the_results_tile_both_ways(play: Play, tmp_path: Path) -> None:  # noqa: F811
    assert RESULTS.value(play.session, scope(play)).percent is None
    case = play.at(play.draft(), *TO_REVIEW)
    play.take(case, "appraiser", "draft_decision", reason="Đủ.")
    play.at(case, ("head", "approve"), ("leader", "sign"))
    play.session.flush()
    assert RESULTS.value(play.session, scope(play)) == Share(0, 1)
    assert RESULTS.by_office is not None
    assert list(RESULTS.by_office(play.session, scope(play))) == [("INVEST", Share(0, 1))]
    assert RESULTS.rows is not None
    assert [row.code for row in RESULTS.rows(play.session, scope(play))] == [case.code]
    hand_over(play, case, FileStore(tmp_path))
    assert RESULTS.value(play.session, scope(play)) == Share(1, 1)
    assert list(RESULTS.rows(play.session, scope(play))) == []


def test_one_dossier_moves_the_online_filing_tile_both_ways(play: Play) -> None:  # noqa: F811
    assert FILED_ONLINE.value(play.session, scope(play)).percent is None
    case = play.at(play.draft(), *TO_REVIEW)
    play.session.flush()
    assert FILED_ONLINE.value(play.session, scope(play)) == Share(1, 1)
    case.channel, case.desk_id = "COUNTER", play.people["intake"].grants[0].party_id
    play.session.flush()
    assert FILED_ONLINE.value(play.session, scope(play)) == Share(0, 1)
    assert FILED_ONLINE.by_office is not None
    assert list(FILED_ONLINE.by_office(play.session, scope(play))) == [("INVEST", Share(0, 1))]
    assert FILED_ONLINE.rows is not None
    [row] = FILED_ONLINE.rows(play.session, scope(play))
    assert (row.code, row.reason) == (case.code, "Entered at the counter")


def test_a_result_on_paper_alone_does_not_count_as_filed_online(play: Play, tmp_path: Path) -> None:  # noqa: F811
    case = play.at(play.draft(), *TO_REVIEW)
    play.take(case, "appraiser", "draft_decision", reason="Đủ.")
    play.at(case, ("head", "approve"), ("leader", "sign"))
    play.session.flush()
    assert FILED_ONLINE.value(play.session, scope(play)) == Share(0, 1)
    assert FILED_ONLINE.rows is not None
    [row] = FILED_ONLINE.rows(play.session, scope(play))
    assert row.reason == "Finished without an electronic result"
    hand_over(play, case, FileStore(tmp_path))
    assert FILED_ONLINE.value(play.session, scope(play)) == Share(1, 1)


def hand_over(play: Play, case: Case, store: FileStore) -> None:  # noqa: F811
    """Issue a result as an electronic paper, as signing a certificate does."""
    pdf = pikepdf.new()
    pdf.add_blank_page()
    content = io.BytesIO()
    pdf.save(content)
    paper = documents.store_paper(
        play.session, store=store, pdf=content.getvalue(), title="GCN.pdf", kind="IRC", party_id=case.party_id,
        subject=Subject("case", case.id), actor=SYSTEM, now=play.now,
    )  # fmt: skip
    play.session.flush()
    documents.issue(
        play.session, document=paper, verification_code=documents.new_verification_code(), number="GCN-1",
        public={}, actor=SYSTEM, now=play.now,
    )  # fmt: skip
    play.session.flush()


def test_a_procedure_moves_the_online_tile_both_ways(play: Play) -> None:  # noqa: F811
    before = ONLINE.value(play.session, scope(play))
    assert ONLINE.rows is not None
    assert before.whole - before.part == len(ONLINE.rows(play.session, scope(play)))
    assert 0 < before.part < before.whole, "the denominator is the whole catalogue"
    version = play.session.scalars(
        select(ProcedureVersion).where(
            ProcedureVersion.code == "IRC_SPECIAL", ProcedureVersion.valid.contains(play.now.date())
        )
    ).one()
    in_force = version.valid
    version.valid = Range(in_force.lower, play.now.date(), bounds="[)")
    play.session.flush()
    assert ONLINE.value(play.session, scope(play)) == Share(before.part - 1, before.whole)
    version.valid = in_force
    play.session.flush()
    assert ONLINE.value(play.session, scope(play)) == before


def test_a_silent_feed_makes_its_tile_stale(play: Play) -> None:  # noqa: F811
    sign_of_life = play.now
    tile = replace(ON_TIME, fed_at=lambda _: sign_of_life)
    assert not tiles.read(play.session, tile, scope(play)).stale
    play.now += timedelta(minutes=5)
    reading = tiles.read(play.session, tile, scope(play))
    assert (reading.stale, reading.fed_at) == (True, sign_of_life)
    assert tiles.read(play.session, replace(tile, fed_at=lambda _: None), scope(play)).stale
    assert not tiles.read(play.session, ONLINE, scope(play)).stale, "the catalogue needs no feed"
