"""Pages and API of the tariff: open to everybody, by link, without script; rates of exchange by two officers."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from bs4 import BeautifulSoup

from app.cli.search import fill_index
from app.core.db.cluster import PrivateCluster
from app.core.kit.time import local_day, utcnow
from app.customs.tariff.domain.exchange import week_of
from app.modules import search_providers
from tests.conftest import clone
from tests.faults.people import House, Person, house_on

ASKED = {"hs1": "8507.60.90", "value1": "10.000,5", "origin1": "CN", "incoterm": "FOB", "freight": "200",
         "insurance": "0", "on": "31/12/2026", "on2": "1/1/2027"}  # fmt: skip
CALCULATOR = "/tariff/calculator"


@pytest.fixture(scope="module")
def house(cluster: PrivateCluster, ready_template: str, test_var: Path) -> Iterator[House]:
    with clone(cluster, ready_template) as target, house_on(target, test_var) as house:
        yield house


@pytest.fixture
def visitor(house: House) -> Person:
    return house.visitor()


def _page(person: Person, path: str, status: int = 200, **params: str) -> BeautifulSoup:
    answer = person.get(path, params=params or None)
    assert answer.status_code == status, path
    return BeautifulSoup(answer.text, "html.parser")


def _heads(soup: BeautifulSoup) -> list[str]:
    return [each.get_text(" ", strip=True) for each in soup.select("tbody th .code, tbody th a.code")]


@pytest.mark.parametrize("q", ["dien thoai", "Smartphones", "8517.13"])
def test_a_visitor_finds_goods_by_words_or_code(visitor: Person, q: str) -> None:
    assert "8517.13.00" in _heads(_page(visitor, "/tariff", q=q))


def test_a_search_that_finds_nothing_leads_on(visitor: Person) -> None:
    soup = _page(visitor, "/tariff", q="khong co gi nhu vay")
    assert soup.select_one(".empty-page a[href='/tariff']")


def test_chapters_lead_to_lines_and_lines_to_the_calculator(visitor: Person) -> None:
    chapter = _page(visitor, "/tariff/85")
    assert chapter.select_one("a[href='/tariff/85171300']")
    line = _page(visitor, "/tariff/85171300")
    assert {"ACFTA", "EVFTA", "RCEP"} <= set(_heads(line))
    assert line.select_one(f"a[href='{CALCULATOR}?hs1=85171300']")


def test_a_line_shows_the_rate_of_the_day_and_its_steps(visitor: Person) -> None:
    def excise(on: str) -> str:
        row = next(
            row
            for row in _page(visitor, "/tariff/22030091", on=on).select("tbody tr")
            if "tiêu thụ" in row.get_text()
        )
        return row.select_one("td.num strong").get_text()  # type: ignore[union-attr]

    assert (excise("31/12/2026"), excise("01/01/2027")) == ("65 %", "70 %")
    assert _page(visitor, "/tariff/22030091").select(".timeline-list")


@pytest.mark.parametrize("code", ["99999999", "85171399", "x", "8" * 40, "%00", "８５１７１３００"])
def test_an_unknown_code_is_not_found(visitor: Person, code: str) -> None:
    assert visitor.get(f"/tariff/{code}").status_code == 404


def test_a_wrong_day_is_answered_beside_the_field(visitor: Person) -> None:
    soup = _page(visitor, "/tariff/85171300", on="31/02/2026")
    assert soup.select_one("#f-on[aria-invalid]")


def test_a_calculation_leads_to_a_link_that_means_the_same_in_every_language(
    visitor: Person, house: House
) -> None:
    answer = visitor.get(CALCULATOR, params=ASKED)
    assert answer.status_code == 303
    where = answer.headers["location"]
    told = parse_qs(urlsplit(where).query)
    assert (told["value1"], told["on"], told["hs1"], told["v"]) == (
        ["10000.5"],
        ["2026-12-31"],
        ["85076090"],
        ["1"],
    )
    vietnamese = _page(visitor, where)
    assert vietnamese.select_one("#f-value1")["value"] == "10.000,5"  # type: ignore[index]
    other = house.visitor()
    other.post("/preferences/language", {"lang": "en", "next": "/"})
    english = _page(other, where)
    assert english.select_one("#f-value1")["value"] == "10,000.5"  # type: ignore[index]
    assert len(vietnamese.select("tbody tr")) == len(english.select("tbody tr")) > 4


def test_two_days_stand_side_by_side(visitor: Person) -> None:
    soup = _page(visitor, visitor.get(CALCULATOR, params=ASKED).headers["location"])
    compare = soup.select_one("section[aria-labelledby=compare]")
    assert compare is not None
    assert len(compare.select("thead th")) == 4
    assert "ACFTA" in _heads(compare)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"hs1": "8507"}, "f-hs1"),
        ({"value1": "x"}, "f-value1"),
        ({"value1": ""}, "f-value1"),
        ({"value1": "-5"}, "f-value1"),
        ({"value1": "1,00001"}, "f-value1"),
        ({"origin1": ""}, "f-origin1"),
        ({"origin1": "XX"}, "f-origin1"),
        ({"on": "32/1/2026"}, "f-on"),
        ({"currency": "ABC"}, "f-currency"),
        ({"incoterm": "ABC"}, "f-incoterm"),
        ({"direction": "EXPORT"}, "f-destination"),
    ],
)
def test_bad_input_is_answered_beside_the_field_and_in_the_summary(
    visitor: Person, change: dict[str, str], field: str
) -> None:
    soup = _page(visitor, CALCULATOR, **{**ASKED, **change})
    assert soup.select_one(f".error-summary a[href='#{field}']")
    assert soup.select_one(f"#{field}-error")
    kept = soup.select_one("#f-freight")
    assert kept is not None
    assert kept["value"] == "200"


def test_a_rate_by_quantity_asks_for_its_unit(visitor: Person) -> None:
    asked = {"hs1": "39232199", "value1": "100", "origin1": "CN", "v": "1"}
    soup = _page(visitor, CALCULATOR, **asked)
    assert soup.select(".notice-bad")
    more = _page(visitor, CALCULATOR, **asked, quantity1="5")
    assert not more.select(".notice-bad")


def test_goods_are_added_without_script(visitor: Person) -> None:
    soup = _page(visitor, CALCULATOR, **ASKED, add="1", lines="1")
    assert soup.select_one("#f-hs2")
    assert soup.select_one("#f-hs1")["value"] == "8507.60.90"  # type: ignore[index]
    assert not soup.select(".error-summary")


def test_the_api_says_what_the_page_says(visitor: Person) -> None:
    where = visitor.get(CALCULATOR, params=ASKED).headers["location"]
    told = visitor.get(f"/api/v1/tariff/calculation?{urlsplit(where).query}").json()
    first, second = told["answers"]
    assert (first["day"], second["day"]) == ("2026-12-31", "2027-01-01")
    best = first["lines"][0]["options"][0]
    assert (best["scheme"], best["papers"], best["best"]) == ("ACFTA", ["C/O E"], True)
    assert sum(Decimal(tax["amount"]) for tax in best["taxes"]) == Decimal(best["total"])
    assert best["taxes"][0]["arithmetic"]["vi"]


def test_the_api_finds_and_shows_codes(visitor: Person) -> None:
    found = visitor.get("/api/v1/tariff/headings", params={"q": "điện thoại"}).json()
    assert "85171300" in [each["code"] for each in found["items"]]
    line = visitor.get("/api/v1/tariff/headings/85171300", params={"on": "2026-11-20"}).json()
    assert {"kind": "MFN", "expression": {"op": "pct", "rate": "0"}}.items() <= line["measures"][
        0
    ].items() or any(
        each["kind"] == "MFN" and each["expression"] == {"op": "pct", "rate": "0"}
        for each in line["measures"]
    )
    assert visitor.get("/api/v1/tariff/headings/00000000").status_code == 404
    wrong = visitor.get("/api/v1/tariff/calculation", params={"hs1": "1", "value1": "x"})
    assert wrong.status_code == 422
    assert {each["name"] for each in wrong.json()["errors"]} == {"hs1", "value1", "origin1"}


def test_a_field_that_suggests_codes_is_answered(visitor: Person) -> None:
    told = visitor.get("/tariff/pick", params={"q": "cà phê"}).json()
    assert told["codes"]
    assert all(each["code"].startswith(("09", "21")) for each in told["codes"])


def test_rates_of_a_week_need_two_officers(house: House) -> None:
    monday = week_of(local_day(utcnow(), ZoneInfo("Asia/Ho_Chi_Minh"))).start
    form = {"week": f"{monday:%d/%m/%Y}", "rate_day": f"{monday - timedelta(days=4):%d/%m/%Y}",
            "source": "Vietcombank", "rate-USD": "26.150,5"}  # fmt: skip
    first, second = house.person("hai.quan.khu"), house.person("phap.che")
    wrong = first.post("/desk/exchange-rates", {**form, "rate-USD": "x"})
    assert wrong.status_code == 422
    assert 'href="#f-rate-USD"' in wrong.text
    sent = first.post("/desk/exchange-rates", form)
    assert sent.status_code == 303
    where = sent.headers["location"]
    assert first.post(where, {"verdict": "CONFIRM"}).status_code == 403
    assert second.post(where, {"verdict": "REFUSE", "reason": " "}).status_code == 422
    assert second.post(where, {"verdict": "CONFIRM"}).status_code == 303
    assert second.post(where, {"verdict": "CONFIRM"}).status_code == 409
    assert "26.150,5" in first.get("/desk/exchange-rates").text


def test_rates_are_kept_by_those_who_may(house: House) -> None:
    assert house.visitor().get("/desk/exchange-rates").status_code in (302, 303, 401)
    assert house.person("mot.cua").get("/desk/exchange-rates").status_code == 403


TABLE = "Mã NT\tTên\tMua tiền mặt\tMua chuyển khoản\tBán\nUSD\tUS DOLLAR\t26,100.00\t26,130.50\t26,380.00\n\
EUR\tEURO\t30,010.25\t30,313.38\t31,500.00\nSEK\tKRONA\t-\t2,700.10\t2,800\nJPY\tYEN\t-\t-\t180\n"


def test_a_bank_table_fills_the_form_and_enters_nothing(house: House) -> None:
    officer = house.person("hai.quan.khu")
    before = officer.get("/desk/exchange-rates").text.count("Vietcombank")
    read = officer.post("/desk/exchange-rates/table", {"table": TABLE})
    soup = BeautifulSoup(read.text, "html.parser")
    assert soup.select_one("#f-rate-USD")["value"] == "26.130,50"  # type: ignore[index]
    assert soup.select_one("#f-rate-EUR")["value"] == "30.313,38"  # type: ignore[index]
    assert not soup.select_one("#f-rate-JPY").get("value")  # type: ignore[union-attr]
    assert "SEK" in read.text
    assert officer.get("/desk/exchange-rates").text.count("Vietcombank") == before


@pytest.mark.parametrize(
    "table",
    ["", "USD;26100", "Mã NT;Tỷ giá\nUSD;x", "Mã NT;Tỷ giá\nUS;26100", "Mã NT;Tỷ giá\nUSD;1\nUSD;2",
     "Mã NT;Bán\nUSD;26100", "Mã NT;Tỷ giá\nSEK;2700"],
)  # fmt: skip
def test_a_table_of_another_structure_stops_with_its_row(house: House, table: str) -> None:
    answer = house.person("hai.quan.khu").post("/desk/exchange-rates/table", {"table": table})
    assert answer.status_code == 422
    assert 'href="#f-file"' in answer.text


def test_rates_of_a_day_to_come_are_refused(house: House) -> None:
    monday = week_of(local_day(utcnow(), ZoneInfo("Asia/Ho_Chi_Minh"))).start + timedelta(days=14)
    form = {"week": f"{monday:%d/%m/%Y}", "rate_day": f"{monday - timedelta(days=1):%d/%m/%Y}",
            "source": "Vietcombank", "rate-USD": "26.150,5"}  # fmt: skip
    answer = house.person("hai.quan.khu").post("/desk/exchange-rates", form)
    assert answer.status_code == 422
    assert 'href="#f-rate_day"' in answer.text


def test_charges_have_currencies_of_their_own(visitor: Person) -> None:
    asked = {**ASKED, "incoterm": "EXW", "freight": "100", "freight_currency": "EUR", "inland_abroad": "50",
             "deduction": "5", "deduction_currency": "JPY"}  # fmt: skip
    where = visitor.get(CALCULATOR, params=asked).headers["location"]
    told = visitor.get(f"/api/v1/tariff/calculation?{urlsplit(where).query}").json()
    assert {each["currency"] for each in told["answers"][0]["exchange"]} == {"USD", "EUR", "JPY"}
    soup = _page(visitor, where)
    chosen = soup.select_one("#f-freight_currency option[selected]")
    assert chosen is not None
    assert chosen["value"] == "EUR"
    assert not _page(visitor, CALCULATOR).select_one("#f-freight_currency option[selected][value='USD']")
    as_invoice = visitor.get(CALCULATOR, params={**ASKED, "currency": "EUR"}).headers["location"]
    assert parse_qs(urlsplit(as_invoice).query)["freight_currency"] == ["EUR"]
    wrong = _page(visitor, CALCULATOR, **{**asked, "freight_currency": "XXX", "inland_abroad": "-1"})
    assert wrong.select_one(".error-summary a[href='#f-freight_currency']")
    assert wrong.select_one(".error-summary a[href='#f-inland_abroad']")


@pytest.mark.parametrize("asked", ["8517", "8517.13.00", "dien thoai thong minh", "Smartphones"])
def test_codes_of_the_tariff_are_found_in_the_search_of_the_platform(
    visitor: Person, house: House, asked: str
) -> None:
    fill_index(house.database, search_providers(), lambda _: None)
    page = visitor.get("/search", params={"q": asked})
    assert 'href="/tariff/85171300"' in page.text
