"""Papers of a dossier for programs: components with their files, the printed form, and the form signed elsewhere."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import File, Form, Path, Request, Response, UploadFile
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.documents.signing import load_trust
from app.core.errors import NotFound
from app.core.kit.actor import Actor
from app.core.kit.time import utcnow
from app.core.workflow.definition import Definition
from app.core.workflow.models import Case
from app.core.workflow.papers import components, form_signing
from app.core.workflow.papers.components import Slot
from app.core.workflow.papers.form import has_form
from app.core.workflow.papers.intake import keep_file
from app.core.workflow.papers.models import Part
from app.web import papers_view
from app.web.api.door import Bringer, IfMatch, OwnBrowser, Reader, Writer, etag, refuse_stale
from app.web.api.schemas import ComponentList, ComponentOut, FileOut, FormOut
from app.web.pages.downloads import DOWNLOAD_HEADERS, disposition
from app.web.paper_access import paper_for
from app.web.unit import DbSession
from app.web.uploads import upload_router

paper_api = upload_router(prefix="/api/v1", tags=["papers"])

ComponentCode = Annotated[str, Path(max_length=60, description="A code that the list of components gives.")]
PDF: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}
}
ANY_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}
}


@paper_api.get("/dossiers/{case_id}/components")
def list_components(response: Response, session: DbSession, actor: Reader, case_id: UUID) -> ComponentList:
    """Return the papers that the dossier asks for, with the files that are there."""
    case, definition = papers_view.case_of(session, case_id, actor)
    response.headers["ETag"] = etag(case)
    return ComponentList(items=[_component(each) for each in components.slots(session, case, definition)])


@paper_api.post("/dossiers/{case_id}/components/{component}/files", dependencies=[OwnBrowser])
def add_files(
    request: Request,
    session: DbSession,
    actor: Writer,
    case_id: UUID,
    component: ComponentCode,
    files: Annotated[list[UploadFile], File(description="One or more files; all are taken or none.")],
    part: Annotated[
        Part,
        Form(description="What the files hold of a paper that needs a translation; WHOLE for any other."),
    ] = Part.WHOLE,
    if_match: IfMatch = "",
) -> ComponentOut:
    """Put files into a component. The same file under the same name is taken once, however often it is sent."""
    case, definition = papers_view.case_of(session, case_id, actor)
    found = components.slot(session, case, definition, component)
    if not components.may_change(case, definition, actor):
        raise components.PapersNotOpen
    session.rollback()  # the files are inspected without a connection
    store = request.app.state.kernel.store
    kept = [keep_file(store, stream=each.file, filename=each.filename or "file") for each in files]
    if found.component.signed:
        kept = [papers_view.with_signers(request, each) for each in kept]
    case, definition = papers_view.case_of(session, case_id, actor)
    refuse_stale(session, case, if_match)
    components.attach_files(
        session, case=case, definition=definition, code=component, files=kept, actor=actor, now=utcnow(),
        part=part if found.component.translation else Part.WHOLE,
    )  # fmt: skip
    session.flush()  # the answer shows what was just attached
    return _component(components.slot(session, case, definition, component))


@paper_api.delete(
    "/dossiers/{case_id}/components/{component}/files/{file_id}", status_code=204, dependencies=[OwnBrowser]
)
def remove_file(
    session: DbSession, actor: Writer, case_id: UUID, component: ComponentCode, file_id: UUID
) -> None:
    """Take a file out of a component."""
    case, definition = papers_view.case_of(session, case_id, actor)
    components.remove_attachment(
        session, case=case, definition=definition, code=component, attachment_id=file_id, actor=actor, now=utcnow()
    )  # fmt: skip


@paper_api.get("/documents/{document_id}", response_class=Response, responses=ANY_FILE)
def get_document(request: Request, session: DbSession, actor: Reader, document_id: UUID) -> Response:
    """Return a paper's file."""
    document, file = paper_for(request, session, document_id, actor)
    body = request.app.state.kernel.store.read(file.sha256)
    headers = DOWNLOAD_HEADERS | {"Content-Disposition": disposition(document.title)}
    return Response(body, media_type=file.media_type, headers=headers)


@paper_api.get("/dossiers/{case_id}/form")
def get_form(session: DbSession, actor: Reader, case_id: UUID) -> FormOut:
    """Return whether the application form is signed, and for the present answers."""
    case, definition = _with_form(session, case_id, actor)
    return _form(session, case, definition)


@paper_api.post(
    "/dossiers/{case_id}/form/print", response_class=Response, responses=PDF, dependencies=[OwnBrowser]
)
def print_form(request: Request, session: DbSession, actor: Writer, case_id: UUID) -> Response:
    """Return the print of the present answers that a representative signs elsewhere; same answers, same print."""
    case, definition = _with_form(session, case_id, actor)
    press = papers_view.press_of(request)
    document = form_signing.prepare_form(
        session, press=press, case=case, definition=definition, actor=actor, now=utcnow()
    )
    headers = DOWNLOAD_HEADERS | {"Content-Disposition": disposition(f"{definition.code}-to-sign.pdf")}
    return Response(press.store.read(document.sha256), media_type="application/pdf", headers=headers)


@paper_api.post("/dossiers/{case_id}/form/signed", dependencies=[OwnBrowser])
def hand_in_form(
    request: Request,
    session: DbSession,
    actor: Bringer,
    case_id: UUID,
    signed: Annotated[UploadFile, File(description="The print with a PAdES signature, otherwise unchanged.")],
) -> FormOut:
    """Take the print that a representative signed; who signed is read from the certificate, not from the program."""
    _with_form(session, case_id, actor)
    session.rollback()  # the file is inspected without a connection
    press, now = papers_view.press_of(request), utcnow()
    kept = keep_file(press.store, stream=signed.file, filename=signed.filename or "form.pdf")
    trust = press.signing.trust(now=now).joined(load_trust(request.app.state.settings.var / "trust"))
    case, definition = _with_form(session, case_id, actor)
    locked = session.scalar(
        select(Case).where(Case.id == case.id).with_for_update().execution_options(populate_existing=True)
    )
    if locked is None:
        raise NotFound
    form_signing.accept_signed_form(
        session, press=press, case=locked, definition=definition, pdf=press.store.read(kept.file.sha256),
        trust=trust, actor=actor, now=now,
    )  # fmt: skip
    return _form(session, locked, definition)


def _with_form(session: Session, case_id: UUID, actor: Actor) -> tuple[Case, Definition]:
    case, definition = papers_view.case_of(session, case_id, actor)
    if not has_form(definition):
        raise NotFound
    return case, definition


def _form(session: Session, case: Case, definition: Definition) -> FormOut:
    status = form_signing.form_status(session, case, definition)
    found = status.form
    return FormOut(
        state=status.state,
        signer=found.signer if found else None,
        signed_at=found.at if found else None,
        document_id=found.document_id if found else None,
    )


def _component(each: Slot) -> ComponentOut:
    return ComponentOut(
        code=each.component.code,
        title=each.component.title,
        mandatory=each.component.mandatory,
        from_form=each.from_form, signed=each.component.signed, translation=each.component.translation,
        files=[
            FileOut(
                id=file.id, document_id=file.document_id, name=file.file_name, media_type=file.media_type,
                size_bytes=file.size_bytes, version=file.version, attached_at=file.attached_at,
            )
            for file in each.attachments
        ],
    )  # fmt: skip
