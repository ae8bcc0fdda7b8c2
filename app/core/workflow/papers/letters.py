"""Letters of the desk: made in the layout of Decree 30/2020, numbered without gaps, verifiable, and in the register."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import law
from app.core.auth.models import Office, Party
from app.core.auth.parties import find_office
from app.core.documents import service as documents
from app.core.documents.letters import allocate_number
from app.core.documents.models import Document
from app.core.documents.signing import Appearance, NoSigningKey, SigningKey, sign_pdf
from app.core.documents.typeset import JSON, qr_svg, typeset
from app.core.evidence import Subject, record
from app.core.kit.actor import Actor
from app.core.kit.personal import reveal
from app.core.kit.time import local_day
from app.core.workflow.definition import Definition
from app.core.workflow.models import Case, Visit
from app.core.workflow.papers import letter_texts as texts
from app.core.workflow.papers.components import slots
from app.core.workflow.papers.press import Press
from app.core.workflow.step import Effect, Step

TEMPLATE = "case_letter"
SIGNATURE_FIELD = "signer"
_UNSIGNED = "(Văn bản điện tử không ký số; xác thực bằng mã bên dưới)"


class LetterKind(StrEnum):
    """The letters of a dossier; each kind has its own sequence of numbers."""

    RECEIPT = "RECEIPT"
    SUPPLEMENT = "SUPPLEMENT"
    NOT_ACCEPTED = "NOT_ACCEPTED"
    REFUSAL = "REFUSAL"
    APOLOGY = "APOLOGY"


@dataclass(frozen=True, slots=True)
class _Sheet:
    """One letter on its way: what is printed around its body."""

    form: texts.LetterForm
    facts: texts.Facts
    number: str
    subject: str
    code: str
    key: SigningKey | None
    at: datetime


def issue_letter(
    session: Session,
    *,
    press: Press,
    case: Case,
    definition: Definition,
    kind: LetterKind,
    params: Mapping[str, Any],
    actor: Actor,
    now: datetime,
) -> Document:
    """
    Number a letter, make it, sign it where the actor has a certificate, store it, and make it verifiable.

    The number comes last of all that may wait: its counter stays locked until the transaction ends.

    :param params: ``reason`` (text), ``gaps`` (mappings with ``target``, ``code``, ``note``), ``articles`` (mappings
        with ``instrument``, ``article``), ``new_date`` (text), as far as the kind needs them.
    :raises TextNotPrintable: a text has characters that no font of the installation has.

    Source: Decree 30/2020/NĐ-CP, article 15 and annex I (numbers and layout).
    """
    form, facts = texts.letter_forms()[kind], _facts(session, press, case, definition, now)
    key = _key(press, actor, now) if form.signed else None
    body = texts.content(kind, facts, params, definition)
    basis = texts.basis_lines(definition, law.instruments(session), params.get("articles") or ())
    subject = form.subject % facts.words()
    letter = allocate_number(
        session, office_id=find_office(session, press.zone.authority.code).party_id, kind=kind.value,
        symbol=_symbol(session, press, form, case), subject=subject, issued_on=local_day(now, press.zone.tz), now=now,
    )  # fmt: skip
    sheet = _Sheet(form, facts, letter.text, subject, documents.new_verification_code(), key, now)
    document = documents.store_paper(
        session, store=press.store, pdf=_pdf(press, sheet, body, basis, actor),
        title=f"{form.title} {letter.text.replace('/', '-')}.pdf", kind=kind.value, party_id=case.party_id,
        subject=Subject("case", case.id), actor=actor, now=now,
    )  # fmt: skip
    session.flush()  # the register and the public record refer to the document's row
    letter.document = document
    public = {"subject": form.title, "case_code": facts.code}
    documents.issue(
        session, document=document, verification_code=sheet.code, number=letter.text, public=public, actor=actor,
        now=now,
    )  # fmt: skip
    record(
        session, "workflow:letter:issue", subject=Subject("case", case.id), actor=actor, at=now,
        party_id=case.party_id, facts={"kind": kind.value, "number": letter.text, "signed": key is not None},
    )  # fmt: skip
    return document


def letter_effects(press: Press) -> Mapping[str, Effect]:
    """Return the effects by which steps send letters: ``letter_<kind>``, fed by what was given with the step."""
    return {f"letter_{kind.value.lower()}": _effect(press, kind) for kind in LetterKind}


def _effect(press: Press, kind: LetterKind) -> Callable[[Step], None]:
    def send(step: Step) -> None:
        """Send the letter of this step."""
        document = issue_letter(
            step.session, press=press, case=step.case, definition=step.definition, kind=kind, params=step.input,
            actor=step.actor, now=step.now,
        )  # fmt: skip
        step.facts["letter"] = kind.value
        step.facts["letter_sha256"] = document.sha256

    return send


def _facts(session: Session, press: Press, case: Case, definition: Definition, now: datetime) -> texts.Facts:
    zone = press.zone
    office = next(
        (each.name["vi"] for each in zone.divisions if each.code == case.office), zone.authority.name["vi"]
    )
    filled = [
        (each.component.title["vi"], len(each.attachments) or int(each.from_form))
        for each in slots(session, case, definition)
        if each.attachments or each.from_form
    ]
    limit = law.at(session, local_day(case.accepted_at or now, zone.tz)).find(
        definition.limit_key(case.limit_code)
    )
    special = next((each for each in definition.special_limits if each.code == case.limit_code), None)
    return texts.Facts(
        code=case.code or "…",
        applicant=session.scalar(select(Party.name).where(Party.id == case.party_id)) or "",
        procedure=definition.title["vi"],
        agency=zone.authority.name["vi"],
        office=office,
        channel=case.channel,
        presenter=_presenter(session, case),
        submitted_at=case.submitted_at,
        accepted_at=case.accepted_at,
        appointment_at=case.appointment_at,
        rescheduled_to=case.rescheduled_to,
        limit=limit.limit() if limit is not None else None,
        limit_case=special.title["vi"] if special else "",
        components=filled,
        track=f"{press.origin}/track?code={case.code}",
        zone=zone.tz,
    )


def _presenter(session: Session, case: Case) -> str:
    """Return who brought the papers to the counter last; empty for a dossier that came online."""
    if case.desk_id is None:
        return ""
    last = select(Visit).where(Visit.case_id == case.id).order_by(Visit.at.desc(), Visit.id.desc())
    found = session.scalars(last.limit(1)).first()
    return str(reveal(found.presenter.get("name", ""))) if found is not None else ""


def _symbol(session: Session, press: Press, form: texts.LetterForm, case: Case) -> str:
    division = session.scalar(select(Office.symbol).where(Office.code == case.office))
    return form.symbol % {
        "authority": press.zone.authority.letter_symbol,
        "division": division or case.office,
    }


def _key(press: Press, actor: Actor, now: datetime) -> SigningKey | None:
    """Return the actor's certificate; a letter without one goes out unsigned and says so."""
    if actor.user_id is None:
        return None
    try:
        return press.signing.key_for(str(actor.user_id), now=now)
    except NoSigningKey:
        return None


def _pdf(press: Press, sheet: _Sheet, body: list[texts.Part], basis: list[str], actor: Actor) -> bytes:
    pdf = typeset(TEMPLATE, _data(press, sheet, body, basis, actor), at=sheet.at)
    if sheet.key is None:
        return pdf
    return sign_pdf(
        pdf, key=sheet.key, field=SIGNATURE_FIELD, at=sheet.at, reason=sheet.number, location=press.zone.city["vi"],
        appearance=Appearance(zone=press.zone.tz),
    )  # fmt: skip


def _data(
    press: Press, sheet: _Sheet, body: list[texts.Part], basis: list[str], actor: Actor
) -> dict[str, JSON]:
    zone, form, day = press.zone, sheet.form, local_day(sheet.at, press.zone.tz)
    url = f"{press.origin}/verify/{sheet.code}"
    return {
        "subject": sheet.subject,
        "header": {
            "parent": zone.authority.parent["vi"],
            "agency": zone.authority.name["vi"],
            "number": sheet.number,
            "place": zone.city["vi"],
            "date": f"ngày {day.day:02d} tháng {day.month:02d} năm {day.year}",
            "abstract": f"V/v {sheet.subject[0].lower()}{sheet.subject[1:]}" if form.official else None,
        },
        "title": None if form.official else form.title,
        "about": None,
        "addressees": [sheet.facts.applicant],
        "basis": basis,
        "content": body,
        "recipients": ["Như trên;", "Lưu: hồ sơ."],
        "signature": _signature(press, sheet, actor),
        "verification": {"qr": qr_svg(url), "caption": "Xác thực tại:", "code": sheet.code, "url": url},
    }


def _signature(press: Press, sheet: _Sheet, actor: Actor) -> dict[str, JSON]:
    if sheet.key is None:
        name = actor.name if actor.user_id is not None else sheet.facts.office
        return {"position": sheet.form.position, "note": _UNSIGNED, "name": name}
    return {
        "authority": press.zone.authority.name["vi"],
        "position": sheet.key.identity.position,
        "field": SIGNATURE_FIELD,
        "name": sheet.key.identity.name,
    }
