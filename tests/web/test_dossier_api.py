"""The dossier API: the same desk through JSON."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from app.cli.demo import PASSWORD
from app.core.settings import DatabaseTarget
from app.main import create_app
from tests.conftest import settings_for
from tests.web.api_client import ApiClient


@pytest.fixture
def client(ready_target: DatabaseTarget, test_var: Path) -> Iterator[TestClient]:
    app = create_app(settings_for(ready_target, test_var))
    with TestClient(app, base_url="https://testserver", raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def firm(client: TestClient) -> ApiClient:
    return ApiClient(client).sign_in("nop.hoso", PASSWORD)


def party(firm: ApiClient) -> str:
    return firm.own_party()


class TestOpen:
    def test_the_same_key_opens_one_draft(self, firm: ApiClient) -> None:
        body = {"procedure": "IRC", "party_id": party(firm)}
        key = uuid4().hex
        first, second = firm.post("/dossiers", body, key=key), firm.post("/dossiers", body, key=key)
        assert (first.status_code, second.status_code) == (201, 201)
        assert first.json()["id"] == second.json()["id"]
        assert len(firm.get("/dossiers").json()["items"]) == 1

    def test_without_key_nothing_is_opened(self, firm: ApiClient) -> None:
        answer = firm.post("/dossiers", {"procedure": "IRC", "party_id": party(firm)}, key="")
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency.key-missing")

    def test_for_another_enterprise_is_forbidden(self, firm: ApiClient, client: TestClient) -> None:
        other = party(ApiClient(client).sign_in("hoshi", PASSWORD))
        firm.sign_in("nop.hoso", PASSWORD)
        answer = firm.post("/dossiers", {"procedure": "IRC", "party_id": other})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")

    def test_a_change_without_the_token_is_refused(self, firm: ApiClient) -> None:
        firm.token = "stolen"
        answer = firm.post("/dossiers", {"procedure": "IRC", "party_id": str(uuid4())})
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf")


class TestAnswers:
    def test_what_does_not_fit_is_listed(self, firm: ApiClient) -> None:
        dossier = firm.post("/dossiers", {"procedure": "IRC", "party_id": party(firm)}).json()
        answer = firm.patch(
            f"/dossiers/{dossier['id']}/answers", {"answers": {"site": "S9", "colour": "blue"}}
        )
        assert answer.status_code == 422
        assert {(each["name"], each["code"]) for each in answer.json()["errors"]} == {
            ("colour", "unknown"),
            ("site", "not-an-option"),
        }

    def test_answers_are_kept_as_they_were_given(self, firm: ApiClient) -> None:
        dossier = firm.post("/dossiers", {"procedure": "IRC", "party_id": party(firm)}).json()
        given = {"site": "S2", "project_name_vi": "Nhà máy qua giao diện lập trình"}
        answer = firm.patch(f"/dossiers/{dossier['id']}/answers", {"answers": given})
        assert answer.status_code == 200
        assert given.items() <= answer.json()["answers"].items()

    def test_an_officer_answers_nothing_for_an_applicant(self, firm: ApiClient, client: TestClient) -> None:
        dossier = firm.post("/dossiers", {"procedure": "IRC", "party_id": party(firm)}).json()
        officer = ApiClient(client).sign_in("mot.cua", PASSWORD)
        answer = officer.patch(f"/dossiers/{dossier['id']}/answers", {"answers": {"site": "S2"}})
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


class TestTakeAction:
    def test_an_incomplete_dossier_is_refused_with_every_question(self, firm: ApiClient) -> None:
        dossier = firm.post("/dossiers", {"procedure": "IRC", "party_id": party(firm)}).json()
        answer = firm.post(f"/dossiers/{dossier['id']}/actions/submit", {"revision": dossier["revision"]})
        assert (answer.status_code, answer.json()["code"]) == (422, "workflow.form-incomplete")
        assert len(answer.json()["errors"]) > 3

    def test_a_passed_revision_is_a_conflict(self, firm: ApiClient) -> None:
        dossier = firm.post("/dossiers", {"procedure": "IRC", "party_id": party(firm)}).json()
        answer = firm.post(f"/dossiers/{dossier['id']}/actions/submit", {"revision": 99})
        assert (answer.status_code, answer.json()["code"]) == (409, "workflow.stale-page")

    def test_another_tenants_dossier_does_not_exist(self, firm: ApiClient, client: TestClient) -> None:
        dossier = firm.post("/dossiers", {"procedure": "IRC", "party_id": party(firm)}).json()
        other = ApiClient(client).sign_in("hoshi", PASSWORD)
        for answer in (
            other.get(f"/dossiers/{dossier['id']}"),
            other.patch(f"/dossiers/{dossier['id']}/answers", {"answers": {}}),
            other.post(f"/dossiers/{dossier['id']}/actions/submit", {"revision": 1}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_procedures_are_public_with_their_forms(client: TestClient) -> None:
    found = {each["code"]: each for each in client.get("/api/v1/procedures").json()["items"]}
    assert found["IRC"]["version"] == "2026-03-31"
    assert found["IRC"]["sections"]


def test_without_a_session_the_api_says_so(client: TestClient) -> None:
    answer = client.get("/api/v1/dossiers")
    assert (answer.status_code, answer.json()["code"]) == (401, "sign-in-needed")
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_damaged_cursor_is_told(client: TestClient) -> None:
    officer = ApiClient(client).sign_in("mot.cua", PASSWORD)
    answer = officer.get("/dossiers?after=rubbish")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "bad-cursor")
