"""Low-value lists and the authority: sent once, accepted, refused by line, checked, released, corrected."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select, text

from app.core.db import Database, DbRole, SessionContext
from app.core.jobs import Run
from app.core.jobs.app import session_context
from app.core.kit.actor import SYSTEM
from app.core.kit.ids import uuid7
from app.core.kit.time import local_day, utcnow
from app.core.payments import LineDraft, LineKind, SlipSubject, cancel_slip, open_slip, slips_of
from app.core.payments.models import Slip
from app.customs.declarations.facade import CustomsGateway, GatewayRefused
from app.customs.parcels import jobs
from app.customs.parcels.models import ListDispatch, ListLine, ListNotice, ParcelList
from app.customs.parcels.service import billing, receiving, sending
from tests.conftest import TEST_LOGINS
from tests.customs.declarations.customs import Customs, customs
from tests.customs.parcels.conftest import ZONE
from tests.customs.parcels.listing import close, send, state, vat_of, whole
from tests.customs.parcels.rows import goes_back
from tests.faults.people import OFFICER, House, Person
from tests.web.programs import Program


class Killed(BaseException):
    """The worker died here."""


class Deadly:
    """A gateway that lets a message through and then kills the worker, once."""

    def __init__(self, inner: CustomsGateway) -> None:
        self._inner, self.deaths, self.sent, self.asked = inner, 1, 0, 0

    def send(self, message_id: UUID, content: bytes) -> None:
        self._inner.send(message_id, content)
        self.sent += 1
        if self.deaths:
            self.deaths -= 1
            raise Killed

    def has(self, message_id: UUID) -> bool:
        self.asked += 1
        return self._inner.has(message_id)


class Refusing:
    def send(self, message_id: UUID, content: bytes) -> None:
        raise GatewayRefused("http-422")


@dataclass
class Counter:
    """The jobs between an operator and the authority, run by hand."""

    database: Database
    customs: Customs

    def run(self, later: timedelta = timedelta()) -> Run:
        return Run(SYSTEM, session_context(SYSTEM), self.database, utcnow() + later, 0, 1)

    def send(self, href: str, gateway: object = None, later: timedelta = timedelta(seconds=5)) -> None:
        key = self.dispatch(href).id
        jobs.send_message(self.run(later), gateway or self.customs.gateway, key)  # type: ignore[arg-type]

    def read(self) -> None:
        jobs.read_answers(self.run(), self.customs.gateway)

    def go(self, operator: Person, href: str) -> None:
        """Hand a list over, send it and read the answers."""
        hand_over(operator, href)
        self.send(href)
        self.read()

    def bill(self, href: str) -> None:
        """Do what the handler of the notice does."""
        with self.database.session(OFFICER) as session:
            query = select(ListNotice.id).where(ListNotice.list_id == key_of(href), ListNotice.kind == "TAX")
            notice_id = session.scalars(query).one()
        with self.database.transaction(OFFICER) as session:
            billing.bill(session, notice_id=notice_id, zone=ZONE, now=utcnow())

    def taxed(self, href: str) -> int:
        query = text(
            "select count(*) from outbox_event where name = 'parcels.list.taxed' and payload->>'list_id' = :id"
        )
        with self.database.session(SessionContext(DbRole.WORKER)) as session:
            return int(session.scalar(query, {"id": str(key_of(href))}) or 0)

    def owe(self, operator: Person, days: int) -> str:
        """Let the operator owe a tax that was due so many days ago."""
        subject = SlipSubject("declaration", uuid7(), {"vi": "Tờ khai cũ", "en": "Earlier"}, "/x", "customs")
        line = LineDraft("VAT", LineKind.TAX, {"vi": "Thuế", "en": "Tax"}, Decimal(1000))
        with self.database.transaction(OFFICER) as session:
            return open_slip(
                session, party_id=operator.house.party_of("nop.hoso"), subject=subject, notice="T1", lines=[line],
                due_on=local_day(utcnow(), ZONE) - timedelta(days=days), zone=ZONE, actor=SYSTEM, now=utcnow(),
            ).reference  # fmt: skip

    def forgive(self, reference: str) -> None:
        with self.database.transaction(OFFICER) as session:
            slip_id = session.scalars(select(Slip.id).where(Slip.reference == reference)).one()
            cancel_slip(session, slip_id=slip_id, reason="Hết thử", actor=SYSTEM, now=utcnow())

    def dispatch(self, href: str) -> ListDispatch:
        with self.database.session(OFFICER) as session:
            query = select(ListDispatch).where(
                ListDispatch.list_id == key_of(href), ListDispatch.subject == ""
            )
            return session.scalars(query).one()

    def row(self, href: str) -> ParcelList:
        with self.database.session(OFFICER) as session:
            return session.get_one(ParcelList, key_of(href))

    def lines(self, href: str) -> dict[str, tuple[str, str]]:
        with self.database.session(OFFICER) as session:
            found = session.scalars(select(ListLine).where(ListLine.list_id == key_of(href)))
            return {each.order_no: (each.answer, each.answer_note) for each in found}


def key_of(href: str) -> UUID:
    return UUID(href.rpartition("/")[2])


@pytest.fixture
def counter(house: House, tmp_path: Path) -> Iterator[Counter]:
    # The pages have no login of the worker, and the jobs need it.
    database = Database(house.app.state.kernel.settings.database, logins=TEST_LOGINS, pool_size=2)
    with customs(tmp_path) as authority:
        authority.office.change({"channel": "GREEN"})
        yield Counter(database, authority)
    database.close()


def hand_over(operator: Person, href: str) -> None:
    assert operator.post(f"{href}/send").status_code == 303
    assert operator.post(f"{href}/send").status_code == 303, "twice means once"


def correct(operator: Person, href: str) -> str:
    answer = operator.post(f"{href}/corrections", {"list_id": str(uuid7())})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def test_a_list_is_sent_registered_taxed_and_released(
    counter: Counter, operator: Person, program: Program
) -> None:
    whole(program, "S-1", flight="SS 1")
    whole(program, "S-2", flight="SS 1")
    href = close(operator, "SS 1")
    hand_over(operator, href)
    assert counter.row(href).state == "CLOSED"
    counter.send(href)
    assert counter.row(href).state == "SENT"
    counter.read()
    row = counter.row(href)
    assert row.state == "RELEASED"
    assert row.official_number is not None
    assert len(row.official_number) == len("109000000010")
    assert row.official_vat == row.vat
    assert counter.dispatch(href).state == "ACKNOWLEDGED"
    assert {answer for answer, _ in counter.lines(href).values()} == {"RELEASED"}
    page = operator.get(href).text
    assert row.official_number in page
    assert f"{href}/send" not in page


def test_a_tax_notice_is_a_slip_that_the_operator_pays(
    counter: Counter, operator: Person, program: Program
) -> None:
    whole(program, "B-1", flight="BB 1")
    href = close(operator, "BB 1")
    counter.go(operator, href)
    counter.bill(href)
    counter.bill(href)
    row = counter.row(href)
    with counter.database.session(OFFICER) as session:
        [slip] = slips_of(session, subject_kind="parcels_list", subject_id=row.id)
    assert (slip.total, slip.notice, slip.topic) == (row.official_vat, row.tax_reference, "customs")
    assert [line.purpose for line in slip.lines] == ["VAT"]
    assert f'href="/payments/{slip.id}"' in operator.get(href).text
    assert href in operator.get(f"/payments/{slip.id}").text
    assert slip.reference in operator.get("/payments").text
    assert counter.taxed(href) == 1, "the notice is told once, and a handler opens the slip"


def test_an_overdue_tax_stops_a_new_list_and_no_correction(
    counter: Counter, operator: Person, program: Program
) -> None:
    whole(program, "V-1", flight="VV 1")
    whole(program, "V-2", flight="VV 2")
    first = close(operator, "VV 1")
    counter.go(operator, first)
    send(program, "returns", goes_back("T-V-1", "V-1"))
    correction, second = correct(operator, first), close(operator, "VV 2")
    slip = counter.owe(operator, 91)
    page = operator.get(second).text
    assert slip in page
    assert f'action="{second}/send"' not in page
    answer = operator.post(f"{second}/send")
    assert answer.status_code == 409
    assert slip in answer.text
    assert operator.post(f"{correction}/send").status_code == 303
    counter.forgive(slip)
    assert operator.post(f"{second}/send").status_code == 303


def test_a_refused_line_is_free_again_and_says_why(
    counter: Counter, operator: Person, program: Program
) -> None:
    whole(program, "R-1", flight="RR 1")
    whole(program, "R-2", flight="RR 1")
    # Another operator's list holds the waybill already: the authority knows, the platform does not tell.
    counter.customs.office._book.keep_waybill("W-R-2", "DS-OTHER")
    href = close(operator, "RR 1")
    counter.go(operator, href)
    lines = counter.lines(href)
    assert lines["R-1"][0] == "RELEASED"
    assert lines["R-2"][0] == "REFUSED"
    assert "MIC-03" in lines["R-2"][1]
    assert state(program, "R-2") == "MATCHED"
    row = counter.row(href)
    assert row.official_vat is not None
    assert row.official_vat < row.vat


def test_a_refused_list_sets_its_parcels_free(counter: Counter, operator: Person, program: Program) -> None:
    counter.customs.office.change({"refuse": "Thiếu giấy ủy quyền"})
    whole(program, "N-1", flight="NN 1")
    href = close(operator, "NN 1")
    assert state(program, "N-1") == "LISTED"
    counter.go(operator, href)
    assert counter.row(href).state == "REFUSED"
    assert state(program, "N-1") == "MATCHED"
    assert "Thiếu giấy ủy quyền" in operator.get(href).text
    counter.customs.office.change({"refuse": ""})
    again = close(operator, "NN 1")
    assert again != href
    counter.go(operator, again)
    assert counter.row(again).state == "RELEASED"


def test_a_parcel_chosen_for_a_check_waits_and_is_released(
    counter: Counter, operator: Person, program: Program
) -> None:
    counter.customs.office.change({"channel": "RED", "late_s": 10})
    whole(program, "H-1", flight="HH 1")
    whole(program, "H-2", flight="HH 1")
    href = close(operator, "HH 1")
    hand_over(operator, href)
    counter.send(href)
    seen = []
    for _ in range(3):
        counter.customs.clock.now += 11
        counter.read()
        answers = sorted(answer for answer, _ in counter.lines(href).values())
        seen.append((counter.row(href).state, *answers))
    assert seen == [
        ("REGISTERED", "ACCEPTED", "HELD"),
        ("REGISTERED", "HELD", "RELEASED"),
        ("RELEASED", "RELEASED", "RELEASED"),
    ]


def test_a_killed_worker_asks_and_never_sends_twice(
    counter: Counter, operator: Person, program: Program
) -> None:
    whole(program, "K-1", flight="KK 1")
    href = close(operator, "KK 1")
    hand_over(operator, href)
    deadly = Deadly(counter.customs.gateway)
    with pytest.raises(Killed):
        counter.send(href, deadly)
    assert counter.dispatch(href).state == "QUEUED"
    with counter.database.transaction(jobs.WORKER) as session:
        sending.send_overdue(session, now=utcnow() + timedelta(minutes=5))
    counter.send(href, deadly, later=timedelta(minutes=5))
    assert (deadly.sent, deadly.asked) == (1, 1)
    assert counter.dispatch(href).state == "SENT"


def test_a_gateway_that_is_down_keeps_the_list_waiting(
    counter: Counter, operator: Person, program: Program
) -> None:
    counter.customs.office.change({"down": True})
    whole(program, "D-1", flight="DD 1")
    href = close(operator, "DD 1")
    hand_over(operator, href)
    counter.send(href)
    found = counter.dispatch(href)
    assert (found.state, found.attempts, found.error) == ("QUEUED", 1, "http-503")
    counter.read()
    counter.customs.office.change({"down": False})
    counter.send(href, later=timedelta(minutes=10))
    counter.read()
    assert counter.row(href).state == "RELEASED"


def test_a_message_that_is_never_taken_declares_nothing(
    counter: Counter, operator: Person, program: Program
) -> None:
    whole(program, "F-1", flight="FF 1")
    href = close(operator, "FF 1")
    hand_over(operator, href)
    counter.send(href, Refusing())
    assert (counter.dispatch(href).state, counter.row(href).state) == ("FAILED", "REFUSED")
    assert state(program, "F-1") == "MATCHED"
    assert "http-422" in operator.get(href).text


def test_answers_that_come_twice_or_early_change_nothing(
    counter: Counter, operator: Person, program: Program
) -> None:
    whole(program, "O-1", flight="OO 1")
    href = close(operator, "OO 1")
    hand_over(operator, href)
    counter.send(href)
    row = counter.row(href)
    batch = counter.customs.gateway.notices_of(row.code, 0)
    with counter.database.transaction(jobs.WORKER) as session:
        receiving.take(session, list_id=row.id, notices=batch.notices[1:], now=utcnow())
    assert counter.row(href).state == "SENT", "the first notice is missing"
    assert "is a simulator" not in operator.get(href, headers={"accept-language": "en"}).text
    for _ in range(2):
        with counter.database.transaction(jobs.WORKER) as session:
            receiving.take(session, list_id=row.id, notices=batch.notices, now=utcnow())
    assert counter.row(href).state == "RELEASED"
    assert "is a simulator" in operator.get(href, headers={"accept-language": "en"}).text
    with counter.database.session(OFFICER) as session:
        kept = session.scalars(select(ListNotice.sequence).where(ListNotice.list_id == row.id)).all()
    assert sorted(kept) == list(range(1, len(batch.notices) + 1))


def test_a_list_is_corrected_again_and_again(counter: Counter, operator: Person, program: Program) -> None:
    whole(program, "C-1", flight="CC 1")
    href = close(operator, "CC 1")
    send(program, "returns", goes_back("CB-1", "C-1", amount="5.00"))
    first = correct(operator, href)
    assert operator.post(f"{first}/send").status_code == 409, "the list has no number yet"
    counter.go(operator, href)
    send(program, "returns", goes_back("CB-2", "C-1", amount="5.25"))
    assert operator.post(f"{href}/corrections", {"list_id": str(uuid7())}).status_code == 409, "one waits"
    counter.go(operator, first)
    assert counter.row(first).state == "REGISTERED"
    second = correct(operator, href)
    counter.go(operator, second)
    assert counter.row(second).state == "REGISTERED"
    assert vat_of(operator, href) > vat_of(operator, first) > vat_of(operator, second) > 0
    assert operator.post(f"{href}/corrections", {"list_id": str(uuid7())}).status_code == 409
    number = counter.row(href).official_number or ""
    assert counter.row(second).official_number == f"{number[:-1]}2"


def test_a_refused_correction_does_not_count(counter: Counter, operator: Person, program: Program) -> None:
    whole(program, "A-1", flight="AA 1")
    href = close(operator, "AA 1")
    counter.go(operator, href)
    send(program, "returns", goes_back("AB-1", "A-1"))
    counter.customs.office.change({"refuse_amendments": True})
    first = correct(operator, href)
    counter.go(operator, first)
    assert counter.row(first).state == "REFUSED"
    assert correct(operator, href) != first, "it may be asked for once more"


def test_nobody_but_the_gateway_writes_an_answer(
    counter: Counter, operator: Person, program: Program
) -> None:
    whole(program, "W-1", flight="WW 1")
    href = close(operator, "WW 1")
    tenant = SessionContext(DbRole.TENANT, (counter.row(href).party_id,))
    for statement in (
        "update parcels_list set official_number = '109000000010'",
        "update parcels_list set state = 'RELEASED'",
        "update parcels_line set answer = 'RELEASED'",
        "insert into parcels_notice select * from parcels_notice",
    ):
        with (
            pytest.raises(Exception, match="permission denied"),
            counter.database.transaction(tenant) as session,
        ):
            session.execute(text(statement))


def test_a_refusal_is_told(counter: Counter, operator: Person, program: Program) -> None:
    counter.customs.office.change({"refuse": "Không hợp lệ"})
    whole(program, "T-1", flight="TT 1")
    href = close(operator, "TT 1")
    counter.go(operator, href)
    query = text(
        "select payload from outbox_event where name = 'parcels.list.answered' and payload->>'code' = :code"
    )
    with counter.database.session(SessionContext(DbRole.WORKER)) as session:
        (payload,) = session.scalars(query, {"code": counter.row(href).code})
    assert (payload["outcome"], payload["refused"]) == ("REFUSED", 1)
