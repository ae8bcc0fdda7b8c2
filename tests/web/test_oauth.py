"""Client credentials over HTTP: the token endpoint by its RFC, the bearer door, and the pages that manage programs."""

import base64
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from app.core.auth.throttle import LOGIN_PACE
from app.core.db.cluster import PrivateCluster
from tests.conftest import clone
from tests.faults.people import House, Person, house_on
from tests.web.programs import ALL, CODES, HIDDEN, Program, registered
from tests.web.test_account import age, renew


@pytest.fixture(scope="class")
def house(
    cluster: PrivateCluster, ready_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    var: Path = tmp_path_factory.mktemp("var")
    with clone(cluster, ready_template) as target, house_on(target, var) as running:
        yield running


@pytest.fixture
def admin(house: House) -> Person:
    return house.person("nop.hoso")


@pytest.fixture
def program(admin: Person) -> Program:
    return registered(admin)


class TestToken:
    def test_the_answer_is_that_of_the_rfc(self, program: Program) -> None:
        answer = program.ask()
        assert answer.status_code == 200
        assert {"token_type": "Bearer", "expires_in": 900}.items() <= answer.json().items()
        assert answer.json()["scope"] == " ".join(ALL)
        assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
        assert "set-cookie" not in answer.headers

    def test_by_header(self, program: Program) -> None:
        pair = f"{quote(program.client_id)}:{quote(program.secret)}".encode()
        answer = program.visitor.client.post(
            "/oauth/token",
            data={"grant_type": "client_credentials", "scope": "dossiers.read"},
            headers={"Authorization": "Basic " + base64.b64encode(pair).decode()},
        )
        assert (answer.status_code, answer.json()["scope"]) == (200, "dossiers.read")

    @pytest.mark.parametrize(
        ("fields", "status", "error"),
        [
            ({"grant_type": ""}, 400, "invalid_request"),
            ({"grant_type": "password"}, 400, "unsupported_grant_type"),
            ({"scope": "everything"}, 400, "invalid_scope"),
            ({"client_secret": "wrong"}, 401, "invalid_client"),
            ({"client_id": "no-key"}, 401, "invalid_client"),
        ],
    )
    def test_refusals_in_the_words_of_the_rfc(
        self, program: Program, fields: dict[str, str], status: int, error: str
    ) -> None:
        answer = program.ask(**fields)
        assert (answer.status_code, answer.json()["error"]) == (status, error)
        assert answer.headers["cache-control"] == "no-store"

    @pytest.mark.parametrize("encoded", ["!!!", base64.b64encode(b"nocolon").decode(), ""])
    def test_a_header_that_cannot_be_read_is_answered_by_its_scheme(
        self, program: Program, encoded: str
    ) -> None:
        answer = program.visitor.client.post(
            "/oauth/token",
            data={"grant_type": "client_credentials"},
            headers={"Authorization": f"Basic {encoded}"},
        )
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert answer.headers["www-authenticate"].startswith("Basic ")

    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            ("grant_type=client_credentials&grant_type=x", "application/x-www-form-urlencoded"),
            ('{"grant_type": "client_credentials"}', "application/json"),
            ("a=" + "b" * 20_000, "application/x-www-form-urlencoded"),
            ("&".join(f"a{n}=1" for n in range(50)), "application/x-www-form-urlencoded"),
            (b"grant_type=\xff\xfe", "application/x-www-form-urlencoded"),
        ],
    )
    def test_bodies_that_are_no_request(self, house: House, body: str | bytes, kind: str) -> None:
        answer = house.visitor().client.post("/oauth/token", content=body, headers={"Content-Type": kind})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")

    def test_two_ways_at_once_are_refused(self, program: Program) -> None:
        pair = base64.b64encode(f"{program.client_id}:{program.secret}".encode()).decode()
        answer = program.visitor.client.post(
            "/oauth/token",
            data={"grant_type": "client_credentials", "client_secret": program.secret},
            headers={"Authorization": f"Basic {pair}"},
        )
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")

    def test_guessing_has_to_wait(self, program: Program) -> None:
        answers = [program.ask(client_secret="wrong") for _ in range(LOGIN_PACE.free + 1)]
        assert [each.status_code for each in answers] == [401] * LOGIN_PACE.free + [429]
        assert int(answers[-1].headers["retry-after"]) > 0
        assert program.ask().status_code == 200

    def test_metadata_names_the_endpoints(self, house: House) -> None:
        told = house.visitor().get("/.well-known/oauth-authorization-server").json()
        assert told["token_endpoint"] == told["issuer"] + "/oauth/token"
        assert told["grant_types_supported"] == ["client_credentials"]

    def test_a_token_given_back_opens_nothing(self, program: Program) -> None:
        program.enter()
        data = {"client_id": program.client_id, "client_secret": program.secret, "token": program.token}
        assert program.visitor.client.post("/oauth/revoke", data=data).status_code == 200
        assert program.get("/dossiers").status_code == 401
        assert program.visitor.client.post("/oauth/revoke", data=data).status_code == 200


class TestBearer:
    def test_the_token_opens_the_api(self, program: Program) -> None:
        answer = program.enter().get("/dossiers")
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers

    def test_a_token_that_is_none_is_told_how_to_come_in(self, program: Program) -> None:
        program.token = "stolen"
        answer = program.get("/dossiers")
        assert (answer.status_code, answer.json()["code"]) == (401, "token-refused")
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]

    def test_without_token_the_challenge_says_bearer(self, house: House) -> None:
        answer = house.visitor().get("/api/v1/dossiers")
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="api"')

    def test_a_cookie_beside_it_counts_for_nothing(self, admin: Person) -> None:
        answer = admin.get("/api/v1/dossiers", headers={"Authorization": "Bearer wrong"})
        assert answer.status_code == 401

    def test_the_token_opens_no_page(self, program: Program) -> None:
        program.enter()
        headers = {"Authorization": f"Bearer {program.token}"}
        for path in ("/my", "/api-clients", "/account", "/vault"):
            answer = program.visitor.get(path, headers=headers)
            assert (answer.status_code, answer.headers.get("location", "")[:6]) == (303, "/login"), path

    def test_what_names_no_scope_is_not_for_programs(self, program: Program) -> None:
        answer = program.enter().get("/ioc/tiles")
        assert (answer.status_code, answer.json()["code"]) == (403, "for-people")

    def test_a_narrow_token_reads_and_changes_nothing(self, program: Program, house: House) -> None:
        program.enter(scope="dossiers.read")
        body = {"procedure": "IRC", "party_id": str(house.party_of("nop.hoso"))}
        answer = program.post("/dossiers", json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "insufficient-scope")
        assert 'scope="dossiers.write"' in answer.headers["www-authenticate"]
        assert program.get("/dossiers").status_code == 200

    def test_it_files_for_its_own_enterprise_only(self, program: Program, house: House) -> None:
        program.enter()
        own = {"procedure": "IRC", "party_id": str(house.party_of("nop.hoso"))}
        other = own | {"party_id": str(house.party_of("hoshi"))}
        made = program.post("/dossiers", json=own)
        assert made.status_code == 201
        assert program.post("/dossiers", json=other).status_code == 403
        theirs = registered(house.person("hoshi")).enter()
        assert theirs.get(f"/dossiers/{made.json()['id']}").status_code == 404
        assert theirs.get("/dossiers").json()["items"] == []


class TestPages:
    def test_the_secret_is_shown_once(self, admin: Person, program: Program) -> None:
        for path in ("/api-clients", f"/api-clients/{program.client_id}"):
            page = admin.get(path).text
            assert "Phần mềm kế toán" in page
            assert program.secret not in page

    def test_the_form_twice_leads_to_the_program(self, admin: Person) -> None:
        form = admin.get("/api-clients/new").text
        key = HIDDEN.search(form)
        assert key
        data = {"client_id": key.group(1), "name": "X", "scopes": "dossiers.read", "lives": "90"}
        assert admin.post("/api-clients", data).status_code == 200
        again = admin.post("/api-clients", data)
        assert (again.status_code, again.headers["location"]) == (303, f"/api-clients/{key.group(1)}")

    def test_faults_stand_beside_their_fields_and_nothing_typed_is_lost(self, admin: Person) -> None:
        key = HIDDEN.search(admin.get("/api-clients/new").text)
        assert key
        data = {"client_id": key.group(1), "name": "Kho hàng <2>", "scopes": "magic", "lives": "90"}
        answer = admin.post("/api-clients", data)
        assert answer.status_code == 422
        assert 'href="#f-scopes"' in answer.text
        assert "Kho hàng &lt;2&gt;" in answer.text

    def test_registering_asks_who_it_is_again(self, house: House, admin: Person) -> None:
        age(house, "nop.hoso", minutes=30)
        key = HIDDEN.search(admin.get("/api-clients/new").text)
        assert key
        data = {"client_id": key.group(1), "name": "X", "scopes": "dossiers.read", "lives": "90"}
        answer = admin.post("/api-clients", data)
        assert answer.status_code == 422
        assert "presence_proof" in answer.text
        assert admin.get(f"/api-clients/{key.group(1)}").status_code == 404

    def test_replacing_and_revoking(self, admin: Person, program: Program) -> None:
        base = f"/api-clients/{program.client_id}"
        answer = admin.post(f"{base}/secrets", {"overlap": "0"})
        assert answer.status_code == 200
        new = CODES.findall(answer.text)[1]
        assert program.ask().status_code == 401
        program.secret = new
        program.enter()
        assert admin.post(f"{base}/revoke").status_code == 303
        assert program.get("/dossiers").status_code == 401
        assert admin.post(f"{base}/secrets", {"overlap": "0"}).status_code == 409

    def test_the_rotation_twice_makes_no_third_secret(self, admin: Person, program: Program) -> None:
        base = f"/api-clients/{program.client_id}"
        assert admin.post(f"{base}/secrets", {"overlap": "7"}).status_code == 200
        again = admin.post(f"{base}/secrets", {"overlap": "7"})
        assert again.headers["location"] == f"{base}?done=under-way"

    def test_an_officer_has_no_programs(self, house: House) -> None:
        assert house.person("quan.tri").get("/api-clients").status_code == 403

    def test_another_enterprise_finds_nothing_there(self, house: House, program: Program) -> None:
        other = house.person("hoshi")
        base = f"/api-clients/{program.client_id}"
        renew(other)
        answers = [other.get(base), other.post(f"{base}/revoke"), other.post(f"{base}/secrets")]
        assert [each.status_code for each in answers] == [404, 404, 404]
