"""The pages of a declaration, from an empty account to a checked draft."""

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from app.core.db import DbRole, SessionContext
from app.core.db.cluster import PrivateCluster
from app.core.kit.time import local_day, utcnow
from app.customs.declarations.models import Declaration, Product
from app.customs.tariff.facade import enter_demo_rates
from tests.conftest import clone
from tests.customs.declarations.made import HEADER, LINE
from tests.customs.declarations.made import declaration as made
from tests.faults.people import OFFICER, House, Person, house_on

HOME = "/declarations"


@pytest.fixture(scope="module")
def house(cluster: PrivateCluster, ready_template: str, test_var: Path) -> Iterator[House]:
    with clone(cluster, ready_template) as target, house_on(target, test_var) as running:
        yield running


@pytest.fixture(scope="module")
def priced(house: House) -> None:
    """The demo's rates of exchange for this week."""
    now = utcnow()
    with house.database.transaction(OFFICER) as session:
        enter_demo_rates(session, now=now, today=local_day(now, ZoneInfo("Asia/Ho_Chi_Minh")))


@pytest.fixture
def filer(house: House) -> Person:
    return house.person("hoshi")


def opened(person: Person, **facts: str) -> str:
    """Begin a declaration; return its address."""
    page = person.get(f"{HOME}/new").text
    key = re.search(r'name="declaration_id" value="([^"]+)"', page)
    party = re.search(r'name="party_id" value="([^"]+)"', page)
    assert key
    assert party
    form = {
        "declaration_id": key[1],
        "party_id": party[1],
        "movement": "ZONE_TO_INLAND",
        "type_code": "A11",
        **facts,
    }
    answer = person.post(HOME, form)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def version(person: Person, address: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', person.get(address).text)
    assert found
    return found[1]


def filled(person: Person, address: str, **answers: str) -> None:
    """Answer all sections of the header and type one line."""
    for part in ("parties", "office", "invoice", "permits"):
        form = {"version": version(person, f"{address}/header/{part}"), **HEADER, **answers, "then": "list"}
        answer = person.post(f"{address}/header/{part}", form)
        assert answer.status_code == 303, answer.text
    form = {"version": version(person, f"{address}/lines"), "start": "0", "then": "check"}
    answer = person.post(f"{address}/lines", {**form, **{f"l1-{name}": text for name, text in LINE.items()}})
    assert answer.headers["location"].endswith("/check"), answer.text


def test_an_empty_account_is_led_to_its_first_declaration(filer: Person) -> None:
    assert f"{HOME}/new" in filer.get(HOME).text
    assert "ZONE_TO_INLAND" in filer.get(f"{HOME}/new").text


def test_a_movement_without_a_type_code_asks_for_it(filer: Person) -> None:
    answer = filer.post(HOME, {"movement": "ZONE_TO_INLAND", "party_id": str(filer.house.party_of("hoshi"))})
    assert answer.status_code == 200
    assert 'value="A11"' in answer.text


def test_a_double_click_begins_one(filer: Person) -> None:
    form = {
        "declaration_id": "0192c1de-0000-7000-8000-000000000001", "movement": "ABROAD_TO_ZONE", "type_code": "C21",
        "party_id": str(filer.house.party_of("hoshi")),
    }  # fmt: skip
    first, second = filer.post(HOME, form), filer.post(HOME, form)
    assert first.headers["location"] == second.headers["location"]


def test_a_draft_is_filled_and_checked(filer: Person) -> None:
    address = opened(filer)
    assert "finding-bad" in filer.get(f"{address}/check").text
    filled(filer, address)
    page = filer.get(f"{address}/check").text
    assert "finding-bad" not in page, re.findall(r'<li class="finding.*?</li>', page, re.S)
    assert "Thép tấm" in filer.get(HOME).text


def test_what_does_not_fit_comes_back_beside_its_field(filer: Person) -> None:
    address = opened(filer)
    form = {"version": version(filer, address + "/header/invoice"), "IP4": "mười", "IVD": "32/13/2026"}
    answer = filer.post(f"{address}/header/invoice", form)
    assert answer.headers["location"].endswith("header/invoice?check=1")
    page = filer.get(answer.headers["location"]).text
    assert 'value="mười"' in page
    assert 'id="f-IP4-error"' in page
    assert 'id="f-IVD-error"' in page


def test_a_form_of_an_older_state_is_refused(filer: Person) -> None:
    address = opened(filer)
    old = version(filer, f"{address}/header/parties")
    assert filer.post(f"{address}/header/parties", {"version": old, "EPN": "A"}).status_code == 303
    assert filer.post(f"{address}/header/parties", {"version": old, "EPN": "B"}).status_code == 409


def test_a_script_saves_while_somebody_types(filer: Person) -> None:
    address = opened(filer)
    form = {
        "version": version(filer, f"{address}/lines"),
        "start": "0",
        "l1-description": "Bu lông",
        "l1-quantity": "3",
    }
    answer = filer.post(f"{address}/lines", form, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert 'id="lines-state"' in answer.text
    assert "Bu lông" in filer.get(f"{address}/lines").text


def test_three_decimals_stay_as_they_were_typed(filer: Person) -> None:
    address = opened(filer)
    form = {
        "version": version(filer, f"{address}/lines"),
        "start": "0",
        "l1-description": "Dầu",
        "l1-quantity": "1,234",
    }
    page = filer.get(filer.post(f"{address}/lines", form).headers["location"]).text
    assert 'value="1,234"' in page
    assert 'id="f-l1-quantity"' in page
    assert 'aria-invalid="true"' in page


def test_rows_are_pasted_and_faulty_cells_are_named(filer: Person) -> None:
    address = opened(filer)
    pasted = (
        "Mã HS\tMô tả hàng hóa\tSố lượng\tĐVT\tĐơn giá\tLạ\n"
        "72083990\tThép tấm\t10\tTNE\t550,5\tx\n"
        "7208\tThép\tba\tTNE\t1\ty"
    )
    form = {"version": version(filer, f"{address}/lines/paste"), "text": pasted, "mode": "append"}
    page = filer.post(f"{address}/lines/paste", form).text
    assert "Lạ" in page
    assert "l2-quantity" in page
    grid = filer.get(f"{address}/lines").text
    assert 'value="ba"' in grid
    assert 'value="5.505"' in grid, "the value was computed from price and quantity"


def test_a_copy_needs_few_answers(filer: Person) -> None:
    """A second similar shipment needs at most ten typed fields."""
    address = opened(filer)
    filled(filer, address)
    page = filer.get(address).text
    key = re.search(r'name="declaration_id" value="([^"]+)"', page)
    assert key
    copy = filer.post(f"{address}/copies", {"declaration_id": key[1]}).headers["location"].partition("?")[0]
    page = filer.get(f"{copy}/check").text
    lacking = set(re.findall(r"#f-([A-Z0-9]+)\"", page))
    assert len(lacking) <= 10, lacking
    typed = 0
    for part in ("office", "invoice"):
        given = {code: HEADER[code] for code in lacking if code in HEADER}
        form = {"version": version(filer, f"{copy}/header/{part}"), **given, "then": "list"}
        assert filer.post(f"{copy}/header/{part}", form).status_code == 303
        typed = len(given)
    assert typed == len(lacking)
    assert "finding-bad" not in filer.get(f"{copy}/check").text


def test_others_see_nothing(house: House, filer: Person) -> None:
    address = opened(filer)
    assert house.person("nop.hoso").get(address).status_code == 404
    assert house.visitor().get(address).status_code in (302, 303, 401)
    assert house.person("mot.cua").get(address).status_code == 403
    assert house.person("hai.quan.khu").get(address).status_code == 404, "a draft is the firm's own"


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_the_list_is_exported(filer: Person, ending: str) -> None:
    opened(filer)
    answer = filer.get(f"{HOME}{ending}")
    assert answer.status_code == 200
    assert len(answer.content) > 200


def test_it_is_handed_in_once(filer: Person) -> None:
    address = opened(filer)
    filled(filer, address)
    page = filer.get(f"{address}/check").text
    assert "VND" in page, "the taxes are computed before anything is sent"
    form = {"version": version(filer, f"{address}/check")}
    assert filer.post(f"{address}/send", form).status_code == 303
    assert filer.post(f"{address}/send", form).status_code == 303, "a double click sends once"
    assert filer.post(f"{address}/send", {"version": "99"}).status_code == 409
    with filer.house.database.session(OFFICER) as session:
        kept = session.scalars(select(Declaration).where(Declaration.id == UUID(address[-36:]))).one()
    assert kept.version == int(form["version"]) + 1
    page = filer.get(address).text
    assert f'href="{address}/lines"' not in page, "what was handed in is not edited"
    assert filer.get(f"{address}/lines").status_code == 409
    assert filer.house.person("hai.quan.khu").get(address).status_code == 200


def test_what_is_not_ready_is_not_sent(filer: Person) -> None:
    address = opened(filer)
    answer = filer.post(f"{address}/send", {"version": version(filer, f"{address}/type")})
    assert answer.status_code == 422
    assert "finding-bad" in answer.text


def test_the_51st_line_leads_to_linked_declarations(filer: Person) -> None:
    address = opened(filer)
    rows = "\n".join(f"72083990\tThép {place}\tCN\t1\tTNE\t10" for place in range(1, 52))
    pasted = f"Mã HS\tMô tả hàng hóa\tXuất xứ\tSố lượng\tĐơn vị\tĐơn giá\n{rows}"
    form = {"version": version(filer, f"{address}/lines/paste"), "text": pasted, "mode": "append"}
    assert filer.post(f"{address}/lines/paste", form).status_code == 200
    page = filer.get(f"{address}/check").text
    assert f"{address}/split" in page
    answer = filer.post(f"{address}/split", {"version": version(filer, f"{address}/check")})
    page = filer.get(answer.headers["location"]).text
    branches = set(re.findall(r'href="(/declarations/[0-9a-f-]{36})"', page)) - {address}
    assert len(branches) == 1
    branch = branches.pop()
    assert "Thép 51" in filer.get(branch).text
    said = "Tờ khai thứ nhất của lô hàng tách chưa có số"
    assert said in filer.get(f"{branch}/check").text
    assert said not in filer.get(f"{address}/check").text


def test_goods_are_remembered_when_they_are_declared(house: House, filer: Person) -> None:
    address = opened(filer)
    filled(filer, address)
    assert filer.post(f"{address}/send", {"version": version(filer, f"{address}/check")}).status_code == 303
    with house.database.session(OFFICER) as session:
        kept = session.scalars(select(Product).where(Product.own_code == LINE["own_code"])).one()
    assert (kept.hs, kept.origin, str(kept.last_price)) == ("72083990", "CN", "550.500000")


def test_a_line_takes_the_rest_from_the_catalogue(filer: Person) -> None:
    """An own code and a quantity are enough for goods that the firm has entered."""
    firm = str(filer.house.party_of("hoshi"))
    goods = {
        "firm": firm,
        "own_code": "BL-8",
        "hs": "73181510",
        "description": "Bu lông M8",
        "unit_price": "0,25",
    }
    assert filer.post(f"{HOME}/products", {**goods, "hs": ""}).status_code == 422
    assert filer.post(f"{HOME}/products", goods).status_code == 303
    assert "Bu lông M8" in filer.get(f"{HOME}/products?firm={firm}").text
    address = opened(filer)
    form = {
        "version": version(filer, f"{address}/lines"),
        "start": "0",
        "l1-own_code": "BL-8",
        "l1-quantity": "400",
    }
    page = filer.get(filer.post(f"{address}/lines", form).headers["location"]).text
    assert 'value="73181510"' in page
    assert 'id="f-l1-value" name="l1-value" value="100"' in page


def test_goods_are_offered_no_longer(filer: Person) -> None:
    firm = str(filer.house.party_of("hoshi"))
    goods = {"firm": firm, "own_code": "CU-1", "hs": "73181510", "description": "Hàng bỏ"}
    filer.post(f"{HOME}/products", goods)
    page = filer.get(f"{HOME}/products?firm={firm}&q=CU-1").text
    where = re.search(r'action="(/declarations/products/[0-9a-f-]+/withdraw)"', page)
    assert where
    assert filer.post(where[1]).status_code == 303
    assert "Hàng bỏ" not in filer.get(f"{HOME}/products?firm={firm}").text


def test_lines_leave_as_they_come_in(filer: Person) -> None:
    address = opened(filer)
    filled(filer, address)
    sent = filer.get(f"{address}/lines.csv").text
    form = {
        "version": version(filer, f"{address}/lines/paste"),
        "text": sent.lstrip("\ufeff"),
        "mode": "replace",
    }
    assert filer.post(f"{address}/lines/paste", form).status_code == 200
    assert filer.get(f"{address}/lines.csv").text == sent


def typed(person: Person, address: str, place: int, **cells: str) -> str:
    """Save a line on its own page; return where it leads."""
    form = {"version": version(person, f"{address}/lines/{place}"), **cells}
    answer = person.post(f"{address}/lines/{place}", form)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def test_a_line_finds_its_code_by_words_without_accents(filer: Person) -> None:
    """What was typed is saved before the search, and a code is taken by a button: no script is needed."""
    address = opened(filer)
    found = typed(filer, address, 1, description="Thép cuộn", quantity="3", q="thep", then="search")
    page = filer.get(found.partition("#")[0]).text
    assert 'value="Thép cuộn"' in page
    codes = re.findall(r'value="hs:([0-9]{8,10})"', page)
    assert codes
    taken = typed(filer, address, 1, description="Thép cuộn", quantity="3", then=f"hs:{codes[0]}")
    page = filer.get(taken.partition("#")[0]).text
    assert f'value="{codes[0]}"' in page
    assert 'value="3"' in page


def test_a_search_that_finds_nothing_says_so(filer: Person) -> None:
    address = opened(filer)
    assert "hs-hits" not in filer.get(f"{address}/lines/1?q=khongcogi").text
    assert filer.get(f"{address}/lines/2").status_code == 404
    assert filer.get(f"{address}/lines/0").status_code == 404


def test_rare_fields_of_a_line_outlive_the_grid(filer: Person) -> None:
    address = opened(filer)
    typed(filer, address, 1, description="Thép", TXN="000012345678", TXR="2", then="save")
    form = {
        "version": version(filer, f"{address}/lines"), "start": "0", "l1-description": "Thép tấm",
        "l2-description": "Bu lông",
    }  # fmt: skip
    assert filer.post(f"{address}/lines", form).status_code == 303
    assert 'value="000012345678"' in filer.get(f"{address}/lines/1").text
    assert 'value="000012345678"' not in filer.get(f"{address}/lines/2").text


def test_lawful_tariffs_of_a_line_are_compared(filer: Person, priced: None) -> None:
    """Each tariff with its tax, the difference to the one that is claimed and the paper it needs."""
    address = opened(filer)
    filled(filer, address)
    page = filer.get(f"{address}/lines/1").text
    schemes = set(re.findall(r'value="scheme:([A-Z]+)"', page))
    assert schemes, "goods from CN have a preference in the starter schedule"
    scheme = sorted(schemes)[0]
    typed(filer, address, 1, **LINE, then=f"scheme:{scheme}")
    checked = filer.get(f"{address}/lines/1?check=1").text
    assert f'<option value="{scheme}" selected' in checked
    assert 'id="f-origin_proof-error"' in checked, "a preference without its paper is named beside the field"


def described(person: Person, words: str, reference: str) -> str:
    """Begin a declaration of goods that are told apart by their words."""
    address = opened(person)
    form = {"version": version(person, f"{address}/header/permits"), "REF": reference, "then": "list"}
    assert person.post(f"{address}/header/permits", form).status_code == 303
    typed(person, address, 1, description=words, then="save")
    return address


def test_the_search_forgives_accents_and_capitals(filer: Person) -> None:
    address = described(filer, "Động cơ điện ba pha", "LÔ-Đ7")
    for asked in ("dong co dien", "ĐIỆN ĐỘNG", "lo-d7", "LÔ-Đ7"):
        assert address in filer.get(HOME, params={"q": asked}).text, asked
    assert address not in filer.get(HOME, params={"q": "dong co xang"}).text


def test_a_period_narrows_and_a_misread_day_is_said(filer: Person) -> None:
    address = described(filer, "Hàng trong kỳ", "KY-1")
    today = local_day(utcnow(), ZoneInfo("Asia/Ho_Chi_Minh"))
    asked = {"q": "ky-1", "since": f"{today:%d/%m/%Y}", "until": f"{today:%d/%m/%Y}"}
    assert address in filer.get(HOME, params=asked).text
    assert address not in filer.get(HOME, params={**asked, "since": "", "until": "01/01/2020"}).text
    page = filer.get(HOME, params={"q": "ky-1", "since": "32/13/2026"}).text
    assert address in page
    assert "32/13/2026" in page


def test_the_address_holds_the_filters(filer: Person) -> None:
    described(filer, "Hàng chia sẻ", "CS-1")
    page = filer.get(HOME, params={"q": "chia se", "state": "DRAFT", "sort": "registered"}).text
    link = re.search(r'href="(/declarations\?[^"]*state=DRAFT[^"]*)"', page)
    assert link
    assert "Hàng chia sẻ" in filer.get(link[1].replace("&amp;", "&")).text


def test_pages_follow_the_filter(house: House, filer: Person) -> None:
    """Paging begins after filtering: each page is full, none repeats or skips a row."""
    party = house.party_of("hoshi")
    with house.database.transaction(SessionContext(DbRole.TENANT, (party,))) as session:
        for number in range(55):
            made(session, party, number=7_000 + number, summary=f"Kiện phân trang {number}")
    for sort in ("changed", "registered"):
        first = filer.get(HOME, params={"q": "phan trang", "sort": sort}).text
        following = re.search(r'href="(/declarations\?[^"]*after=[^"]*)"', first)
        assert following
        second = filer.get(following[1].replace("&amp;", "&")).text
        shown = [re.findall(r"Kiện phân trang (\d+)", page) for page in (first, second)]
        assert (len(shown[0]), len(shown[1])) == (50, 5)
        assert len({*shown[0], *shown[1]}) == 55
