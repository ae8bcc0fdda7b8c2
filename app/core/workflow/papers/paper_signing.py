"""Signatures on the papers of a dossier: found in what is uploaded, or made here with the account's certificate."""

import io
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.auth.permissions import require
from app.core.documents import service as documents
from app.core.documents.intake import MediaType
from app.core.documents.signing import PdfUnreadable, Trust, Verdict, sign_pdf, verify_pdf
from app.core.errors import Conflict, NotFound
from app.core.kit.actor import Actor
from app.core.workflow.definition import Definition
from app.core.workflow.models import Case
from app.core.workflow.papers import components
from app.core.workflow.papers.components import Attachment
from app.core.workflow.papers.form_signing import require_signatory
from app.core.workflow.papers.intake import KeptFile, keep_file
from app.core.workflow.papers.models import CaseComponent
from app.core.workflow.papers.permissions import SIGN_FORM
from app.core.workflow.papers.press import Press


class NotSignable(Conflict):
    """Only a PDF takes a signature."""

    code = "workflow.paper-not-signable"
    title = "This file cannot be signed here."
    detail = "Only a PDF takes a digital signature; “%(file)s” is another kind of file."
    hint = "Save the paper as PDF, upload that, and sign it."


def signers_of(pdf: bytes, *, trust: Trust, now: datetime) -> tuple[str, ...]:
    """Return who signed a PDF validly; a file that cannot be read as PDF has no signers."""
    try:
        reports = verify_pdf(pdf, trust=trust, now=now)
    except PdfUnreadable:
        return ()
    return tuple(each.signer.name for each in reports if each.verdict is Verdict.VALID)


def signable(
    session: Session, case: Case, definition: Definition, code: str, attachment_id: UUID
) -> Attachment:
    """
    Return the file of a component that is to be signed.

    :raises NotFound: no such file, or the paper needs no signature of its own.
    :raises NotSignable: the file is no PDF.
    """
    found = components.slot(session, case, definition, code)
    file = next((each for each in found.attachments if each.id == attachment_id), None)
    if file is None or not found.component.signed or found.from_form:
        raise NotFound
    if file.media_type != MediaType.PDF:
        raise NotSignable(file=file.file_name)
    return file


def sign_paper(
    session: Session,
    *,
    press: Press,
    case: Case,
    definition: Definition,
    code: str,
    attachment_id: UUID,
    actor: Actor,
    now: datetime,
) -> CaseComponent:
    """
    Sign a PDF of the dossier with the actor's certificate; the signed file takes the place of the unsigned one.

    The caller has seen to the step-up.

    :raises Forbidden: the actor may not sign for this applicant.
    :raises NotASignatory: the certificate names nobody whom the dossier declares.
    :raises NoSigningKey: the actor has no valid certificate.
    :raises PapersNotOpen: the dossier is not with the actor.
    """
    require(actor, SIGN_FORM, party_id=case.party_id)
    file = signable(session, case, definition, code, attachment_id)
    key = press.signing.key_for(str(actor.user_id), now=now)
    require_signatory(session, case, definition, actor, key.identity.name)
    document, _ = documents.file_of(session, document_id=file.document_id)
    signed = sign_pdf(
        press.store.read(document.sha256), key=key, field=f"applicant-{len(file.signers) + 1}", at=now, reason=code,
        location=press.zone.city["vi"],
    )  # fmt: skip
    kept = keep_file(press.store, stream=io.BytesIO(signed), filename=file.file_name)
    named = KeptFile(kept.file, kept.media_type, kept.name, (*file.signers, key.identity.name))
    (row,) = components.attach_files(
        session, case=case, definition=definition, code=code, files=[named], actor=actor, now=now,
        replaces=attachment_id, part=file.part,
    )  # fmt: skip
    return row
