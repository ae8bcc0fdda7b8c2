"""Papers of a declaration: put in, taken from the vault, replaced, taken out, and the vault that serves both worlds."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from app.core.documents.models import Document, DocumentState, DocumentUse
from app.core.errors import Forbidden, NotFound
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.workflow.papers.erasing import erase_papers
from app.core.workflow.papers.intake import KeptFile
from app.core.workflow.papers.vault import vault_papers
from app.customs.declarations.domain.dossier import CertificateExpired, CertificateOfAnother, Standing
from app.customs.declarations.domain.lifecycle import StepImpossible
from app.customs.declarations.models import Dispatch, Paper
from app.customs.declarations.queries.papers import Place, choices, place, places
from app.customs.declarations.queries.reach import reach
from app.customs.declarations.service import papers as service
from tests.customs.declarations.firms import FILER, OFFICER, OTHER, TODAY, Firms


def attach(
    firms: Firms, declaration_id: UUID, slot: str = "INVOICE", *, login: str = FILER, kept: KeptFile | None = None,
    **facts: Any,
) -> UUID | None:  # fmt: skip
    actor = firms.person(login)
    with firms.as_(actor) as session:
        rows = service.attach(
            session, declaration_id=declaration_id, slot=slot, files=[kept or firms.kept()], actor=actor, now=firms.now,
            today=TODAY, **facts,
        )  # fmt: skip
        return rows[0].id if rows else None


def reuse(firms: Firms, declaration_id: UUID, document_id: UUID, slot: str = "INVOICE", **facts: Any) -> UUID:
    actor = firms.person(FILER)
    with firms.as_(actor) as session:
        return service.attach_from_vault(
            session, declaration_id=declaration_id, slot=slot, document_id=document_id, actor=actor, now=firms.now,
            today=TODAY, **facts,
        ).id  # fmt: skip


def stood(firms: Firms, declaration_id: UUID, code: str = "INVOICE", login: str = FILER) -> Place:
    actor = firms.person(login)
    with firms.as_(actor) as session:
        found = places(session, reach(session, declaration_id, actor))
        return next(each for each in found if each.slot.code == code)


def document_of(firms: Firms, paper_id: UUID | None, login: str = FILER) -> Document:
    with firms.as_(firms.person(login)) as session:
        return session.scalars(
            select(Document).join(Paper, Paper.document_id == Document.id).where(Paper.id == paper_id)
        ).one()


def test_a_paper_fills_its_place_once(firms: Firms) -> None:
    declared = firms.declared()
    assert stood(firms, declared).standing is Standing.MISSING
    kept = firms.kept()
    assert attach(firms, declared, kept=kept) is not None
    assert attach(firms, declared, kept=kept) is None
    assert len(stood(firms, declared).papers) == 1
    assert stood(firms, declared).standing is Standing.ATTACHED


def test_an_expired_certificate_of_the_vault_is_refused_and_one_that_ends_later_is_shown(
    firms: Firms,
) -> None:
    facts = {
        "number": "GP 7",
        "issued_on": date(2026, 1, 5),
        "holder": firms.tax_code(),
        "valid_until": TODAY,
    }
    first, second = (firms.declared(header={"SN1": "GP 7"}) for _ in range(2))
    paper = attach(firms, first, "PERMIT", **facts)
    document = document_of(firms, paper).id
    with pytest.raises(CertificateExpired) as refused:
        reuse(firms, second, document, "PERMIT", counts_on=TODAY + timedelta(days=1))
    assert refused.value.params["until"] == "20/11/2026"
    assert stood(firms, second, "PERMIT").standing is Standing.MISSING
    actor = firms.person(FILER)
    with firms.as_(actor) as session:
        found = reach(session, second, actor)
        offered = {
            each.document_id: each.valid_until
            for each in choices(session, found, place(session, found, "PERMIT").slot)
        }
        assert offered[document] == TODAY
        later = {
            each.slot.code: each.standing for each in places(session, reach(session, first, actor), TODAY)
        }
        gone = {
            each.slot.code: each.standing
            for each in places(session, reach(session, first, actor), TODAY + timedelta(days=1))
        }
    assert (later["PERMIT"], gone["PERMIT"]) == (Standing.ATTACHED, Standing.EXPIRED)
    assert reuse(firms, second, document, "PERMIT") is not None
    assert stood(firms, second, "PERMIT").standing is Standing.REFERRED


def test_the_next_version_takes_the_place_of_the_first(firms: Firms) -> None:
    declared = firms.declared()
    first = attach(firms, declared)
    second = attach(firms, declared, replaces=first)
    (only,) = stood(firms, declared).papers
    assert (only.id, only.version) == (second, 2)
    assert document_of(firms, first).state == DocumentState.REPLACED


def test_a_paper_of_an_earlier_declaration_is_taken_by_reference(firms: Firms) -> None:
    first, second = firms.declared(), firms.declared()
    document_id = document_of(firms, attach(firms, first)).id
    actor = firms.person(FILER)
    with firms.as_(actor) as session:
        found = reach(session, second, actor)
        slot = stood(firms, second).slot
        assert document_id in {each.document_id for each in choices(session, found, slot)}
    once = reuse(firms, second, document_id)
    assert reuse(firms, second, document_id) == once
    place = stood(firms, second)
    assert place.standing is Standing.REFERRED
    assert [each.reused for each in place.papers] == [1]
    with firms.as_(actor) as session:
        vault = {each.id: each for each in vault_papers(session, party_ids=actor.party_ids)}
        assert len(vault[document_id].uses) == 2


def test_a_paper_that_is_used_elsewhere_outlives_its_first_place(firms: Firms) -> None:
    first, second = firms.declared(), firms.declared()
    paper = attach(firms, first)
    document_id = document_of(firms, paper).id
    reuse(firms, second, document_id)
    take_out(firms, first, paper)
    assert document_of(firms, paper).state == DocumentState.CURRENT
    take_out(firms, second, stood(firms, second).papers[0].id)
    alone = attach(firms, first)
    take_out(firms, first, alone)
    assert document_of(firms, alone).state == DocumentState.WITHDRAWN


def take_out(firms: Firms, declaration_id: UUID, paper_id: UUID | None) -> None:
    actor = firms.person(FILER)
    assert paper_id is not None
    with firms.as_(actor) as session:
        service.remove(
            session,
            declaration_id=declaration_id,
            slot="INVOICE",
            paper_id=paper_id,
            actor=actor,
            now=firms.now,
        )


def test_a_dossier_that_is_erased_leaves_a_paper_that_a_declaration_uses(firms: Firms) -> None:
    case_id, declared = firms.draft(), firms.declared(agent_party_id=None, type_code="E21")
    firms.attach(case_id, "FINANCE")
    actor = firms.person(FILER)
    with firms.as_(actor) as session:
        document = session.scalars(select(Document).where(Document.kind == "FINANCE")).first()
        assert document is not None
        session.add(
            DocumentUse(
                id=declared,
                party_id=document.party_id,
                document_id=document.id,
                subject_kind="test",
                subject_id=declared,
                name="TK",
                href="/",
                place={"vi": "x", "en": "x"},
                since=firms.now,
            )
        )
        document_id = document.id
    officer = firms.person("mot.cua")
    with firms.as_(officer) as session:
        erase_papers(session, case_ids=[case_id], actor=officer, now=firms.now)
        assert session.get_one(Document, document_id).state == DocumentState.CURRENT


def test_papers_of_another_firm_stay_out(firms: Firms) -> None:
    theirs = firms.declared(login=OTHER)
    document_id = document_of(firms, attach(firms, theirs, login=OTHER), OTHER).id
    mine = firms.declared()
    with pytest.raises(NotFound):
        reuse(firms, mine, document_id)
    # A broker who acts for both firms is told why.
    own, other = firms.person(FILER), firms.person(OTHER)
    broker = Actor(own.kind, own.user_id, own.name, (*own.grants, *other.grants), own.session_id)
    with pytest.raises(service.PaperOfAnother), firms.as_(broker) as session:
        service.attach_from_vault(
            session, declaration_id=mine, slot="INVOICE", document_id=document_id, actor=broker, now=firms.now,
            today=TODAY,
        )  # fmt: skip
    copied = text(
        "insert into customs_paper (id, party_id, declaration_id, slot, form, document_id, file_name, number, holder,"
        " source, reused, state, attached_at) values (:id, :party, :declaration, 'INVOICE', '', :document, 'x', '', '',"
        " 'UPLOAD', 0, 'ATTACHED', now())"
    )
    values = {"id": uuid7(), "party": firms.party(), "declaration": mine, "document": document_id}
    with pytest.raises(IntegrityError), firms.as_(broker) as session:
        session.execute(copied, values)


def test_a_certificate_of_another_firm_is_refused(firms: Firms) -> None:
    declared = firms.declared(header={"OL1": "MO"})
    facts = {"form": "STANDARD", "number": "ISO 1", "issued_on": TODAY}
    with pytest.raises(CertificateOfAnother):
        attach(firms, declared, "SPECIALISED", holder="0312945656", **facts)
    assert attach(firms, declared, "SPECIALISED", holder=firms.tax_code(), **facts)
    (paper,) = stood(firms, declared, "SPECIALISED").papers
    assert (paper.form, paper.number, paper.holder) == ("STANDARD", "ISO 1", firms.tax_code())


def test_who_may_not(firms: Firms) -> None:
    declared = firms.declared()
    with pytest.raises(NotFound):
        attach(firms, declared, login=OTHER)
    with pytest.raises(NotFound):  # a draft is its firm's own
        attach(firms, declared, login=OFFICER)
    firms.bring(declared, "REGISTERED")
    with pytest.raises(Forbidden):
        attach(firms, declared, login=OFFICER)
    firms.bring(declared, "CANCELLED")
    with pytest.raises(service.DossierClosed):
        attach(firms, declared)


def test_papers_are_shown_to_customs_when_there_is_a_number(firms: Firms) -> None:
    declared = firms.declared()
    attach(firms, declared)
    actor = firms.person(FILER)
    with pytest.raises(StepImpossible) as refused, firms.as_(actor) as session:
        service.show(session, declaration_id=declared, actor=actor, now=firms.now)
    assert "SEND" in refused.value.allowed


def test_what_customs_has_is_shown_once_and_stays(firms: Firms) -> None:
    declared = firms.declared()
    paper = attach(firms, declared)
    firms.bring(declared, "REGISTERED")
    actor = firms.person(FILER)
    with firms.as_(actor) as session:
        assert service.show(session, declaration_id=declared, actor=actor, now=firms.now) == 1
    with firms.as_(actor) as session:
        rows = session.scalars(select(Dispatch).where(Dispatch.declaration_id == declared)).all()
        assert [(each.kind, each.content["papers"][0]["slot"]) for each in rows] == [("DOCUMENTS", "INVOICE")]
    with pytest.raises(service.NothingToShow), firms.as_(actor) as session:
        service.show(session, declaration_id=declared, actor=actor, now=firms.now)
    with pytest.raises(service.PaperShown):
        take_out(firms, declared, paper)
