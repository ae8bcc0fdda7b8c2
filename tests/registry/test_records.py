"""Records change by revisions: each change is kept, a stale one is refused, and proposals are decided once."""

from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import outbox
from app.core.auth.models import Party
from app.core.errors import Forbidden, NotFound
from app.core.kit.actor import Actor, ActorKind, Grant
from app.core.kit.ids import uuid7
from app.core.outbox import HandlerRegistry
from app.registry import service
from app.registry.domain import AddressKind, EnterpriseKind, Verification
from app.registry.models import Enterprise, Proposal
from app.registry.permissions import MANAGE, PROPOSE
from app.registry.queries import records as reading
from app.registry.service import Person, Place
from app.registry.service.proposals import ProposalDecided, ProposalOpen
from tests.conftest import NOW

CLERK = Actor(
    ActorKind.OFFICER, uuid7(), "Cán bộ", (Grant(uuid7(), frozenset({"INTAKE"}), frozenset({MANAGE})),)
)
DAY = date(2026, 1, 15)


@pytest.fixture
def session(officer_session: Session) -> Session:
    with outbox.installed(HandlerRegistry()):
        yield officer_session


@pytest.fixture
def enterprise(session: Session) -> UUID:
    return service.register_enterprise(
        session,
        name_vi="Công ty Thử",
        kind=EnterpriseKind.VIETNAMESE,
        phone="0225 000 000",
        actor=CLERK,
        now=NOW,
    )


def edit(session: Session, key: UUID, revision: int = 1, actor: Actor = CLERK, **values: object) -> int:
    return service.edit_enterprise(
        session, party_id=key, revision=revision, values=values, actor=actor, now=NOW, reason="Giấy số 2"
    )


class TestEdit:
    def test_counts_keeps_and_tells(self, session: Session, enterprise: UUID) -> None:
        assert edit(session, enterprise, name_vi="Công ty Đổi Tên", verification="VERIFIED") == 2
        session.flush()
        assert session.get_one(Party, enterprise).name == "Công ty Đổi Tên"
        newest = reading.changes(session, enterprise)[0]
        assert newest.values == {
            "name_vi": ["Công ty Thử", "Công ty Đổi Tên"],
            "verification": [Verification.DECLARED, Verification.VERIFIED],
        }
        assert (newest.revision, newest.reason) == (2, "Giấy số 2")
        told = [each.event for each in outbox.publishing.pending(session)]
        assert told[-1].name == "registry.enterprise.changed"

    def test_of_nothing_is_nothing(self, session: Session, enterprise: UUID) -> None:
        assert edit(session, enterprise, name_vi=" Công ty Thử ") == 1
        assert len(reading.changes(session, enterprise)) == 1

    def test_refuses_what_somebody_else_changed(self, session: Session, enterprise: UUID) -> None:
        edit(session, enterprise, phone="0225 111 111")
        with pytest.raises(service.StaleRecord) as refusal:
            edit(session, enterprise, phone="0225 222 222")
        assert refusal.value.params == {"seen": 1, "now": 2}
        assert session.get_one(Enterprise, enterprise).phone == "0225 111 111"

    def test_wants_a_reason_and_values_that_fit(self, session: Session, enterprise: UUID) -> None:
        with pytest.raises(service.EnterpriseInvalid) as refusal:
            service.edit_enterprise(
                session,
                party_id=enterprise,
                revision=1,
                values={"phone": "0225 1"},
                actor=CLERK,
                now=NOW,
                reason=" ",
            )
        assert [each.name for each in refusal.value.errors] == ["reason"]
        with pytest.raises(service.EnterpriseInvalid) as refusal:
            edit(session, enterprise, tax_code="1", email="x")
        assert {each.name for each in refusal.value.errors} == {"tax_code", "email"}

    def test_is_not_for_everybody(self, session: Session, enterprise: UUID) -> None:
        with pytest.raises(Forbidden):
            edit(session, enterprise, actor=Actor(ActorKind.OFFICER, uuid7(), "x"), phone="0225 1")
        with pytest.raises(NotFound):
            edit(session, uuid7(), phone="0225 1")

    def test_keeps_the_own_tax_code_and_refuses_anothers(self, session: Session, enterprise: UUID) -> None:
        edit(session, enterprise, tax_code="9900000016")
        assert edit(session, enterprise, revision=2, tax_code="99 0000 0016", phone="0225 5") == 3
        other = service.register_enterprise(
            session, name_vi="Khác", kind=EnterpriseKind.VIETNAMESE, actor=CLERK, now=NOW
        )
        with pytest.raises(service.TaxCodeTaken):
            edit(session, other, tax_code="9900000016")


class TestAddress:
    def set(
        self, session: Session, key: UUID, revision: int, since: date, ward: str = "Phường Đông Hải"
    ) -> int:
        place = Place(AddressKind.HEAD_OFFICE, "VN", "Thành phố Hải Phòng", ward, "Lô CN1")
        return service.set_address(
            session, party_id=key, revision=revision, place=place, since=since, actor=CLERK, now=NOW
        )

    def test_a_new_head_office_ends_the_one_before(self, session: Session, enterprise: UUID) -> None:
        self.set(session, enterprise, 1, DAY)
        assert self.set(session, enterprise, 2, date(2026, 6, 1), "Đặc khu Cát Hải") == 3
        now, before = reading.addresses(session, enterprise)
        assert (now.ward, now.since, now.until) == ("Đặc khu Cát Hải", date(2026, 6, 1), None)
        assert (before.since, before.until) == (DAY, date(2026, 6, 1))
        with pytest.raises(service.EnterpriseInvalid) as refusal:
            self.set(session, enterprise, 3, date(2026, 6, 1))
        assert [(each.name, each.code) for each in refusal.value.errors] == [("since", "order")]

    def test_lacks_are_named_all_at_once(self, session: Session, enterprise: UUID) -> None:
        with pytest.raises(service.EnterpriseInvalid) as refusal:
            service.set_address(
                session, party_id=enterprise, revision=1, place=Place(AddressKind.SITE, "VN", "", "", ""), since=DAY,
                actor=CLERK, now=NOW,
            )  # fmt: skip
        assert {each.name for each in refusal.value.errors} == {"province", "ward", "street"}


class TestRepresentative:
    def test_begins_and_ends(self, session: Session, enterprise: UUID) -> None:
        key = service.add_representative(
            session, party_id=enterprise, revision=1, person=Person("Nguyễn Văn Thử", "Giám đốc", "VN"), since=DAY,
            actor=CLERK, now=NOW,
        )  # fmt: skip

        def end(until: date, revision: int, representative: UUID = key) -> int:
            return service.end_representative(
                session, party_id=enterprise, representative_id=representative, revision=revision, until=until,
                actor=CLERK, now=NOW,
            )  # fmt: skip

        for wrong in (DAY, date(2025, 1, 1)):
            with pytest.raises(service.EnterpriseInvalid):
                end(wrong, 2)
        with pytest.raises(NotFound):
            end(date(2026, 2, 1), 2, uuid7())
        assert end(date(2026, 2, 1), 2) == 3
        with pytest.raises(service.EnterpriseInvalid):
            end(date(2026, 3, 1), 3)
        (entry,) = reading.representatives(session, enterprise)
        assert (entry.name, entry.since, entry.until) == ("Nguyễn Văn Thử", DAY, date(2026, 2, 1))


class TestProposal:
    def filer(self, key: UUID) -> Actor:
        grant = Grant(key, frozenset({"ENTERPRISE_ADMIN"}), frozenset({PROPOSE}))
        return Actor(ActorKind.CUSTOMER, uuid7(), "Người Thử", (grant,))

    def propose(self, session: Session, key: UUID, *, proposal_id: UUID | None = None, **values: str) -> UUID:
        known = {"phone": "0225 000 000", "email": "", "website": "", **values}
        return service.propose_contact(
            session, proposal_id=proposal_id or uuid7(), party_id=key, values=known, note="", actor=self.filer(key),
            now=NOW,
        )  # fmt: skip

    def decide(self, session: Session, key: UUID, proposal: UUID, accept: bool, answer: str = "") -> None:
        service.decide(
            session,
            proposal_id=proposal,
            party_id=key,
            accept=accept,
            revision=1,
            answer=answer,
            actor=CLERK,
            now=NOW,
        )

    def test_is_taken_over_into_the_record(self, session: Session, enterprise: UUID) -> None:
        key = self.propose(session, enterprise, phone="0225 999 999", email="ten@congty.vn")
        session.flush()
        self.decide(session, enterprise, key, True)
        row = session.get_one(Enterprise, enterprise)
        assert (row.phone, row.email, row.revision) == ("0225 999 999", "ten@congty.vn", 2)
        with pytest.raises(ProposalDecided):
            self.decide(session, enterprise, key, False, "Không")

    def test_is_refused_with_a_reason_only(self, session: Session, enterprise: UUID) -> None:
        key = self.propose(session, enterprise, phone="0225 999 999")
        session.flush()
        with pytest.raises(service.EnterpriseInvalid):
            self.decide(session, enterprise, key, False)
        self.decide(session, enterprise, key, False, "Số này không liên lạc được")
        assert session.get_one(Enterprise, enterprise).revision == 1

    def test_twice_is_once_and_one_at_a_time(self, session: Session, enterprise: UUID) -> None:
        key = self.propose(session, enterprise, phone="0225 999 999")
        session.flush()
        assert self.propose(session, enterprise, proposal_id=key, phone="0225 1") == key
        with pytest.raises(ProposalOpen):
            self.propose(session, enterprise, phone="0225 888 888")
        service.take_back(
            session, proposal_id=key, party_id=enterprise, actor=self.filer(enterprise), now=NOW
        )
        session.flush()
        self.propose(session, enterprise, phone="0225 888 888")
        session.flush()
        assert len(session.scalars(select(Proposal).where(Proposal.party_id == enterprise)).all()) == 2

    def test_of_nothing_or_for_another_is_refused(self, session: Session, enterprise: UUID) -> None:
        with pytest.raises(service.EnterpriseInvalid):
            self.propose(session, enterprise)
        with pytest.raises(Forbidden):
            service.propose_contact(
                session, proposal_id=uuid7(), party_id=enterprise, values={"phone": "1"}, note="",
                actor=self.filer(uuid7()), now=NOW,
            )  # fmt: skip
