"""A signature by hand: on paper at the counter, certified by the officer who compared the scan with the paper."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.documents.models import Document
from app.core.errors import FieldProblem, Invalid, NotFound
from app.core.evidence import Subject, record
from app.core.i18n import N_
from app.core.kit.actor import ANONYMOUS, Actor
from app.core.kit.ids import uuid7
from app.core.workflow.definition import Definition
from app.core.workflow.models import Case
from app.core.workflow.papers.components import Attachment, PapersNotOpen, Slot, locked_open, slots
from app.core.workflow.papers.form import form_digest, has_form
from app.core.workflow.papers.models import CaseForm, FormState, SigningMethod, Source
from app.core.workflow.papers.representation import counts, declared, signatories
from app.core.workflow.standing_in import note_typist


class NotCertified(Invalid):
    """The signature by hand cannot be certified as it is; ``errors`` say why beside the field."""

    code = "workflow.hand-signature-faulty"
    title = "The signature on the paper form was not certified."


@dataclass(frozen=True, slots=True)
class HandSigning:
    """What is certified: the scan of the form, the other scans, whose signature counts, and the answers' digest."""

    form: Slot | None
    scanned: Sequence[Slot]
    signatories: Sequence[str]
    digest: str


def to_certify(session: Session, case: Case, definition: Definition) -> HandSigning:
    """
    Return what an officer has to compare with the papers on the desk.

    :raises NotFound: the procedure has no form.
    """
    if not has_form(definition):
        raise NotFound
    scanned = [each for each in slots(session, case, definition) if _scans(each)]
    form = next((each for each in scanned if each.from_form), None)
    # A hand signs with a person's name; the applicant's own stands in where the form asks for nobody's.
    names = declared(definition, case.answers) or signatories(session, case, definition, ANONYMOUS)
    return HandSigning(form, scanned, list(dict.fromkeys(names)), form_digest(definition, case.answers))


def certify_form(
    session: Session, *, case: Case, definition: Definition, signer: str, compared: bool, actor: Actor, now: datetime
) -> CaseForm:  # fmt: skip
    """
    Certify that the scans were compared with the papers, and that a representative signed the form by hand.

    It stands for the present answers and scans: whatever changes later is compared and certified again.

    :param compared: the officer declares it.
    :raises PapersNotOpen: the dossier is not entered at the actor's counter.
    :raises NotCertified: no scan of the form, nobody chosen who may sign, or no declaration; all is listed.
    """
    case = locked_open(session, case, definition, actor)
    if not actor.is_officer or actor.user_id is None:
        raise PapersNotOpen
    found = to_certify(session, case, definition)
    _refuse_faulty(found, signer, compared=compared)
    assert found.form is not None, "a missing scan is refused before"
    note_typist(case, actor)
    scan = _scans(found.form)[-1]
    form = CaseForm(
        id=uuid7(), case_id=case.id, party_id=case.party_id, digest=found.digest, state=FormState.SIGNED.value,
        document_id=scan.document_id, method=SigningMethod.PAPER.value, signer=signer, at=now, by=actor.user_id,
    )  # fmt: skip
    session.add(form)
    held = [file.document_id for each in found.scanned for file in _scans(each)]
    hashes = session.scalars(select(Document.sha256).where(Document.id.in_(held)).order_by(Document.sha256))
    record(
        session, "workflow:form:certify", subject=Subject("case", case.id), actor=actor, at=now,
        party_id=case.party_id, digests={"signer": signer},
        facts={"answers_sha256": found.digest, "method": form.method, "scans_sha256": list(hashes)},
    )  # fmt: skip
    session.flush()  # the page that follows reads the row
    return form


def _refuse_faulty(found: HandSigning, signer: str, *, compared: bool) -> None:
    problems = []
    if found.form is None:
        reason = N_("The signed form is not scanned yet. Put its scan to the papers first.")
        problems.append(FieldProblem("scan", "missing", reason))
    if not counts(signer, found.signatories):
        reason = N_("Choose whose signature stands on the form: a representative whom the dossier names.")
        problems.append(FieldProblem("signer", "missing", reason))
    if not compared:
        reason = N_("Compare the scans with the papers, then tick this.")
        problems.append(FieldProblem("compared", "missing", reason))
    if problems:
        raise NotCertified(errors=problems)


def _scans(found: Slot) -> list[Attachment]:
    return [each for each in found.attachments if each.source is Source.SCAN]
