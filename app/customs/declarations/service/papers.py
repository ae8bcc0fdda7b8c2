"""Papers of a declaration: put in, taken from the vault, taken out, shown to customs."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.auth.permissions import require
from app.core.documents import service as documents
from app.core.documents.models import Document, DocumentState
from app.core.documents.uses import end_use, is_used, note_use, times_used
from app.core.errors import Conflict, FieldProblem, Forbidden, Invalid, NotFound
from app.core.evidence import Subject, record
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.outbox import publish
from app.core.workflow.papers.intake import KeptFile
from app.customs.declarations.domain.dossier import Certificate, Slot, read_certificate, refuse_expired
from app.customs.declarations.domain.lifecycle import State, Step, take
from app.customs.declarations.events import DossierChanged
from app.customs.declarations.models import Declaration, Paper
from app.customs.declarations.permissions import FILE
from app.customs.declarations.queries.papers import ATTACHED, Attached, Place, place
from app.customs.declarations.queries.reach import Reached, reach, tax_code_of
from app.customs.declarations.service.outgoing import hand_over

MAX_FILES = 20
KIND = "declaration"


class DossierClosed(Conflict):
    """Nothing can be attached any more."""

    code = "declarations.dossier-closed"
    title = "The papers cannot be changed any more."
    detail = "The declaration is cancelled; its papers stay as they were."
    hint = "Attach the papers to the declaration that replaces it."


class TooManyPapers(Conflict):
    """A place holds as many files as a reader can tell apart."""

    code = "declarations.too-many-papers"
    title = "There are too many files."
    detail = "One place of the dossier may have %(limit)s files at most."
    hint = "Join the pages into one PDF, or remove files that are not needed."


class PaperOfAnother(Invalid):
    """A paper from the vault of another firm that the same person acts for."""

    code = "declarations.paper-of-another"
    title = "This paper belongs to another firm."
    detail = "It lies in the vault of another firm; a declaration carries papers of its own firm only."
    hint = "Choose a paper of the firm that declares, or upload it for this declaration."


class PaperShown(Conflict):
    """Customs has it already."""

    code = "declarations.paper-shown"
    title = "Customs has this paper already."
    detail = "A paper that was shown to customs stays in the record of the declaration."
    hint = "Upload the corrected paper in its place; both versions stay visible."


class NothingToShow(Conflict):
    """No paper that customs does not have."""

    code = "declarations.nothing-to-show"
    title = "There is no new paper to show."
    detail = "Customs has every paper that is attached here."
    hint = "Attach the paper that is asked for, then show it."


def attach(
    session: Session, *, declaration_id: UUID, slot: str, files: Sequence[KeptFile], actor: Actor, now: datetime,
    today: date, form: str = "", number: str = "", issued_on: date | None = None, holder: str = "",
    valid_until: date | None = None, counts_on: date | None = None, replaces: UUID | None = None,
) -> list[Paper]:  # fmt: skip
    """
    Put received files into a place. The same file in the same place counts once, however often it is sent.

    :param form: which of several papers fills the place, where it offers a choice.
    :param valid_until: last day of a certificate, where it names one.
    :param counts_on: the day on which it has to be valid; today where the declaration has no day yet.
    :param replaces: a paper whose next version the (one) file is.
    :raises NotFound: no such declaration or place.
    :raises Forbidden: the actor may not prepare declarations of this firm.
    :raises CertificateUnread, CertificateOfAnother, CertificateExpired: what a certificate says.
    :raises TooManyPapers, DossierClosed:
    """
    found, room = _open(session, declaration_id, slot, actor)
    chosen = _form(room.slot, form)
    given = Certificate(number, issued_on, holder, valid_until)
    certificate = _certificate(session, found, room.slot, given, today=today, counts_on=counts_on)
    old = _replaced(room, replaces, files)
    held = _contents(session, found.declaration.id, slot)
    rows: list[Paper] = []
    for kept in files:
        if kept.file.sha256 in held:
            continue
        row = _row(found.declaration, slot, kept.name, "UPLOAD", certificate, actor, now)
        row.form = chosen
        next_version = old.document_id if old and old.source == "UPLOAD" and not rows else None
        document = documents.add_document(
            session, file=kept.file, media_type=kept.media_type, title=kept.name, kind=room.slot.kind,
            party_id=row.party_id, subject=Subject("customs-paper", row.id), actor=actor, now=now,
            replaces_id=next_version,
        )  # fmt: skip
        if old is not None and not rows:
            _retire(session, found.declaration, old.id, "REPLACED", now)
        session.flush()  # the paper refers to the document's row
        row.document_id = document.id
        _keep(session, found.declaration, room.slot, row, "attach", actor, now)
        rows.append(row)
    return rows


def attach_from_vault(
    session: Session, *, declaration_id: UUID, slot: str, document_id: UUID, actor: Actor, now: datetime, today: date,
    form: str = "", number: str = "", issued_on: date | None = None, holder: str = "", valid_until: date | None = None,
    counts_on: date | None = None,
) -> Paper:  # fmt: skip
    """
    Take a paper of the firm's vault by reference, and count the use. Twice means once.

    :raises PaperOfAnother: the paper is another firm's, whom the actor may even act for.
    :raises NotFound: no such declaration, place or current paper.
    :raises CertificateUnread, CertificateOfAnother, CertificateExpired: what a certificate says.
    """
    found, room = _open(session, declaration_id, slot, actor)
    same = next((each for each in room.papers if each.document_id == document_id), None)
    if same is not None:
        return session.get_one(Paper, same.id)
    # Held until the commit: its erasure waits for this use, or this use finds it erased.
    document = session.scalar(select(Document).where(Document.id == document_id).with_for_update(read=True))
    if document is None or document.state != DocumentState.CURRENT:
        raise NotFound
    if document.party_id != found.declaration.party_id:
        raise PaperOfAnother(errors=[FieldProblem("document_id", PaperOfAnother.code, PaperOfAnother.detail)])
    if document.kind not in (room.slot.kind, *room.slot.reuse):
        raise NotFound
    if len(room.papers) >= MAX_FILES:
        raise TooManyPapers(limit=MAX_FILES)
    before = _as_before(session, document_id)
    if before is not None and not number:
        certificate, form = before
        refuse_expired(certificate, counts_on or today)
    else:
        given = Certificate(number, issued_on, holder, valid_until)
        certificate = _certificate(session, found, room.slot, given, today=today, counts_on=counts_on)
    row = _row(found.declaration, slot, document.title, "VAULT", certificate, actor, now)
    row.form = _form(room.slot, form)
    row.document_id, row.reused = document_id, max(1, times_used(session, document_id))
    _keep(session, found.declaration, room.slot, row, "reuse", actor, now)
    return row


def remove(
    session: Session, *, declaration_id: UUID, slot: str, paper_id: UUID, actor: Actor, now: datetime
) -> None:
    """
    Take a paper out of its place; its document is withdrawn too unless something else uses it.

    :raises NotFound: no such paper in this place.
    :raises PaperShown: customs has it already.
    :raises DossierClosed: the declaration is cancelled.
    """
    found, room = _open(session, declaration_id, slot, actor)
    chosen = next((each for each in room.papers if each.id == paper_id), None)
    if chosen is None:
        raise NotFound
    if chosen.shown_at is not None:
        raise PaperShown
    row = _retire(session, found.declaration, paper_id, "REMOVED", now)
    session.flush()  # whether something else uses the document is asked of the database
    if row.source == "UPLOAD" and not is_used(session, row.document_id):
        documents.withdraw_document(session, document_id=row.document_id, actor=actor, now=now)
    _record(session, "remove", row, actor, now)
    _changed(session, found.declaration, actor, now)


def show(session: Session, *, declaration_id: UUID, actor: Actor, now: datetime) -> int:
    """
    Hand all papers that customs does not have yet to the gateway; return how many.

    :raises StepImpossible: the declaration has no official number yet, or is cancelled.
    :raises NothingToShow: customs has them all.
    """
    found = _mine(session, declaration_id, actor)
    take(State(found.declaration.state), Step.SHOW_PAPERS)
    rows = session.scalars(
        select(Paper)
        .where(Paper.declaration_id == declaration_id, Paper.state == ATTACHED, Paper.shown_at.is_(None))
        .order_by(Paper.attached_at, Paper.id)
        .with_for_update()
    ).all()
    if not rows:
        raise NothingToShow
    content = {"papers": [_told(session, each) for each in rows]}
    hand_over(session, declaration=found.declaration, kind="DOCUMENTS", content=content, actor=actor, now=now)
    for each in rows:
        each.shown_at = now
    record(
        session, "customs:declaration:show-papers", subject=Subject(KIND, declaration_id), actor=actor, at=now,
        party_id=found.declaration.party_id, facts={"papers": [str(each.id) for each in rows]},
    )  # fmt: skip
    return len(rows)


def _told(session: Session, paper: Paper) -> dict[str, str]:
    sha256 = session.scalars(select(Document.sha256).where(Document.id == paper.document_id)).one()
    return {
        "slot": paper.slot,
        "form": paper.form,
        "number": paper.number,
        "issued_on": paper.issued_on.isoformat() if paper.issued_on else "",
        "file_name": paper.file_name,
        "document_id": str(paper.document_id),
        "sha256": sha256,
    }


def _mine(session: Session, declaration_id: UUID, actor: Actor) -> Reached:
    """Lock the declaration, so that it does not change its state while its papers change."""
    found = reach(session, declaration_id, actor)
    require(actor, FILE, party_id=found.declaration.party_id)
    if actor.is_officer:
        raise Forbidden(permission=FILE)
    session.get_one(Declaration, declaration_id, with_for_update=True, populate_existing=True)
    return found


def _open(session: Session, declaration_id: UUID, slot: str, actor: Actor) -> tuple[Reached, Place]:
    found = _mine(session, declaration_id, actor)
    if found.declaration.state == State.CANCELLED:
        raise DossierClosed
    return found, place(session, found, slot)


def _replaced(room: Place, replaces: UUID | None, files: Sequence[KeptFile]) -> Attached | None:
    """Return the paper whose next version is given, None where none is; refuse what would be too much."""
    old = next((each for each in room.papers if each.id == replaces), None)
    if replaces is not None and old is None:
        raise NotFound
    if len(room.papers) + len(files) - (old is not None) > MAX_FILES:
        raise TooManyPapers(limit=MAX_FILES)
    return old


def _form(slot: Slot, form: str) -> str:
    if not slot.forms:
        return ""
    if form not in {each.code for each in slot.forms}:
        reason = N_("Say which of these papers it is.")
        raise Invalid(errors=[FieldProblem("form", "missing", reason)])
    return form


def _certificate(
    session: Session, found: Reached, slot: Slot, given: Certificate, *, today: date, counts_on: date | None
) -> Certificate:
    if not slot.certificate:
        return Certificate()
    own = tax_code_of(session, found.declaration.party_id)
    return read_certificate(
        number=given.number, issued_on=given.issued_on, holder=given.holder, own=own, today=today,
        valid_until=given.valid_until, counts_on=counts_on,
    )  # fmt: skip


def _as_before(session: Session, document_id: UUID) -> tuple[Certificate, str] | None:
    """Return what was read off a certificate when it was first attached."""
    row = session.scalar(
        select(Paper).where(Paper.document_id == document_id).order_by(Paper.attached_at, Paper.id).limit(1)
    )
    return None if row is None else (_read_before(row), row.form)


def _read_before(row: Paper) -> Certificate:
    return Certificate(row.number, row.issued_on, row.holder, row.valid_until)


def _contents(session: Session, declaration_id: UUID, slot: str) -> set[str]:
    rows = session.scalars(
        select(Document.sha256)
        .join(Paper, Paper.document_id == Document.id)
        .where(Paper.declaration_id == declaration_id, Paper.slot == slot, Paper.state == ATTACHED)
    )
    return set(rows)


def _row(
    declaration: Declaration,
    slot: str,
    name: str,
    source: str,
    certificate: Certificate,
    actor: Actor,
    now: datetime,
) -> Paper:
    return Paper(
        id=uuid7(), party_id=declaration.party_id, declaration_id=declaration.id, slot=slot, form="",
        file_name=name[:255],
        number=certificate.number, issued_on=certificate.issued_on, holder=certificate.holder,
        valid_until=certificate.valid_until, source=source, reused=0, state=ATTACHED, attached_at=now,
        attached_by=actor.user_id,
    )  # fmt: skip


def _keep(
    session: Session, declaration: Declaration, slot: Slot, row: Paper, verb: str, actor: Actor, now: datetime
) -> None:
    session.add(row)
    note_use(
        session, document_id=row.document_id, party_id=row.party_id, subject=Subject("customs-paper", row.id),
        name=declaration.code, href=f"/declarations/{declaration.id}/papers/{row.slot}", place=slot.title, now=now,
    )  # fmt: skip
    _record(session, verb, row, actor, now)
    _changed(session, declaration, actor, now)


def _retire(session: Session, declaration: Declaration, paper_id: UUID, state: str, now: datetime) -> Paper:
    row = session.get_one(Paper, paper_id, with_for_update=True, populate_existing=True)
    row.state = state
    end_use(session, document_id=row.document_id, subject=Subject("customs-paper", row.id), now=now)
    return row


def _changed(session: Session, declaration: Declaration, actor: Actor, now: datetime) -> None:
    """Tell that the papers of what officers see changed; a draft's are the firm's own."""
    if declaration.state != State.DRAFT:
        changed = DossierChanged(declaration_id=declaration.id)
        publish(session, changed, actor=actor, at=now, party_id=declaration.party_id)


def _record(session: Session, verb: str, row: Paper, actor: Actor, now: datetime) -> None:
    record(
        session, f"customs:paper:{verb}", subject=Subject(KIND, row.declaration_id), actor=actor, at=now,
        party_id=row.party_id, facts={"slot": row.slot, "paper": str(row.id), "reused": row.reused},
    )  # fmt: skip
