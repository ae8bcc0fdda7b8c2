"""Components of a dossier: which papers it asks for, and which files fill them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.documents import service as documents
from app.core.documents.models import Document, DocumentFile, DocumentState
from app.core.documents.uses import is_used
from app.core.errors import Conflict, NotFound
from app.core.evidence import Subject, record
from app.core.kit.actor import Actor
from app.core.kit.conditions import evaluate, parse
from app.core.kit.ids import uuid7
from app.core.workflow.actions import may_fill
from app.core.workflow.definition import Component, Definition, Side
from app.core.workflow.models import Case
from app.core.workflow.papers.intake import KeptFile
from app.core.workflow.papers.models import AttachmentState, CaseComponent, CaseForm, Part, Source
from app.core.workflow.papers.statutory import statutory_form
from app.core.workflow.standing_in import note_typist

MAX_FILES = 20


class PapersNotOpen(Conflict):
    """The dossier is not with the one who wants to change its papers."""

    code = "workflow.papers-not-open"
    title = "The papers cannot be changed now."
    detail = "The dossier is not with the applicant, so its papers stay as they were filed."
    hint = "Wait until the desk asks for a supplement, or withdraw the dossier and file it anew."


class TooManyFiles(Conflict):
    """A component holds as many files as a reader can tell apart."""

    code = "workflow.too-many-files"
    title = "There are too many files."
    detail = "One paper of a dossier may have %(limit)s files at most."
    hint = "Join the pages into one PDF, or remove files that are not needed."


class NotReusable(Conflict):
    """A paper that must be new in every dossier."""

    code = "workflow.component-not-reusable"
    title = "This paper has to be new."
    detail = "The procedure asks for this paper anew in each dossier."
    hint = "Upload a paper that was made for this dossier."


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file in a component, as people tell it from others: by name, size and time."""

    id: UUID
    document_id: UUID
    file_name: str
    size_bytes: int
    media_type: str
    version: int
    attached_at: datetime
    source: Source
    reused: int
    part: Part = Part.WHOLE
    signers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Slot:
    """A component that the dossier asks for, with what fills it; ``from_form``: the signed form does."""

    component: Component
    attachments: tuple[Attachment, ...] = ()
    from_form: bool = False


def asked(component: Component, answers: Mapping[str, Any]) -> bool:
    """Tell whether a paper is asked for: it has no condition, or the condition is not known to be false."""
    return component.when is None or evaluate(parse(component.when), answers).value is not False


def slots(session: Session, case: Case, definition: Definition) -> list[Slot]:
    """Return the components that are asked for, in the order of the procedure, with their files."""
    wanted = [each for each in definition.components if asked(each, case.answers)]
    held = _attachments(session, case) if wanted else {}
    form = statutory_form(definition).component
    return [
        Slot(each, tuple(held.get(each.code, ())), from_form=each.from_form or each.code == form)
        for each in wanted
    ]


def slot(session: Session, case: Case, definition: Definition, code: str) -> Slot:
    """
    Return one component of a dossier.

    :raises NotFound: the procedure does not ask for it in this dossier.
    """
    found = next((each for each in slots(session, case, definition) if each.component.code == code), None)
    if found is None:
        raise NotFound
    return found


def may_change(case: Case, definition: Definition, actor: Actor) -> bool:
    """Tell whether the actor may change the papers: the applicant who has the dossier, or the counter for them."""
    state = definition.states[case.state]
    if state.waits_for is not Side.APPLICANT or state.final:
        return False
    return may_fill(case, actor)


def attach_files(
    session: Session,
    *,
    case: Case,
    definition: Definition,
    code: str,
    files: Sequence[KeptFile],
    actor: Actor,
    now: datetime,
    replaces: UUID | None = None,
    part: Part = Part.WHOLE,
) -> list[CaseComponent]:
    """
    Put received files into a component. The same file under the same name is taken once, however often it is sent.

    :param part: what the files hold of a paper that needs a translation.
    :param replaces: an attachment whose place the (one) file takes.
    :raises PapersNotOpen: the dossier is not with the actor.
    :raises NotFound: the component is not asked for, or the attachment to replace is not there.
    :raises TooManyFiles: more files than one paper may have.
    """
    case = locked_open(session, case, definition, actor)
    note_typist(case, actor)
    found = slot(session, case, definition, code)
    old = _attached(session, case, code, replaces) if replaces is not None else None
    if len(found.attachments) + len(files) - (old is not None) > MAX_FILES:
        raise TooManyFiles(limit=MAX_FILES)
    known = _known(session, case, code)
    rows: list[CaseComponent] = []
    for kept in files:
        if (kept.file.sha256, kept.name) in known:
            continue
        row = _new_row(case, code, kept.name, Source.SCAN if actor.is_officer else Source.UPLOAD, actor, now)
        row.part, row.signers = part.value, list(kept.signers)
        replaced = None if rows else old
        row.document = _document(session, case, code, kept, row, actor, now, replaced=replaced)
        session.add(row)
        rows.append(row)
        _record(session, "attach", row, actor=actor, now=now)
    if old is not None and rows:
        old.state = AttachmentState.REPLACED
    case.saved_at = now
    return rows


def attach_from_vault(
    session: Session,
    *,
    case: Case,
    definition: Definition,
    code: str,
    document_id: UUID,
    actor: Actor,
    now: datetime,
) -> CaseComponent:
    """
    Use a paper of an earlier dossier again, and count the use.

    :raises PapersNotOpen: the dossier is not with the actor.
    :raises NotReusable: the procedure wants a new paper.
    :raises NotFound: the component is not asked for, or the applicant has no such current paper of this kind.
    """
    case = locked_open(session, case, definition, actor)
    found = slot(session, case, definition, code)
    if not found.component.reusable:
        raise NotReusable
    if any(each.document_id == document_id for each in found.attachments):
        return _by_document(session, case, code, document_id)
    offered = {each.document_id: each for each in vault_choices(session, case, code)}
    if document_id not in offered:
        raise NotFound
    if len(found.attachments) >= MAX_FILES:
        raise TooManyFiles(limit=MAX_FILES)
    # Held until the commit: its erasure waits for this use, or this use finds it erased.
    state = select(Document.state).where(Document.id == document_id).with_for_update(read=True)
    if session.scalar(state) != DocumentState.CURRENT:
        raise NotFound
    row = _new_row(case, code, offered[document_id].file_name, Source.VAULT, actor, now)
    row.document_id = document_id
    row.part, row.signers = _as_before(session, code, document_id)
    row.reused = offered[document_id].used
    session.add(row)
    case.saved_at = now
    _record(session, "reuse", row, actor=actor, now=now)
    return row


def remove_attachment(
    session: Session, *, case: Case, definition: Definition, code: str, attachment_id: UUID, actor: Actor,
    now: datetime,
) -> None:  # fmt: skip
    """
    Take a file out of a component; the document is withdrawn too unless another dossier or object uses it.

    :raises PapersNotOpen: the dossier is not with the actor.
    :raises NotFound: no such file in this component.
    """
    case = locked_open(session, case, definition, actor)
    row = _attached(session, case, code, attachment_id)
    row.state = AttachmentState.REMOVED
    session.flush()  # whether another dossier uses the document is asked of the database
    used = session.scalar(
        select(func.count()).where(
            CaseComponent.document_id == row.document_id, CaseComponent.state == AttachmentState.ATTACHED
        )
    )
    if row.source != Source.VAULT and not used and not is_used(session, row.document_id):
        documents.withdraw_document(session, document_id=row.document_id, actor=actor, now=now)
    case.saved_at = now
    _record(session, "remove", row, actor=actor, now=now)


def scanned_after(session: Session, case: Case, form: CaseForm) -> bool:
    """Tell whether a scan came after a signature by hand, or the scan that shows the signature is gone."""
    at, document_id = CaseComponent.attached_at, CaseComponent.document_id
    later, kept = session.execute(
        select(
            func.count().filter(CaseComponent.source == Source.SCAN, at > form.at),
            func.count().filter(document_id == form.document_id),
        ).where(CaseComponent.case_id == case.id, CaseComponent.state == AttachmentState.ATTACHED)
    ).one()
    return bool(later or not kept)


@dataclass(frozen=True, slots=True)
class VaultChoice:
    """A paper of the applicant that can be used again; ``used`` counts the dossiers that have it already."""

    document_id: UUID
    file_name: str
    size_bytes: int
    version: int
    created_at: datetime
    used: int


def vault_choices(session: Session, case: Case, code: str) -> list[VaultChoice]:
    """Return the applicant's current papers of the same kind from other dossiers, the newest first."""
    uses = func.count(CaseComponent.case_id.distinct())
    rows = session.execute(
        select(Document, DocumentFile.size_bytes, func.max(CaseComponent.file_name), uses)
        .join(CaseComponent, CaseComponent.document_id == Document.id)
        .join(DocumentFile, DocumentFile.sha256 == Document.sha256)
        .where(
            Document.party_id == case.party_id,
            Document.state == DocumentState.CURRENT,
            CaseComponent.component == code,
            CaseComponent.case_id != case.id,
            CaseComponent.state != AttachmentState.REMOVED,
        )
        .group_by(Document.id, DocumentFile.size_bytes)
        .order_by(Document.created_at.desc(), Document.id)
        .limit(MAX_FILES)
    )
    return [
        VaultChoice(document.id, name, size, document.version, document.created_at, used)
        for document, size, name, used in rows
    ]


def _attachments(session: Session, case: Case) -> dict[str, list[Attachment]]:
    rows = session.execute(
        select(CaseComponent, Document.version, DocumentFile.size_bytes, DocumentFile.media_type)
        .join(Document, Document.id == CaseComponent.document_id)
        .join(DocumentFile, DocumentFile.sha256 == Document.sha256)
        .where(CaseComponent.case_id == case.id, CaseComponent.state == AttachmentState.ATTACHED)
        .order_by(CaseComponent.attached_at, CaseComponent.id)
    )
    held: dict[str, list[Attachment]] = {}
    for row, version, size, media_type in rows:
        attachment = Attachment(
            id=row.id, document_id=row.document_id, file_name=row.file_name, size_bytes=size, media_type=media_type,
            version=version, attached_at=row.attached_at, source=Source(row.source), reused=row.reused,
            part=Part(row.part), signers=tuple(row.signers),
        )  # fmt: skip
        held.setdefault(row.component, []).append(attachment)
    return held


def locked_open(session: Session, case: Case, definition: Definition, actor: Actor) -> Case:
    """Lock the dossier, so that it is not filed while its papers change."""
    locked = session.scalar(
        select(Case).where(Case.id == case.id).with_for_update().execution_options(populate_existing=True)
    )
    if locked is None:
        raise NotFound
    if not may_change(locked, definition, actor):
        raise PapersNotOpen
    return locked


def _attached(session: Session, case: Case, code: str, attachment_id: UUID) -> CaseComponent:
    row = session.scalar(
        select(CaseComponent).where(
            CaseComponent.id == attachment_id,
            CaseComponent.case_id == case.id,
            CaseComponent.component == code,
            CaseComponent.state == AttachmentState.ATTACHED,
        )
    )
    if row is None:
        raise NotFound
    return row


def _by_document(session: Session, case: Case, code: str, document_id: UUID) -> CaseComponent:
    return session.scalars(
        select(CaseComponent).where(
            CaseComponent.document_id == document_id,
            CaseComponent.case_id == case.id,
            CaseComponent.component == code,
            CaseComponent.state == AttachmentState.ATTACHED,
        )
    ).one()


def _as_before(session: Session, code: str, document_id: UUID) -> tuple[str, list[str]]:
    """Return what the paper held, and who had signed it, when it was first attached."""
    row = session.execute(
        select(CaseComponent.part, CaseComponent.signers)
        .where(CaseComponent.document_id == document_id, CaseComponent.component == code)
        .order_by(CaseComponent.attached_at, CaseComponent.id)
        .limit(1)
    ).one()
    return row.part, list(row.signers)


def _known(session: Session, case: Case, code: str) -> set[tuple[str, str]]:
    rows = session.execute(
        select(Document.sha256, CaseComponent.file_name)
        .join(CaseComponent, CaseComponent.document_id == Document.id)
        .where(
            CaseComponent.case_id == case.id,
            CaseComponent.component == code,
            CaseComponent.state == AttachmentState.ATTACHED,
        )
    )
    return {(row.sha256, row.file_name) for row in rows}


def _new_row(case: Case, code: str, name: str, source: Source, actor: Actor, now: datetime) -> CaseComponent:
    return CaseComponent(
        id=uuid7(), case_id=case.id, party_id=case.party_id, component=code, file_name=name, attached_at=now,
        attached_by=actor.user_id, source=source.value, reused=0, state=AttachmentState.ATTACHED.value,
        part=Part.WHOLE.value, signers=[],
    )  # fmt: skip


def _document(
    session: Session, case: Case, code: str, kept: KeptFile, row: CaseComponent, actor: Actor, now: datetime, *,
    replaced: CaseComponent | None,
) -> Document:  # fmt: skip
    """Make the document of a new file; a paper that only this dossier has gets a new version."""
    own = replaced is not None and replaced.source != Source.VAULT
    return documents.add_document(
        session, file=kept.file, media_type=kept.media_type, title=kept.name, kind=code, party_id=case.party_id,
        subject=Subject("component", row.id), actor=actor, now=now,
        replaces_id=replaced.document_id if replaced is not None and own else None,
    )  # fmt: skip


def _record(session: Session, verb: str, row: CaseComponent, *, actor: Actor, now: datetime) -> None:
    record(
        session, f"workflow:component:{verb}", subject=Subject("case", row.case_id), actor=actor, at=now,
        party_id=row.party_id, facts={"component": row.component, "attachment": str(row.id), "reused": row.reused},
    )  # fmt: skip
