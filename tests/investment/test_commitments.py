"""Commitments of the special procedure: made with the certificate, shown, judged, reminded of."""

import io
from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from app.core.db import Database
from app.core.db.cluster import PrivateCluster
from app.core.errors import Forbidden, Invalid, NotFound
from app.core.kit.ids import uuid7
from app.core.workflow.papers.intake import KeptFile, keep_file
from app.investment import queries
from app.investment.commitments import service
from app.investment.commitments.domain import CommitmentState, Shown, state_of, was_late
from app.investment.commitments.handlers import NEAR, PASSED, remind
from app.investment.commitments.models import Commitment
from app.investment.commitments.queries import CommitmentLine, commitments_of_case, unfulfilled
from app.investment.models import Certificate
from app.investment.service.adjusting import open_adjustment
from app.modules import Platform
from tests.conftest import NOW, TEST_LOGINS, clone
from tests.core.documents import files
from tests.investment.dossiers import FILER, Office
from tests.investment.requests import commitment
from tests.investment.test_dossier import SPECIAL

DAY = date(2027, 12, 31)
KINDS = ("CONSTRUCTION", "ENVIRONMENT", "FIRE")


@pytest.fixture(scope="module")
def office(cluster: PrivateCluster, ready_template: str, platform: Platform) -> Iterator[Office]:
    with clone(cluster, ready_template) as target:
        database = Database(target, logins=TEST_LOGINS, pool_size=4)
        yield Office(database, platform, NOW)
        database.close()


@pytest.mark.parametrize(
    ("shown", "today", "state", "late"),
    [
        ([], DAY, "OPEN", False),
        ([], DAY + timedelta(1), "OVERDUE", False),
        ([Shown(DAY)], DAY + timedelta(9), "SUBMITTED", False),
        ([Shown(DAY + timedelta(1))], DAY + timedelta(9), "SUBMITTED", True),
        ([Shown(DAY, confirmed=False)], DAY, "OPEN", False),
        ([Shown(DAY, confirmed=False)], DAY + timedelta(1), "OVERDUE", False),
        ([Shown(DAY, confirmed=False), Shown(DAY + timedelta(5), confirmed=True)], DAY, "FULFILLED", True),
    ],
)
def test_where_a_commitment_stands(shown: list[Shown], today: date, state: str, late: bool) -> None:
    assert (state_of(DAY, shown, today=today), was_late(DAY, shown)) == (CommitmentState(state), late)


def issued(office: Office, *, due_on: str = "2027-12-31") -> UUID:
    """Take a dossier of the special procedure to its certificate."""
    answers = {**SPECIAL, "commitments": [{**commitment(kind), "due_on": due_on} for kind in KINDS]}
    case_id = office.filed(procedure="IRC_SPECIAL", **answers)
    office.to_certificate(case_id)
    return case_id


def lines(office: Office, case_id: UUID, login: str = FILER) -> list[CommitmentLine]:
    with office.as_(office.person(login)) as session:
        return commitments_of_case(session, case_id, now=office.now, zone=office.platform.zone.tz)


def paper(office: Office) -> KeptFile:
    body = io.BytesIO(files.pdf(Note=f"({uuid7()})"))
    return keep_file(office.press.store, stream=body, filename="nghiem-thu.pdf")


def show(office: Office, commitment_id: UUID, *, login: str = FILER, kept: KeptFile | None = None) -> UUID:
    filer = office.person(login)
    with office.as_(filer) as session:
        return service.hand_in(
            session, commitment_id=commitment_id, kept=kept or paper(office), note="Biên bản", actor=filer,
            now=office.now,
        ).id  # fmt: skip


def judge(
    office: Office, commitment_id: UUID, evidence_id: UUID, *, confirmed: bool, reason: str = "",
    login: str = "tham.dinh",
) -> UUID:  # fmt: skip
    officer = office.person(login)
    with office.as_(officer) as session:
        return service.decide(
            session, commitment_id=commitment_id, evidence_id=evidence_id, confirmed=confirmed, reason=reason,
            actor=officer, now=office.now,
        ).id  # fmt: skip


def test_the_certificate_makes_them_rows_that_the_project_has(office: Office) -> None:
    case_id = issued(office)
    found = lines(office, case_id)
    assert [(each.kind, each.state, each.due_on) for each in found] == [(kind, "OPEN", DAY) for kind in KINDS]
    assert found[0].article == "QCVN thử nghiệm"
    with office.as_(office.person("mot.cua")) as session:
        project = session.scalars(select(Certificate.project_id).where(Certificate.case_id == case_id)).one()
        same = queries.commitments_of(session, project, now=office.now, zone=office.platform.zone.tz)
        assert [each.id for each in same] == [each.id for each in found]


def adjusted(office: Office, case_id: UUID, commitments: list[dict[str, str]]) -> UUID:
    """Adjust the certificate of a dossier; only its commitments and its name change."""
    filer, adjustment = office.person(FILER), uuid7()
    with office.as_(filer) as session:
        number = session.scalars(select(Certificate.number).where(Certificate.case_id == case_id)).one()
        open_adjustment(
            session, desk=office.platform.desk, number=number, case_id=adjustment, actor=filer, now=office.now
        )
    office.save(
        adjustment,
        {
            "commitments": commitments, "project_name_vi": f"Dự án {uuid7().hex[:8]}", "declaration": True,
            "adjust_reason": "Lùi thời hạn nghiệm thu.", "implementation": "Đang xây dựng nhà xưởng.",
        },
    )  # fmt: skip
    office.put_papers(adjustment)
    office.sign(adjustment)
    office.take(adjustment, FILER, "submit")
    office.to_certificate(adjustment)
    return adjustment


def test_an_adjustment_follows_up_what_changes_and_keeps_what_stays(office: Office) -> None:
    case_id = issued(office)
    construction, environment, _ = (each.id for each in lines(office, case_id))
    judge(office, construction, show(office, construction), confirmed=True)
    later = [
        {**commitment("CONSTRUCTION"), "text": "Đáp ứng quy chuẩn xây dựng mới."},
        {**commitment("ENVIRONMENT"), "evidence": "Giấy phép môi trường"},
        {**commitment("FIRE"), "due_on": "2028-12-31"},
    ]
    adjustment = adjusted(office, case_id, later)
    assert [each.state for each in lines(office, case_id)] == ["FULFILLED", "OPEN", "REPLACED"]
    new = lines(office, adjustment)
    assert [(each.kind, each.state) for each in new] == [("CONSTRUCTION", "OPEN"), ("FIRE", "OPEN")]
    replaced = lines(office, case_id)[2].id
    with pytest.raises(service.CommitmentReplaced):
        show(office, replaced)
    waiting = show(office, environment)
    again = adjusted(
        office, adjustment, [*later[:1], {**commitment("ENVIRONMENT"), "article": "Luật mới"}, later[2]]
    )
    assert [each.kind for each in lines(office, again)] == ["ENVIRONMENT"]
    with pytest.raises(service.CommitmentReplaced):
        judge(office, environment, waiting, confirmed=True)
    with office.as_(office.person("tham.dinh")) as session:
        open_now = {each.id for each in unfulfilled(session, now=office.now, zone=office.platform.zone.tz)}
    assert replaced not in open_now
    assert {each.id for each in new} <= open_now


def test_evidence_is_returned_with_a_reason_and_then_confirmed(office: Office) -> None:
    case_id = issued(office)
    commitment_id = lines(office, case_id)[0].id
    kept = paper(office)
    first = show(office, commitment_id, kept=kept)
    assert show(office, commitment_id, kept=kept) == first, "the same file sent twice is one"
    assert lines(office, case_id)[0].state is CommitmentState.SUBMITTED
    with pytest.raises(service.EvidenceWaits):
        show(office, commitment_id)
    with pytest.raises(Invalid):
        judge(office, commitment_id, first, confirmed=False)
    judge(office, commitment_id, first, confirmed=False, reason="Thiếu chữ ký.")
    assert lines(office, case_id)[0].state is CommitmentState.OPEN
    with pytest.raises(service.AlreadyDecided):
        judge(office, commitment_id, first, confirmed=True)
    second = show(office, commitment_id)
    decision = judge(office, commitment_id, second, confirmed=True)
    assert judge(office, commitment_id, second, confirmed=True) == decision
    found = lines(office, case_id)[0]
    assert (found.state, [each.reason for each in found.evidence]) == (
        CommitmentState.FULFILLED, ["Thiếu chữ ký.", ""]
    )  # fmt: skip
    with pytest.raises(service.CommitmentFulfilled):
        show(office, commitment_id)
    with office.as_(office.person("tham.dinh")) as session:
        left = unfulfilled(session, now=office.now, zone=office.platform.zone.tz)
    assert commitment_id not in {each.id for each in left}


def test_others_neither_see_nor_judge(office: Office) -> None:
    case_id = issued(office)
    commitment_id = lines(office, case_id)[0].id
    assert lines(office, case_id, "hoshi") == []
    with pytest.raises(NotFound):
        show(office, commitment_id, login="hoshi")
    evidence_id = show(office, commitment_id)
    with pytest.raises(Forbidden):
        judge(office, commitment_id, evidence_id, confirmed=True, login="mot.cua")


def test_the_enterprise_is_reminded_once_and_told_once(office: Office) -> None:
    case_id = issued(office, due_on="2026-12-10")
    ids = {each.id for each in lines(office, case_id)}
    zone = office.platform.zone.tz

    def told(kind: str) -> int:
        with office.as_(office.person("mot.cua")) as session:
            rows = session.scalars(
                select(Commitment.id).where(
                    Commitment.id.in_(ids),
                    (Commitment.warned_at if kind == NEAR else Commitment.overdue_at).is_not(None),
                )
            )
            return len(rows.all())

    def scan(days: int) -> int:
        with office.as_(office.person("mot.cua")) as session:
            return remind(session, now=office.now + timedelta(days=days), zone=zone)

    assert scan(0) >= 3
    assert (told(NEAR), told(PASSED), scan(0)) == (3, 0, 0)
    show(office, min(ids))
    assert scan(60) >= 2
    assert (told(PASSED), scan(60)) == (2, 0)
