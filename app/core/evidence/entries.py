"""
Writing entries: who did what to which object, when, with ids and salted digests only.

A personal value never enters the log. It goes in as a digest keyed by the entry's own salt: whoever holds the value
and the salt can prove what was recorded, and nobody can guess it back from the log.
"""

import hashlib
import hmac
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypedDict
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.db import Database, DbRole, SessionContext
from app.core.evidence.canonical import Canonical, canonical_json
from app.core.evidence.merkle import leaf_hash
from app.core.evidence.models import TAG_PATTERN, EvidenceEntry
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7

BODY_VERSION = 1
SALT_LENGTH = 16  # bytes

_TAG = re.compile(TAG_PATTERN)


class Header(TypedDict):
    """The columns of an entry that its body repeats."""

    id: UUID
    tag: str
    at: datetime
    actor_kind: str
    actor_id: UUID | None
    subject_kind: str
    subject_id: UUID | None
    party_id: UUID | None
    salt: bytes


@dataclass(frozen=True, slots=True)
class Subject:
    """What an act was done to: a kind ("case", "certificate") and its key; no key when none exists yet."""

    kind: str
    id: UUID | None = None


def record(
    session: Session,
    tag: str,
    *,
    subject: Subject,
    actor: Actor,
    at: datetime,
    party_id: UUID | None = None,
    facts: Mapping[str, Canonical] | None = None,
    digests: Mapping[str, bytes | str] | None = None,
) -> UUID:
    """
    Add an entry to the session's transaction and return its key.

    Nothing is sent yet: all entries of a transaction leave in one INSERT when the session flushes.

    :param tag: ``noun:subject:verb``, e.g. "workflow:case:submit".
    :param at: aware instant of the act.
    :param facts: codes, ids as text and counts; never personal values, never fractions.
    :param digests: name -> value that only its holder may know later; stored as HMAC-SHA-256 under the salt.
    :raises ValueError: the tag breaks the grammar, or the instant is naive.
    :raises NotCanonical: a fact has no canonical form.
    """
    entry = make_entry(
        tag, subject=subject, actor=actor, at=at, party_id=party_id, facts=facts, digests=digests
    )
    session.add(entry)
    return entry.id


def record_read(
    session: Session,
    *,
    purpose: str,
    subject: Subject,
    actor: Actor,
    at: datetime,
    party_id: UUID | None = None,
    fields: Sequence[str] = (),
    verb: str = "read",
    digests: Mapping[str, bytes | str] | None = None,
) -> UUID:
    """
    Record that personal data were read, and for which purpose.

    :param purpose: code of the purpose that the reader's permission names, e.g. "case-handling".
    :param subject: whose data; its kind is the middle word of the tag ``personal-data:<kind>:<verb>``.
    :param fields: names of the fields shown, not their values; empty when all.
    :param verb: what was done: read, export, search.
    """
    facts: dict[str, Canonical] = {"purpose": purpose}
    if fields:
        facts["fields"] = list(fields)
    tag = f"personal-data:{subject.kind}:{verb}"
    return record(
        session, tag, subject=subject, actor=actor, at=at, party_id=party_id, facts=facts, digests=digests
    )


def record_denied(
    database: Database,
    tag: str,
    *,
    subject: Subject,
    actor: Actor,
    at: datetime,
    reason: str,
    role: DbRole = DbRole.TENANT,
    party_id: UUID | None = None,
    facts: Mapping[str, Canonical] | None = None,
    digests: Mapping[str, bytes | str] | None = None,
) -> UUID:
    """
    Record a denied or failed attempt in a transaction of its own, so that it survives the rollback of the attempt.

    It takes a second connection while the request may still hold one: call it at the edge, after the rollback, or
    let ``role`` name a login whose pool the request does not use. Every role may insert entries.

    :param reason: stable code of the refusal (``DomainError.code``).
    """
    entry = make_entry(
        tag,
        subject=subject,
        actor=actor,
        at=at,
        party_id=party_id,
        facts={**(facts or {}), "denied": reason},
        digests=digests,
    )
    with database.transaction(SessionContext(role, (), actor.user_id)) as session:
        session.add(entry)
    return entry.id


def make_entry(
    tag: str,
    *,
    subject: Subject,
    actor: Actor,
    at: datetime,
    party_id: UUID | None = None,
    facts: Mapping[str, Canonical] | None = None,
    digests: Mapping[str, bytes | str] | None = None,
) -> EvidenceEntry:
    """Build an entry without a session; see ``record``."""
    if not _TAG.fullmatch(tag):
        raise ValueError(f"Tag {tag!r} is not of the form noun:subject:verb.")
    if at.tzinfo is None:
        raise ValueError("The instant of an entry must be aware.")
    salt = os.urandom(SALT_LENGTH)
    columns: Header = {
        "id": uuid7(),
        "tag": tag,
        "at": at.astimezone(UTC),
        "actor_kind": actor.kind.value,
        "actor_id": actor.user_id,
        "subject_kind": subject.kind,
        "subject_id": subject.id,
        "party_id": party_id,
        "salt": salt,
    }
    body: dict[str, Canonical] = {
        **told_header(columns),
        "facts": dict(facts or {}),
        "digests": {name: digest_value(salt, name, value) for name, value in (digests or {}).items()},
    }
    encoded = canonical_json(body)
    return EvidenceEntry(**columns, body=encoded.decode(), leaf_hash=leaf_hash(encoded))


def told_header(columns: Header) -> dict[str, Canonical]:
    """Return the part of a body that repeats the columns, and the version of the body's form."""
    return {
        "v": BODY_VERSION,
        "id": str(columns["id"]),
        "tag": columns["tag"],
        "at": columns["at"].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "actor_kind": columns["actor_kind"],
        "actor_id": _text(columns["actor_id"]),
        "subject_kind": columns["subject_kind"],
        "subject_id": _text(columns["subject_id"]),
        "party_id": _text(columns["party_id"]),
        "salt_hash": hashlib.sha256(columns["salt"]).hexdigest(),
    }


def digest_value(salt: bytes, name: str, value: bytes | str) -> str:
    """
    Return the digest by which a body stands for a value, as 64 hex digits.

    The field's name is hashed too, so that equal values of two fields of one entry do not show as equal.
    """
    raw = value.encode() if isinstance(value, str) else value
    return hmac.new(salt, name.encode() + b"\x00" + raw, hashlib.sha256).hexdigest()


def _text(key: UUID | None) -> str | None:
    return None if key is None else str(key)
