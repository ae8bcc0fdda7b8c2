"""Every page that tells a time limit tells the one of the dossier, with the case that it is for."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from app.core.db import Database
from app.core.kit.ids import uuid7
from app.core.settings import DatabaseTarget
from app.core.workflow.models import Case
from app.investment import queries
from app.investment.service.adjusting import open_adjustment
from app.modules import Platform
from tests.faults.people import House, house_on
from tests.investment.test_adjustment import WHY
from tests.investment.walk import OFFICER, Walk

SIMPLE = "Chỉ điều chỉnh tên dự án hoặc tên nhà đầu tư"


@pytest.fixture
def walk(ready: Database, platform: Platform) -> Walk:
    return Walk(ready, platform)


@pytest.fixture
def house(ready_target: DatabaseTarget, test_var: Path, walk: Walk) -> Iterator[House]:
    with house_on(ready_target, test_var) as house:
        yield house


def renamed(walk: Walk, **answers: object) -> UUID:
    first = walk.issued(code="9900000001")
    case_id, who = uuid7(), walk.actor("filer")
    with walk.session("filer") as session:
        certificate = queries.of_case(session, first)
        assert certificate is not None
        open_adjustment(
            session, desk=walk.desk, number=certificate.number, case_id=case_id, actor=who, now=walk.now
        )
        session.flush()
        changed = {**WHY, "project_name_vi": "Nhà máy mang tên mới", **answers}
        walk.desk.save(session, case_id=case_id, changed=changed, actor=who, now=walk.now)
    return walk.steps(case_id, ("filer", "submit"))


def test_the_catalogue_and_the_guide_tell_both(house: House) -> None:
    anybody = house.person("hoshi")
    for path in ("/procedures", "/guide?intent=CHANGE"):
        page = anybody.get(path)
        assert page.status_code == 200
        assert (SIMPLE in page.text, "3 ngày làm việc" in page.text, "10 ngày" in page.text) == (
            True,
            True,
            True,
        ), path


def test_the_dossier_tells_what_it_would_have_and_then_what_it_has(walk: Walk, house: House) -> None:
    case_id = renamed(walk)
    officer, filer = house.person("mot.cua"), house.person("nop.hoso")
    for person in (officer, filer):
        text = person.get(f"/dossiers/{case_id}").text
        assert ("Thời hạn nếu tiếp nhận theo nội dung hiện tại" in text, "3 ngày làm việc" in text) == (
            True,
            True,
        )
    walk.take(case_id, "intake", "accept")
    with walk.database.session(OFFICER) as session:
        case = session.get_one(Case, case_id)
        code, reason = case.code, case.limit_reason
    assert reason is not None
    for person in (officer, filer):
        text = person.get(f"/dossiers/{case_id}").text
        assert reason["vi"] in text
        assert "Thời hạn nếu tiếp nhận" not in text
    tracked = house.person("hoshi").get(f"/track?code={code}").text
    assert f"3 ngày làm việc ({SIMPLE})" in tracked


def test_officers_are_told_when_later_changes_would_have_led_to_another(walk: Walk, house: House) -> None:
    case_id = renamed(walk)
    walk.steps(case_id, ("intake", "accept"), ("appraiser", "take_up"))
    walk.take(case_id, "appraiser", "request_supplement", gaps=[{"target": "term_years", "code": "UNCLEAR"}])
    with walk.session("filer") as session:
        walk.desk.save(
            session, case_id=case_id, changed={"term_years": 60}, actor=walk.actor("filer"), now=walk.now
        )
    walk.take(case_id, "filer", "supplement")
    told = "Ngày hẹn trả đã ghi được giữ nguyên."
    assert told in house.person("tham.dinh").get(f"/dossiers/{case_id}").text
    assert told not in house.person("nop.hoso").get(f"/dossiers/{case_id}").text
