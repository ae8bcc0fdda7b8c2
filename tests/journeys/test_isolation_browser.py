"""One browser against another: forged forms, planted and ended sessions, redirects that lead away, downloads."""

import html
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit
from uuid import UUID

import pytest

from app.core.db.cluster import PrivateCluster
from app.web.forms import read_form
from tests.architecture.routes import Found, walk
from tests.conftest import clone
from tests.faults.people import ORIGIN, House, Person, answers_for, draft, fill, fingerprint, house_on
from tests.faults.procedure import CODE, PROBE

ELSEWHERE = (
    "https://elsewhere.example/",
    "//elsewhere.example/",
    "///elsewhere.example/",
    "/\\elsewhere.example/",
    "\\\\elsewhere.example/",
    "/\t/elsewhere.example/",
    "/\n/elsewhere.example/",
    "\t//elsewhere.example/",
    " //elsewhere.example/",
    "https:elsewhere.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "/..//elsewhere.example/",
    "http:///elsewhere.example/",
)


@pytest.fixture(scope="module")
def house(cluster: PrivateCluster, ready_template: str, test_var: Path) -> Iterator[House]:
    with clone(cluster, ready_template) as target, house_on(target, test_var) as running:
        yield running


def posts(house: House) -> list[Found]:
    return [route for route in walk(house.app) if route.method == "POST" and read_form in route.calls()]


def address(route: Found, case_id: UUID) -> str:
    """Return the path of a route with the keys of a dossier that exists and belongs to the one who asks."""
    samples = {"case_id": str(case_id), "section": "investor", "action": "submit"}
    return re.sub(r"\{(\w+)(:\w+)?\}", lambda found: samples.get(found[1], str(UUID(int=3))), route.path)


def valid_form(house: House, case_id: UUID) -> dict[str, str]:
    """Return fields that would change something in whichever form they are sent with."""
    return {
        "case_id": str(UUID(int=77)),
        "procedure": CODE,
        "party_id": str(house.party_of("hoshi")),
        "revision": "1",
        "lang": "en",
        "theme": "dark",
        "next": "/",
        **answers_for(PROBE.sections[0], "gefälscht"),
    }


@pytest.mark.parametrize(
    "forgery", ["missing", "empty", "another's", "before sign-in", "another origin", "cross-site"]
)
def test_a_forged_form_changes_nothing(forgery: str, house: House, cluster: PrivateCluster) -> None:
    conninfo = cluster.boot_conninfo(house.database.target.name)
    person = house.visitor()
    early = person.token
    assert person.sign_in("hoshi").status_code == 303
    case_id = draft(person, "hoshi")
    fill(person, case_id, mark="echt")
    other = house.person("nop.hoso")
    before = fingerprint(conninfo)
    for route in posts(house):
        token = {"empty": "", "another's": other.token, "before sign-in": early}.get(forgery, person.token)
        data = {**valid_form(house, case_id), "csrf_token": token}
        headers = {"Origin": ORIGIN}
        if forgery == "missing":
            del data["csrf_token"]
        if forgery == "another origin":
            headers = {"Origin": "https://elsewhere.example"}
        if forgery == "cross-site":
            headers = {"Sec-Fetch-Site": "cross-site"}
        answer = person.client.post(address(route, case_id), data=data, headers=headers)
        assert answer.status_code == 403, route.key
        assert answer.headers.get_list("set-cookie") == [], route.key
    assert fingerprint(conninfo) == before
    assert person.get("/my").status_code == 200, "the forged sign-out did not end the session"


def test_a_forged_sign_in_opens_no_session(house: House, cluster: PrivateCluster) -> None:
    conninfo = cluster.boot_conninfo(house.database.target.name)
    before = fingerprint(conninfo, without=())["auth_session"]
    visitor = house.visitor()
    visitor.get("/login")
    form = {"login_id": "hoshi", "password": "thu-nghiem-2026", "csrf_token": house.visitor().token}
    answer = visitor.client.post("/login", data=form, headers={"Origin": ORIGIN})
    assert answer.status_code == 403
    assert fingerprint(conninfo, without=())["auth_session"] == before


@pytest.mark.parametrize(
    "origin", ["null", "https://testserver.elsewhere.example", "http://testserver", ORIGIN + ":444"]
)
def test_an_origin_that_looks_alike_is_refused(origin: str, house: House) -> None:
    person = house.visitor()
    form = {"csrf_token": person.token, "lang": "en", "next": "/"}
    assert (
        person.client.post("/preferences/language", data=form, headers={"Origin": origin}).status_code == 403
    )
    assert (
        person.client.post("/preferences/language", data=form, headers={"Origin": ORIGIN}).status_code == 303
    )


def test_a_planted_session_is_not_taken_over(house: House) -> None:
    person = house.visitor()
    planted = "A" * 43
    person.client.cookies.set("__Host-ftz-session", planted, domain="testserver.local")
    person.sign_in("hoshi")
    assert person.client.cookies.get("__Host-ftz-session") is not None
    thief = house.visitor()
    thief.client.cookies.set("__Host-ftz-session", planted, domain="testserver.local")
    assert signed_out(thief)


def test_signing_in_gives_a_new_token_each_time(house: House) -> None:
    person = house.visitor()
    before = person.fresh_token()
    person.sign_in("hoshi")
    first, first_form = person.cookie("session"), person.token
    assert first not in {None, person.cookie("visitor")}
    assert first_form != before
    second = house.person("hoshi")
    assert second.cookie("session") != first
    assert second.token != first_form


def test_signing_out_ends_the_session_everywhere(house: House) -> None:
    person = house.person("hoshi")
    stolen = house.visitor()
    stolen.client.cookies.set("__Host-ftz-session", person.cookie("session"), domain="testserver.local")
    assert not signed_out(stolen), "the copy works as long as the session lives"
    answer = person.post("/logout")
    assert answer.status_code == 303
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert signed_out(stolen)
    assert signed_out(person)
    assert stolen.client.post(
        "/dossiers", data={"csrf_token": person.token}, headers={"Origin": ORIGIN}
    ).status_code in {401, 403}


@pytest.mark.parametrize("target", ELSEWHERE)
def test_next_never_leads_away(target: str, house: House) -> None:
    visitor, person = house.visitor(), house.person("hoshi")
    answers = [
        visitor.sign_in("hoshi", next=target),
        person.get("/login", params={"next": target}),
        person.post("/preferences/language", {"lang": "vi", "next": target}),
        person.post("/preferences/theme", {"theme": "auto", "next": target}),
    ]
    for answer in answers:
        assert answer.status_code == 303
        assert stays_here(answer.headers["location"])
    page = house.visitor().get("/login", params={"next": target}).text
    form = page[page.index('action="/login"') :]
    kept = re.search(r'name="next" value="([^"]*)"', form)
    assert kept
    assert stays_here(html.unescape(kept[1]))


def test_next_leads_back_to_where_one_was(house: House) -> None:
    visitor = house.visitor()
    asked = visitor.get("/dossiers/new?procedure=PROBE")
    assert asked.headers["location"] == "/login?next=%2Fdossiers%2Fnew%3Fprocedure%3DPROBE"
    assert visitor.sign_in("hoshi", next="/dossiers/new?procedure=PROBE").headers["location"] == (
        "/dossiers/new?procedure=PROBE"
    )


def stays_here(target: str) -> bool:
    """Tell whether a browser that follows stays: it drops tabs and newlines and reads a backslash as a slash."""
    location = re.sub(r"[\t\n\r]", "", target).strip().replace("\\", "/")
    parts = urlsplit(urljoin(ORIGIN + "/", location))
    return f"{parts.scheme}://{parts.netloc}" == ORIGIN


def signed_out(person: Person) -> bool:
    answer = person.get("/my")
    return answer.status_code == 303 and answer.headers["location"].startswith("/login")
