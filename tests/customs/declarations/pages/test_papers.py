"""The pages of a declaration's papers, as browsers without script see them."""

from uuid import UUID

from sqlalchemy import select

from app.core.privacy.models import Reading
from tests.core.documents import files
from tests.customs.declarations.conftest import Zone
from tests.customs.declarations.firms import FILER
from tests.faults.people import Person


def upload(person: Person, declared: UUID, slot: str = "INVOICE", **data: str) -> int:
    body = {"files": ("hoa-don.pdf", files.pdf(Note=f"({declared})"), "application/pdf")}
    return person.post(f"/declarations/{declared}/papers/{slot}", data, files=body).status_code


def test_a_firm_attaches_and_takes_out(zone: Zone) -> None:
    declared = zone.firms.declared()
    path = f"/declarations/{declared}/papers"
    assert "INVOICE" in zone.filer.get(path).text
    assert upload(zone.filer, declared) == 303
    page = zone.filer.get(f"{path}/INVOICE").text
    assert "hoa-don.pdf" in page
    paper = page.split(f"{path}/INVOICE/", 1)[1].split('"', 1)[0]
    sent = zone.filer.get(f"{path}/INVOICE/{paper}")
    assert (sent.status_code, sent.headers["content-disposition"].split(";")[0]) == (200, "attachment")
    assert zone.filer.post(f"{path}/INVOICE/remove", {"paper_id": paper}).status_code == 303
    # Papers of its other declarations may still be offered from the vault under the same name.
    assert f"{path}/INVOICE/{paper}" not in zone.filer.get(f"{path}/INVOICE").text


def test_what_is_wrong_stands_beside_its_field(zone: Zone) -> None:
    declared = zone.firms.declared(header={"SN1": "GP-1"})
    path = f"/declarations/{declared}/papers/PERMIT"
    answer = zone.filer.post(path, {"number": "GP 7", "issued_on": "31/02/2026", "holder": "0312945656"})
    assert answer.status_code == 422
    for place in ("f-files-error", 'value="GP 7"', 'value="31/02/2026"'):
        assert place in answer.text
    assert (
        upload(zone.filer, declared, "PERMIT", number="GP 7", issued_on="1/2/2026", holder="0312945656")
        == 422
    )
    wrong = zone.filer.post(
        path, {}, files={"files": ("x.exe", b"MZ\x90\x00" * 200, "application/octet-stream")}
    )
    assert wrong.status_code == 422
    assert "x.exe" in wrong.text


def test_an_expired_permit_is_named_and_an_empty_field_has_words(zone: Zone) -> None:
    declared = zone.firms.declared(header={"SN1": "GP-1"}, lines=[{"hs": "72083990"}])
    facts = {"number": "GP 9", "issued_on": "1/2/2025", "holder": zone.firms.tax_code()}
    answer = upload(zone.filer, declared, "PERMIT", **facts, valid_until="31/01/2026")
    assert answer == 422
    assert upload(zone.filer, declared, "PERMIT", **facts, valid_until="31/02/2026") == 422
    page = zone.filer.get(f"/declarations/{declared}/papers").text
    assert "lines[]" not in page
    assert f'href="/declarations/{declared}/lines"' in page
    assert upload(zone.filer, declared, "PERMIT", **facts, valid_until="31/12/2099") == 303
    assert "31/12/2099" in zone.filer.get(f"/declarations/{declared}/papers/PERMIT").text
    again = zone.firms.declared(header={"SN1": "GP-1"})
    offered = zone.filer.get(f"/declarations/{again}/papers/PERMIT").text
    assert "31/12/2099" in offered.partition('name="document_id"')[2]


def test_an_officer_reads_and_the_firm_sees_it(zone: Zone) -> None:
    declared = zone.firms.declared()
    path = f"/declarations/{declared}/papers"
    upload(zone.filer, declared)
    assert zone.officer.get(path).status_code == 404
    zone.firms.bring(declared, "REGISTERED")
    page = zone.officer.get(f"{path}/INVOICE")
    assert (page.status_code, "f-files" in page.text) == (200, False)
    paper = page.text.split(f"{path}/INVOICE/", 1)[1].split('"', 1)[0]
    assert zone.officer.get(f"{path}/INVOICE/{paper}").status_code == 200
    actor = zone.firms.person(FILER)
    with zone.firms.as_(actor) as session:
        rows = session.scalars(select(Reading).where(Reading.object_id == declared)).all()
        assert [(each.kind, each.purpose, each.fields) for each in rows] == [
            ("EXPORTED", "HANDLING", ["customs_paper"])
        ]
    assert zone.other.get(path).status_code == 404
    assert zone.house.person("mot.cua").get(path).status_code == 403


def test_a_supervisor_states_a_purpose_first(zone: Zone) -> None:
    declared = zone.firms.declared()
    upload(zone.filer, declared)
    zone.firms.bring(declared, "REGISTERED")
    leader, path = zone.house.person("lanh.dao"), f"/declarations/{declared}/papers/INVOICE"
    link = path + "/" + leader.get(path).text.split(f"{path}/", 1)[1].split('"', 1)[0]
    assert leader.get(link).headers["location"] == f"/declarations/{declared}/purpose"
    assert leader.post(f"/declarations/{declared}/purpose", {"purpose": "INSPECTION"}).status_code == 422
    stated = {"purpose": "INSPECTION", "note": "Quyết định 1/QĐ"}
    assert leader.post(f"/declarations/{declared}/purpose", stated).status_code == 303
    assert leader.get(link).status_code == 200


def test_nothing_leaves_before_there_is_a_number(zone: Zone) -> None:
    declared = zone.firms.declared()
    upload(zone.filer, declared)
    answer = zone.filer.post(f"/declarations/{declared}/show-papers")
    assert answer.status_code == 409
