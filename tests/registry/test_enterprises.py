"""Enterprises enter the registry once, with their party, history, evidence and event."""

from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.core import outbox
from app.core.auth.models import Party, PartyKind
from app.core.errors import Forbidden
from app.core.evidence.models import EvidenceEntry
from app.core.kit.actor import SYSTEM, Actor, ActorKind, Grant
from app.core.kit.ids import uuid7
from app.core.outbox import HandlerRegistry
from app.registry import facade
from app.registry.domain import AddressKind, EnterpriseKind, Source, Verification, enterprise_problems
from app.registry.models import Address, Change, Enterprise
from app.registry.permissions import MANAGE
from tests.conftest import NOW

TAX_CODE = "9900000016"
CLERK = Actor(
    ActorKind.OFFICER, uuid7(), "Cán bộ", (Grant(uuid7(), frozenset({"INTAKE"}), frozenset({MANAGE})),)
)


@pytest.fixture
def session(officer_session: Session) -> Session:
    with outbox.installed(HandlerRegistry()):
        yield officer_session


def registered(session: Session, **values: object) -> UUID:
    known = {"name_vi": "Công ty Thử", "kind": EnterpriseKind.VIETNAMESE, "actor": CLERK, "now": NOW}
    return facade.register_enterprise(session, **{**known, **values})


class TestRegisterEnterprise:
    def test_makes_the_party_the_record_its_history_and_evidence(self, session: Session) -> None:
        key = registered(session, tax_code=" 990000001-6 ", name_en="Trial Co.", reason="Giấy đăng ký số 1")
        session.flush()
        party = session.get_one(Party, key)
        assert (party.kind, party.name) == (PartyKind.ENTERPRISE, "Công ty Thử")
        card = facade.enterprise_card(session, key)
        assert card is not None
        assert (card.tax_code, card.country, card.revision, card.demo) == (TAX_CODE, "VN", 1, False)
        assert (card.verification, card.source) == (Verification.DECLARED, Source.OFFICER)
        change = session.scalars(select(Change).where(Change.party_id == key)).one()
        assert (change.what, change.reason, change.actor_name) == (
            "REGISTERED",
            "Giấy đăng ký số 1",
            "Cán bộ",
        )
        assert change.values["tax_code"] == [None, TAX_CODE]
        tags = session.scalars(select(EvidenceEntry.tag).where(EvidenceEntry.subject_id == key)).all()
        assert set(tags) == {"auth:party:create", "registry:enterprise:register"}
        assert [each.event.name for each in outbox.publishing.pending(session)] == [
            "registry.enterprise.registered"
        ]

    def test_twice_under_one_key_is_once(self, session: Session) -> None:
        key = uuid7()
        assert registered(session, party_id=key) == registered(session, party_id=key, name_vi="Khác") == key
        assert session.scalar(select(func.count()).where(Change.party_id == key)) == 1

    def test_gives_a_record_to_a_party_that_has_none(self, session: Session) -> None:
        party = Party(id=uuid7(), kind=PartyKind.ENTERPRISE, name="Có trước", created_at=NOW)
        session.add(party)
        assert registered(session, party_id=party.id) == party.id

    def test_refuses_a_tax_code_of_another(self, session: Session) -> None:
        registered(session, tax_code=TAX_CODE, name_vi="Đứng trước")
        with pytest.raises(facade.TaxCodeTaken) as refusal:
            registered(session, tax_code="99 0000 0016")
        assert refusal.value.params["name"] == "Đứng trước"
        assert [each.name for each in refusal.value.errors] == ["tax_code"]

    def test_names_every_fault_at_once(self, session: Session) -> None:
        with pytest.raises(facade.EnterpriseInvalid) as refusal:
            registered(session, name_vi=" ", tax_code="9900000017", country="JP", email="ten", phone="abc")
        assert {(each.name, each.code) for each in refusal.value.errors} == {
            ("name_vi", "required"),
            ("tax_code", "tax-code-check"),
            ("country", "kind"),
            ("email", "email"),
            ("phone", "phone"),
        }

    def test_is_for_those_who_keep_the_registry(self, session: Session) -> None:
        with pytest.raises(Forbidden):
            registered(session, actor=Actor(ActorKind.OFFICER, uuid7(), "Fremd"))

    def test_a_take_over_is_marked_with_its_batch(self, session: Session) -> None:
        batch = uuid7()
        key = facade.take_over_enterprise(
            session, takeover_id=batch, values={"name_vi": "Cũ", "kind": "VIETNAMESE", "tax_code": TAX_CODE},
            actor=SYSTEM, now=NOW, reason="sổ 2024",
        )  # fmt: skip
        card = facade.enterprise_card(session, key)
        assert card is not None
        assert (card.verification, card.source, card.takeover_id) == ("TAKEN_OVER", "TAKE_OVER", batch)


class TestCards:
    def test_are_found_by_a_tax_code_as_typed(self, session: Session) -> None:
        key = registered(session, tax_code=TAX_CODE)
        found = facade.enterprise_by_tax_code(session, "99.0000.0016")
        assert found is not None
        assert found.party_id == key
        for text in ("", "9900000017", "0100233488"):
            assert facade.enterprise_by_tax_code(session, text) is None

    def test_of_projects_say_where_they_come_from(self, session: Session) -> None:
        owner, batch = registered(session), uuid7()
        key = facade.register_project(
            session, party_id=owner, name_vi="Dự án", site="S1", actor=SYSTEM, now=NOW,
            verification=Verification.TAKEN_OVER, takeover_id=batch,
        )  # fmt: skip
        session.flush()
        card = facade.project_card(session, key)
        assert card is not None
        assert (card.party_id, card.verification, card.takeover_id) == (owner, "TAKEN_OVER", batch)
        assert facade.project_card(session, uuid7()) is None


def test_there_is_one_head_office_at_a_time(session: Session) -> None:
    key = registered(session)
    for start, end in ((2020, 2025), (2024, 2026)):
        session.add(
            Address(
                id=uuid7(), party_id=key, kind=AddressKind.HEAD_OFFICE, country="VN", province="Hải Phòng", ward="W",
                street="1", valid=Range(date(start, 1, 1), date(end, 1, 1)), created_at=NOW,
            )
        )  # fmt: skip
    with pytest.raises(DBAPIError, match="one_head_office"):
        session.flush()


@pytest.mark.parametrize("tax_code", ["123", "99000000161", "9900000016-01", "９９"])
def test_the_database_refuses_a_tax_code_in_another_spelling(session: Session, tax_code: str) -> None:
    key = registered(session)
    session.get_one(Enterprise, key).tax_code = tax_code
    with pytest.raises(DBAPIError, match="ck_registry_enterprise_tax_code"):
        session.flush()


@pytest.mark.parametrize(
    ("kind", "country", "fits"),
    [
        ("VIETNAMESE", "VN", True),
        ("FOREIGN_INVESTED", "VN", True),
        ("FOREIGN", "KR", True),
        ("FOREIGN", "VN", False),
        ("FOREIGN_INVESTED", "KR", False),
        ("FOREIGN", "Korea", False),
        ("PARTNERSHIP", "VN", False),
    ],
)
def test_kind_and_country_fit_together(kind: str, country: str, fits: bool) -> None:
    assert (not list(enterprise_problems(name_vi="Tên", kind=kind, country=country))) is fits
