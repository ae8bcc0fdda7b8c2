"""Personal values: sealed where stored, bound to holder and field, readable after a rotation, gone after erasure."""

import json
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from app.core.auth.models import Party, PartyKind
from app.core.kit.ids import uuid7
from app.core.kit.personal import MASK, Cover, Personal, covered, from_stored, reveal, to_stored
from app.core.privacy import DataKey, Holder, Sealer, SecretsBox, find, key_box, opened, ring
from app.core.privacy.rotation import reseal
from app.modules import Platform
from tests.conftest import NOW

NUMBER = "C1234567"


@pytest.fixture
def session(officer_session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    """A session of a process with a key file of its own."""
    monkeypatch.setitem(ring._bound, "box", SecretsBox(tmp_path / ring.KEY_FILE))
    return officer_session


@pytest.fixture
def party(session: Session) -> UUID:
    party = Party(id=uuid7(), kind=PartyKind.ENTERPRISE, name="Thử", created_at=NOW)
    session.add(party)
    session.flush()
    return party.id


def seal(session: Session, party: UUID, holder: Holder, value: str = NUMBER, field: str = "id") -> Personal:
    sealer = Sealer(session, holder, party_id=party, now=NOW)
    sealed = sealer.seal(field, value)
    sealer.finish()
    return sealed


def stored(value: Personal) -> Personal:
    """Return a value as it comes out of a column."""
    found = from_stored(json.loads(json.dumps(to_stored(value))))
    assert isinstance(found, Personal)
    return found


def test_a_value_is_stored_sealed_and_opens_again(session: Session, party: UUID) -> None:
    sealed = seal(session, party, Holder("case", uuid7()))
    assert NUMBER not in json.dumps(to_stored({"a": [sealed]}))
    assert stored(sealed).cover is Cover.LOCKED
    assert reveal(opened(session, {"a": [stored(sealed)]})) == {"a": [NUMBER]}


def test_a_value_moved_to_another_field_does_not_open(session: Session, party: UUID) -> None:
    sealed = seal(session, party, Holder("case", uuid7()))
    moved = Personal("", {**sealed.token, "f": "phone"}, Cover.LOCKED)
    assert opened(session, moved).cover is Cover.LOCKED


def test_a_value_of_another_holder_does_not_open(session: Session, party: UUID) -> None:
    one, other = (seal(session, party, Holder("case", uuid7())) for _ in range(2))
    swapped = Personal("", {**one.token, "k": other.token["k"]}, Cover.LOCKED)
    assert opened(session, swapped).cover is Cover.LOCKED


def test_markup_shows_dots(session: Session, party: UUID, platform: Platform) -> None:
    sealed = seal(session, party, Holder("case", uuid7()))
    template = platform.templates.from_string("{{ value }} {{ value ~ '' }}")
    assert NUMBER not in template.render(value=sealed)
    assert covered({"a": [sealed]}) == {"a": [MASK]}


def test_an_equal_value_is_kept_as_it_is_sealed(session: Session, party: UUID) -> None:
    holder = Holder("case", uuid7())
    first = seal(session, party, holder)
    sealer = Sealer(session, holder, party_id=party, now=NOW)
    assert sealer.seal("id", NUMBER, earlier=[first]) is first
    assert sealer.seal("id", "C7654321", earlier=[first]).token != first.token


def test_an_equal_value_is_found_blindly(session: Session, party: UUID) -> None:
    holder = Holder("case", uuid7())
    seal(session, party, holder)
    assert find(session, field="id", text=" c123-4567 ") == [holder]
    assert find(session, field="phone", text=NUMBER) == []
    assert find(session, field="id", text="C1234568") == []
    digests = session.execute(text("select digest from privacy_index")).scalars().all()
    assert all(NUMBER.encode() not in bytes(digest) for digest in digests)


def test_rotation_keeps_values_readable_and_findable(session: Session, party: UUID) -> None:
    holder = Holder("case", uuid7())
    sealed = seal(session, party, holder)
    before = session.execute(text("select wrapped from privacy_key")).scalars().all()
    key_box().rotate()
    assert reveal(opened(session, stored(sealed))) == NUMBER
    assert find(session, field="id", text=NUMBER) == [holder]
    assert reseal(session) == len(before)
    assert reseal(session) == 0
    assert reveal(opened(session, stored(sealed))) == NUMBER
    assert find(session, field="id", text=NUMBER) == [holder]
    assert set(before).isdisjoint(session.execute(text("select wrapped from privacy_key")).scalars())


def test_a_destroyed_key_leaves_no_value(session: Session, party: UUID) -> None:
    sealed = seal(session, party, Holder("case", uuid7()))
    session.execute(update(DataKey).values(wrapped=None, erased_at=NOW))
    found = opened(session, stored(sealed))
    assert found.cover is Cover.ERASED
    assert reveal(found) == ""
    assert to_stored(found) == to_stored(sealed), "saving it again changes nothing"


def test_a_process_without_the_key_file_covers(
    session: Session, party: UUID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = seal(session, party, Holder("case", uuid7()))
    monkeypatch.setitem(ring._bound, "box", SecretsBox(tmp_path / "other.key"))
    assert opened(session, stored(sealed)).cover is Cover.LOCKED
