"""The desk: how dossiers are opened, filled in, filed and moved from state to state.

One step is one transaction: the row is locked, the table of available actions is asked, guards judge, effects act,
and history, clock, evidence and event are written together. The caller at the edge commits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import CursorResult, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core import law
from app.core.errors import Conflict, Forbidden, Invalid, NotFound
from app.core.evidence import Subject, record
from app.core.kit.actor import SYSTEM, Actor
from app.core.kit.codes import format_code
from app.core.kit.ids import uuid7
from app.core.kit.time import local_day
from app.core.outbox import publish
from app.core.workflow import answers as form
from app.core.workflow import builtin, personal, procedures, timekeeping
from app.core.workflow.actions import available_actions, may_fill
from app.core.workflow.definition import SAME, Action, Definition, Side
from app.core.workflow.events import CaseMoved
from app.core.workflow.models import Case, CaseEvent
from app.core.workflow.permissions import FILE, RECEIVE
from app.core.workflow.standing_in import COUNTER, ONLINE, note_typist, stands_in
from app.core.workflow.step import Effect, Guard, Step

MAX_REASON = 4000


class StalePage(Conflict):
    """The actor decided on a state that has passed meanwhile; carries the current one."""

    code = "workflow.stale-page"
    title = "The dossier has moved on meanwhile."
    detail = "You saw revision %(seen)s; the dossier is now at revision %(current)s, in state “%(state)s”."


class ActionNotPossible(Conflict):
    """The state does not allow the action."""

    code = "workflow.action-not-possible"
    title = "This is not possible now."
    detail = "In the state “%(state)s” the action “%(action)s” cannot be taken."


class FourEyes(Forbidden):
    """The same person may not check what they made."""

    code = "workflow.four-eyes"
    title = "Somebody else must take this step."
    detail = (
        "You took the step that “%(action)s” has to check; the rule of four eyes forbids both by one person."
    )
    hint = "Ask a colleague with the same role, or have the dossier re-assigned."


class BaseNeeded(Conflict):
    """The procedure adjusts a result, and none was given that it can adjust."""

    code = "workflow.base-needed"
    title = "This procedure begins with a result in force."
    detail = "“%(procedure)s” changes a result that an earlier dossier led to, so it cannot begin empty."
    hint = "Open the certificate that is to be changed and start the adjustment there."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step led to; ``repeated`` when the request had already been carried out before."""

    case: Case
    event: CaseEvent
    repeated: bool = False


class Desk:
    """The use cases of dossiers, with the guards and effects that the modules registered."""

    def __init__(self, *, guards: Mapping[str, Guard], effects: Mapping[str, Effect], zone: ZoneInfo) -> None:
        self._guards: dict[str, Guard] = {**builtin.GUARDS, **guards}
        self._effects: dict[str, Effect] = {**builtin.EFFECTS, **effects}
        self._zone = zone

    @property
    def guard_names(self) -> frozenset[str]:
        """Return the guards that a procedure may name."""
        return frozenset(self._guards)

    @property
    def effect_names(self) -> frozenset[str]:
        """Return the effects that a procedure may name."""
        return frozenset(self._effects)

    def open(
        self,
        session: Session,
        *,
        case_id: UUID,
        procedure: str,
        party_id: UUID,
        actor: Actor,
        now: datetime,
        desk_id: UUID | None = None,
        channel: str = COUNTER,
        base_id: UUID | None = None,
    ) -> Case:
        """
        Open a draft. The key comes from the page, so that a doubled request opens one draft.

        :param desk_id: the office whose counter enters it for a visitor; None for the applicant's own people.
        :param channel: how the papers came to that counter, by a visitor or by post.
        :param base_id: the dossier whose result is to be adjusted, where the procedure adjusts one.
        :raises BaseNeeded: the procedure adjusts a result, and this is none that it can adjust.
        :raises Forbidden: the actor may not file for this party.
        :raises NotInForce: the procedure has no version today.
        :raises NotFound: the key belongs to a dossier that is not the actor's.
        """
        version_id, definition = procedures.in_force(session, procedure, local_day(now, self._zone))
        first = next(action for action in definition.actions if definition.start in action.sources)
        if desk_id is not None and not stands_in(desk_id, actor):
            raise Forbidden(permission=RECEIVE)
        if actor.user_id is None or (desk_id is None and not actor.may(first.permission, party_id)):
            raise Forbidden(permission=first.permission)
        _require_base(session, definition, base_id, party_id)
        state = definition.states[definition.start]
        inserted = session.execute(
            insert(Case)
            .values(
                id=case_id, party_id=party_id, procedure=procedure, version_id=version_id, office=definition.office,
                title="", state=definition.start, national=state.national, clock=state.clock.value, revision=1,
                answers={}, channel=ONLINE if desk_id is None else channel, desk_id=desk_id,
                typists=[] if desk_id is None else [actor.user_id], created_at=now, created_by=actor.user_id,
                saved_at=now, base_id=base_id,
            )
            .on_conflict_do_nothing(index_elements=[Case.id])
        )  # fmt: skip
        case = session.get(Case, case_id)
        if case is None or case.party_id != party_id or case.created_by != actor.user_id:
            raise NotFound
        if isinstance(inserted, CursorResult) and inserted.rowcount:
            record(
                session, "workflow:case:open", subject=Subject("case", case_id), actor=actor, at=now,
                party_id=party_id, facts={"procedure": procedure},
            )  # fmt: skip
        return case

    def save(
        self,
        session: Session,
        *,
        case_id: UUID,
        changed: Mapping[str, Any],
        actor: Actor,
        now: datetime,
    ) -> Case:
        """
        Lay answers over a draft's earlier ones; saving needs no revision, the last word of each question counts.

        :raises NotFound: no such dossier for this actor.
        :raises Forbidden: the actor may not answer for this applicant; officers do so at the counter only.
        :raises ActionNotPossible: the dossier is no longer with the applicant.
        """
        case = self._locked(session, case_id)
        if not may_fill(case, actor):
            raise Forbidden(permission=FILE)
        definition = procedures.definition_of(session, case.version_id)
        state = definition.states[case.state]
        if state.waits_for is not Side.APPLICANT or state.final:
            raise ActionNotPossible(state=case.state, action="save")
        merged = form.merged(definition, case.answers, changed)
        case.answers = personal.protect(session, case, definition, merged, now=now)
        case.title = str(
            case.answers.get("project_name_vi") or case.answers.get("project_name") or case.title
        )
        case.saved_at = now
        self._note_typing(session, case, changed, actor, now)
        return case

    def perform(
        self,
        session: Session,
        *,
        case_id: UUID,
        action: str,
        revision: int | None,
        actor: Actor,
        now: datetime,
        input: Mapping[str, Any] | None = None,
    ) -> Outcome:
        """
        Take an action on a dossier.

        :param revision: the revision that the actor saw; a request that arrives twice is recognised by it. None is
            for the platform's own steps, which decide on the state that they lock.
        :raises NotFound: no such dossier for this actor.
        :raises StalePage: the dossier moved on meanwhile.
        :raises ActionNotPossible: the state does not allow the action.
        :raises Forbidden: the actor lacks the permission, or four eyes forbid it (:class:`FourEyes`).
        :raises DomainError: whatever a guard or an effect refuses with.
        """
        given = {name: _clean(value) for name, value in (input or {}).items()}
        case = self._locked(session, case_id)
        # Each step counts the revision up: at the first one nothing has happened yet.
        history = self._history(session, case_id) if case.revision > 1 else []
        if revision is not None and case.revision != revision:
            return self._again(case, history, action, revision, actor)
        definition = procedures.definition_of(session, case.version_id)
        chosen = self._choose(definition, case, action, actor, history)
        _require_input(chosen, given)
        book = law.at(session, local_day(now, self._zone))
        step = Step(session, case, definition, chosen, actor, now, given, book, history, self._zone)
        # The rows of a step leave together at its end: each flush in between would be a round trip of its own.
        with session.no_autoflush:
            self._judge(step)
            event = self._move(step)
            if chosen.side is Side.APPLICANT:
                note_typist(case, actor)
            for name in chosen.effects:
                self._effects[name](step)
            self._write(step, event)
        return Outcome(case, event)

    def take_if_possible(self, session: Session, *, case: Case, action: str, now: datetime) -> bool:
        """Take a step of the platform's own where procedure and state know it; tell whether it was taken."""
        wanted = procedures.definition_of(session, case.version_id).action(action)
        if wanted is None or case.state not in wanted.sources:
            return False
        self.perform(session, case_id=case.id, action=action, revision=None, actor=SYSTEM, now=now)
        return True

    def _note_typing(
        self, session: Session, case: Case, changed: Mapping[str, Any], actor: Actor, now: datetime
    ) -> None:
        """Record which answers an officer entered for the applicant."""
        if not actor.is_officer:
            return
        note_typist(case, actor)
        record(
            session, "workflow:case:type", subject=Subject("case", case.id), actor=actor, at=now,
            party_id=case.party_id, facts={"answers": sorted(changed)},
        )  # fmt: skip

    def _locked(self, session: Session, case_id: UUID) -> Case:
        # A page may have read the row before it was locked: what counts is what the lock sees.
        case = session.get(Case, case_id, with_for_update=True, populate_existing=True)
        if case is None:
            raise NotFound
        return case

    def _history(self, session: Session, case_id: UUID) -> list[CaseEvent]:
        return list(
            session.scalars(
                select(CaseEvent).where(CaseEvent.case_id == case_id).order_by(CaseEvent.revision)
            )
        )

    def _again(
        self, case: Case, history: list[CaseEvent], action: str, revision: int, actor: Actor
    ) -> Outcome:
        """Answer a request on a passed revision: the same answer to the same request, a refusal to another one."""
        for event in history:
            if (event.base_revision, event.action, event.actor_id) == (revision, action, actor.user_id):
                return Outcome(case, event, repeated=True)
        raise StalePage(seen=revision, current=case.revision, state=case.state)

    def _choose(
        self, definition: Definition, case: Case, code: str, actor: Actor, history: list[CaseEvent]
    ) -> Action:
        wanted = definition.action(code)
        if wanted is None or case.state not in wanted.sources:
            raise ActionNotPossible(state=case.state, action=code)
        offered = available_actions(
            definition, state=case.state, party_id=case.party_id, actor=actor, history=history,
            desk_id=case.desk_id, typists=case.typists,
        )  # fmt: skip
        found = next((each for each in offered if each.action.code == code), None)
        if found is None:
            raise Forbidden(permission=wanted.permission)
        if found.blocked:
            raise FourEyes(action=code)
        return found.action

    def _judge(self, step: Step) -> None:
        """Ask every guard; what is wanting in the dossier is told at once, under the first refusal's name."""
        refusals: list[Invalid] = []
        for name in step.action.guards:
            refusal = self._guards[name](step)
            if isinstance(refusal, Invalid):
                refusals.append(refusal)
            elif refusal is not None:
                raise refusal
        if refusals:
            refusals[0].errors = tuple(problem for each in refusals for problem in each.errors)
            raise refusals[0]

    def _move(self, step: Step) -> CaseEvent:
        case, action = step.case, step.action
        source, base = case.state, case.revision
        reached = source if action.target == SAME else action.target
        target = step.definition.states[reached]
        if target.waits_for is not Side.APPLICANT and case.code is None:
            case.code = _next_code(step, self._zone)
        timekeeping.turn(step, target, self._zone)
        case.state, case.national, case.revision = reached, target.national, base + 1
        case.saved_at = step.now
        if target.final:
            case.closed_at = step.now
        return CaseEvent(
            id=uuid7(), case_id=case.id, party_id=case.party_id, revision=case.revision, base_revision=base,
            action=action.code, source=source, target=reached, side=action.side.value,
            actor_id=step.actor.user_id, at=step.now, visible=action.visible, input=dict(step.input), law=[],
        )  # fmt: skip

    def _write(self, step: Step, event: CaseEvent) -> None:
        case = step.case
        event.law = [value.as_used() for value in step.book.used()]
        step.session.add(event)
        record(
            step.session, f"workflow:case:{step.action.code.replace('_', '-')}", subject=Subject("case", case.id),
            actor=step.actor, at=step.now, party_id=case.party_id,
            facts={"code": case.code, "revision": case.revision, "from": event.source, "to": event.target,
                   "law": [value.content_hash for value in step.book.used()], **step.facts},
        )  # fmt: skip
        moved = CaseMoved(
            case_id=case.id, procedure=case.procedure, code=case.code or "", action=step.action.code,
            source=event.source, target=event.target, national=case.national or 0,
        )  # fmt: skip
        publish(step.session, moved, actor=step.actor, at=step.now, party_id=case.party_id)


def _require_base(session: Session, definition: Definition, base_id: UUID | None, party_id: UUID) -> None:
    if base_id is None and not definition.adjusts:
        return
    base = session.get(Case, base_id) if base_id is not None else None
    if base is None or base.party_id != party_id or base.procedure not in definition.adjusts:
        raise BaseNeeded(procedure=definition.code)


def _next_code(step: Step, zone: ZoneInfo) -> str:
    number = step.session.execute(text("select nextval('workflow_case_number')")).scalar_one()
    return format_code(step.definition.code_prefix, local_day(step.now, zone).year, number)


def _clean(value: Any) -> Any:
    """Trim every text of what was given; a row of nothing but empty texts is nothing."""
    match value:
        case str():
            return value.strip()[:MAX_REASON]
        case Mapping():
            return {name: _clean(part) for name, part in value.items()}
        case Sequence():
            return [cleaned for part in value if (cleaned := _clean(part))]
        case _:
            return value


def _require_input(action: Action, given: Mapping[str, Any]) -> None:
    lacking = [name for name in action.input if not given.get(name)]
    if lacking:
        raise Invalid(errors=[form.missing_input(name) for name in lacking])
