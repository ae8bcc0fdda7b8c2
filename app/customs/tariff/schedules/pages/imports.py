"""Imports of schedules: the list, a new file, how far its reading is, what stopped it, and proposing what changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session
from starlette.datastructures import FormData, UploadFile
from starlette.responses import RedirectResponse

from app.core import law
from app.core.documents.intake import IntakeLimits, MediaType
from app.core.documents.refusals import FileRefused, FileTypeUnknown
from app.core.documents.store import FileStore
from app.core.errors import Conflict, DomainError, FieldProblem, NotFound
from app.core.i18n import N_, localise
from app.core.kit.actor import Actor
from app.core.kit.ranges import Period
from app.core.kit.text import nfc
from app.core.kit.time import utcnow
from app.core.workflow.papers.intake import clean_name, keep_file
from app.customs.tariff.schedules import queries
from app.customs.tariff.schedules.domain.faults import Found
from app.customs.tariff.schedules.models import Coverage, Effect, ImportState, TariffImport
from app.customs.tariff.schedules.pages.differences import summary
from app.customs.tariff.schedules.pages.words import COVERAGES, STATES, Wording
from app.customs.tariff.schedules.service import importing
from app.customs.tariff.schedules.service.importing import Terms, Upload
from app.customs.tariff.schedules.service.profiles import profiles
from app.web.forms import PostedForm, text
from app.web.legal_permissions import PROPOSE, READ
from app.web.need import Holder
from app.web.pages.legal.drafts import (
    MAX_TEXT,
    NEW,
    TEXTS,
    Draft,
    read_both,
    read_period,
    read_source,
    read_status,
)
from app.web.pages.legal.views import KIND_NAMES
from app.web.pages.legal.views import Wording as LawWording
from app.web.render import Crumb, error_texts, is_htmx, render, request_translator
from app.web.unit import DbSession
from app.web.uploads import sent_files, upload_router

imports = upload_router()

HOME = "/schedules"
LIMITS = IntakeLimits(max_bytes=40_000_000)
Reader = Annotated[Actor, Depends(Holder(READ))]
Proposer = Annotated[Actor, Depends(Holder(PROPOSE))]
SURE = {"CITED": N_("Cited"), "ASSUMED": N_("Assumed")}
ASKED = (*TEXTS, "profile", "coverage", "sheet", "annex", "restates")


@imports.get(HOME, name="schedules", include_in_schema=False)
def list_page(request: Request, session: DbSession, actor: Reader) -> Response:
    """List the latest imports."""
    gettext = request_translator(request).gettext
    view = {
        "title": gettext("Schedules of the tariff"),
        "rows": [_head(request, each) for each in queries.imports(session)],
        "may_propose": actor.may(PROPOSE),
        "crumbs": [Crumb(gettext("Legal desk"), "/law")],
    }
    return render(request, "schedules/list.html", view)


@imports.get(HOME + "/new", name="schedule-new", include_in_schema=False)
def new_page(request: Request, session: DbSession, actor: Proposer) -> Response:
    """Ask for a file and what it is."""
    given: dict[str, Any] = dict.fromkeys(ASKED, "")
    only = list(profiles())
    given |= {
        "coverage": Coverage.LINES.value,
        "restates": "yes",
        "profile": only[0] if len(only) == 1 else "",
    }
    return _form(request, session, Draft(given))


@imports.post(HOME + "/new", include_in_schema=False)
def upload(request: Request, session: DbSession, actor: Proposer, posted: PostedForm) -> Response:
    """Take the file and let it be read; every fault of the form is told at once."""
    draft = _read_form(session, posted)
    terms = None if draft.problems else _terms(draft)
    files = sent_files(posted, "file")
    if not files:
        draft.blame("file", "missing", N_("Choose a file."))
    if terms is None or draft.problems:
        return _form(request, session, draft, status=422)
    session.rollback()  # the file is inspected without a connection
    try:
        received = _receive(request.app.state.kernel.store, files[0])
    except FileRefused as refusal:
        told = error_texts(request_translator(request), refusal)
        reason = f"{told['detail']} {told['hint']}".strip()
        draft.problems.append(FieldProblem("file", refusal.code, "%(reason)s", {"reason": reason}))
        return _form(request, session, draft, status=422)
    made = importing.begin(session, upload=received, terms=terms, actor=actor, now=utcnow())
    return RedirectResponse(f"{HOME}/{made.id}", 303)


@imports.get(HOME + "/{import_id}", name="schedule", include_in_schema=False)
def import_page(request: Request, session: DbSession, actor: Reader, import_id: UUID) -> Response:
    """Show how far an import is, what stopped it, or what it would change."""
    return _show(request, session, actor, import_id)


@imports.post(HOME + "/{import_id}/cancel", include_in_schema=False)
def give_up(
    request: Request, session: DbSession, actor: Proposer, posted: PostedForm, import_id: UUID
) -> Response:
    """Give the import up."""
    try:
        importing.cancel(session, import_id=import_id, actor=actor, now=utcnow())
    except Conflict as refusal:
        return _refused(request, session, actor, import_id, refusal)
    return RedirectResponse(f"{HOME}/{import_id}", 303)


@imports.post(HOME + "/{import_id}/propose", include_in_schema=False)
def propose(
    request: Request, session: DbSession, actor: Proposer, posted: PostedForm, import_id: UUID
) -> Response:
    """Propose what the schedule changes."""
    try:
        made = importing.propose(session, import_id=import_id, actor=actor, now=utcnow())
    except Conflict as refusal:
        return _refused(request, session, actor, import_id, refusal)
    return RedirectResponse(f"/law/changes/{made.id}?done=proposed", 303)


def _receive(store: FileStore, sent: UploadFile) -> Upload:
    """Keep a workbook after inspection, or a CSV, which has no marks by which it could be recognised."""
    name = sent.filename or "schedule"
    if name.lower().endswith((".csv", ".txt")):
        return Upload(store.put(sent.file, limit_bytes=LIMITS.max_bytes).sha256, clean_name(name), False)
    kept = keep_file(store, stream=sent.file, filename=name, limits=LIMITS)
    if kept.media_type is not MediaType.XLSX:
        raise FileTypeUnknown(found=kept.media_type.value)
    return Upload(kept.file.sha256, kept.name, True)


@dataclass
class ImportDraft(Draft):
    """What was given, with the days and the source that were read from it."""

    period: Period | None = None
    source: str | None = None


def _read_form(session: Session, posted: FormData) -> ImportDraft:
    given: dict[str, Any] = {name: nfc(text(posted, name)).strip()[:MAX_TEXT] for name in ASKED}
    draft = ImportDraft(given)
    if given["profile"] not in profiles():
        draft.blame("profile", "missing", N_("Choose which kind of schedule it is."))
    if given["coverage"] not in set(Coverage):
        draft.blame("coverage", "missing", N_("Say how much of the tariff the file speaks about."))
    if not given["reason"]:
        draft.blame("reason", "missing", N_("Say why this is changed, and where you read it."))
    draft.period = read_period(draft, bounded=False)
    note = read_both(draft, "note_vi", "note_en")
    status = read_status(draft, note)
    draft.source = read_source(draft, status, law.instruments(session))
    return draft


def _terms(draft: ImportDraft) -> Terms | None:
    given, period = draft.given, draft.period
    if period is None:
        return None
    note = {"vi": given["note_vi"], "en": given["note_en"]} if given["note_vi"] else None
    return Terms(
        profile=given["profile"], period=period, coverage=Coverage(given["coverage"]),
        restates=given["restates"] == "yes", reason=given["reason"][:500], status=given["status"],
        sheet=given["sheet"], instrument=draft.source, new_instrument=draft.instrument,
        article=given["article"] or None, annex=given["annex"] or None, note=note,
    )  # fmt: skip


def _form(request: Request, session: Session, draft: Draft, *, status: int = 200) -> Response:
    translator = request_translator(request)
    gettext = translator.gettext
    wording = LawWording(translator, request.app.state.zone_config.tz, law.instruments(session))
    view = {
        "title": gettext("Import a schedule"),
        "given": draft.given,
        "problems": draft.problems,
        "profiles": [(code, localise(found.title, translator.lang)[0]) for code, found in profiles().items()],
        "coverages": [(code.value, gettext(name), gettext(hint)) for code, (name, hint) in COVERAGES.items()],
        "instruments": [*wording.instrument_options(), (NEW, gettext("Another instrument, described below"))],
        "kinds": [(code, gettext(name)) for code, name in KIND_NAMES.items()],
        "new_open": draft.given["instrument"] == NEW,
        "crumbs": [Crumb(gettext("Legal desk"), "/law"), Crumb(gettext("Schedules of the tariff"), HOME)],
    }  # fmt: skip
    return render(request, "schedules/form.html", view, status=status)


def _refused(
    request: Request, session: Session, actor: Actor, import_id: UUID, refusal: DomainError
) -> Response:
    session.rollback()
    return _show(request, session, actor, import_id, refusal=refusal, status=refusal.status)


def _show(
    request: Request,
    session: Session,
    actor: Actor,
    import_id: UUID,
    *,
    refusal: DomainError | None = None,
    status: int = 200,
) -> Response:
    found = session.get(TariffImport, import_id)
    if found is None:
        raise NotFound
    translator = request_translator(request)
    gettext = translator.gettext
    wording = Wording(translator, request.app.state.zone_config.tz)
    compared = found.state in (ImportState.COMPARED, ImportState.PROPOSED)
    view = {
        "title": found.file_name,
        "head": _head(request, found),
        "base": f"{HOME}/{found.id}",
        "running": found.state == ImportState.READING,
        "refusal": error_texts(translator, refusal) if refusal else None,
        "fault": _whole_fault(request, found),
        "faults": _said(wording, found.faults),
        "warnings": _said(wording, found.warnings),
        "totals": _totals(found) if compared else {},
        "panel": summary(session, import_id) if compared else None,
        "may_propose": actor.may(PROPOSE),
        "terms": _told_terms(request, session, found),
        "crumbs": [Crumb(gettext("Legal desk"), "/law"), Crumb(gettext("Schedules of the tariff"), HOME)],
    }
    asks_again = is_htmx(request) and request.headers.get("hx-target") == "import-state"
    if asks_again and found.state != ImportState.READING:
        # The file is read: differences or faults stand outside of the part that asked.
        return Response(headers={"HX-Refresh": "true"})
    return render(
        request, "schedules/_state.html" if asks_again else "schedules/import.html", view, status=status
    )


def _head(request: Request, found: TariffImport) -> dict[str, Any]:
    tone, word = STATES[found.state]
    return {
        "id": str(found.id), "name": found.file_name, "code": found.state, "tone": tone,
        "state": request_translator(request).gettext(word), "by": found.created_by_name, "at": found.created_at,
        "done": found.rows_done, "cancel_asked": found.cancel_asked, "reason": found.reason,
        "faults": len(found.faults), "from": found.valid_from, "sheet": found.sheet,
    }  # fmt: skip


def _told_terms(request: Request, session: Session, found: TariffImport) -> list[dict[str, Any]]:
    translator = request_translator(request)
    gettext = translator.gettext
    wording = LawWording(translator, request.app.state.zone_config.tz, {})
    profile = profiles().get(found.profile)
    act = found.instrument["number"] if found.instrument else ""
    if not act and found.instrument_id:
        known = law.instruments(session).get(found.instrument_id)
        act = known.number if known else found.instrument_id
    source = " · ".join(filter(None, (act, found.article, found.annex)))
    title = localise(profile.title, translator.lang)[0] if profile else found.profile
    return [
        {"label": gettext("Kind of schedule"), "value": title},
        {"label": gettext("Holds"), "value": wording.period(importing.period_of(found))},
        {"label": gettext("Speaks about"), "value": gettext(COVERAGES[Coverage(found.coverage)][0])},
        {"label": gettext("Source"), "value": source or gettext("no source named")},
        {
            "label": gettext("How sure is it"),
            "value": gettext(SURE[found.status]),
        },
        {"label": gettext("Reason"), "value": found.reason},
        {"label": gettext("Imported by"), "value": found.created_by_name},
    ]


def _said(wording: Wording, raw: Sequence[Any]) -> list[dict[str, Any]]:
    return [wording.found(Found.of_json(each)) for each in raw]


def _totals(found: TariffImport) -> dict[str, int]:
    names = ("LINES", "RATES", "SAME", *(code.value for code in Effect))
    return {name: sum(chapter.get(name, 0) for chapter in found.counts.values()) for name in names}


def _whole_fault(request: Request, found: TariffImport) -> dict[str, str] | None:
    if not found.refusal:
        return None
    gettext = request_translator(request).gettext
    params = found.refusal.get("params", {})
    return {name: gettext(found.refusal[name], **params) for name in ("title", "detail", "hint")}
