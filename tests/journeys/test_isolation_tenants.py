"""Two enterprises, a person without one, an officer and a stranger, through every route of the application.

The routes are walked, not listed: a new one with a key in its path is tried with another party's key from the day it
exists, and one whose key this test does not know fails it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from httpx2 import Response

from app.core.auth.roles import UserKind
from app.core.auth.service import register_person
from app.core.db.cluster import PrivateCluster
from app.core.documents import service as documents
from app.core.evidence import Subject
from app.core.kit.actor import SYSTEM
from app.core.kit.ids import uuid7
from app.core.kit.time import utcnow
from app.web.forms import read_form
from app.web.need import known
from tests.architecture.routes import Found, walk
from tests.conftest import clone
from tests.faults.people import (
    AUTH,
    OFFICER,
    ORIGIN,
    House,
    Person,
    answers_for,
    draft,
    fill,
    fingerprint,
    house_on,
)
from tests.faults.procedure import CODE, PROBE
from tests.journeys.belongings import PDF, Belongings, belongings_of, personal_keys

PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
# Keys in paths that are words of a procedure or of the law, or matters of the offices: no enterprise's property.
WORDS = {
    "batch_id": str(UUID(int=5)),
    "entry_id": str(UUID(int=6)),
    "unread_id": str(UUID(int=7)),
    "clearing_id": str(UUID(int=11)),
    "bank_difference_id": str(UUID(int=12)),
    "step": "check",
    "section": "investor",
    "part": "parties",
    "place": "1",
    "action": "withdraw",
    "key": "investment.irc.limit",
    "code_list": "COUNTRY",
    "group_code": "ACFTA",
    "consultation_id": str(UUID(int=1)),
    "change_set_id": str(UUID(int=2)),
    "change_id": str(UUID(int=6)),
    "import_id": str(UUID(int=6)),
    "sheet_id": str(UUID(int=3)),
    "sha256": "0" * 64,
    "component": "POWER_OF_ATTORNEY",
    "slot": "INVOICE",
}
NOBODYS = str(UUID(int=4))
PASSWORD = "ein ganz eigenes Kennwort"


@dataclass(frozen=True)
class Street:
    """The application with everybody who comes to it."""

    house: House
    conninfo: str
    mine: Belongings
    theirs: Belongings
    people: dict[str, Person]


@pytest.fixture(scope="module")
def street(cluster: PrivateCluster, ready_template: str, test_var: Path) -> Iterator[Street]:
    with clone(cluster, ready_template) as target, house_on(target, test_var) as house:
        yield _settle(house, cluster.boot_conninfo(target.name))


def _settle(house: House, conninfo: str) -> Street:
    with house.database.transaction(AUTH) as session:
        register_person(
            session, login="niemand", full_name="Không Thuộc Ai", kind=UserKind.CUSTOMER, password=PASSWORD,
            language="vi", actor=SYSTEM, now=utcnow(),
        )  # fmt: skip
    lonely = house.visitor()
    assert lonely.sign_in("niemand", PASSWORD).status_code == 303
    people = {name: house.person(name) for name in ("nop.hoso", "hoshi", "mot.cua", "quan.tri")}
    people |= {"niemand": lonely, "anonymous": house.visitor()}
    mine = belongings_of(house, people["nop.hoso"], "nop.hoso", "Meeresstern")
    theirs = belongings_of(house, people["hoshi"], "hoshi", "Abendstern")
    theirs.keys.update(personal_keys(conninfo, theirs))
    mine.keys.update(personal_keys(conninfo, mine))
    return Street(house, conninfo, mine, theirs, people)


def guarded(street: Street) -> list[Found]:
    """Return the routes that are not open to everybody."""
    return [route for route in walk(street.house.app) if any(call is known for call in route.calls())]


def with_keys(street: Street) -> list[Found]:
    return [route for route in guarded(street) if set(PARAMETER.findall(route.path)) - WORDS.keys()]


def address(route: Found, keys: dict[str, str]) -> str:
    return PARAMETER.sub(lambda found: {**WORDS, **keys}.get(found[1], NOBODYS), route.path)


def knock(person: Person, route: Found, keys: dict[str, str]) -> Response:
    """Ask for an address, or send the form that would change something there."""
    path = address(route, keys)
    if route.method == "GET":
        return person.get(path)
    form = {
        "revision": "2",
        "reason": "vì lý do thử nghiệm",
        **answers_for(PROBE.sections[0], "fremd"),
    }
    if read_form in route.calls():
        return person.post(path, form)
    return person.client.request(route.method, path, json=form, headers={"Origin": ORIGIN})


def told(answer: Response, keys: dict[str, str]) -> tuple[int, dict[str, str], str]:
    """Return what an answer tells, without what differs in every answer."""
    body = answer.text
    for name, key in keys.items():
        body = body.replace(key, f"<{name}>")
    if correlation := answer.headers.get("x-correlation-id"):
        body = body.replace(correlation, "<correlation>")
    kept = {
        name: value
        for name, value in answer.headers.items()
        if name not in {"x-correlation-id", "date", "content-length"}
    }
    location = kept.get("location", "")
    for name, key in keys.items():
        location = location.replace(key, f"<{name}>")
    return answer.status_code, {**kept, "location": location}, body


def leaks(street: Street, who: str) -> list[str]:
    """Return every way in which somebody can tell another party's things from things that do not exist."""
    person, found = street.people[who], []
    for route in with_keys(street):
        nothing = {name: str(uuid7()) for name in street.theirs.keys}
        theirs, none = knock(person, route, street.theirs.keys), knock(person, route, nothing)
        if told(theirs, street.theirs.keys) != told(none, nothing):
            found.append(f"{route.key}: {theirs.status_code} is told apart from {none.status_code}")
        if seen := [secret for secret in street.theirs.secrets[:2] if secret in theirs.text]:
            found.append(f"{route.key}: shows {', '.join(seen)}")
    for path in lists(street):
        if seen := street.theirs.seen_in(person.get(path).text):
            found.append(f"GET {path}: shows {', '.join(seen)}")
    return found


def lists(street: Street) -> list[str]:
    """Return every page and list that needs no key."""
    found = {
        route.path for route in walk(street.house.app) if route.method == "GET" and "{" not in route.path
    }
    return sorted({*found, "/dossiers/new?procedure=PROBE"})


def suggestions(street: Street, person: Person) -> list[str]:
    """Ask every list for another party's things by name, code and key; an echo of the question tells nothing."""
    found = []
    questions = (street.theirs.secrets[0], *street.theirs.codes)
    for route in walk(street.house.app):
        if route.method != "GET" or "{" in route.path or route.dependant is None:
            continue
        for parameter in route.dependant.query_params:
            for question in questions:
                text = person.get(route.path, params={parameter.alias: question}).text
                others = [secret for secret in street.theirs.seen_in(text) if secret not in question]
                if others:
                    found.append(f"GET {route.path}?{parameter.alias}={question}: shows {', '.join(others)}")
    return found


def test_every_key_in_a_path_is_tried(street: Street) -> None:
    tried = with_keys(street)
    assert {"GET /dossiers/{case_id}", "GET /documents/{document_id}"} <= {route.key for route in tried}
    unknown = {name for route in tried for name in PARAMETER.findall(route.path)} - {
        *WORDS,
        *street.theirs.keys,
    }
    assert unknown == set(), "make what this key names in belongings.py, or say in WORDS that it is nobody's"


def test_ones_own_things_are_there(street: Street) -> None:
    """Without this the matrix would pass for an application that shows nobody anything."""
    person, keys = street.people["nop.hoso"], street.mine.keys
    for route in with_keys(street):
        if route.key in {"GET /dossiers/{case_id}", "GET /documents/{document_id}"}:
            assert knock(person, route, keys).status_code == 200, route.key
    assert street.mine.seen_in(person.get("/my").text)
    assert person.get(f"/documents/{keys['document_id']}").content == PDF
    assert street.mine.seen_in(street.people["mot.cua"].get("/inbox").text)


@pytest.mark.parametrize("who", ["nop.hoso", "niemand", "anonymous"])
def test_anothers_things_are_as_if_they_were_not(who: str, street: Street) -> None:
    before = fingerprint(street.conninfo)
    assert leaks(street, who) == []
    assert suggestions(street, street.people[who]) == []
    assert fingerprint(street.conninfo) == before


@pytest.mark.parametrize("who", ["nop.hoso", "niemand"])
def test_anothers_things_answer_404(who: str, street: Street) -> None:
    statuses = {
        route.key: knock(street.people[who], route, street.theirs.keys).status_code
        for route in with_keys(street)
    }
    # An officer's route refuses a customer before it looks at the key.
    customers = {key: status for key, status in statuses.items() if status != 403}
    assert set(customers.values()) == {404}
    assert {"GET /dossiers/{case_id}", "POST /dossiers/{case_id}/actions/{action}"} <= customers.keys()


def test_nobody_files_for_a_party_of_others(street: Street) -> None:
    before = fingerprint(street.conninfo)
    form = {"case_id": str(uuid7()), "procedure": CODE, "party_id": str(street.theirs.party_id)}
    for who in ("nop.hoso", "niemand"):
        answer = street.people[who].post("/dossiers", form)
        assert answer.status_code == 403, who
    nobody = {**form, "party_id": str(uuid7())}
    theirs = street.people["nop.hoso"].post("/dossiers", form)
    none = street.people["nop.hoso"].post("/dossiers", nobody)
    assert told(theirs, {}) == told(none, {})
    assert fingerprint(street.conninfo) == before


def test_a_draft_under_anothers_key_changes_nothing(street: Street) -> None:
    before = fingerprint(street.conninfo)
    form = {
        "case_id": street.theirs.keys["case_id"],
        "procedure": CODE,
        "party_id": str(street.mine.party_id),
    }
    answer = street.people["nop.hoso"].post("/dossiers", form)
    assert answer.status_code in {404, 409}
    assert street.theirs.seen_in(answer.text.replace(form["case_id"], "")) == []
    assert fingerprint(street.conninfo) == before


@pytest.mark.parametrize(
    "kind",
    [
        "batch_id", "case_id", "commitment_id", "document_id", "enterprise_id", "number", "project_id", "proposal_id",
        "representative_id",
    ],
)  # fmt: skip
def test_an_officer_without_the_right_to_read_reads_nothing(kind: str, street: Street) -> None:
    person = street.people["quan.tri"]
    for route in with_keys(street):
        if kind in route.path and route.method == "GET":
            answer = knock(person, route, street.theirs.keys)
            assert answer.status_code in {403, 404}, route.key
            assert "Abendstern" not in answer.text


@pytest.mark.parametrize("who", ["mot.cua", "truong.phong"])
def test_a_draft_is_as_if_it_were_not_for_officers(who: str, street: Street) -> None:
    """What an applicant has not filed is nobody else's business, by whichever address, page or list."""
    owner, officer = street.people["hoshi"], street.house.person(who)
    begun = draft(owner, "hoshi")
    fill(owner, begun, mark="Geheimentwurf")
    keys = {**street.theirs.keys, "case_id": str(begun)}
    told_apart = []
    for route in with_keys(street):
        if "{case_id}" in route.path:
            answer = knock(officer, route, keys)
            if answer.status_code not in {403, 404} or "Geheimentwurf" in answer.text:
                told_apart.append(f"{route.key}: {answer.status_code}")
    assert told_apart == []
    for path in lists(street):
        page = officer.get(path).text
        assert "Geheimentwurf" not in page, path
        assert str(begun) not in page, path


def test_a_public_code_tells_the_state_and_nothing_else(street: Street) -> None:
    code = street.theirs.codes[0]
    for who in ("anonymous", "nop.hoso"):
        answer = street.people[who].get("/track", params={"code": code})
        assert answer.status_code == 200
        assert [secret for secret in street.theirs.secrets if secret in answer.text] == []


def test_a_download_is_saved_and_runs_nothing(street: Street) -> None:
    answer = street.people["hoshi"].get(f"/documents/{street.theirs.keys['document_id']}")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "no-store" in answer.headers["cache-control"]


@pytest.mark.parametrize(
    "title", ['a"; filename="b.exe', "a\r\nSet-Cookie: x=1", "../../etc/passwd", "申請書.pdf", "Đề.pdf"]
)
def test_a_title_cannot_write_headers(title: str, street: Street) -> None:
    house = street.house
    with house.database.transaction(OFFICER) as session:
        paper = documents.store_paper(
            session, store=house.app.state.kernel.store, pdf=PDF, title=title, kind="TEST",
            party_id=street.theirs.party_id, subject=Subject("case", UUID(street.theirs.keys["case_id"])), actor=SYSTEM,
            now=utcnow(),
        )  # fmt: skip
        key = paper.id
    answer = street.people["hoshi"].get(f"/documents/{key}")
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith("attachment;")
    assert disposition.count('"') <= 2
    assert "/" not in disposition.partition("filename*=")[0]


# Each mutation opens one table; the matrix above must notice, or it proves nothing.
MUTATIONS = ("workflow_case", "documents_document", "registry_enterprise", "search_tenant")


@pytest.mark.parametrize("table", MUTATIONS)
def test_the_matrix_notices_a_policy_that_lets_everything_through(table: str, street: Street) -> None:
    with opened_up(street.conninfo, table):
        assert leaks(street, "nop.hoso") or suggestions(street, street.people["nop.hoso"])


def opened_up(conninfo: str, table: str) -> Any:
    """Let tenants see all rows of a table for the length of a block."""
    return _Opened(conninfo, table)


class _Opened:
    def __init__(self, conninfo: str, table: str) -> None:
        self._conninfo, self._table = conninfo, table

    def __enter__(self) -> None:
        self._run(f"create policy leak on {self._table} to ftz_tenant using (true)")

    def __exit__(self, *_: object) -> None:
        self._run(f"drop policy leak on {self._table}")

    def _run(self, statement: str) -> None:
        with psycopg.connect(self._conninfo) as connection:
            connection.execute(statement)
