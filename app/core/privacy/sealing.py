"""
Sealing and opening personal values.

Each holder (a dossier, an enterprise) has a data key; its values are sealed with it by AES-256-GCM, bound to holder
and field. The data key is sealed with the key file (``SecretsBox``). So a rotation touches keys only, and destroying
one data key erases the holder's values in every row, version and copy at once.
"""

import base64
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import event, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, attributes
from sqlalchemy.orm.context import QueryContext

from app.core.kit.ids import key_of, uuid7
from app.core.kit.personal import Cover, Personal, personal_values, replaced
from app.core.kit.text import fold
from app.core.privacy.box import NotOpened
from app.core.privacy.models import BlindIndex, DataKey
from app.core.privacy.ring import has_keys, key_box

_KEY_BYTES, _NONCE_BYTES = 32, 12


@dataclass(frozen=True, slots=True)
class Holder:
    """What personal values belong to: a kind ("case", "enterprise") and its key."""

    kind: str
    id: UUID


class Sealer:
    """Seals the values of one holder in the session's transaction."""

    def __init__(self, session: Session, holder: Holder, *, party_id: UUID, now: datetime) -> None:
        self._session = session
        self._holder = holder
        self._party_id = party_id
        self._now = now
        self._key: tuple[UUID, bytes] | None = None
        self._indexed: dict[tuple[str, bytes], UUID] = {}

    def seal(self, field: str, text: str, *, earlier: Iterable[Personal] = ()) -> Personal:
        """
        Return a text as a personal value of a field.

        :param earlier: values that the holder has already; an equal one of this field is returned as it is, so that
            saving a form again changes nothing.
        """
        for each in earlier:
            if each.cover is Cover.OPEN and each.token.get("f") == field and str(each) == text:
                return each
        key_id, key = self._data_key()
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + AESGCM(key).encrypt(nonce, text.encode(), _bound(key_id, field))
        self._index(key_id, field, text)
        return Personal(text, {"k": str(key_id), "f": field, "c": base64.b64encode(sealed).decode()})

    def finish(self) -> None:
        """Write the blind index of what was sealed."""
        rows = [
            {"id": uuid7(), "key_id": key_id, "party_id": self._party_id, "field": field, "digest": digest}
            for (field, digest), key_id in self._indexed.items()
        ]
        if rows:
            self._session.execute(insert(BlindIndex).values(rows).on_conflict_do_nothing())
        self._indexed.clear()

    def _index(self, key_id: UUID, field: str, text: str) -> None:
        found = key_box().digests(normalised(text).encode(), purpose=index_purpose(field))
        self._indexed[field, found[0]] = key_id

    def _data_key(self) -> tuple[UUID, bytes]:
        if self._key is None:
            self._key = self._known_key() or self._new_key()
        return self._key

    def _known_key(self) -> tuple[UUID, bytes] | None:
        row = self._session.execute(
            select(DataKey.id, DataKey.wrapped, DataKey.erased_at).where(
                DataKey.holder_kind == self._holder.kind, DataKey.holder_id == self._holder.id
            )
        ).one_or_none()
        if row is None:
            return None
        if row.wrapped is None:
            raise NotOpened("The data of this holder were erased; nothing new can be sealed for it.")
        return row.id, key_box().open(row.wrapped, purpose=key_purpose(row.id))

    def _new_key(self) -> tuple[UUID, bytes]:
        key_id, key = uuid7(), os.urandom(_KEY_BYTES)
        self._session.execute(
            insert(DataKey)
            .values(
                id=key_id,
                party_id=self._party_id,
                holder_kind=self._holder.kind,
                holder_id=self._holder.id,
                wrapped=key_box().seal(key, purpose=key_purpose(key_id)),
                created_at=self._now,
            )
            .on_conflict_do_nothing(index_elements=[DataKey.holder_kind, DataKey.holder_id])
        )
        known = self._known_key()  # of two transactions that seal first, one made the key
        assert known is not None, "the key was just made"
        return known


def opened(session: Session, value: Any) -> Any:
    """
    Return a JSON value with its sealed texts opened, still under their cover (see ``app.core.kit.personal``).

    What cannot be opened stays covered: the key is not visible to this session, missing, or erased.
    """
    locked = [each for each in personal_values(value) if each.cover is Cover.LOCKED]
    if not locked or not has_keys():
        return value
    keys = _keys(session, {each.token["k"] for each in locked})
    return replaced(value, lambda each: _opened(each, keys) if each.cover is Cover.LOCKED else each)


def opens_on_load(model: type[Any], *columns: str) -> None:
    """Let rows of a mapped class open the personal values of JSON columns as they are read, covered as ever."""

    def open_columns(row: Any, session: Session, names: Iterable[str] | None) -> None:
        for name in columns:
            held = attributes.instance_dict(row).get(name)
            if (names is None or name in names) and any(_is_locked(each) for each in personal_values(held)):
                attributes.set_committed_value(row, name, opened(session, held))

    # restore_load_context: the look-up of the keys is a query within the loading of a row.
    @event.listens_for(model, "load", restore_load_context=True)
    def _load(row: Any, context: QueryContext) -> None:
        open_columns(row, context.session, None)

    @event.listens_for(model, "refresh", restore_load_context=True)
    def _refresh(row: Any, context: QueryContext, names: Iterable[str] | None) -> None:
        open_columns(row, context.session, names)


def find(session: Session, *, field: str, text: str) -> Sequence[Holder]:
    """Return the holders that have this very text, but for spaces, case and accents, in a field."""
    digests = key_box().digests(normalised(text).encode(), purpose=index_purpose(field))
    rows = session.execute(
        select(DataKey.holder_kind, DataKey.holder_id)
        .join(BlindIndex, BlindIndex.key_id == DataKey.id)
        .where(BlindIndex.field == field, BlindIndex.digest.in_(digests), DataKey.wrapped.is_not(None))
        .distinct()
    )
    return [Holder(row.holder_kind, row.holder_id) for row in rows]


def normalised(text: str) -> str:
    """Return what counts for equality: no case, no accents, no spaces or punctuation."""
    return fold(text).replace(" ", "")


def key_purpose(key_id: UUID) -> str:
    """Return what a data key is sealed for."""
    return f"data-key:{key_id}"


def index_purpose(field: str) -> str:
    """Return what a blind digest is made for: equal texts of two fields do not show as equal."""
    return f"blind:{field}"


def _is_locked(value: Personal) -> bool:
    return value.cover is Cover.LOCKED


def _keys(session: Session, ids: Iterable[str]) -> Mapping[str, AESGCM | None]:
    """Return the data keys that the session may see; None for an erased one."""
    wanted = [key_id for key_id in map(key_of, ids) if key_id is not None]
    rows = session.execute(select(DataKey.id, DataKey.wrapped).where(DataKey.id.in_(wanted)))
    found: dict[str, AESGCM | None] = {}
    for row in rows:
        if row.wrapped is None:
            found[str(row.id)] = None
            continue
        try:
            found[str(row.id)] = AESGCM(key_box().open(row.wrapped, purpose=key_purpose(row.id)))
        except NotOpened:
            continue
    return found


def _opened(value: Personal, keys: Mapping[str, AESGCM | None]) -> Personal:
    name = value.token["k"]
    if name not in keys:
        return value
    key = keys[name]
    if key is None:
        return Personal("", value.token, Cover.ERASED)
    try:
        sealed = base64.b64decode(value.token["c"], validate=True)
        text = key.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _bound(name, value.token["f"]))
    except (InvalidTag, ValueError):
        return value
    return Personal(text.decode(), value.token)


def _bound(key_id: UUID | str, field: str) -> bytes:
    return f"{key_id}:{field}".encode()
