"""Issuing Investment Registration Certificates: signed with a key, or printed and signed by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from app.core import outbox
from app.core.auth.parties import find_office
from app.core.documents import printed
from app.core.documents import service as documents
from app.core.documents.letters import allocate_number
from app.core.documents.models import Issued, Letter
from app.core.documents.signing import SignerIdentity
from app.core.errors import Conflict
from app.core.evidence import Subject, record
from app.core.geo import place_from_json
from app.core.kit.actor import Actor
from app.core.kit.codes import format_code
from app.core.kit.ids import uuid7
from app.core.kit.text import fold
from app.core.kit.time import local_day
from app.core.workflow.bases import adjusted, base_answers
from app.core.workflow.definition import Definition
from app.core.workflow.models import Case
from app.core.workflow.papers.form import printed_value
from app.core.workflow.papers.signed_on_paper import PRINT_KIND, PRINT_SUBJECT, take_signed_scan
from app.core.workflow.step import Step
from app.investment import queries
from app.investment.domain.certificate import certificate_content, printed_certificate, printed_changes
from app.investment.events import CertificateIssued
from app.investment.models import Certificate
from app.investment.service.certificate_paper import PressRoom, Sheet, basis_lines, signed_pdf, unsigned_pdf
from app.registry import facade as registry

PAPER_KIND = "IRC"
NUMBER_PREFIX = "GCN"
SUBJECT = "Giấy chứng nhận đăng ký đầu tư"
# Printed where no certificate of the signer ever told the position.
UNKNOWN_POSITION = "Người ký"


class BaseSuperseded(Conflict):
    """The certificate that the dossier adjusts is no longer the one in force."""

    code = "investment.base-superseded"
    title = "The certificate has changed meanwhile."
    detail = "The dossier adjusts a revision of certificate %(number)s that is no longer in force."
    hint = "Send the dossier back; a new adjustment starts from the content in force."


@dataclass(frozen=True, slots=True)
class _Draft:
    """What is being issued: the content, its revision, and the revision that it supersedes."""

    content: Mapping[str, Any]
    revision: int
    previous: Certificate | None
    parts: Sequence[Mapping[str, Any]]


def issue_certificate(
    session: Session, *, room: PressRoom, case: Case, definition: Definition, actor: Actor, now: datetime
) -> Certificate:
    """
    Make the certificate as a signed PDF and enter it in the register: the first of a new project, or an adjusted one.

    An adjusted certificate keeps number and project; the revision before it ends in law on the day of the signature,
    and its paper leads on to the new one.

    :raises NoSigningKey: the actor has no valid signing certificate.
    :raises TextNotPrintable: an answer has characters that no font of the installation has.
    :raises BaseSuperseded: another revision is in force than the one that the dossier adjusts.
    """
    key = room.signing.key_for(str(actor.user_id), now=now)
    draft = _draft(session, room, case, definition)
    number, letter = _number(session, room, draft, now)
    code = documents.new_verification_code()
    pdf = signed_pdf(room, key, _sheet(session, definition, draft, number, code), now=now)
    document = documents.store_paper(
        session, store=room.store, pdf=pdf, title=f"{_title(draft, number)}.pdf", kind=PAPER_KIND,
        party_id=case.party_id, subject=Subject("case", case.id), actor=actor, now=now,
    )  # fmt: skip
    session.flush()  # the issued paper and the register refer to the document's row
    if letter is not None:
        letter.document = document
    issued = documents.issue(
        session, document=document, verification_code=code, number=number, public=_public(draft), actor=actor, now=now
    )  # fmt: skip
    return _enter(session, room, case, draft, issued, actor=actor, now=now)


def print_certificate(
    session: Session, *, room: PressRoom, case: Case, definition: Definition, actor: Actor, now: datetime
) -> Issued:
    """
    Number the certificate and print it for a signature by hand; it comes into force with the signed sheet.

    :param actor: who is going to sign.
    :raises TextNotPrintable: an answer has characters that no font of the installation has.
    :raises BaseSuperseded: another revision is in force than the one that the dossier adjusts.
    """
    draft = _draft(session, room, case, definition)
    number, letter = _number(session, room, draft, now)
    code = documents.new_verification_code()
    signer = room.signing.identity_of(str(actor.user_id)) or SignerIdentity(
        str(actor.user_id), actor.name, UNKNOWN_POSITION, room.zone.authority.name["vi"]
    )
    pdf = unsigned_pdf(room, signer, _sheet(session, definition, draft, number, code), now=now)
    document = documents.store_paper(
        session, store=room.store, pdf=pdf, title=f"{_title(draft, number)} (bản in để ký).pdf", kind=PRINT_KIND,
        party_id=case.party_id, subject=Subject(PRINT_SUBJECT, case.id), actor=actor, now=now,
    )  # fmt: skip
    session.flush()  # the entry of the paper and the register of numbers refer to the document's row
    if letter is not None:
        letter.document = document
    public = {**_public(draft), "signer": signer.name, "position": signer.position}
    return printed.issue_print(
        session, document=document, kind=PAPER_KIND, verification_code=code, number=number, public=public,
        actor=actor, now=now,
    )  # fmt: skip


def enter_signed_certificate(step: Step, *, room: PressRoom) -> Certificate:
    """
    Enter a certificate in the register whose signed sheet was filed; it is of the day that was printed on it.

    :raises NothingPrinted: no print waits.
    :raises BaseSuperseded: another revision is in force than the one that the dossier adjusts.
    """
    draft = _draft(step.session, room, step.case, step.definition)
    issued, _ = take_signed_scan(step)
    return _enter(step.session, room, step.case, draft, issued, actor=step.actor, now=step.now)


def _enter(
    session: Session,
    room: PressRoom,
    case: Case,
    draft: _Draft,
    issued: Issued,
    *,
    actor: Actor,
    now: datetime,
) -> Certificate:
    """Register the project and the certificate by the entry of its paper; what was in force before ends."""
    content, previous = draft.content, draft.previous
    day = local_day(issued.issued_at, room.zone.tz)
    project_id = _project(session, case, draft, actor=actor, now=now)
    session.flush()  # the place and the certificate refer to the rows of project and paper
    if case.answers.get("place"):
        registry.keep_place(
            session, project_id=project_id, place=place_from_json(case.answers["place"]), now=now
        )
    if previous is not None:
        _supersede(
            session,
            previous,
            by=issued.verification_code,
            revision=draft.revision,
            day=day,
            actor=actor,
            now=now,
        )
    certificate = Certificate(
        id=uuid7(), party_id=case.party_id, project_id=project_id, case_id=case.id, number=issued.number,
        revision=draft.revision, valid=Range(day, None, bounds="[)"), recorded=Range(now, None, bounds="[)"),
        content=content, document_id=issued.document.id, verification_code=issued.verification_code,
        signed_at=issued.issued_at, site=content["location"]["site"], folded=_folded(draft, issued.number),
        medium=issued.medium,
    )  # fmt: skip
    session.add(certificate)
    _tell(session, certificate, actor=actor, now=now)
    return certificate


def _sheet(session: Session, definition: Definition, draft: _Draft, number: str, code: str) -> Sheet:
    return Sheet(number, draft.parts, basis_lines(session, definition), code)


def _public(draft: _Draft) -> dict[str, str]:
    """Return what anybody with the code may read."""
    content = draft.content
    public = {"project_name_vi": content["project_name_vi"], "investor_name": content["investor_name"]}
    return public | ({"project_code": content["project_code"]} if content["project_code"] else {})


def _title(draft: _Draft, number: str) -> str:
    return number if draft.previous is None else f"{number}-{draft.revision}"


def _number(session: Session, room: PressRoom, draft: _Draft, now: datetime) -> tuple[str, Letter | None]:
    """
    Return the number of the certificate; a first one takes the next of its year, without gaps.

    The counter stays locked until the transaction ends, so it comes after everything that may refuse.
    """
    if draft.previous is not None:
        return draft.previous.number, None
    day = local_day(now, room.zone.tz)
    letter = allocate_number(
        session, office_id=find_office(session, room.zone.authority.code).party_id, kind=PAPER_KIND,
        subject=f"{SUBJECT}: {draft.content['project_name_vi']}", issued_on=day, now=now,
        written=lambda number: format_code(NUMBER_PREFIX, day.year, number),
    )  # fmt: skip
    return letter.text, letter


def _draft(session: Session, room: PressRoom, case: Case, definition: Definition) -> _Draft:
    project_code = queries.known_code(session, case)
    content = certificate_content(case.answers, option_labels(definition), project_code=project_code)
    zone = room.zone.name["vi"]
    if case.base_id is None:
        return _Draft(content, 1, None, printed_certificate(content, zone=zone))
    previous = queries.of_case(session, case.base_id)
    if previous is None or queries.present(session, project_id=previous.project_id) is not previous:
        raise BaseSuperseded(number=previous.number if previous else "-")
    revision = previous.revision + 1
    head = printed_changes(
        _printed_changes(session, case, definition), revision=revision, before=previous.signed_at
    )
    body = printed_certificate(content, zone=zone)
    return _Draft(content, revision, previous, [*head, *body])


def _printed_changes(session: Session, case: Case, definition: Definition) -> list[Sequence[str]]:
    """Return what the adjustment changes as rows of the paper: content, before, after."""
    before = base_answers(session, case) or {}
    return [
        (
            change.label["vi"],
            printed_value(change.field, change.before, "vi") or "Không có",
            printed_value(change.field, change.after, "vi") or "Không có",
        )
        for change in adjusted(definition, before, case.answers)
    ]


def _project(session: Session, case: Case, draft: _Draft, *, actor: Actor, now: datetime) -> UUID:
    content = draft.content
    if draft.previous is None:
        return registry.register_project(
            session, party_id=case.party_id, name_vi=content["project_name_vi"], site=case.answers["site"],
            actor=actor, now=now, name_en=content["project_name_en"], code=content["project_code"],
        )  # fmt: skip
    registry.update_project(
        session, project_id=draft.previous.project_id, name_vi=content["project_name_vi"],
        name_en=content["project_name_en"], site=case.answers["site"], code=content["project_code"], actor=actor,
        now=now,
    )  # fmt: skip
    return draft.previous.project_id


def _supersede(
    session: Session, previous: Certificate, *, by: str, revision: int, day: date, actor: Actor, now: datetime
) -> None:
    """
    End a revision in law, and keep beside it what the register said of it until now.

    A revision that is superseded on its own first day never held on any other: no closed row is left of it.
    """
    session.flush()  # the paper that is amended leads on to the row of the new one
    documents.amend(
        session, code=previous.verification_code, replaced_by=by, reason=f"Điều chỉnh lần thứ {revision - 1}",
        actor=actor, now=now,
    )  # fmt: skip
    began = previous.valid.lower
    previous.recorded = Range(previous.recorded.lower, now, bounds="[)")
    session.flush()  # the exclusion constraint must see the closed record before the rows that follow
    if began is not None and began < day:
        known = Certificate(
            id=uuid7(), party_id=previous.party_id, project_id=previous.project_id, case_id=previous.case_id,
            number=previous.number, revision=previous.revision, valid=Range(began, day, bounds="[)"),
            recorded=Range(now, None, bounds="[)"), content=previous.content, document_id=previous.document_id,
            verification_code=previous.verification_code, signed_at=previous.signed_at, site=previous.site,
            folded=previous.folded, medium=previous.medium,
        )  # fmt: skip
        session.add(known)


def _folded(draft: _Draft, number: str) -> str:
    content = draft.content
    names = (number, content["project_code"], content["project_name_vi"], content["project_name_en"])
    return fold(" ".join(each for each in (*names, content["investor_name"]) if each))


def told_to_registry(case: Case, definition: Definition, *, authority: str) -> dict[str, Any]:
    """
    Return what the national registry is told of a project: what the certificate will say, no papers of persons.

    :param authority: code of the authority that asks.
    """
    content = certificate_content(case.answers, option_labels(definition))
    project = {
        name: content[name]
        for name in (
            "project_name_vi",
            "project_name_en",
            "objective",
            "scale",
            "capital",
            "capital_usd",
            "term_years",
        )
    }
    investors = [{name: each[name] for name in ("kind", "name", "country")} for each in content["investors"]]
    return {
        "dossier": case.code or "",
        "authority": authority,
        "remark": "",
        "project": {
            **project,
            "industry": content["industry"]["code"],
            "site": content["location"]["site_label"],
            "investors": investors,
        },
    }


def option_labels(definition: Definition) -> dict[str, str]:
    """Return the Vietnamese labels of all options, as ``field:code`` and for columns ``field.column:code``."""
    return {name: label["vi"] for name, label in queries.option_texts(definition).items()}


def _tell(session: Session, certificate: Certificate, *, actor: Actor, now: datetime) -> None:
    record(
        session, "investment:certificate:issue", subject=Subject("certificate", certificate.id), actor=actor, at=now,
        party_id=certificate.party_id, facts={"number": certificate.number, "revision": certificate.revision},
    )  # fmt: skip
    issued = CertificateIssued(
        certificate_id=certificate.id, project_id=certificate.project_id, case_id=certificate.case_id,
        number=certificate.number, revision=certificate.revision,
    )  # fmt: skip
    outbox.publish(session, issued, actor=actor, at=now, party_id=certificate.party_id)
