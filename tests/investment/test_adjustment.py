"""Adjusting a certificate: from the content in force, one at a time, superseding it in both times."""

from datetime import date, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from pypdf import PdfReader

from app.core.db import Database
from app.core.documents import service as documents
from app.core.documents.models import Issued
from app.core.errors import DomainError, NotFound
from app.core.kit.ids import uuid7
from app.core.kit.time import local_day
from app.core.workflow import procedures
from app.core.workflow.desk import BaseNeeded
from app.core.workflow.models import Case
from app.investment import queries
from app.investment.models import Certificate
from app.investment.procedures import RulesBroken
from app.investment.queries import AsOf, Wanted
from app.investment.service.adjusting import ADJUSTMENT, AdjustmentOpen, open_adjustment
from app.modules import Platform
from app.registry import facade as registry
from tests.investment.requests import investor, money
from tests.investment.walk import OFFICER, TO_APPROVED, Walk

WHY = {
    "adjust_reason": "Mở rộng quy mô sản xuất.",
    "implementation": "Đã góp đủ vốn, xây dựng xong.",
    "declaration": True,
}
MORE = {
    "project_name_vi": "Nhà máy thử nghiệm mở rộng",
    "capital": money(1_500_000_000_000), "capital_usd": money(60_000_000, "USD"),
    "mobilised": money(1_250_000_000_000),
}  # fmt: skip


@pytest.fixture
def walk(ready: Database, platform: Platform) -> Walk:
    return Walk(ready, platform)


def certificate_of(walk: Walk, case_id: UUID) -> Certificate:
    with walk.database.session(OFFICER) as session:
        found = queries.of_case(session, case_id)
        assert found is not None
        return found


def begin(walk: Walk, number: str, *, who: str = "filer", case_id: UUID | None = None) -> UUID:
    with walk.session(who) as session:
        return open_adjustment(
            session,
            desk=walk.desk,
            number=number,
            case_id=case_id or uuid7(),
            actor=walk.actor(who),
            now=walk.now,
        ).id


def change(walk: Walk, case_id: UUID, **answers: Any) -> UUID:
    with walk.session("filer") as session:
        walk.desk.save(session, case_id=case_id, changed=answers, actor=walk.actor("filer"), now=walk.now)
    return case_id


def refused(walk: Walk, case_id: UUID, action: str = "submit", who: str = "filer") -> DomainError:
    with pytest.raises(DomainError) as refusal:
        walk.take(case_id, who, action)
    return refusal.value


def adjusted(walk: Walk, number: str, **answers: Any) -> UUID:
    case_id = change(walk, begin(walk, number), **WHY, **answers)
    return walk.steps(case_id, *TO_APPROVED, ("leader", "sign"))


def test_a_draft_begins_with_the_content_in_force_and_the_number(walk: Walk) -> None:
    first = walk.issued(code="9900000001")
    number = certificate_of(walk, first).number
    case_id = begin(walk, number)
    with walk.session("filer") as session:
        case, base = session.get_one(Case, case_id), session.get_one(Case, first)
        assert case.answers["certificate_number"] == number
        assert case.answers["capital"] == base.answers["capital"]
        assert "declaration" not in case.answers, "a commitment is made anew"
        assert case.answers["investors"] == base.answers["investors"]


def test_only_what_differs_is_a_change_and_rows_are_matched(walk: Walk) -> None:
    first = walk.issued(code="9900000001")
    case_id = begin(walk, certificate_of(walk, first).number)
    two = [
        investor(name="Công ty Mới", id_number="0999", share="40", contribution=money(100_000_000_000)),
        investor(share="60", contribution=money(150_000_000_000)),
    ]
    change(walk, case_id, **WHY, investors=two, term_years=60)
    with walk.database.session(OFFICER) as session:
        case = session.get_one(Case, case_id)
        definition = procedures.definition_of(session, case.version_id)
        before = session.get_one(Case, first).answers
        found = {
            each.name: (each.before, each.after)
            for each in adjusted_changes(definition, before, case.answers)
        }
    assert found["term_years"] == (50, 60)
    assert "project_name_vi" not in found
    assert not any(name.startswith("adjust_reason") for name in found)


def adjusted_changes(definition: Any, before: Any, after: Any) -> Any:
    from app.core.workflow.bases import adjusted as differences  # noqa: PLC0415  the name is taken above

    return differences(definition, before, after)


def test_the_new_revision_supersedes_the_old_one_in_both_times(walk: Walk) -> None:
    first = walk.issued(code="9900000001")
    old = certificate_of(walk, first)
    issued_at = walk.now
    walk.now += timedelta(days=30)
    second = adjusted(walk, old.number, **MORE)
    new = certificate_of(walk, second)
    assert (new.number, new.revision, new.project_id) == (old.number, 2, old.project_id)
    first_day, amended_on = old.valid.lower, new.valid.lower
    assert first_day < amended_on

    def seen(day: date, known_at: Any) -> list[int]:
        with walk.database.session(OFFICER) as session:
            return [row.revision for row in queries.certificates(session, Wanted(AsOf(day, known_at)))]

    now = walk.now + timedelta(hours=1)
    assert seen(first_day, now) == [1]
    assert seen(amended_on, now) == [2]
    assert seen(amended_on, issued_at + timedelta(hours=1)) == [1], "nobody knew of the adjustment then"
    assert seen(first_day - timedelta(days=1), now) == []
    with walk.database.session(OFFICER) as session:
        rows = queries.revisions(session, old.number, known_at=now)
        assert [(row.revision, row.valid.upper) for row in rows] == [(2, None), (1, amended_on)]
        paper = session.get_one(Issued, old.verification_code)
        assert (paper.state, paper.replaced_by) == ("AMENDED", new.verification_code)
        card = registry.project_card(session, new.project_id)
        assert card is not None
        assert (card.name_vi, card.code) == ("Nhà máy thử nghiệm mở rộng", "9900000001")
        assert queries.open_adjustment(session, project_id=new.project_id) is None
        document, file = documents.file_of(session, document_id=new.document_id)
    text = "".join(
        page.extract_text() for page in PdfReader(BytesIO(walk.platform.kernel.store.read(file.sha256))).pages
    )
    assert document.title == f"{old.number}-2.pdf"
    for expected in ("điều chỉnh lần thứ 1", "Đã đăng ký", "9900000001"):
        assert expected in text


def test_an_adjustment_on_the_day_of_issue_leaves_no_empty_period(walk: Walk) -> None:
    first = walk.issued(code="9900000001")
    number = certificate_of(walk, first).number
    adjusted(walk, number, term_years=60)
    with walk.database.session(OFFICER) as session:
        today = local_day(walk.now, walk.platform.zone.tz)
        found = queries.certificates(session, Wanted(AsOf(today, walk.now)))
        known = queries.revisions(session, number, known_at=walk.now)
    assert [row.revision for row in found] == [2]
    assert [row.revision for row in known] == [2, 1]


def test_a_second_adjustment_is_refused_while_one_is_open(walk: Walk) -> None:
    number = certificate_of(walk, walk.issued(code="9900000001")).number
    case_id = begin(walk, number)
    assert begin(walk, number, case_id=case_id) == case_id, "a double click opens one draft"
    with pytest.raises(AdjustmentOpen):
        begin(walk, number)
    walk.take(case_id, "filer", "withdraw")
    assert begin(walk, number) != case_id


def test_after_an_adjustment_the_next_one_begins_from_it(walk: Walk) -> None:
    number = certificate_of(walk, walk.issued(code="9900000001")).number
    adjusted(walk, number, **MORE)
    third = adjusted(walk, number, term_years=60)
    assert certificate_of(walk, third).revision == 3
    assert certificate_of(walk, third).content["capital"]["amount"] == "1500000000000"


def test_nothing_changed_another_number_and_a_false_start_are_refused(walk: Walk) -> None:
    number = certificate_of(walk, walk.issued(code="9900000001")).number
    case_id = change(walk, begin(walk, number), **WHY)
    nothing = refused(walk, case_id)
    assert isinstance(nothing, RulesBroken)
    assert [each.code for each in nothing.errors] == ["INV-12"]
    wrong = refused(walk, change(walk, case_id, term_years=60, certificate_number="GCN-2026-000000-0"))
    assert [each.code for each in wrong.errors] == ["INV-11"]
    actor = walk.actor("filer")
    with walk.session("filer") as session, pytest.raises(BaseNeeded):
        walk.desk.open(
            session,
            case_id=uuid7(),
            procedure=ADJUSTMENT,
            party_id=actor.party_ids[0],
            actor=actor,
            now=walk.now,
        )


def test_another_enterprise_does_not_find_the_certificate(walk: Walk) -> None:
    number = certificate_of(walk, walk.issued(code="9900000001")).number
    with pytest.raises(NotFound):
        begin(walk, number, who="other")
    with walk.session("other") as session:
        today = local_day(walk.now, walk.platform.zone.tz)
        assert list(queries.certificates(session, Wanted(AsOf(today, walk.now)))) == []


def test_the_list_is_searched_without_accents(walk: Walk) -> None:
    walk.issued(code="9900000001")
    walk.now += timedelta(minutes=1)
    with walk.database.session(OFFICER) as session:
        as_of = AsOf(local_day(walk.now, walk.platform.zone.tz), walk.now)

        def found(text: str, site: str = "") -> int:
            return len(queries.certificates(session, Wanted(as_of, text, site)))

        assert (found("nha may thu"), found("SAO BIEN"), found("9900000001"), found("khong co")) == (
            1,
            1,
            1,
            0,
        )
        assert (found("", "S1"), found("", "S2")) == (1, 0)
