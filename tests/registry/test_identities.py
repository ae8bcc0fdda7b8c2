"""Identity documents of representatives: sealed, covered, opened for a purpose, found by number, erased in time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from bs4 import BeautifulSoup

from app.core.db.cluster import PrivateCluster
from app.core.kit.actor import SYSTEM
from app.core.kit.personal import MASK
from app.core.kit.time import utcnow
from app.modules import Platform
from app.registry.facade import erase_identities, identities_due
from tests.conftest import clone
from tests.faults.people import OFFICER, House, Person, house_on

NUMBER, STATED = "C9876543", {"purpose": "INSPECTION", "note": "KH 12/2026"}
PERSON = {
    "name": "Trần Thử",
    "position": "Giám đốc",
    "nationality": "VN",
    "legal": "yes",
    "since": "01/02/2026",
}
PAPER = {"identity_kind": "PASSPORT", "identity_number": "C 987-6543"}


@dataclass
class Scene:
    house: House
    conninfo: str
    enterprise: UUID
    representative: UUID

    @property
    def path(self) -> str:
        return f"/enterprises/{self.enterprise}"

    @property
    def identity(self) -> str:
        return f"{self.path}/representatives/{self.representative}/identity"

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.conninfo) as connection:
            cursor = connection.execute(statement, values)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def readings(self) -> list[tuple[Any, ...]]:
        return self.sql("select kind, purpose, object_kind, party_id from privacy_reading order by at")


@pytest.fixture
def scene(cluster: PrivateCluster, ready_template: str, test_var: Path) -> Iterator[Scene]:
    with clone(cluster, ready_template) as target, house_on(target, test_var) as house:
        conninfo, enterprise = cluster.boot_conninfo(target.name), house.party_of("nop.hoso")
        clerk = house.person("mot.cua")
        form = {**PERSON, **PAPER, "revision": revision(clerk, enterprise)}
        assert clerk.post(f"/enterprises/{enterprise}/representatives", form).status_code == 303
        with psycopg.connect(conninfo) as connection:
            row = connection.execute(
                "select id from registry_representative where name = 'Trần Thử'"
            ).fetchone()
        assert row is not None
        yield Scene(house, conninfo, enterprise, row[0])


def revision(clerk: Person, enterprise: UUID) -> str:
    soup = BeautifulSoup(clerk.get(f"/enterprises/{enterprise}/representatives").text, "html.parser")
    return str(soup.select_one("[name=revision]")["value"])  # type: ignore[index]


def test_no_table_holds_the_number_and_officers_see_dots(scene: Scene) -> None:
    for (table,) in scene.sql("select tablename from pg_tables where schemaname = 'public'"):
        rows = scene.sql(f'select t::text from "{table}" t')  # noqa: S608  names come from the catalogue
        assert not [row for row in rows if NUMBER in str(row[0])], table
    for login in ("mot.cua", "truong.phong"):
        page = scene.house.person(login).get(scene.path).text
        assert MASK in page
        assert NUMBER not in page
    assert scene.readings() == []


def test_a_stated_purpose_opens_it_and_the_owner_sees_that(scene: Scene) -> None:
    head, reading = scene.house.person("truong.phong"), f"{scene.identity}/reading"
    for wrong in ({}, {"purpose": "HANDLING", "note": "x"}, {"purpose": "INSPECTION", "note": " "}):
        assert head.post(reading, wrong).status_code == 422
    assert scene.readings() == []
    assert head.post(reading, STATED).status_code == 303
    assert NUMBER in head.get(scene.path).text
    assert NUMBER not in scene.house.person("mot.cua").get(scene.path).text, (
        "one reader's purpose is not another's"
    )
    assert scene.readings() == [("SHOWN", "INSPECTION", "representative", scene.enterprise)]
    told = scene.house.person("nop.hoso").get("/account/readings", headers={"accept-language": "en"}).text
    assert "Inspection or audit" in told
    assert NUMBER not in told


def test_its_own_administrators_see_it_and_nobody_else_of_the_firm(scene: Scene) -> None:
    person = scene.house.person("nop.hoso")
    assert NUMBER in person.get(scene.path).text
    scene.sql("update auth_membership set roles = '{FILER}' where party_id = %s", scene.enterprise)
    page = scene.house.person("nop.hoso").get(scene.path).text
    assert MASK in page
    assert NUMBER not in page
    assert scene.house.person("hoshi").get(scene.path).status_code == 404
    assert scene.readings() == []


def test_exchanging_the_document_leaves_no_number_in_history_or_log(scene: Scene) -> None:
    clerk = scene.house.person("mot.cua")
    given = {"identity_kind": "CITIZEN_CARD", "revision": revision(clerk, scene.enterprise)}
    wrong = clerk.post(scene.identity, {**given, "identity_number": "12345"})
    assert wrong.status_code == 422
    assert clerk.post(scene.identity, {**given, "identity_number": "031 099 000 123"}).status_code == 303
    assert clerk.post(scene.identity, {**given, "identity_number": "031099000123"}).status_code == 409
    told = str(scene.sql("select values from registry_change")) + str(
        scene.sql("select body from evidence_entry")
    )
    assert "CITIZEN_CARD" in told
    assert "031099000123" not in told


class TestFinding:
    def search(self, person: Person, number: str, **stated: str) -> Any:
        return person.post("/registry/people", {"number": number, **STATED, **stated})

    def test_needs_right_number_and_purpose(self, scene: Scene) -> None:
        assert self.search(scene.house.person("mot.cua"), NUMBER).status_code == 403
        assert scene.house.person("nop.hoso").get("/registry/people").status_code in {403, 404}
        head = scene.house.person("truong.phong")
        assert self.search(head, NUMBER, purpose="").status_code == 422
        assert self.search(head, NUMBER, note="").status_code == 422
        assert self.search(head, "").status_code == 422
        assert scene.readings() == []
        assert scene.sql("select 1 from evidence_entry where tag like 'personal-data:%%'") == []

    def test_a_hit_is_recorded_and_shown_to_its_owner(self, scene: Scene) -> None:
        page = self.search(scene.house.person("truong.phong"), "c 987 6543")
        assert page.status_code == 200
        assert "Trần Thử" in page.text
        assert scene.path in page.text
        assert scene.readings() == [("SEARCHED", "INSPECTION", "representative", scene.enterprise)]
        told = scene.house.person("nop.hoso").get("/account/readings", headers={"accept-language": "en"}).text
        assert "Found by a search" in told

    def test_no_hit_tells_nothing_and_the_search_is_recorded(self, scene: Scene) -> None:
        head = scene.house.person("truong.phong")
        for near in ("C9876544", "9876543", "C98765432", "%", "C987654_"):
            page = self.search(head, near)
            assert page.status_code == 200
            assert "Trần Thử" not in page.text
        assert scene.readings() == []
        bodies = scene.sql("select body from evidence_entry where tag = 'personal-data:person:search'")
        assert len(bodies) == 5
        assert "C987654" not in str(bodies)

    def test_dossiers_are_found_drafts_are_not(self, scene: Scene) -> None:
        firm, key = scene.house.person("nop.hoso"), UUID(int=77)
        form = {"case_id": str(key), "procedure": "IRC", "party_id": str(scene.enterprise)}
        assert firm.post("/dossiers", form).status_code == 303
        investor = {"investors-0-kind": "INDIVIDUAL", "investors-0-id_number": "X1112223", "then": "list"}
        assert firm.post(f"/dossiers/{key}/form/investor", investor).status_code == 303
        assert "X1112223" in firm.get(f"/dossiers/{key}/form/investor").text
        head = scene.house.person("truong.phong")
        assert str(key) not in self.search(head, "X1112223").text
        scene.sql("update workflow_case set submitted_at = now(), code = 'HS-77' where id = %s", key)
        found = self.search(head, "x 111-2223")
        assert str(key) in found.text
        assert scene.readings() == [("SEARCHED", "INSPECTION", "case", scene.enterprise)]


def test_an_ended_representation_loses_its_number_in_time(scene: Scene, platform: Platform) -> None:
    clerk, zone, now = scene.house.person("mot.cua"), platform.zone.tz, utcnow()
    later = now + timedelta(days=366 * 6)

    def due(at: Any) -> list[UUID]:
        with scene.house.database.session(OFFICER) as session:
            return [each.representative_id for each in identities_due(session, now=at, zone=zone)]

    assert due(later) == [], "still representing"
    end = {"until": f"{now:%d/%m/%Y}", "revision": revision(clerk, scene.enterprise)}
    assert clerk.post(f"{scene.path}/representatives/{scene.representative}", end).status_code == 303
    assert due(now) == []
    assert due(later) == [scene.representative]
    with scene.house.database.transaction(OFFICER) as session:
        found = identities_due(session, now=later, zone=zone)
        assert erase_identities(session, found, actor=SYSTEM, now=later) == 1
    assert due(later) == []
    page = scene.house.person("nop.hoso").get(scene.path).text
    assert NUMBER not in page
    assert "Trần Thử" in page, "who represented whom when stays on record"
    assert scene.sql("select digest from privacy_index i join privacy_key k on k.id = i.key_id"
                     " where k.holder_id = %s", scene.representative) == [(None,)]  # fmt: skip
    assert NUMBER not in scene.house.person("truong.phong").post(
        "/registry/people", {"number": NUMBER, **STATED}
    ).text.replace(f'value="{NUMBER}"', "")
