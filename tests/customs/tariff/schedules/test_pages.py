"""Schedules over HTTP: file, differences, proposal, two approvals, single rates; nothing here needs a script."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select

from app.core.auth.actors import actor_of
from app.core.auth.models import User
from app.core.db import DbRole, SessionContext
from app.core.db.cluster import PrivateCluster
from app.core.jobs import Run
from app.core.kit.time import utcnow
from app.customs.tariff.schedules.models import TariffImport
from app.customs.tariff.schedules.service.importing import read_schedule
from tests.conftest import clone
from tests.customs.tariff.schedules.books import HEADER, LINE, workbook
from tests.customs.tariff.schedules.flow import rates
from tests.faults.people import OFFICER, House, Person, house_on

HOME = "/schedules"
FORM = {
    "profile": "combined",
    "coverage": "LINES",
    "start": "01/01/2030",
    "status": "ASSUMED",
    "note_vi": "Biểu thuế thử nghiệm, chưa đối chiếu",
    "note_en": "A test schedule, not compared",
    "reason": "Biểu thuế thử nghiệm",
    "restates": "yes",
}


@pytest.fixture(scope="module")
def house(cluster: PrivateCluster, ready_template: str, test_var: Path) -> Iterator[House]:
    with clone(cluster, ready_template) as target, house_on(target, test_var) as running:
        yield running


@pytest.fixture(scope="module")
def officers(house: House) -> tuple[Person, Person, Person]:
    first, second, third = (house.person(login) for login in ("phap.che", "phap.che.2", "phap.che.3"))
    return first, second, third


def send(person: Person, path: Path, **changes: str):
    sent = {"file": (path.name, path.read_bytes(), "application/octet-stream")}
    return person.post(f"{HOME}/new", {**FORM, **changes}, files=sent)


def work(house: House, login: str = "phap.che") -> None:
    """Do what the worker would: read what waits."""
    with house.database.session(SessionContext(DbRole.AUTH)) as session:
        user_id = session.scalars(select(User.id).where(User.login == login)).one()
    with house.database.session(OFFICER) as session:
        actor = actor_of(session, user_id, book=house.app.state.permissions, at=utcnow())
        waiting = session.scalars(select(TariffImport).where(TariffImport.state == "READING")).all()
    for found in waiting:
        with house.app.state.kernel.store.readable(found.sha256) as path:
            read_schedule(Run(actor, OFFICER, house.database, utcnow(), 1, 1), found.id, path=path)


def text_of(answer) -> str:
    return " ".join(BeautifulSoup(answer.text, "html.parser").select_one("main").get_text(" ").split())


def approve(path: str, *people: Person) -> None:
    for person in people:
        shown = re.search(r'name="content_hash" value="([0-9a-f]{64})"', person.get(path).text)
        assert shown
        answer = person.post(f"{path}/approve", {"content_hash": shown[1]})
        assert answer.status_code == 303, answer.text[:2000]


def test_from_the_file_to_the_tariff(house: House, officers: tuple[Person, ...], tmp_path: Path) -> None:
    proposer, *approvers = officers
    assert proposer.get(HOME).status_code == 200
    assert proposer.get(f"{HOME}/new").status_code == 200
    rows = [HEADER, LINE, ["0101.29.00", "Ngựa khác", "con", "5", "2,5 (KH)", "5"]]
    answer = send(proposer, workbook(tmp_path / "bieu.xlsx", rows))
    assert answer.status_code == 303, answer.text[:3000]
    base = answer.headers["location"]
    assert "every 2s" in proposer.get(base).text
    work(house)
    page = proposer.get(base)
    assert "0101.29.00" in text_of(page)
    change = base.replace(HOME, f"{HOME}/changes")
    assert proposer.get(change, params={"q": "ngựa", "effect": "ADDED", "chapter": "01"}).status_code == 200
    assert "0101.21.00" in text_of(proposer.get(change, params={"q": "0101.21"}))
    assert "0101.29.00" not in text_of(proposer.get(change, params={"q": "0101.21"}))
    table = list(csv.reader(io.StringIO(proposer.get(f"{change}/rates.csv").text.lstrip("\ufeff"))))
    assert len(table) == 7
    answer = proposer.post(f"{base}/propose")
    assert answer.status_code == 303
    assert proposer.post(f"{base}/propose").headers["location"] == answer.headers["location"]
    path = answer.headers["location"].partition("?")[0]
    assert "0101.29.00" in text_of(approvers[0].get(path))
    approve(path, *approvers)
    with house.database.session(OFFICER) as session:
        assert rates(session, date(2030, 6, 1))["01012900", "ACFTA"] == "excluded"
    assert proposer.post(f"{base}/cancel").status_code == 409


def test_a_file_that_stops_says_cell_reason_and_remedy(
    house: House, officers: tuple[Person, ...], tmp_path: Path
) -> None:
    rows = [HEADER, LINE, ["0101.29.00", "Ngựa khác", "con", "=2+3", "?", "5"]]
    base = send(officers[0], workbook(tmp_path / "loi.xlsx", rows)).headers["location"]
    work(house)
    shown = text_of(officers[0].get(base))
    assert "D3" in shown
    assert "E3" in shown
    assert officers[0].post(f"{base}/propose").status_code == 409


def test_what_is_wrong_with_the_form_is_said_beside_the_fields(
    officers: tuple[Person, ...], tmp_path: Path
) -> None:
    answer = officers[0].post(f"{HOME}/new", {"reason": "", "start": "31/02/2030"}, files={})
    assert answer.status_code == 422
    page = BeautifulSoup(answer.text, "html.parser")
    wrong = {link["href"] for link in page.select("[data-error-summary] a")}
    assert {"#f-file", "#f-profile", "#f-start", "#f-reason"} <= wrong
    picture = tmp_path / "bieu.xlsx"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + b"0" * 64)
    assert send(officers[0], picture).status_code == 422


def test_an_anti_dumping_duty_is_proposed_on_a_page(house: House, officers: tuple[Person, ...]) -> None:
    proposer, *approvers = officers
    form = {
        "code": "8517.13.00", "kind": "ANTI_DUMPING", "geo": "CN", "variant": "", "scheme": "", "action": "SET",
        "value": "12,5%", "start": "01/03/2030", "status": "ASSUMED", "note_vi": "Thử", "note_en": "Test",
        "reason": "Vụ việc thử nghiệm",
    }  # fmt: skip
    assert proposer.get(f"{HOME}/rates", params={"code": "8517.13.00"}).status_code == 200
    answer = proposer.post(f"{HOME}/rates", form)
    assert answer.status_code == 303, text_of(answer)
    path, _, done = answer.headers["location"].partition("?")
    assert done == "done=proposed"
    assert proposer.post(f"{HOME}/rates", form).headers["location"] == f"{path}?done=twin"
    approve(path, *approvers)
    again = proposer.post(f"{HOME}/rates", form)
    assert again.status_code == 409
    end = proposer.post(
        f"{HOME}/rates", {**form, "action": "END", "start": "01/06/2030", "reason": "Hết hạn"}
    )
    approve(end.headers["location"].partition("?")[0], *approvers)

    with house.database.session(OFFICER) as session:
        held = [rates(session, date(2030, month, 1)).get(("85171300", "ANTI_DUMPING")) for month in (2, 4, 7)]
    assert held == [None, "12.5", None]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": "8517"}, "code"),
        ({"code": "99999999"}, "code"),
        ({"kind": "NONE"}, "kind"),
        ({"kind": "PREFERENCE", "scheme": ""}, "scheme"),
        ({"geo": "NOWHERE"}, "geo"),
        ({"value": "5.5"}, "value"),
        ({"value": ""}, "value"),
        ({"value": "-"}, "value"),
        ({"start": ""}, "start"),
        ({"status": "CITED"}, "instrument"),
        ({"reason": ""}, "reason"),
    ],
)
def test_a_wrong_rate_is_answered_beside_its_field(
    officers: tuple[Person, ...], changes: dict[str, str], field: str
) -> None:
    form = {
        "code": "8517.13.00", "kind": "SAFEGUARD", "geo": "", "action": "SET", "value": "7%", "start": "01/03/2030",
        "status": "ASSUMED", "note_vi": "Thử", "note_en": "Test", "reason": "Thử",
    }  # fmt: skip
    answer = officers[0].post(f"{HOME}/rates", {**form, **changes})
    assert answer.status_code == 422
    page = BeautifulSoup(answer.text, "html.parser")
    assert f"#f-{field}" in {link["href"] for link in page.select("[data-error-summary] a")}


def test_only_the_legal_desk_opens_the_pages(house: House) -> None:
    stranger = house.person("mot.cua")
    for path in (HOME, f"{HOME}/new", f"{HOME}/rates", f"{HOME}/in-force.csv"):
        assert stranger.get(path).status_code == 403
    reader = house.person("lanh.dao")
    assert reader.get(HOME).status_code == 200
    assert reader.get(f"{HOME}/new").status_code == 403


def test_what_is_in_force_is_sent_as_a_schedule(officers: tuple[Person, ...]) -> None:
    answer = officers[0].get(f"{HOME}/in-force.csv")
    rows = list(csv.reader(io.StringIO(answer.text.lstrip("\ufeff"))))
    assert len(rows) > 10
    assert len({len(row) for row in rows}) == 1
