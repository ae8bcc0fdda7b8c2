"""Issuing Investment Registration Certificates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from app.core import law, outbox
from app.core.documents import service as documents
from app.core.documents.signing import Appearance, DevelopmentAuthority, SigningKey, sign_pdf
from app.core.documents.store import FileStore
from app.core.documents.typeset import qr_svg, typeset
from app.core.errors import Conflict
from app.core.evidence import Subject, record
from app.core.geo import place_from_json
from app.core.kit.actor import Actor
from app.core.kit.codes import format_code
from app.core.kit.ids import uuid7
from app.core.kit.text import fold
from app.core.kit.time import local_day
from app.core.settings.zone import ZoneConfig
from app.core.workflow.bases import adjusted, base_answers
from app.core.workflow.definition import Definition
from app.core.workflow.models import Case
from app.core.workflow.papers.form import printed_value
from app.investment import queries
from app.investment.domain.certificate import certificate_content, printed_certificate, printed_changes
from app.investment.events import CertificateIssued
from app.investment.models import Certificate
from app.registry import facade as registry

PAPER = Path(__file__).parents[1] / "papers" / "certificate.typ"
PAPER_KIND = "IRC"
SIGNATURE_FIELD = "signer"
NUMBER_PREFIX = "GCN"


@dataclass(frozen=True, slots=True)
class PressRoom:
    """What making a signed paper takes: where files go, whose keys sign, for which zone and address."""

    store: FileStore
    signing: DevelopmentAuthority
    zone: ZoneConfig
    origin: str


class BaseSuperseded(Conflict):
    """The certificate that the dossier adjusts is no longer the one in force."""

    code = "investment.base-superseded"
    title = "The certificate has changed meanwhile."
    detail = "The dossier adjusts a revision of certificate %(number)s that is no longer in force."
    hint = "Send the dossier back; a new adjustment starts from the content in force."


@dataclass(frozen=True, slots=True)
class _Draft:
    """What is being issued: the content, its number and revision, and the revision that it supersedes."""

    content: Mapping[str, Any]
    number: str
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
    day = local_day(now, room.zone.tz)
    draft = _draft(session, room, case, definition, day)
    content, previous = draft.content, draft.previous
    code = documents.new_verification_code()
    key = room.signing.key_for(str(actor.user_id), now=now)
    project_id = _project(session, case, draft, actor=actor, now=now)
    pdf = _signed_pdf(room, key, draft=draft, basis=_basis(session, definition), code=code, now=now)
    title = draft.number if previous is None else f"{draft.number}-{draft.revision}"
    document = documents.store_paper(
        session, store=room.store, pdf=pdf, title=f"{title}.pdf", kind=PAPER_KIND, party_id=case.party_id,
        subject=Subject("case", case.id), actor=actor, now=now,
    )  # fmt: skip
    session.flush()  # the issued paper and the register refer to the document's row
    if case.answers.get("place"):
        registry.keep_place(
            session, project_id=project_id, place=place_from_json(case.answers["place"]), now=now
        )
    public = {"project_name_vi": content["project_name_vi"], "investor_name": content["investor_name"]}
    if content["project_code"]:
        public["project_code"] = content["project_code"]
    documents.issue(
        session,
        document=document,
        verification_code=code,
        number=draft.number,
        public=public,
        actor=actor,
        now=now,
    )
    if previous is not None:
        _supersede(session, previous, by=code, revision=draft.revision, day=day, actor=actor, now=now)
    certificate = Certificate(
        id=uuid7(), party_id=case.party_id, project_id=project_id, case_id=case.id, number=draft.number,
        revision=draft.revision, valid=Range(day, None, bounds="[)"), recorded=Range(now, None, bounds="[)"),
        content=content, document_id=document.id, verification_code=code, signed_at=now,
        site=content["location"]["site"], folded=_folded(draft),
    )  # fmt: skip
    session.add(certificate)
    _tell(session, certificate, actor=actor, now=now)
    return certificate


def _draft(session: Session, room: PressRoom, case: Case, definition: Definition, day: date) -> _Draft:
    project_code = queries.known_code(session, case)
    content = certificate_content(case.answers, option_labels(definition), project_code=project_code)
    zone = room.zone.name["vi"]
    if case.base_id is None:
        return _Draft(content, _next_number(session, day), 1, None, printed_certificate(content, zone=zone))
    previous = queries.of_case(session, case.base_id)
    if previous is None or queries.present(session, project_id=previous.project_id) is not previous:
        raise BaseSuperseded(number=previous.number if previous else "-")
    revision = previous.revision + 1
    head = printed_changes(
        _printed_changes(session, case, definition), revision=revision, before=previous.signed_at
    )
    body = printed_certificate(content, zone=zone)
    return _Draft(content, previous.number, revision, previous, [*head, *body])


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
            folded=previous.folded,
        )  # fmt: skip
        session.add(known)


def _folded(draft: _Draft) -> str:
    content = draft.content
    names = (draft.number, content["project_code"], content["project_name_vi"], content["project_name_en"])
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


def _signed_pdf(
    room: PressRoom,
    key: SigningKey,
    *,
    draft: _Draft,
    basis: Sequence[str],
    code: str,
    now: datetime,
) -> bytes:
    data = _paper(room, key, draft=draft, basis=basis, code=code, now=now)
    return sign_pdf(
        typeset(PAPER, data, at=now),
        key=key,
        field=SIGNATURE_FIELD,
        at=now,
        reason=draft.number,
        location=room.zone.city["vi"],
        appearance=Appearance(zone=room.zone.tz),
    )


def _paper(
    room: PressRoom,
    key: SigningKey,
    *,
    draft: _Draft,
    basis: Sequence[str],
    code: str,
    now: datetime,
) -> dict[str, Any]:
    """Return the data of the paper; every text is Vietnamese, the authentic language of the certificate."""
    zone, day = room.zone, local_day(now, room.zone.tz)
    url = f"{room.origin}/verify/{code}"
    return {
        "header": {
            "parent": zone.authority.parent["vi"],
            "agency": zone.authority.name["vi"],
            "number": draft.number,
            "place": zone.city["vi"],
            "date": f"ngày {day.day:02d} tháng {day.month:02d} năm {day.year}",
        },
        "zone": zone.name["vi"],
        "basis": basis,
        "parts": list(draft.parts),
        "signature": {
            "authority": zone.authority.name["vi"],
            "position": key.identity.position,
            "field": SIGNATURE_FIELD,
            "name": key.identity.name,
        },
        "verification": {"qr": qr_svg(url), "caption": "Xác thực tại:", "code": code, "url": url},
    }


def _basis(session: Session, definition: Definition) -> list[str]:
    """Return the legal basis as a paper cites it."""
    known = law.instruments(session)
    found = [(known[each.instrument], each.article) for each in definition.basis]
    cited = [(f"{instrument.title['vi']} số {instrument.number}", article) for instrument, article in found]
    return [f"Căn cứ {title}, Điều {article};" if article else f"Căn cứ {title};" for title, article in cited]


def option_labels(definition: Definition) -> dict[str, str]:
    """Return the Vietnamese labels of all options, as ``field:code`` and for columns ``field.column:code``."""
    return {name: label["vi"] for name, label in queries.option_texts(definition).items()}


def _next_number(session: Session, day: date) -> str:
    number = session.execute(text("select nextval('investment_certificate_number')")).scalar_one()
    return format_code(NUMBER_PREFIX, day.year, number)


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
