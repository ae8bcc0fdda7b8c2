"""The way in with a second factor, my account, and confirming once more, over HTTP."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
from sqlalchemy import select, update

from app.cli.demo import PASSWORD
from app.core.auth.models import LoginSession, User
from app.core.db.cluster import PrivateCluster
from app.core.kit.time import utcnow
from tests.conftest import clone
from tests.faults.people import AUTH, House, Person, house_on

KEY = re.compile(r'class="code">([A-Z2-7 ]{39,})<')
RECOVERY = re.compile(r'class="code">([2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4})<')
NEW = "bảy con vịt dưới ao"
STEP = timedelta(seconds=30)


@pytest.fixture
def house(cluster: PrivateCluster, ready_template: str, tmp_path: Path) -> Iterator[House]:
    with clone(cluster, ready_template) as target, house_on(target, tmp_path) as running:
        yield running


@pytest.fixture
def strict(cluster: PrivateCluster, ready_template: str, tmp_path: Path) -> Iterator[House]:
    """A house in which officers must have a second factor, as in production."""
    with (
        clone(cluster, ready_template) as target,
        house_on(target, tmp_path, officer_totp="required") as running,
    ):
        yield running


def renew(person: Person) -> None:
    """Read the token of forms again: it changes with the session."""
    person._token = ""


def enrolled(person: Person, *, path: str = "/account/second-factor") -> tuple[pyotp.TOTP, list[str]]:
    """Set up a second factor through the pages; return the device and the recovery codes."""
    person.post(f"{path}/begin")
    found = KEY.search(person.get(path).text)
    assert found, "no key on the page"
    device = pyotp.TOTP(found.group(1).replace(" ", ""))
    # The code of the step before leaves the present one for the test; a step may end while the form travels.
    answers = (person.post(path, {"code": device.at(utcnow() - STEP)}) for _ in range(3))
    answer = next((each for each in answers if each.status_code == 200), person.get(path))
    assert RECOVERY.search(answer.text), answer.text
    renew(person)
    return device, RECOVERY.findall(answer.text)


def age(house: House, login: str, *, minutes: int) -> None:
    """Let the last proof of presence of all sessions of a person lie back."""
    with house.database.transaction(AUTH) as session:
        owner = select(User.id).where(User.login == login).scalar_subquery()
        session.execute(
            update(LoginSession)
            .where(LoginSession.user_id == owner)
            .values(step_up_at=utcnow() - timedelta(minutes=minutes))
        )


class TestSecondStep:
    def test_password_then_code(self, house: House) -> None:
        desk = house.person("mot.cua")
        device, codes = enrolled(desk)
        assert len(codes) == 10
        browser = house.visitor()
        answer = browser.sign_in("mot.cua", next="/inbox?tab=waiting")
        assert answer.headers["location"] == "/login/code?next=%2Finbox%3Ftab%3Dwaiting"
        halfway = browser.cookie("session")
        for closed in (
            "/inbox",
            "/account",
            "/account/totp.svg",
            "/admin/users",
            "/dossiers/new?procedure=IRC",
        ):
            assert browser.get(closed).headers["location"].startswith("/login?next="), closed
        assert browser.get("/login/totp.svg").status_code == 404
        assert browser.get("/login/enrol").headers["location"].startswith("/login/code")
        page = browser.get(answer.headers["location"])
        assert 'autocomplete="one-time-code"' in page.text
        wrong = browser.post("/login/code", {"code": "000000", "next": "/"})
        assert wrong.status_code == 422
        assert "000000" not in wrong.text
        right = browser.post("/login/code", {"code": device.now(), "next": "/inbox?tab=waiting"})
        assert (right.status_code, right.headers["location"]) == (303, "/inbox?tab=waiting")
        assert browser.cookie("session") != halfway
        assert browser.get("/inbox").status_code == 200
        assert browser.get("/login/code").headers["location"] == "/inbox"

    def test_a_lost_device(self, house: House) -> None:
        _, codes = enrolled(house.person("mot.cua"))
        browser = house.visitor()
        browser.sign_in("mot.cua")
        assert browser.post("/login/recovery", {"code": "AAAA-BBBB-CCCC", "next": "/"}).status_code == 422
        answer = browser.post("/login/recovery", {"code": codes[0], "next": "/inbox"})
        assert answer.headers["location"] == "/account?used=recovery"
        assert "9" in browser.get("/account?used=recovery").text

    def test_cancelling_ends_the_waiting_session(self, house: House) -> None:
        device, _ = enrolled(house.person("mot.cua"))
        browser = house.visitor()
        browser.sign_in("mot.cua")
        cookie = {"Cookie": f"__Host-ftz-session={browser.cookie('session')}"}
        browser.post("/logout")
        again = house.visitor()
        assert again.get("/login/code", headers=cookie).headers["location"].startswith("/login?next=")
        assert device.now()

    def test_without_a_session_the_pages_lead_to_the_beginning(self, house: House) -> None:
        browser = house.visitor()
        for page in ("code", "recovery", "password", "enrol"):
            assert browser.get(f"/login/{page}").headers["location"] == "/login?next=%2F"
            assert browser.post(f"/login/{page}", {"code": "1"}).headers["location"] == "/login?next=%2F"

    def test_the_way_on_leads_nowhere_else(self, house: House) -> None:
        device, _ = enrolled(house.person("mot.cua"))
        browser = house.visitor()
        browser.sign_in("mot.cua")
        answer = browser.post("/login/code", {"code": device.now(), "next": "//evil.example/"})
        assert answer.headers["location"] == "/inbox"


class TestAnotherSignIn:
    def test_the_session_that_the_browser_held_ends(self, house: House) -> None:
        browser = house.person("mot.cua")
        held = {"Cookie": f"__Host-ftz-session={browser.cookie('session')}"}
        assert house.visitor().get("/account", headers=held).status_code == 200
        assert browser.sign_in("mot.cua", "wrong").status_code == 401
        assert browser.get("/account").status_code == 200, "a failed attempt ends nothing"
        renew(browser)
        assert browser.sign_in("quan.tri").status_code == 303
        assert house.visitor().get("/account", headers=held).status_code == 303
        assert browser.get("/admin/users").status_code == 200


class TestRequired:
    def test_officers_are_led_to_enrolment_and_can_do_nothing_else(self, strict: House) -> None:
        browser = strict.visitor()
        answer = browser.sign_in("mot.cua")
        assert answer.headers["location"].startswith("/login/enrol")
        assert browser.get("/inbox").headers["location"].startswith("/login?next=")
        assert KEY.search(browser.get(answer.headers["location"]).text), "the password began the enrolment"
        picture = browser.get("/login/totp.svg")
        assert picture.headers["content-type"].startswith("image/svg+xml")
        assert picture.headers["cache-control"] == "no-store"
        assert b"<script" not in picture.content
        enrolled(browser, path="/login/enrol")
        assert browser.get("/inbox").status_code == 200
        assert browser.post("/account/second-factor/remove").status_code == 409

    def test_applicants_sign_in_as_before(self, strict: House) -> None:
        assert strict.visitor().sign_in("hoshi").headers["location"] == "/my"


class TestAccount:
    def test_sessions_are_listed_and_end_at_once(self, house: House) -> None:
        here, there, elsewhere = (house.person("hoshi") for _ in range(3))
        text = here.get("/account").text
        keys = re.findall(r"/account/sessions/([0-9a-f-]+)/end\"", text)
        assert len(keys) == 2
        assert here.post(f"/account/sessions/{keys[0]}/end").status_code == 303
        assert sum(p.get("/my").status_code == 200 for p in (there, elsewhere)) == 1
        assert here.post("/account/sessions/end-others").status_code == 303
        assert [p.get("/my").status_code for p in (here, there, elsewhere)] == [200, 303, 303]

    def test_the_session_of_another_person_is_not_there(self, house: House) -> None:
        mine, other = house.person("hoshi"), house.person("nop.hoso")
        with house.database.session(AUTH) as session:
            key = session.scalars(
                select(LoginSession.id)
                .join(User, User.id == LoginSession.user_id)
                .where(User.login == "nop.hoso", LoginSession.revoked_at.is_(None))
            ).one()
        assert mine.post(f"/account/sessions/{key}/end").status_code == 404
        assert other.get("/my").status_code == 200

    def test_changing_the_password_asks_for_the_old_one_and_ends_the_other_sessions(
        self, house: House
    ) -> None:
        here, there = house.person("hoshi"), house.person("hoshi")
        change = {"old": PASSWORD, "password": NEW, "again": NEW}
        wrong = here.post("/account/password", {**change, "old": "sai"})
        assert wrong.status_code == 422
        assert NEW not in wrong.text
        assert here.post("/account/password", {**change, "again": "khác"}).status_code == 422
        assert (
            here.post("/account/password", {**change, "password": "ngắn", "again": "ngắn"}).status_code == 422
        )
        assert there.get("/my").status_code == 200
        before = here.cookie("session")
        assert here.post("/account/password", change).status_code == 303
        assert here.cookie("session") != before
        renew(here)
        assert here.get("/my").status_code == 200
        assert there.get("/my").status_code == 303
        assert house.visitor().sign_in("hoshi").status_code == 401
        assert house.visitor().sign_in("hoshi", NEW).status_code == 303

    def test_the_language_is_kept(self, house: House) -> None:
        person = house.person("hoshi")
        person.post("/account/language", {"lang": "en"})
        assert '<html lang="en"' in person.get("/account").text
        person.post("/account/language", {"lang": "xx"})
        with house.database.session(AUTH) as session:
            assert session.scalar(select(User.language).where(User.login == "hoshi")) == "en"

    def test_a_new_device_needs_presence(self, house: House) -> None:
        person = house.person("hoshi")
        age(house, "hoshi", minutes=30)
        assert person.get("/account/second-factor").headers["location"] == (
            "/account/confirm?next=%2Faccount%2Fsecond-factor"
        )
        assert person.get("/account/totp.svg").status_code == 403
        asked = person.post("/account/second-factor", {"code": "123456"})
        assert asked.status_code == 422
        assert 'name="presence_proof"' in asked.text
        answer = person.post("/account/confirm?next=/account/second-factor", {"presence_proof": PASSWORD})
        assert answer.headers["location"] == "/account/second-factor"
        assert not KEY.search(person.get("/account/second-factor").text), "looking makes no secret"
        assert person.get("/account/totp.svg").status_code == 404
        assert person.post("/account/second-factor/begin").headers["location"] == "/account/second-factor"
        assert KEY.search(person.get("/account/second-factor").text)
        assert person.get("/account/totp.svg").status_code == 200
        outside = person.post("/account/confirm?next=//evil.example", {"presence_proof": PASSWORD})
        assert outside.headers["location"] == "/"

    def test_recovery_codes_can_be_renewed_and_the_factor_removed(self, house: House) -> None:
        person = house.person("hoshi")
        _, codes = enrolled(person)
        renewed = RECOVERY.findall(person.post("/account/recovery-codes").text)
        assert len(renewed) == 10
        assert set(renewed).isdisjoint(codes)
        assert person.post("/account/second-factor/remove").status_code == 303
        assert house.visitor().sign_in("hoshi").headers["location"] == "/my"

    def test_visitors_have_no_account(self, house: House) -> None:
        assert house.visitor().get("/account").headers["location"].startswith("/login?next=")


class TestConfirming:
    def test_what_was_posted_is_carried_through(self, house: House) -> None:
        admin = house.person("quan.tri")
        age(house, "quan.tri", minutes=6)
        form = {"login": "moi.toanh", "full_name": 'Trần "Mới" <b>', "roles": ["INTAKE", "APPRAISER"]}
        asked = admin.post("/admin/users", form)
        assert asked.status_code == 422
        assert asked.headers["hx-push-url"] == "false"
        assert 'action="/admin/users"' in asked.text
        assert 'name="full_name" value="Trần &#34;Mới&#34; &lt;b&gt;"' in asked.text
        assert asked.text.count('name="roles"') == 2
        assert asked.text.count('name="csrf_token"') >= 1
        wrong = admin.post("/admin/users", {**form, "presence_proof": "sai"})
        assert wrong.status_code == 422
        assert asked.text.count('name="roles"') == 2
        assert "sai" not in re.findall(r'value="([^"]*)"', wrong.text)
        right = admin.post("/admin/users", {**form, "presence_proof": PASSWORD})
        assert right.status_code == 422, "the form itself is checked now: it lacks the office"
        assert "presence_proof" not in right.text
        assert 'value="moi.toanh"' in right.text

    def test_guessing_waits(self, house: House) -> None:
        admin = house.person("quan.tri")
        age(house, "quan.tri", minutes=6)
        answers = [admin.post("/account/confirm", {"presence_proof": "sai"}).status_code for _ in range(6)]
        assert answers == [422] * 5 + [429]


def test_no_secret_is_logged(
    house: House, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    person = house.person("mot.cua")
    device, codes = enrolled(person)
    browser = house.visitor()
    browser.sign_in("mot.cua")
    browser.post("/login/code", {"code": device.now(), "next": "/"})
    told = "".join(capfd.readouterr()) + caplog.text
    for secret in (device.secret, *codes, PASSWORD, browser.cookie("session") or "-", device.now()):
        assert secret not in told
