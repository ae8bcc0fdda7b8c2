import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import event, select, update

from app.core.auth import (
    LoginSession,
    SessionPolicy,
    SignInRefused,
    TooManyAttempts,
    User,
    UserKind,
    UserState,
    delete_old,
    list_sessions,
    revoke,
    rotate,
    set_password,
    set_state,
    sign_out,
)
from app.core.auth.password import hash_password
from app.core.auth.throttle import LOGIN_PACE
from app.core.db import WEB_LOGINS, Database, DbRole
from app.core.errors import NotFound
from app.core.evidence import EvidenceEntry
from app.core.kit.actor import SYSTEM, ActorKind
from tests.core.auth.people import AUTH, NOW, OFFICER, PASSWORD, WORKER, Enter, MakePerson, Who

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class TestSignIn:
    def test_the_token_leads_to_the_same_actor(self, person: MakePerson, enter: Enter, who: Who) -> None:
        lan = person("FILER", "SIGNER")
        signed_in = enter(lan.login.upper())
        assert signed_in.actor == who(signed_in.token)
        assert signed_in.actor.kind is ActorKind.CUSTOMER
        assert signed_in.actor.user_id == lan.id
        assert signed_in.actor.party_ids == (lan.party_id,)
        assert signed_in.actor.may("goods.removal.create", lan.party_id)
        assert not signed_in.actor.may("member.manage", lan.party_id)
        assert signed_in.token not in repr(signed_in)

    def test_neither_token_nor_password_is_stored(
        self, database: Database, person: MakePerson, enter: Enter
    ) -> None:
        signed_in = enter(person("FILER"))
        with database.session(AUTH) as session:
            row = session.get_one(LoginSession, signed_in.actor.session_id)
            assert signed_in.token.encode() not in row.token_hash
            assert len(row.token_hash) == 32

    @pytest.mark.parametrize("state", [UserState.LOCKED, UserState.CLOSED])
    def test_refusals_say_the_same(
        self, database: Database, person: MakePerson, enter: Enter, state: UserState
    ) -> None:
        shut, without = person("FILER"), person("FILER", password=None)
        with database.transaction(AUTH) as session:
            set_state(session, shut.id, state=state, actor=SYSTEM, now=NOW)
        cases = [(shut.login, PASSWORD), (without.login, PASSWORD), (person().login, "x"), ("nobody", "x")]
        told = set()
        for login, password in cases:
            with pytest.raises(SignInRefused) as caught:
                enter(login, password)
            told.add(str(caught.value))
        assert len(told) == 1

    def test_the_refusal_is_evidence(self, database: Database, person: MakePerson, enter: Enter) -> None:
        lan = person("FILER")
        with pytest.raises(SignInRefused):
            enter(lan, "wrong")
        enter(lan)
        with database.session(OFFICER) as session:
            entries = list(
                session.scalars(
                    select(EvidenceEntry)
                    .where(EvidenceEntry.tag == "auth:session:open")
                    .where((EvidenceEntry.subject_id == lan.id) | (EvidenceEntry.actor_id == lan.id))
                    .order_by(EvidenceEntry.subject_kind)
                )
            )
        assert [entry.subject_kind for entry in entries] == ["session", "user"]
        assert '"denied":"auth.sign-in-refused"' in entries[1].body
        assert not any(lan.login in entry.body or "2001:db8" in entry.body for entry in entries)

    def test_wrong_attempts_have_to_wait(self, person: MakePerson, enter: Enter) -> None:
        lan = person("FILER")
        for _ in range(LOGIN_PACE.free):
            with pytest.raises(SignInRefused):
                enter(lan, "wrong")
        with pytest.raises(TooManyAttempts) as caught:
            enter(lan)
        assert (caught.value.status, caught.value.params) == (429, {"retry_after": 2})
        enter(lan, now=NOW + 2 * timedelta(seconds=1))
        for _ in range(LOGIN_PACE.free - 1):
            with pytest.raises(SignInRefused):
                enter(lan, "wrong")

    def test_parallel_guesses_do_not_slip_through(self, person: MakePerson, enter: Enter) -> None:
        lan = person("FILER")
        start = threading.Barrier(8)

        def guess(_: int) -> type[Exception]:
            start.wait()
            with pytest.raises((SignInRefused, TooManyAttempts)) as caught:
                enter(lan, "wrong")
            return caught.type

        with ThreadPoolExecutor(8) as pool:
            kinds = list(pool.map(guess, range(8)))
        assert kinds.count(SignInRefused) == LOGIN_PACE.free

    def test_right_and_wrong_at_once_from_one_office(self, person: MakePerson, enter: Enter) -> None:
        people = [person("FILER") for _ in range(5)]

        def attempt(number: int) -> bool:
            try:
                enter(people[number % 5], PASSWORD if number % 2 else "wrong")
            except SignInRefused:
                return False
            return True

        with ThreadPoolExecutor(6) as pool:
            outcomes = list(pool.map(attempt, range(20)))
        assert outcomes == [bool(number % 2) for number in range(20)]

    def test_an_old_hash_is_replaced(self, database: Database, person: MakePerson, enter: Enter) -> None:
        lan = person("FILER")
        old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
        with database.transaction(AUTH) as session:
            session.execute(update(User).where(User.id == lan.id).values(password_hash=old))
        enter(lan)
        with database.session(AUTH) as session:
            assert session.scalar(select(User.password_hash).where(User.id == lan.id)) != old
        enter(lan)

    def test_a_password_changed_meanwhile_opens_nothing(
        self, database: Database, person: MakePerson, enter: Enter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lan = person("FILER")

        def change_then_verify(stored: str | None, password: str) -> object:
            verdict = verify(stored, password)
            with database.transaction(AUTH) as session:
                session.execute(
                    update(User).where(User.id == lan.id).values(password_hash=hash_password("other"))
                )
            return verdict

        from app.core.auth import sessions  # noqa: PLC0415  the name to replace

        verify = sessions.verify_password
        monkeypatch.setattr(sessions, "verify_password", change_then_verify)
        with pytest.raises(SignInRefused):
            enter(lan)


class TestLife:
    def test_unknown_token(self, who: Who) -> None:
        assert who("nothing") is None

    @pytest.mark.parametrize(
        ("kind", "role", "idle", "absolute"),
        [
            (UserKind.OFFICER, "HEAD", 15 * MINUTE, 8 * HOUR),
            (UserKind.CUSTOMER, "FILER", 2 * HOUR, 12 * HOUR),
        ],
    )
    def test_rest_and_end(
        self,
        *,
        person: MakePerson,
        enter: Enter,
        who: Who,
        kind: UserKind,
        role: str,
        idle: timedelta,
        absolute: timedelta,
    ) -> None:
        someone = person(role, kind=kind)
        token = enter(someone).token
        assert who(token, NOW + idle - MINUTE) is not None
        assert who(token, NOW + idle) is not None  # the request before counted
        assert who(token, NOW + 2 * idle) is None
        assert who(token, NOW + idle + MINUTE) is not None  # a refused request was no sign of life
        at = NOW
        token = enter(someone).token
        while at < NOW + absolute:
            assert who(token, at) is not None
            at += idle / 2
        assert who(token, NOW + absolute) is None

    def test_the_policy_is_fixed_at_sign_in(self, person: MakePerson, enter: Enter, who: Who) -> None:
        policy = replace(SessionPolicy(), customer_idle=MINUTE)
        token = enter(person("FILER"), policy=policy).token
        assert who(token, NOW + MINUTE) is None

    def test_one_statement_and_a_note_once_a_minute(
        self, database: Database, person: MakePerson, enter: Enter, who: Who
    ) -> None:
        signed_in = enter(person("FILER"))
        statements: list[str] = []
        engine = database.engine(WEB_LOGINS[DbRole.AUTH])
        event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
        seen = []
        for seconds in (1, 59, 60, 61, 119, 121):
            assert who(signed_in.token, NOW + timedelta(seconds=seconds)) is not None
            assert len(statements) == 1
            with database.session(AUTH) as session:
                row = session.get_one(LoginSession, signed_in.actor.session_id)
                seen.append((row.last_seen_at - NOW).total_seconds())
            statements.clear()
        assert seen == [0, 0, 60, 60, 60, 121]

    def test_sign_out(self, database: Database, person: MakePerson, enter: Enter, who: Who) -> None:
        lan = person("FILER")
        one, other = enter(lan).token, enter(lan).token
        for _ in range(2):
            sign_out(database, token=one, now=NOW)
        assert (who(one), who(other) is None) == (None, False)

    def test_lock_and_new_password_end_all(
        self, database: Database, person: MakePerson, enter: Enter, who: Who
    ) -> None:
        lan = person("FILER")
        token = enter(lan).token
        with database.transaction(AUTH) as session:
            set_password(session, lan.id, password="chín con chim sẻ", actor=SYSTEM, now=NOW)
        assert who(token) is None
        token = enter(lan, "chín con chim sẻ").token
        with database.transaction(AUTH) as session:
            set_state(session, lan.id, state=UserState.LOCKED, actor=SYSTEM, now=NOW)
            set_state(session, lan.id, state=UserState.ACTIVE, actor=SYSTEM, now=NOW)
        assert who(token) is None

    def test_list_and_revoke(self, database: Database, person: MakePerson, enter: Enter, who: Who) -> None:
        lan, stranger = enter(person("FILER")), enter(person("FILER"))
        assert lan.actor.user_id is not None
        assert lan.actor.session_id is not None
        with database.transaction(AUTH) as session:
            views = list_sessions(session, lan.actor.user_id, now=NOW)
            assert [(view.id, view.user_agent) for view in views] == [(lan.actor.session_id, "pytest")]
            with pytest.raises(NotFound):
                revoke(session, lan.actor.session_id, actor=stranger.actor, now=NOW)
            revoke(session, lan.actor.session_id, actor=lan.actor, now=NOW)
            assert list_sessions(session, lan.actor.user_id, now=NOW) == []
        assert who(lan.token) is None
        assert who(stranger.token) is not None

    def test_an_administrator_ends_the_session_of_another(
        self, database: Database, person: MakePerson, enter: Enter, who: Who
    ) -> None:
        lan, admin = enter(person("FILER")), enter(person("ADMIN", kind=UserKind.OFFICER))
        assert lan.actor.session_id is not None
        with database.transaction(AUTH) as session:
            revoke(session, lan.actor.session_id, actor=admin.actor, now=NOW)
        assert who(lan.token) is None

    def test_rotation(self, database: Database, person: MakePerson, enter: Enter, who: Who) -> None:
        lan = enter(person("FILER"))
        assert lan.actor.session_id is not None
        with database.transaction(AUTH) as session:
            token = rotate(session, lan.actor.session_id, now=NOW)
        assert who(lan.token) is None
        assert who(token) == lan.actor
        sign_out(database, token=token, now=NOW)
        with database.session(AUTH) as session, pytest.raises(NotFound):
            rotate(session, lan.actor.session_id, now=NOW)

    def test_clean_up(self, database: Database, work: Database, person: MakePerson, enter: Enter) -> None:
        signed_in = enter(person("FILER"))
        with work.transaction(WORKER) as session:
            assert delete_old(session, before=NOW + 12 * HOUR) == 0
            assert delete_old(session, before=NOW + 12 * HOUR + MINUTE) >= 1
        with database.session(AUTH) as session:
            assert session.get(LoginSession, signed_in.actor.session_id) is None
