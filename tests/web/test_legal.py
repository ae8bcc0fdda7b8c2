"""The legal desk over HTTP: who sees it, proposing, two officers, files, refusals, the calendar."""

import csv
import io
import re
import zlib
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from struct import pack
from uuid import UUID

import pytest
from httpx2 import Response
from sqlalchemy import select

from app.core import law
from app.core.db.cluster import PrivateCluster
from app.core.evidence import EvidenceEntry
from app.core.kit.actor import Actor, ActorKind
from app.core.kit.ids import uuid7
from app.core.kit.ranges import Period
from app.core.kit.time import utcnow
from app.core.law import Limit, LimitUnit, Origin, Status, end_value, law_value, set_value
from tests.conftest import clone
from tests.faults.people import OFFICER, ORIGIN, House, Person, house_on

KEY = "onestop.reception.limit"
CHANGE = re.compile(r"/law/changes/([0-9a-f-]{36})")
HASH = re.compile(r'name="content_hash" value="([0-9a-f]{64})"')
FORM = {
    "action": "SET",
    "start": "01/03/2031",
    "last": "31/12/2031",
    "value": "7",
    "value_unit": "working_day",
    "instrument": "law-143-2025-qh15",
    "article": "12",
    "status": "CITED",
    "reason": "Thử nghiệm thay đổi thời hạn",
}


def png() -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return pack(">I", len(body)) + kind + body + pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


@pytest.fixture(scope="module")
def house(cluster: PrivateCluster, ready_template: str, test_var: Path) -> Iterator[House]:
    with clone(cluster, ready_template) as target, house_on(target, test_var) as running:
        yield running


@pytest.fixture(scope="module")
def officers(house: House) -> tuple[Person, Person, Person]:
    first, second, third = (house.person(login) for login in ("phap.che", "phap.che.2", "phap.che.3"))
    return first, second, third


def proposed(person: Person, key: str = KEY, **changed: str) -> str:
    answer = person.post(f"/law/{key}/propose", {**FORM, **changed})
    assert answer.status_code == 303, answer.text
    found = CHANGE.match(answer.headers["location"])
    assert found
    return found[1]


def decide(person: Person, change: str, **options: object) -> Response:
    page = person.get(f"/law/changes/{change}")
    shown = HASH.search(page.text)
    return person.post(
        f"/law/changes/{change}/approve", {"content_hash": shown[1] if shown else "0" * 64}, **options
    )


def tags(house: House) -> list[str]:
    with house.database.session(OFFICER) as session:
        of_law = select(EvidenceEntry.tag).where(EvidenceEntry.tag.like("law:%"))
        return list(session.scalars(of_law.order_by(EvidenceEntry.id)))


def test_the_list_shows_values_with_status_and_source(officers: tuple[Person, ...]) -> None:
    page = officers[0].get("/law?day=20/11/2026", headers={"Accept-Language": "en"})
    assert page.status_code == 200
    assert "investment.irc.limit" in page.text
    assert "10 working days" in page.text
    assert "96/2026" in page.text
    assert "assumed, not verified" in page.text


@pytest.mark.parametrize(
    ("q", "found"), [("THOI HAN", True), ("gio lam", True), ("irc_special", True), ("zzz", False)]
)
def test_search_forgives_accents(officers: tuple[Person, ...], q: str, found: bool) -> None:
    page = officers[0].get("/law", params={"q": q})
    assert ('class="law-key' in page.text or "law-key" in page.text) == found


def test_filters_by_status_instrument_and_day(officers: tuple[Person, ...]) -> None:
    person = officers[0]
    assumed = person.get("/law?status=ASSUMED&day=2026-11-20").text
    assert "calendar.working_hours" in assumed
    assert "investment.irc.limit" not in assumed
    cited = person.get("/law?instrument=decree-96-2026&day=2026-11-20").text
    assert "investment.irc.limit" in cited
    assert "calendar.week" not in cited
    missing = person.get("/law?status=MISSING&day=2001-01-01").text
    assert "investment.irc.limit" in missing
    assert person.get("/law?day=hôm+qua").status_code == 422
    assert person.get("/law?start=99999&status=ODD").status_code == 200


def test_the_export_is_a_table_without_formulas(house: House, officers: tuple[Person, ...]) -> None:
    person = officers[0]
    change = proposed(person, "calendar.day", start="03/02/2031", last="03/02/2031", value="OFF", value_unit="",
                      status="ASSUMED", note_vi="=HYPERLINK(1)", note_en="@SUM(1)")  # fmt: skip
    for each in officers[1:]:
        assert decide(each, change).status_code == 303
    answer = person.get("/law/export.csv?day=2031-02-03&q=calendar")
    assert answer.headers["content-disposition"] == 'attachment; filename="law-2031-02-03.csv"'
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert len({len(row) for row in rows}) == 1
    assert "'=HYPERLINK(1)" in [cell for row in rows for cell in row]
    assert not [cell for row in rows[1:] for cell in row if cell.startswith(("=", "+", "-", "@"))]


def test_two_other_officers_put_a_proposal_in_force(house: House, officers: tuple[Person, ...]) -> None:
    first, second, third = officers
    before = tags(house)
    change = proposed(first)
    assert proposed(first) == change, "the same proposal sent twice is one"
    assert decide(first, change).status_code == 403
    with house.database.session(OFFICER) as session:
        assert law.at(session, date(2031, 3, 1)).limit(KEY).amount != 7

    approved = decide(second, change, files={"page_image": ("trang.png", png(), "image/png")})
    assert approved.status_code == 303
    assert decide(second, change).status_code == 409, "one officer counts once"
    page = first.get(f"/law/changes/{change}")
    image = re.search(rf"/law/changes/{change}/pages/[0-9a-f]{{64}}", page.text)
    assert image
    picture = first.get(image[0])
    assert picture.content == png()
    assert picture.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in picture.headers["content-security-policy"]
    assert first.get(f"/law/changes/{change}/pages/{'0' * 64}").status_code == 404

    assert decide(third, change).headers["location"].endswith("done=in_force")
    with house.database.session(OFFICER) as session:
        assert law.at(session, date(2031, 3, 1)).limit(KEY) == Limit(Decimal(7), LimitUnit.WORKING_DAY)
        assert law.at(session, date(2032, 1, 1)).limit(KEY) != Limit(Decimal(7), LimitUnit.WORKING_DAY)
    assert decide(third, change).status_code == 409, "decided once"
    history = first.get(f"/law/{KEY}").text
    assert "01/03/2031" in history
    new = tags(house)[len(before) :]
    assert sorted(new) == [
        "law:change-set:approve", "law:change-set:approve", "law:change-set:denied", "law:change-set:propose",
    ]  # fmt: skip
    decided = first.get(f"/law/changes/{change}")
    assert FORM["reason"] in decided.text
    assert "csrf_token" not in decided.text.split('<main id="content"')[1].split("</main>")[0]


@pytest.mark.parametrize(
    ("name", "content", "status"),
    [
        ("trang.png", b"nothing", 415),
        ("trang.pdf", png(), 422),
        ("trang.png", b"", 422),
        ("a.png", png() + b"x", 422),
    ],
    ids=["no picture", "another type", "empty", "something behind it"],
)
def test_a_bad_image_approves_nothing(
    house: House, officers: tuple[Person, ...], name: str, content: bytes, status: int
) -> None:
    change = proposed(officers[0], start="01/01/2040", last="02/01/2040")
    answer = decide(officers[1], change, files={"page_image": (name, content, "image/png")})
    assert answer.status_code == status
    assert 'id="f-page_image-error"' in answer.text
    with house.database.session(OFFICER) as session:
        assert law.approvals_of(session, UUID(change)) == []
    officers[0].post(f"/law/changes/{change}/reject", {"reason": "Thử xong"})


def test_another_content_than_the_shown_one_is_refused(officers: tuple[Person, ...]) -> None:
    change = proposed(officers[0], start="01/01/2041", last="02/01/2041")
    answer = officers[1].post(f"/law/changes/{change}/approve", {"content_hash": "0" * 64})
    assert answer.status_code == 409
    assert "notice-bad" in answer.text
    officers[0].post(f"/law/changes/{change}/reject", {"reason": "Thử xong"})


def test_a_moved_base_says_what_to_do(officers: tuple[Person, ...]) -> None:
    first, second, third = officers
    one = proposed(first, "onestop.reschedule.max", start="01/01/2042", last="31/12/2042", value="2")
    two = proposed(first, "onestop.reschedule.max", start="01/01/2043", last="31/12/2043", value="3")
    for person in (second, third):
        assert decide(person, one).status_code == 303
    answer = decide(second, two)
    assert answer.status_code == 409
    assert "notice-bad" in answer.text
    assert first.post(f"/law/changes/{two}/reject", {"reason": ""}).status_code == 422
    assert first.post(f"/law/changes/{two}/reject", {"reason": "Lập lại"}).status_code == 303
    assert "Lập lại" in first.get("/law/changes").text
    assert first.post(f"/law/changes/{two}/reject", {"reason": "Lần nữa"}).status_code == 409


def test_a_faulty_form_comes_back_with_what_was_typed(officers: tuple[Person, ...]) -> None:
    answer = officers[0].post(f"/law/{KEY}/propose", {**FORM, "start": "32/13/2031", "value": "nhiều"})
    assert answer.status_code == 422
    for text in (
        "32/13/2031",
        "nhiều",
        FORM["reason"],
        'id="f-start-error"',
        'id="f-value-error"',
        "data-error-summary",
    ):
        assert text in answer.text


def test_verification_binds_to_what_was_seen(house: House, officers: tuple[Person, ...]) -> None:
    first, second, third = officers
    key = "investment.irc.limit"
    page = first.get(f"/law/{key}/verify").text
    marks = re.findall(r'name="values" value="([^"]+)"', page)
    assert marks
    assert first.post(f"/law/{key}/verify", {"reason": "Công báo"}).status_code == 422
    answer = first.post(f"/law/{key}/verify", {"values": marks, "reason": "Công báo số 1 (thử)"})
    found = CHANGE.match(answer.headers["location"])
    assert found
    for person in (second, third):
        assert decide(person, found[1]).status_code == 303
    with house.database.session(OFFICER) as session:
        assert law.at(session, date(2026, 11, 20)).get(key).status is Status.VERIFIED
    again = first.post(f"/law/{key}/verify", {"values": marks, "reason": "Công báo"})
    assert again.status_code == 422, "what is verified is not verified again"


def test_a_new_instrument_comes_with_its_value(house: House, officers: tuple[Person, ...]) -> None:
    first, second, third = officers
    change = proposed(
        first, start="01/01/2050", last="31/12/2050", instrument="+", new_kind="DECISION",
        new_number="99/2049/QĐ-THU", new_title_vi="Quyết định thử nghiệm", new_title_en="Test decision",
    )  # fmt: skip
    assert "99/2049/QĐ-THU" in second.get(f"/law/changes/{change}").text
    for person in (second, third):
        assert decide(person, change).status_code == 303
    with house.database.session(OFFICER) as session:
        assert "decision-99-2049-qd-thu" in law.instruments(session)


def test_an_end_leaves_the_days_without_a_value(house: House, officers: tuple[Person, ...]) -> None:
    first, second, third = officers
    change = proposed(first, start="01/01/2060", last="31/12/2060", action="END", value="", status="")
    for person in (second, third):
        assert decide(person, change).status_code == 303
    with house.database.session(OFFICER) as session, pytest.raises(law.LawValueMissing):
        law.at(session, date(2060, 6, 1)).get(KEY)
    assert first.get("/law?day=2060-06-01&status=MISSING").text.count(KEY) >= 1


def test_the_calendar_shows_days_off_and_unknown_years(officers: tuple[Person, ...]) -> None:
    page = officers[0].get("/law/calendar?year=2026", headers={"Accept-Language": "en"}).text
    assert page.count('class="cal-month"') == 12
    assert "cal-makeup" in page
    assert "Appointments that were already given stay on record" in page
    empty = officers[0].get("/law/calendar?year=2099").text
    assert "cal-unknown" in empty
    assert officers[0].get("/law/calendar?year=99999999").status_code == 200


@pytest.mark.parametrize("login", ["truong.phong", "lanh.dao"])
def test_heads_and_leaders_read_only(house: House, login: str) -> None:
    person = house.person(login)
    for path in ("/law", "/law/changes", "/law/calendar", f"/law/{KEY}", "/law/export.csv"):
        assert person.get(path).status_code == 200, path
    assert f"/law/{KEY}/propose" not in person.get(f"/law/{KEY}").text
    for path in (f"/law/{KEY}/propose", f"/law/{KEY}/verify"):
        assert person.get(path).status_code == 403
        assert person.post(path, FORM).status_code == 403


@pytest.mark.parametrize("login", ["nop.hoso", "mot.cua", "hai.quan"])
def test_others_do_not_get_in(house: House, officers: tuple[Person, ...], login: str) -> None:
    person, change = house.person(login), uuid7()
    for path in (
        "/law",
        "/law/changes",
        "/law/calendar",
        f"/law/{KEY}",
        "/law/export.csv",
        f"/law/changes/{change}",
    ):
        assert person.get(path).status_code in (403, 404), path
    for path in (f"/law/{KEY}/propose", f"/law/{KEY}/verify", f"/law/changes/{change}/approve"):
        assert person.post(path, FORM).status_code in (403, 404), path
    assert 'href="/law"' not in person.get("/procedures").text


def test_nobody_is_sent_to_sign_in(house: House) -> None:
    answer = house.visitor().get("/law")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?next=")


def test_what_is_not_there_is_not_found(officers: tuple[Person, ...]) -> None:
    person = officers[0]
    for path in (
        "/law/no.such.key",
        "/law/no.such.key/propose",
        "/law/no.such.key/verify",
        f"/law/changes/{uuid7()}",
    ):
        assert person.get(path).status_code == 404, path
    assert person.post(f"/law/changes/{uuid7()}/approve", {"content_hash": "0" * 64}).status_code == 404
    assert person.post(f"/law/changes/{uuid7()}/reject", {"reason": "x"}).status_code == 404


@pytest.mark.parametrize(
    "path", [f"/law/{KEY}/propose", f"/law/{KEY}/verify", f"/law/changes/{UUID(int=3)}/approve"]
)
def test_a_form_without_its_token_changes_nothing(officers: tuple[Person, ...], path: str) -> None:
    answer = officers[0].client.post(path, data={**FORM, "csrf_token": "forged"}, headers={"Origin": ORIGIN})
    assert answer.status_code == 403
    foreign = officers[0].post(path, FORM, headers={"Origin": "https://elsewhere.example"})
    assert foreign.status_code == 403


def test_the_pages_carry_a_change_of_the_platform_itself(house: House, officers: tuple[Person, ...]) -> None:
    actor = Actor(ActorKind.SYSTEM, name="system")
    value = law_value(
        key="onestop.supplement.max_requests", value="5", unit="count", valid=Period(date(2070, 1, 1)),
        status=Status.ASSUMED, note={"vi": "Thử", "en": "Test"},
    )  # fmt: skip
    with house.database.session(OFFICER) as session:
        made = law.propose_items(
            session,
            items=[set_value(value), end_value("onestop.reschedule.max", Period(date(2070, 1, 1)))],
            origin=Origin.IMPORT,
            title="Nhập thử",
            actor=actor,
            now=utcnow(),
        )
        change = made.id
        session.commit()
    assert officers[0].get(f"/law/changes/{change}").status_code == 200
    listed = officers[0].get("/law/changes").text
    assert "Nhập thử" in listed
    assert ".yaml" not in listed, "a release has a name for people, not the names of its files"
    assert decide(officers[0], str(change)).status_code == 303, "who did not propose may approve"
