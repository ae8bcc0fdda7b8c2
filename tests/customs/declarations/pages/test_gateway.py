"""The page of those who run the gateway: how it does, at once, what could not be taken."""

from uuid import UUID

from sqlalchemy import select, text

from app.customs.declarations.models import Unread
from app.customs.declarations.service import unread
from app.customs.declarations.wire import Unread as Piece
from tests.customs.declarations.conftest import Zone
from tests.customs.declarations.pages.test_exchange import NOW, waiting

PAGE = "/customs/gateway"


def piece(zone: Zone, raw: bytes) -> UUID:
    with zone.firms.at_work() as session:
        made = unread.keep(session, Piece(raw, "form", "x is not y", reference="TK-1", sequence=3), now=NOW)
    assert made is not None
    return made


def deferred(zone: Zone, task: str) -> int:
    with zone.firms.at_work() as session:
        query = text("select count(*) from procrastinate_jobs where task_name = :task")
        return int(session.scalar(query, {"task": task}) or 0)


def test_who_may_see_it(zone: Zone) -> None:
    assert zone.officer.get(PAGE).status_code == 200
    assert zone.house.person("quan.tri").get(PAGE).status_code == 200
    assert zone.filer.get(PAGE).status_code == 403


def test_a_silent_gateway_shows_what_waits(zone: Zone) -> None:
    declared = zone.firms.declared(state="QUEUED")
    waiting(zone, declared)
    page = zone.officer.get(PAGE)
    assert f"/declarations/{declared}" in page.text
    assert "http-503" in page.text
    assert f"/declarations/{declared}" not in zone.house.person("quan.tri").get(PAGE).text


def test_send_and_ask_at_once(zone: Zone) -> None:
    for do, task in (("send", "customs.send_now"), ("ask", "customs.read")):
        before = deferred(zone, task)
        assert zone.officer.post(PAGE, {"do": do}).status_code == 303
        assert deferred(zone, task) == before + 1
        assert zone.filer.post(PAGE, {"do": do}).status_code == 403


def test_a_piece_is_read_by_who_may_tried_and_set_aside(zone: Zone) -> None:
    key = piece(zone, b"<Response>Toyota</Response>")
    address = f"{PAGE}/unread/{key}"
    assert address in zone.officer.get(PAGE).text
    assert "Toyota" in zone.officer.get(address).text
    assert "Toyota" not in zone.house.person("quan.tri").get(address).text
    before = deferred(zone, "customs.try_again")
    assert zone.officer.post(address, {"do": "again"}).status_code == 303
    assert deferred(zone, "customs.try_again") == before + 1
    refused = zone.officer.post(address, {"do": "aside", "reason": " "})
    assert refused.status_code == 422
    assert 'id="f-reason-error"' in refused.text
    assert zone.officer.post(address, {"do": "aside", "reason": "Gửi nhầm"}).status_code == 303
    assert zone.officer.post(address, {"do": "aside", "reason": "Lần nữa"}).status_code == 409
    assert "Gửi nhầm" in zone.officer.get(address).text
    assert address not in zone.officer.get(PAGE).text
    assert address in zone.officer.get(f"{PAGE}?settled=1").text
    with zone.firms.at_work() as session:
        assert session.scalars(select(Unread.reason).where(Unread.id == key)).one() == "Gửi nhầm"


def test_one_that_does_not_exist(zone: Zone) -> None:
    address = f"{PAGE}/unread/{UUID(int=9)}"
    assert zone.officer.get(address).status_code == 404
    assert zone.officer.post(address, {"do": "again"}).status_code == 404
