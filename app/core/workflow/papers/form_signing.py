"""The applicant's signature on the form: made here with the account's certificate, or elsewhere and brought back.

A signature stands for one state of the printed answers. A file that was signed elsewhere must begin with the very
bytes of a print that we made for the present answers and kept: a PDF signature is an incremental update, so whatever
else was changed would show, and nothing has to be read out of the file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.core.auth.models import Party
from app.core.auth.permissions import require
from app.core.documents import service as documents
from app.core.documents.models import Document, DocumentState
from app.core.documents.signing import Appearance, SignatureReport, Trust, Verdict, sign_pdf, verify_pdf
from app.core.errors import Conflict, DomainError, FieldProblem, Invalid, NotFound
from app.core.evidence import Subject, record
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.workflow.bases import base_answers
from app.core.workflow.definition import Definition
from app.core.workflow.models import Case
from app.core.workflow.papers.components import PapersNotOpen, may_change, scanned_after
from app.core.workflow.papers.form import SIGNATURE_FIELD, Print, form_digest, has_form, print_form
from app.core.workflow.papers.models import CaseForm, FormState, SigningMethod
from app.core.workflow.papers.permissions import SIGN_FORM
from app.core.workflow.papers.press import Press
from app.core.workflow.papers.representation import counts, signatories
from app.core.workflow.papers.statutory import statutory_form
from app.core.workflow.step import Step

FORM_KIND = "FORM"
PRINT_KIND = "FORM_PRINT"
PROBLEM = "form"

_FAULTS: Mapping[Verdict, str] = {
    Verdict.UNSUPPORTED: N_("The signature in “%(name)s” is of a kind that cannot be checked here."),
    Verdict.BROKEN: N_("The signature of “%(name)s” does not fit the file: it was changed or damaged."),
    Verdict.CHANGED: N_("The file was changed after “%(name)s” had signed it."),
    Verdict.UNTRUSTED: N_("The certificate of “%(name)s” comes from an issuer that is not trusted here."),
    Verdict.REVOKED: N_("The certificate of “%(name)s” was revoked."),
    Verdict.EXPIRED: N_("The certificate of “%(name)s” is not valid at this time."),
}


class FormUnsigned(Invalid):
    """Nobody has signed the form."""

    code = "workflow.form-unsigned"
    title = "The application form is not signed."
    detail = "A dossier is received only with the form signed by a representative of the applicant."
    hint = "Open the papers of the dossier and sign the form, then go on."


class FormOutdated(Invalid):
    """The form was signed before the answers were changed."""

    code = "workflow.form-outdated"
    title = "The signed form shows other answers."
    detail = (
        "Answers were changed after the form had been signed, so that the signature does not stand for them."
    )
    hint = "Look through the form and sign it again, or change the answers back."


class NotASignatory(Conflict):
    """The certificate belongs to somebody whom the dossier does not declare as representative."""

    code = "workflow.not-a-signatory"
    title = "This certificate cannot sign for the applicant."
    detail = "It names “%(name)s”; the dossier names as representatives: %(allowed)s."
    hint = "Let a representative sign, or enter in the form who signs by power of attorney, and attach that power."


class SignedFileRefused(Invalid):
    """An uploaded signed form that cannot be taken; ``errors`` say why beside the field."""

    code = "workflow.signed-form-refused"
    title = "The signed form cannot be accepted."


@dataclass(frozen=True, slots=True)
class FormStatus:
    """Where the form stands: ``unsigned``, ``outdated`` (signed for other answers) or ``signed``."""

    state: str
    form: CaseForm | None = None


def form_status(session: Session, case: Case, definition: Definition) -> FormStatus:
    """
    Return whether the newest signature stands for the present answers.

    One by hand stands for the scans too that were compared with the paper: a later one has to be compared as well.
    """
    newest = session.scalar(
        select(CaseForm)
        .where(CaseForm.case_id == case.id, CaseForm.state == FormState.SIGNED)
        .order_by(CaseForm.at.desc(), CaseForm.id.desc())
        .limit(1)
    )
    if newest is None:
        return FormStatus("unsigned")
    same = newest.digest == form_digest(definition, case.answers)
    if newest.method == SigningMethod.PAPER and scanned_after(session, case, newest):
        same = False
    return FormStatus("signed" if same else "outdated", newest)


def form_signed(step: Step) -> DomainError | None:
    """Refuse a dossier whose form is not signed, or signed for an older state of the answers."""
    if not has_form(step.definition):
        return None
    match form_status(step.session, step.case, step.definition).state:
        case "signed":
            return None
        case "outdated":
            return FormOutdated(errors=[FieldProblem(PROBLEM, FormOutdated.code, FormOutdated.detail)])
        case _:
            return FormUnsigned(errors=[FieldProblem(PROBLEM, FormUnsigned.code, FormUnsigned.detail)])


def prepare_form(
    session: Session, *, press: Press, case: Case, definition: Definition, actor: Actor, now: datetime
) -> Document:
    """
    Make the print that is signed elsewhere, and keep it; the same answers give the same print again.

    :raises PapersNotOpen: the dossier is not with the actor.
    :raises TextNotPrintable: an answer has characters that no font of the installation has.
    """
    digest = _open_digest(case, definition, actor)
    known = next(iter(_prints(session, case, digest)), None)
    if known is not None:
        return known.document
    pdf = print_form(definition, case.answers, _order(session, press, case, now))
    form = _form(case, digest, actor, now, FormState.PREPARED)
    form.document = documents.store_paper(
        session, store=press.store, pdf=pdf, title=_title(definition), kind=PRINT_KIND,
        party_id=case.party_id, subject=Subject("form", form.id), actor=actor, now=now,
    )  # fmt: skip
    session.add(form)
    session.flush()  # the download that follows reads the row
    return form.document


def sign_form(
    session: Session, *, press: Press, case: Case, definition: Definition, actor: Actor, now: datetime
) -> CaseForm:
    """
    Print the present answers and sign them with the actor's own certificate. The caller has seen to the step-up.

    :raises Forbidden: the actor may not sign for this applicant.
    :raises PapersNotOpen: the dossier is not with the actor.
    :raises NoSigningKey: the actor has no valid certificate.
    :raises NotASignatory: the certificate names nobody whom the dossier declares as representative.
    """
    require(actor, SIGN_FORM, party_id=case.party_id)
    digest = _open_digest(case, definition, actor)
    key = press.signing.key_for(str(actor.user_id), now=now)
    require_signatory(session, case, definition, actor, key.identity.name)
    order = _order(session, press, case, now, signer=key.identity.name)
    signed = sign_pdf(
        print_form(definition, case.answers, order),
        key=key,
        field=SIGNATURE_FIELD,
        at=now,
        reason=case.code or definition.code,
        location=press.zone.city["vi"],
        appearance=Appearance(zone=press.zone.tz),
    )
    return _keep_signed(
        session, press, case, definition, signed, digest=digest, signer=key.identity.name,
        method=SigningMethod.CERTIFICATE, actor=actor, now=now,
    )  # fmt: skip


def accept_signed_form(
    session: Session,
    *,
    press: Press,
    case: Case,
    definition: Definition,
    pdf: bytes,
    trust: Trust,
    actor: Actor,
    now: datetime,
) -> CaseForm:
    """
    Take a print that was signed elsewhere.

    :param pdf: the uploaded file, inspected.
    :param trust: roots and revocation lists that count.
    :raises SignedFileRefused: not a print of the present answers, not validly signed, or signed by somebody else.
    :raises Forbidden: the actor may not sign for this applicant.
    :raises PapersNotOpen: the dossier is not with the actor.
    """
    require(actor, SIGN_FORM, party_id=case.party_id)
    digest = _open_digest(case, definition, actor)
    prints = [press.store.read(each.document.sha256) for each in _prints(session, case, digest)]
    if not any(pdf.startswith(original) for original in prints):
        raise _refused(
            "not-our-print",
            N_(
                "This is not the form that was printed here for the present answers, or it was saved anew meanwhile."
            ),
        )
    reports = verify_pdf(pdf, trust=trust, now=now)
    signer = _matching_signer(session, case, definition, actor, reports)
    return _keep_signed(
        session, press, case, definition, pdf, digest=digest, signer=signer, method=SigningMethod.UPLOAD,
        actor=actor, now=now,
    )  # fmt: skip


def require_signatory(
    session: Session, case: Case, definition: Definition, actor: Actor, name: str
) -> None:  # fmt: skip
    """
    Refuse a signature by somebody who does not represent the applicant as far as the dossier says.

    :raises NotASignatory: naming who would.
    """
    allowed = signatories(session, case, definition, actor)
    if not counts(name, allowed):
        raise NotASignatory(name=name, allowed=", ".join(allowed))


def _matching_signer(
    session: Session, case: Case, definition: Definition, actor: Actor, reports: list[SignatureReport]
) -> str:
    if not reports:
        raise _refused(
            "unsigned", N_("The file carries no signature. Sign it with a digital certificate first.")
        )
    faulty = next((each for each in reports if each.verdict is not Verdict.VALID), None)
    if faulty is not None:
        raise _refused(
            f"signature-{faulty.verdict.value.lower()}",
            _FAULTS[faulty.verdict],
            name=faulty.signer.name or faulty.field,
        )
    allowed = signatories(session, case, definition, actor)
    names = [each.signer.name for each in reports]
    found = next((name for name in names if counts(name, allowed)), None)
    if found is None:
        raise _refused(
            "other-signer",
            N_(
                "The certificate names “%(name)s”, who does not represent the applicant as far as the dossier says."
            ),
            name=", ".join(names),
        )
    return found


def _open_digest(case: Case, definition: Definition, actor: Actor) -> str:
    if not has_form(definition):
        raise NotFound
    if not may_change(case, definition, actor):
        raise PapersNotOpen
    return form_digest(definition, case.answers)


def _order(session: Session, press: Press, case: Case, now: datetime, *, signer: str = "") -> Print:
    applicant = session.scalar(select(Party.name).where(Party.id == case.party_id)) or ""
    return Print(
        applicant=applicant,
        zone=press.zone,
        at=now,
        for_signing=True,
        signer=signer,
        before=base_answers(session, case),
    )


def _prints(session: Session, case: Case, digest: str) -> list[CaseForm]:
    query = (
        select(CaseForm)
        .where(CaseForm.case_id == case.id, CaseForm.state == FormState.PREPARED, CaseForm.digest == digest)
        .options(joinedload(CaseForm.document))
        .order_by(CaseForm.at, CaseForm.id)
    )
    return list(session.scalars(query))


def _form(case: Case, digest: str, actor: Actor, now: datetime, state: FormState, **signed: str) -> CaseForm:
    assert actor.user_id is not None, "only a person or a client prints for signing"
    return CaseForm(
        id=uuid7(), case_id=case.id, party_id=case.party_id, digest=digest, state=state.value, at=now,
        by=actor.user_id, **signed,
    )  # fmt: skip


def _keep_signed(
    session: Session, press: Press, case: Case, definition: Definition, pdf: bytes, *, digest: str, signer: str,
    method: SigningMethod, actor: Actor, now: datetime,
) -> CaseForm:  # fmt: skip
    form = _form(case, digest, actor, now, FormState.SIGNED, method=method.value, signer=signer)
    form.document = documents.store_paper(
        session, store=press.store, pdf=pdf, title=_title(definition), kind=FORM_KIND, party_id=case.party_id,
        subject=Subject("case", case.id), actor=actor, now=now, replaces_id=_earlier(session, case),
    )  # fmt: skip
    session.add(form)
    record(
        session, "workflow:form:sign", subject=Subject("case", case.id), actor=actor, at=now, party_id=case.party_id,
        facts={"answers_sha256": digest, "method": method.value, "file_sha256": form.document.sha256},
        digests={"signer": signer},
    )  # fmt: skip
    session.flush()  # the page that follows reads the row
    return form


def _title(definition: Definition) -> str:
    return f"{statutory_form(definition).title['vi']}.pdf"


def _earlier(session: Session, case: Case) -> UUID | None:
    return session.scalar(
        select(Document.id).where(
            Document.subject_kind == "case",
            Document.subject_id == case.id,
            Document.kind == FORM_KIND,
            Document.state == DocumentState.CURRENT,
        )
    )


def _refused(code: str, reason: str, **params: str) -> SignedFileRefused:
    return SignedFileRefused(errors=[FieldProblem("signed", code, reason, params)])
