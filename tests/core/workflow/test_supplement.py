"""Supplement requests: coded gaps, once by law, again only with a recorded permission."""

import pytest
from sqlalchemy import select

from app.core.errors import Invalid
from app.core.workflow.builtin import SupplementUsedUp
from app.core.workflow.models import Gap
from tests.core.workflow.conftest import TO_REVIEW, Play

GAPS = [
    {"target": "project_name_vi", "code": "UNCLEAR", "note": "Nêu rõ sản phẩm."},
    {"target": "site", "code": "MISSING"},
]


def test_every_gap_is_a_coded_row_that_the_supplement_closes(play: Play) -> None:
    case = play.at(play.draft(), *TO_REVIEW)
    play.take(case, "appraiser", "request_supplement", gaps=GAPS)
    play.session.flush()
    rows = play.session.scalars(select(Gap).where(Gap.case_id == case.id).order_by(Gap.target)).all()
    assert [(row.target, row.code, row.request, row.closed_at) for row in rows] == [
        ("project_name_vi", "UNCLEAR", 1, None),
        ("site", "MISSING", 1, None),
    ]
    play.take(case, "filer", "supplement")
    assert {row.closed_at for row in rows} == {play.now}


def test_a_second_request_needs_the_heads_recorded_permission(play: Play) -> None:
    case = play.at(play.draft(), *TO_REVIEW)
    play.take(case, "appraiser", "request_supplement", gaps=GAPS)
    play.take(case, "filer", "supplement")
    with pytest.raises(SupplementUsedUp):
        play.take(case, "appraiser", "request_supplement", gaps=GAPS)
    play.take(case, "head", "allow_supplement", reason="Phát sinh tài liệu mới từ phía nhà đầu tư.")
    play.take(case, "appraiser", "request_supplement", gaps=GAPS)
    assert case.state == "supplement_requested"


@pytest.mark.parametrize(
    "gaps",
    [
        [],
        [{"target": "nothing", "code": "MISSING"}],
        [{"target": "site", "code": "UGLY"}],
        [{"target": "site"}],
    ],
    ids=["none", "unknown target", "unknown code", "no code"],
)
def test_gaps_that_say_nothing_are_refused(play: Play, gaps: list[dict[str, str]]) -> None:
    case = play.at(play.draft(), *TO_REVIEW)
    with pytest.raises(Invalid):
        play.take(case, "appraiser", "request_supplement", gaps=gaps)
