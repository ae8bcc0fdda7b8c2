"""
Schemathesis over the OpenAPI document, as customer, officer and program.

Half of the requests are as the document allows and nothing more; the other half have keys and bodies that exist, so
that the routes are reached behind their first refusal.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import APIOperation, Case

from app.core.db import DbRole, SessionContext
from app.core.db.cluster import PrivateCluster
from app.core.kit.time import utcnow
from tests.conftest import clone
from tests.core.documents import files
from tests.customs.declarations.made import declaration
from tests.customs.parcels.rows import goes_back, order, payment, waybill
from tests.faults.people import House, house_on
from tests.web.filer import Filer
from tests.web.live_server import begun, served
from tests.web.programs import registered

QUICK, DEEP = 4, 100
REACHED = 0.9
COME_IN_AGAIN_AFTER_S = 300
BODY = "application/json"


@dataclass
class Role:
    """Somebody at the door: how they come in, and what they know to exist."""

    come_in: Callable[[], dict[str, str]]
    """Sign in and return the headers; a token lasts for minutes and a long run for more."""
    keys: dict[str, dict[str, str]] = field(default_factory=dict)
    """By a part of the path, the keys that exist; the empty part holds the rest."""
    bodies: dict[str, Any] = field(default_factory=dict)
    queries: dict[str, dict[str, str]] = field(default_factory=dict)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)

    headers: dict[str, str] = field(default_factory=dict)
    since: float = field(default=float("-inf"))

    def present(self) -> dict[str, str]:
        """Return headers that still open the door."""
        if monotonic() - self.since > COME_IN_AGAIN_AFTER_S:
            self.headers, self.since = self.come_in(), monotonic()
        return self.headers

    def truths(self, label: str) -> dict[str, str]:
        """Return the keys that an operation may be asked for."""
        more = next((keys for part, keys in self.keys.items() if part and part in label), {})
        return self.keys.get("", {}) | more


@dataclass
class Street:
    """The application behind a socket, with its document and the three who come to it."""

    origin: str
    document: Any
    roles: dict[str, Role]


@pytest.fixture(scope="module")
def street(
    cluster: PrivateCluster, ready_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Street]:
    var: Path = tmp_path_factory.mktemp("var")
    with (
        clone(cluster, ready_template) as target,
        house_on(target, var) as house,
        served(begun(house.app)) as origin,
    ):
        house.app.state.kernel.signing.set_up(organisation="Thử nghiệm", now=utcnow())
        document = house.visitor().get("/api/v1/openapi.json").json()
        yield Street(origin, document, _people(house, origin))


def _people(house: House, origin: str) -> dict[str, Role]:
    party = str(house.party_of("nop.hoso"))
    program = registered(house.person("nop.hoso"))
    filer = Filer(origin, program)
    roles = {
        "program": Role(lambda: {"Authorization": f"Bearer {filer.http.fetch_token()['access_token']}"}),
        "customer": Role(lambda: _session(house, "nop.hoso")),
        "officer": Role(lambda: _session(house, "mot.cua")),
    }
    for role in roles.values():
        _known(role, filer, house, party)
    roles["officer"].keys["/ioc/"] = {"code": _tile(house)}
    declared = _declared(house)
    for role in roles.values():
        role.keys["/customs/declarations/"] = {"declaration_id": declared}
    return roles


def _known(role: Role, filer: Filer, house: House, party: str) -> None:
    """Give a role a draft, one that may be filed and one whose form waits for its signature."""
    draft, ready, unsigned = (filer.answered(party) for _ in range(3))
    filer.attach(draft, house)
    filer.attach(ready, house)
    filer.call(
        "POST",
        f"{ready}/form/signed",
        files={"signed": ("a.pdf", filer.signed(ready, house), "application/pdf")},
    )
    held = [each for each in filer.call("GET", f"{draft}/components").json()["items"] if each["files"]]
    kept = held[0]["files"][0]
    upload = {"files": ("b.pdf", files.pdf(B="(2)"), "application/pdf")}
    filer.call("POST", f"{draft}/components/{held[0]['code']}/files", files=upload)
    gone = filer.call("GET", f"{draft}/components").json()["items"]
    spare = next(each for each in gone if each["code"] == held[0]["code"])["files"][-1]
    role.keys = {
        "": {
            "case_id": draft.rpartition("/")[2],
            "component": held[0]["code"],
            "document_id": kept["document_id"],
            "file_id": spare["id"],
        },
        "/actions/": {"case_id": ready.rpartition("/")[2], "action": "submit"},
        "/form/": {"case_id": unsigned.rpartition("/")[2]},
        "/tariff/headings/": {"code": "85171300"},
    }
    role.bodies = {
        "/api/v1/dossiers": {"procedure": "IRC", "party_id": party},
        "/answers": {"answers": {"site": "S2"}},
        "/actions/": {"revision": 1, "input": {}},
        "/parcels/orders": {"rows": [order("A-1")]},
        "/parcels/payments": {"rows": [payment("P-1", "A-1")]},
        "/parcels/waybills": {"rows": [waybill("W-1", "A-1")]},
        "/parcels/returns": {"rows": [goes_back("R-1", "A-1")]},
    }
    role.queries = {
        "/sites/at": {"place": "20.7950; 106.8080"},
        "/tariff/headings": {"q": "85"},
        "/tariff/calculation": {"hs1": "85171300", "value1": "100", "origin1": "CN"},
    }
    role.files = {
        "/form/signed": {"signed": ("a.pdf", filer.signed(unsigned, house), "application/pdf")},
        "/files": {"files": ("c.pdf", files.pdf(C="(3)"), "application/pdf")},
    }


def _session(house: House, login: str) -> dict[str, str]:
    person = house.person(login)
    return {
        "Cookie": f"__Host-ftz-session={person.cookie('session')}",
        "X-CSRF-Token": person.token,
    }


def _declared(house: House) -> str:
    """Make a declaration of the firm whose program comes to the door."""
    party = house.party_of("nop.hoso")
    with house.database.transaction(SessionContext(DbRole.TENANT, (party,))) as session:
        return str(declaration(session, party, number=9001).id)


def _tile(house: House) -> str:
    tiles = house.person("mot.cua").get("/api/v1/ioc/tiles").json()
    found = next(value for value in tiles.values() if isinstance(value, list))
    return str(found[0]["code"])


class Run:
    """One role through the whole document."""

    def __init__(self, street: Street, role: Role, *, examples: int) -> None:
        self.street, self.role, self.examples = street, role, examples
        self.http = requests.Session()
        self.seen: dict[str, Counter[int]] = {}

    def whole(self) -> "Run":
        schema = schemathesis.openapi.from_dict(self.street.document)
        schema.config.update(base_url=self.street.origin)
        for result in schema.get_all_operations():
            self.operation(result.ok())
        return self

    def operation(self, operation: APIOperation) -> None:
        """
        Send half of the requests with what exists and half without.

        Drawn by chance, few examples would now and then leave an operation without a single one that can succeed.
        """
        for known in (True, False):
            self._half(operation, known=known)

    def _half(self, operation: APIOperation, *, known: bool) -> None:
        counts = self.seen.setdefault(operation.label, Counter())

        @settings(
            max_examples=max(1, self.examples // 2), phases=[Phase.generate], database=None, deadline=None,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy())
        def probe(case: Case) -> None:
            answer = self.send(case, known=known)
            counts[answer.status_code] += 1
            assert answer.status_code < 500, f"{operation.label}: {answer.text}"
            kind = str(answer.headers.get("content-type", ""))
            if answer.status_code >= 400:
                assert "application/problem+json" in kind, f"{operation.label}: {kind}"
            assert str(answer.status_code) in operation.definition.raw["responses"], (
                f"{operation.label}: {answer.status_code} is not in the document"
            )

        probe()

    def send(self, case: Case, *, known: bool) -> Any:
        path = case.operation.path
        truths = self.role.truths(path)
        if known:
            for name in set(case.path_parameters or ()) & truths.keys():
                case.path_parameters[name] = truths[name]
            case.query.clear()
            case.query.update(self.role.queries.get(path.removeprefix("/api/v1"), {}))
            for part, body in self.role.bodies.items():
                if case.operation.method in {"post", "patch"} and (
                    path == part or (part != "/api/v1/dossiers" and part in path)
                ):
                    case.body, case.media_type = body, BODY
        headers = self.role.present() | ({"Idempotency-Key": uuid4().hex} if known else {})
        upload = next((each for part, each in self.role.files.items() if path.endswith(part)), None)
        if known and upload is not None and case.operation.method == "post":
            return self.http.post(
                self.street.origin + case.formatted_path,
                headers=self.role.present(),
                files=upload,
                timeout=60,
            )
        if known:
            case.headers.pop("if-match", None)
            case.headers.pop("if-none-match", None)
        case.cookies.clear()
        return case.call(base_url=self.street.origin, session=self.http, headers=headers)


def reached(runs: list[Run]) -> tuple[set[str], set[str]]:
    """Return all operations, and those that succeeded for somebody."""
    every = {label for run in runs for label in run.seen}
    good = {
        label for run in runs for label, counts in run.seen.items() if any(status < 300 for status in counts)
    }
    return every, good


def judge(street: Street, *, examples: int) -> None:
    runs = [Run(street, role, examples=examples).whole() for role in street.roles.values()]
    every, good = reached(runs)
    print({label: [dict(run.seen[label]) for run in runs] for label in sorted(every)})
    assert len(good) >= REACHED * len(every), f"never answered with success: {sorted(every - good)}"


def test_no_request_breaks_the_door(street: Street) -> None:
    judge(street, examples=int(os.environ.get("FTZ_FUZZ_EXAMPLES", QUICK)))


@pytest.mark.deep
@pytest.mark.timeout(3600)
def test_no_request_breaks_the_door_at_length(street: Street) -> None:
    judge(street, examples=DEEP)
