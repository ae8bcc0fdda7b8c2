"""The special procedure in a browser: commitments from the form to paper, to rows, to evidence; then an adjustment."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.cli.demo import PASSWORD
from app.core.db import Database
from app.core.db.cluster import PrivateCluster
from app.core.kit.time import utcnow
from app.investment import queries
from app.modules import compose
from tests.browser.conftest import Site
from tests.browser.steps import CODE, SAVE, act, fill_form, put_papers, sign_form, sign_in, wait_for_code
from tests.browser.test_accessibility import serious
from tests.conftest import TEST_LOGINS, settings_for
from tests.core.documents import files
from tests.investment.dossiers import Office
from tests.investment.requests import commitment

pytestmark = pytest.mark.browser

KINDS = {
    "CONSTRUCTION": "Xây dựng đúng quy chuẩn",
    "ENVIRONMENT": "Xử lý nước thải",
    "FIRE": "Nghiệm thu phòng cháy",
}
OLD_NAME, NEW_NAME = "Nhà máy có cam kết Nam Tràng Cát", "Nhà máy có cam kết Nam Tràng Cát mở rộng"
OFFICERS = ("mot.cua", "tham.dinh", "truong.phong", "lanh.dao")


@pytest.fixture
def office(site: Site, cluster: PrivateCluster, test_var: Path) -> Iterator[Office]:
    """
    The desk of the site, without a browser.

    Composed anew: this process then seals with the keys of the site, whatever was composed in it before.
    """
    target = cluster.ensure().for_database(site.database)
    database = Database(target, logins=TEST_LOGINS, pool_size=2)
    yield Office(database, compose(settings_for(target, test_var)), utcnow())
    database.close()


def fill_commitments(page: Page) -> None:
    """Three rows, one of each field; one is forgotten first."""
    for row, (kind, what) in enumerate(KINDS.items()):
        if row:
            page.locator("button[name=then][value='add:commitments']").click()
            page.locator(f"#f-commitments-{row}-kind").wait_for()
        page.locator(f"#f-commitments-{row}-kind").select_option(kind)
        page.locator(f"#f-commitments-{row}-text").fill(f"{what} trước khi vận hành nhà máy.")
        page.locator(f"#f-commitments-{row}-article").fill("QCVN thử nghiệm")
        page.locator(f"#f-commitments-{row}-due_on").fill("31/12/2027")
        page.locator(f"#f-commitments-{row}-evidence").fill("Biên bản nghiệm thu")
    page.locator("#f-assessment").fill("Dự án đáp ứng các điều kiện về xây dựng, môi trường và phòng cháy.")


def hand_in(page: Page, name: str) -> None:
    page.locator("#f-evidence").set_input_files(
        [{"name": name, "mimeType": "application/pdf", "buffer": files.pdf(Note=f"({name})")}]
    )
    page.locator("form[action$='/evidence'] button").click()
    expect(page.locator(".paper-files").first).to_contain_text(name)


def judge(page: Page, verdict: str, reason: str = "") -> None:
    page.locator(f"input[name=verdict][value={verdict}]").check()
    page.locator("#f-reason").fill(reason)
    page.locator("form[action$='/decision'] button").click()
    page.locator("form[action$='/decision']").wait_for(state="detached")


@pytest.mark.timeout(600)
def test_the_special_procedure_from_request_to_fulfilled_commitment(
    visit: Callable[..., Page], shoot: Callable[[Page, str], None], answering: None
) -> None:
    firm, intake, appraiser, head, leader = (visit() for _ in range(5))
    sign_in(firm, "nop.hoso", PASSWORD)
    code = fill_form(firm, lang="vi", procedure="IRC_SPECIAL", then=fill_commitments)
    for page, login in zip((intake, appraiser, head, leader), OFFICERS, strict=True):
        sign_in(page, login, PASSWORD)
    act(intake, code, "accept")
    act(appraiser, code, "take_up")
    act(appraiser, code, "draft_decision", reason="Cam kết đầy đủ các lĩnh vực.")
    act(head, code, "approve")
    wait_for_code(leader, code)
    act(leader, code, "sign")

    firm.goto("/my")
    firm.locator("#panel-commitments").wait_for()
    firm.get_by_role("link", name=re.compile(KINDS["FIRE"])).first.click()
    firm.wait_for_url(re.compile("/commitments/"))
    firm.locator("form[action$='/evidence'] button").click()
    expect(firm.locator("#f-evidence-error")).to_be_visible()
    hand_in(firm, "nghiem-thu.pdf")
    shoot(firm, "95-commitment-handed-in")

    appraiser.goto("/desk/commitments")
    shoot(appraiser, "96-commitments")
    appraiser.get_by_role("link", name=re.compile(KINDS["FIRE"])).first.click()
    appraiser.locator("input[name=verdict][value=RETURN]").check()
    appraiser.locator("form[action$='/decision'] button").click()
    expect(appraiser.locator("#f-reason-error")).to_be_visible()
    judge(appraiser, "RETURN", "Thiếu chữ ký của đơn vị nghiệm thu.")
    firm.reload()
    expect(firm.get_by_text("Thiếu chữ ký của đơn vị nghiệm thu.")).to_be_visible()
    hand_in(firm, "nghiem-thu-2.pdf")
    appraiser.reload()
    judge(appraiser, "CONFIRM")
    expect(appraiser.locator(".page-head .chip-good")).to_be_visible()

    for page, path in ((firm, "/my"), (appraiser, "/desk/commitments")):
        page.goto(path)
        expect(page.get_by_role("link", name=re.compile(KINDS["ENVIRONMENT"]))).to_have_count(1)
        expect(page.get_by_role("link", name=re.compile(KINDS["FIRE"]))).to_have_count(0)
    project_has(appraiser, shoot)


def project_has(page: Page, shoot: Callable[[Page, str], None]) -> None:
    """On the project's page all three commitments stand with their state."""
    page.goto("/projects")
    page.get_by_role("link", name=re.compile("Nhà máy thử nghiệm linh kiện")).first.click()
    panel = page.locator("#panel-commitments")
    expect(panel.locator("tbody tr")).to_have_count(3)
    expect(panel.locator(".chip-good")).to_have_count(1)
    shoot(page, "97-project")


def begun(office: Office) -> str:
    """Take a dossier of the special procedure to its certificate without a browser; return the number."""
    answers = {"commitments": [commitment(kind) for kind in KINDS], "assessment": "Đáp ứng các điều kiện."}
    # In a thread: signing runs a loop of its own, and the browser's runs in this one.
    with ThreadPoolExecutor(1) as beside:
        case_id = beside.submit(
            office.filed, procedure="IRC_SPECIAL", project_name_vi=OLD_NAME, **answers
        ).result()
        beside.submit(office.to_certificate, case_id).result()
    with office.as_(office.person("lanh.dao")) as session:
        found = queries.of_case(session, case_id)
        assert found is not None
        return found.number


@pytest.mark.timeout(600)
def test_an_adjustment_from_the_register_to_the_superseded_paper(
    visit: Callable[..., Page], shoot: Callable[[Page, str], None], office: Office, answering: None
) -> None:
    number = begun(office)
    firm, intake, appraiser, head, leader, visitor = (visit() for _ in range(6))
    sign_in(firm, "nop.hoso", PASSWORD)
    firm.goto("/guide?intent=CHANGE")
    firm.locator("main a[href='/certificates']").click()
    firm.get_by_role("link", name=number).click()
    old_paper = firm.locator("a[href^='/verify/']").first.get_attribute("href") or ""
    firm.locator("form[action$='/adjust'] button").click()
    firm.wait_for_url(re.compile("/dossiers/[0-9a-f-]+$"))
    base = firm.url
    firm.locator("form[action$='/actions/submit'] button").click()
    expect(firm.locator("[data-error-summary] a[href*='adjust_reason']").first).to_be_visible()
    adjust(firm, base)
    firm.goto(base)
    changes = firm.locator("#panel-changes")
    expect(changes).to_contain_text(OLD_NAME)
    expect(changes).to_contain_text(NEW_NAME)
    expect(changes).to_contain_text("31/12/2028")
    shoot(firm, "98-adjust-changes")
    put_papers(firm)
    sign_form(firm)
    firm.locator("form[action$='/actions/submit'] button").click()
    firm.wait_for_url(re.compile("done=submit"))
    found = CODE.search(firm.locator("main").inner_text())
    assert found
    code = found.group()
    for page, login in zip((intake, appraiser, head, leader), OFFICERS, strict=True):
        sign_in(page, login, PASSWORD)
    act(intake, code, "accept")
    act(appraiser, code, "take_up")
    expect(appraiser.locator("#panel-changes")).to_contain_text(NEW_NAME)
    act(appraiser, code, "draft_decision", reason="Nội dung điều chỉnh phù hợp.")
    act(head, code, "approve")
    act(leader, code, "sign")

    firm.goto(f"/certificates/{number}")
    expect(firm.locator("section:has(#revisions) tbody tr")).to_have_count(2)
    shoot(firm, "99-certificate-adjusted")
    firm.locator("a[href*='/changes?revision=2']").click()
    expect(firm.locator("main del.before").first).to_be_visible()
    expect(firm.locator("main")).to_contain_text(NEW_NAME)
    shoot(firm, "99-certificate-changes")
    assert serious(firm) == []
    visitor.goto(old_paper)
    visitor.locator(".notice a[href^='/verify/'], main a[href^='/verify/']").first.click()
    expect(visitor.locator("main")).to_contain_text(NEW_NAME)
    followed_up(appraiser, shoot)


def adjust(page: Page, base: str) -> None:
    """Answer what an adjustment asks, change the name, and put off one commitment."""
    page.goto(f"{base}/form/adjustment")
    page.locator("#f-adjust_reason").fill("Đổi tên dự án và lùi thời hạn nghiệm thu phòng cháy.")
    page.locator("#f-implementation").fill("Đã góp đủ vốn, đang xây dựng nhà xưởng.")
    page.get_by_role("button", name=SAVE).click()
    page.wait_for_url(re.compile("/form/investor"))
    page.goto(f"{base}/form/project")
    page.locator("#f-project_name_vi").fill(NEW_NAME)
    page.get_by_role("button", name=SAVE).click()
    page.wait_for_url(re.compile("/form/site"))
    page.goto(f"{base}/form/contact")
    page.locator("input[name=declaration][value=yes]").check()
    page.get_by_role("button", name=SAVE).click()
    page.wait_for_url(re.compile("/form/commitments"))
    page.locator("#f-commitments-2-due_on").fill("31/12/2028")
    page.get_by_role("button", name=SAVE).click()
    page.wait_for_url(re.compile("/dossiers/[0-9a-f-]+$"))


def followed_up(page: Page, shoot: Callable[[Page, str], None]) -> None:
    """The project shows the commitment that was put off as replaced, and the new one in its place."""
    page.goto("/projects")
    page.get_by_role("link", name=NEW_NAME).click()
    panel = page.locator("#panel-commitments")
    expect(panel.locator("tbody tr")).to_have_count(4)
    expect(panel.locator(".chip-stale")).to_have_count(1)
    expect(panel).to_contain_text("31/12/2028")
    shoot(page, "99-project-adjusted")
