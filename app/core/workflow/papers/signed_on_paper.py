"""
A result signed by hand: its print waits at the desk until the scan of the signed sheet is filed and compared.

The fallback for a signer who cannot sign electronically. The signer prints; somebody who took no part in the decision
compares the scan with the print and brings the paper into force. Whatever the result says is the module's business.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.core.documents import printed
from app.core.documents import service as documents
from app.core.documents.intake import MediaType, extension
from app.core.documents.models import Document, DocumentState, Issued, Medium
from app.core.documents.store import StoredFile
from app.core.errors import Conflict, DomainError, FieldProblem, Forbidden, Invalid, NotFound
from app.core.evidence import Subject, record
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.workflow.actions import available_actions
from app.core.workflow.definition import Definition
from app.core.workflow.desk import FourEyes
from app.core.workflow.models import Case, CaseEvent
from app.core.workflow.papers.intake import KeptFile
from app.core.workflow.step import Effect, Step

PRINT_SUBJECT = "case-print"
"""What prints and scans belong to until the paper is in force: the desk's own, no business of the applicant."""

PRINT_KIND, SCAN_KIND = "PRINT", "SIGNED_SCAN"
COMPARED, SCAN_SEEN = "compared", "scan"
SCANS = frozenset({MediaType.PDF, MediaType.PNG, MediaType.JPEG})


class NothingPrinted(Conflict):
    """The dossier has no print that waits for its signed sheet."""

    code = "workflow.nothing-printed"
    title = "No print waits for a signature by hand."
    detail = (
        "The result of this dossier was not printed to be signed by hand, or the print was voided meanwhile."
    )
    hint = "Look at the dossier's page for what can be done now."


class NotAPicture(Conflict):
    """The file shows no sheet of paper."""

    code = "workflow.signed-scan-kind"
    title = "This file is no scan."
    detail = "“%(file)s” is neither a PDF nor a picture, so it cannot show the signed sheet."
    hint = "Scan the signed and stamped sheet into a PDF, or photograph it as JPEG or PNG."


class SignedScanMissing(Invalid):
    """The signed sheet is not there to be compared."""

    code = "workflow.signed-scan-missing"
    title = "The signed paper was not filed."


class ScanReplaced(Conflict):
    """Another scan took the place of the one that was compared."""

    code = "workflow.scan-replaced"
    title = "Another scan was uploaded meanwhile."
    detail = "The scan that waits now is not the one that you compared. Nothing was filed."
    hint = "Open the present scan, compare it with the printed text, and file it then."


@dataclass(frozen=True, slots=True)
class HandPaper:
    """A result on its way over paper: the print, and the scan of the signed sheet if it is there."""

    number: str
    code: str
    kind: str
    signer: str
    position: str
    printed_at: datetime
    print_id: UUID
    scan: Document | None


def waiting_paper(session: Session, case: Case) -> HandPaper | None:
    """Return the print of a dossier that waits for its signed sheet."""
    issued = printed.printed_for(session, subject=Subject(PRINT_SUBJECT, case.id))
    if issued is None:
        return None
    return HandPaper(
        issued.number, issued.verification_code, issued.kind,
        str(issued.public.get("signer", "")), str(issued.public.get("position", "")), issued.issued_at,
        issued.document_id, session.scalar(_scans(case)),
    )  # fmt: skip


def on_paper(session: Session, case: Case) -> Issued | None:
    """Return the entry of a result in force, or once in force, whose original is a sheet of paper."""
    query = (
        select(Issued)
        .join(Document, Document.id == Issued.document_id)
        .where(Document.subject_kind == "case", Document.subject_id == case.id, Issued.medium == Medium.PAPER)
    )
    return session.scalar(query)


def keep_signed_scan(
    session: Session, *, case: Case, definition: Definition, kept: KeptFile, actor: Actor, now: datetime
) -> Document:
    """
    Keep the scan of the signed sheet until it is compared; it takes the place of one that waits already.

    :raises NothingPrinted: nothing waits for a signed sheet.
    :raises Forbidden: the actor may not file it, or took part in the decision (:class:`FourEyes`).
    :raises NotAPicture: the file is neither a PDF nor a picture.
    """
    locked = session.get(Case, case.id, with_for_update=True, populate_existing=True)
    if locked is None:
        raise NotFound
    require_filing(session, locked, definition, actor)
    if waiting_paper(session, locked) is None:
        raise NothingPrinted
    if kept.media_type not in SCANS:
        raise NotAPicture(file=kept.name)
    earlier = session.scalar(_scans(locked))
    if earlier is not None:
        if earlier.sha256 == kept.file.sha256:
            return earlier
        documents.withdraw_document(session, document_id=earlier.id, actor=actor, now=now)
    scan = documents.add_document(
        session, file=kept.file, media_type=kept.media_type, title=kept.name, kind=SCAN_KIND,
        party_id=locked.party_id, subject=Subject(PRINT_SUBJECT, locked.id), actor=actor, now=now,
    )  # fmt: skip
    record(
        session, "workflow:paper:scan", subject=Subject("case", locked.id), actor=actor, at=now,
        party_id=locked.party_id, facts={"sha256": scan.sha256},
    )  # fmt: skip
    return scan


def require_filing(session: Session, case: Case, definition: Definition, actor: Actor) -> None:
    """
    Refuse whoever may not file the signed sheet of a dossier now.

    :raises NothingPrinted: the dossier waits for none.
    :raises Forbidden: the actor may not file it, or took part in the decision (:class:`FourEyes`).
    """
    wanted = next(
        (each for each in definition.actions if COMPARED in each.input and case.state in each.sources), None
    )
    if wanted is None:
        raise NothingPrinted
    history = session.scalars(
        select(CaseEvent).where(CaseEvent.case_id == case.id).order_by(CaseEvent.revision)
    ).all()
    offered = available_actions(
        definition, state=case.state, party_id=case.party_id, actor=actor, history=history, desk_id=case.desk_id,
        typists=case.typists,
    )  # fmt: skip
    found = next((each for each in offered if each.action.code == wanted.code), None)
    if found is None:
        raise Forbidden(permission=wanted.permission)
    if found.blocked:
        raise FourEyes(action=wanted.code)


def signed_scan_kept(step: Step) -> DomainError | None:
    """Refuse to bring a paper into force whose signed sheet is not there to be compared."""
    paper = waiting_paper(step.session, step.case)
    if paper is None:
        return NothingPrinted()
    if paper.scan is None:
        reason = N_("Upload the scan of the signed and stamped paper first.")
        return SignedScanMissing(errors=[FieldProblem("scan", "missing", reason)])
    # A declaration is about the scan that was seen; uploading another one is no step and moves no revision.
    if step.input.get(SCAN_SEEN, str(paper.scan.id)) != str(paper.scan.id):
        return ScanReplaced()
    return None


def take_signed_scan(step: Step) -> tuple[Issued, Document]:
    """
    Bring the printed paper of a step's dossier into force by its scan.

    :return: the entry of the paper, and the scan as a paper of the dossier.
    :raises NothingPrinted: nothing waits; a guard has looked before.
    """
    session, case = step.session, step.case
    paper = waiting_paper(session, case)
    if paper is None or paper.scan is None:
        raise NothingPrinted
    _, file = documents.file_of(session, document_id=paper.scan.id)
    media_type = MediaType(file.media_type)
    scan = documents.add_document(
        session, file=StoredFile(file.sha256, file.size_bytes), media_type=media_type,
        title=f"{paper.number} (bản quét).{extension(media_type)}", kind=paper.kind, party_id=case.party_id,
        subject=Subject("case", case.id), actor=step.actor, now=step.now,
    )  # fmt: skip
    session.flush()  # the entry of the paper refers to the row of its scan
    issued = printed.file_signed(session, code=paper.code, scan=scan, actor=step.actor, now=step.now)
    step.facts["number"], step.facts["scan_sha256"] = paper.number, scan.sha256
    return issued, scan


def void_paper(step: Step) -> None:
    """Give up the print of a dossier; its number stands voided in the register, with the reason of the step."""
    session, case = step.session, step.case
    paper = waiting_paper(session, case)
    if paper is None:
        raise NothingPrinted
    reason = str(step.input["reason"])
    if paper.scan is not None:
        documents.withdraw_document(session, document_id=paper.scan.id, actor=step.actor, now=step.now)
    printed.void_print(session, code=paper.code, reason=reason, actor=step.actor, now=step.now)
    step.facts["number"] = paper.number


EFFECTS: dict[str, Effect] = {"void_print": void_paper}


def _scans(case: Case) -> Select[Document]:
    return (
        select(Document)
        .where(
            Document.subject_kind == PRINT_SUBJECT,
            Document.subject_id == case.id,
            Document.kind == SCAN_KIND,
            Document.state == DocumentState.CURRENT,
        )
        .order_by(Document.created_at.desc())
        .limit(1)
    )
