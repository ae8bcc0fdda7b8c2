"""Codes, recovery codes, the stages of signing in, and proving presence once more."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pyotp
import pytest
from sqlalchemy import select, text

from app.core.auth import SignInRefused, TooManyAttempts, UserKind, UserState, rotate, set_state, totp
from app.core.auth.administration import issue_password, reset_second_factor
from app.core.auth.models import LoginSession, Stage, Totp, User
from app.core.auth.password import WeakPassword
from app.core.auth.pending import Pending, Rules, find_pending, pass_code, pass_enrolment, pass_password
from app.core.auth.permissions import PermissionBook
from app.core.auth.sessions import SessionPolicy, SignedIn
from app.core.auth.stages import SecondFactorPolicy
from app.core.auth.step_up import STEP_UP_FOR, Proof, WrongPassword, confirm_presence, is_recent, means
from app.core.auth.throttle import LOGIN_PACE
from app.core.auth.totp import STEP_SECONDS, WrongCode
from app.core.db import WEB_LOGINS, Database, DbRole, SessionContext
from app.core.errors import NotFound
from app.core.evidence import EvidenceEntry
from app.core.kit.actor import SYSTEM
from app.core.privacy.box import SecretsBox
from tests.core.auth.people import AUTH, NOW, OFFICER, PASSWORD, Enter, MakePerson, Person, Who

STEP = timedelta(seconds=STEP_SECONDS)
MINUTE = timedelta(minutes=1)
MUST = SecondFactorPolicy(frozenset({UserKind.OFFICER}))
NEW = "bảy con vịt dưới ao"

Device = Callable[[datetime], str]
Enrol = Callable[[Person], tuple[Device, list[str]]]
Step = Callable[..., SignedIn]


@pytest.fixture
def box(tmp_path: Path) -> SecretsBox:
    return SecretsBox(tmp_path / "totp.key")


@pytest.fixture
def rules(book: PermissionBook) -> Rules:
    return Rules(book, SessionPolicy(), SecondFactorPolicy())


@pytest.fixture
def enrol(database: Database, box: SecretsBox) -> Enrol:
    """Set up a second factor an hour ago; return the device and the recovery codes."""

    def do(who: Person) -> tuple[Device, list[str]]:
        then = NOW - timedelta(hours=1)
        with database.transaction(AUTH) as session:
            begun = totp.begin(session, who.id, box=box, issuer="Thử", now=then)
            device = pyotp.TOTP(begun.key)
            codes = totp.confirm(session, who.id, code=device.at(then), box=box, actor=SYSTEM, now=then)
        return device.at, codes

    return do


@pytest.fixture
def code_step(database: Database, box: SecretsBox, rules: Rules, ip: str) -> Step:
    def do(signed_in: SignedIn, shown: str, *, by: Proof = Proof.CODE, now: datetime = NOW) -> SignedIn:
        return pass_code(
            database,
            waiting(database, signed_in, now),
            shown=shown,
            by=by,
            rules=rules,
            box=box,
            now=now,
            ip=ip,
        )

    return do


def waiting(database: Database, signed_in: SignedIn, now: datetime = NOW) -> Pending:
    found = find_pending(database, token=signed_in.token, now=now)
    assert found is not None
    return found


class TestCodes:
    def test_the_code_of_the_moment_serves_once(
        self, database: Database, person: MakePerson, box: SecretsBox, enrol: Enrol
    ) -> None:
        lan = person("FILER")
        device, _ = enrol(lan)

        def check(code: str, now: datetime = NOW) -> bool:
            with database.transaction(AUTH) as session:
                return totp.check(session, lan.id, code, box=box, now=now)

        code = device(NOW)
        assert not check("000000" if code != "000000" else "000001")
        assert check(f" {code[:3]} {code[3:]} ")
        assert not check(code), "the same code a second time"
        assert not check(device(NOW - STEP)), "a code of an earlier step"
        assert check(device(NOW + STEP), NOW + STEP)

    @pytest.mark.parametrize(("drift", "right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
    def test_a_clock_may_be_wrong_by_one_step(
        self, database: Database, person: MakePerson, box: SecretsBox, enrol: Enrol, drift: int, right: bool
    ) -> None:
        lan = person("FILER")
        device, _ = enrol(lan)
        with database.transaction(AUTH) as session:
            assert totp.check(session, lan.id, device(NOW + drift * STEP), box=box, now=NOW) is right

    @pytest.mark.parametrize(
        "shown", ["", "12345", "1234567", "abcdef", "１２３４５６", "٠١٢٣٤٥", "-12345", "12 34"]
    )
    def test_what_is_no_code_is_refused(
        self, database: Database, person: MakePerson, box: SecretsBox, enrol: Enrol, shown: str
    ) -> None:
        lan = person("FILER")
        enrol(lan)
        with database.transaction(AUTH) as session:
            assert not totp.check(session, lan.id, shown, box=box, now=NOW)

    def test_of_two_requests_with_one_code_one_wins(
        self, database: Database, person: MakePerson, box: SecretsBox, enrol: Enrol
    ) -> None:
        lan = person("FILER")
        device, _ = enrol(lan)
        start = threading.Barrier(4)

        def check(_: int) -> bool:
            start.wait()
            with database.transaction(AUTH) as session:
                return totp.check(session, lan.id, device(NOW), box=box, now=NOW)

        with ThreadPoolExecutor(4) as pool:
            assert sorted(pool.map(check, range(4))) == [False, False, False, True]

    def test_the_secret_is_sealed_and_sealed_anew_after_a_rotation(
        self, database: Database, person: MakePerson, box: SecretsBox, enrol: Enrol
    ) -> None:
        lan, minh = person("FILER"), person("FILER")
        device, _ = enrol(lan)
        enrol(minh)
        box.rotate()
        with database.transaction(AUTH) as session:
            assert totp.check(session, lan.id, device(NOW), box=box, now=NOW)
            row = session.get_one(Totp, lan.id)
            assert row.secret is not None
            assert not box.is_outdated(row.secret), "sealed anew with its use"
        with database.transaction(AUTH) as session:
            assert totp.reseal_all(session, box=box) >= 1
        with database.session(AUTH) as session:
            assert not any(box.is_outdated(each) for each in session.scalars(select(Totp.secret)) if each)

    def test_a_secret_moved_to_another_account_opens_nothing(
        self, database: Database, person: MakePerson, box: SecretsBox, enrol: Enrol
    ) -> None:
        lan, thief = person("FILER"), person("FILER")
        enrol(lan)
        device, _ = enrol(thief)
        with database.transaction(AUTH) as session:
            session.get_one(Totp, lan.id).secret = session.get_one(Totp, thief.id).secret
        with database.session(AUTH) as session, pytest.raises(RuntimeError, match="another row"):
            totp.check(session, lan.id, device(NOW), box=box, now=NOW)


class TestEnrolment:
    def test_a_reloaded_page_shows_the_same_key_for_an_hour(
        self, database: Database, person: MakePerson, box: SecretsBox
    ) -> None:
        lan = person("FILER")

        def key(now: datetime) -> str:
            with database.transaction(AUTH) as session:
                return totp.begin(session, lan.id, box=box, issuer="Thử", now=now).key

        first = key(NOW)
        assert key(NOW + 59 * MINUTE) == first
        assert key(NOW + 61 * MINUTE) != first

    def test_the_factor_in_force_stays_until_the_new_one_is_confirmed(
        self, database: Database, person: MakePerson, box: SecretsBox, enrol: Enrol
    ) -> None:
        lan = person("FILER")
        device, codes = enrol(lan)
        with database.transaction(AUTH) as session:
            begun = totp.begin(session, lan.id, box=box, issuer="Thử", now=NOW)
            assert totp.check(session, lan.id, device(NOW), box=box, now=NOW)
        newer = pyotp.TOTP(begun.key)
        with database.transaction(AUTH) as session:
            with pytest.raises(WrongCode):
                totp.confirm(session, lan.id, code=device(NOW), box=box, actor=SYSTEM, now=NOW)
            fresh = totp.confirm(session, lan.id, code=newer.at(NOW), box=box, actor=SYSTEM, now=NOW)
        assert set(fresh).isdisjoint(codes)
        with database.transaction(AUTH) as session:
            assert not totp.check(session, lan.id, device(NOW + STEP), box=box, now=NOW + STEP)
            assert not totp.check(session, lan.id, newer.at(NOW), box=box, now=NOW), "used to confirm"
            assert totp.check(session, lan.id, newer.at(NOW + STEP), box=box, now=NOW + STEP)

    def test_nothing_secret_shows_in_reprs(
        self, database: Database, person: MakePerson, box: SecretsBox
    ) -> None:
        lan = person("FILER")
        with database.transaction(AUTH) as session:
            begun = totp.begin(session, lan.id, box=box, issuer="Thử", now=NOW)
        assert begun.key not in repr(begun)
        assert begun.spaced_key.replace(" ", "") == begun.key
        assert begun.uri.startswith("otpauth://totp/")

    @pytest.mark.parametrize("context", ["ftz_officer", "ftz_tenant"])
    def test_nobody_else_reads_the_table(self, database: Database, context: str) -> None:
        with (
            database.session(SessionContext(DbRole(context))) as session,
            pytest.raises(Exception, match="permission denied"),
        ):
            session.execute(text("select * from auth_totp"))


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


class TestStepUp:
    @pytest.fixture
    def confirm(self, database: Database, box: SecretsBox, ip: str) -> Callable[..., None]:
        return lambda actor, shown, now=NOW: confirm_presence(
            database, actor=actor, shown=shown, box=box, now=now, ip=ip
        )

    def test_signing_in_counts_for_five_minutes(
        self, database: Database, person: MakePerson, enter: Enter, confirm: Callable[..., None]
    ) -> None:
        actor = enter(person("FILER")).actor
        session_id = actor.session_id
        assert session_id is not None
        assert is_recent(database, session_id, now=NOW + STEP_UP_FOR - MINUTE)
        late = NOW + STEP_UP_FOR
        assert not is_recent(database, session_id, now=late)
        with pytest.raises(WrongPassword):
            confirm(actor, "wrong", late)
        assert not is_recent(database, session_id, now=late)
        confirm(actor, PASSWORD, late)
        assert is_recent(database, session_id, now=late + STEP_UP_FOR - MINUTE)
        assert not is_recent(database, session_id, now=late + STEP_UP_FOR)
        assert not is_recent(database, session_id, now=late - timedelta(hours=1)), "a clock that went back"

    def test_who_is_enrolled_shows_a_code_and_not_the_password(
        self,
        database: Database,
        person: MakePerson,
        enter: Enter,
        enrol: Enrol,
        code_step: Step,
        confirm: Callable[..., None],
    ) -> None:
        lan = person("FILER")
        device, _ = enrol(lan)
        actor = code_step(enter(lan), device(NOW)).actor
        assert means(database, lan.id) is Proof.CODE
        late = NOW + STEP_UP_FOR
        with pytest.raises(WrongCode):
            confirm(actor, PASSWORD, late)
        with pytest.raises(WrongCode):
            confirm(actor, device(NOW), late)
        confirm(actor, device(late), late)
        with pytest.raises(WrongCode):
            confirm(actor, device(late), late)

    def test_a_session_that_ended_confirms_nothing(
        self, database: Database, person: MakePerson, enter: Enter, confirm: Callable[..., None]
    ) -> None:
        lan = person("FILER")
        actor = enter(lan).actor
        with database.transaction(AUTH) as session:
            session.get_one(LoginSession, actor.session_id).revoked_at = NOW
        with pytest.raises(NotFound):
            confirm(actor, PASSWORD)
        assert actor.session_id is not None
        assert not is_recent(database, actor.session_id, now=NOW)

    def test_guesses_at_the_password_wait_apart_from_those_at_the_login(
        self, person: MakePerson, enter: Enter, confirm: Callable[..., None]
    ) -> None:
        lan = person("FILER")
        actor = enter(lan).actor
        for _ in range(LOGIN_PACE.free):
            with pytest.raises(WrongPassword):
                confirm(actor, "wrong")
        with pytest.raises(TooManyAttempts):
            confirm(actor, PASSWORD)
        assert enter(lan).pending is None, "a thief of a session does not lock its owner out"


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
