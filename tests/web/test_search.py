"""The search page and its suggestions: in groups, under the reader's own policies, and without a script."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from app.core.db.cluster import PrivateCluster
from app.core.search import reindex
from tests.conftest import clone
from tests.faults.people import OFFICER, House, Person, filed, house_on


@pytest.fixture(scope="module")
def house(cluster: PrivateCluster, ready_template: str, test_var: Path) -> Iterator[House]:
    with clone(cluster, ready_template) as target, house_on(target, test_var) as house:
        filed(house.person("hoshi"), "hoshi", mark="Abendstern")
        filed(house.person("nop.hoso"), "nop.hoso", mark="Meeresstern")
        for provider in house.app.state.search:
            with house.database.transaction(OFFICER) as session:
                reindex(session, provider)
        yield house


def page(person: Person, path: str) -> BeautifulSoup:
    answer = person.get(path)
    assert answer.status_code == 200
    return BeautifulSoup(answer.text, "html.parser")


def groups(soup: BeautifulSoup) -> dict[str, list[str]]:
    """Return the titles found, by kind."""
    return {
        str(section["aria-labelledby"]).removeprefix("g-"): [
            each.get_text() for each in section.select(".search-title")
        ]
        for section in soup.select(".search-group")
    }


def test_an_officer_finds_enterprises_and_dossiers_of_all(house: House) -> None:
    found = groups(page(house.person("mot.cua"), "/search?q=hoshi"))
    assert found["enterprise"] == ["Hoshi Demo Electronics Co., Ltd. (hư cấu)"]
    assert len(found["dossier"]) == 1
    assert set(groups(page(house.person("mot.cua"), "/search?q=hoshi&kind=dossier"))) == {"dossier"}


def test_a_customer_finds_the_own_things_only(house: House) -> None:
    own, others = (
        page(house.person("hoshi"), "/search?q=hoshi"),
        page(house.person("nop.hoso"), "/search?q=hoshi"),
    )
    assert groups(own).keys() == {"dossier", "enterprise"}
    assert groups(others) == {}
    assert "Electronics" not in others.get_text()


@pytest.mark.parametrize("asked", ["hoshii", "hosi demo", "hohsi"])
def test_a_spelling_is_suggested_to_who_may_see_the_word(house: House, asked: str) -> None:
    for login, sees in (("hoshi", True), ("nop.hoso", False), ("mot.cua", True), ("quan.tri", False)):
        better = page(house.person(login), f"/search?q={asked}").select_one(".search-better a")
        assert (better is not None and "hoshi" in better.get_text().lower()) is sees, login
    assert page(house.visitor(), f"/search?q={asked}").select_one(".search-better") is None


def test_an_administrator_without_the_right_finds_the_public_part_only(house: House) -> None:
    assert groups(page(house.person("quan.tri"), "/search?q=abendstern")) == {}
    assert groups(page(house.person("quan.tri"), "/search?q=P1")).keys() == {"procedure"}


def test_a_visitor_finds_procedures_and_is_led_to_them(house: House) -> None:
    soup = page(house.visitor(), "/search?q=giay chung nhan")
    assert groups(soup).keys() == {"procedure"}
    for link in soup.select(".search-list a"):
        path, _, anchor = str(link["href"]).partition("#")
        assert page(house.visitor(), path).find(id=anchor) is not None, link["href"]


@pytest.mark.parametrize(("asked", "sees"), [("hos", True), ("h", False), ("khong co gi nhu the", False)])
def test_suggestions_are_a_fragment_with_links(house: House, asked: str, sees: bool) -> None:
    answer = house.person("mot.cua").client.get(f"/search/suggest?q={asked}", headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "<html" not in answer.text
    links = [str(link["href"]) for link in BeautifulSoup(answer.text, "html.parser").select("li a")]
    assert any(link.startswith("/enterprises/") for link in links) is sees


def test_the_box_on_every_page_is_a_form_of_its_own(house: House) -> None:
    for person, path in (
        (house.visitor(), "/"),
        (house.person("hoshi"), "/my"),
        (house.person("mot.cua"), "/inbox"),
    ):
        form = page(person, path).select_one(".topbar-search")
        assert form is not None
        assert (form["action"], form["method"]) == ("/search", "get")


@pytest.mark.parametrize("asked", ["", "a", "%", "'; drop table x", "x" * 500, "\u202e\u200b", "<script>"])
def test_odd_questions_are_answered(house: House, asked: str) -> None:
    answer = house.visitor().client.get("/search", params={"q": asked})
    assert answer.status_code == 200
    assert "<script>'" not in answer.text
