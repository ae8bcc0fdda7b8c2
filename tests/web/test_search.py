"""The search page and its suggestions: in groups, under the reader's own policies, and without a script."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from bs4 import BeautifulSoup
from sqlalchemy.orm import Session

from app.core import outbox
from app.core.db.cluster import PrivateCluster
from app.core.kit.actor import SYSTEM, Actor, ActorKind, Grant
from app.core.kit.ids import uuid7
from app.core.kit.time import utcnow
from app.core.search import reindex
from app.modules import Platform
from app.registry import facade as registry
from app.registry.models import Enterprise
from app.registry.permissions import MANAGE
from app.registry.service.projects import update_project
from app.registry.service.records import edit_enterprise
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


CLERK = Actor(
    ActorKind.OFFICER, uuid7(), "Cán bộ", (Grant(uuid7(), frozenset({"INTAKE"}), frozenset({MANAGE})),)
)
T = TypeVar("T")


def carried_out(house: House, platform: Platform, step: Callable[[Session], T]) -> T:
    """Take a step, and let the index hear of it as the worker would tell it."""
    with house.database.transaction(OFFICER) as session:
        made = step(session)
        events = [each.event for each in outbox.pending(session)]
    with house.database.transaction(OFFICER) as session:
        for event in events:
            for handler in platform.handlers.for_event(event.name):
                if handler.name.startswith("search."):
                    handler.function(session, event, actor=SYSTEM, now=utcnow())
    return made


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


def test_a_project_leads_to_its_page_and_follows_its_name_and_code(house: House, platform: Platform) -> None:
    officer, owner = house.person("mot.cua"), house.person("nop.hoso")
    project_id = carried_out(
        house,
        platform,
        lambda session: registry.register_project(
            session, party_id=house.party_of("nop.hoso"), name_vi="Nhà máy Sương Sớm", site="S1", actor=SYSTEM,
            now=utcnow(),
        ),
    )  # fmt: skip
    for person in (officer, owner):
        link = page(person, "/search?q=suong som").select_one(".search-list a")
        assert link is not None
        assert link["href"] == f"/projects/{project_id}"
        assert "Sương Sớm" in page(person, str(link["href"])).get_text()
    carried_out(
        house,
        platform,
        lambda session: update_project(
            session, project_id=project_id, name_vi="Nhà máy Trăng Khuya", name_en=None, site="S1", code="9900112233",
            actor=SYSTEM, now=utcnow(),
        ),
    )  # fmt: skip
    for asked in ("trang khuya", "9900112233"):
        assert groups(page(officer, f"/search?q={asked}"))["project"] == ["Nhà máy Trăng Khuya"]
    assert groups(page(officer, "/search?q=suong som")) == {}


def test_a_renamed_enterprise_takes_its_dossiers_and_projects_along(house: House, platform: Platform) -> None:
    party_id, officer = house.party_of("nop.hoso"), house.person("mot.cua")
    carried_out(
        house,
        platform,
        lambda session: registry.register_project(
            session, party_id=party_id, name_vi="Kho lạnh Cát Vàng", site="S1", actor=SYSTEM, now=utcnow()
        ),
    )

    def rename(session: Session) -> None:
        revision = session.get_one(Enterprise, party_id).revision
        edit_enterprise(
            session, party_id=party_id, revision=revision, values={"name_vi": "Công ty Đèn Biển (hư cấu)"},
            actor=CLERK, now=utcnow(), reason="Giấy đăng ký mới",
        )  # fmt: skip

    carried_out(house, platform, rename)
    found = groups(page(officer, "/search?q=den bien"))
    assert "Công ty Đèn Biển (hư cấu)" in found["enterprise"]
    assert "Kho lạnh Cát Vàng" in found["project"]
    assert len(found["dossier"]) == 1


@pytest.mark.parametrize("asked", ["", "a", "%", "'; drop table x", "x" * 500, "\u202e\u200b", "<script>"])
def test_odd_questions_are_answered(house: House, asked: str) -> None:
    answer = house.visitor().client.get("/search", params={"q": asked})
    assert answer.status_code == 200
    assert "<script>'" not in answer.text
