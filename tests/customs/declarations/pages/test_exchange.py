"""What customs said, as pages show it: waiting, refusal, clocks, differences, results and the public board."""

import io
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from openpyxl import load_workbook

from app.core.kit.ids import uuid7
from app.customs.declarations.models import (
    Assessment,
    Clock,
    Declaration,
    Difference,
    Dispatch,
    Feed,
    Notice,
)
from app.customs.declarations.queries.reach import head_of
from app.customs.declarations.service import figures
from app.customs.declarations.wire import write_results
from app.web.exports import xlsx_file
from tests.customs.declarations.conftest import Zone
from tests.customs.declarations.service.test_results import result

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
TZ = ZoneInfo("Asia/Ho_Chi_Minh")
SIMULATED = "The customs authority is simulated here"
ENGLISH = {"accept-language": "en"}
LAW = {
    "key": "customs.clock.papers_check",
    "instrument": "law-54-2014-qh13",
    "article": "23",
    "status": "ASSUMED",
}


def told(
    zone: Zone, declared: UUID, kind: str, sequence: int, *, applied: bool = True, **body: object
) -> None:
    with zone.firms.at_work() as session:
        row = session.get_one(Declaration, declared)
        session.add(
            Notice(
                id=uuid7(), gateway_id=str(uuid7()), party_id=row.party_id, declaration_id=declared, sequence=sequence,
                kind=kind, official_at=NOW, received_at=NOW, applied_at=NOW if applied else None,
                outcome="APPLIED" if applied else "", body=body,
            )
        )  # fmt: skip


def waiting(zone: Zone, declared: UUID) -> None:
    with zone.firms.at_work() as session:
        row = session.get_one(Declaration, declared)
        session.add(
            Dispatch(
                id=uuid7(), party_id=row.party_id, declaration_id=declared, kind="DECLARE", subject="x", content={},
                state="QUEUED", queued_at=NOW, next_at=NOW, attempts=3, tried_at=NOW, error="http-503",
            )
        )  # fmt: skip
        feed = session.get(Feed, 1) or Feed(id=1, cursor="0")
        feed.failed_at, feed.error, feed.simulated = NOW, "http-503", True
        session.add(feed)


def clock(zone: Zone, declared: UUID, *, minutes: int | None = None, kind: str = "PAPERS_CHECK") -> None:
    with zone.firms.at_work() as session:
        row = session.get_one(Declaration, declared)
        started = NOW - timedelta(days=1)
        session.add(
            Clock(
                id=uuid7(), party_id=row.party_id, declaration_id=declared, kind=kind, whose="AUTHORITY", law=LAW,
                started_at=started, due_at=started + timedelta(hours=2),
                met_at=None if minutes is None else started + timedelta(minutes=minutes),
            )
        )  # fmt: skip


def different(zone: Zone, declared: UUID) -> UUID:
    with zone.firms.at_work() as session:
        row = session.get_one(Declaration, declared)
        official = Assessment(
            id=uuid7(), party_id=row.party_id, revision_id=head_of(session, row).id, kind="OFFICIAL", content={},
            total=Decimal(7), computed_at=NOW,
        )  # fmt: skip
        session.add(official)
        session.flush()  # the difference refers to it
        found = Difference(
            id=uuid7(), party_id=row.party_id, declaration_id=declared, assessment_id=official.id, line=1, tax="VAT",
            ours=Decimal(100_000), official=Decimal(120_000), our_rate="8%", official_rate="10%", found_at=NOW,
            state="OPEN", explanation="",
        )  # fmt: skip
        session.add(found)
        return found.id


def test_a_gateway_that_is_down_is_said_with_the_time_of_handing_in(zone: Zone) -> None:
    declared = zone.firms.declared()
    zone.firms.bring(declared, "QUEUED")
    waiting(zone, declared)
    page = zone.filer.get(f"/declarations/{declared}").text
    assert 'id="panel-customs"' in page
    assert page.count("20/11/2026") >= 2, "since when, and when it was handed in"
    assert "notice-soon" in page


def test_a_refusal_names_field_rule_article_and_remedy(zone: Zone) -> None:
    declared = zone.firms.declared()
    zone.firms.bring(declared, "REFUSED")
    fault = {
        "rule": "DH-01",
        "field": "CMD",
        "line": 1,
        "text": "Mã sai <b>",
        "article": "Điều 26",
        "fix": "Tra mã",
    }
    told(zone, declared, "REFUSED", 1, faults=[fault])
    page = zone.filer.get(f"/declarations/{declared}").text
    for part in ("DH-01", "CMD", "Mã sai &lt;b&gt;", "Điều 26", "Tra mã"):
        assert part in page
    zone.firms.bring(declared, "REGISTERED")
    told(zone, declared, "REGISTERED", 2, official_number="109000000010")
    assert "DH-01" not in zone.filer.get(f"/declarations/{declared}").text


def test_wanted_papers_go_by_the_catalogue_and_free_words_stay_vietnamese(zone: Zone) -> None:
    declared = zone.firms.declared(state="PAPERS", movement="ABROAD_TO_ZONE")
    papers = [
        {"type_code": "INVOICE", "name": "Hóa đơn số 7"},
        {"type_code": "X1", "name": "Bản cam kết riêng"},
    ]
    told(zone, declared, "PAPERS_WANTED", 1, papers=papers, text="Nộp trước 17 giờ.")
    path = f"/declarations/{declared}"
    page = zone.filer.get(f"{path}/papers").text
    assert f'<a href="{path}/papers/INVOICE">Hóa đơn số 7</a>' in page
    assert "Bản cam kết riêng" in page
    english = zone.filer.get(f"{path}/papers", headers=ENGLISH).text
    assert f'<a href="{path}/papers/INVOICE">Commercial invoice' in english
    for words in ("(Hóa đơn số 7)", "Bản cam kết riêng"):
        assert re.search(rf'lang="vi">{re.escape(words)}<', english), words
    told_here = zone.filer.get(path, headers=ENGLISH).text
    assert "Commercial invoice" in told_here
    assert '<span lang="vi">Nộp trước 17 giờ.</span>' in told_here
    assert "Hóa đơn số 7" not in told_here


def test_a_page_says_simulated_where_what_answered_said_so(zone: Zone) -> None:
    true, made_up = zone.firms.declared(state="REGISTERED"), zone.firms.declared(state="REGISTERED")
    told(zone, true, "REGISTERED", 1, official_number="100000000001")
    told(zone, made_up, "REGISTERED", 1, official_number="100000000002", simulated=True)
    for page in ("", "/print"):
        assert SIMULATED in zone.filer.get(f"/declarations/{made_up}{page}", headers=ENGLISH).text
        assert SIMULATED not in zone.filer.get(f"/declarations/{true}{page}", headers=ENGLISH).text


def test_a_missing_notice_is_said_with_its_number(zone: Zone) -> None:
    declared = zone.firms.declared(state="REGISTERED")
    told(zone, declared, "REGISTERED", 1, official_number="109000000030")
    page = zone.filer.get(f"/declarations/{declared}").text
    assert "Thiếu thông báo số" not in page
    told(zone, declared, "TAX", 4, applied=False, total="2667000", lines=[])
    page = zone.filer.get(f"/declarations/{declared}").text
    assert "Thiếu thông báo số 2, 3 của hải quan" in page
    assert "2.667.000" not in page, "what waits has no effect yet"
    told(zone, declared, "CHANNEL", 2, applied=False, channel="GREEN")
    assert "Thiếu thông báo số 3 của hải quan" in zone.filer.get(f"/declarations/{declared}").text


def test_the_timeline_says_what_customs_said(zone: Zone) -> None:
    declared = zone.firms.declared(state="PAYABLE")
    told(zone, declared, "REGISTERED", 1, official_number="109000000020")
    told(zone, declared, "CHANNEL", 2, channel="GREEN")
    told(zone, declared, "TAX", 3, total="2667000", lines=[])
    page = zone.filer.get(f"/declarations/{declared}").text
    for part in ("109000000020", "Luồng xanh", "2.667.000"):
        assert part in page.split('id="panel-customs"', 1)[1]


def test_clocks_show_article_and_what_is_assumed(zone: Zone) -> None:
    declared = zone.firms.declared(state="REGISTERED")
    clock(zone, declared)
    page = zone.filer.get(f"/declarations/{declared}").text
    panel = page.split('id="panel-clocks"', 1)[1]
    assert "54/2014/QH13" in panel
    assert "chip-bad" in panel, "it has run out"
    assert 'class="assumed"' in panel


def test_a_difference_is_explained(zone: Zone) -> None:
    declared = zone.firms.declared(state="PAYABLE")
    key = different(zone, declared)
    page = zone.filer.get(f"/declarations/{declared}").text
    assert "20.000" in page
    path = f"/declarations/{declared}/differences/{key}"
    empty = zone.filer.post(path, {"explanation": " "})
    assert (empty.status_code, "f-explanation" in empty.text) == (422, True)
    answer = zone.filer.post(path, {"explanation": "Hải quan áp mức 10 %"})
    assert answer.status_code == 303
    assert "Hải quan áp mức 10 %" in zone.filer.get(f"/declarations/{declared}").text
    assert zone.other.post(path, {"explanation": "x"}).status_code == 404
    assert zone.officer.post(path, {"explanation": "Đã đối chiếu"}).status_code == 303


def test_one_explanation_serves_the_chosen_differences(zone: Zone) -> None:
    declared = zone.firms.declared(state="PAYABLE")
    keys = [str(different(zone, declared)), str(different(zone, declared))]
    left = str(different(zone, declared))
    page = zone.filer.get("/customs/differences").text
    assert all(f'value="{each}"' in page for each in (*keys, left))
    nothing = zone.filer.post("/customs/differences", {"explanation": "Tỷ giá khác"})
    assert (nothing.status_code, 'href="#f-chosen"' in nothing.text) == (422, True)
    unsaid = zone.filer.post("/customs/differences", {"chosen": keys, "explanation": " "})
    assert unsaid.status_code == 422
    assert len(re.findall(r'name="chosen"[^>]* checked', unsaid.text)) == 2
    strange = zone.other.post("/customs/differences", {"chosen": keys, "explanation": "x"})
    assert strange.status_code == 404
    told = {"chosen": keys, "explanation": "Tỷ giá của tuần khác", "state": "OPEN"}
    answer = zone.filer.post("/customs/differences", told)
    assert answer.status_code == 303
    assert "state=OPEN" in answer.headers["location"]
    after = zone.filer.get(answer.headers["location"]).text
    assert f'value="{left}"' in after
    assert not any(f'value="{each}"' in after for each in keys)
    assert zone.filer.get(f"/declarations/{declared}").text.count("Tỷ giá của tuần khác") == 2


def test_differences_are_narrowed_by_the_day_they_were_found(zone: Zone) -> None:
    declared = zone.firms.declared(state="PAYABLE")
    key, day = str(different(zone, declared)), f"{NOW.astimezone(TZ):%d/%m/%Y}"
    for asked, shown in (({"since": day, "until": day}, True), ({"until": "01/01/2020"}, False)):
        assert (key in zone.filer.get("/customs/differences", params=asked).text) is shown
    assert "hôm kia" in zone.filer.get("/customs/differences", params={"since": "hôm kia"}).text


def test_results_come_in_as_xml_and_go_out(zone: Zone) -> None:
    firm = zone.firms.party()
    page = zone.filer.get("/declarations/results")
    assert page.status_code == 200
    number = f"1{uuid7().int % 10**10:010d}0"
    content = write_results((result(number),))
    sent = {"file": ("ket-qua.xml", content, "application/xml")}
    done = zone.filer.post("/declarations/results", {"firm": str(firm)}, files=sent)
    assert (done.status_code, "notice-good" in done.text) == (200, True)
    out = zone.filer.get(f"/declarations/results/export.xml?firm={firm}")
    assert (out.status_code, out.headers["content-type"]) == (200, "application/xml")
    assert zone.other.get(f"/declarations/results/export.xml?firm={firm}").status_code == 404
    book = zone.filer.get(f"/declarations/results/export.xlsx?firm={firm}")
    assert zone.other.get(f"/declarations/results/export.xlsx?firm={firm}").status_code == 404
    sheet = next(iter(load_workbook(io.BytesIO(book.content)).worksheets))
    head, *rows = sheet.iter_rows(values_only=True)
    mine = [["" if cell is None else str(cell) for cell in row] for row in rows if number in row]
    again = {"file": ("ket-qua.xlsx", xlsx_file([str(name) for name in head], mine), "application/zip")}
    known = zone.filer.post("/declarations/results", {"firm": str(firm)}, files=again)
    # What went out comes in again and is known, though a workbook says less.
    assert (known.status_code, "notice-good" in known.text) == (200, True)
    assert zone.filer.get("/declarations/results/template.xlsx").status_code == 200


def test_a_file_that_is_none_is_refused_beside_the_field(zone: Zone) -> None:
    firm = {"firm": str(zone.firms.party())}
    for name, content in (
        ("x.xml", b"<x/>"),
        ("x.xml", b"<!DOCTYPE a []><a/>"),
        ("x.xlsx", b"PK\x03\x04 no"),
    ):
        answer = zone.filer.post("/declarations/results", firm, files={"file": (name, content, "text/plain")})
        assert (answer.status_code, "f-file-error" in answer.text) == (422, True), name
    assert zone.filer.post("/declarations/results", firm).status_code == 422
    faulty = write_results((result(type_code="Z99"),))
    answer = zone.filer.post("/declarations/results", firm, files={"file": ("x.xml", faulty, "text/xml")})
    assert (answer.status_code, "#1" in answer.text) == (422, True)


def test_the_board_is_open_and_names_nobody(zone: Zone) -> None:
    declared = zone.firms.declared(state="REGISTERED")
    for minutes in (30, 60, 90, 100, 200):
        clock(zone, declared, minutes=minutes)
    clock(zone, declared, minutes=10, kind="CANCEL_ANSWER")
    with zone.firms.at_work() as session:
        assert figures.refresh(session, zone=zone.firms.platform.zone.tz, now=NOW)
        assert not figures.refresh(session, zone=zone.firms.platform.zone.tz, now=NOW)
    page = zone.house.visitor().get("/customs/clocks")
    assert page.status_code == 200
    assert "80 %" in page.text, "four of five were in time"
    assert page.text.count("80 %") == 2, "the year and its month; one case of another kind is too few to show"
    assert "/customs/clocks" in zone.house.visitor().get("/").text
