"""The customs officer's desk and the firm's side of it, as browsers without script see them."""

import re
from uuid import UUID

from sqlalchemy import select

from app.cli.demo import PASSWORD
from app.core.kit.ids import uuid7
from app.core.privacy.models import Reading
from app.core.search import reindex
from app.customs.declarations.models import Declaration, Indication, Line, Revision
from tests.core.documents import files
from tests.core.documents.test_photos import camera_jpeg
from tests.customs.declarations.conftest import Zone
from tests.customs.declarations.firms import FILER, OFFICER, OTHER
from tests.customs.declarations.test_api import difference
from tests.faults.people import Person

PARTS = re.compile(r'name="(question_id|note_id)" value="([^"]+)"')


def asked(zone: Zone, declared: UUID) -> str:
    form = zone.officer.get(f"/customs/questions/new?declaration={declared}")
    key = PARTS.search(form.text)
    assert key is not None, form.text
    data = {
        "firm": str(zone.firms.party()), "declaration": str(declared), "question_id": key[2], "text": "Vì sao thiếu?",
    }  # fmt: skip
    sent = zone.officer.post("/customs/questions", data)
    assert sent.status_code == 303, sent.text
    assert zone.officer.post("/customs/questions", data).headers["location"] == sent.headers["location"]
    return str(sent.headers["location"].partition("?")[0])


def note(zone: Zone, person: Person, *, password: str = PASSWORD, **data: str) -> object:
    content = {
        "firm": str(zone.firms.party()), "declaration": "", "corrects": "", "note_id": str(uuid7()), "kind": "SITE",
        "place": "Kho B", "found": "Thiếu 2 kiện", "result": "DIFFERS", "happened_at": "01/11/2026 08:30",
        "password": password,
    }  # fmt: skip
    photos = [("photos", (f"{n}.jpg", camera_jpeg(mark=n), "image/jpeg")) for n in range(2)]
    return person.post("/customs/inspections", {**content, **data}, files=photos)


def test_a_question_goes_there_and_back(zone: Zone) -> None:
    declared = zone.firms.declared(state="REGISTERED")
    path = asked(zone, declared)
    assert "Vì sao thiếu?" in zone.filer.get("/customs/questions").text
    assert "Vì sao thiếu?" in zone.filer.get("/my").text
    assert zone.filer.post(f"{path}/answers", {"text": " "}).status_code == 422
    body = {"files": ("giai-trinh.pdf", files.pdf(Note="(a)"), "application/pdf")}
    assert zone.filer.post(f"{path}/answers", {"text": "Do rách bao bì."}, files=body).status_code == 303
    page = zone.officer.get(path).text
    assert "Do rách bao bì." in page
    paper = re.search(rf"{path}/papers/[0-9a-f-]+", page)
    assert paper is not None
    assert zone.officer.get(paper[0]).status_code == 200
    assert zone.filer.get(paper[0]).status_code == 200
    assert zone.other.get(paper[0]).status_code == 404
    assert zone.officer.post(f"{path}/close").status_code == 303
    assert zone.filer.post(f"{path}/answers", {"text": "Thêm"}).status_code == 409
    assert zone.other.get(path).status_code == 404


def test_an_officer_s_papers_go_to_the_firm_and_to_nobody_else(zone: Zone) -> None:
    data = {"firm": str(zone.firms.party()), "declaration": "", "text": "Đối chiếu bảng kèm theo."}
    program = {"files": ("x.exe", b"MZ\x90\x00" * 200, "application/octet-stream")}
    refused = zone.officer.post("/customs/questions", {**data, "question_id": str(uuid7())}, files=program)
    assert (refused.status_code, "x.exe" in refused.text) == (422, True)
    assert "Đối chiếu bảng kèm theo." in refused.text, "what was typed stays"
    sheet = {"files": ("bang-doi-chieu.pdf", files.pdf(Note="(o)"), "application/pdf")}
    sent = zone.officer.post("/customs/questions", {**data, "question_id": str(uuid7())}, files=sheet)
    assert sent.status_code == 303, sent.text
    path = sent.headers["location"].partition("?")[0]
    assert zone.officer.post(f"{path}/replies", {"text": "Thêm"}, files=program).status_code == 422
    further = {"files": ("anh.pdf", files.pdf(Note="(p)"), "application/pdf")}
    assert zone.officer.post(f"{path}/replies", {"text": "Thêm"}, files=further).status_code == 303
    page = zone.filer.get(path).text
    assert "bang-doi-chieu.pdf" in page
    assert "anh.pdf" in page
    papers = re.findall(rf'href="({path}/papers/[0-9a-f-]+)"', page)
    assert len(papers) == 2
    elsewhere = asked(zone, zone.firms.declared(state="REGISTERED"))
    for paper in papers:
        assert zone.filer.get(paper).headers["content-disposition"].startswith("attachment")
        assert zone.officer.get(paper).status_code == 200
        assert zone.house.person("lanh.dao").get(paper).status_code == 200, "it is no paper of the firm"
        assert zone.other.get(paper).status_code == 404
        assert zone.filer.get(paper.replace(path, elsewhere)).status_code == 404
    assert readings(zone, path) == [], "only what the firm sent is read of it"
    assert zone.filer.post(f"{path}/replies", {"text": "x"}, files=further).status_code == 403


def test_a_note_is_signed_with_the_password(zone: Zone) -> None:
    wrong = note(zone, zone.officer, password="falsch")
    assert wrong.status_code == 422
    assert "Thiếu 2 kiện" in wrong.text
    signed = note(zone, zone.officer)
    assert signed.status_code == 303, signed.text
    path = signed.headers["location"].partition("?")[0]
    page = zone.filer.get(path).text
    photo = re.search(rf"{path}/photos/[0-9a-f-]+", page)
    assert photo is not None
    sent = zone.filer.get(photo[0])
    assert (sent.status_code, sent.headers["content-type"]) == (200, "image/jpeg")
    assert b"Kamera" not in sent.content
    assert zone.filer.post(f"{path}/comments", {"text": "Đã bổ sung."}).status_code == 303
    assert "Đã bổ sung." in zone.officer.get(path).text
    assert zone.officer.post(f"{path}/comments", {"text": "x"}).status_code == 403
    assert note(zone, zone.filer).status_code == 403
    for who in (zone.other,):
        assert who.get(path).status_code == 404
        assert who.get(photo[0]).status_code == 404


def readings(zone: Zone, note_path: str) -> list[tuple[str, str, list[str]]]:
    key = UUID(note_path.rpartition("/")[2])
    with zone.firms.as_(zone.firms.person(FILER)) as session:
        rows = session.scalars(
            select(Reading).where(Reading.object_id == key).order_by(Reading.at, Reading.id)
        )
        return [(each.kind, each.purpose, list(each.fields)) for each in rows]


def test_who_looks_at_photos_is_recorded_once_in_a_sitting(zone: Zone) -> None:
    path = note(zone, zone.officer).headers["location"].partition("?")[0]
    shots = re.findall(rf'src="({path}/photos/[0-9a-f-]+)"', zone.officer.get(path).text)
    assert len(shots) == 2
    assert readings(zone, path) == [], "the page names the photos; only a photo that is sent is read"
    assert zone.filer.get(shots[0]).status_code == 200
    assert readings(zone, path) == [], "a firm reads what is its own"
    for shot in shots:
        assert zone.officer.get(shot).status_code == 200
    assert readings(zone, path) == [("SHOWN", "HANDLING", ["inspection_photo"])]
    assert zone.officer.get(f"{shots[0]}?take=1").headers["content-disposition"].startswith("attachment")
    assert [kind for kind, _, _ in readings(zone, path)] == ["SHOWN", "EXPORTED"]


def test_a_supervisor_states_a_purpose_before_a_photo_opens(zone: Zone) -> None:
    path = note(zone, zone.officer).headers["location"].partition("?")[0]
    shot = re.search(rf"{path}/photos/[0-9a-f-]+", zone.filer.get(path).text)
    assert shot is not None
    leader = zone.house.person("lanh.dao")
    page = leader.get(path).text
    assert f"{path}/photos" not in page
    assert f'href="{path}/purpose"' in page
    for link in (shot[0], f"{shot[0]}?take=1"):
        assert leader.get(link).headers["location"] == f"{path}/purpose"
    assert leader.get(f"{path}/purpose").status_code == 200
    assert leader.post(f"{path}/purpose", {"purpose": "INSPECTION"}).status_code == 422
    stated = {"purpose": "INSPECTION", "note": "Quyết định 2/QĐ"}
    assert leader.post(f"{path}/purpose", stated).headers["location"] == path
    assert leader.get(shot[0]).status_code == 200
    assert [(kind, purpose) for kind, purpose, _ in readings(zone, path)] == [("SHOWN", "INSPECTION")]
    assert zone.filer.get(f"{path}/purpose").status_code == 403
    assert zone.other.get(path).status_code == 404


def test_a_correction_begins_with_the_words_of_the_note(zone: Zone) -> None:
    path = note(zone, zone.officer, place="Bãi C").headers["location"].partition("?")[0]
    form = zone.officer.get(f"/customs/inspections/new?corrects={path.rpartition('/')[2]}").text
    assert "Bãi C" in form
    newer = note(zone, zone.officer, corrects=path.rpartition("/")[2], place="Bãi D")
    assert newer.status_code == 303
    second = newer.headers["location"].partition("?")[0]
    third = note(zone, zone.officer, corrects=second.rpartition("/")[2]).headers["location"].partition("?")[0]
    for each in (path, second, third):
        page = zone.filer.get(each).text
        assert all(f'href="{other}"' in page for other in {path, second, third} - {each})


def test_the_officer_reads_a_firm(zone: Zone) -> None:
    declared = zone.firms.declared(state="CLEARED", summary="Thép cuộn")
    party = zone.firms.party()
    with zone.firms.as_(zone.firms.person(FILER)) as session:
        code = session.get_one(Declaration, declared).code
    drafted = zone.firms.declared(summary="Nháp bí mật")
    page = zone.officer.get(f"/customs/firms/{party}")
    assert page.status_code == 200
    assert code in page.text
    assert str(drafted) not in page.text
    assert code not in zone.officer.get(f"/customs/firms/{party}?state=REGISTERED").text
    assert f"/customs/firms/{party}" in zone.officer.get("/customs/firms").text
    assert f"/customs/firms/{party}" not in zone.officer.get("/customs/firms?q=Niemand").text
    assert zone.officer.get(f"/customs/firms/{uuid7()}").status_code == 404
    assert zone.filer.get("/customs/firms").status_code == 403
    assert zone.house.person("lanh.dao").get(f"/customs/firms/{party}").status_code == 200
    assert zone.house.person("mot.cua").get("/customs/firms").status_code == 403


def test_looking_at_an_indication_computes_nothing_and_an_officer_weighs_anew(zone: Zone) -> None:
    declared = zone.firms.declared(state="REGISTERED")
    path = f"/declarations/{declared}/risk"
    mine, theirs = zone.filer.get(path), zone.officer.get(path)
    assert (mine.status_code, theirs.status_code) == (200, 200)
    assert "chỉ dành cho công chức" not in mine.text
    assert 'id="factors"' in mine.text
    assert 'id="factors"' not in theirs.text, "nothing was computed yet"
    assert indications(zone, declared) == []
    assert zone.officer.post(path).headers["location"] == f"{path}?done=computed"
    assert zone.officer.post(path).status_code == 303
    page = zone.officer.get(path).text
    assert "chỉ dành cho công chức" in page
    assert len(indications(zone, declared)) == 1
    leader = zone.house.person("lanh.dao")
    assert 'id="factors"' in leader.get(path).text
    assert leader.post(path).status_code == 403
    assert zone.filer.post(path).status_code == 403
    assert zone.other.get(path).status_code == 404
    with zone.firms.as_(zone.firms.person(OFFICER)) as session:
        assert session.get_one(Declaration, declared).state == "REGISTERED"


def indications(zone: Zone, declared: UUID) -> list[str]:
    with zone.firms.as_(zone.firms.person(OFFICER)) as session:
        return list(session.scalars(select(Indication.rules).where(Indication.declaration_id == declared)))


def test_questions_stand_by_who_is_waited_for_and_until_when(zone: Zone) -> None:
    firm = {"firm": str(zone.firms.party()), "declaration": ""}
    links: dict[str, str] = {}
    for words, due in (("Xa hạn", "31/12/2099"), ("Không hạn", ""), ("Gần hạn", "30/12/2099")):
        data = {**firm, "question_id": str(uuid7()), "text": f"{words}: thứ tự", "due_on": due}
        links[words] = zone.officer.post("/customs/questions", data).headers["location"].partition("?")[0]
    for wrong in ("31/02/2026", "01/01/2020"):
        data = {**firm, "question_id": str(uuid7()), "text": "x", "due_on": wrong}
        answer = zone.officer.post("/customs/questions", data)
        assert (answer.status_code, "f-due_on-error" in answer.text) == (422, True)
    page = zone.filer.get("/customs/questions?q=thứ tự").text
    found = sorted(links, key=lambda words: page.index(links[words]))
    assert found == ["Gần hạn", "Xa hạn", "Không hạn"]
    assert zone.filer.post(f"{links['Không hạn']}/answers", {"text": "Đây."}).status_code == 303
    page = zone.officer.get("/customs/questions?q=thứ tự").text
    assert min(links, key=lambda words: page.index(links[words])) == "Không hạn"
    assert links["Xa hạn"] not in zone.filer.get("/customs/questions?q=nirgends").text


def test_a_closed_question_is_opened_again_with_what_is_asked_further(zone: Zone) -> None:
    path = asked(zone, zone.firms.declared(state="REGISTERED"))
    assert zone.officer.post(f"{path}/close").status_code == 303
    assert zone.officer.post(f"{path}/close").status_code == 409
    assert f'action="{path}/replies"' in zone.officer.get(path).text
    assert zone.officer.post(f"{path}/replies", {"text": "Còn một điểm."}).status_code == 303
    assert zone.filer.post(f"{path}/answers", {"text": "Rõ."}).status_code == 303


def test_two_minutes_with_a_firm(zone: Zone) -> None:
    declared = zone.firms.declared(state="PAYABLE", lines=[{"hs": "72083990", "scheme": "MFN"}])
    difference(zone.firms, declared)
    assert zone.officer.post(f"/declarations/{declared}/risk").status_code == 303
    party = zone.firms.party()
    page = zone.officer.get(f"/customs/firms/{party}").text
    parts = ["differences", "risk", "debts", "stock", "declarations", "notes", "questions"]
    assert sorted(parts, key=lambda part: page.index(f'<h2 id="{part}"')) == parts
    assert f'href="/declarations/{declared}/risk"' in page
    assert f"/customs/differences?state=OPEN&amp;firm={party}" in page
    tax_code = zone.firms.tax_code()
    assert f"/customs/firms/{party}" in zone.officer.get(f"/customs/firms?q={tax_code}").text


def test_differences_are_narrowed_exported_and_one_s_own(zone: Zone) -> None:
    mine, theirs = zone.firms.declared(state="PAYABLE"), zone.firms.declared(login=OTHER, state="PAYABLE")
    difference(zone.firms, mine)
    difference(zone.firms, theirs, state="EXPLAINED")
    links = {declared: f"/declarations/{declared}#panel-differences" for declared in (mine, theirs)}
    both = zone.officer.get("/customs/differences").text
    assert all(link in both for link in links.values())
    explained = zone.officer.get("/customs/differences?state=EXPLAINED&tax=VAT").text
    assert (links[mine] in explained, links[theirs] in explained) == (False, True)
    own = zone.filer.get("/customs/differences").text
    assert (links[mine] in own, links[theirs] in own) == (True, False)
    sheet = zone.filer.get("/customs/differences.csv?state=OPEN").text
    assert "6670" in sheet
    assert zone.officer.get("/customs/differences.xlsx").status_code == 200
    of_firm = zone.officer.get(f"/customs/differences?firm={zone.firms.party()}").text
    assert (links[mine] in of_firm, links[theirs] in of_firm) == (True, False)
    assert zone.officer.get("/customs/differences?firm=x&state=y&after=z").status_code == 200
    assert zone.house.person("mot.cua").get("/customs/differences").status_code == 403


def test_an_officer_finds_firms_and_nobody_else_does(zone: Zone) -> None:
    zone.firms.declared(state="REGISTERED")
    party, tax_code = zone.firms.party(), zone.firms.tax_code()
    with zone.firms.as_(zone.firms.person(OFFICER)) as session:
        (provider,) = [each for each in zone.firms.platform.search if each.kind == "customs-firm"]
        reindex(session, provider)
    assert f"/customs/firms/{party}" in zone.officer.get(f"/search?q={tax_code}").text
    assert f"/customs/firms/{party}" not in zone.filer.get(f"/search?q={tax_code}").text


def test_an_amendment_is_prepared_compared_and_given_up(zone: Zone) -> None:
    declared = zone.firms.declared(state="REGISTERED", header={"IMC": zone.firms.tax_code(), "EPN": "Hãng A"})
    path = f"/declarations/{declared}/amendment"
    assert f'action="{path}"' in zone.filer.get(path).text
    assert zone.filer.post(path).status_code == 303
    form = zone.filer.get(f"/declarations/{declared}/header/parties")
    assert form.status_code == 200
    version = re.search(r'name="version" value="(\d+)"', form.text)
    assert version is not None
    saved = zone.filer.post(
        f"/declarations/{declared}/header/parties",
        {"version": version[1], "IMC": "0312945656", "EPN": "Hãng B"},
    )
    assert saved.status_code in (303, 422)
    page = zone.filer.get(path).text
    assert "Hãng A" in page
    assert "Hãng B" in page
    assert "Put back" in zone.filer.get(path, headers={"accept-language": "en"}).text, (
        "the tax code may not change"
    )
    assert zone.filer.post(f"{path}/drop").headers["location"].endswith("done=dropped")
    assert zone.filer.post(f"{path}/drop").status_code == 409
    assert zone.other.get(path).status_code == 404
    assert zone.officer.get(path).status_code == 403


def test_a_comparison_goes_line_by_line_and_a_new_line_is_told_as_a_whole(zone: Zone) -> None:
    lines = [{"hs": "72083990", "description": "Thép tấm"}]
    declared = zone.firms.declared(state="REGISTERED", lines=lines)
    path = f"/declarations/{declared}/amendment"
    assert zone.filer.post(path).status_code == 303
    with zone.firms.as_(zone.firms.person(FILER)) as session:
        draft = session.scalars(
            select(Revision).where(Revision.declaration_id == declared, Revision.state == "DRAFT")
        ).one()
        second = session.scalars(select(Line).where(Line.revision_id == draft.id, Line.number == 2)).one()
        second.hs = "72083910"
        session.add(
            Line(
                id=uuid7(), party_id=draft.party_id, revision_id=draft.id, number=3, hs="73181500", description="Vít"
            )
        )  # fmt: skip
    page = zone.filer.get(path, headers={"accept-language": "en"}).text
    groups = re.findall(r"<h3>(Line \d) <span class=\"quiet\">([^<]+)</span>(.*?)</h3>", page, re.DOTALL)
    assert [(line, about) for line, about, _ in groups] == [
        ("Line 2", "72083910 Thép tấm"),
        ("Line 3", "73181500 Vít"),
    ]
    assert ["line added" in chip for _, _, chip in groups] == [False, True]


def test_what_cannot_be_amended_or_cancelled_says_what_can_be_done(zone: Zone) -> None:
    drafted = zone.firms.declared()
    for page in ("amendment", "cancellation"):
        answer = zone.filer.get(f"/declarations/{drafted}/{page}")
        assert answer.status_code == 200
        assert "Gửi" in answer.text
    assert zone.filer.post(f"/declarations/{drafted}/amendment").status_code == 409
