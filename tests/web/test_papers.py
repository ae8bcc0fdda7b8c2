"""The pages of papers over HTTP, as applicant, officer and visitor; nothing here needs a script."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.cli.demo import PASSWORD
from app.core.db import Database
from app.core.db.cluster import PrivateCluster
from app.core.documents import service as documents
from app.core.documents.models import Issued, Letter
from app.core.documents.signing import DevelopmentAuthority, SignerIdentity, sign_pdf
from app.core.documents.typeset import typeset
from app.core.kit.time import utcnow
from app.core.workflow.papers import LetterKind, issue_letter
from app.core.workflow.papers.form import SIGNATURE_FIELD
from app.main import create_app
from app.modules import Platform
from app.web import uploads
from app.web.pages import verify_upload
from tests.conftest import TEST_LOGINS, clone, settings_for
from tests.core.documents import files, papers
from tests.core.workflow.paper_world import World, book_of, case_in, make_world

CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')


class Visitor:
    """A browser without script: cookies, forms with their token, answers as parsed pages."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    def get(self, path: str, status: int = 200) -> BeautifulSoup:
        """Open a page in English."""
        answer = self.client.get(path)
        assert answer.status_code == status, answer.text[:600]
        return BeautifulSoup(answer.text, "html.parser")

    def post(self, path: str, data: dict[str, str] | None = None, *, on: str = "/login", **more: Any) -> Any:
        """Send a form as the page ``on`` would."""
        token = CSRF.search(self.client.get(on, follow_redirects=True).text)
        assert token is not None
        return self.client.post(
            path, data={"csrf_token": token[1], **(data or {})}, follow_redirects=False, **more
        )


@pytest.fixture(scope="module")
def world(cluster: PrivateCluster, ready_template: str, platform: Platform) -> Iterator[World]:
    with clone(cluster, ready_template) as target:
        database = Database(target, logins=TEST_LOGINS, pool_size=4)
        yield make_world(database, platform)
        database.close()


@pytest.fixture(scope="module")
def visitor(world: World, platform: Platform, test_var: Path) -> Iterator[Callable[..., Visitor]]:
    app = create_app(settings_for(world.database.target, test_var))
    clients: list[TestClient] = []
    known: dict[str, Visitor] = {}
    with TestClient(app, base_url="https://127.0.0.1:8000"):
        # The desk and the permissions of this world, whatever the composition has wired by now.
        app.state.desk = world.desk
        app.state.permissions = book_of(platform)

        def make(login: str = "", lang: str = "en") -> Visitor:
            name = f"{login}-{lang}"
            if name not in known:
                client = TestClient(app, base_url="https://127.0.0.1:8000", headers={"accept-language": lang})
                clients.append(client)
                known[name] = Visitor(client)
                if login:
                    sent = known[name].post("/login", {"login_id": login, "password": PASSWORD})
                    assert sent.status_code == 303
            return known[name]

        yield make


def upload(
    who: Visitor, path: str, *parts: tuple[str, bytes], data: dict[str, str] | None = None, **headers: str
) -> Any:
    sent = [("files", (name, body, "application/octet-stream")) for name, body in parts]
    return who.post(path, data, on=path, files=sent, headers=headers)


def text_of(page: BeautifulSoup | Tag | None) -> str:
    assert page is not None
    return page.get_text(" ", strip=True)


class TestComponentPage:
    def test_upload_reuse_and_remove(self, world: World, visitor: Callable[..., Visitor]) -> None:
        who = visitor("nop.hoso")
        first, second = world.draft(), world.draft()
        path = f"/dossiers/{first}/papers/FINANCE"
        assert (
            upload(who, path, ("báo cáo 2024.pdf", files.pdf(A="(1)")), ("b.png", files.png())).status_code
            == 303
        )
        page = who.get(path)
        assert "báo cáo 2024.pdf" in text_of(page.select_one("[data-files]"))
        assert len(page.select("[data-files] li form")) == 2

        other = f"/dossiers/{second}/papers/FINANCE"
        offer = who.get(other).select_one("form[action$='/vault'] input[name=document_id]")
        assert offer is not None
        assert who.post(f"{other}/vault", {"document_id": str(offer["value"])}, on=other).status_code == 303
        shown = who.get(other)
        assert "used in 1 other dossier" in text_of(shown.select_one("[data-files]"))

        held = shown.select_one("form[action$='/remove'] input[name=file]")
        assert held is not None
        assert who.post(f"{other}/remove", {"file": str(held["value"])}, on=other).status_code == 303
        assert "No file yet." in text_of(who.get(other))

    def test_refusal_stands_beside_the_field_and_good_files_stay(
        self, world: World, visitor: Callable[..., Visitor]
    ) -> None:
        who = visitor("nop.hoso")
        path = f"/dossiers/{world.draft()}/papers/FINANCE"
        answer = upload(who, path, ("good.pdf", files.pdf()), ("bad.pdf", b"MZ" + b"\0" * 300))
        page = BeautifulSoup(answer.text, "html.parser")
        assert answer.status_code == 200
        assert "bad.pdf:" in text_of(page.select_one("#f-files-error"))
        assert page.select_one("[data-error-summary] a[href='#f-files']")
        assert "good.pdf" in text_of(page.select_one("[data-files]"))
        assert "good.pdf" in text_of(who.get(path).select_one("[data-files]"))

    def test_only_refusals_are_an_error(self, world: World, visitor: Callable[..., Visitor]) -> None:
        who = visitor("nop.hoso")
        path = f"/dossiers/{world.draft()}/papers/FINANCE"
        hostile = '<img src=x onerror=alert(1)>".pdf'
        answer = upload(who, path, (hostile, b"not a pdf"))
        assert answer.status_code == 422
        assert "<img src=x" not in answer.text
        assert upload(who, path).status_code == 422, "no file chosen"

    def test_too_large_for_one_file_and_for_the_body(
        self, world: World, visitor: Callable[..., Visitor], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        who = visitor("nop.hoso")
        path = f"/dossiers/{world.draft()}/papers/FINANCE"
        monkeypatch.setattr(uploads, "MAX_BODY_BYTES", 2_000_000)
        answer = upload(who, path, ("big.pdf", b"%PDF-1.7" + b"x" * 3_000_000))
        assert answer.status_code == 413
        assert "larger than 2 MB" in answer.text

    def test_replacing_makes_a_version(self, world: World, visitor: Callable[..., Visitor]) -> None:
        who = visitor("nop.hoso")
        path = f"/dossiers/{world.draft()}/papers/FINANCE"
        upload(who, path, ("one.pdf", files.pdf(B="(1)")))
        option = who.get(path).select("select[name=replaces] option")[1]
        upload(who, path, ("two.pdf", files.pdf(B="(2)")), data={"replaces": str(option["value"])})
        shown = text_of(who.get(path).select_one("[data-files]"))
        assert "two.pdf" in shown
        assert "version 2" in shown
        assert "one.pdf" not in shown

    def test_the_island_gets_the_files_or_the_reason(
        self, world: World, visitor: Callable[..., Visitor]
    ) -> None:
        who = visitor("nop.hoso")
        path = f"/dossiers/{world.draft()}/papers/FINANCE"
        good = upload(who, path, ("a.pdf", files.pdf()), **{"X-Upload": "1"})
        bad = upload(who, path, ("b.pdf", b"no"), **{"X-Upload": "1"})
        assert (good.status_code, bad.status_code) == (200, 422)
        assert "<html" not in good.text
        assert "a.pdf" in text_of(BeautifulSoup(good.text, "html.parser").select_one("[data-files]"))
        assert "b.pdf:" in text_of(BeautifulSoup(bad.text, "html.parser").select_one("[data-refusal]"))

    def test_another_firm_sees_nothing(self, world: World, visitor: Callable[..., Visitor]) -> None:
        case_id = world.draft()
        mine, other = visitor("nop.hoso"), visitor("hoshi")
        path = f"/dossiers/{case_id}/papers/FINANCE"
        upload(mine, path, ("a.pdf", files.pdf()))
        link = mine.get(path).select_one("[data-files] a")
        assert link is not None
        for address in (path, f"/dossiers/{case_id}/papers", f"/dossiers/{case_id}/form.pdf",
                        f"/dossiers/{case_id}/sign", str(link["href"])):  # fmt: skip
            other.get(address, 404)
        assert other.post(path, on="/vault", files=[("files", ("x.pdf", files.pdf()))]).status_code == 404

    def test_not_while_the_desk_has_it(self, world: World, visitor: Callable[..., Visitor]) -> None:
        case_id = world.draft()
        with world.as_(world.filer) as session:
            case_in(session, case_id).state = "submitted"
        who = visitor("nop.hoso")
        path = f"/dossiers/{case_id}/papers/FINANCE"
        assert not who.get(path).select("input[type=file]")
        assert who.post(path, files=[("files", ("x.pdf", files.pdf()))]).status_code == 409

    def test_strangers_are_turned_away_before_the_body_is_read(
        self, world: World, visitor: Callable[..., Visitor]
    ) -> None:
        who = visitor()
        assert who.post(f"/dossiers/{world.draft()}/papers/FINANCE").status_code == 401

    def test_a_form_without_token_is_refused(self, world: World, visitor: Callable[..., Visitor]) -> None:
        path = f"/dossiers/{world.draft()}/papers/FINANCE"
        answer = visitor("nop.hoso").client.post(path, files=[("files", ("x.pdf", files.pdf()))])
        assert answer.status_code == 403

    def test_list_says_what_is_missing(self, world: World, visitor: Callable[..., Visitor]) -> None:
        page = visitor("nop.hoso").get(f"/dossiers/{world.draft()}/papers")
        assert "Missing" in text_of(page.select_one("#f-component-FINANCE"))
        assert "If there is one" in text_of(page.select_one("#f-component-OTHER"))
        assert "Not signed" in text_of(page.select_one("#f-form"))


class TestVault:
    def test_papers_with_use(self, world: World, visitor: Callable[..., Visitor]) -> None:
        who, case_id = visitor("nop.hoso"), world.draft()
        upload(who, f"/dossiers/{case_id}/papers/FINANCE", ("vault.pdf", files.pdf()))
        page = text_of(who.get("/vault"))
        assert "vault.pdf" in page
        assert "1 place" in page

    def test_empty(self, visitor: Callable[..., Visitor]) -> None:
        assert "The vault is empty" in text_of(visitor("hoshi").get("/vault"))

    def test_names_survive_the_download(self, world: World, visitor: Callable[..., Visitor]) -> None:
        who, path = visitor("nop.hoso"), f"/dossiers/{world.draft()}/papers/FINANCE"
        upload(who, path, ("Báo cáo 'Đ'; x.pdf", files.pdf()))
        link = who.get(path).select_one("[data-files] a")
        assert link is not None
        answer = who.client.get(str(link["href"]))
        assert answer.headers["content-disposition"] == (
            "attachment; filename=\"bao-cao-d-x.pdf\"; filename*=UTF-8''B%C3%A1o%20c%C3%A1o%20%27%C4%90%27%3B%20x.pdf"
        )
        assert "sandbox" in answer.headers["content-security-policy"]


class TestForm:
    def test_prints_at_any_moment(self, world: World, visitor: Callable[..., Visitor]) -> None:
        case_id = world.draft()
        applicant, path = visitor("nop.hoso").client, f"/dossiers/{case_id}/form.pdf"
        answer = applicant.get(f"{path}?lang=en")
        assert answer.headers["content-type"] == "application/pdf"
        assert "Reference translation" in " ".join(papers.text_of(answer.content).split())
        assert applicant.get(f"{path}?lang=xx").status_code == 422
        assert visitor("mot.cua").client.get(path).status_code == 404, "a draft is its applicant's alone"

    def test_sign_here_asks_for_the_password(self, world: World, visitor: Callable[..., Visitor]) -> None:
        who, path = visitor("nop.hoso"), f"/dossiers/{world.draft()}/sign"
        for password in ("", "wrong"):
            answer = who.post(path, {"password": password}, on=path)
            assert answer.status_code == 422
            assert BeautifulSoup(answer.text, "html.parser").select_one("#f-password-error")
        assert who.post(path, {"password": PASSWORD}, on=path).status_code == 303
        assert "Signed by" in text_of(who.get(path).select_one("#f-form"))

    def test_sign_elsewhere_and_bring_it_back(self, world: World, visitor: Callable[..., Visitor]) -> None:
        who, path = visitor("nop.hoso"), f"/dossiers/{world.draft()}/sign"
        printed = who.post(f"{path}/print", on=path).content
        key = world.press.signing.key_for(str(world.filer.user_id), now=utcnow())
        signed = sign_pdf(printed, key=key, field=SIGNATURE_FIELD, at=utcnow())
        for body, status in ((printed, 422), (b"%PDF-no", 422), (signed, 303)):
            answer = who.post(f"{path}/upload", on=path, files={"signed": ("form.pdf", body)})
            assert answer.status_code == status
            if status == 422:
                assert BeautifulSoup(answer.text, "html.parser").select_one("#f-signed-error")
        assert "Signed by" in text_of(who.get(path).select_one("#f-form"))


class TestLetters:
    @pytest.fixture
    def issued(self, world: World) -> Issued:
        case_id = world.draft(project_name_vi="=HYPERLINK")
        with world.as_(world.leader) as session:
            case = case_in(session, case_id)
            document = issue_letter(
                session, press=world.press, case=case, definition=world.definition, kind=LetterKind.REFUSAL,
                params={"reason": "Không phù hợp."}, actor=world.leader, now=utcnow(),
            )  # fmt: skip
            letter = session.scalars(select(Letter).where(Letter.document_id == document.id)).one()
            letter.document = document
            return session.scalars(select(Issued).where(Issued.document_id == document.id)).one()

    def test_register(self, issued: Issued, visitor: Callable[..., Visitor]) -> None:
        who = visitor("mot.cua")
        assert issued.number in text_of(who.get("/letters?kind=REFUSAL&year=2026"))
        assert issued.number not in text_of(who.get("/letters?year=1999"))
        assert issued.number in text_of(who.get("/letters?year=x&kind=%27&after=zzz"))
        answer = who.client.get("/letters.csv?kind=REFUSAL")
        assert answer.content.startswith(b"\xef\xbb\xbf")
        assert f'"{issued.number}"' in answer.text

    def test_applicants_have_no_register(self, visitor: Callable[..., Visitor]) -> None:
        assert visitor("nop.hoso").client.get("/letters").status_code == 403
        assert visitor("nop.hoso").client.get("/letters.csv").status_code == 403


def letter_pdf(world: World, *, authority: DevelopmentAuthority | None = None) -> bytes:
    signing = authority or world.press.signing
    key = signing.issue(SignerIdentity("check", "Nguyễn Thử", "Trưởng ban", "Cơ quan"), now=utcnow())
    return sign_pdf(typeset("letter", papers.letter(), at=papers.AT), key=key, field="leader", at=utcnow())


def check(who: Visitor, body: bytes, name: str = "x.pdf") -> tuple[int, str]:
    answer = who.post("/verify/file", on="/verify/file", files={"file": (name, body)})
    return answer.status_code, text_of(BeautifulSoup(answer.text, "html.parser").select_one("main"))


class TestVerifyFile:
    def test_valid_changed_and_unsigned(self, world: World, visitor: Callable[..., Visitor]) -> None:
        pdf = letter_pdf(world)
        status, shown = check(visitor(), pdf)
        assert status == 200
        assert "Valid" in shown
        assert "Nguyễn Thử" in shown
        assert "does not know this file" in shown
        gap = pdf.rindex(b"/Contents") + 200
        broken = pdf[:gap] + (b"1" if pdf[gap : gap + 1] != b"1" else b"2") + pdf[gap + 1 :]
        assert "Valid" not in check(visitor(), broken)[1]
        assert "Unsigned" in check(visitor(), files.pdf())[1]

    def test_unknown_root(self, world: World, visitor: Callable[..., Visitor], tmp_path: Path) -> None:
        foreign = DevelopmentAuthority(tmp_path / "keys", passphrase=b"x")
        foreign.set_up(organisation="Khác", now=utcnow() - timedelta(days=1))
        assert "Unknown issuer" in check(visitor(), letter_pdf(world, authority=foreign))[1]

    def test_expired_and_revoked(self, world: World, visitor: Callable[..., Visitor]) -> None:
        signing, now = world.press.signing, utcnow()
        identity = SignerIdentity("old", "Hết Hạn", "", "")
        key = signing.issue(identity, now=now - timedelta(hours=3), valid_for=timedelta(hours=1))
        within = now - timedelta(hours=2, minutes=30)
        pdf = sign_pdf(typeset("letter", papers.letter(), at=papers.AT), key=key, field="leader", at=within)
        assert "Certificate expired" in check(visitor(), pdf)[1]
        key = signing.issue(SignerIdentity("gone", "Thu Hồi", "", ""), now=now - timedelta(hours=1))
        pdf = sign_pdf(typeset("letter", papers.letter(), at=papers.AT), key=key, field="leader", at=now)
        signing.revoke(key.certificate.serial_number, now=now)
        assert "Certificate revoked" in check(visitor(), pdf)[1]

    def test_a_registered_file_leads_to_its_entry(
        self, world: World, visitor: Callable[..., Visitor]
    ) -> None:
        issued = registered(world)
        answer = visitor().post(
            "/verify/file",
            on="/verify/file",
            files={"file": ("x.pdf", world.press.store.read(issued.sha256))},
        )
        assert BeautifulSoup(answer.text, "html.parser").select_one(
            f"a[href='/verify/{issued.verification_code}']"
        )

    @pytest.mark.parametrize("body", [b"", b"hello", b"%PDF-1.7 broken", b"\0" * 100])
    def test_what_is_no_pdf_is_refused_beside_the_field(
        self, visitor: Callable[..., Visitor], body: bytes
    ) -> None:
        answer = visitor().post("/verify/file", on="/verify/file", files={"file": ("x.pdf", body)})
        assert answer.status_code == 422
        assert BeautifulSoup(answer.text, "html.parser").select_one("#f-file-error")

    def test_too_large(self, visitor: Callable[..., Visitor], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(verify_upload, "MAX_BYTES", 1_000_000)
        assert check(visitor(), b"%PDF-" + b"x" * 1_500_000)[0] == 422

    def test_nothing_is_kept(self, world: World, visitor: Callable[..., Visitor]) -> None:
        letter = letter_pdf(world)
        status, _ = check(visitor(), letter)
        assert status == 200
        assert not world.press.store.exists(sha256(letter).hexdigest())

    def test_hostile_file_name_stays_text(self, world: World, visitor: Callable[..., Visitor]) -> None:
        answer = visitor().post(
            "/verify/file", on="/verify/file", files={"file": ("<script>x</script>.pdf", files.pdf())}
        )
        assert "<script>x" not in answer.text


def registered(world: World, kind: LetterKind = LetterKind.REFUSAL) -> Issued:
    case_id = world.draft()
    with world.as_(world.leader) as session:
        document = issue_letter(
            session, press=world.press, case=case_in(session, case_id), definition=world.definition, kind=kind,
            params={"reason": "Không phù hợp."}, actor=world.leader, now=utcnow(),
        )  # fmt: skip
        return session.scalars(select(Issued).where(Issued.document_id == document.id)).one()


class TestVerifyCode:
    def test_a_letter_needs_no_fields_of_a_project(
        self, world: World, visitor: Callable[..., Visitor]
    ) -> None:
        issued = registered(world)
        shown = text_of(visitor().get(f"/verify/{issued.verification_code}").select_one("main"))
        assert issued.number in shown
        assert "Letter of refusal" in shown
        assert "exactly this fingerprint" in shown
        assert "Valid" in shown

    def test_unsigned_says_so(self, world: World, visitor: Callable[..., Visitor]) -> None:
        issued = registered(world, LetterKind.RECEIPT)
        shown = text_of(visitor().get(f"/verify/{issued.verification_code}").select_one("main"))
        assert "Unsigned" in shown
        assert "without a signature" in shown
        assert "for development" not in shown

    def test_amended_leads_to_its_successor_and_revoked_says_why(
        self, world: World, visitor: Callable[..., Visitor]
    ) -> None:
        old, new = registered(world), registered(world)
        with world.as_(world.leader) as session:
            documents.amend(
                session, code=old.verification_code, replaced_by=new.verification_code, reason="Đính chính",
                actor=world.leader, now=utcnow(),
            )  # fmt: skip
            documents.revoke(
                session, code=new.verification_code, reason="<b>Thu hồi</b>", actor=world.leader, now=utcnow()
            )
        page = visitor().get(f"/verify/{old.verification_code}")
        assert page.select_one(f"a[href='/verify/{new.verification_code}']")
        assert "Genuine, but amended" in text_of(page)
        page = visitor().get(f"/verify/{new.verification_code}")
        assert "Revoked" in text_of(page)
        assert "<b>Thu hồi</b>" in text_of(page)

    def test_a_damaged_or_missing_file_is_told(self, world: World, visitor: Callable[..., Visitor]) -> None:
        damaged, missing = registered(world), registered(world)
        path = world.press.store.path(damaged.sha256)
        path.chmod(0o600)
        path.write_bytes(path.read_bytes() + b" ")
        world.press.store.path(missing.sha256).unlink()
        assert "The stored file is damaged" in text_of(visitor().get(f"/verify/{damaged.verification_code}"))
        assert "Signatures not checked" in text_of(visitor().get(f"/verify/{missing.verification_code}"))

    def test_a_mistyped_code_goes_to_the_form(self, visitor: Callable[..., Visitor]) -> None:
        answer = visitor().client.get("/verify/AAAA", follow_redirects=False)
        assert answer.status_code == 303


def test_vietnamese_pages_have_no_english_sentence(world: World, visitor: Callable[..., Visitor]) -> None:
    who, case_id = visitor("nop.hoso", "vi"), world.draft()
    for path in (f"/dossiers/{case_id}/papers", f"/dossiers/{case_id}/papers/FINANCE", f"/dossiers/{case_id}/sign",
                 "/vault", "/verify/file"):  # fmt: skip
        shown = text_of(who.get(path).select_one("main"))
        assert not re.search(r"\b(the|file|signature|dossier)\b", shown), shown
