"""Pages of payments made elsewhere: the firm says it with a paper, two officers stand for it, others see nothing."""

import re
from datetime import timedelta
from typing import Any

from app.core.kit.time import utcnow
from app.core.payments import find_slip
from app.core.payments.models import Slip
from tests.core.documents.files import pdf
from tests.faults.people import House, Person
from tests.web.test_payments import (  # noqa: F401  fixtures
    OFFICER,
    head,
    house,
    keeper,
    payer,
    slip,
    stranger,
)

PDF = pdf()


def said(**changed: str) -> dict[str, str]:
    day = utcnow().date() - timedelta(days=3)
    return {
        "amount": "1.000.000", "paid_on": f"{day:%d/%m/%Y}", "place": "Kho bạc quận", "paper": "GNT-77", "note": "",
        **changed,
    }  # fmt: skip


def say(person: Person, slip: Slip, **changed: str) -> Any:  # noqa: F811
    files = {"paper_file": ("giay.pdf", PDF, "application/pdf")}
    return person.post(f"/payments/{slip.id}/outside", said(**changed), files=files)


def entry_of(officer: Person, slip: Slip) -> str:  # noqa: F811
    found = re.search(
        rf'(/desk/payments/outside/[0-9a-f-]{{36}})">{slip.reference}', officer.get("/desk/payments/outside").text
    )  # fmt: skip
    assert found is not None
    return found[1]


def test_the_firm_says_it_and_two_officers_stand_for_it(
    house: House, payer: Person, keeper: Person, head: Person, slip: Slip  # noqa: F811
) -> None:  # fmt: skip
    assert say(payer, slip).status_code == 303
    page = payer.get(f"/payments/{slip.id}").text
    assert "GNT-77" in page
    assert "/desk/payments" not in page
    entry = entry_of(keeper, slip)
    assert head.post(f"{entry}/confirm").status_code == 409, "nobody has recorded it"
    assert keeper.post(f"{entry}/record").status_code == 303
    assert keeper.post(f"{entry}/confirm").status_code == 403, "a treasurer does not confirm"
    assert head.post(f"{entry}/confirm").status_code == 303
    with house.database.session(OFFICER) as session:
        assert find_slip(session, slip.id).outstanding == 0
    assert slip.reference not in payer.get("/payments").text
    (scan,) = re.findall(
        rf"/payments/{slip.id}/outside/[0-9a-f-]{{36}}/paper", payer.get(f"/payments/{slip.id}").text
    )
    assert payer.get(scan).content == PDF
    assert head.get(scan).content == PDF


def test_an_officer_records_it_and_a_further_entry_takes_it_back(
    house: House, payer: Person, keeper: Person, head: Person, slip: Slip  # noqa: F811
) -> None:  # fmt: skip
    answer = say(keeper, slip)
    entry = answer.headers["location"]
    assert keeper.post(f"{entry}/confirm").status_code == 403
    assert head.post(f"{entry}/confirm").status_code == 303
    assert keeper.post(f"{entry}/undo", {"note": ""}).status_code == 422
    undoing = keeper.post(f"{entry}/undo", {"note": "Nhầm doanh nghiệp"}).headers["location"]
    assert undoing != entry
    assert head.post(f"{undoing}/confirm").status_code == 303
    assert "Nhầm doanh nghiệp" in payer.get(f"/payments/{slip.id}").text
    with house.database.session(OFFICER) as session:
        assert find_slip(session, slip.id).outstanding == 1_000_000


def test_what_is_wrong_is_told_and_nothing_typed_is_lost(payer: Person, slip: Slip) -> None:  # noqa: F811
    wrong = say(payer, slip, amount="9.000.000")
    assert wrong.status_code == 422
    assert 'href="#f-amount"' in wrong.text
    assert 'value="GNT-77"' in wrong.text
    bare = payer.post(f"/payments/{slip.id}/outside", said())
    assert (bare.status_code, 'href="#f-paper_file"' in bare.text) == (422, True)


def test_a_stranger_finds_and_says_nothing(payer: Person, stranger: Person, slip: Slip) -> None:  # noqa: F811
    assert say(stranger, slip).status_code == 404
    assert say(payer, slip).status_code == 303
    (scan,) = re.findall(
        rf"/payments/{slip.id}/outside/[0-9a-f-]{{36}}/paper", payer.get(f"/payments/{slip.id}").text
    )
    assert stranger.get(scan).status_code == 404
    assert stranger.get("/desk/payments/outside").status_code == 403
