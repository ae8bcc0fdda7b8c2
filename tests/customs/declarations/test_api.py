"""Declarations for programs: only what the caller may read, page by page, with a mark for what has not changed."""

from decimal import Decimal
from uuid import UUID

import pytest

from app.core.kit.ids import uuid7
from app.customs.declarations.models import Assessment, Declaration, Difference
from app.customs.declarations.queries import listing
from app.customs.declarations.queries.reach import head_of
from tests.conftest import NOW
from tests.customs.declarations.conftest import Zone
from tests.customs.declarations.firms import OTHER, Firms
from tests.web.programs import Program, registered

SCOPE = "declarations.read"


@pytest.fixture(scope="module")
def program(zone: Zone) -> Program:
    return registered(zone.filer, scopes=(SCOPE,)).enter()


def difference(firms: Firms, declared: UUID, *, state: str = "OPEN") -> None:
    with firms.at_work() as session:
        row = session.get_one(Declaration, declared)
        told = Assessment(
            id=uuid7(), party_id=row.party_id, revision_id=head_of(session, row).id, kind="OFFICIAL", content={},
            total=Decimal(26_670), computed_at=NOW,
        )  # fmt: skip
        session.add(told)
        session.flush()
        session.add(
            Difference(
                id=uuid7(), party_id=row.party_id, declaration_id=declared, assessment_id=told.id, line=1, tax="VAT",
                ours=Decimal(20_000), official=Decimal(26_670), our_rate="8", official_rate="10", found_at=NOW,
                state=state, explanation="Thuế suất mới" if state == "EXPLAINED" else "",
            )
        )  # fmt: skip


def test_a_program_reads_its_firm_s_declarations_and_no_others(zone: Zone, program: Program) -> None:
    mine = zone.firms.declared(state="REGISTERED", summary="Thép cuộn")
    theirs = zone.firms.declared(login=OTHER, state="REGISTERED")
    page = program.get("/customs/declarations", params={"state": "REGISTERED"})
    assert page.status_code == 200, page.text
    listed = {each["id"]: each for each in page.json()["items"]}
    assert listed[str(mine)]["summary"] == "Thép cuộn"
    assert str(theirs) not in listed
    assert program.get(f"/customs/declarations/{theirs}").status_code == 404
    assert program.get("/customs/declarations", params={"state": "GONE"}).status_code == 422
    assert zone.house.visitor().client.get("/api/v1/customs/declarations").status_code == 401


def test_a_program_without_the_scope_and_an_officer_of_another_desk_are_refused(zone: Zone) -> None:
    other = registered(zone.filer, scopes=("parcels.read",), name="Khác").enter()
    assert other.get("/customs/declarations").status_code == 403
    assert zone.house.person("mot.cua").get("/api/v1/customs/declarations").status_code == 403


def test_an_officer_sees_what_was_handed_in_of_all_firms_and_no_draft(zone: Zone) -> None:
    drafted = zone.firms.declared()
    theirs = zone.firms.declared(login=OTHER, state="REGISTERED")
    seen = {each["id"] for each in zone.officer.get("/api/v1/customs/declarations").json()["items"]}
    assert str(theirs) in seen
    assert str(drafted) not in seen
    assert zone.officer.get(f"/api/v1/customs/declarations/{drafted}").status_code == 404
    assert zone.filer.get(f"/api/v1/customs/declarations/{drafted}").json()["declaration"]["state"] == "DRAFT"


def test_the_mark_holds_until_something_changes(zone: Zone, program: Program) -> None:
    declared = zone.firms.declared(state="PAYABLE")
    path = f"/customs/declarations/{declared}"
    first = program.get(path)
    tag = first.headers["etag"]
    again = program.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.headers["etag"]) == (304, tag)
    difference(zone.firms, declared)
    changed = program.get(path, headers={"If-None-Match": tag})
    assert changed.status_code == 200
    (told,) = changed.json()["differences"]
    assert (told["precalculated"], told["official"], told["difference"]) == ("20000", "26670", "6670")


def test_differences_over_all_declarations_of_the_firm(zone: Zone, program: Program) -> None:
    mine, theirs = zone.firms.declared(state="PAYABLE"), zone.firms.declared(login=OTHER, state="PAYABLE")
    difference(zone.firms, mine, state="EXPLAINED")
    difference(zone.firms, theirs)
    rows = program.get("/customs/differences", params={"state": "EXPLAINED"}).json()["items"]
    assert str(mine) in {each["declaration_id"] for each in rows}
    assert {each["state"] for each in rows} == {"EXPLAINED"}
    everything = program.get("/customs/differences").json()["items"]
    assert str(theirs) not in {each["declaration_id"] for each in everything}
    officers = zone.officer.get("/api/v1/customs/differences").json()["items"]
    assert str(theirs) in {each["declaration_id"] for each in officers}


def test_pages_follow_each_other_without_a_gap(
    zone: Zone, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {str(zone.firms.declared(state="CLEARED")) for _ in range(5)}
    monkeypatch.setattr(listing, "PAGE_SIZE", 2)
    monkeypatch.setattr(listing.declarations, "__kwdefaults__", {"after": None, "size": 2})
    seen: list[str] = []
    path: str | None = "/api/v1/customs/declarations?state=CLEARED"
    while path:
        answer = program.get(path.removeprefix("/api/v1")).json()
        assert len(answer["items"]) <= 2
        seen += [each["id"] for each in answer["items"]]
        path = answer["next"]
    assert made <= set(seen)
    assert len(seen) == len(set(seen))
    assert program.get("/customs/declarations", params={"after": "xx"}).status_code == 200
