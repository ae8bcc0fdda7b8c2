"""The buyers of a month go together, on a zone of its own: nothing new is sealed for a month that was erased."""

import re
from datetime import timedelta

from app.core.kit.actor import SYSTEM
from app.core.kit.time import utcnow
from app.customs.parcels.service.erasing import due, erase
from tests.customs.parcels.conftest import ZONE
from tests.customs.parcels.listing import HERE, whole
from tests.customs.parcels.rows import order, payment, waybill
from tests.faults.people import OFFICER, House, Person
from tests.web.programs import Program


def test_the_buyers_of_a_month_are_erased_together(house: House, operator: Person, program: Program) -> None:
    whole(program, "OLD-1", flight="XX 0006")
    (href,) = re.findall(
        r'href="(/customs/parcels/[0-9a-f-]{36})"', operator.get(HERE, params={"order": "OLD-1"}).text
    )
    assert "Nguyễn Văn Thử" in operator.get(href).text
    with house.database.transaction(OFFICER) as session:
        assert due(session, utcnow(), ZONE) == []
        later = utcnow() + timedelta(days=6 * 365)
        found = due(session, later, ZONE)
        assert len(found) == 1
        erase(session, found, SYSTEM, later)
    with house.database.transaction(OFFICER) as session:
        assert due(session, later, ZONE) == []
    page = operator.get(href).text
    assert "Nguyễn Văn Thử" not in page
    assert "OLD-1" in page

    for kind, row in (("orders", order("OLD-2")), ("waybills", waybill("W-OLD-2", "OLD-2"))):
        answer = program.post(f"/parcels/{kind}", json={"rows": [row]})
        assert (answer.status_code, answer.json()["code"]) == (409, "parcels.month-erased")
    paid = program.post("/parcels/payments", json={"rows": [payment("P-OLD-2", "OLD-2")]})
    assert paid.json()["taken"] == 1, "what holds no buyer is taken"
