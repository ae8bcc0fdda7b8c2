from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.auth import (
    AlreadyMember,
    CodeTaken,
    LoginNotUsable,
    LoginTaken,
    Membership,
    PartyDoesNotFit,
    PartyKind,
    RoleDoesNotFit,
    User,
    UserKind,
    WeakPassword,
    add_membership,
    create_office,
    end_membership,
    find_office,
    names_of,
    register_person,
)
from app.core.db import Database
from app.core.errors import Forbidden, NotFound
from app.core.evidence import EvidenceEntry
from app.core.kit.actor import ANONYMOUS, SYSTEM, Actor, ActorKind, Grant
from app.core.kit.ids import uuid7
from tests.core.auth.people import AUTH, NOW, OFFICER, PASSWORD, MakePerson

DAY = timedelta(days=1)


def register(session: Session, login: str, **changes: object) -> User:
    wanted: dict[str, object] = {
        "full_name": "Đỗ Thị Thử",
        "kind": UserKind.CUSTOMER,
        "password": PASSWORD,
        "language": "vi",
        "actor": SYSTEM,
        "now": NOW,
    }
    return register_person(session, login=login, **(wanted | changes))


class TestRegisterPerson:
    def test_login_is_folded_and_unique(self, database: Database) -> None:
        login = f"Lan.{uuid7().hex}@Example.VN"
        with database.session(AUTH) as session:
            assert register(session, f"  {login} ").login == login.lower()
            with pytest.raises(LoginTaken):
                register(session, login.upper())

    @pytest.mark.parametrize("login", ["", "ab", "đỗ.thử", "a b c", "-abc", "раypal"])
    def test_a_login_that_could_be_confused_is_refused(self, database: Database, login: str) -> None:
        with database.session(AUTH) as session, pytest.raises(LoginNotUsable):
            register(session, login)

    def test_weak_password_is_refused(self, database: Database) -> None:
        login = f"p{uuid7().hex}"
        with database.session(AUTH) as session, pytest.raises(WeakPassword):
            register(session, login, password=login)

    def test_nobody_without_the_permission(self, database: Database) -> None:
        with database.session(AUTH) as session, pytest.raises(Forbidden):
            register(session, "somebody", actor=ANONYMOUS)

    def test_an_enterprise_opens_no_officer_account(self, database: Database) -> None:
        admin = Actor(
            ActorKind.CUSTOMER,
            uuid7(),
            grants=(Grant(uuid7(), frozenset(), frozenset({"member.manage"})),),
        )
        with database.session(AUTH) as session:
            register(session, f"p{uuid7().hex}", actor=admin)
            with pytest.raises(Forbidden):
                register(session, f"p{uuid7().hex}", actor=admin, kind=UserKind.OFFICER)

    def test_evidence_holds_no_personal_value(self, database: Database) -> None:
        with database.transaction(AUTH) as session:
            user = register(session, f"p{uuid7().hex}", email="thu@example.vn")
        with database.session(OFFICER) as session:
            entry = session.scalars(select(EvidenceEntry).where(EvidenceEntry.subject_id == user.id)).one()
        assert entry.tag == "auth:user:register"
        assert not any(value in entry.body for value in (user.login, user.full_name, "thu@", "argon2"))


class TestOffice:
    def test_an_officer_session_creates_one(self, database: Database) -> None:
        code = uuid7().hex
        name = {"vi": "Phòng Thử", "en": "Test Division"}
        with database.session(OFFICER) as session:
            office = create_office(
                session, code=code, kind=PartyKind.DIVISION, name=name, actor=SYSTEM, now=NOW
            )
            assert find_office(session, code).party_id == office.party_id
            with pytest.raises(CodeTaken):
                create_office(session, code=code, kind=PartyKind.DIVISION, name=name, actor=SYSTEM, now=NOW)
            with pytest.raises(NotFound):
                find_office(session, code + "x")


class TestMembership:
    def test_a_role_of_the_other_side_is_refused(self, database: Database, person: MakePerson) -> None:
        customer = person()
        with database.session(OFFICER) as session, pytest.raises(RoleDoesNotFit) as caught:
            add_membership(
                session,
                party_id=customer.party_id,
                user_id=customer.id,
                roles=["LEADER"],
                actor=SYSTEM,
                now=NOW,
            )
        assert caught.value.code == "auth.role-does-not-fit"
        assert "ENTERPRISE_ADMIN, FILER, SIGNER" in str(caught.value)

    def test_one_at_a_time(self, database: Database, person: MakePerson) -> None:
        member = person("FILER")
        with database.session(OFFICER) as session, pytest.raises(AlreadyMember):
            add_membership(
                session, party_id=member.party_id, user_id=member.id, roles=["SIGNER"], actor=SYSTEM, now=NOW
            )

    def test_the_database_holds_it_too(self, database: Database, person: MakePerson) -> None:
        member = person("FILER")
        twin = Membership(
            id=uuid7(),
            party_id=member.party_id,
            user_id=member.id,
            roles=["SIGNER"],
            valid_from=NOW + DAY,
            valid_to=None,
            created_at=NOW,
            created_by=None,
        )
        with database.session(AUTH) as session:
            session.add(twin)
            with pytest.raises(IntegrityError, match="one_at_a_time"):
                session.flush()

    def test_new_roles_follow_the_end_of_the_old(self, database: Database, person: MakePerson) -> None:
        member = person("FILER")
        with database.transaction(OFFICER) as session:
            old = session.scalars(select(Membership).where(Membership.user_id == member.id)).one()
            end_membership(session, old.id, actor=SYSTEM, now=NOW + DAY)
            add_membership(
                session,
                party_id=member.party_id,
                user_id=member.id,
                roles=["SIGNER", "FILER", "SIGNER"],
                actor=SYSTEM,
                now=NOW + DAY,
            )
        with database.session(OFFICER) as session:
            roles = session.scalars(
                select(Membership.roles)
                .where(Membership.user_id == member.id)
                .order_by(Membership.valid_from)
            )
            assert list(roles) == [["FILER"], ["FILER", "SIGNER"]]
            with pytest.raises(NotFound):
                end_membership(session, old.id, actor=SYSTEM, now=NOW + DAY)

    def test_an_administrator_of_another_enterprise_is_refused(
        self, database: Database, person: MakePerson
    ) -> None:
        member = person()
        admin = Actor(
            ActorKind.CUSTOMER,
            uuid7(),
            grants=(Grant(uuid7(), frozenset(), frozenset({"member.manage"})),),
        )
        with database.session(AUTH) as session, pytest.raises(Forbidden):
            add_membership(
                session, party_id=member.party_id, user_id=member.id, roles=["FILER"], actor=admin, now=NOW
            )

    def test_an_enterprise_gives_nobody_a_role_of_an_officer(
        self, database: Database, person: MakePerson
    ) -> None:
        officer, mine = person("HEAD", kind=UserKind.OFFICER), person()
        admin = Actor(
            ActorKind.CUSTOMER,
            mine.id,
            grants=(Grant(mine.party_id, frozenset(), frozenset({"member.manage"})),),
        )
        wanted = {"party_id": mine.party_id, "user_id": officer.id, "roles": ["LEADER"], "now": NOW}
        with database.session(AUTH) as session:
            with pytest.raises(NotFound):
                add_membership(session, actor=admin, **wanted)
            with pytest.raises(PartyDoesNotFit):
                add_membership(session, actor=SYSTEM, **wanted)
            with pytest.raises(PartyDoesNotFit):
                add_membership(
                    session,
                    party_id=officer.party_id,
                    user_id=mine.id,
                    roles=["FILER"],
                    actor=SYSTEM,
                    now=NOW,
                )

    def test_names(self, database: Database, person: MakePerson) -> None:
        one, other = person(), person()
        with database.session(OFFICER) as session:
            names = names_of(session, [one.id, other.id, one.id, uuid7()])
        assert names == {one.id: "Đỗ Thị Thử", other.id: "Đỗ Thị Thử"}
