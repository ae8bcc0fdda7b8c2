"""Indications of risk: computed when something happens, kept once for the same result, by the rules of the day."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.core.errors import Forbidden, NotFound
from app.core.law import between
from app.customs.declarations.domain.risk import FACTORS, FINDINGS_WINDOW, replay
from app.customs.declarations.models import Indication
from app.customs.declarations.queries.reach import reach
from app.customs.declarations.queries.risk import facts_of
from app.customs.declarations.service import risk as service
from app.customs.declarations.service.inspecting import Draft, write_note
from tests.customs.declarations.firms import FILER, LEADER, OFFICER, TODAY, Firms

LINES: list[dict[str, Any]] = [{"hs": "72083990", "scheme": "MFN"}]


def kept(firms: Firms, declaration_id: UUID) -> list[Indication]:
    with firms.as_(firms.person(OFFICER)) as session:
        query = select(Indication).where(Indication.declaration_id == declaration_id).order_by(Indication.at)
        return list(session.scalars(query))


def refresh(firms: Firms, **what: Any) -> int:
    with firms.as_(firms.person(OFFICER)) as session:
        return service.refresh(session, now=firms.now, zone=firms.platform.zone.tz, **what)


def test_something_happens_and_the_same_result_is_kept_once(firms: Firms) -> None:
    declared = firms.declared(lines=LINES, state="REGISTERED")
    assert refresh(firms, declaration_ids=[declared]) == 1
    assert refresh(firms, declaration_ids=[declared]) == 0
    (row,) = kept(firms, declared)
    again = replay(row.content)
    assert again is not None
    assert (again.kept(), again.score) == (row.content, row.score)
    assert row.by is None
    with firms.as_(firms.person(OFFICER)) as session:
        sources = {each.content_hash for each in between(session, FACTORS, TODAY, TODAY + timedelta(days=1))}
    assert {each["source"] for each in row.content["factors"]} == sources


def test_a_firm_s_declarations_under_way_are_weighed_and_drafts_are_not(firms: Firms) -> None:
    declared, drafted = firms.declared(lines=LINES, state="REGISTERED"), firms.declared()
    ended = firms.declared(lines=LINES, state="CLEARED")
    assert refresh(firms, party_id=firms.party()) >= 1
    assert kept(firms, declared)
    assert not kept(firms, drafted)
    assert not kept(firms, ended)


def test_who_weighs_anew(firms: Firms) -> None:
    declared, drafted = firms.declared(lines=LINES, state="REGISTERED"), firms.declared()
    zone = firms.platform.zone.tz
    for login in (FILER, LEADER):
        actor = firms.person(login)
        with pytest.raises(Forbidden), firms.as_(actor) as session:
            service.compute(session, declaration_id=declared, actor=actor, now=firms.now, zone=zone)
    officer = firms.person(OFFICER)
    with pytest.raises(NotFound), firms.as_(officer) as session:
        service.compute(session, declaration_id=drafted, actor=officer, now=firms.now, zone=zone)
    with firms.as_(officer) as session:
        row = service.compute(session, declaration_id=declared, actor=officer, now=firms.now, zone=zone)
        assert row.by == officer.user_id


def test_before_the_first_day_nothing_is_indicated(firms: Firms) -> None:
    with firms.as_(firms.person(OFFICER)) as session:
        assert service.rules_on(session, TODAY.replace(year=2025)) is None
        assert service.rules_on(session, TODAY) is not None


def test_notes_count_as_far_back_as_the_law_value_says(firms: Firms) -> None:
    declared = firms.declared(lines=LINES, state="REGISTERED")
    officer = firms.person(OFFICER)

    def findings(windows: dict[str, int]) -> int | None:
        with firms.as_(officer) as session:
            facts = facts_of(
                session, reach(session, declared, officer), windows=windows, now=firms.now, zone=firms.platform.zone.tz
            )  # fmt: skip
            found: int | None = facts["firm"]["findings"]
            return found

    before = findings({FINDINGS_WINDOW: 101}), findings({FINDINGS_WINDOW: 99})
    assert findings({}) is None, "nothing says how far back"
    with firms.as_(officer) as session:
        draft = Draft("SITE", "Kho B", "Thiếu 2 kiện", "DIFFERS", firms.now - timedelta(days=100))
        write_note(
            session,
            party_id=firms.party(),
            draft=draft,
            photos=(),
            keep_place=False,
            actor=officer,
            now=firms.now,
        )
    assert findings({FINDINGS_WINDOW: 101}) == (before[0] or 0) + 1
    assert findings({FINDINGS_WINDOW: 99}) == before[1]
