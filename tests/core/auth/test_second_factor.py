"""The stages of signing in: password, code, and what must be set up first."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pyotp
import pytest
from sqlalchemy import select

from app.core.auth import SignInRefused, TooManyAttempts, UserKind, UserState, rotate, set_state, totp
from app.core.auth.administration import issue_password, reset_second_factor
from app.core.auth.models import Stage, Totp, User
from app.core.auth.password import WeakPassword
from app.core.auth.pending import Rules, find_pending, pass_code, pass_enrolment, pass_password
from app.core.auth.permissions import PermissionBook
from app.core.auth.sessions import SessionPolicy, SignedIn
from app.core.auth.stages import SecondFactorPolicy
from app.core.auth.step_up import Proof
from app.core.auth.throttle import LOGIN_PACE
from app.core.auth.totp import WrongCode
from app.core.db import WEB_LOGINS, Database
from app.core.errors import NotFound
from app.core.evidence import EvidenceEntry
from app.core.kit.actor import SYSTEM
from app.core.privacy.box import SecretsBox
from tests.core.auth.people import AUTH, NOW, OFFICER, Enter, MakePerson, Who
from tests.core.auth.second_factor import MINUTE, STEP, Enrol, Step, waiting

MUST = SecondFactorPolicy(frozenset({UserKind.OFFICER}))
NEW = "bảy con vịt dưới ao"


class TestSignIn:
    def test_a_session_between_password_and_code_opens_nothing(
        self, database: Database, person: MakePerson, enter: Enter, who: Who, enrol: Enrol, code_step: Step
    ) -> None:
        lan = person("FILER")
        device, _ = enrol(lan)
        halfway = enter(lan)
        assert halfway.pending is Stage.CODE
        assert who(halfway.token) is None
        opened = code_step(halfway, device(NOW))
        assert opened.pending is None
        assert opened.token != halfway.token, "a new token at the second step"
        assert who(halfway.token) is None
        assert who(opened.token) == opened.actor
        assert find_pending(database, token=halfway.token, now=NOW) is None
        assert find_pending(database, token=opened.token, now=NOW) is None

    def test_the_wait_ends(self, database: Database, person: MakePerson, enter: Enter, enrol: Enrol) -> None:
        lan = person("FILER")
        enrol(lan)
        halfway = enter(lan)
        assert find_pending(database, token=halfway.token, now=NOW + 9 * MINUTE) is not None
        assert find_pending(database, token=halfway.token, now=NOW + 10 * MINUTE) is None

    def test_a_locked_account_goes_no_further(
        self, database: Database, person: MakePerson, enter: Enter, enrol: Enrol, code_step: Step
    ) -> None:
        lan = person("FILER")
        enrol(lan)
        halfway = enter(lan)
        seen = waiting(database, halfway)
        with database.transaction(AUTH) as session:
            set_state(session, lan.id, state=UserState.LOCKED, actor=SYSTEM, now=NOW)
        assert find_pending(database, token=halfway.token, now=NOW) is None
        assert seen.stage is Stage.CODE

    def test_guesses_wait_whichever_process_and_session_they_come_by(
        self,
        database: Database,
        person: MakePerson,
        enter: Enter,
        enrol: Enrol,
        rules: Rules,
        box: SecretsBox,
    ) -> None:
        lan = person("FILER")
        device, _ = enrol(lan)
        halves = [waiting(database, enter(lan)) for _ in range(8)]
        others = [Database(database.target, logins=WEB_LOGINS, pool_size=2) for _ in range(2)]
        wrong = f"{(int(device(NOW)) + 1) % 10**6:06}"
        near = {device(NOW + n * STEP) for n in (-1, 0, 1)}
        assert wrong not in near
        start = threading.Barrier(8)

        def guess(number: int) -> type[Exception]:
            start.wait()
            with pytest.raises((WrongCode, TooManyAttempts)) as caught:
                pass_code(
                    others[number % 2], halves[number], shown=wrong, by=Proof.CODE, rules=rules, box=box,
                    now=NOW, ip=f"2001:db8:{number}::1",
                )  # fmt: skip
            return caught.type

        try:
            with ThreadPoolExecutor(8) as pool:
                kinds = list(pool.map(guess, range(8)))
        finally:
            for each in others:
                each.close()
        assert kinds.count(WrongCode) == LOGIN_PACE.free
        with pytest.raises(TooManyAttempts):
            pass_code(
                database, halves[0], shown=device(NOW), by=Proof.CODE, rules=rules, box=box, now=NOW, ip=None
            )
        # A right password does not clear the count of codes, and another way of proving shares it.
        again = waiting(database, enter(lan))
        with pytest.raises(TooManyAttempts):
            pass_code(database, again, shown="X", by=Proof.RECOVERY, rules=rules, box=box, now=NOW, ip=None)

    def test_a_recovery_code_serves_once(
        self, database: Database, person: MakePerson, enter: Enter, who: Who, enrol: Enrol, code_step: Step
    ) -> None:
        lan = person("FILER")
        _, codes = enrol(lan)
        assert len(codes) == len(set(codes)) == totp.RECOVERY_CODES
        opened = code_step(enter(lan), codes[3].lower().replace("-", " "), by=Proof.RECOVERY)
        assert who(opened.token) is not None
        with database.session(AUTH) as session:
            assert totp.status(session, lan.id).recovery_left == totp.RECOVERY_CODES - 1
        with pytest.raises(WrongCode):
            code_step(enter(lan), codes[3], by=Proof.RECOVERY)
        with pytest.raises(WrongCode):
            code_step(enter(lan), codes[4], by=Proof.CODE)

    def test_two_codes_open_one_waiting_session_once(
        self,
        database: Database,
        person: MakePerson,
        enter: Enter,
        enrol: Enrol,
        rules: Rules,
        box: SecretsBox,
    ) -> None:
        lan = person("FILER")
        device, codes = enrol(lan)
        seen = waiting(database, enter(lan))

        def go(shown: str, by: Proof) -> SignedIn:
            return pass_code(database, seen, shown=shown, by=by, rules=rules, box=box, now=NOW, ip=None)

        go(device(NOW), Proof.CODE)
        with pytest.raises(NotFound):
            go(codes[0], Proof.RECOVERY)

    def test_refusals_are_evidence_without_the_code(
        self, database: Database, person: MakePerson, enter: Enter, enrol: Enrol, code_step: Step
    ) -> None:
        lan = person("FILER")
        enrol(lan)
        with pytest.raises(WrongCode):
            code_step(enter(lan), "135791")
        with database.session(OFFICER) as session:
            bodies = list(
                session.scalars(
                    select(EvidenceEntry.body).where(
                        EvidenceEntry.tag == "auth:user:prove", EvidenceEntry.subject_id == lan.id
                    )
                )
            )
        assert len(bodies) == 1
        assert "135791" not in bodies[0]
        assert '"denied":"wrong"' in bodies[0]


class TestPolicy:
    def test_officers_without_a_factor_are_led_to_enrolment(
        self,
        database: Database,
        person: MakePerson,
        enter: Enter,
        who: Who,
        box: SecretsBox,
        book: PermissionBook,
    ) -> None:
        lan = person("INTAKE", kind=UserKind.OFFICER)
        halfway = enter(lan, second_factor=MUST)
        assert halfway.pending is Stage.ENROL
        assert who(halfway.token) is None
        with database.transaction(AUTH) as session:
            key = totp.begin(session, lan.id, box=box, issuer="Thử", now=NOW).key
        seen = waiting(database, halfway)
        rules = Rules(book, SessionPolicy(), MUST)
        with pytest.raises(WrongCode):
            pass_enrolment(database, seen, code="000000", rules=rules, box=box, now=NOW)
        opened, codes = pass_enrolment(
            database, seen, code=pyotp.TOTP(key).at(NOW), rules=rules, box=box, now=NOW
        )
        assert len(codes) == totp.RECOVERY_CODES
        assert who(opened.token) == opened.actor
        assert enter(lan, second_factor=MUST).pending is Stage.CODE

    def test_nobody_else_is_led_there(self, person: MakePerson, enter: Enter) -> None:
        assert enter(person("FILER"), second_factor=MUST).pending is None
        assert enter(person("INTAKE", kind=UserKind.OFFICER)).pending is None

    def test_an_initial_password_must_be_replaced_and_then_a_factor_set_up(
        self, database: Database, person: MakePerson, enter: Enter, who: Who, book: PermissionBook
    ) -> None:
        lan = person("INTAKE", kind=UserKind.OFFICER)
        with database.transaction(AUTH) as session:
            initial = issue_password(session, lan.id, actor=SYSTEM, now=NOW)
        with pytest.raises(SignInRefused):
            enter(lan)
        halfway = enter(lan, initial, second_factor=MUST)
        assert (halfway.pending, who(halfway.token)) == (Stage.PASSWORD, None)
        rules = Rules(book, SessionPolicy(), MUST)
        seen = waiting(database, halfway)
        with pytest.raises(WeakPassword):
            pass_password(database, seen, password=initial, rules=rules, now=NOW)
        with pytest.raises(WeakPassword):
            pass_password(database, seen, password="ngắn", rules=rules, now=NOW)
        further = pass_password(database, seen, password=NEW, rules=rules, now=NOW)
        assert further.pending is Stage.ENROL
        assert who(further.token) is None
        with pytest.raises(SignInRefused):
            enter(lan, initial)
        assert enter(lan, NEW).pending is None

    def test_an_initial_password_dies(self, database: Database, person: MakePerson, enter: Enter) -> None:
        lan = person("INTAKE", kind=UserKind.OFFICER)
        with database.transaction(AUTH) as session:
            initial = issue_password(session, lan.id, actor=SYSTEM, now=NOW)
        assert enter(lan, initial, now=NOW + timedelta(days=6)).pending is Stage.PASSWORD
        with pytest.raises(SignInRefused):
            enter(lan, initial, now=NOW + timedelta(days=7))

    def test_a_reset_ends_sessions_and_factor(
        self, database: Database, person: MakePerson, enter: Enter, who: Who, enrol: Enrol, code_step: Step
    ) -> None:
        lan = person("FILER")
        device, _ = enrol(lan)
        opened = code_step(enter(lan), device(NOW))
        with database.transaction(AUTH) as session:
            assert reset_second_factor(session, lan.id, actor=SYSTEM, now=NOW)
        assert who(opened.token) is None
        assert enter(lan).pending is None
        with database.session(AUTH) as session:
            row = session.get_one(Totp, lan.id)
            assert (row.secret, row.candidate, row.recovery_hashes) == (None, None, [])


def test_the_login_of_the_web_sees_no_waiting_session(
    database: Database, person: MakePerson, enter: Enter, who: Who, enrol: Enrol
) -> None:
    lan = person("FILER")
    enrol(lan)
    halfway = enter(lan)
    with database.transaction(AUTH) as session:
        turned = rotate(session, halfway.actor.session_id or UUID(int=0), now=NOW)
    assert who(turned) is None, "a new token alone opens nothing"
    with database.session(AUTH) as session:
        assert session.scalar(select(User.state).where(User.id == lan.id)) is UserState.ACTIVE
