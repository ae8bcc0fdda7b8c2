"""Every answer of every route carries the protective headers, whoever asks and however it ends."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from app.core.db.cluster import PrivateCluster
from app.web.edge import CONTENT_SECURITY_POLICY, HEADERS
from tests.architecture.routes import walk
from tests.conftest import clone
from tests.faults.people import House, Person, draft, house_on

CODE = "HS-2026-000001-X"
SANDBOX = "default-src 'none'; sandbox"
# Something for each parameter of a path; what does not exist must answer with the same headers.
SAMPLES = {
    "section": "investor",
    "action": "submit",
    "code": CODE,
    "document_id": str(UUID(int=7)),
    "case_id": str(UUID(int=8)),
}
EVERYBODY = ("anonymous", "hoshi", "mot.cua", "quan.tri")


@pytest.fixture(scope="module")
def house(cluster: PrivateCluster, ready_template: str, test_var: object) -> Iterator[House]:
    with clone(cluster, ready_template) as target, house_on(target, test_var) as running:  # type: ignore[arg-type]
        yield running


@pytest.fixture(scope="module")
def people(house: House) -> dict[str, Person]:
    return {name: house.visitor() if name == "anonymous" else house.person(name) for name in EVERYBODY}


@pytest.fixture(scope="module")
def paths(house: House, people: dict[str, Person]) -> list[str]:
    """Every address that answers GET, once with keys that exist and once with others."""
    case_id = draft(people["hoshi"], "hoshi")
    found = set()
    for route in walk(house.app):
        if route.method == "GET":
            found.add(filled(route.path, SAMPLES))
            found.add(filled(route.path, {**SAMPLES, "case_id": str(case_id)}))
    return sorted(
        {
            *found,
            "/dossiers/new?procedure=PROBE",
            "/nothing-here",
            "/api/v1/nothing-here",
            "/static/nothing.js",
        }
    )


def filled(path: str, samples: dict[str, str]) -> str:
    """Return a path with something for each parameter."""
    for part in path.split("/"):
        if part.startswith("{"):
            name = part.strip("{}").partition(":")[0]
            path = path.replace(part, samples.get(name, str(UUID(int=9))))
    return path


@pytest.mark.parametrize("who", EVERYBODY)
def test_every_answer_is_protected(who: str, people: dict[str, Person], paths: list[str]) -> None:
    statuses = {}
    for path in paths:
        answer = people[who].get(path)
        statuses[path] = answer.status_code
        headers = dict(answer.headers)
        policy = headers.pop("content-security-policy", "")
        assert policy in {CONTENT_SECURITY_POLICY, SANDBOX}, path
        for name, value in HEADERS.items():
            if name != "Content-Security-Policy":
                assert headers.get(name.lower()) == value, f"{path}: {name}"
        assert headers.get("strict-transport-security"), path
        assert headers.get("x-correlation-id"), path
        assert headers.get("cache-control"), path
        assert "server" not in headers, path
        assert "x-powered-by" not in headers, path
    assert {path for path, status in statuses.items() if status >= 500} == set()
    assert len(set(statuses.values())) > 1, "the samples reach more than one kind of answer"


def test_what_a_person_sees_is_kept_by_nobody(people: dict[str, Person], paths: list[str]) -> None:
    for path in paths:
        answer = people["hoshi"].get(path)
        if answer.status_code == 200 and not path.startswith("/static/"):
            assert "no-store" in answer.headers["cache-control"], path


def test_the_policy_allows_nothing_from_elsewhere() -> None:
    rules = dict(rule.split(" ", 1) for rule in CONTENT_SECURITY_POLICY.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["frame-ancestors"] == "'none'"
    assert rules["base-uri"] == "'none'"
    assert rules["form-action"] == "'self'"
    assert {value for rule in rules.values() for value in rule.split()} <= {"'none'", "'self'", "data:"}


def test_a_crash_is_protected_too(house: House) -> None:
    """An answer to what nobody foresaw is made outside of most of the application."""
    identify = house.app.state.identify
    house.app.state.identify = _crash
    try:
        answer = house.visitor().get("/healthz")
    finally:
        house.app.state.identify = identify
    assert answer.status_code == 500
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert answer.headers["x-correlation-id"] in answer.text
    assert "not foreseen" not in answer.text


def test_every_cookie_is_bound_to_this_host_and_hidden_from_scripts(house: House) -> None:
    person = house.visitor()
    answers = [person.get("/login"), person.sign_in("hoshi")]
    answers += [
        person.post("/preferences/language", {"lang": "en", "next": "/"}),
        person.post("/preferences/theme", {"theme": "dark", "next": "/"}),
        person.post("/logout"),
    ]
    cookies = [line for answer in answers for line in answer.headers.get_list("set-cookie")]
    assert len(cookies) >= 5
    for line in cookies:
        name, *attributes = [part.strip().lower() for part in line.split(";")]
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= set(attributes), line
        assert not any(each.startswith("domain") for each in attributes), line
        if not name.startswith(("lang=", "theme=")):
            assert name.startswith("__host-ftz-"), line


def test_a_health_answer_names_no_version(house: House) -> None:
    assert house.visitor().get("/healthz").json() == {"status": "ok"}


def _crash(request: object) -> None:
    raise ZeroDivisionError("not foreseen")
