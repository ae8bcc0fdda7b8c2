"""Amendments: made from what counts, compared, refused where a field is fixed, sent, and decided by customs alone."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.core.errors import Invalid, NotFound
from app.customs.declarations.domain.amendment import ChangeKind, changes, forbidden
from app.customs.declarations.domain.lifecycle import StepImpossible
from app.customs.declarations.models import Declaration, Dispatch, Revision
from app.customs.declarations.queries import reading
from app.customs.declarations.queries.lines import texts_of
from app.customs.declarations.service import amending as service
from app.customs.declarations.service import drafting
from app.customs.declarations.service.handing_in import NotReady
from app.customs.declarations.service.outgoing import NoWayOut
from tests.customs.declarations.firms import FILER, OTHER, Firms

LINE = {"hs": "72081000", "description": "Thép cuộn", "origin": "CN", "scheme": "MFN"}


def registered(firms: Firms, state: str = "REGISTERED", **facts: Any) -> UUID:
    return firms.declared(
        header={"IMC": firms.tax_code(), "IP3": "USD", "EPN": "Hãng A"}, lines=[LINE], state=state, **facts
    )


def begin(firms: Firms, declared: UUID, login: str = FILER) -> UUID:
    actor = firms.person(login)
    with firms.as_(actor) as session:
        return service.begin(session, declaration_id=declared, actor=actor, now=firms.now).id


def change(firms: Firms, declared: UUID, **answers: str) -> None:
    actor = firms.person(FILER)
    with firms.as_(actor) as session:
        version = session.get_one(Declaration, declared).version
        drafting.save_header(
            session, declaration_id=declared, version=version, answers=answers, actor=actor, now=firms.now
        )


def send(
    firms: Firms,
    declared: UUID,
    *,
    reason: str = "Sai tên đối tác",
    login: str = FILER,
    version: int | None = None,
) -> UUID:
    actor = firms.person(login)
    with firms.as_(actor) as session:
        now_version = session.get_one(Declaration, declared).version if version is None else version
        return service.hand_in(
            session, declaration_id=declared, version=now_version, reason=reason, actor=firms.sender(login),
            now=firms.now, zone=firms.platform.zone.tz,
        ).id  # fmt: skip


def revision(firms: Firms, key: UUID) -> Revision:
    with firms.as_(firms.person(FILER)) as session:
        return session.get_one(Revision, key)


def test_differences_are_told_field_by_field_and_line_by_line() -> None:
    found = changes(
        {"EPN": "A", "IMT": "1"}, {"EPN": "B", "IV3": "7"}, [{"hs": "1"}], [{"hs": "2"}, {"hs": "3"}]
    )
    assert [(each.line, each.field, each.kind) for each in found] == [
        (None, "EPN", ChangeKind.CHANGED),
        (None, "IMT", ChangeKind.REMOVED),
        (None, "IV3", ChangeKind.ADDED),
        (1, "hs", ChangeKind.CHANGED),
        (2, "hs", ChangeKind.ADDED),
    ]
    assert forbidden(found) == []
    assert [each.field for each in forbidden(changes({"IMC": "1"}, {"IMC": "2"}, [], []))] == ["IMC"]


def test_an_amendment_begins_from_what_counts_and_leaves_it_alone(firms: Firms) -> None:
    declared = registered(firms)
    draft = begin(firms, declared)
    assert begin(firms, declared) == draft
    change(firms, declared, EPN="Hãng B")
    with firms.as_(firms.person(FILER)) as session:
        row = session.get_one(Declaration, declared)
        old, new = reading.head(session, row), session.get_one(Revision, draft)
        assert (old.number, old.header["EPN"], new.header["EPN"]) == (0, "Hãng A", "Hãng B")
        assert texts_of(session, old.id) == texts_of(session, new.id)
        found = service.compare(session, row=row, draft=new, now=firms.now, zone=firms.platform.zone.tz)
        assert [(each.field, each.old, each.new) for each in found.changes] == [("EPN", "Hãng A", "Hãng B")]


def test_an_impossible_step_says_what_is_possible(firms: Firms) -> None:
    for state, allowed in (("DRAFT", "SEND"), ("REFUSED", "REWORK")):
        with pytest.raises(StepImpossible) as refused:
            begin(firms, registered(firms, state))
        assert allowed in refused.value.allowed
    with pytest.raises(NoWayOut):
        begin(firms, registered(firms, origin="ELSEWHERE"))
    with pytest.raises(NotFound):
        begin(firms, registered(firms), OTHER)


def test_fixed_fields_are_refused_by_name(firms: Firms) -> None:
    declared = registered(firms)
    begin(firms, declared)
    change(firms, declared, IMC="0312945656", EPN="Hãng B")
    with pytest.raises(service.FieldNotAmendable) as refused:
        send(firms, declared)
    assert [(each.name, each.code) for each in refused.value.errors] == [("IMC", "not-amendable")]


def test_nothing_amended_no_reason_and_an_old_page(firms: Firms) -> None:
    declared = registered(firms)
    begin(firms, declared)
    with pytest.raises(service.NothingAmended):
        send(firms, declared)
    change(firms, declared, EPN="Hãng B")
    with pytest.raises(Invalid) as refused:
        send(firms, declared, reason=" ")
    assert [each.name for each in refused.value.errors] == ["reason"]
    with pytest.raises(drafting.StaleDeclaration):
        send(firms, declared, version=1)
    with pytest.raises(NotReady):  # the rules of form hold for an amendment as for a declaration
        send(firms, declared)


def test_a_dropped_amendment_can_be_begun_again(firms: Firms) -> None:
    declared = registered(firms)
    first = begin(firms, declared)
    actor = firms.person(FILER)
    with firms.as_(actor) as session:
        service.drop(session, declaration_id=declared, actor=actor, now=firms.now)
    assert revision(firms, first).state == "DROPPED"
    with pytest.raises(service.NoAmendment), firms.as_(actor) as session:
        service.drop(session, declaration_id=declared, actor=actor, now=firms.now)
    second = begin(firms, declared)
    assert revision(firms, second).number == 2


def test_only_one_is_with_customs(firms: Firms) -> None:
    declared = registered(firms)
    draft = begin(firms, declared)
    with firms.at_work() as session:
        session.get_one(Revision, draft).state = "SENT"
    with pytest.raises(service.AmendmentWaits):
        begin(firms, declared)


def test_cancellation_is_asked_for_with_a_reason(firms: Firms) -> None:
    declared = registered(firms)
    actor = firms.sender()
    with pytest.raises(Invalid), firms.as_(actor) as session:
        service.ask_cancellation(session, declaration_id=declared, reason="", actor=actor, now=firms.now)
    with firms.as_(actor) as session:
        service.ask_cancellation(
            session, declaration_id=declared, reason="Hàng không về", actor=actor, now=firms.now
        )
    with firms.as_(actor) as session:
        assert session.scalars(select(Dispatch.kind).where(Dispatch.declaration_id == declared)).all() == [
            "CANCEL"
        ]
        assert session.get_one(Declaration, declared).state == "REGISTERED"
