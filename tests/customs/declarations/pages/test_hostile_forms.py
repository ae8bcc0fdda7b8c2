"""Forms and files that no browser sends: each is answered, and none makes the platform fail."""

from typing import Any

import pytest
from sqlalchemy import func, select

from app.core.db import DbRole, SessionContext
from app.core.evidence.models import EvidenceEntry
from app.core.kit.ids import uuid7
from app.customs.declarations.service.result_sheets import COLUMNS
from app.web.exports import xlsx_file
from tests.customs.declarations.conftest import Zone
from tests.customs.declarations.made import LINE
from tests.customs.declarations.test_pages import opened, version
from tests.faults.people import Person
from tests.investment.dossiers import FILER

ROW = {
    "direction": "IMPORT", "type_code": "A11", "movement": "ABROAD_TO_ZONE", "registered_at": "2026-11-01 10:00",
    "line": "1", "hs": "84713020", "description": "Máy tính",
}  # fmt: skip


@pytest.fixture(scope="module")
def draft(zone: Zone) -> str:
    return opened(zone.filer)


def firm_of(person: Person) -> str:
    return str(person.house.party_of(FILER))


@pytest.mark.parametrize("value", ["²", "9" * 5000, "-1", "1.5", "١", ""])
@pytest.mark.parametrize(
    ("step", "form"),
    [
        ("/lines", {"start": "0"}),
        ("/lines/1", {"hs": "1"}),
        ("/header/parties", {}),
        ("/send", {}),
        ("/split", {}),
        ("/type", {"movement": "ZONE_TO_INLAND", "type_code": "A11"}),
        ("/lines/paste", {"text": "a\tb"}),
    ],
)
def test_a_version_that_is_no_number(
    zone: Zone, draft: str, step: str, form: dict[str, str], value: str
) -> None:
    assert zone.filer.post(draft + step, {**form, "version": value}).status_code in (409, 422)


@pytest.mark.parametrize("field", ["quantity", "unit_price", "value", "hs", "description", "own_code"])
@pytest.mark.parametrize(
    "value", ["1e999", "1e999999999", "NaN", "-Infinity", "9" * 30, "9" * 2000, "1\x00", "٣"]
)
def test_what_is_typed_into_a_line(zone: Zone, field: str, value: str) -> None:
    draft = opened(zone.filer)
    form = {**LINE, "version": version(zone.filer, f"{draft}/lines"), "then": "stay", field: value}
    assert zone.filer.post(f"{draft}/lines/1", form).status_code == 303
    for page in ("/lines/1?check=1", "/lines?check=1", "/check", "/print", "/lines.csv"):
        assert zone.filer.get(draft + page).status_code == 200, page


@pytest.mark.parametrize(
    ("pasted", "status"),
    [
        ("hs\tdescription\r84713020\tMáy", 200),  # lines as old systems end them
        ("x" * 200_000, 422),
        ('"' + "y" * 140_000, 422),
        (f"hs\tdescription\tquantity\tunit_price\n84713020\tx\t{'9' * 15}\t{'9' * 15}.123456", 200),
        ("hs\tdescription\tquantity\tunit_price\n84713020\tx\t1e99999999\t1e99999999", 200),
        ("hs\tdescription\n84713020\tx\x00y", 200),
    ],
)
def test_what_is_pasted(zone: Zone, draft: str, pasted: str, status: int) -> None:
    form = {"version": version(zone.filer, f"{draft}/lines"), "mode": "replace", "text": pasted}
    assert zone.filer.post(f"{draft}/lines/paste", form).status_code == status


def test_the_code_of_a_product_is_bounded(zone: Zone) -> None:
    form: dict[str, Any] = {
        "firm": firm_of(zone.filer),
        "hs": "84713020",
        "description": "Máy",
        "own_code": "x" * 9000,
    }
    assert zone.filer.post("/declarations/products", form).status_code == 422


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("quantity", "1e999999"), ("quantity", "9" * 30), ("value", "1e20"), ("line", "1e999999"), ("line", "0"),
        ("IMPORT_DUTY", "9" * 25), ("VAT", "1e400"), ("registered_at", "9999-12-31T23:59:59-12:00"),
        ("registered_at", "0001-01-01"), ("registered_at", "0001-01-01T00:00:00+14:00"),
        ("released_at", "2199-01-01 10:00"), ("description", "x" * 30_000),
        ("official_number", "١٢٣٤٥٦٧٨٩٠١٢"),
    ],
)  # fmt: skip
def test_a_cell_of_the_results(zone: Zone, column: str, value: str) -> None:
    cells = {"official_number": "123456789010", **ROW, column: value}
    body = xlsx_file(list(COLUMNS), [[cells.get(each, "") for each in COLUMNS]])
    answer = zone.filer.post(
        "/declarations/results", {"firm": firm_of(zone.filer)}, files={"file": ("r.xlsx", body, "x/x")}
    )
    assert answer.status_code == 422


def test_more_results_than_one_file_takes(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.customs.declarations.wire.xml.LARGEST", 10)
    answer = zone.filer.get(f"/declarations/results/export.xml?firm={firm_of(zone.filer)}")
    assert answer.status_code == 409
    assert zone.filer.get(f"/declarations/results/export.xlsx?firm={firm_of(zone.filer)}").status_code == 200


def test_the_form_of_a_note_tells_nothing_of_a_draft(zone: Zone) -> None:
    draft = zone.firms.declared()
    form = {
        "firm": str(zone.firms.party()),
        "declaration": str(draft),
        "note_id": str(uuid7()),
        "kind": "GOODS",
    }
    assert zone.officer.post("/customs/inspections", form).status_code == 404


@pytest.mark.parametrize(
    "address", ["/declarations/products?q=a%00b", "/customs/firms?q=%00", "/payments?kind=a%00b"]
)
def test_a_nul_in_a_search_is_left_out(zone: Zone, address: str) -> None:
    person = zone.officer if address.startswith("/customs") else zone.filer
    assert person.get(address).status_code == 200


def test_a_refused_attempt_is_recorded_whatever_its_address_holds(zone: Zone) -> None:
    mark = uuid7()
    assert zone.officer.get(f"/declarations/{mark}/header/a%00b").status_code == 403
    with zone.house.database.session(SessionContext(DbRole.OFFICER)) as session:
        paths = select(func.count()).where(EvidenceEntry.body.contains(f"/declarations/{mark}/header/ab"))
        assert session.scalar(paths) == 1
