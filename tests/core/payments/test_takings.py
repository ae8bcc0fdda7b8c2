"""What came in over a time, by purpose."""

from datetime import datetime, timedelta

from app.core.payments.intake import take_booking
from app.core.payments.takings import taken_between
from tests.conftest import NOW
from tests.core.payments.conftest import Till
from tests.core.payments.test_intake import booking

DAY = timedelta(days=1)


def taken(till: Till, since: datetime, until: datetime) -> dict[str, int]:
    found = taken_between(till.session, subject_kind="declaration", since=since, until=until)
    return {each.purpose: int(each.amount) for each in found}


def test_money_counts_by_purpose_when_the_bank_booked_it(till: Till) -> None:
    slip = till.slip()
    take_booking(till.session, booking(slip.reference, 700_000), source="CALLBACK", now=NOW)
    till.session.flush()
    assert taken(till, NOW - DAY, NOW + DAY) == {"IMPORT": 600_000, "VAT": 100_000}
    assert taken(till, NOW + DAY, NOW + 2 * DAY) == {}


def test_what_is_beyond_the_lines_counts_nothing(till: Till) -> None:
    slip = till.slip()
    take_booking(till.session, booking(slip.reference, 1_500_000), source="CALLBACK", now=NOW)
    till.session.flush()
    assert sum(taken(till, NOW - DAY, NOW + DAY).values()) == 1_000_000


def test_slips_for_something_else_are_left_out(till: Till) -> None:
    slip = till.slip()
    take_booking(till.session, booking(slip.reference), source="CALLBACK", now=NOW)
    till.session.flush()
    assert not taken_between(till.session, subject_kind="case", since=NOW - DAY, until=NOW + DAY)
