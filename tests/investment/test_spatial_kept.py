"""The spatial check of a dossier: frozen when filed, asked again at the desk, and whom it tells what."""

import json
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.evidence import EvidenceEntry
from app.core.geo import parse_place, place_json
from app.core.kit.ids import uuid7
from app.core.workflow.models import Case, CaseEvent
from app.investment.spatial import queries, service
from app.investment.spatial.models import SpatialCheck
from app.investment.spatial.pages import spatial_panel
from app.modules import Platform
from app.registry.domain import Verification
from app.registry.models import Project
from app.registry.sites.models import ProjectPlace
from tests.investment.requests import request
from tests.investment.walk import Walk

# In the production area of the second site; about 2.3 ha, as the request asks for 2.5.
FIELD = "20.7950 106.8080\n20.7964 106.8080\n20.7964 106.8094\n20.7950 106.8094"


@pytest.fixture
def walk(ready: Database, platform: Platform) -> Walk:
    return Walk(ready, platform)


def answers(place: str = FIELD) -> dict[str, object]:
    return request(site="S2", place=place_json(parse_place(place)))


def filed(walk: Walk, place: str = FIELD, *, who: str = "filer") -> UUID:
    case_id = walk.draft(answers(place), who=who)
    walk.take(case_id, who, "submit")
    return case_id


def checks(walk: Walk, case_id: UUID) -> list[SpatialCheck]:
    with walk.session("appraiser") as session:
        return list(queries.checks_of(session, case_id))


def test_filing_freezes_inputs_map_and_findings_under_one_digest(walk: Walk) -> None:
    case_id = filed(walk)
    (kept,) = checks(walk, case_id)
    assert kept.reason == "SUBMIT"
    assert kept.inputs["place"] == answers()["place"]
    outcomes = {each["code"]: each["outcome"] for each in kept.findings}
    assert outcomes["SP-01"] == "inside"
    assert outcomes["SP-02"] == "same-site"
    assert outcomes["SP-03"] == "same-function"
    assert outcomes["SP-04"] == "no-industries"
    with walk.session("appraiser") as session:
        body = session.scalars(
            select(EvidenceEntry.body).where(EvidenceEntry.tag == "investment:spatial-check:keep")
        ).one()
    facts = json.loads(body)["facts"]
    assert facts["digest"] == kept.digest
    assert facts["map"] == kept.map_hash


def test_what_is_kept_cannot_be_changed(walk: Walk) -> None:
    case_id = filed(walk)
    for who in ("filer", "appraiser"):
        with pytest.raises(ProgrammingError, match="permission denied"), walk.session(who) as session:
            session.execute(text("update investment_spatial_check set findings = '[]' where case_id = :id"),
                            {"id": case_id})  # fmt: skip


def test_another_enterprise_sees_no_check(walk: Walk) -> None:
    case_id = filed(walk)
    with walk.session("other") as session:
        assert queries.checks_of(session, case_id) == []
        assert spatial_panel(session, walk.actor("other"), case_id) == {}


def test_the_applicant_sees_the_answer_before_filing_and_nobody_else_does(walk: Walk) -> None:
    case_id = walk.draft(answers())
    with walk.session("filer") as session:
        shown = spatial_panel(session, walk.actor("filer"), case_id)
    assert shown["preview"]
    assert [row["then"]["verdict"] for row in shown["rows"]][:3] == ["FITS", "FITS", "FITS"]
    assert shown["sketch"] is not None
    assert shown["others"] is None
    with walk.session("appraiser") as session:
        assert spatial_panel(session, walk.actor("appraiser"), case_id) == {}


def test_asking_again_keeps_both_answers_and_marks_what_changed(walk: Walk) -> None:
    case_id = filed(walk)
    before = filed(walk, who="other")
    with walk.session("appraiser") as session:
        case = session.get_one(Case, before)
        session.add(
            ProjectPlace(project_id=_project(session, case), recorded_at=walk.now,
                         geometry=queries.legal_geometry(parse_place(FIELD)))
        )  # fmt: skip
    key = uuid7()
    for _ in range(2):
        with walk.session("appraiser") as session:
            service.repeat(session, check_id=key, case=session.get_one(Case, case_id),
                           actor=walk.actor("appraiser"), now=walk.now + timedelta(hours=1))  # fmt: skip
    assert [each.reason for each in checks(walk, case_id)] == ["SUBMIT", "DESK"]
    with walk.session("appraiser") as session:
        shown = spatial_panel(session, walk.actor("appraiser"), case_id)
    assert [row["title"] for row in shown["rows"] if row["changed"]] == [
        "Common ground with registered projects"
    ]
    assert shown["others"] == 1


def test_the_step_of_filing_names_the_digest(walk: Walk) -> None:
    case_id = filed(walk)
    (kept,) = checks(walk, case_id)
    with walk.session("appraiser") as session:
        entries = session.scalars(
            select(EvidenceEntry.body).where(EvidenceEntry.tag == "workflow:case:submit")
        ).all()
        assert session.scalar(select(CaseEvent.action).where(CaseEvent.case_id == case_id)) == "submit"
    assert kept.digest in [json.loads(entry)["facts"].get("spatial_check") for entry in entries]


def test_a_certificate_puts_the_project_on_the_ground(walk: Walk) -> None:
    walk.issued(answers(), code="1234567890")
    with walk.session("appraiser") as session:
        found = queries.look(session, answers())
        assert found.position is not None
        assert found.position.overlaps == 1


def _project(session: Session, case: Case) -> UUID:
    project = Project(
        id=uuid7(), party_id=case.party_id, code=None, name_vi="Dự án thử", name_en=None, site="S2",
        verification=Verification.VERIFIED, takeover_id=None, created_at=case.created_at,
    )  # fmt: skip
    session.add(project)
    session.flush()  # the place refers to its project
    return project.id
