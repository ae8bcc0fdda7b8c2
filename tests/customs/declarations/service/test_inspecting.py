"""Inspection notes: signed once, corrected by new ones, with photos that tell nothing but the picture."""

import io
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from app.core.documents.refusals import FileRefused
from app.core.errors import Forbidden, Invalid, NotFound
from app.core.kit.ids import uuid7
from app.customs.declarations.models import InspectionNote
from app.customs.declarations.queries.notes import NoteLine, comments, note, notes, photos
from app.customs.declarations.service import inspecting as service
from app.customs.declarations.service.inspecting import Draft, digest_of, keep_photo
from tests.core.documents import files
from tests.core.documents.test_photos import camera_jpeg
from tests.customs.declarations.firms import FILER, LEADER, OFFICER, OTHER, Firms


def written(
    firms: Firms,
    *,
    login: str = OFFICER,
    shots: int = 0,
    keep_place: bool = False,
    key: UUID | None = None,
    corrects: UUID | None = None,
    about: UUID | None = None,
    **changes: Any,
) -> UUID:
    actor = firms.person(login)
    content: dict[str, Any] = {
        "kind": "GOODS", "place": "Kho A", "found": "Đủ số lượng", "result": "AS_DECLARED",
        "happened_at": firms.now - timedelta(hours=1),
    }  # fmt: skip
    store = firms.press.store
    kept = [
        keep_photo(store, stream=io.BytesIO(camera_jpeg(mark=number)), filename=f"{number}.jpg")
        for number in range(shots)
    ]
    with firms.as_(actor) as session:
        return service.write_note(
            session, party_id=firms.party(), draft=Draft(**{**content, **changes}), photos=kept, keep_place=keep_place,
            actor=actor, now=firms.now, declaration_id=about, corrects_id=corrects, note_id=key,
        ).id  # fmt: skip


def read(firms: Firms, note_id: UUID, login: str = FILER) -> NoteLine:
    actor = firms.person(login)
    with firms.as_(actor) as session:
        return note(session, note_id, actor)


def test_a_note_is_signed_and_stays(firms: Firms) -> None:
    signed = written(firms, shots=2)
    officer = firms.person(OFFICER)
    assert read(firms, signed).officer == officer.name
    with firms.as_(officer) as session:
        row = session.get_one(InspectionNote, signed)
        assert digest_of(row, [each.sha256 for each in photos(session, signed)]) == row.digest
    with pytest.raises(Exception, match="permission denied"), firms.as_(officer) as session:
        session.execute(update(InspectionNote).where(InspectionNote.id == signed).values(found="anders"))


def test_the_place_is_kept_on_purpose_only(firms: Firms) -> None:
    actor = firms.person(FILER)
    without, kept = written(firms, shots=1), written(firms, shots=1, keep_place=True)
    with firms.as_(actor) as session:
        assert [each.latitude for each in photos(session, without)] == [None]
        (shot,) = photos(session, kept)
        assert (str(shot.latitude), str(shot.longitude)) == ("20.855000", "106.783333")
        assert b"GPS" not in firms.press.store.read(shot.sha256)


def test_a_correction_is_a_new_note(firms: Firms) -> None:
    first = written(firms)
    second = written(firms, corrects=first, result="DIFFERS")
    assert read(firms, first).corrected_by == second
    assert read(firms, second).corrects_id == first
    with pytest.raises(service.NoteCorrected):
        written(firms, corrects=first)


def test_the_same_form_twice_is_one_note(firms: Firms) -> None:
    key = uuid7()
    assert written(firms, key=key) == written(firms, key=key) == key


def test_who_writes_and_who_reads(firms: Firms) -> None:
    for login, refusal in ((FILER, Forbidden), (LEADER, Forbidden)):
        with pytest.raises(refusal):
            written(firms, login=login)
    with pytest.raises(NotFound):
        written(firms, about=firms.declared())
    signed = written(firms, about=firms.declared(state="REGISTERED"))
    assert read(firms, signed, LEADER).id == signed
    with pytest.raises(NotFound):
        read(firms, signed, OTHER)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "X"}, "kind"),
        ({"place": " "}, "place"),
        ({"found": ""}, "found"),
        ({"result": ""}, "result"),
        ({"happened_at": None}, "happened_at"),
    ],
)
def test_what_is_wanting_is_named(firms: Firms, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        written(firms, **changes)
    assert [each.name for each in refused.value.errors] == [field]


def test_an_inspection_does_not_lie_ahead(firms: Firms) -> None:
    with pytest.raises(Invalid) as refused:
        written(firms, happened_at=firms.now + timedelta(hours=1))
    assert [each.code for each in refused.value.errors] == ["future"]


def test_a_photo_is_a_picture(firms: Firms) -> None:
    with pytest.raises(FileRefused):
        keep_photo(firms.press.store, stream=io.BytesIO(files.pdf()), filename="x.pdf")


def test_the_firm_says_something(firms: Firms) -> None:
    signed, actor = written(firms), firms.person(FILER)
    with firms.as_(actor) as session:
        service.comment(session, note_id=signed, text="Đồng ý", actor=actor, now=firms.now)
        session.flush()
        assert [each.text for each in comments(session, signed)] == ["Đồng ý"]
        assert signed in {each.id for each in notes(session, party_id=firms.party())}
    other, officer = firms.person(OTHER), firms.person(OFFICER)
    with pytest.raises(NotFound), firms.as_(other) as session:
        service.comment(session, note_id=signed, text="x", actor=other, now=firms.now)
    with pytest.raises(Forbidden), firms.as_(officer) as session:
        service.comment(session, note_id=signed, text="x", actor=officer, now=firms.now)
