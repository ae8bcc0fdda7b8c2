"""A client that the project did not write files a dossier: Authlib gets the token, the rest is plain HTTP."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from authlib.integrations.base_client import OAuthError

from app.core.db.cluster import PrivateCluster
from app.core.kit.time import utcnow
from tests.conftest import clone
from tests.core.documents import files
from tests.faults.people import House, house_on
from tests.investment.requests import investor, request
from tests.web.filer import REPRESENTATIVE, Filer, signed_elsewhere, today
from tests.web.live_server import begun, served
from tests.web.programs import Program, registered


@pytest.fixture(scope="module")
def house(
    cluster: PrivateCluster, ready_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    var: Path = tmp_path_factory.mktemp("var")
    with clone(cluster, ready_template) as target, house_on(target, var) as running:
        running.app.state.kernel.signing.set_up(organisation="Thử nghiệm", now=utcnow())
        yield running


@pytest.fixture(scope="module")
def program(house: House) -> Program:
    return registered(house.person("nop.hoso"))


@pytest.fixture(scope="module")
def origin(house: House) -> Iterator[str]:
    """The same application behind a socket; its lifespan is the house's, so it is not begun again."""

    with served(begun(house.app)) as running:
        yield running


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_both_ways_of_showing_the_secret(method: str, origin: str, program: Program) -> None:
    assert Filer(origin, program, method=method).call("GET", "/dossiers").json()["next"] is None


def test_a_wrong_secret_is_an_error_that_the_library_knows(origin: str, program: Program) -> None:
    wrong = Program(program.house, program.client_id, "wrong")
    with pytest.raises(OAuthError) as caught:
        Filer(origin, wrong)
    assert caught.value.error == "invalid_client"


def test_from_the_first_token_to_the_filed_dossier(house: House, origin: str, program: Program) -> None:
    filer = Filer(origin, program)
    dossier = filer.open(str(house.party_of("nop.hoso")))
    base = f"/dossiers/{dossier['id']}"
    refused = filer.call("POST", f"{base}/actions/submit", status=422, json={"revision": 1}).json()
    assert refused["code"] == "workflow.form-incomplete"

    answers = request(investors=[investor(representative=REPRESENTATIVE)], rate_on=today())
    filer.call("PATCH", f"{base}/answers", json={"answers": answers})

    lacking = filer.call("GET", f"{base}/components").json()["items"]
    for each in lacking:
        if each["mandatory"] and not each["from_form"]:
            body = files.pdf(Paper=f"({each['code']})")
            if each["signed"]:
                body = signed_elsewhere(house, body, REPRESENTATIVE)
            upload = {"files": (f"{each['code']}.pdf", body, "application/pdf")}
            kept = filer.call("POST", f"{base}/components/{each['code']}/files", files=upload).json()
            assert [file["name"] for file in kept["files"]] == [f"{each['code']}.pdf"]
            again = filer.call("POST", f"{base}/components/{each['code']}/files", files=upload).json()
            assert again == kept, "the same file is taken once"
            document = filer.call("GET", f"/documents/{kept['files'][0]['document_id']}")
            assert document.content == body

    printed = filer.call("POST", f"{base}/form/print").content
    unsigned = {"signed": ("form.pdf", printed, "application/pdf")}
    refused = filer.call("POST", f"{base}/form/signed", status=422, files=unsigned).json()
    assert [each["code"] for each in refused["errors"]] == ["unsigned"]
    signed = {"signed": ("form.pdf", signed_elsewhere(house, printed, REPRESENTATIVE), "application/pdf")}
    state = filer.call("POST", f"{base}/form/signed", files=signed).json()
    assert (state["state"], state["signer"]) == ("signed", REPRESENTATIVE)

    filed = filer.call("POST", f"{base}/actions/submit", json={"revision": 1}).json()
    assert (filed["state"]["code"], filed["state"]["national"]) == ("submitted", 1)
    assert filed["code"].startswith("HS-")
    twice = filer.call("POST", f"{base}/actions/submit", json={"revision": 1}).json()
    assert (twice["code"], twice["revision"]) == (filed["code"], filed["revision"])


def test_the_name_of_the_program_is_no_signature(house: House, origin: str) -> None:
    """Whoever names a program after a stranger must not make the stranger a representative."""
    named = registered(house.person("nop.hoso"), name="Kẻ Mạo Danh")
    filer = Filer(origin, named)
    base = f"/dossiers/{filer.open(str(house.party_of('nop.hoso')))['id']}"
    filer.call("PATCH", f"{base}/answers", json={"answers": request(rate_on=today())})
    printed = filer.call("POST", f"{base}/form/print").content
    forged = {"signed": ("form.pdf", signed_elsewhere(house, printed, "Kẻ Mạo Danh"), "application/pdf")}
    refused = filer.call("POST", f"{base}/form/signed", status=422, files=forged).json()
    assert [each["code"] for each in refused["errors"]] == ["other-signer"]


def test_a_change_is_bound_to_what_was_seen(house: House, origin: str, program: Program) -> None:
    filer = Filer(origin, program)
    base = f"/dossiers/{filer.open(str(house.party_of('nop.hoso')))['id']}"
    seen = filer.call("GET", base).headers["ETag"]
    assert filer.call("GET", base, status=304, headers={"If-None-Match": seen}).content == b""
    change = {"answers": {"site": "S2"}}
    changed = filer.call("PATCH", f"{base}/answers", json=change, headers={"If-Match": seen})
    late = filer.call("PATCH", f"{base}/answers", status=412, json=change, headers={"If-Match": seen})
    assert late.json()["code"] == "outdated"
    filer.call("PATCH", f"{base}/answers", json=change, headers={"If-Match": changed.headers["ETag"]})


def test_a_list_longer_than_a_page_is_read_to_its_end(house: House, origin: str) -> None:
    filer = Filer(origin, registered(house.person("hoshi")))
    party = str(house.party_of("hoshi"))
    made = {filer.open(party)["id"] for _ in range(53)}
    page = filer.call("GET", "/dossiers").json()
    seen = [each["id"] for each in page["items"]]
    while page["next"]:
        page = filer.call("GET", page["next"].removeprefix("/api/v1")).json()
        seen += [each["id"] for each in page["items"]]
    assert len(seen) == len(set(seen))
    assert made <= set(seen)


def test_a_file_can_be_taken_out_again(house: House, origin: str, program: Program) -> None:
    filer = Filer(origin, program)
    base = f"/dossiers/{filer.open(str(house.party_of('nop.hoso')))['id']}"
    code = next(
        each["code"]
        for each in filer.call("GET", f"{base}/components").json()["items"]
        if not each["from_form"]
    )
    upload = {"files": ("a.pdf", files.pdf(A="(9)"), "application/pdf")}
    kept = filer.call("POST", f"{base}/components/{code}/files", files=upload).json()
    address = f"{base}/components/{code}/files/{kept['files'][0]['id']}"
    filer.call("DELETE", address, status=204)
    filer.call("DELETE", address, status=404)
    bad = {"files": ("virus.pdf", b"MZ" + b"\0" * 300, "application/pdf")}
    assert filer.call("POST", f"{base}/components/{code}/files", status=415, files=bad).json()["code"]


def test_the_document_tells_how_to_come_in(house: House) -> None:
    told = house.visitor().get("/api/v1/openapi.json").json()
    assert told["openapi"].startswith("3.1")
    assert set(told["components"]["securitySchemes"]) == {"program", "session"}
    writing = told["paths"]["/api/v1/dossiers"]["post"]
    assert {"program": ["dossiers.write"]} in writing["security"]
    assert told["paths"]["/api/v1/procedures"]["get"]["security"] == []
    problem = writing["responses"]["422"]["content"]["application/problem+json"]["schema"]
    assert problem == {"$ref": "#/components/schemas/Problem"}
    assert told["components"]["schemas"]["NewDossier"]["examples"]
