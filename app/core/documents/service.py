"""Use cases of documents: take a file in, issue a paper, amend or revoke it.

The caller holds the transaction and records its own business act; what is recorded here is what happened to
the document. A file written before a rollback stays in the store under its hash until it is swept away.
"""

import io
import os
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core import evidence
from app.core.documents.intake import IntakeLimits, MediaType, inspect
from app.core.documents.models import (
    Document,
    DocumentFile,
    DocumentState,
    Issued,
    IssuedState,
    Medium,
)
from app.core.documents.store import FileStore, Readable, StoredFile
from app.core.documents.sweeping import hold
from app.core.errors import DomainError, NotFound
from app.core.evidence import Subject
from app.core.kit import codes
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.kit.text import nfc

_RANDOM_BYTES = 17
_PAPER_LIMIT_BYTES = 200_000_000


class DocumentNotCurrent(DomainError):
    """Somebody has replaced or withdrawn the version meanwhile."""

    code = "documents.not-current"
    status = 409
    title = "A newer version exists."
    detail = "This version of the document was replaced or withdrawn meanwhile."
    hint = "Open the newest version and decide again."


class IssuedStateConflict(DomainError):
    """An issued paper cannot go from its present state to the one asked for."""

    code = "documents.issued-state"
    status = 409
    title = "The state of the paper does not allow this."
    detail = "The paper is %(state)s already."
    hint = "Look at the history of the paper; to restore its effect, issue a new one."


class VerificationCodeMistyped(DomainError):
    """The text is no verification code."""

    code = "documents.verification-code"
    status = 422
    title = "The verification code is not right."
    detail = "The code has a wrong length, a letter that does not occur, or a mistyped character."
    hint = "Type it again as printed under the QR code, or scan the QR code."


def store_document(
    session: Session,
    *,
    store: FileStore,
    stream: Readable,
    filename: str,
    title: str,
    kind: str,
    party_id: UUID,
    subject: Subject,
    actor: Actor,
    now: datetime,
    replaces_id: UUID | None = None,
    limits: IntakeLimits | None = None,
) -> Document:
    """
    Take in a file from outside: inspect it, keep it once, and make a document (version) of it.

    :param filename: as the sender named it; compared with the content, then forgotten.
    :param subject: what the document belongs to; its id is required.
    :param replaces_id: the current version that this one replaces.
    :raises FileRefused: one of its subclasses says why, and nothing is kept.
    :raises NotFound: the version to replace is not visible to the caller.
    :raises DocumentNotCurrent: the version to replace has been replaced already.
    """
    limits = limits or IntakeLimits()
    with store.receive(stream, limit_bytes=limits.max_bytes) as incoming:
        media_type = inspect(incoming.path, filename=filename, limits=limits)
        file = store.keep(incoming)
    return add_document(
        session,
        file=file,
        media_type=media_type,
        title=title,
        kind=kind,
        party_id=party_id,
        subject=subject,
        actor=actor,
        now=now,
        replaces_id=replaces_id,
    )


def store_paper(
    session: Session,
    *,
    store: FileStore,
    pdf: bytes,
    title: str,
    kind: str,
    party_id: UUID,
    subject: Subject,
    actor: Actor,
    now: datetime,
    replaces_id: UUID | None = None,
) -> Document:
    """
    Keep a PDF that the platform itself made; otherwise as ``store_document``.

    :raises NotFound: the version to replace is not visible to the caller.
    :raises DocumentNotCurrent: the version to replace has been replaced already.
    """
    return add_document(
        session,
        file=store.put(io.BytesIO(pdf), limit_bytes=_PAPER_LIMIT_BYTES),
        media_type=MediaType.PDF,
        title=title,
        kind=kind,
        party_id=party_id,
        subject=subject,
        actor=actor,
        now=now,
        replaces_id=replaces_id,
    )


def add_document(
    session: Session,
    *,
    file: StoredFile,
    media_type: MediaType,
    title: str,
    kind: str,
    party_id: UUID,
    subject: Subject,
    actor: Actor,
    now: datetime,
    replaces_id: UUID | None = None,
) -> Document:
    """
    Make a document (version) of a file that lies in the store already, inspected by whoever put it there.

    For callers that receive and inspect files before their transaction begins; others take ``store_document``.

    :raises NotFound: the version to replace is not visible to the caller.
    :raises DocumentNotCurrent: the version to replace has been replaced already.
    :raises FileGone: the file was received so long ago that it was swept away.
    """
    if subject.id is None:
        raise ValueError("A document belongs to something that exists: the subject needs an id.")
    replaced = _replaced(session, replaces_id, party_id) if replaces_id else None
    hold(session, file)
    row = {
        "sha256": file.sha256,
        "size_bytes": file.size_bytes,
        "media_type": media_type.value,
        "stored_at": now,
    }
    session.execute(insert(DocumentFile).values(row).on_conflict_do_nothing())
    document = Document(
        id=uuid7(),
        party_id=party_id,
        kind=kind,
        title=nfc(title).strip(),
        sha256=file.sha256,
        version=replaced.version + 1 if replaced else 1,
        replaces_id=replaces_id,
        subject_kind=subject.kind,
        subject_id=subject.id,
        created_at=now,
        created_by=actor.user_id,
        state=DocumentState.CURRENT,
    )
    session.add(document)
    _record(session, "documents:document:store", document, actor=actor, at=now)
    return document


def withdraw_document(session: Session, *, document_id: UUID, actor: Actor, now: datetime) -> Document:
    """
    Take a document out of use without replacing it; its bytes and its row stay.

    :raises NotFound: not visible to the caller.
    :raises DocumentNotCurrent: replaced or withdrawn already.
    """
    document = _current_for_update(session, document_id)
    document.state = DocumentState.WITHDRAWN
    _record(session, "documents:document:withdraw", document, actor=actor, at=now)
    return document


def new_verification_code() -> str:
    """Make a verification code (130 random bits); it is printed on the paper, so it comes before the paper."""
    return codes.verification_code(os.urandom(_RANDOM_BYTES))


def issue(
    session: Session,
    *,
    document: Document,
    verification_code: str,
    number: str,
    public: Mapping[str, Any],
    actor: Actor,
    now: datetime,
) -> Issued:
    """
    Make a stored, signed paper verifiable by the public.

    :param verification_code: from ``new_verification_code``, as printed on the paper.
    :param number: number and symbol as printed.
    :param public: redacted fields that anybody with the code may read: no personal data.
    :raises VerificationCodeMistyped: not a code.
    """
    code = _parsed(verification_code)
    issued = Issued(
        verification_code=code,
        document=document,
        kind=document.kind,
        number=number,
        public=dict(public),
        sha256=document.sha256,
        issued_at=now,
        state=IssuedState.VALID,
        medium=Medium.ELECTRONIC,
    )
    session.add(issued)
    _record(session, "documents:paper:issue", document, actor=actor, at=now, code=code)
    return issued


def amend(
    session: Session, *, code: str, replaced_by: str | None, reason: str, actor: Actor, now: datetime
) -> Issued:
    """
    Mark an issued paper as amended; the verification page leads on to the paper that amends it.

    :param replaced_by: verification code of the amending paper, issued before.
    :raises NotFound: no such paper.
    :raises IssuedStateConflict: it is amended or revoked already.
    """
    return _change_state(
        session, code, IssuedState.AMENDED, reason=reason, replaced_by=replaced_by, actor=actor, now=now
    )


def revoke(session: Session, *, code: str, reason: str, actor: Actor, now: datetime) -> Issued:
    """
    Revoke an issued paper; there is no way back but a new paper.

    :param reason: shown on the public page, so it names no person.
    :raises NotFound: no such paper.
    :raises IssuedStateConflict: it is revoked already.
    """
    return _change_state(session, code, IssuedState.REVOKED, reason=reason, actor=actor, now=now)


def find_issued(session: Session, *, code: str) -> Issued:
    """
    Find an issued paper by its verification code, as people type it.

    :raises VerificationCodeMistyped: not a code.
    :raises NotFound: no such paper.
    """
    issued = session.get(Issued, _parsed(code))
    if issued is None:
        raise NotFound
    return issued


def find_issued_by_file(session: Session, *, sha256: str) -> list[Issued]:
    """Find the issued papers that are exactly this file, for a verifier who uploads it."""
    query = select(Issued).where(Issued.sha256 == sha256).order_by(Issued.issued_at, Issued.verification_code)
    return list(session.scalars(query))


def file_of(session: Session, *, document_id: UUID) -> tuple[Document, DocumentFile]:
    """
    Find a document that the caller may see, with what is known of its file.

    :raises NotFound: no such document, or it is not visible to the caller.
    """
    query = (
        select(Document, DocumentFile)
        .join(DocumentFile, DocumentFile.sha256 == Document.sha256)
        .where(Document.id == document_id)
    )
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFound
    return row[0], row[1]


def _replaced(session: Session, document_id: UUID, party_id: UUID) -> Document:
    document = _current_for_update(session, document_id)
    if document.party_id != party_id:
        raise NotFound
    document.state = DocumentState.REPLACED
    return document


def _current_for_update(session: Session, document_id: UUID) -> Document:
    document = session.get(Document, document_id, with_for_update=True, populate_existing=True)
    if document is None:
        raise NotFound
    if document.state != DocumentState.CURRENT:
        raise DocumentNotCurrent
    return document


def _change_state(
    session: Session,
    code: str,
    state: IssuedState,
    *,
    reason: str,
    actor: Actor,
    now: datetime,
    replaced_by: str | None = None,
) -> Issued:
    issued = session.get(Issued, _parsed(code), with_for_update=True, populate_existing=True)
    if issued is None:
        raise NotFound
    if issued.state in {IssuedState.REVOKED, IssuedState.PRINTED, IssuedState.VOID, state}:
        raise IssuedStateConflict(state=issued.state)
    issued.state, issued.state_at, issued.state_reason = state, now, nfc(reason)
    if replaced_by is not None:
        issued.replaced_by = _parsed(replaced_by)
    evidence.record(
        session,
        f"documents:paper:{'amend' if state is IssuedState.AMENDED else 'revoke'}",
        subject=Subject("document", issued.document_id),
        actor=actor,
        at=now,
        facts={"sha256": issued.sha256},
        digests={"code": issued.verification_code, "reason": issued.state_reason},
    )
    return issued


def _parsed(code: str) -> str:
    try:
        return codes.parse_verification_code(code)
    except codes.InvalidCode as error:
        raise VerificationCodeMistyped from error


def _record(
    session: Session, tag: str, document: Document, *, actor: Actor, at: datetime, code: str | None = None
) -> None:
    evidence.record(
        session,
        tag,
        subject=Subject("document", document.id),
        actor=actor,
        at=at,
        party_id=document.party_id,
        facts={"kind": document.kind, "sha256": document.sha256, "version": document.version},
        # Whoever has the code has the paper: the log proves it without telling it.
        digests={"code": code} if code else None,
    )
