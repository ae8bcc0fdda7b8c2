from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.auth.throttle import ADDRESS_PACE, LOGIN_PACE, Attempt, TooManyAttempts, count_attempt, forgive
from app.core.db import Database
from app.core.kit.ids import uuid7
from tests.core.auth.people import AUTH, NOW

SECOND = timedelta(seconds=1)


def test_waits_double_up_to_a_bound() -> None:
    waits = [LOGIN_PACE.wait_after(count) // SECOND for count in (1, 4, 5, 6, 7, 13, 14, 10**9)]
    assert waits == [0, 0, 2, 4, 8, 512, 900, 900]


@given(st.integers(min_value=0, max_value=10**6))
def test_waits_never_shrink(count: int) -> None:
    for pace in (LOGIN_PACE, ADDRESS_PACE):
        assert pace.wait_after(count) <= pace.wait_after(count + 1) <= pace.longest


def test_keys_hold_neither_login_nor_address() -> None:
    attempt = Attempt.of(login="lan", ip="192.0.2.1")
    assert "lan" not in attempt.login_key
    assert attempt.address_key is not None
    assert "192" not in attempt.address_key


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("testclient", "", True),
    ],
)
def test_what_counts_as_one_address(one: str, other: str, same: bool) -> None:
    keys = {Attempt.of(login="x", ip=ip).address_key for ip in (one, other)}
    assert (len(keys) == 1) is same


def test_attempts_wait_and_are_not_counted_meanwhile(database: Database) -> None:
    attempt = Attempt.of(login=uuid7().hex, ip=None)
    for _ in range(LOGIN_PACE.free):
        with database.transaction(AUTH) as session:
            count_attempt(session, attempt, now=NOW)
    for _ in range(3):
        with pytest.raises(TooManyAttempts) as caught, database.transaction(AUTH) as session:
            count_attempt(session, attempt, now=NOW + SECOND / 2)
        assert caught.value.params == {"retry_after": 2}
    with database.transaction(AUTH) as session:
        assert count_attempt(session, attempt, now=NOW + 2 * SECOND) == 4 * SECOND


def test_a_quiet_time_clears_the_count(database: Database) -> None:
    attempt = Attempt.of(login=uuid7().hex, ip=None)
    for _ in range(LOGIN_PACE.free):
        with database.transaction(AUTH) as session:
            count_attempt(session, attempt, now=NOW)
    with database.transaction(AUTH) as session:
        later = NOW + LOGIN_PACE.forget_after + SECOND
        assert count_attempt(session, attempt, now=later) == timedelta()


def test_one_good_account_does_not_clear_an_address(database: Database, ip: str) -> None:
    for number in range(ADDRESS_PACE.free - 1):
        with database.transaction(AUTH) as session:
            count_attempt(session, Attempt.of(login=f"{ip}{number}", ip=ip), now=NOW)
    with database.transaction(AUTH) as session:
        good = Attempt.of(login=f"{ip}good", ip=ip)
        count_attempt(session, good, now=NOW)
        forgive(session, good)
    with database.transaction(AUTH) as session:
        wait = count_attempt(session, Attempt.of(login=f"{ip}next", ip=ip), now=NOW)
    assert wait == ADDRESS_PACE.base
