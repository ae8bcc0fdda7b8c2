"""A session that ends while a form is being filled in: nothing typed is lost, and nobody else gets it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from bs4 import BeautifulSoup
from httpx2 import Response
from sqlalchemy import select, update

from app.core.auth.models import LoginSession, User
from app.core.db.cluster import PrivateCluster
from app.core.kit.time import utcnow
from app.core.workflow.models import Case
from app.web.kept_forms import KEPT_FOR, KeptForm, forget_kept
from tests.conftest import clone
from tests.faults.people import AUTH, OFFICER, ORIGIN, House, Person, answers_for, draft, house_on
from tests.faults.procedure import PROBE
from tests.web.test_account import enrolled

SECTION = PROBE.sections[0]
TYPED = "Nhà máy & <b>bến</b>\nhai dòng"


@pytest.fixture
def house(cluster: PrivateCluster, ready_template: str, tmp_path: Path) -> Iterator[House]:
    with clone(cluster, ready_template) as target, house_on(target, tmp_path) as running:
        running.conninfo = cluster.boot_conninfo(target.name)  # type: ignore[attr-defined]
        yield running


def end_sessions(house: House, login: str) -> None:
    with house.database.transaction(AUTH) as session:
        owner = select(User.id).where(User.login == login).scalar_subquery()
        session.execute(
            update(LoginSession)
            .where(LoginSession.user_id == owner)
            .values(last_seen_at=LoginSession.last_seen_at - timedelta(hours=3))
        )


def hidden(answer: Response, action: str) -> list[tuple[str, str]]:
    """Return the hidden fields of the form with an action, as a browser would send them."""
    form = BeautifulSoup(answer.text, "html.parser").select_one(f"main form[action='{action}']")
    assert form is not None, answer.text
    return [(each["name"], each["value"]) for each in form.select("input[type=hidden]")]


def send(person: Person, path: str, fields: list[tuple[str, str]], **options: object) -> Response:
    data: dict[str, list[str]] = {}
    for name, value in fields:
        data.setdefault(name, []).append(value)
    headers = {"Origin": ORIGIN, "Referer": f"{ORIGIN}{path}"}
    return person.client.post(path, data=data, headers=headers, **options)


class Writing:
    """Somebody who fills in a section of a form."""

    def __init__(self, house: House, login: str = "nop.hoso", person: Person | None = None) -> None:
        self.house, self.login = house, login
        self.person = person or house.person(login)
        self.case_id = draft(self.person, login)
        self.path = f"/dossiers/{self.case_id}/form/{SECTION.code}"
        self.text = next(field.code for field in SECTION.fields if field.type in ("text", "longtext"))
        typed = {**answers_for(SECTION, "x"), self.text: TYPED, "then": "list"}
        self.fields = [*hidden(self.person.get(self.path), self.path), *typed.items()]

    def save_too_late(self) -> str:
        """Press save after the session has ended; return where the browser is led."""
        end_sessions(self.house, self.login)
        answer = send(self.person, self.path, self.fields)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    def saved(self) -> object:
        with self.house.database.session(OFFICER) as session:
            return session.get_one(Case, self.case_id).answers.get(self.text)


def sign_in(person: Person, login: str, way: str) -> str:
    """Sign in on the page to which a browser was led; return where it leads on."""
    person._token = ""
    page = person.get(way)
    assert BeautifulSoup(page.text, "html.parser").select_one("main .notice") is not None
    answer = person.sign_in(login, next=dict(hidden(page, "/login"))["next"])
    assert answer.status_code == 303
    return str(answer.headers["location"])


def test_the_same_person_goes_on(house: House) -> None:
    writing = Writing(house)
    way = writing.save_too_late()
    assert way.startswith("/login?kept=1&next=/continue/")
    assert writing.saved() is None
    onward = sign_in(writing.person, "nop.hoso", way)
    page = writing.person.get(onward)
    assert page.status_code == 200
    assert "<b>bến</b>" not in page.text, "what was typed is shown as text"
    labels = [
        each.get_text(strip=True) for each in BeautifulSoup(page.text, "html.parser").select(".facts dt")
    ]
    assert next(field.label["vi"] for field in SECTION.fields if field.code == writing.text) in labels
    answer = send(writing.person, writing.path, hidden(page, writing.path))
    assert answer.status_code == 303, answer.text
    assert str(writing.saved()).replace("\r\n", "\n") == TYPED


def test_also_with_a_second_factor(house: House) -> None:
    person = house.person("nop.hoso")
    device, _ = enrolled(person)
    writing = Writing(house, person=person)
    onward = sign_in(person, "nop.hoso", writing.save_too_late())
    assert onward.startswith("/login/code?next=%2Fcontinue%2F")
    asked = dict(hidden(person.get(onward), "/login/code"))
    answer = person.post("/login/code", {"code": device.now(), "next": asked["next"]})
    page = person.get(answer.headers["location"])
    assert send(person, writing.path, hidden(page, writing.path)).status_code == 303
    assert writing.saved() is not None


@pytest.mark.parametrize("other", ["hoshi", "mot.cua"])
def test_another_person_gets_nothing(house: House, other: str) -> None:
    writing = Writing(house)
    onward = sign_in(writing.person, other, writing.save_too_late())
    page = writing.person.get(onward)
    assert page.status_code == 404
    assert "Nhà máy" not in page.text
    stranger = house.visitor()
    assert stranger.get(onward).headers["location"].startswith("/login")


def test_another_person_at_the_same_browser_gets_nothing(house: House) -> None:
    writing = Writing(house)
    writing.person.sign_in("hoshi")
    answer = send(writing.person, writing.path, writing.fields)
    assert answer.headers["location"].startswith("/continue/")
    assert writing.person.get(answer.headers["location"]).status_code == 404
    end_sessions(house, "hoshi")
    writing.person.sign_in("nop.hoso")
    assert writing.person.get(answer.headers["location"]).status_code == 200


def test_a_session_that_is_gone_with_its_cookie(house: House) -> None:
    writing = Writing(house)
    browser = house.visitor()
    answer = send(browser, writing.path, writing.fields)
    assert answer.headers["location"].startswith("/login?kept=1&next=/continue/")
    assert browser.get(sign_in(browser, "nop.hoso", answer.headers["location"])).status_code == 200


def test_files_are_named_and_not_kept(house: House) -> None:
    writing = Writing(house)
    end_sessions(house, "nop.hoso")
    answer = send(
        writing.person,
        writing.path,
        writing.fields,
        files={"files": ("giấy.pdf", b"%PDF-", "application/pdf")},
    )
    page = writing.person.get(sign_in(writing.person, "nop.hoso", answer.headers["location"]))
    assert "giấy.pdf" in BeautifulSoup(page.text, "html.parser").select_one("main .notice").text
    assert "Nhà máy" in page.text


def rows(house: House) -> list[bytes]:
    with psycopg.connect(house.conninfo) as connection:  # type: ignore[attr-defined]
        return [row[0] for row in connection.execute("select content from web_kept_form")]


def test_what_is_kept_is_sealed_and_little(house: House) -> None:
    writing = Writing(house)
    end_sessions(house, "nop.hoso")
    for _ in range(8):
        send(writing.person, writing.path, writing.fields)
    assert len(rows(house)) == 5
    assert not any("Nhà máy".encode() in row or b"Nh\\u00e0" in row for row in rows(house))


def test_no_form_with_a_secret_is_kept(house: House) -> None:
    writing = Writing(house)
    owner = [each for each in writing.fields if each[0] in ("csrf_token", "form_owner")]
    end_sessions(house, "nop.hoso")
    for path in ("/account/password", "/account/second-factor", "/account/confirm"):
        answer = send(writing.person, path, [*owner, ("password", "bí mật"), ("code", "123456")])
        assert answer.status_code == 401, path
    assert rows(house) == []


@pytest.mark.parametrize("mark", ["", "AAAA", "no base64", "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"])
def test_a_form_of_nobody_is_not_kept(house: House, mark: str) -> None:
    writing = Writing(house)
    end_sessions(house, "nop.hoso")
    fields = [(name, mark if name == "form_owner" else value) for name, value in writing.fields]
    assert send(writing.person, writing.path, fields).status_code == 401
    assert rows(house) == []


def test_it_is_forgotten_after_an_hour(house: House) -> None:
    writing = Writing(house)
    onward = sign_in(writing.person, "nop.hoso", writing.save_too_late())
    with house.database.transaction(OFFICER) as session:
        forget_kept(session, now=utcnow())
    assert writing.person.get(onward).status_code == 200
    with psycopg.connect(house.conninfo) as connection:  # type: ignore[attr-defined]
        connection.execute("update web_kept_form set at = at - interval '61 minutes'")
    assert writing.person.get(onward).status_code == 404
    with house.database.transaction(OFFICER) as session:
        forget_kept(session, now=utcnow())
    assert rows(house) == []
    assert timedelta(minutes=61) > KEPT_FOR


def test_its_owner_is_a_user(house: House) -> None:
    writing = Writing(house)
    onward = writing.save_too_late().partition("next=")[2]
    with house.database.session(AUTH) as session:
        row = session.get_one(KeptForm, UUID(onward.rpartition("/")[2]))
        assert session.get_one(User, row.user_id).login == "nop.hoso"
