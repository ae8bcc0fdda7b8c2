"""Letters of the desk: their text, numbers, signatures, register and public verification."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.core.db import Database
from app.core.db.cluster import PrivateCluster
from app.core.documents.models import Issued, Letter
from app.core.documents.signing import Verdict, verify_pdf
from app.core.workflow.models import Case
from app.core.workflow.papers import LetterKind, components, issue_letter
from app.core.workflow.papers.form_signing import sign_form
from app.core.workflow.papers.letter_texts import letter_forms
from app.core.workflow.papers.register import all_letters, letters, years
from app.modules import Platform
from app.web.exports import csv_text
from tests.conftest import TEST_LOGINS, clone
from tests.core.documents.papers import text_of
from tests.core.workflow.paper_world import LATER, NOW, World, case_in, make_world

GOLDEN = Path(__file__).with_name("golden")
HOSTILE = r'#read("/etc/passwd") #{1+1} $x^2$ @ref *bold* <label> `raw` // end /* x */ "%(code)s %s'
GAPS = [
    {"target": "FINANCE", "code": "UNREADABLE", "note": "Trang 3 bị mờ"},
    {"target": "investor_name", "code": "INCONSISTENT", "note": ""},
    {"component": "REQUEST", "code": "NOT_SIGNED", "text": "Ký bởi người đại diện"},
]
PARAMS: dict[LetterKind, dict[str, Any]] = {
    LetterKind.RECEIPT: {},
    LetterKind.SUPPLEMENT: {"gaps": GAPS},
    LetterKind.NOT_ACCEPTED: {"reason": "Hồ sơ không thuộc thẩm quyền.\nThiếu báo cáo tài chính."},
    LetterKind.REFUSAL: {
        "reason": "Mục tiêu dự án không phù hợp quy hoạch.",
        "articles": [{"instrument": "decree-96-2026", "article": "39"}],
    },
    LetterKind.APOLOGY: {"reason": "Chờ ý kiến của cơ quan phối hợp.", "new_date": "10/12/2026"},
}


@pytest.fixture(scope="module")
def world(cluster: PrivateCluster, ready_template: str, platform: Platform) -> Iterator[World]:
    with clone(cluster, ready_template) as target:
        database = Database(target, logins=TEST_LOGINS, pool_size=4)
        yield make_world(database, platform)
        database.close()


@pytest.fixture(scope="module")
def case_id(world: World) -> UUID:
    """A dossier that was filed with its papers and received."""
    case_id = world.draft()
    with world.as_(world.filer) as session:
        case = case_in(session, case_id)
        for code in ("REQUEST", "FINANCE"):
            components.attach_files(
                session, case=case, definition=world.definition, code=code, files=[world.kept()],
                actor=world.filer, now=NOW,
            )  # fmt: skip
        sign_form(
            session, press=world.press, case=case, definition=world.definition, actor=world.filer, now=NOW
        )
    step(world, case_id, "submit", world.filer)
    step(world, case_id, "accept", world.intake)
    return case_id


def step(world: World, case_id: UUID, action: str, actor: Any, **given: Any) -> None:
    with world.as_(actor) as session:
        world.desk.perform(
            session, case_id=case_id, action=action, revision=case_in(session, case_id).revision, actor=actor, now=NOW,
            input=given,
        )  # fmt: skip


def send(world: World, case_id: UUID, kind: LetterKind, actor: Any = None, **params: Any) -> bytes:
    with world.as_(actor or world.leader) as session:
        document = issue_letter(
            session, press=world.press, case=case_in(session, case_id), definition=world.definition, kind=kind,
            params=params, actor=actor or world.leader, now=LATER,
        )  # fmt: skip
        return world.press.store.read(document.sha256)


def settled(text: str) -> str:
    """Return a letter's text without what differs from run to run."""
    text = re.sub(r"[0-9A-Z]{5}(-[0-9A-Z]{5}){3}-[0-9A-Z]{6}-[0-9A-Z]", "<verification code>", text)
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<dossier>", re.sub(r"-\n", "-", text))
    text = re.sub(r"HS-\s?\d{4}-\s?\d{6}-\s?[0-9X]", "<dossier code>", text)
    return re.sub(r"Số: \d+/", "Số: <number>/", text) + "\n"


@pytest.mark.parametrize("kind", list(LetterKind))
def test_text(world: World, case_id: UUID, kind: LetterKind) -> None:
    text = settled(text_of(send(world, case_id, kind, **PARAMS[kind])))
    path = GOLDEN / f"letter-{kind.value.lower()}.txt"
    if os.environ.get("FTZ_UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_a_supplement_to_a_dossier_of_the_counter_is_handed_in_there(world: World, case_id: UUID) -> None:
    online = text_of(send(world, case_id, LetterKind.SUPPLEMENT, gaps=GAPS))
    assert "nộp trực tuyến theo mã hồ sơ" in " ".join(online.split())
    assert "tại quầy" not in online
    with world.as_(world.leader) as session:
        case = case_in(session, case_id)
        case.channel, case.desk_id = "COUNTER", world.intake.grants[0].party_id
        session.flush()  # the letter reads how the dossier came
        document = issue_letter(
            session, press=world.press, case=case, definition=world.definition, kind=LetterKind.SUPPLEMENT,
            params={"gaps": GAPS}, actor=world.leader, now=LATER,
        )  # fmt: skip
        text = " ".join(text_of(world.press.store.read(document.sha256)).split())
        session.rollback()
    assert "nộp trực tiếp tại quầy đã tiếp nhận hồ sơ" in text


@pytest.mark.parametrize("kind", list(LetterKind))
def test_text_of_people_stays_text(world: World, case_id: UUID, kind: LetterKind) -> None:
    params = {
        "reason": HOSTILE, "new_date": HOSTILE, "gaps": [{"target": HOSTILE, "code": HOSTILE, "note": HOSTILE}],
    }  # fmt: skip
    text = text_of(send(world, case_id, kind, **params))
    assert "root:" not in text
    if kind is not LetterKind.RECEIPT:
        assert "".join(HOSTILE.split()) in "".join(text.split())


def test_numbers_run_without_gaps_per_kind_and_a_rollback_gives_one_back(world: World, case_id: UUID) -> None:
    with world.as_(world.leader) as session:
        issue_letter(
            session, press=world.press, case=case_in(session, case_id), definition=world.definition,
            kind=LetterKind.APOLOGY, params={}, actor=world.leader, now=LATER,
        )  # fmt: skip
        session.rollback()
    send(world, case_id, LetterKind.APOLOGY)
    send(world, case_id, LetterKind.SUPPLEMENT)
    with world.as_(world.leader) as session:
        rows = session.execute(select(Letter.kind, Letter.number, Letter.text, Letter.document_id)).all()
    for kind in LetterKind:
        numbers = sorted(row.number for row in rows if row.kind == kind)
        assert numbers == list(range(1, len(numbers) + 1))
    assert all(row.document_id is not None for row in rows)
    assert len({row.text for row in rows}) == len(rows), "no two letters carry the same number"


def test_a_leader_s_refusal_is_signed_and_verifiable(world: World, case_id: UUID) -> None:
    pdf = send(world, case_id, LetterKind.REFUSAL, reason="Không phù hợp.")
    (report,) = verify_pdf(pdf, trust=world.press.signing.trust(now=LATER), now=LATER)
    assert (report.verdict, report.signer.name) == (Verdict.VALID, world.leader.name)
    assert "không ký số" not in text_of(pdf)


@pytest.mark.parametrize("kind", list(LetterKind))
def test_without_a_certificate_it_says_that_it_is_unsigned(
    world: World, case_id: UUID, kind: LetterKind
) -> None:
    pdf = send(world, case_id, kind, actor=world.appraiser, **PARAMS[kind])
    assert verify_pdf(pdf, trust=world.press.signing.trust(now=LATER), now=LATER) == []
    assert "không ký số" in " ".join(text_of(pdf).split())


def test_the_receipt_is_a_slip_without_signature_even_for_a_leader(world: World, case_id: UUID) -> None:
    assert (
        verify_pdf(
            send(world, case_id, LetterKind.RECEIPT), trust=world.press.signing.trust(now=LATER), now=LATER
        )
        == []
    )


def test_step_sends_the_letter_and_the_public_can_verify_it(world: World, case_id: UUID) -> None:
    with world.as_(world.filer) as session:
        receipts = session.scalars(select(Issued).where(Issued.kind == "RECEIPT")).all()
        code = session.scalars(select(Case.code).where(Case.id == case_id)).one()
    mine = [each for each in receipts if each.public.get("case_code") == code]
    assert mine
    assert set(mine[0].public) == {"subject", "case_code"}
    assert world.press.store.is_intact(mine[0].sha256)


def test_register_filters_and_pages(world: World, case_id: UUID) -> None:
    for _ in range(3):
        send(world, case_id, LetterKind.SUPPLEMENT)
    with world.as_(world.leader) as session:
        assert years(session) == [2026]
        everything = list(all_letters(session))
        first = letters(session, kind="SUPPLEMENT", size=2)
        assert len(first) == 3
        second = letters(session, kind="SUPPLEMENT", after=(first[1].issued_at, first[1].id), size=2)
        assert first[2].id == second[0].id
        assert letters(session, year=2025) == []
    assert all(line.verification_code and line.state == "VALID" for line in everything)


def test_every_kind_has_a_frame_whose_sentences_can_be_filled() -> None:
    words = dict.fromkeys(("code", "applicant", "procedure", "agency", "office", "track"), "x")
    assert set(letter_forms()) == set(LetterKind)
    for form in letter_forms().values():
        assert all(
            "%" not in line % words
            for line in (*form.opening, *form.closing, *form.closing_at_desk, form.subject)
        )
    symbols = [form.symbol for form in letter_forms().values()]
    assert len(set(symbols)) == len(symbols)


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_export_computes_nothing(cell: str) -> None:
    assert csv_text(["a"], [[cell]]).split("\r\n", 1)[1].startswith(f"\"'{cell}")


def test_export_leaves_plain_cells() -> None:
    assert csv_text(["Số"], [['01/BQL "x"', "a=b"]]) == '"Số"\r\n"01/BQL ""x""","a=b"\r\n'
