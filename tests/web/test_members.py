"""The people of an enterprise and who acts for it: inviting, limiting, removing, appointing, ending."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.core.auth.models import Membership, User
from app.core.db.cluster import PrivateCluster
from app.core.kit.ids import uuid7
from tests.faults.people import AUTH, Person, at_once, draft
from tests.web.joining import PASSWORD, Town, town_on

WHO = "moi.vao@example.com"
LATE = "31/12/2099"


@pytest.fixture
def town(cluster: PrivateCluster, ready_template: str, tmp_path: Path) -> Iterator[Town]:
    with town_on(cluster, ready_template, tmp_path) as running:
        yield running


def invite(town: Town, admin: Person, email: str = WHO, **more: Any) -> Any:
    form = {
        "party": str(town.house.party_of("hoshi")),
        "key": str(uuid7()),
        "email": email,
        "roles": ["FILER"],
    }
    return admin.post("/members/invitations", {**form, **more})


def token(town: Town, email: str = WHO) -> str:
    return str(town.letters(email)[-1]["params"]["token"])


def open_account(person: Person, invitation: str, **more: str) -> Any:
    form = {"token": invitation, "full_name": "Vũ Thị Mới", "password": PASSWORD, "again": PASSWORD}
    return person.post("/invitation/account", {**form, **more})


def membership(town: Town, login: str, party_id: UUID) -> Membership:
    with town.house.database.session(AUTH) as session:
        query = select(Membership).join(User, User.id == Membership.user_id)
        query = query.where(
            User.login == login, Membership.party_id == party_id, Membership.valid_to.is_(None)
        )
        return session.scalars(query).one()


def joined(town: Town, admin: Person, email: str = WHO, **more: Any) -> Person:
    """Invite somebody who has no account, and let them come in."""
    assert invite(town, admin, email, **more).status_code == 303
    person = town.house.visitor()
    assert open_account(person, token(town, email)).status_code == 200
    assert person.sign_in(email, PASSWORD).headers["location"] == "/my"
    return person


class TestInvitation:
    def test_a_person_without_account_opens_one_by_the_letter(self, town: Town) -> None:
        admin = town.house.person("hoshi")
        person = joined(town, admin)
        assert "/dossiers/new" in person.get("/my").text
        assert "Vũ Thị Mới" in admin.get("/members").text
        assert town.rows("select payload->>'what' from outbox_event where name = 'auth.people.changed'") == [
            ("joined",)
        ]

    def test_an_account_accepts_by_one_press_and_once(self, town: Town) -> None:
        person = town.registered(WHO)
        assert invite(town, town.house.person("hoshi")).status_code == 303
        letter = token(town)
        assert person.get(f"/invitation?token={letter}").status_code == 200
        assert person.post("/invitation", {"token": letter}).status_code == 303
        assert person.post("/invitation", {"token": letter}).status_code == 410
        assert membership(town, WHO, town.house.party_of("hoshi")).roles == ["FILER"]

    def test_it_is_for_its_address_only(self, town: Town) -> None:
        invite(town, town.house.person("hoshi"))
        letter = token(town)
        other = town.house.person("nop.hoso")
        assert other.post("/invitation", {"token": letter}).status_code == 409
        visitor = town.house.visitor()
        assert visitor.post("/invitation", {"token": letter}).status_code == 401
        assert town.house.person("mot.cua").post("/invitation", {"token": letter}).status_code == 409

    def test_sent_twice_one_letter_goes_out(self, town: Town) -> None:
        admin, key = town.house.person("hoshi"), str(uuid7())
        for _ in range(2):
            assert invite(town, admin, key=key).status_code == 303
        assert len(town.letters(WHO)) == 1

    def test_a_newer_letter_and_a_revocation_end_the_older_one(self, town: Town) -> None:
        admin = town.house.person("hoshi")
        invite(town, admin)
        first, key = token(town), self.key(town)
        assert admin.post(f"/invitations/{key}/again").status_code == 303
        assert len(town.letters(WHO)) == 1, "at most once a minute"
        town.run("update auth_invitation set sent_at = sent_at - interval '2 minutes'")
        assert admin.post(f"/invitations/{key}/again").status_code == 303
        second = token(town)
        assert town.house.visitor().get(f"/invitation?token={first}").status_code == 410
        assert town.house.visitor().get(f"/invitation?token={second}").status_code == 200
        assert admin.post(f"/invitations/{key}/revoke").status_code == 303
        assert town.house.visitor().get(f"/invitation?token={second}").status_code == 410
        assert admin.post(f"/invitations/{key}/revoke").status_code == 404

    @staticmethod
    def key(town: Town) -> UUID:
        found = town.rows("select id from auth_invitation order by id desc limit 1")[0][0]
        assert isinstance(found, UUID)
        return found

    def test_time_ends_it_and_so_does_the_end_of_who_invited(self, town: Town) -> None:
        invite(town, town.house.person("hoshi"))
        town.run("update auth_invitation set expires_at = now() - interval '1 minute'")
        assert open_account(town.house.visitor(), token(town)).status_code == 410
        invite(town, town.house.person("hoshi"))
        letter = token(town)
        town.run(
            "update auth_membership set valid_to = now() where user_id = (select id from auth_user where login = %s)",
            "hoshi",
        )
        assert town.house.visitor().get(f"/invitation?token={letter}").status_code == 410

    def test_others_do_not_invite_into_it(self, town: Town) -> None:
        admin = town.house.person("nop.hoso")
        assert invite(town, admin).status_code == 404
        assert town.house.person("mot.cua").get("/members").status_code == 403
        filer = joined(town, town.house.person("hoshi"))
        assert filer.get("/members").status_code == 403
        assert town.letters("x@example.com") == []

    @pytest.mark.parametrize(
        ("field", "more"),
        [
            ("email", {"email": "kein-at"}),
            ("roles", {"roles": []}),
            ("roles", {"roles": ["ADMIN"]}),
            ("roles", {"roles": ["PERSON"]}),
        ],
    )
    def test_faults_stand_beside_the_field(self, town: Town, field: str, more: dict[str, Any]) -> None:
        answer = invite(town, town.house.person("hoshi"), **more)
        assert answer.status_code == 422
        assert f'id="f-{field}-error"' in answer.text


class TestPeople:
    def test_roles_are_limited_from_the_next_request_on(self, town: Town) -> None:
        admin = town.house.person("hoshi")
        person = joined(town, admin, roles=["ENTERPRISE_ADMIN"])
        party = town.house.party_of("hoshi")
        assert person.get("/members").status_code == 200
        held = membership(town, WHO, party)
        assert admin.post(f"/members/{held.id}/roles", {"roles": ["FILER"]}).status_code == 303
        assert person.get("/members").status_code == 403
        assert person.get("/my").status_code == 200

    def test_a_removed_person_sees_nothing_of_the_enterprise(self, town: Town) -> None:
        admin = town.house.person("hoshi")
        case_id = draft(admin, "hoshi")
        person = joined(town, admin)
        assert person.get(f"/dossiers/{case_id}").status_code == 200
        held = membership(town, WHO, town.house.party_of("hoshi"))
        assert admin.post(f"/members/{held.id}/remove").status_code == 303
        assert person.get(f"/dossiers/{case_id}").status_code == 404
        assert admin.post(f"/members/{held.id}/remove").status_code == 404
        tags = {tag for (tag,) in town.rows("select tag from evidence_entry")}
        assert {"auth:membership:add", "auth:membership:end", "auth:invitation:accept"} <= tags

    def test_the_last_administrator_stays(self, town: Town) -> None:
        admin = town.house.person("hoshi")
        party = town.house.party_of("hoshi")
        own = membership(town, "hoshi", party)
        assert admin.post(f"/members/{own.id}/remove").status_code == 409
        assert admin.post(f"/members/{own.id}/roles", {"roles": ["FILER"]}).status_code == 409
        joined(town, admin, roles=["ENTERPRISE_ADMIN"])
        assert admin.post(f"/members/{own.id}/remove").headers["location"] == "/my"
        assert admin.get("/members").status_code == 403
        last = membership(town, WHO, party)
        second = town.house.visitor()
        second.sign_in(WHO, PASSWORD)
        assert second.post(f"/members/{last.id}/remove").status_code == 409

    def test_another_enterprises_people_are_not_there(self, town: Town) -> None:
        theirs = membership(town, "hoshi", town.house.party_of("hoshi"))
        stranger = town.house.person("nop.hoso")
        for verb in ("remove", "roles"):
            assert stranger.post(f"/members/{theirs.id}/{verb}", {"roles": ["FILER"]}).status_code == 404
        assert stranger.get(f"/members/{theirs.id}").status_code == 404
        assert stranger.get(f"/members?party={theirs.party_id}").status_code == 404


class TestDelegation:
    def offer(self, town: Town, **more: Any) -> Any:
        """Let hoshi ask the firm of nop.hoso to act for it."""
        town.run("update auth_user set email = 'luat@example.com' where login = 'nop.hoso'")
        form = {
            "party": str(town.house.party_of("hoshi")),
            "key": str(uuid7()),
            "email": "luat@example.com",
            "roles": ["FILER"],
            "scope": ["workflow"],
            "valid_to": LATE,
        }
        return town.house.person("hoshi").post("/delegations", {**form, **more})

    def accepted(self, town: Town, **more: Any) -> Person:
        assert self.offer(town, **more).status_code == 303
        broker = town.house.person("nop.hoso")
        form = {
            "token": token(town, "luat@example.com"),
            "for_party": str(town.house.party_of("nop.hoso")),
        }
        assert broker.post("/invitation", form).status_code == 303
        return broker

    def test_it_works_from_acceptance_until_it_is_revoked_also_in_open_sessions(self, town: Town) -> None:
        giver = town.house.person("hoshi")
        case_id = draft(giver, "hoshi")
        early = town.house.person("nop.hoso")
        assert self.offer(town).status_code == 303
        assert early.get(f"/dossiers/{case_id}").status_code == 404, "not before it is accepted"
        broker = self.accepted(town)
        assert broker.get(f"/dossiers/{case_id}").status_code == 200
        assert early.get(f"/dossiers/{case_id}").status_code == 200
        assert "Hoshi Demo" in broker.get("/my").text
        (delegation,) = town.rows(
            "select id from auth_delegation where revoked_at is null order by created_at desc"
        )[0]
        assert giver.post(f"/delegations/{delegation}/end").status_code == 303
        assert broker.get(f"/dossiers/{case_id}").status_code == 404
        assert giver.post(f"/delegations/{delegation}/end").status_code == 404
        tags = {tag for (tag,) in town.rows("select tag from evidence_entry")}
        assert {"auth:delegation:give", "auth:delegation:revoke"} <= tags

    def test_the_delegate_gives_it_back(self, town: Town) -> None:
        broker = self.accepted(town)
        (delegation,) = town.rows("select id from auth_delegation order by created_at desc")[0]
        stranger = joined(town, town.house.person("hoshi"))
        assert stranger.post(f"/delegations/{delegation}/end").status_code == 403
        assert broker.post(f"/delegations/{delegation}/end").status_code == 303

    def test_it_does_not_chain(self, town: Town) -> None:
        assert self.offer(town, roles=["ENTERPRISE_ADMIN"]).status_code == 422
        broker = self.accepted(town)
        hoshi = str(town.house.party_of("hoshi"))
        again = {
            "party": hoshi,
            "key": str(uuid7()),
            "email": "dritter@example.com",
            "roles": ["FILER"],
            "scope": ["workflow"],
            "valid_to": LATE,
        }
        assert broker.post("/delegations", again).status_code == 404
        assert broker.get(f"/delegations?party={hoshi}").status_code == 404
        assert broker.get(f"/members?party={hoshi}").status_code == 404
        assert town.letters("dritter@example.com") == []

    def test_a_firm_does_not_act_for_itself_and_nobody_accepts_for_another(self, town: Town) -> None:
        town.run("update auth_user set email = 'hoshi@example.com' where login = 'hoshi'")
        assert self.offer(town, email="hoshi@example.com").status_code == 303
        form = {"token": token(town, "hoshi@example.com"), "for_party": str(town.house.party_of("hoshi"))}
        assert town.house.person("hoshi").post("/invitation", form).status_code == 409
        foreign = {**form, "for_party": str(town.house.party_of("nop.hoso"))}
        assert town.house.person("hoshi").post("/invitation", foreign).status_code == 404

    @pytest.mark.parametrize(
        ("field", "more"),
        [
            ("email", {"email": ""}),
            ("roles", {"roles": []}),
            ("scope", {"scope": []}),
            ("scope", {"scope": ["nonsense"]}),
            ("valid_to", {"valid_to": ""}),
            ("valid_to", {"valid_to": "01/01/2020"}),
            ("valid_to", {"valid_to": "morgen"}),
        ],
    )
    def test_faults_stand_beside_the_field(self, town: Town, field: str, more: dict[str, Any]) -> None:
        answer = self.offer(town, **more)
        assert answer.status_code == 422
        assert f'id="f-{field}-error"' in answer.text

    def test_a_period_ends_by_itself(self, town: Town) -> None:
        broker = self.accepted(town)
        case_id = draft(town.house.person("hoshi"), "hoshi")
        assert broker.get(f"/dossiers/{case_id}").status_code == 200
        town.run("update auth_delegation set valid_from = now() - interval '2 days', valid_to = now()")
        assert broker.get(f"/dossiers/{case_id}").status_code == 404


def test_of_two_presses_at_once_one_accepts(town: Town) -> None:
    """Two browsers of the same person, the same letter, the same moment: one membership, no fault."""
    first = town.registered(WHO)
    assert invite(town, town.house.person("hoshi")).status_code == 303
    letter, second = token(town), first.twin()
    statuses = at_once(
        [
            lambda each=each: each.post("/invitation", {"token": letter}).status_code
            for each in (first, second)
        ]
    )
    assert sorted(statuses) == [303, 410]
    assert membership(town, WHO, town.house.party_of("hoshi")).roles == ["FILER"]


def test_a_letter_cannot_be_guessed_or_taken_apart(town: Town) -> None:
    assert invite(town, town.house.person("hoshi")).status_code == 303
    letter, person = token(town), town.registered(WHO)
    for wrong in (letter[:-1], f"{letter}x", letter.swapcase(), "", "%", "\x00", letter[::-1], "a" * 5000):
        assert person.post("/invitation", {"token": wrong}).status_code == 410, wrong[:20]
    (hashes,) = town.rows("select encode(token_hash, 'hex') from auth_invitation")
    assert person.post("/invitation", {"token": hashes[0]}).status_code == 410, (
        "what the database holds opens nothing"
    )


def test_a_key_of_another_enterprise_s_invitation_tells_nothing(town: Town) -> None:
    admin, key = town.house.person("hoshi"), str(uuid7())
    assert invite(town, admin, key=key).status_code == 303
    other = town.house.person("nop.hoso")
    form = {
        "party": str(town.house.party_of("nop.hoso")), "key": key, "email": "khac@example.com", "roles": ["FILER"],
    }  # fmt: skip
    assert other.post("/members/invitations", form).status_code == 404
