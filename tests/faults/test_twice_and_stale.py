"""The same request twice, a page that is out of date, and a commit that fails."""

from threading import Timer
from typing import Any
from uuid import UUID

import psycopg
import pytest
from httpx2 import Response

from app.core.kit.ids import uuid7
from tests.faults.people import House, Person, at_once, draft, filed, fill, fingerprint
from tests.faults.procedure import CODE

WINDOWS = 16
PLACES = 8  # the gate of `settings_for`


def rows(conninfo: str, query: str, *values: object) -> list[tuple[Any, ...]]:
    with psycopg.connect(conninfo) as connection:
        return connection.execute(query, values).fetchall()


def count(conninfo: str, table: str, case_id: UUID) -> int:
    found = rows(conninfo, f"select count(*) from {table} where case_id = %s", case_id)  # noqa: S608  own names
    return int(found[0][0])


def ready_to_file(house: House, login: str = "hoshi") -> tuple[Person, UUID]:
    person = house.person(login)
    case_id = draft(person, login)
    fill(person, case_id, mark="Twice")
    return person, case_id


def told(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.headers.get("location", "")


def test_sixteen_submits_at_once_file_one_dossier(house: House, superuser: str) -> None:
    person, case_id = ready_to_file(house)
    windows = [person.twin() for _ in range(WINDOWS)]
    path = f"/dossiers/{case_id}/actions/submit"
    answers = at_once([lambda each=each: each.post(path, {"revision": "1"}) for each in windows])  # type: ignore[misc]
    assert {told(answer) for answer in answers} == {(303, f"/dossiers/{case_id}?done=submit")}
    [(code, revision)] = rows(superuser, "select code, revision from workflow_case where id = %s", case_id)
    assert code
    assert revision == 2
    assert count(superuser, "workflow_submission", case_id) == 1
    assert count(superuser, "workflow_event", case_id) == 1
    assert rows(superuser, "select count(*) from workflow_tracking where code = %s", code) == [(1,)]
    assert rows(
        superuser, "select count(*) from outbox_event where payload->>'case_id' = %s", str(case_id)
    ) == [(1,)]
    assert rows(
        superuser,
        "select count(*) from evidence_entry where subject_id = %s and tag = 'workflow:case:submit'",
        case_id,
    ) == [(1,)]
    assert rows(superuser, "select last_value, is_called from workflow_case_number") == [(1, True)]


def openings_at_once(house: House, superuser: str) -> tuple[list[Response], dict[str, str]]:
    """Have as many twins as there are places look for the dossier before any of them can write it."""
    person = house.person("hoshi")
    form = {"case_id": str(uuid7()), "procedure": CODE, "party_id": str(house.party_of("hoshi"))}
    windows = [person.twin() for _ in range(PLACES)]
    with psycopg.connect(superuser) as holder:
        holder.execute("lock table workflow_case in share mode")
        release = Timer(1.0, holder.rollback)
        release.start()
        answers = at_once([lambda each=each: each.post("/dossiers", form) for each in windows])  # type: ignore[misc]
        release.join()
    return answers, form


def test_openings_at_once_open_one_draft_with_the_same_answer(house: House, superuser: str) -> None:
    answers, form = openings_at_once(house, superuser)
    assert {told(answer) for answer in answers} == {(303, f"/dossiers/{form['case_id']}")}


def test_openings_at_once_never_fail_and_never_make_two(house: House, superuser: str) -> None:
    answers, form = openings_at_once(house, superuser)
    assert {answer.status_code for answer in answers} <= {303, 409}
    assert rows(superuser, "select count(*) from workflow_case") == [(1,)]
    assert house.person("hoshi").post("/dossiers", form).status_code == 303


def test_a_second_submit_gives_the_same_answer_later_too(house: House, superuser: str) -> None:
    person, case_id = ready_to_file(house)
    path = f"/dossiers/{case_id}/actions/submit"
    first = person.post(path, {"revision": "1"})
    before = fingerprint(superuser, without=("auth_session",))
    again = person.post(path, {"revision": "1"})
    assert told(again) == told(first)
    assert fingerprint(superuser, without=("auth_session",)) == before


def test_a_stale_page_shows_the_present_state_and_changes_nothing(house: House, superuser: str) -> None:
    person = house.person("hoshi")
    case_id = filed(person, "hoshi", mark="Stale")
    [(code,)] = rows(superuser, "select code from workflow_case where id = %s", case_id)
    before = fingerprint(superuser, without=("auth_session",))
    answer = person.post(f"/dossiers/{case_id}/actions/withdraw", {"revision": "1", "reason": "đổi ý rồi"})
    assert answer.status_code == 409
    assert code in answer.text, "the page is the dossier as it is now"
    assert "data-error-summary" in answer.text
    assert fingerprint(superuser, without=("auth_session",)) == before


def test_two_officers_decide_at_once_and_one_counts(house: House, superuser: str) -> None:
    case_id = filed(house.person("hoshi"), "hoshi", mark="Zwei")
    desk = [house.person("mot.cua") for _ in range(4)]
    path = f"/dossiers/{case_id}/actions/accept"
    answers = at_once([lambda each=each: each.post(path, {"revision": "2"}) for each in desk])  # type: ignore[misc]
    # The same officer in four windows: one effect, four times the same answer.
    assert {answer.status_code for answer in answers} == {303}
    assert count(superuser, "workflow_event", case_id) == 2


def test_saving_after_filing_is_refused(house: House, superuser: str) -> None:
    person = house.person("hoshi")
    case_id = filed(person, "hoshi", mark="Spät")
    before = fingerprint(superuser)
    answer = person.post(
        f"/dossiers/{case_id}/form/investor", {"investor_name": "Đổi tên", "investor_country": "JP"}
    )
    assert answer.status_code in {404, 409}
    assert fingerprint(superuser) == before


BROKEN_COMMIT = """
create function test_break() returns trigger language plpgsql as $$
begin raise exception 'broken on purpose' using errcode = '{code}'; end $$;
create constraint trigger test_break after insert on workflow_case deferrable initially deferred
  for each row execute function test_break()
"""


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("check_violation", 500),
        ("raise_exception", 500),
        ("unique_violation", 409),
        ("serialization_failure", 503),
    ],
)
def test_a_failing_commit_is_no_success(code: str, status: int, house: House, superuser: str) -> None:
    person = house.person("hoshi")
    with psycopg.connect(superuser) as connection:
        connection.execute(BROKEN_COMMIT.format(code=code))
    before = fingerprint(superuser)
    form = {"case_id": str(uuid7()), "procedure": CODE, "party_id": str(house.party_of("hoshi"))}
    answer = person.post("/dossiers", form)
    assert answer.status_code == status
    assert "broken on purpose" not in answer.text
    assert answer.headers["x-correlation-id"] in answer.text
    assert ("retry-after" in answer.headers) == (status == 503)
    assert fingerprint(superuser) == before
    with psycopg.connect(superuser) as connection:
        connection.execute("drop function test_break cascade")
    assert person.post("/dossiers", form).status_code == 303, "the way is free again"


def test_a_connection_that_breaks_in_the_commit_is_told_as_it_is(house: House, superuser: str) -> None:
    """Nobody can say whether it was saved, so nobody says that it was not."""
    person = house.person("hoshi")
    with psycopg.connect(superuser) as connection:
        connection.execute(
            "create function test_break() returns trigger language plpgsql as $$"
            " begin perform pg_terminate_backend(pg_backend_pid()); return null; end $$;"
            " alter function test_break() security definer;"
            " create constraint trigger test_break after insert on workflow_case deferrable initially deferred"
            " for each row execute function test_break()"
        )
    form = {"case_id": str(uuid7()), "procedure": CODE, "party_id": str(house.party_of("hoshi"))}
    answer = person.post("/dossiers", form, headers={"Accept-Language": "en"})
    assert answer.status_code == 503
    assert "not known whether" in answer.text
    assert "retry-after" in answer.headers
    assert person.get("/my").status_code == 200, "the pool has replaced the connection"


def test_a_refused_page_keeps_no_row(house: House, superuser: str) -> None:
    person, case_id = ready_to_file(house)
    before = fingerprint(superuser)
    answer = person.post(f"/dossiers/{case_id}/form/capital", {"capital": "rất nhiều"})
    assert answer.status_code == 422
    assert "rất nhiều" in answer.text
    assert fingerprint(superuser) == before
