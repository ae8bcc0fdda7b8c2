"""A request with its papers: what is not complete or not signed is neither filed nor taken as a supplement."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from app.cli.setup import procedure_files
from app.core.db import Database
from app.core.db.cluster import PrivateCluster
from app.core.errors import Invalid
from app.core.workflow import procedures
from app.core.workflow.models import Case
from app.core.workflow.papers import missing_components
from app.core.workflow.papers.form_signing import NotASignatory
from app.core.workflow.papers.models import Part
from app.modules import Platform
from tests.conftest import NOW, TEST_LOGINS, clone
from tests.investment.dossiers import FILER, Office
from tests.investment.requests import commitment, investor

SPECIAL = {
    "commitments": [commitment(kind) for kind in ("CONSTRUCTION", "ENVIRONMENT", "FIRE")],
    "assessment": "Đáp ứng các điều kiện về xây dựng, môi trường và phòng cháy.",
}


@pytest.fixture(scope="module")
def office(cluster: PrivateCluster, ready_template: str, platform: Platform) -> Iterator[Office]:
    with clone(cluster, ready_template) as target:
        database = Database(target, logins=TEST_LOGINS, pool_size=4)
        yield Office(database, platform, NOW)
        database.close()


def wanting(office: Office, case_id: object, action: str, login: str = FILER) -> set[str]:
    with pytest.raises(Invalid) as refusal:
        office.take(case_id, login, action)  # type: ignore[arg-type]
    return {problem.name for problem in refusal.value.errors}


def problems(office: Office, case_id: UUID) -> set[tuple[str, str]]:
    with office.as_(office.person(FILER)) as session:
        case = session.get_one(Case, case_id)
        found = missing_components(session, case, procedures.definition_of(session, case.version_id))
        return {(problem.name, problem.code) for problem in found}


@pytest.mark.parametrize("path", procedure_files(), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_whoever_files_or_receives_asks_for_form_papers_and_signature(path: object) -> None:
    definition = procedures.read_file(path)  # type: ignore[arg-type]
    for code in ("submit", "accept", "supplement"):
        action = definition.action(code)
        assert action is not None
        assert {"form_complete", "components_complete", "form_signed"} <= set(action.guards)


def test_all_that_is_wanting_is_told_at_once(office: Office) -> None:
    case_id = office.draft(land_right=None, contact_name=None)
    found = wanting(office, case_id, "submit")
    assert {"land_right", "contact_name", "component-FINANCE", "component-PROPOSAL", "form"} <= found
    assert "component-REQUEST" not in found


def test_a_dossier_without_papers_or_signature_is_not_filed(office: Office) -> None:
    case_id = office.draft()
    assert "form" in wanting(office, case_id, "submit")
    office.sign(case_id)
    office.put_papers(case_id, without=frozenset({"FINANCE"}))
    assert wanting(office, case_id, "submit") == {"component-FINANCE"}
    office.put_papers(case_id)
    assert office.take(case_id, FILER, "submit").case.state == "submitted"
    assert office.take(case_id, "mot.cua", "accept").case.state == "accepted"


def test_a_supplement_that_changes_the_form_is_signed_again(office: Office) -> None:
    case_id = office.filed()
    office.take(case_id, "mot.cua", "accept")
    office.take(case_id, "tham.dinh", "take_up")
    gaps = [{"target": "objective", "code": "UNCLEAR", "note": "Nêu rõ sản phẩm."}]
    office.take(case_id, "tham.dinh", "request_supplement", gaps=gaps)
    office.save(case_id, {"objective": "Sản xuất bo mạch điện tử, 2 triệu sản phẩm mỗi năm."})
    assert wanting(office, case_id, "supplement") == {"form"}
    office.sign(case_id)
    assert office.take(case_id, FILER, "supplement").case.state == "in_review"


def test_only_whom_the_form_declares_signs(office: Office) -> None:
    case_id = office.draft(investors=[investor(representative="Yamada Hanako")])
    with pytest.raises(NotASignatory):
        office.sign(case_id)
    office.save(case_id, {"authorised_signatory": "NGƯỜI NỘP THỬ NGHIỆM"})
    office.sign(case_id)
    assert "component-AUTHORISATION" in wanting(office, case_id, "submit")
    office.put_papers(case_id)
    assert office.take(case_id, FILER, "submit").case.state == "submitted"


def test_an_investor_in_person_represents_herself(office: Office) -> None:
    person = investor(kind="INDIVIDUAL", name="Người nộp Thử Nghiệm", representative=None)
    office.sign(office.draft(investors=[{code: value for code, value in person.items() if value}]))


def test_a_paper_that_must_be_signed_counts_only_with_a_signature(office: Office) -> None:
    case_id = office.draft()
    office.sign(case_id)
    office.put_papers(case_id, unsigned=True)
    assert wanting(office, case_id, "submit") == {"component-PROPOSAL"}
    assert problems(office, case_id) == {("component-PROPOSAL", "unsigned")}
    office.attach(case_id, "PROPOSAL", signers=("Người Lạ",))
    assert problems(office, case_id) == {("component-PROPOSAL", "unsigned")}
    office.attach(case_id, "PROPOSAL", signers=("Người nộp Thử Nghiệm",))
    assert problems(office, case_id) == set()


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([Part.ORIGINAL], "translation-missing"),
        ([Part.TRANSLATION], "original-missing"),
        ([Part.ORIGINAL, Part.TRANSLATION], None),
        ([Part.WHOLE], None),
    ],
)
def test_a_foreign_paper_comes_with_its_translation(
    office: Office, parts: list[Part], code: str | None
) -> None:
    case_id = office.draft()
    for part in parts:
        office.attach(case_id, "LEGALISATION", part=part)
    found = dict(problems(office, case_id)).get("component-LEGALISATION")
    assert found == code


def test_annex_i_is_part_of_the_signed_form(office: Office) -> None:
    case_id = office.draft(procedure="IRC_SPECIAL", **SPECIAL)
    found = wanting(office, case_id, "submit")
    assert "component-ASSESSMENT" in found
    assert "component-ANNEX_I" not in found
