"""Groups of countries: proposed with days and source, decided by two officers, and refused past the change sets."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.core.db.cluster import PrivateCluster
from app.customs.tariff.queries.schedule import members
from tests.conftest import clone
from tests.faults.people import OFFICER, House, Person, house_on

HOME = "/schedules/groups"
FORM = {
    "action": "SET",
    "countries": "JP, hàn quốc",
    "start": "01/01/2031",
    "status": "ASSUMED",
    "note_vi": "Chưa đối chiếu",
    "note_en": "Not compared",
    "reason": "Thành viên mới",
}


@pytest.fixture(scope="module")
def house(cluster: PrivateCluster, ready_template: str, test_var: Path) -> Iterator[House]:
    with clone(cluster, ready_template) as target, house_on(target, test_var) as running:
        yield running


@pytest.fixture(scope="module")
def officers(house: House) -> tuple[Person, Person, Person]:
    first, second, third = (house.person(login) for login in ("phap.che", "phap.che.2", "phap.che.3"))
    return first, second, third


def propose(person: Person, place: str, **changes: str) -> str:
    answer = person.post(f"{HOME}/{place}", {**FORM, **changes})
    assert answer.status_code == 303, BeautifulSoup(answer.text, "html.parser").get_text(" ")[:3000]
    return str(answer.headers["location"]).partition("?")[0]


def approve(path: str, *people: Person) -> None:
    for person in people:
        shown = re.search(r'name="content_hash" value="([0-9a-f]{64})"', person.get(path).text)
        assert shown
        answer = person.post(f"{path}/approve", {"content_hash": shown[1]})
        assert answer.status_code == 303, answer.text[:2000]


def of(house: House, group: str, day: date) -> list[str]:
    with house.database.session(OFFICER) as session:
        return members(session, day).get(group, [])


def test_members_enter_and_leave_on_their_days(house: House, officers: tuple[Person, Person, Person]) -> None:
    first, second, third = officers
    before = of(house, "ACFTA", date(2030, 12, 31))
    path = propose(first, "ACFTA", last="31/12/2031")
    page = second.get(path).text
    assert "Nhật Bản" in page
    assert "thuộc nhóm trong những ngày này" in page
    assert of(house, "ACFTA", date(2031, 6, 1)) == before, "nothing changes before two officers have approved"
    approve(path, second, third)
    assert of(house, "ACFTA", date(2030, 12, 31)) == before
    assert of(house, "ACFTA", date(2031, 6, 1)) == sorted([*before, "JP", "KR"])
    assert of(house, "ACFTA", date(2032, 1, 1)) == before
    path = propose(first, "ACFTA", action="END", countries="KR", start="01/03/2031", last="31/03/2031")
    approve(path, second, third)
    assert "KR" in of(house, "ACFTA", date(2031, 2, 28))
    assert "KR" not in of(house, "ACFTA", date(2031, 3, 15))
    assert "KR" in of(house, "ACFTA", date(2031, 4, 1)), "what remains of its days stays"
    shown = second.get(f"{HOME}/ACFTA").text
    assert "Hàn Quốc" in shown
    assert "01/04/2031" in shown


def test_a_new_group_takes_force_with_its_members(
    house: House, officers: tuple[Person, Person, Person]
) -> None:
    first, second, third = officers
    named = {"code": "thu_nghiem", "title_vi": "Nhóm thử nghiệm", "title_en": "A test group"}
    path = propose(first, "new", **named, countries="FR DE")
    assert second.get(f"{HOME}/THU_NGHIEM").status_code == 404
    assert "Nhóm thử nghiệm" in second.get(path).text
    approve(path, second, third)
    assert of(house, "THU_NGHIEM", date(2031, 1, 1)) == ["DE", "FR"]
    assert of(house, "THU_NGHIEM", date(2030, 1, 1)) == []
    assert "THU_NGHIEM" in second.get(HOME).text
    again = first.post(f"{HOME}/new", {**FORM, **named})
    assert again.status_code == 409
    assert "mỗi mã luôn chỉ một nhóm" in again.text


def test_what_holds_already_changes_nothing(officers: tuple[Person, Person, Person]) -> None:
    first = officers[0]
    answer = first.post(f"{HOME}/VJEPA", {**FORM, "action": "END", "countries": "FR"})
    assert answer.status_code == 409
    assert "không nước nào thuộc nhóm" in answer.text
    assert propose(first, "VJEPA", countries="FR") == propose(first, "VJEPA", countries="FR"), "twice is once"


def test_a_change_that_waited_while_the_group_moved_is_proposed_again(
    house: House,
    officers: tuple[Person, Person, Person],
) -> None:
    first, second, third = officers
    earlier = propose(first, "VKFTA", countries="CL", reason="Thứ nhất")
    later = propose(first, "VKFTA", countries="CL", start="01/06/2031", reason="Thứ hai")
    approve(earlier, second, third)
    shown = re.search(r'name="content_hash" value="([0-9a-f]{64})"', second.get(later).text)
    assert shown
    answer = second.post(f"{later}/approve", {"content_hash": shown[1]})
    assert answer.status_code == 409
    assert of(house, "VKFTA", date(2031, 6, 1)) == ["CL", "KR"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"countries": "JP, Atlantis"}, "countries"),
        ({"countries": ""}, "countries"),
        ({"countries": "JP " * 61}, "countries"),
        ({"start": ""}, "start"),
        ({"status": "CITED"}, "instrument"),
        ({"reason": ""}, "reason"),
    ],
)
def test_what_is_wrong_is_said_beside_the_fields(
    officers: tuple[Person, Person, Person], changes: dict[str, str], field: str
) -> None:
    answer = officers[0].post(f"{HOME}/ACFTA", {**FORM, **changes})
    assert answer.status_code == 422
    page = BeautifulSoup(answer.text, "html.parser")
    assert f"#f-{field}" in {link["href"] for link in page.select("[data-error-summary] a")}


@pytest.mark.parametrize("code", ["JP", "ACFTA", "có dấu", "x" * 30])
def test_a_code_that_is_a_country_or_known_or_none_is_refused(
    officers: tuple[Person, Person, Person], code: str
) -> None:
    answer = officers[0].post(f"{HOME}/new", {**FORM, "code": code, "title_vi": "Tên", "title_en": "Name"})
    assert answer.status_code == (409 if code == "ACFTA" else 422)


@pytest.mark.parametrize("path", ["JP", "khong-co", "ACFTA%00"])
def test_there_is_no_other_group(officers: tuple[Person, Person, Person], path: str) -> None:
    assert officers[0].get(f"{HOME}/{path}").status_code in {400, 404}


def test_only_the_legal_desk_opens_the_pages(house: House) -> None:
    for login in ("nop.hoso", "tham.dinh"):
        assert house.person(login).get(HOME).status_code == 403


@pytest.mark.parametrize(
    "statement",
    [
        "insert into tariff_geo_group_member (id, group_code, country, valid, recorded, status, change_set_id)"
        " select gen_random_uuid(), 'ACFTA', 'US', daterange('2031-01-01', null), tstzrange(s.in_force_at, null),"
        " 'ASSUMED', s.id from law_change_set s where s.in_force_at is not null and s.content_kind = 'tariff.measures'",
        "update tariff_geo_group_member set recorded = tstzrange(lower(recorded), now())"
        " where group_code = 'ATIGA' and country = 'TH'",
        "insert into tariff_change_member (change_set_id, group_code, country, effect, valid, status)"
        " select id, 'ACFTA', 'US', 'ADDED', daterange('2031-01-01', null), 'ASSUMED' from law_change_set"
        " where content_kind = 'tariff.measures' limit 1",
        "update tariff_change_member set country = 'US'",
        "delete from tariff_change_member",
    ],
)
def test_the_database_refuses_what_no_change_says(
    house: House, officers: tuple[Person, Person, Person], statement: str
) -> None:
    first, second, third = officers
    if "MO" not in of(house, "AHKFTA", date(2032, 1, 1)):
        approve(propose(first, "AHKFTA", countries="MO"), second, third)
    with pytest.raises(DBAPIError), house.database.transaction(OFFICER) as session:
        session.execute(text(statement))
