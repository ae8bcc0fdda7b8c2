"""A take-over over HTTP: file, columns, dry run, decisions, import, undo; nothing here needs a script."""

from collections.abc import Iterator
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
from app.registry.jobs import sites_of
from app.registry.models import Enterprise, TakeOver
from app.registry.service import takeover
from tests.conftest import clone
from tests.faults.people import OFFICER, House, Person, house_on

HOME = "/registry/take-overs"
CSV = "Tên doanh nghiệp;Mã số thuế;Email\nCông ty Biển Xanh;0100233488;\n=cmd|x;12;a@b\n"


@pytest.fixture
def house(cluster: PrivateCluster, ready_template: str, test_var: Path) -> Iterator[House]:
    with clone(cluster, ready_template) as target, house_on(target, test_var) as house:
        yield house


def send(person: Person, content: bytes, name: str = "cu.csv", kind: str = "ENTERPRISE") -> str:
    answer = person.post(HOME, {"kind": kind}, files={"file": (name, content, "application/octet-stream")})
    assert answer.status_code == 303, answer.text[:800]
    return str(answer.headers["location"])


def work(house: House, login: str) -> None:
    """Do what the worker would: every pass that was started."""
    with house.database.session(SessionContext(DbRole.AUTH)) as session:
        user_id = session.scalars(select(User.id).where(User.login == login)).one()
    with house.database.session(OFFICER) as session:
        actor = actor_of(session, user_id, book=house.app.state.permissions, at=utcnow())
        batch = session.scalars(select(TakeOver)).one()
    run = Run(actor, OFFICER, house.database, utcnow(), 1, 1)
    kernel = house.app.state.kernel
    with kernel.store.readable(batch.sha256) as path:
        takeover.dry_run(run, batch.id, path=path, sites=sites_of(kernel.zone))
    takeover.import_rows(run, batch.id)
    takeover.undo(run, batch.id)


def test_from_the_file_to_the_registry_and_back(house: House) -> None:
    clerk = house.person("mot.cua")
    assert clerk.get(HOME).status_code == 200
    columns = send(clerk, CSV.encode())
    assert columns.endswith("/columns")
    page = BeautifulSoup(clerk.get(columns).text, "html.parser")
    chosen = {
        select_["name"]: option["value"]
        for select_ in page.select("main select")
        if (option := select_.select_one("option[selected]"))
    }
    assert chosen | {"field-name_vi": "0", "field-tax_code": "1", "field-email": "2"} == chosen
    base = columns.removesuffix("/columns")
    assert clerk.post(columns, chosen).headers["location"] == base
    assert "every 2s" in clerk.get(base).text
    work(house, "mot.cua")
    shown = clerk.get(base).text
    assert "B3" in shown
    assert "C3" in shown
    sheet = clerk.get(f"{base}/faults.csv")
    assert "'=cmd|x" in sheet.text, "no cell begins a formula"
    assert clerk.post(f"{base}/import").status_code == 303
    work(house, "mot.cua")
    with house.database.session(OFFICER) as session:
        assert [row.name_vi for row in session.scalars(select(Enterprise)).all() if row.takeover_id] == [
            "Công ty Biển Xanh"
        ]
    assert clerk.post(f"{base}/import").status_code == 409
    assert clerk.post(f"{base}/undo").status_code == 303
    work(house, "mot.cua")
    with house.database.session(OFFICER) as session:
        assert [row for row in session.scalars(select(Enterprise)).all() if row.takeover_id] == []


def test_the_same_file_leads_to_its_batch(house: House) -> None:
    clerk = house.person("mot.cua")
    assert send(clerk, CSV.encode()) == send(clerk, CSV.encode(), name="anders.csv")


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"one\ntwo\n", "a.csv"),
        (b"MZ" + bytes(400), "a.xlsx"),
        (b"PK\x03\x04junk", "a.xlsx"),
        (b"%PDF-1.7 x", "a.csv"),
    ],
)
def test_what_is_no_table_is_refused_beside_the_field(house: House, content: bytes, name: str) -> None:
    clerk = house.person("mot.cua")
    answer = clerk.post(HOME, {"kind": "ENTERPRISE"}, files={"file": (name, content, "text/csv")})
    assert answer.status_code == 422
    page = BeautifulSoup(answer.text, "html.parser")
    assert page.select_one("#f-file-error") is not None
    assert page.select_one('input[name="kind"][value="ENTERPRISE"][checked]') is not None, (
        "nothing chosen is lost"
    )


def test_without_a_kind_and_file_both_are_asked_for(house: House) -> None:
    answer = house.person("mot.cua").post(HOME, {}, files={"file": ("", b"", "text/csv")})
    assert answer.status_code == 422
    page = BeautifulSoup(answer.text, "html.parser")
    assert {a["href"] for a in page.select(".error-summary a")} == {"#f-kind", "#f-file"}


def test_columns_that_do_not_suffice_are_named(house: House) -> None:
    clerk = house.person("mot.cua")
    columns = send(clerk, CSV.encode())
    answer = clerk.post(columns, {"field-name_vi": "", "field-tax_code": "1"})
    assert answer.status_code == 422
    assert BeautifulSoup(answer.text, "html.parser").select_one("#f-field-name_vi-error") is not None


@pytest.mark.parametrize("number", ["²", "٣", "9" * 5000, "-1", ""])
def test_what_is_no_number_chooses_nothing(house: House, number: str) -> None:
    clerk = house.person("mot.cua")
    columns = send(clerk, CSV.encode())
    assert clerk.post(columns, {"field-name_vi": number, "field-tax_code": "1"}).status_code == 422
    assert clerk.post(columns, {"field-name_vi": "0", "field-tax_code": "1"}).status_code == 303
    decided = clerk.post(f"{columns.removesuffix('/columns')}/decisions", {f"row-{number}": "SKIP"})
    assert decided.status_code < 500, decided.text[:800]


@pytest.mark.parametrize("login", ["nop.hoso", "tham.dinh", "quan.tri"])
def test_others_have_no_door(house: House, login: str) -> None:
    assert house.person(login).get(HOME).status_code == 403
