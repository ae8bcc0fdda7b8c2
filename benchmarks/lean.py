"""The baseline of filing: a hand-written script with the same effect, one locked read and one write for each table."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import psycopg

from app.core.db import Database, DbRole, SessionContext
from app.core.evidence import EvidenceEntry, Subject
from app.core.evidence.entries import make_entry
from app.core.jobs.deferring import DEFER_CALL, NewJob, encode_jobs
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from benchmarks.world import NOW, World

_DRAFT = (
    "insert into workflow_case (id, party_id, procedure, version_id, office, title, state, clock, revision, answers,"
    " channel, created_at, created_by, saved_at)"
    " values (%s, %s, 'IRC', %s, 'INVEST', '', 'draft', 'OFF', 1, '{}', 'ONLINE', %s, %s, %s)"
)
_LOCK = "select * from workflow_case where id = %s for update"
_SUBMISSION = "insert into workflow_submission values (%s, %s, %s, 1, %s, '{}', 'x', %s, %s)"
_EVENT = (
    "insert into workflow_event values (%s, %s, %s, 2, 1, 'submit', 'draft', 'submitted', 'APPLICANT', %s, %s, true,"
    " '{}', '[]')"
)
_INTERVAL = "insert into workflow_clock_interval values (%s, %s, %s, 'RECEPTION', 'submit', %s, null)"
_TIMER = (
    "insert into workflow_timer (id, case_id, party_id, kind, due_at, counted_at)"
    " values (%s, %s, %s, 'DUE', %s, %s)"
)
_ENTRY = (
    "insert into evidence_entry (id, tag, at, actor_kind, actor_id, subject_kind, subject_id, party_id, body, salt,"
    " leaf_hash) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
_OUTBOX = (  # noqa: S608  constants of ours
    "with event as (insert into outbox_event (id, name, at, actor_kind, actor_id, party_id, payload)"
    " values (%s, 'workflow.case.moved', %s, 'CUSTOMER', %s, %s, %s)) select "
) + DEFER_CALL.replace(":jobs", "%s")
_FILED = (
    "update workflow_case set state = 'submitted', code = 'L-' || nextval('workflow_case_number'),"
    " clock = 'RECEPTION', revision = 2, submitted_at = %s, due_at = %s where id = %s"
)
_BODY = json.dumps({"lean": True})


@dataclass(frozen=True)
class Lean:
    """The script, and what was made for each dossier before the clock starts: its evidence entry and its jobs."""

    party: UUID
    user: UUID | None
    version: UUID
    entries: Mapping[UUID, EvidenceEntry]
    events: Mapping[UUID, UUID]
    jobs: Mapping[UUID, str]

    def draft(self, connection: psycopg.Connection[Any], keys: Sequence[UUID]) -> None:
        """Make the drafts that will be filed."""
        for key in keys:
            connection.execute(_DRAFT, (key, self.party, self.version, NOW, self.user, NOW))
        connection.commit()

    def file(self, connection: psycopg.Connection[Any], key: UUID) -> None:
        """File one dossier."""
        made, run = self.entries[key], connection.execute
        run(_LOCK, (key,))
        run(_SUBMISSION, (uuid7(), key, self.party, self.version, NOW, self.user))
        run(_EVENT, (uuid7(), key, self.party, self.user, NOW))
        run(_INTERVAL, (uuid7(), key, self.party, NOW))
        run(_TIMER, (uuid7(), key, self.party, NOW, NOW))
        run(
            _ENTRY,
            (made.id, made.tag, made.at, made.actor_kind, made.actor_id, made.subject_kind, made.subject_id,
             made.party_id, made.body, made.salt, made.leaf_hash),
        )  # fmt: skip
        run(_OUTBOX, (self.events[key], NOW, self.user, self.party, _BODY, self.jobs[key]))
        run(_FILED, (NOW, NOW, key))
        connection.commit()


@contextmanager
def lean_script(
    bench: World, database: Database, actor: Actor, *, count: int
) -> Iterator[tuple[list[UUID], Callable[[UUID], None]]]:
    """
    Have the script and drafts for it.

    The effect is whole only with the entry of the evidence log and with the jobs that the event wakes. What goes into
    those two is made before the clock starts; the script has no context, no row-level security and no rule to ask.
    """
    with database.session(SessionContext(DbRole.OFFICER)) as session:
        version = (
            session.connection()
            .exec_driver_sql("select id from workflow_procedure_version limit 1")
            .scalar_one()
        )
    party = actor.party_ids[0]
    keys = [uuid7() for _ in range(count)]
    events = {key: uuid7() for key in keys}
    entries = {
        key: make_entry(
            "workflow:case:submit", subject=Subject("case", key), actor=actor, at=NOW, party_id=party,
            facts={"lean": True},
        )
        for key in keys
    }  # fmt: skip
    handlers = bench.platform.handlers.for_event("workflow.case.moved")
    jobs = {
        key: encode_jobs([NewJob(each.task, {"event_id": str(events[key])}, actor) for each in handlers])
        for key in keys
    }
    script = Lean(party, actor.user_id, version, entries, events, jobs)
    with psycopg.connect(bench.boot) as connection:
        script.draft(connection, keys)
        yield keys, partial(script.file, connection)
