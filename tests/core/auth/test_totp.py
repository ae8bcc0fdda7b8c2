"""Codes of a device, recovery codes, and setting up a second factor."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pyotp
import pytest
from sqlalchemy import select, text

from app.core.auth import totp
from app.core.auth.models import Totp
from app.core.auth.totp import WrongCode
from app.core.db import Database, DbRole, SessionContext
from app.core.kit.actor import SYSTEM
from app.core.privacy.box import SecretsBox
from tests.core.auth.people import AUTH, NOW, MakePerson
from tests.core.auth.second_factor import MINUTE, STEP, Enrol


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
