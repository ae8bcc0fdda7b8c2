"""Changing the law of an installation: propose, approve by two officers, reject; and how a change takes force.

**Two officers** means here: two different officers, neither of whom proposed the change, each approve exactly its
content (by hash). A change that the platform proposed itself (the files of a release) needs two officers as well. The
only exception is the first load of an installation, when there is nothing that anybody could have verified. The
database itself refuses a change set in force without two such approvals, and a value that no item of such a set holds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import exists, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from app.core.evidence.canonical import canonical_json
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.law import queries
from app.core.law.book import LawValue, Status
from app.core.law.contents import content_of_kind
from app.core.law.force import next_instant, take_force
from app.core.law.models import (
    VALUES,
    ChangeState,
    LawApproval,
    LawChangeItem,
    LawChangeSet,
    LawKey,
    Origin,
)
from app.core.law.proposal import Instrument, LawProposalInvalid, Proposal, check
from app.core.law.refusals import (
    LawApprovalRefused,
    LawApprovedAlready,
    LawBaseMoved,
    LawChangeDecided,
    LawChangeUnknown,
    LawContentMoved,
)
from app.core.law.source import Wish, instrument_json, instrument_of, value_json, wanted
from app.core.law.timeline import ChangeItem, fingerprint, set_value
from app.core.law.units import Text

APPROVALS = 2

# All changes of the law stand in one queue, so that the last recorded instant is also the last one committed.
_LOCK = text("select pg_advisory_xact_lock(hashtext('law_change_set'))")


def propose(session: Session, *, proposal: Proposal, actor: Actor, now: datetime) -> LawChangeSet | None:
    """
    Propose what the files of a release change, or take it into force when nothing was ever loaded.

    :return: the change set, None when there is nothing new (the same files again, also after a rejection). A newer
        load replaces the proposal of an earlier one that still waits and speaks about the same keys.
    :raises LawProposalInvalid: the files have faults; lists all of them.
    """
    session.execute(_LOCK)
    problems = check(proposal, known_instruments=frozenset(queries.instruments(session)))
    if problems:
        raise LawProposalInvalid(problems)
    wish = wanted(session, proposal)
    waiting = [
        found
        for found in queries.open_change_sets(session)
        if found.origin == Origin.YAML and found.content_kind == VALUES
    ]
    made = _draft(
        session, items=wish.items, instruments=wish.instruments, origin=Origin.YAML, actor=actor, now=now
    )
    if any((old.content_hash, old.base_hash) == (made.content_hash, made.base_hash) for old in waiting):
        return None
    for old in waiting:
        if _covers(proposal, old):
            _decide(old, ChangeState.REJECTED, actor=actor, now=now)
            old.superseded = True
    if not wish:
        return None
    made.title = ", ".join(proposal.files)
    made.source = wish.source
    made.first_load = not _was_in_force(session, VALUES)
    return _store(session, made, wish, titles=proposal.titles, now=now)


def propose_items(
    session: Session,
    *,
    items: Sequence[ChangeItem],
    origin: Origin,
    title: str,
    actor: Actor,
    now: datetime,
    titles: Mapping[str, Text] | None = None,
    instruments: Sequence[Instrument] = (),
) -> LawChangeSet:
    """
    Propose single changes, as a screen or an import does. Always waits for two officers.

    :param titles: words for people (vi, en) of keys that are new.
    :raises ValueError: no item and no instrument.
    """
    if not items and not instruments:
        raise ValueError("A change of the law changes something.")
    session.execute(_LOCK)
    made = _draft(session, items=items, instruments=instruments, origin=origin, actor=actor, now=now)
    made.title = title
    wish = Wish(tuple(items), tuple(instruments), {})
    return _store(session, made, wish, titles=titles or {}, now=now)


def propose_content(
    session: Session,
    *,
    kind: str,
    change_set_id: UUID,
    origin: Origin,
    title: str,
    actor: Actor,
    now: datetime,
    instruments: Sequence[Instrument] = (),
) -> LawChangeSet:
    """
    Propose content that another room keeps; its items are written already, under the key that the set will have.

    It waits for two officers as every change does. Only what the platform itself brings when nothing of this kind was
    ever in force takes force at once: the first load of an installation.

    :param change_set_id: a new key, under which the room has written the items.
    :raises ContentUnknown: no room offers this kind.
    :raises ValueError: there is no item.
    """
    session.execute(_LOCK)
    session.flush()  # the hashes below are those of rows in the database
    content = content_of_kind(kind)
    count = content.count(session, change_set_id)
    if not count:
        raise ValueError("A change of the law changes something.")
    carried = _Carried(kind, content.digest(session, change_set_id), content.base(session, change_set_id))
    made = _draft(
        session, items=(), instruments=instruments, origin=origin, actor=actor, now=now, carried=carried
    )
    made.id, made.title, made.content_kind, made.content_count = change_set_id, title, kind, count
    made.first_load = origin is Origin.YAML and not _was_in_force(session, kind)
    return _store(session, made, Wish((), tuple(instruments), {}), titles={}, now=now)


def verification(values: Iterable[LawValue]) -> tuple[ChangeItem, ...]:
    """Make the items by which officers confirm values against the official text: same content, VERIFIED."""
    return tuple(set_value(replace(value, status=Status.VERIFIED)) for value in values)


def approve(
    session: Session,
    *,
    change_set_id: UUID,
    actor: Actor,
    content_hash: str,
    now: datetime,
    page_image_sha256: str | None = None,
) -> LawChangeSet:
    """
    Approve exactly one content; the second approval puts the change set in force.

    :param content_hash: hash of the content that was shown to the officer.
    :param page_image_sha256: hash (hex) of the image of the official page that the officer compared, if there is one.
    :raises LawChangeUnknown: no such change set.
    :raises LawChangeDecided: it was decided before.
    :raises LawApprovalRefused: the actor is no officer, or proposed it.
    :raises LawApprovedAlready: the actor approved it before.
    :raises LawContentMoved: the hash is not that of the content.
    :raises LawBaseMoved: the values in force changed since the proposal.
    """
    change_set = _open_for_decision(session, change_set_id)
    if not actor.is_officer or actor.user_id is None or actor.user_id == change_set.proposed_by:
        raise LawApprovalRefused
    approved_by = {approval.officer_id for approval in queries.approvals_of(session, change_set_id)}
    if actor.user_id in approved_by:
        raise LawApprovedAlready
    items = queries.items_of(session, change_set_id)
    stored = [instrument_of(raw) for raw in change_set.instruments]
    carried = _carried(session, change_set)
    if not content_hash == change_set.content_hash == _content_hash(items, stored, carried):
        raise LawContentMoved
    if change_set.base_hash != _base_hash(session, items, carried):
        raise LawBaseMoved
    session.add(
        LawApproval(
            change_set_id=change_set_id,
            officer_id=actor.user_id,
            officer_name=actor.name,
            at=now,
            content_hash=content_hash,
            page_image_sha256=page_image_sha256,
        )
    )
    session.flush()  # the guard of the change set counts approvals in the database
    if len(approved_by) + 1 >= APPROVALS:
        taken = next_instant(session, now)
        _decide(change_set, ChangeState.IN_FORCE, actor=actor, now=now)
        change_set.in_force_at = taken
        session.flush()  # values may only be written for a change set that is in force
        take_force(session, change_set, items, stored, taken=taken)
        if carried is not None:
            content_of_kind(carried.kind).take_force(session, change_set_id, taken=taken)
    return change_set


def reject(
    session: Session, *, change_set_id: UUID, actor: Actor, reason: str, now: datetime
) -> LawChangeSet:
    """
    Reject a change set for good; one officer is enough, also the one who proposed it.

    :param reason: why, for the record; not empty.
    :raises LawChangeUnknown: no such change set.
    :raises LawChangeDecided: it was decided before.
    :raises LawApprovalRefused: the actor is no officer.
    :raises ValueError: no reason given.
    """
    change_set = _open_for_decision(session, change_set_id)
    if not actor.is_officer or actor.user_id is None:
        raise LawApprovalRefused
    if not reason.strip():
        raise ValueError("A rejection says why.")
    _decide(change_set, ChangeState.REJECTED, actor=actor, now=now)
    change_set.reason = reason.strip()
    return change_set


def _open_for_decision(session: Session, change_set_id: UUID) -> LawChangeSet:
    session.execute(_LOCK)
    change_set = session.get(LawChangeSet, change_set_id, populate_existing=True)
    if change_set is None:
        raise LawChangeUnknown
    if change_set.state != ChangeState.PROPOSED:
        raise LawChangeDecided(state=change_set.state)
    return change_set


def _decide(change_set: LawChangeSet, state: ChangeState, *, actor: Actor, now: datetime) -> None:
    change_set.state = state.value
    change_set.decided_at = now
    change_set.decided_by = actor.user_id


def _covers(proposal: Proposal, waiting: LawChangeSet) -> bool:
    source = waiting.source or {"values": {}, "instruments": {}}
    same_values = set(source["values"]) <= proposal.values.keys()
    return same_values and set(source["instruments"]) <= proposal.instruments.keys()


@dataclass(frozen=True, slots=True)
class _Carried:
    """Content of another room: its kind, the hash of its items, and that of what they would change."""

    kind: str
    digest: str
    base: str


def _carried(session: Session, change_set: LawChangeSet) -> _Carried | None:
    if change_set.content_kind == VALUES:
        return None
    content = content_of_kind(change_set.content_kind)
    return _Carried(
        content.kind, content.digest(session, change_set.id), content.base(session, change_set.id)
    )


def _was_in_force(session: Session, kind: str) -> bool:
    """Tell whether a change of this kind ever took force."""
    taken = LawChangeSet.in_force_at.is_not(None)
    return bool(session.scalar(select(exists().where(LawChangeSet.content_kind == kind, taken))))


def _draft(
    session: Session,
    *,
    items: Sequence[ChangeItem],
    instruments: Sequence[Instrument],
    origin: Origin,
    actor: Actor,
    now: datetime,
    carried: _Carried | None = None,
) -> LawChangeSet:
    return LawChangeSet(
        id=uuid7(),
        content_kind=VALUES,
        origin=origin.value,
        title="",
        state=ChangeState.PROPOSED.value,
        proposed_by=actor.user_id,
        proposed_by_name=actor.name,
        proposed_at=now,
        content_hash=_content_hash(items, instruments, carried),
        base_hash=_base_hash(session, items, carried),
        source=None,
        instruments=[instrument_json(instrument) for instrument in instruments],
        first_load=False,
        superseded=False,
    )


def _store(
    session: Session, made: LawChangeSet, wish: Wish, *, titles: Mapping[str, Text], now: datetime
) -> LawChangeSet:
    taken = next_instant(session, now)
    if made.first_load:
        made.state = ChangeState.IN_FORCE.value
        made.in_force_at = taken
        made.decided_at = now
    session.add(made)
    session.flush()  # items refer to the change set, and are written in one batch past the unit of work
    keys = {item.key for item in wish.items}
    if named := [{"key": key, "title": dict(titles[key])} for key in sorted(keys & titles.keys())]:
        statement = upsert(LawKey)
        session.execute(
            statement.on_conflict_do_update(index_elements=["key"], set_={"title": statement.excluded.title}),
            named,
        )
    if wish.items:
        rows = [_item_row(made.id, position, item) for position, item in enumerate(wish.items)]
        session.execute(insert(LawChangeItem), rows)
    if made.first_load:
        take_force(session, made, wish.items, wish.instruments, taken=taken)
        if made.content_kind != VALUES:
            content_of_kind(made.content_kind).take_force(session, made.id, taken=taken)
    return made


def _item_row(change_set_id: UUID, position: int, item: ChangeItem) -> dict[str, Any]:
    value = item.value
    return {
        "change_set_id": change_set_id,
        "position": position,
        "action": item.action.value,
        "key": item.key,
        "valid": queries.to_range(item.period),
        "value": value.value if value else None,
        "unit": value.unit if value else None,
        "instrument_id": value.instrument if value else None,
        "article": value.article if value else None,
        "status": value.status.value if value else None,
        "note": dict(value.note) if value and value.note else None,
    }


def _content_hash(
    items: Iterable[ChangeItem], instruments: Iterable[Instrument], carried: _Carried | None
) -> str:
    steps = [
        {
            "action": item.action.value,
            "key": item.key,
            "from": item.period.start.isoformat(),
            "to": item.period.end.isoformat() if item.period.end else None,
            "value": value_json(item.value) if item.value else None,
        }
        for item in items
    ]
    content: dict[str, Any] = {
        "items": steps,
        "instruments": [instrument_json(instrument) for instrument in instruments],
    }
    if carried is not None:
        content["carried"] = {"kind": carried.kind, "digest": carried.digest}
    return sha256(canonical_json(content)).hexdigest()


def _base_hash(session: Session, items: Iterable[ChangeItem], carried: _Carried | None) -> str:
    if carried is not None:
        return carried.base
    held = queries.current(session, {item.key for item in items})
    return fingerprint(value for values in held.values() for value in values)
