"""Pages of enterprises: list, export, record, forms, and the enterprise's own view."""

import csv
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup

from app.core.db.cluster import PrivateCluster
from app.core.kit.actor import SYSTEM
from app.core.kit.ids import uuid7
from app.core.kit.time import utcnow
from app.core.search import reindex
from app.registry.domain import EnterpriseKind
from app.registry.service import register_enterprise
from tests.conftest import clone
from tests.faults.people import OFFICER, House, Person, house_on

NAMES = ("=cmd|'/c calc'!A1", "Đại Dương Thử (hư cấu)", "An Thử (hư cấu)", "Ánh Thử (hư cấu)")


@pytest.fixture(scope="module")
def house(cluster: PrivateCluster, ready_template: str, test_var: Path) -> Iterator[House]:
    with clone(cluster, ready_template) as target, house_on(target, test_var) as house:
        with house.database.transaction(OFFICER) as session:
            for name in (*NAMES, *(f"Zz Trang {n:03d} (hư cấu)" for n in range(60))):
                register_enterprise(
                    session,
                    name_vi=name,
                    kind=EnterpriseKind.FOREIGN,
                    country="SE",
                    actor=SYSTEM,
                    now=utcnow(),
                )
        provider = next(each for each in house.app.state.search if each.kind == "enterprise")
        with house.database.transaction(OFFICER) as session:
            reindex(session, provider)
        yield house


def page(person: Person, path: str, status: int = 200) -> BeautifulSoup:
    answer = person.get(path)
    assert answer.status_code == status, path
    return BeautifulSoup(answer.text, "html.parser")


def names(soup: BeautifulSoup) -> list[str]:
    return [link.get_text() for link in soup.select("tbody th a")]


@pytest.fixture
def clerk(house: House) -> Person:
    return house.person("mot.cua")


@pytest.fixture
def fresh(house: House) -> str:
    with house.database.transaction(OFFICER) as session:
        key = register_enterprise(
            session, name_vi=f"Mới {uuid7()}", kind=EnterpriseKind.VIETNAMESE, actor=SYSTEM, now=utcnow()
        )
    return f"/enterprises/{key}"


class TestList:
    def test_finds_without_accents_and_narrows(self, clerk: Person) -> None:
        assert names(page(clerk, "/enterprises?q=dai duong")) == ["Đại Dương Thử (hư cấu)"]
        assert names(page(clerk, "/enterprises?q=thu&country=SE&kind=FOREIGN")) == [
            "An Thử (hư cấu)",
            "Ánh Thử (hư cấu)",
            "Đại Dương Thử (hư cấu)",
        ]
        assert page(clerk, "/enterprises?q=khong-co").select_one(".empty-page") is not None

    def test_pages_by_keys_in_both_orders(self, clerk: Person) -> None:
        for sort in ("name", "-name", "updated", "-updated"):
            seen: list[str] = []
            path = f"/enterprises?sort={sort}&country=SE"
            while path:
                soup = page(clerk, path)
                seen += names(soup)
                following = soup.select_one("a[rel=next]")
                path = str(following["href"]) if following else ""
            assert len(seen) == len(set(seen)) == 64, sort
            if sort.endswith("name"):
                assert (seen[0] == NAMES[0]) is (sort == "name")

    @pytest.mark.parametrize(
        "query", ["sort=x", "after=x", "kind=x&country=xxxx&verification=x", "q=%25", "after=W10"]
    )
    def test_odd_addresses_are_answered(self, clerk: Person, query: str) -> None:
        page(clerk, f"/enterprises?{query}")

    def test_is_for_readers_of_the_registry(self, house: House) -> None:
        for login in ("quan.tri", "hai.quan", "hoshi"):
            for path in ("/enterprises", "/enterprises.csv", "/enterprises.xlsx", "/enterprises/new"):
                assert house.person(login).get(path).status_code == 403, (login, path)


class TestExport:
    def test_csv_computes_nothing(self, clerk: Person) -> None:
        answer = clerk.get("/enterprises.csv?country=SE")
        rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
        assert len(rows) == 65
        assert rows[1][0] == f"'{NAMES[0]}"
        assert answer.headers["content-disposition"].startswith("attachment")

    def test_xlsx_is_a_workbook_of_texts(self, clerk: Person) -> None:
        answer = clerk.get("/enterprises.xlsx?q=cmd")
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert archive.testzip() is None
            sheet = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))  # noqa: S314  our own file
        tags = {each.tag.rpartition("}")[2] for each in sheet.iter()}
        assert "f" not in tags, "a formula"
        assert NAMES[0] in sheet.itertext()


class TestForms:
    def form(self, **values: str) -> dict[str, str]:
        known = {
            "name_vi": "Công ty Nhập Tay (hư cấu)",
            "kind": "VIETNAMESE",
            "country": "VN",
            "key": str(uuid7()),
        }
        return {**known, **values}

    def test_entering_twice_enters_once(self, clerk: Person) -> None:
        form = self.form(tax_code="9900000023", established_on="01/02/2020")
        first, second = (clerk.post("/enterprises", form) for _ in range(2))
        assert first.status_code == second.status_code == 303
        assert first.headers["location"] == second.headers["location"]
        assert "01/02/2020" in page(clerk, first.headers["location"]).get_text()

    def test_faults_stand_beside_the_fields_and_nothing_is_lost(self, clerk: Person) -> None:
        answer = clerk.post(
            "/enterprises", self.form(tax_code="123", established_on="31/02/2020", name_en="Kept")
        )
        assert answer.status_code == 422
        soup = BeautifulSoup(answer.text, "html.parser")
        assert {str(link["href"]) for link in soup.select("[data-error-summary] a")} >= {"#f-established_on"}
        assert soup.select_one("#f-name_en")["value"] == "Kept"  # type: ignore[index]

    def test_a_stale_page_is_answered_409_with_what_was_typed(self, clerk: Person, fresh: str) -> None:
        change = {
            "kind": "VIETNAMESE",
            "country": "VN",
            "verification": "DECLARED",
            "revision": "1",
            "reason": "a",
        }
        assert clerk.post(f"{fresh}/edit", {**change, "name_vi": "Bản một"}).status_code == 303
        stale = clerk.post(f"{fresh}/edit", {**change, "name_vi": "Bản hai"})
        assert stale.status_code == 409
        soup = BeautifulSoup(stale.text, "html.parser")
        assert soup.select_one("#f-name_vi")["value"] == "Bản hai"  # type: ignore[index]
        assert soup.select_one("[name=revision]")["value"] == "2"  # type: ignore[index]
        again = {**change, "name_vi": "Bản hai", "revision": "2"}
        assert clerk.post(f"{fresh}/edit", again).status_code == 303
        assert "Bản một" in page(clerk, fresh).select_one(".record-history").get_text()  # type: ignore[union-attr]

    def test_addresses_and_representatives_have_periods(self, clerk: Person, fresh: str) -> None:
        place = {
            "kind": "HEAD_OFFICE",
            "country": "VN",
            "province": "Thành phố Hải Phòng",
            "ward": "Phường Đông Hải",
        }
        since = {"street": "Lô 1", "since": "01/02/2026", "revision": "1"}
        assert clerk.post(f"{fresh}/address", {**place, **since}).status_code == 303
        person = {"name": "Trần Thử", "position": "Giám đốc", "nationality": "VN", "legal": "yes"}
        period = {"since": "01/02/2026", "revision": "2"}
        assert clerk.post(f"{fresh}/representatives", {**person, **period}).status_code == 303
        soup = page(clerk, fresh)
        assert "Phường Đông Hải" in soup.get_text()
        links = [str(a["href"]) for a in soup.select("a") if "/representatives/" in str(a.get("href", ""))]
        (link,) = [each for each in links if "/identity" not in each]
        assert clerk.post(link, {"until": "01/01/2025", "revision": "3"}).status_code == 422
        assert clerk.post(link, {"until": "01/03/2026", "revision": "3"}).status_code == 303
        assert "01/03/2026" in page(clerk, fresh).get_text()
        page(clerk, f"{fresh}/representatives/{uuid7()}", 404)


class TestOwnRecord:
    def test_is_shown_to_its_people_and_nobody_else(self, house: House) -> None:
        answer = house.person("hoshi").get("/my-enterprise")
        assert answer.status_code == 303
        own = answer.headers["location"]
        assert own == f"/enterprises/{house.party_of('hoshi')}"
        soup = page(house.person("hoshi"), own)
        assert "Hoshi" in soup.get_text()
        assert soup.select_one(f"a[href='{own}/edit']") is None
        for login, status in (("nop.hoso", 404), ("quan.tri", 403), ("mot.cua", 200)):
            page(house.person(login), own, status)
        page(house.person("nop.hoso"), f"/enterprises/{uuid7()}", 404)

    def test_a_proposal_goes_its_way(self, house: House, clerk: Person) -> None:
        own = f"/enterprises/{house.party_of('hoshi')}"
        filer = house.person("hoshi")
        form = {
            "phone": "+81 3 0000 0000",
            "email": "x",
            "website": "",
            "note": "Đổi số",
            "key": str(uuid7()),
        }
        assert filer.post(f"{own}/proposals", form).status_code == 422
        form["email"] = "lienhe@hoshi.example"
        assert filer.post(f"{own}/proposals", form).status_code == 303
        assert filer.post(f"{own}/proposals", {**form, "key": str(uuid7())}).status_code == 409
        assert house.person("nop.hoso").post(f"{own}/proposals", form).status_code == 404
        seen = page(clerk, own)
        action = next(str(f["action"]) for f in seen.select("form[action*='/proposals/']"))
        revision = str(seen.select_one("form[action*='/proposals/'] [name=revision]")["value"])  # type: ignore[index]
        refused = clerk.post(action, {"verdict": "refuse", "revision": revision, "answer": ""})
        assert refused.status_code == 422
        assert (
            clerk.post(action, {"verdict": "accept", "revision": revision, "answer": ""}).status_code == 303
        )
        assert (
            clerk.post(action, {"verdict": "accept", "revision": revision, "answer": ""}).status_code == 409
        )
        assert "+81 3 0000 0000" in page(filer, own).get_text()


class TestCodeLists:
    def test_everybody_sees_lists_versions_and_codes(self, house: House) -> None:
        visitor = house.visitor()
        assert "VSIC2018" in page(visitor, "/code-lists").get_text()
        assert "2720" in page(visitor, "/code-lists/VSIC?q=pin").get_text()
        assert "VSIC2018" in page(visitor, "/code-lists/VSIC?on=01/01/2025").get_text()
        for odd in ("on=x", "version=x", "q=%25%25", "after=zzz"):
            page(visitor, f"/code-lists/VSIC?{odd}")
        page(visitor, "/code-lists/NICHTS", 404)

    def test_the_picker_answers_without_accents(self, house: House) -> None:
        answer = house.visitor().get("/code-lists/COUNTRY/pick?q=nhat ban", headers={"Accept-Language": "vi"})
        assert answer.json()["codes"] == [{"code": "JP", "label": "Nhật Bản"}]
        assert house.visitor().get("/code-lists/NICHTS/pick?q=a").status_code == 404


def test_an_unknown_enterprise_is_not_there(clerk: Person) -> None:
    for path in ("", "/edit", "/address", "/representatives"):
        page(clerk, f"/enterprises/{UUID(int=7)}{path}", 404)
