"""Scans of the counter: one PDF of the whole paper dossier, split into its components by page ranges."""

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import pikepdf
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.core.documents import service as documents
from app.core.documents.intake import MediaType
from app.core.documents.models import Document, DocumentState
from app.core.errors import Conflict, FieldProblem, Invalid, NotFound
from app.core.evidence import Subject, record
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.workflow.definition import Definition
from app.core.workflow.models import Case
from app.core.workflow.papers import components
from app.core.workflow.papers.components import PapersNotOpen, locked_open
from app.core.workflow.papers.intake import LIMITS, KeptFile
from app.core.workflow.papers.models import SCAN_KIND
from app.core.workflow.papers.press import Press
from app.core.workflow.standing_in import note_typist

SUBJECT = "case-scan"
FIELD = "pages-"
MOST_SHOWN = 12
_RANGE = re.compile(r"\s*([0-9]{1,4})\s*(?:[-–]\s*([0-9]{1,4})\s*)?")


class NotAScan(Conflict):
    """Only a PDF has pages to split."""

    code = "workflow.not-a-scan"
    title = "This file cannot be split."
    detail = "“%(file)s” is no PDF, so it has no pages that could be assigned to papers."
    hint = "Scan the papers into one PDF, or upload each file to its paper."


class PagesFaulty(Invalid):
    """The pages of a scan are not assigned so that each is accounted for; ``errors`` list every fault."""

    code = "workflow.pages-faulty"
    title = "The pages are not assigned completely."


@dataclass(frozen=True, slots=True)
class Scan:
    """A scan of a whole dossier; ``waits`` until its pages are assigned."""

    document_id: UUID
    sha256: str
    name: str
    pages: int
    at: datetime
    waits: bool


@dataclass(frozen=True, slots=True)
class Assigned:
    """The pages of a scan, from 1: by component, and those that belong to no paper."""

    pages: Mapping[str, Sequence[int]]
    left: Sequence[int]


def keep_scan(
    session: Session, *, press: Press, case: Case, definition: Definition, kept: KeptFile, actor: Actor, now: datetime
) -> Scan:  # fmt: skip
    """
    Keep a scan until its pages are assigned; it takes the place of one that waits already.

    :raises PapersNotOpen: the dossier is not entered at the actor's counter.
    :raises NotAScan: the file is no PDF.
    """
    case = _open_at_counter(session, case, definition, actor)
    if kept.media_type != MediaType.PDF:
        raise NotAScan(file=kept.name)
    earlier = waiting_scan(session, press=press, case=case)
    if earlier is not None:
        if earlier.sha256 == kept.file.sha256:
            return earlier
        documents.withdraw_document(session, document_id=earlier.document_id, actor=actor, now=now)
    document = documents.add_document(
        session, file=kept.file, media_type=kept.media_type, title=kept.name, kind=SCAN_KIND, party_id=case.party_id,
        subject=Subject(SUBJECT, case.id), actor=actor, now=now,
    )  # fmt: skip
    note_typist(case, actor)
    session.flush()  # the page that follows reads the row
    return _scan(press, document)


def waiting_scan(session: Session, *, press: Press, case: Case) -> Scan | None:
    """Return the scan of a dossier whose pages are not assigned yet."""
    found = session.scalar(
        _of(case).where(Document.state == DocumentState.CURRENT).order_by(Document.created_at.desc()).limit(1)
    )
    return _scan(press, found) if found is not None else None


def find_scan(session: Session, *, press: Press, case: Case, document_id: UUID) -> Scan:
    """
    Return a scan of a dossier, assigned or not.

    :raises NotFound: the dossier has no such scan.
    """
    found = session.scalar(_of(case).where(Document.id == document_id))
    if found is None:
        raise NotFound
    return _scan(press, found)


def read_ranges(typed: Mapping[str, str], *, pages: int, leave_rest: bool) -> Assigned:
    """
    Read which pages belong to which component.

    :param typed: pages by component, as people write them: ``1-3, 7``.
    :param leave_rest: pages that are named nowhere belong to no paper.
    :raises PagesFaulty: every fault stands beside its component, pages that are left over beside ``leave_rest``.
    """
    problems: list[FieldProblem] = []
    found: dict[str, list[int]] = {}
    taken: set[int] = set()
    for code, text in typed.items():
        if not text.strip():
            continue
        numbers = _numbers(text)
        if (fault := _fault(FIELD + code, numbers, pages, taken)) is not None:
            problems.append(fault)
        found[code] = numbers or []
        taken |= set(found[code])
    rest = [number for number in range(1, pages + 1) if number not in taken]
    if not found:
        reason = N_("Assign the pages to at least one paper.")
        problems.append(FieldProblem(FIELD + next(iter(typed), ""), "missing", reason))
    elif rest and not leave_rest:
        reason = N_(
            "These pages belong to no paper yet: %(pages)s. Assign them, or tick that they belong to none."
        )
        problems.append(FieldProblem("leave_rest", "pages-left", reason, {"pages": shortly(rest)}))
    if problems:
        raise PagesFaulty(errors=problems)
    return Assigned(found, rest)


def cut(press: Press, scan: Scan, assigned: Assigned) -> dict[str, KeptFile]:
    """
    Cut a scan into a PDF for each component; they lie in the store, and no document names them yet.

    The parts are not inspected again: they hold nothing but pages of a file that was.
    """
    body = press.store.read(scan.sha256)
    return {
        code: _kept(press, _part(body, pages), _name(code, pages)) for code, pages in assigned.pages.items()
    }


def assign(
    session: Session, *, case: Case, definition: Definition, scan: Scan, assigned: Assigned,
    parts: Mapping[str, KeptFile], actor: Actor, now: datetime,
) -> None:  # fmt: skip
    """
    Put the parts of a scan into the components; the scan itself stays in the store and leaves the desk.

    :raises PapersNotOpen: the dossier is not entered at the actor's counter.
    :raises NotFound: a component is not asked for.
    :raises DocumentNotCurrent: the scan was assigned or replaced meanwhile.
    """
    case = _open_at_counter(session, case, definition, actor)
    documents.withdraw_document(session, document_id=scan.document_id, actor=actor, now=now)
    for code, part in parts.items():
        components.attach_files(
            session, case=case, definition=definition, code=code, files=[part], actor=actor, now=now
        )
        session.flush()  # the next part asks the database what the dossier has
    record(
        session, "workflow:scan:split", subject=Subject("case", case.id), actor=actor, at=now, party_id=case.party_id,
        facts={"file_sha256": scan.sha256, "pages": {code: list(pages) for code, pages in assigned.pages.items()},
               "left": list(assigned.left)},
    )  # fmt: skip


def shortly(numbers: Iterable[int], joint: str = ", ") -> str:
    """Write page numbers as people do: ``1-3, 7``."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return joint.join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def _open_at_counter(session: Session, case: Case, definition: Definition, actor: Actor) -> Case:
    locked = locked_open(session, case, definition, actor)
    if not actor.is_officer:
        raise PapersNotOpen
    return locked


def _of(case: Case) -> Select[Document]:
    return select(Document).where(
        Document.subject_kind == SUBJECT, Document.subject_id == case.id, Document.kind == SCAN_KIND
    )


def _fault(name: str, numbers: list[int] | None, pages: int, taken: set[int]) -> FieldProblem | None:
    if numbers is None:
        reason = N_("Write pages as numbers and ranges, for example 1-3, 7.")
        return FieldProblem(name, "not-pages", reason)
    if beyond := [number for number in numbers if not 1 <= number <= pages]:
        reason = N_("The scan has %(pages)s pages; there is no page %(number)s.")
        return FieldProblem(name, "no-such-page", reason, {"pages": pages, "number": shortly(beyond)})
    if twice := sorted(taken & set(numbers)):
        reason = N_("Assigned to another paper already: page %(number)s.")
        return FieldProblem(name, "page-twice", reason, {"number": shortly(twice)})
    return None


def _numbers(text: str) -> list[int] | None:
    """Return the pages that a text names, each once; None for what cannot be read."""
    numbers: list[int] = []
    for part in text.replace(";", ",").strip().strip(",").split(","):
        read = _RANGE.fullmatch(part)
        if read is None:
            return None
        first, last = int(read[1]), int(read[2] or read[1])
        if last < first:
            return None
        numbers += range(first, last + 1)
    return list(dict.fromkeys(numbers))


def _part(body: bytes, numbers: Sequence[int]) -> bytes:
    """Return a PDF of some pages; the same pages give the same bytes."""
    with pikepdf.open(io.BytesIO(body)) as source, pikepdf.new() as part:
        for number in numbers:
            part.pages.append(source.pages[number - 1])
        target = io.BytesIO()
        part.save(target, deterministic_id=True)
    return target.getvalue()


def _kept(press: Press, part: bytes, name: str) -> KeptFile:
    stored = press.store.put(io.BytesIO(part), limit_bytes=LIMITS.max_bytes)
    return KeptFile(stored, MediaType.PDF, name)


def _name(code: str, pages: Sequence[int]) -> str:
    """Name a part by its component and the pages of the paper dossier that it holds."""
    return f"{code.lower()}-tr-{shortly(pages[:MOST_SHOWN], '_')}.pdf"


def _scan(press: Press, document: Document) -> Scan:
    with pikepdf.open(io.BytesIO(press.store.read(document.sha256))) as pdf:
        pages = len(pdf.pages)
    return Scan(
        document.id, document.sha256, document.title, pages, document.created_at,
        document.state == DocumentState.CURRENT,
    )  # fmt: skip
