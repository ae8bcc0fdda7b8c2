"""
Papers that are signed by hand: printed with number and code, then in force by the scan of the signed sheet, or void.

The original is the sheet. What the platform keeps is a scan, which carries no digital signature; the public page of the
code says so. A print that is given up keeps its number and its code: both are never used again.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import evidence
from app.core.documents.letters import void_number
from app.core.documents.models import Document, Issued, IssuedState, Letter, Medium
from app.core.documents.service import IssuedStateConflict, withdraw_document
from app.core.errors import NotFound
from app.core.evidence import Subject
from app.core.kit import codes
from app.core.kit.actor import Actor
from app.core.kit.text import nfc


def issue_print(
    session: Session,
    *,
    document: Document,
    kind: str,
    verification_code: str,
    number: str,
    public: Mapping[str, Any],
    actor: Actor,
    now: datetime,
) -> Issued:
    """
    Give a printed text its entry among the issued papers; it has no effect until the signed sheet is filed.

    :param document: the unsigned print.
    :param kind: of the paper that it is to become.
    :param public: redacted fields; shown only once the paper is in force.
    """
    issued = Issued(
        verification_code=codes.parse_verification_code(verification_code), document=document, kind=kind,
        number=number, public=dict(public), sha256=document.sha256, issued_at=now, state=IssuedState.PRINTED,
        medium=Medium.PAPER,
    )  # fmt: skip
    session.add(issued)
    _record(session, "print", issued, document, actor=actor, at=now)
    return issued


def file_signed(session: Session, *, code: str, scan: Document, actor: Actor, now: datetime) -> Issued:
    """
    Bring a printed paper into force by the scan of its signed sheet; its date stays the one that was printed.

    :param scan: compared with the printed text by whoever files it.
    :raises NotFound: no such paper.
    :raises IssuedStateConflict: it is in force already, or void.
    """
    issued = _printed(session, code)
    letter = session.scalar(select(Letter).where(Letter.document_id == issued.document_id))
    if letter is not None:
        letter.document = scan
    issued.state, issued.document, issued.sha256 = IssuedState.VALID, scan, scan.sha256
    _record(session, "file-scan", issued, scan, actor=actor, at=now)
    return issued


def void_print(session: Session, *, code: str, reason: str, actor: Actor, now: datetime) -> Issued:
    """
    Give up a printed paper before it came into force; its number is voided in the register with the reason.

    :raises NotFound: no such paper.
    :raises IssuedStateConflict: it is in force already, or void.
    """
    issued = _printed(session, code)
    issued.state, issued.state_at, issued.state_reason = IssuedState.VOID, now, nfc(reason)
    void_number(session, document_id=issued.document_id, reason=reason, now=now)
    document = withdraw_document(session, document_id=issued.document_id, actor=actor, now=now)
    _record(session, "void", issued, document, actor=actor, at=now, reason=issued.state_reason)
    return issued


def printed_for(session: Session, *, subject: Subject) -> Issued | None:
    """Return the print of something that waits for its signed sheet, if there is one."""
    query = (
        select(Issued)
        .join(Document, Document.id == Issued.document_id)
        .where(
            Document.subject_kind == subject.kind,
            Document.subject_id == subject.id,
            Issued.state == IssuedState.PRINTED,
        )
    )
    return session.scalar(query)


def _printed(session: Session, code: str) -> Issued:
    issued = session.get(Issued, code, with_for_update=True, populate_existing=True)
    if issued is None:
        raise NotFound
    if issued.state != IssuedState.PRINTED:
        raise IssuedStateConflict(state=issued.state)
    return issued


def _record(
    session: Session,
    verb: str,
    issued: Issued,
    document: Document,
    *,
    actor: Actor,
    at: datetime,
    reason: str | None = None,
) -> None:
    digests = {"code": issued.verification_code} | ({"reason": reason} if reason is not None else {})
    document_id: UUID = document.id
    evidence.record(
        session,
        f"documents:paper:{verb}",
        subject=Subject("document", document_id),
        actor=actor,
        at=at,
        party_id=document.party_id,
        facts={"kind": issued.kind, "number": issued.number, "sha256": document.sha256},
        digests=digests,
    )
