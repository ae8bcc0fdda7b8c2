"""Registering oneself over HTTP: one account for a mailbox, and nothing told about others."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.db.cluster import PrivateCluster
from app.core.kit.ids import uuid7
from tests.web.joining import PASSWORD, Town, begin, text_of, town_on

EMAIL = "le.thu@example.com"


@pytest.fixture
def town(cluster: PrivateCluster, ready_template: str, tmp_path: Path) -> Iterator[Town]:
    with town_on(cluster, ready_template, tmp_path) as running:
        yield running


def test_a_person_registers_by_the_code_and_lands_on_my_zone(town: Town) -> None:
    person = town.house.visitor()
    answer = begin(person, "  Le.Thu@Example.com ")
    assert answer.status_code == 303
    where = answer.headers["location"]
    assert person.get(where).status_code == 200
    (letter,) = town.letters(EMAIL)
    assert letter["kind"] == "register"
    key = where.partition("key=")[2].partition("&")[0]
    assert person.sign_in(EMAIL, PASSWORD).status_code == 401, "not before the address is confirmed"
    code = letter["params"]["code"]
    assert person.post("/register/confirm", {"key": key, "code": f"{code[:4]} {code[4:]}"}).status_code == 200
    assert person.sign_in(EMAIL, PASSWORD).headers["location"] == "/my"
    page = person.get("/my")
    assert page.status_code == 200
    kinds = town.rows(
        "select p.kind, p.name, m.roles from auth_membership m join auth_party p on p.id = m.party_id"
        " join auth_user u on u.id = m.user_id where u.login = %s",
        EMAIL,
    )
    assert kinds == [("PERSON", "Lê Thị Thử", ["PERSON"])]


def test_twice_means_once(town: Town) -> None:
    person, key = town.house.visitor(), str(uuid7())
    for _ in range(2):
        assert begin(person, EMAIL, key=key).status_code == 303
    (letter,) = town.letters(EMAIL)
    for _ in range(2):
        answer = person.post("/register/confirm", {"token": letter["params"]["token"], "password": PASSWORD})
        assert answer.status_code == 200
    assert town.rows("select count(*) from auth_user where login = %s", EMAIL) == [(1,)]


def test_two_registrations_of_one_address_open_one_account(town: Town) -> None:
    person = town.house.visitor()
    for name in ("Lê Thị Một", "Lê Thị Hai"):
        begin(person, EMAIL, name)
    first, second = (letter["params"]["token"] for letter in town.letters(EMAIL))
    assert person.post("/register/confirm", {"token": first, "password": PASSWORD}).status_code == 200
    assert person.post("/register/confirm", {"token": second, "password": PASSWORD}).status_code == 410


def test_the_answer_does_not_tell_who_has_an_account(town: Town) -> None:
    town.registered(EMAIL)
    stranger = town.house.visitor()
    known, unknown = begin(stranger, EMAIL), begin(stranger, "khac@example.com")
    assert (known.status_code, known.headers["location"].partition("?")[0]) == (
        unknown.status_code,
        unknown.headers["location"].partition("?")[0],
    )
    pages = [
        stranger.get(each.headers["location"]).text.replace(email, "")
        for each, email in ((known, EMAIL), (unknown, "khac@example.com"))
    ]
    assert text_of(pages[0]) == text_of(pages[1])
    wrong = [
        stranger.post(
            "/register/confirm",
            {
                "key": each.headers["location"].partition("key=")[2].partition("&")[0],
                "code": "00000000",
            },
        )
        for each in (known, unknown)
    ]
    assert [each.status_code for each in wrong] == [422, 422]
    assert [letter["kind"] for letter in town.letters(EMAIL)][-1] == "register-known"
    assert "code" not in town.letters(EMAIL)[-1]["params"]


def test_codes_are_not_guessed(town: Town) -> None:
    person = town.house.visitor()
    key = str(uuid7())
    begin(person, EMAIL, key=key)
    statuses = [
        person.post("/register/confirm", {"key": key, "code": "00000000"}).status_code for _ in range(6)
    ]
    assert statuses == [422] * 5 + [429]
    # Another browser, and so another process, meets the same count.
    other = town.house.visitor()
    code = town.letters(EMAIL)[0]["params"]["code"]
    assert other.post("/register/confirm", {"key": key, "code": code}).status_code == 429


def test_a_mailbox_is_not_flooded(town: Town) -> None:
    person = town.house.visitor()
    assert [begin(person, EMAIL).status_code for _ in range(6)] == [303] * 5 + [429]
    assert len(town.letters(EMAIL)) == 5


def test_a_letter_does_not_open_an_account_that_somebody_else_registered(town: Town) -> None:
    """Otherwise a stranger registers another's address with his own password and waits for its owner to press."""
    begin(town.house.visitor(), EMAIL)
    owner, token = town.house.visitor(), town.letters(EMAIL)[0]["params"]["token"]
    assert "password" in owner.get(f"/register/confirm?token={token}").text
    for guess in ("", "not the one that was chosen"):
        answer = owner.post("/register/confirm", {"token": token, "password": guess})
        assert answer.status_code == 422
        assert 'id="f-password-error"' in answer.text
    assert town.rows("select count(*) from auth_user where login = %s", EMAIL) == [(0,)]
    statuses = [
        owner.post("/register/confirm", {"token": token, "password": "x"}).status_code for _ in range(4)
    ]
    assert statuses == [422] * 3 + [429]


def test_an_old_letter_opens_nothing(town: Town) -> None:
    person = town.house.visitor()
    begin(person, EMAIL)
    town.run("update auth_registration set expires_at = now() - interval '1 minute'")
    token = town.letters(EMAIL)[0]["params"]["token"]
    assert person.post("/register/confirm", {"token": token, "password": PASSWORD}).status_code == 410
    assert person.post("/register/confirm", {"token": "nonsense"}).status_code == 410
    assert person.post("/register/confirm", {"key": "nonsense", "code": "12345678"}).status_code == 410


def test_faults_are_told_beside_the_fields_and_nothing_typed_is_lost(town: Town) -> None:
    person = town.house.visitor()
    answer = begin(person, "kein-at", " ", password="abc", again="abc")
    assert answer.status_code == 422
    for name in ("full_name", "email", "password"):
        assert f'id="f-{name}-error"' in answer.text, name
    assert 'value="kein-at"' in answer.text
    assert 'value="abc"' not in answer.text, "a password never comes back"
    differing = begin(person, EMAIL, again="etwas anderes")
    assert differing.status_code == 422
    assert 'id="f-again-error"' in differing.text
    assert town.letters(EMAIL) == []


def test_without_a_mail_server_nobody_is_led_into_a_dead_end(
    cluster: PrivateCluster, ready_template: str, tmp_path: Path
) -> None:
    with town_on(cluster, ready_template, tmp_path, smtp_url=None) as town:
        person = town.house.visitor()
        assert '<form class="card"' not in person.get("/register").text
        assert begin(person, EMAIL).status_code == 422
        assert town.rows("select count(*) from auth_registration") == [(0,)]
