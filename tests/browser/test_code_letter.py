"""A project code from a letter in a browser: entered, confirmed, contradicted by the registry, settled, signed."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from app.cli.demo import PASSWORD
from app.core.workflow.models import Case
from app.investment import queries
from app.investment.clients import Answer, AnswerState
from app.investment.service import project_codes
from tests.browser.steps import act, sign_in
from tests.browser.test_accessibility import serious
from tests.browser.test_special import office
from tests.core.documents import files
from tests.investment.dossiers import Office

__all__ = ["office"]
pytestmark = pytest.mark.browser

CODE, OTHER = "9900000101", "9900000102"
TO_APPROVED = (
    ("mot.cua", "accept"), ("tham.dinh", "take_up"), ("tham.dinh", "draft_decision"), ("truong.phong", "approve"),
)  # fmt: skip


def approved(office: Office) -> tuple[UUID, str]:
    """Take a dossier to the reviewed draft; no worker runs, so that no code arrives."""
    with ThreadPoolExecutor(
        1
    ) as beside:  # signing runs a loop of its own, and the browser's runs in this one
        case_id = beside.submit(office.filed, project_name_vi="Nhà máy có mã theo văn bản (hư cấu)").result()
        for login, action in TO_APPROVED:
            given = {"reason": "Hồ sơ đầy đủ."} if action == "draft_decision" else {}
            beside.submit(office.take, case_id, login, action, **given).result()
    with office.as_(office.person("lanh.dao")) as session:
        return case_id, session.get_one(Case, case_id).code or ""


def late_answer(office: Office, case_id: UUID) -> None:
    with office.as_(office.person("lanh.dao")) as session:
        request = queries.latest_request(session, case_id)
        assert request is not None
        answer = Answer(AnswerState.ISSUED, OTHER)
        project_codes.take_answer(session, request_id=request.id, answer=answer, now=office.now)


@pytest.mark.timeout(600)
def test_from_the_letter_to_the_signature(
    visit: Callable[..., Page], shoot: Callable[[Page, str], None], office: Office, tmp_path: Path
) -> None:
    case_id, code = approved(office)
    path = f"/dossiers/{case_id}/project-code/letter"
    appraiser, head, leader = visit(), visit(phone=True, dark=True, lang="en"), visit()
    for page, login in ((appraiser, "tham.dinh"), (head, "truong.phong"), (leader, "lanh.dao")):
        sign_in(page, login, PASSWORD)
        page.goto(f"/dossiers/{case_id}")
    shoot(appraiser.locator("#panel-project-code").first.page, "letter-01-panel")
    appraiser.locator(f"main a[href='{path}']").click()
    _enter(appraiser, tmp_path, shoot)

    head.goto(f"/dossiers/{case_id}")
    head.locator(f"main a[href='{path}']").click()
    expect(head.locator("main")).not_to_contain_text(CODE)
    head.locator("#f-code_again").fill(OTHER)
    head.locator("form:has(#f-code_again) button[type=submit]").click()
    expect(head.locator("#f-code_again-error")).to_be_visible()
    expect(head.locator("[data-error-summary]")).to_be_focused()  # until then the page may still move
    shoot(head, "letter-03-differs-phone")
    head.locator("#f-code_again").fill(CODE)
    head.locator("form:has(#f-code_again) button[type=submit]").click()
    expect(head.locator("[data-code-state=CONFIRMED]")).to_contain_text(CODE, timeout=15_000)

    late_answer(office, case_id)
    leader.goto(f"/dossiers/{case_id}")
    expect(leader.locator("[data-code-state=DISPUTED]")).to_be_visible()
    head.goto(path)
    shoot(head, "letter-04-dispute-phone")
    assert serious(head) == []
    head.locator("input[name=verdict][value=KEEP]").check()
    head.locator("#f-settled").fill("The registry's help desk said on the telephone that the letter holds.")
    head.locator("form:has(#f-settled) button[type=submit]").click()
    expect(head.locator("[data-code-state]")).to_be_visible(timeout=15_000)
    appraiser.goto(path)
    shoot(appraiser, "letter-05-settled")
    act(leader, code, "sign")
    expect(leader.locator("main")).to_contain_text(CODE)
    shoot(leader, "letter-06-signed")


def _enter(page: Page, folder: Path, shoot: Callable[[Page, str], None]) -> None:
    page.locator("#f-code").fill("99000001")
    page.locator("form[enctype] button[type=submit]").click()
    expect(page.locator("#f-code-error")).to_be_visible()
    expect(page.locator("#f-code")).to_have_value("99000001")
    shoot(page, "letter-02-refused")
    assert serious(page) == []
    page.locator("#f-code").fill(CODE)
    page.locator("#f-number").fill("1234/ĐTNN-QLDA")
    page.locator("#f-dated_on").fill("20/11/2026")
    page.locator("#f-reason").fill("Hệ thống quốc gia không trả lời trong nhiều ngày.")
    scan = folder / "van-ban.pdf"
    scan.write_bytes(files.pdf())
    page.locator("#f-scan").set_input_files([scan])
    page.locator("form[enctype] button[type=submit]").click()
    expect(page.locator(".paper-files .chip-active")).to_be_visible()
