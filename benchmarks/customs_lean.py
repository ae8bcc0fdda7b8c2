"""The baseline of declaring: a hand-written script that leaves the same rows, one read and one write for each table."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import select

from app.core.db import Database, DbRole, SessionContext
from app.core.evidence import EvidenceEntry, Subject
from app.core.evidence.entries import make_entry
from app.core.jobs.deferring import DEFER_CALL, NewJob, encode_jobs
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.outbox.events import to_payload
from app.customs.declarations.events import DeclarationChanged, DeclarationHandedIn, DeclarationMoved
from app.customs.declarations.models import Revision
from app.customs.declarations.queries.lines import to_columns
from benchmarks.world import NOW, World

Lines = Sequence[Mapping[str, str]]
_LOCK = (
    "select d.*, r.id, r.header from customs_declaration d"
    " join customs_revision r on r.declaration_id = d.id and r.number = d.head where d.id = %s for update of d"
)
_LINES = "insert into customs_line select * from jsonb_populate_recordset(null::customs_line, %s::jsonb)"
_ASSESSMENT = (
    "insert into customs_assessment (id, party_id, revision_id, kind, content, total, computed_at, known_at)"
    " values (%s, %s, %s, 'PRECALCULATED', %s::jsonb, %s, %s, %s)"
)
_PRODUCTS = (
    "insert into customs_product select * from jsonb_populate_recordset(null::customs_product, %s::jsonb)"
    " on conflict (party_id, own_code) do update set hs = excluded.hs, description = excluded.description,"
    " unit = excluded.unit, unit2 = excluded.unit2, origin = excluded.origin, scheme = excluded.scheme,"
    " last_price = excluded.last_price, currency = excluded.currency, used_at = excluded.used_at,"
    " updated_at = excluded.updated_at"
)
_SENT = "update customs_revision set state = 'SENT', sent_at = %s, sent_by = %s where id = %s"
_QUEUED = (
    "update customs_declaration set state = 'QUEUED', version = 3, updated_at = %s, summary = %s, line_count = %s"
    " where id = %s"
)
_ENTRY = "(id, tag, at, actor_kind, actor_id, subject_kind, subject_id, party_id, body, salt, leaf_hash)"
_ONE = "(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
_ENTRIES = f"insert into evidence_entry {_ENTRY} values {_ONE}, {_ONE}"  # noqa: S608  constants of ours
_OUTBOX = (  # noqa: S608  constants of ours
    "with event as (insert into outbox_event (id, name, at, actor_kind, actor_id, party_id, payload)"
    " select id, name, at, actor_kind, actor_id, party_id, payload"
    " from jsonb_populate_recordset(null::outbox_event, %s::jsonb)) select "
) + DEFER_CALL.replace(":jobs", "%s")


@dataclass(frozen=True)
class Made:
    """What was made for one declaration before the clock starts."""

    revision: UUID
    lines: str
    products: str
    entries: tuple[EvidenceEntry, ...]
    events: str
    jobs: str


@dataclass(frozen=True)
class Lean:
    """The script; the taxes are worked out already and their record is written as text."""

    party: UUID
    user: UUID | None
    lines: Lines
    record: str
    total: Any
    made: Mapping[UUID, Made]

    def declare(self, connection: psycopg.Connection[Any], key: UUID) -> None:
        """Store the lines, the taxes and the goods of one declaration, freeze it and queue it."""
        made, run = self.made[key], connection.execute
        run(_LOCK, (key,)).fetchone()
        run(_LINES, (made.lines,))
        run(_ASSESSMENT, (uuid7(), self.party, made.revision, self.record, self.total, NOW, NOW))
        run(_PRODUCTS, (made.products,))
        run(_SENT, (NOW, self.user, made.revision))
        run(_QUEUED, (NOW, self.lines[0]["description"], len(self.lines), key))
        run(_ENTRIES, [value for entry in made.entries for value in _values(entry)])
        run(_OUTBOX, (made.events, made.jobs))
        connection.commit()


@contextmanager
def lean_script(
    bench: World,
    database: Database,
    actor: Actor,
    keys: Sequence[UUID],
    lines: Lines,
    record: str,
    total: Any,
) -> Iterator[Callable[[UUID], None]]:
    """
    Have the script for drafts.

    Ids, evidence entries, events, jobs and the tax record are made before the clock starts; the script has no context,
    no row-level security, no rule to ask and no tax to work out.
    """
    party = actor.party_ids[0]
    with database.session(SessionContext(DbRole.TENANT, actor.party_ids)) as session:
        found = session.execute(
            select(Revision.declaration_id, Revision.id).where(Revision.declaration_id.in_(keys))
        )
        made = {row[0]: _made(bench, actor, party, row[0], row[1], lines) for row in found}
    script = Lean(party, actor.user_id, lines, record, total, made)
    with psycopg.connect(bench.boot) as connection:
        yield partial(script.declare, connection)


def _made(bench: World, actor: Actor, party: UUID, key: UUID, revision: UUID, lines: Lines) -> Made:
    own = {"party_id": str(party), "revision_id": str(revision)}
    rows = [
        {"id": str(uuid7()), **own, "number": place, **to_columns(line)}
        for place, line in enumerate(lines, 1)
    ]
    goods = [
        {
            "id": str(uuid7()), "party_id": str(party), "own_code": line["own_code"], "hs": line["hs"],
            "description": line["description"], "unit": line["unit"], "unit2": line["unit2"],
            "origin": line["origin"], "scheme": line["scheme"], "last_price": line["unit_price"], "currency": "USD",
            "used_at": NOW.isoformat(), "updated_at": NOW.isoformat(),
        }
        for line in lines
    ]  # fmt: skip
    code = "TK-BENCH"
    told = (
        DeclarationChanged(key, code), DeclarationHandedIn(key, revision, code),
        DeclarationMoved(key, code, "DRAFT", "QUEUED"),
    )  # fmt: skip
    events = [
        {
            "id": str(uuid7()), "name": event.name, "at": NOW.isoformat(), "actor_kind": actor.kind.value,
            "actor_id": str(actor.user_id), "party_id": str(party), "payload": to_payload(event),
        }
        for event in told
    ]  # fmt: skip
    jobs = [
        NewJob(handler.task, {"event_id": str(each["id"])}, actor)
        for each in events
        for handler in bench.platform.handlers.for_event(str(each["name"]))
    ]
    entries = tuple(
        make_entry(
            f"customs:declaration:{verb}", subject=Subject("declaration", key), actor=actor, at=NOW, party_id=party,
            facts={"code": code},
        )
        for verb in ("save", "hand-in")
    )  # fmt: skip
    return Made(
        revision,
        json.dumps(rows, default=str),
        json.dumps(goods),
        entries,
        json.dumps(events),
        encode_jobs(jobs),
    )


def _values(made: EvidenceEntry) -> tuple[Any, ...]:
    return (
        made.id, made.tag, made.at, made.actor_kind, made.actor_id, made.subject_kind, made.subject_id, made.party_id,
        made.body, made.salt, made.leaf_hash,
    )  # fmt: skip
