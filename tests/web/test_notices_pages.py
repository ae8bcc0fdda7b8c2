"""The pages of notices: the list, the bell, reading, and the choice of channels."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from bs4 import BeautifulSoup
from pydantic import SecretStr
from sqlalchemy import text

from app.core.db.cluster import PrivateCluster
from app.core.kit.actor import SYSTEM
from app.core.kit.time import utcnow
from app.core.notifications import installed, notify
from tests.conftest import clone
from tests.faults.people import AUTH, OFFICER, House, Person, house_on


@pytest.fixture(scope="module")
def house(cluster: PrivateCluster, ready_template: str, test_var: Path) -> Iterator[House]:
    with clone(cluster, ready_template) as target, house_on(target, test_var) as running:
        yield running


@pytest.fixture(scope="module")
def connected(cluster: PrivateCluster, ready_template: str, test_var: Path) -> Iterator[House]:
    """An installation that has been given e-mail and SMS."""
    channels = {"smtp_url": SecretStr("smtp://127.0.0.1:9"), "sms_url": SecretStr("http://127.0.0.1:9/sms")}
    with clone(cluster, ready_template) as target, house_on(target, test_var, **channels) as running:
        yield running


def tell(house: House, login: str, *, kind: str = "case.accepted") -> UUID:
    """Write a notice to a person; return the key of the matter."""
    case = uuid4()
    with house.database.session(AUTH) as session:
        user = session.scalar(text("select id from auth_user where login = :login"), {"login": login})
    with installed(house.app.state.notifier), house.database.transaction(OFFICER) as session:
        params = {
            "code": "HS-2026-000001-X",
            "title": "<b>Nhà máy</b>",
            "appointment_at": "2026-12-04T03:00:00+00:00",
        }
        party = house.party_of(login)
        notify(
            session, recipients=[user], kind=kind, subject=("case", case), party_id=party, params=params,
            actor=SYSTEM, now=utcnow(),
        )  # fmt: skip
    return case


def page(person: Person, path: str) -> BeautifulSoup:
    answer = person.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == 200, answer.text
    return BeautifulSoup(answer.text, "html.parser")


def test_a_notice_is_counted_shown_in_both_languages_and_read(house: House) -> None:
    person = house.person("truong.phong")
    empty = page(person, "/notices")
    assert "Chưa có thông báo" in empty.text
    assert empty.select_one("#bell .count") is None
    case = tell(house, "truong.phong")
    found = page(person, "/notices")
    assert found.select_one("#bell .count").text == "1"
    assert "<b>Nhà máy</b>" in found.text, "what people typed is text"
    assert "04/12/2026" in found.text
    row = found.select_one("#notice-rows th a")
    assert row.text == "Đã tiếp nhận hồ sơ HS-2026-000001-X"
    person.post("/preferences/language", {"lang": "en", "next": "/"})
    assert "was received" in page(person, "/notices").text
    opened = person.get(row["href"])
    assert (opened.status_code, opened.headers["location"]) == (303, f"/dossiers/{case}")
    assert page(person, "/notices").select_one("#bell .count") is None


def test_another_persons_notice_is_not_found(house: House) -> None:
    tell(house, "nop.hoso")
    person, stranger, officer = house.person("nop.hoso"), house.person("hoshi"), house.person("mot.cua")
    link = page(person, "/notices").select_one("#notice-rows th a")["href"]
    for other in (stranger, officer):
        assert other.get(link).status_code == 404
        assert other.post(f"{link}/read").status_code == 404
        assert page(other, "/notices").select_one("#notice-rows th a") is None
    assert person.post(f"{link}/read").status_code == 303


def test_all_are_marked_read_at_once(house: House) -> None:
    person = house.person("nop.hoso")
    for _ in range(3):
        tell(house, "nop.hoso")
    assert page(person, "/notices").select_one("#bell .count") is not None
    assert person.post("/notices/read").status_code == 303
    assert page(person, "/notices").select_one("#bell .count") is None


def test_the_bell_and_the_rows_come_as_fragments(house: House) -> None:
    person = house.person("nop.hoso")
    tell(house, "nop.hoso")
    bell = person.get("/notices/bell", headers={"HX-Request": "true"})
    assert bell.text.strip().startswith('<span id="bell"')
    assert 'class="count"' in bell.text
    rows = person.get("/notices", headers={"HX-Request": "true", "HX-Target": "notice-rows"})
    assert "<html" not in rows.text


def test_visitors_are_asked_to_sign_in(house: House) -> None:
    for path in ("/notices", "/account/notifications"):
        assert house.visitor().get(path).status_code == 303


def test_what_is_not_set_up_is_said_and_not_offered(house: House) -> None:
    found = page(house.person("nop.hoso"), "/account/notifications")
    assert "Thư điện tử, SMS, Zalo" in found.text
    assert found.select("main input[type=checkbox]") == []
    assert found.select("main input[type=email]") == []


def test_channels_are_chosen_for_each_kind(connected: House) -> None:
    person = connected.person("nop.hoso")
    found = page(person, "/account/notifications")
    assert "Zalo" in found.text, "what is not set up is named"
    assert found.select_one("input[name=address_zalo]") is None
    ticked = found.select("input[name=tell_case_accepted][checked]")
    assert [box["value"] for box in ticked] == ["EMAIL"]
    wrong = person.post("/account/notifications", {"address_sms": "12", "tell_case_accepted": "SMS"})
    assert wrong.status_code == 422
    again = BeautifulSoup(wrong.text, "html.parser")
    assert again.select_one("input[name=address_sms]")["value"] == "12"
    assert [box["value"] for box in again.select("input[name=tell_case_accepted][checked]")] == ["SMS"]
    right = {"address_sms": "0912 345 678", "address_email": "a@firm.example", "tell_case_accepted": "SMS"}
    assert person.post("/account/notifications", right).status_code == 303
    kept = page(person, "/account/notifications?saved=1")
    assert kept.select_one("input[name=address_sms]")["value"] == "+84912345678"
    assert [box["value"] for box in kept.select("input[name=tell_case_accepted][checked]")] == ["SMS"]
    tell(connected, "nop.hoso")
    listed = page(person, "/notices")
    assert "SMS: đang chờ gửi" in listed.text
    assert listed.select("main .notice a[href='/account/notifications']") == []
    officer = page(connected.person("mot.cua"), "/account/notifications")
    assert officer.select("input[name=tell_case_filed]")
    assert officer.select("input[name=tell_case_accepted]") == [], "each side is asked for its own kinds"


def test_a_missing_address_is_said_once_with_the_way_to_add_one(
    connected: House, cluster: PrivateCluster
) -> None:
    person = connected.person("hoshi")
    for _ in range(3):
        tell(connected, "hoshi")
    with psycopg.connect(cluster.boot_conninfo(connected.database.target.name)) as connection:
        connection.execute("update notification_delivery set state = 'GIVEN_UP', error = 'no-address'")
    found = page(person, "/notices")
    assert len(found.select("main .notice a[href='/account/notifications']")) == 1
    assert found.select("#notice-rows .chip.is-neutral") == []
    assert len(found.select("#notice-rows tbody tr")) == 3
