"""The statutory form: its text, what a signature stands for, and which signed files are taken."""

import io
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pikepdf
import pytest

from app.cli.setup import procedure_files
from app.core.db import Database
from app.core.db.cluster import PrivateCluster
from app.core.documents.service import file_of
from app.core.documents.signing import (
    DevelopmentAuthority,
    SignerIdentity,
    Trust,
    Verdict,
    sign_pdf,
    verify_pdf,
)
from app.core.errors import Forbidden
from app.core.kit.actor import Actor, Grant
from app.core.workflow.definition import FormField, FormSection, StatutoryForm
from app.core.workflow.papers import components, form_signing
from app.core.workflow.papers.components import PapersNotOpen
from app.core.workflow.papers.form import SIGNATURE_FIELD, Print, form_digest, print_form
from app.core.workflow.papers.form_signing import FormOutdated, FormUnsigned, SignedFileRefused
from app.core.workflow.papers.keys import ensure_applicant_key
from app.core.workflow.procedures import read_file
from app.modules import Platform
from tests.conftest import TEST_LOGINS, clone
from tests.core.documents.papers import text_of
from tests.core.workflow.paper_world import (
    ANSWERS,
    COMPANY,
    LATER,
    NOW,
    World,
    case_in,
    definition,
    form_data,
    make_world,
)

GOLDEN = Path(__file__).with_name("golden")
HOSTILE = r'#read("/etc/passwd") #{1+1} $x^2$ @ref *bold* <label> `raw` // end /* x */ "'


@pytest.fixture(scope="module")
def world(cluster: PrivateCluster, ready_template: str, platform: Platform) -> Iterator[World]:
    with clone(cluster, ready_template) as target:
        database = Database(target, logins=TEST_LOGINS, pool_size=4)
        yield make_world(database, platform)
        database.close()


def golden(name: str, text: str) -> None:
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("FTZ_UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def text_column(code: str, label: str) -> dict[str, Any]:
    return {"code": code, "type": "text", "label": {"vi": label}, "printed": True}


def form_i15() -> Any:
    return definition().model_copy(update={"form": StatutoryForm.model_validate(form_data())})


class TestPrint:
    @pytest.mark.parametrize("lang", ["vi", "en"])
    def test_text(self, platform: Platform, lang: str) -> None:
        order = Print(applicant=COMPANY, zone=platform.zone, at=NOW, lang=lang, draft=False)
        golden(f"form-{lang}", text_of(print_form(form_i15(), ANSWERS, order)) + "\n")

    def test_draft_and_translation_say_so(self, platform: Platform) -> None:
        draft = text_of(print_form(form_i15(), ANSWERS, Print(applicant=COMPANY, zone=platform.zone, at=NOW)))
        assert "BẢN NHÁP" in draft
        assert "chưa nộp" in draft
        clean = Print(applicant=COMPANY, zone=platform.zone, at=NOW, for_signing=True)
        assert "NHÁP" not in text_of(print_form(form_i15(), ANSWERS, clean))

    def test_equal_input_gives_equal_bytes(self, platform: Platform) -> None:
        order = Print(applicant=COMPANY, zone=platform.zone, at=NOW, for_signing=True)
        assert print_form(form_i15(), ANSWERS, order) == print_form(form_i15(), ANSWERS, order)

    def test_answers_stay_text(self, platform: Platform) -> None:
        answers = {**ANSWERS, "investor_name": HOSTILE, "milestones": [{"name": HOSTILE, "area": "1"}]}
        text = text_of(print_form(form_i15(), answers, Print(applicant=HOSTILE, zone=platform.zone, at=NOW)))
        assert "root:" not in text
        assert "".join(text.split()).count("".join(HOSTILE.split())) == 2

    def test_wide_tables_become_blocks_and_unprinted_columns_stay_out(self, platform: Platform) -> None:
        wide = FormField.model_validate(
            {
                "code": "investors", "type": "rows", "label": {"vi": "Các nhà đầu tư"}, "entry": {"vi": "Nhà đầu tư"},
                "printed": True,
                "fields": [
                    *(text_column(f"c{n}", f"Cột {n}") for n in range(7)),
                    {"code": "secret", "type": "text", "label": {"vi": "Không in"}},
                    {
                        "code": "passport", "type": "text", "label": {"vi": "Hộ chiếu"}, "printed": True,
                        "when": {"field": "c0", "is": "x"},
                    },
                ],
            }
        )  # fmt: skip
        section = FormSection(code="who", title={"vi": "Nhà đầu tư"}, fields=(wide,))
        mine = definition().model_copy(update={"sections": (section,)})
        answers = {"investors": [{"c0": "Một", "secret": "giấu"}, {"c0": "Hai"}]}
        text = text_of(print_form(mine, answers, Print(applicant=COMPANY, zone=platform.zone, at=NOW)))
        assert "Nhà đầu tư 2" in text
        assert "Cột 6" in text
        assert "giấu" not in text
        assert "Hộ chiếu" not in text
        other = {"investors": [{"c0": "Một", "secret": "khác"}, {"c0": "Hai"}]}
        assert form_digest(mine, answers) == form_digest(mine, other)

    def test_the_release_s_own_form_prints(self, platform: Platform) -> None:
        newest = max(procedure_files(), key=lambda path: (path.parent.name == "IRC", path.name))
        mine = read_file(newest)
        text = text_of(print_form(mine, {}, Print(applicant=COMPANY, zone=platform.zone, at=NOW)))
        assert "Kính gửi" in text

    def test_an_empty_draft_prints(self, platform: Platform) -> None:
        text = text_of(print_form(definition(), {}, Print(applicant=COMPANY, zone=platform.zone, at=NOW)))
        assert "…" in text

    def test_what_is_not_printed_does_not_count(self) -> None:
        mine = definition()
        assert form_digest(mine, ANSWERS) == form_digest(mine, {**ANSWERS, "contact": "khác"})
        assert form_digest(mine, ANSWERS) != form_digest(mine, {**ANSWERS, "investor_name": "khác"})
        assert form_digest(mine, ANSWERS) == form_digest(
            mine, {**ANSWERS, "gone": 1, "starts_on": "2027-03-01"}
        )


def submit(world: World, case_id: UUID, *, actor: Actor | None = None) -> None:
    who = actor or world.filer
    with world.as_(who) as session:
        world.desk.perform(
            session, case_id=case_id, action="submit", revision=case_in(session, case_id).revision, actor=who,
            now=LATER,
        )  # fmt: skip


def ready(world: World, **changed: Any) -> UUID:
    """Return a dossier that lacks the signature only."""

    case_id = world.draft(**changed)
    with world.as_(world.filer) as session:
        for code in ("REQUEST", "FINANCE"):
            components.attach_files(
                session, case=case_in(session, case_id), definition=world.definition, code=code,
                files=[world.kept()], actor=world.filer, now=LATER,
            )  # fmt: skip
    return case_id


def sign_here(world: World, case_id: UUID, *, actor: Actor | None = None) -> UUID:
    who = actor or world.filer
    with world.as_(who) as session:
        form = form_signing.sign_form(
            session, press=world.press, case=case_in(session, case_id), definition=world.definition, actor=who,
            now=LATER,
        )  # fmt: skip
        return form.document_id


def printed(world: World, case_id: UUID) -> bytes:
    with world.as_(world.filer) as session:
        document = form_signing.prepare_form(
            session, press=world.press, case=case_in(session, case_id), definition=world.definition,
            actor=world.filer, now=LATER,
        )  # fmt: skip
        return world.press.store.read(document.sha256)


def bring(world: World, case_id: UUID, pdf: bytes, *, trust: Trust | None = None) -> str:
    with world.as_(world.filer) as session:
        form = form_signing.accept_signed_form(
            session, press=world.press, case=case_in(session, case_id), definition=world.definition, pdf=pdf,
            trust=trust or world.press.signing.trust(now=LATER), actor=world.filer, now=LATER,
        )  # fmt: skip
        return form.signer or ""


def reason(world: World, case_id: UUID, pdf: bytes, *, trust: Trust | None = None) -> str:
    with pytest.raises(SignedFileRefused) as error:
        bring(world, case_id, pdf, trust=trust)
    return error.value.errors[0].code


def signed_by(world: World, pdf: bytes, name: str, authority: DevelopmentAuthority | None = None) -> bytes:
    signing = authority or world.press.signing
    key = signing.issue(SignerIdentity(f"x-{name}", name, "Giám đốc", COMPANY), now=NOW)
    return sign_pdf(pdf, key=key, field=SIGNATURE_FIELD, at=LATER)


class TestSignedHere:
    def test_unsigned_is_refused_with_the_reason(self, world: World) -> None:
        with pytest.raises(FormUnsigned) as error:
            submit(world, ready(world))
        assert error.value.errors[0].name == "form"

    def test_signed_goes_through_and_verifies(self, world: World) -> None:
        case_id = ready(world)
        document_id = sign_here(world, case_id)
        submit(world, case_id)

        with world.as_(world.filer) as session:
            document, _file = file_of(session, document_id=document_id)
        (report,) = verify_pdf(
            world.press.store.read(document.sha256), trust=world.press.signing.trust(now=LATER), now=LATER
        )
        assert (report.verdict, report.signer.name) == (Verdict.VALID, world.filer.name)

    def test_answers_changed_afterwards_make_it_outdated(self, world: World) -> None:
        case_id = ready(world)
        sign_here(world, case_id)
        with world.as_(world.filer) as session:
            world.desk.save(
                session, case_id=case_id, changed={"investor_name": "Khác"}, actor=world.filer, now=LATER
            )
        with pytest.raises(FormOutdated):
            submit(world, case_id)
        sign_here(world, case_id)
        submit(world, case_id)

    def test_signing_again_is_a_new_version(self, world: World) -> None:
        case_id = ready(world)
        sign_here(world, case_id)
        second = sign_here(world, case_id)

        with world.as_(world.filer) as session:
            document, _file = file_of(session, document_id=second)
            assert (document.version, document.kind) == (2, "FORM")

    def test_a_filer_prepares_but_does_not_sign(self, world: World) -> None:
        case_id = ready(world)
        filer = Actor(
            world.filer.kind, world.filer.user_id, world.filer.name,
            tuple(
                Grant(grant.party_id, frozenset({"FILER"}), grant.permissions - {"workflow.form.sign"})
                for grant in world.filer.grants
            ),
        )  # fmt: skip
        with pytest.raises(Forbidden):
            sign_here(world, case_id, actor=filer)

    def test_not_after_filing(self, world: World) -> None:
        case_id = ready(world)
        sign_here(world, case_id)
        submit(world, case_id)
        with pytest.raises(PapersNotOpen):
            sign_here(world, case_id)

    def test_key_is_issued_once(self, world: World) -> None:
        assert world.filer.user_id is not None
        again = ensure_applicant_key(
            world.press.signing, user_id=world.filer.user_id, name="x", organisation=COMPANY, now=LATER
        )
        assert again is False


class TestBroughtBack:
    def test_the_representative_s_signature_is_taken(self, world: World) -> None:
        case_id = ready(world)
        pdf = signed_by(world, printed(world, case_id), "TRẦN THỊ ĐẠI DIỆN")
        assert bring(world, case_id, pdf) == "TRẦN THỊ ĐẠI DIỆN"
        submit(world, case_id)

    def test_the_same_answers_give_the_same_print(self, world: World) -> None:
        case_id = ready(world)
        assert printed(world, case_id) == printed(world, case_id)

    def test_somebody_else_s_is_not(self, world: World) -> None:
        case_id = ready(world)
        pdf = signed_by(world, printed(world, case_id), "Người Lạ")
        assert reason(world, case_id, pdf) == "other-signer"

    def test_another_paper_is_not(self, world: World) -> None:
        case_id, other = ready(world), ready(world, investor_name="Khác")
        pdf = signed_by(world, printed(world, other), world.filer.name)
        assert reason(world, case_id, pdf) == "not-our-print"

    def test_a_print_of_older_answers_is_not(self, world: World) -> None:
        case_id = ready(world)
        pdf = signed_by(world, printed(world, case_id), world.filer.name)
        with world.as_(world.filer) as session:
            world.desk.save(
                session, case_id=case_id, changed={"investor_name": "Mới"}, actor=world.filer, now=LATER
            )
        assert reason(world, case_id, pdf) == "not-our-print"

    def test_saved_anew_is_not(self, world: World) -> None:
        case_id = ready(world)
        pdf = signed_by(world, printed(world, case_id), world.filer.name)
        target = io.BytesIO()
        with pikepdf.open(io.BytesIO(pdf)) as document:
            document.save(target)
        assert reason(world, case_id, target.getvalue()) == "not-our-print"

    def test_unsigned_is_not(self, world: World) -> None:
        case_id = ready(world)
        assert reason(world, case_id, printed(world, case_id)) == "unsigned"

    def test_changed_after_signing_is_not(self, world: World) -> None:
        case_id = ready(world)
        pdf = bytearray(signed_by(world, printed(world, case_id), world.filer.name))
        gap = pdf.rindex(b"/Contents") + 200  # within the signature itself, in hexadecimal digits
        pdf[gap] = ord("1") if pdf[gap] != ord("1") else ord("2")
        assert reason(world, case_id, bytes(pdf)).startswith("signature-")

    def test_an_unknown_root_is_not(self, world: World, tmp_path: Path) -> None:
        case_id = ready(world)
        foreign = DevelopmentAuthority(tmp_path / "keys", passphrase=b"x")
        foreign.set_up(organisation="Nơi khác", now=NOW - timedelta(days=1))
        pdf = signed_by(world, printed(world, case_id), world.filer.name, foreign)
        assert reason(world, case_id, pdf) == "signature-untrusted"
        case_trust = world.press.signing.trust(now=LATER).joined(foreign.trust(now=LATER))
        assert bring(world, case_id, pdf, trust=case_trust) == world.filer.name
