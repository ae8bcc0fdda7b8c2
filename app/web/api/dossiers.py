"""Dossiers for programs: /api/v1/dossiers. Every rule is the desk's; this file only translates."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query, Request, Response
from sqlalchemy.orm import Session

from app.core.errors import FieldProblem, Invalid, NotFound
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.kit.pagination import InvalidCursor, decode_cursor, encode_cursor
from app.core.kit.time import local_day, utcnow
from app.core.workflow import answers as form
from app.core.workflow import inbox, procedures
from app.core.workflow.actions import Available, available_actions
from app.core.workflow.definition import ClockMode, Definition
from app.core.workflow.gaps import gap_text
from app.core.workflow.inbox import CaseLine, Position
from app.core.workflow.models import Case
from app.core.workflow.record import CaseRecord, read_record
from app.web import dossier_view, personal
from app.web.api.door import IfMatch, IfNoneMatch, OwnBrowser, Reader, Writer, etag, names, refuse_stale
from app.web.api.schemas import (
    ActionOut,
    ChangedAnswers,
    ClockOut,
    DossierLine,
    DossierList,
    DossierOut,
    EventOut,
    GapOut,
    NewDossier,
    ProcedureList,
    ProcedureOut,
    StateOut,
    TakenAction,
)
from app.web.idempotency import once_router
from app.web.identity import require_presence
from app.web.services import CurrentDesk, CurrentZone
from app.web.unit import DbSession, router

dossier_api = router(prefix="/api/v1", tags=["dossiers"])
dossier_once = once_router(prefix="/api/v1", tags=["dossiers"])

ActionCode = Annotated[
    str, Path(max_length=60, description="One of the codes that the dossier lists under actions.")
]


@dossier_api.get("/procedures")
def list_procedures(session: DbSession, zone: CurrentZone) -> ProcedureList:
    """Return the procedures in force today with their forms."""
    found = procedures.catalogue(session, local_day(utcnow(), zone.tz))
    return ProcedureList(items=[_procedure(definition) for definition in found])


@dossier_api.get("/dossiers")
def list_dossiers(
    session: DbSession,
    actor: Reader,
    after: Annotated[str, Query(max_length=2000, description="Cursor of the page before.")] = "",
) -> DossierList:
    """Return the officer's open dossiers in the order of the clock, or the caller's own, newest first."""
    if not actor.is_officer:
        own = inbox.of_party(session, party_ids=actor.party_ids, after=_last(after), size=inbox.PAGE_SIZE + 1)
        return _page(session, own, lambda line: (line.id,))
    dossier_view.require_reader(actor)
    lines = inbox.inbox(session, clocks=(ClockMode.RECEPTION, ClockMode.RUN), after=_position(after))
    return _page(session, lines, lambda line: (line.due_at, line.id) if line.due_at else ())


@dossier_api.get("/dossiers/{case_id}", responses={304: {"description": "The ETag still holds."}})
def get_dossier(session: DbSession, actor: Reader, case_id: UUID, if_none_match: IfNoneMatch = "") -> Any:
    """Return a dossier with everything the caller may see and do; the ETag changes with each step and each save."""
    dossier = _read(session, actor, case_id)
    headers = {"ETag": etag(dossier.case)}
    if if_none_match and names(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    # Written here and not by FastAPI: the transaction then ends in this very thread.
    content = _shown(session, actor, dossier).model_dump_json()
    return Response(content, headers=headers, media_type="application/json")


@dossier_once.post("/dossiers", status_code=201, dependencies=[OwnBrowser])
def open_dossier(
    response: Response, session: DbSession, actor: Writer, desk: CurrentDesk, body: NewDossier
) -> DossierOut:
    """Open a draft; repeat the request with the same Idempotency-Key and there is still one draft."""
    case = desk.open(
        session, case_id=uuid7(), procedure=body.procedure, party_id=body.party_id, actor=actor, now=utcnow()
    )
    response.headers["Location"] = f"/api/v1/dossiers/{case.id}"
    response.headers["ETag"] = etag(case)
    return _dossier(session, actor, case.id)


@dossier_api.patch("/dossiers/{case_id}/answers", dependencies=[OwnBrowser])
def change_answers(
    response: Response,
    session: DbSession,
    actor: Writer,
    desk: CurrentDesk,
    case_id: UUID,
    body: ChangedAnswers,
    if_match: IfMatch = "",
) -> DossierOut:
    """Lay answers over the saved ones; the last word on each question counts, unless If-Match names what was seen."""
    dossier = dossier_view.load(session, case_id, actor)
    refuse_stale(session, dossier.case, if_match)
    changed = read_answers(dossier.definition, body.answers)
    case = desk.save(session, case_id=case_id, changed=changed, actor=actor, now=utcnow())
    response.headers["ETag"] = etag(case)
    return _dossier(session, actor, case_id)


@dossier_api.post("/dossiers/{case_id}/actions/{action}", dependencies=[OwnBrowser])
def take_action(
    request: Request,
    response: Response,
    session: DbSession,
    actor: Writer,
    desk: CurrentDesk,
    case_id: UUID,
    action: ActionCode,
    body: TakenAction,
    if_match: IfMatch = "",
) -> DossierOut:
    """Take an action; the same request twice is one step, since it names the revision that it was decided on."""
    case = _case(session, case_id, actor)
    if dossier_view.is_signature(procedures.definition_of(session, case.version_id), action):
        require_presence(request, actor)
    refuse_stale(session, case, if_match)
    taken = desk.perform(
        session, case_id=case_id, action=action, revision=body.revision, actor=actor, now=utcnow(),
        input=body.input,
    )  # fmt: skip
    response.headers["ETag"] = etag(taken.case)
    return _dossier(session, actor, case_id)


def read_answers(definition: Definition, given: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return typed answers that came as JSON, checked like those that people type.

    :raises Invalid: with every problem; a question that the procedure does not ask is one.
    """
    known = definition.fields()
    problems = [
        FieldProblem(name[:80], "unknown", N_("The procedure does not ask this."))
        for name in given
        if name not in known
    ]
    changed: dict[str, Any] = {}
    for section in definition.sections:
        asked = {field.code: given[field.code] for field in section.fields if field.code in given}
        try:
            raw = form.typed(section, asked, lang="en")
        except (ValueError, TypeError, KeyError, ArithmeticError, AttributeError):
            name = next(iter(asked), section.code)
            problems.append(
                FieldProblem(name, "wrong-type", N_("The value has not the type of the question."))
            )
            continue
        answers, faults = form.read_section(section, raw, lang="en")
        problems += [fault for fault in faults if fault.name.split("-")[0] in asked]
        changed |= {code: value for code, value in answers.items() if code in asked}
    if problems:
        raise Invalid(errors=problems)
    return changed


@dataclass(frozen=True, slots=True)
class _Read:
    """A dossier as the database holds it, with what the caller may do."""

    case: CaseRecord
    definition: Definition
    available: Sequence[Available]


def _read(session: Session, actor: Actor, case_id: UUID) -> _Read:
    """
    Read a dossier for a caller.

    :raises NotFound: no such dossier, it is another party's, or a draft that its applicant has not filed.
    :raises Forbidden: an officer who may not read dossiers.
    """
    dossier_view.require_reader(actor)
    case = read_record(session, case_id)
    if case is None or dossier_view.is_others_draft(case, actor):
        raise NotFound
    definition = procedures.definition_of(session, case.version_id)
    available = available_actions(
        definition, state=case.state, party_id=case.party_id, actor=actor, history=case.history,
        desk_id=case.desk_id, typists=case.typists,
    )  # fmt: skip
    return _Read(case, definition, available)


def _dossier(session: Session, actor: Actor, case_id: UUID) -> DossierOut:
    """Return a dossier as the database holds it after this request's changes."""
    session.flush()  # the dossier is read back as the database holds it
    return _shown(session, actor, _read(session, actor, case_id))


def _shown(session: Session, actor: Actor, dossier: _Read) -> DossierOut:
    """Return a dossier as its caller may see it."""
    case, definition = dossier.case, dossier.definition
    return DossierOut(
        id=case.id,
        code=case.code,
        title=case.title,
        procedure=case.procedure,
        version=definition.version,
        revision=case.revision,
        party_id=case.party_id,
        applicant=case.applicant,
        channel=case.channel,
        state=_state(definition, case.state),
        clock=_clock(case),
        answers=dict(personal.for_reader(session, dossier, actor).answers),
        gaps=[
            GapOut(target=gap.target, gap=dict(gap_text(gap.code)), note=gap.note, open=gap.open) for gap in case.gaps
        ],
        actions=[
            ActionOut(
                code=each.action.code, title=each.action.title, input=list(each.action.input), blocked=each.blocked
            )
            for each in dossier.available
        ],
        history=[
            EventOut(
                action=event.action, source=event.source, target=event.target, side=event.side, at=event.at,
                input=event.input,
            )
            for event in case.history
        ],
    )  # fmt: skip


def _case(session: Session, case_id: UUID, actor: Actor) -> Case:
    """
    Return a dossier's row.

    :raises NotFound: no such dossier, or it is another party's.
    :raises Forbidden: an officer who may not read dossiers.
    """
    dossier_view.require_reader(actor)
    case = session.get(Case, case_id)
    if case is None:
        raise NotFound
    return case


def _page(
    session: Session, lines: Sequence[CaseLine], place: Callable[[CaseLine], tuple[Any, ...]]
) -> DossierList:
    """Return a page of lines, of which there is one more when another page follows."""
    page = lines[: inbox.PAGE_SIZE]
    last = place(page[-1]) if len(lines) > inbox.PAGE_SIZE else ()
    following = f"/api/v1/dossiers?after={encode_cursor(last)}" if last else None
    return DossierList(items=[_line(session, line) for line in page], next=following)


def _line(session: Session, line: CaseLine) -> DossierLine:
    definition = procedures.definition_of(session, line.version_id)
    return DossierLine(
        id=line.id,
        code=line.code,
        title=line.title,
        procedure=line.procedure,
        state=_state(definition, line.state),
        clock=ClockOut(
            mode=line.clock.value,
            due_at=line.due_at,
            appointment_at=line.appointment_at,
            rescheduled_to=None,
            overdue_at=None,
        ),
        applicant=line.applicant,
    )


def _state(definition: Definition, code: str) -> StateOut:
    state = definition.states[code]
    return StateOut(code=code, title=state.title, national=state.national, final=state.final)


def _clock(case: CaseRecord) -> ClockOut:
    return ClockOut(
        mode=case.clock,
        due_at=case.due_at,
        appointment_at=case.appointment_at,
        rescheduled_to=case.rescheduled_to,
        overdue_at=case.overdue_at,
    )


def _procedure(definition: Definition) -> ProcedureOut:
    content = definition.model_dump(mode="json")
    return ProcedureOut(**{name: content[name] for name in ProcedureOut.model_fields})


def _position(cursor: str) -> Position | None:
    """Read where the officers' page before ended."""
    if not cursor:
        return None
    due_at, case_id = _decoded(cursor, (datetime, UUID))
    return Position(due_at, case_id)


def _last(cursor: str) -> UUID | None:
    """Read with which dossier the applicant's page before ended."""
    return _decoded(cursor, (UUID,))[0] if cursor else None


def _decoded(cursor: str, expected: tuple[type, ...]) -> tuple[Any, ...]:
    """
    Return the parts of a cursor.

    :raises Invalid: it is damaged or belongs to another list.
    """
    try:
        return tuple(decode_cursor(cursor, expected=expected))
    except InvalidCursor:
        problem = FieldProblem("after", "bad-cursor", N_("Begin again with the first page of the list."))
        raise Invalid(errors=[problem]) from None
