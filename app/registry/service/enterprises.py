"""Enterprises enter the registry here, each with its party, its first history row, evidence and event."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import outbox
from app.core.auth.models import Party, PartyKind
from app.core.auth.parties import create_party
from app.core.auth.permissions import require
from app.core.errors import Conflict, FieldProblem, Invalid
from app.core.evidence import Subject, record
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.kit.text import nfc
from app.registry.domain import (
    HOME,
    EnterpriseKind,
    Source,
    Verification,
    canonical_tax_code,
    enterprise_problems,
)
from app.registry.events import EnterpriseRegistered
from app.registry.models import Change, Enterprise
from app.registry.permissions import MANAGE


class TaxCodeTaken(Conflict):
    """Another enterprise has this tax code."""

    code = "registry.tax-code-taken"
    title = "This tax code is already in the registry."
    detail = "The tax code %(tax_code)s belongs to %(name)s."
    hint = "Open the existing record instead of a second one, or correct the tax code."


class EnterpriseInvalid(Invalid):
    """What is said of an enterprise does not fit together."""

    code = "registry.enterprise-invalid"


@dataclass(frozen=True, slots=True)
class _Provenance:
    verification: Verification
    source: Source
    takeover_id: UUID | None = None


def register_enterprise(
    session: Session,
    *,
    name_vi: str,
    kind: EnterpriseKind,
    actor: Actor,
    now: datetime,
    tax_code: str | None = None,
    name_en: str | None = None,
    country: str = HOME,
    legal_form: str | None = None,
    registration_number: str | None = None,
    established_on: date | None = None,
    phone: str | None = None,
    email: str | None = None,
    website: str | None = None,
    verification: Verification = Verification.DECLARED,
    source: Source = Source.OFFICER,
    party_id: UUID | None = None,
    reason: str = "",
    right: str = MANAGE,
) -> UUID:
    """
    Enter an enterprise with its party and return the key of both (role ftz_officer).

    :param tax_code: as typed; ``None`` for an enterprise founded abroad or not founded yet.
    :param country: of registration, ISO 3166-1 alpha-2.
    :param party_id: key for the party: one chosen by a form, so that sending it twice enters it once, or that of a
        party without a record.
    :param reason: by which paper or request, for the history.
    :param right: permission of another desk whose decision enters the enterprise.
    :raises Forbidden: the actor may not keep the registry.
    :raises EnterpriseInvalid: carries every fault.
    :raises TaxCodeTaken: another enterprise has the tax code.
    """
    require(actor, right)
    values = {
        "name_vi": _clean(name_vi), "name_en": _clean(name_en), "kind": kind, "country": country,
        "tax_code": tax_code, "legal_form": _clean(legal_form), "registration_number": _clean(registration_number),
        "established_on": established_on, "phone": _clean(phone), "email": _clean(email), "website": _clean(website),
    }  # fmt: skip
    return _enter(
        session, values=values, provenance=_Provenance(verification, source), party_id=party_id, reason=reason,
        actor=actor, now=now,
    )  # fmt: skip


def take_over_enterprise(
    session: Session,
    *,
    takeover_id: UUID,
    values: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    reason: str,
) -> UUID:
    """
    Enter an enterprise from a batch of older records: taken over, not verified, and marked with its batch.

    :param values: columns of ``Enterprise`` as ``register_enterprise`` names them; ``name_vi`` and ``kind`` at least.
    :raises Forbidden, EnterpriseInvalid, TaxCodeTaken: as ``register_enterprise``.
    """
    require(actor, MANAGE)
    provenance = _Provenance(Verification.TAKEN_OVER, Source.TAKE_OVER, takeover_id)
    known = {"country": HOME, **values}
    return _enter(
        session, values=known, provenance=provenance, party_id=None, reason=reason, actor=actor, now=now
    )


def _enter(
    session: Session,
    *,
    values: Mapping[str, Any],
    provenance: _Provenance,
    party_id: UUID | None,
    reason: str,
    actor: Actor,
    now: datetime,
) -> UUID:
    if party_id is not None and session.get(Enterprise, party_id) is not None:
        return party_id
    checked = checked_values(session, values)
    key = party_id or uuid7()
    if party_id is None or session.get(Party, party_id) is None:
        create_party(
            session, kind=PartyKind.ENTERPRISE, name=checked["name_vi"], actor=actor, now=now, party_id=key
        )
    enterprise = Enterprise(
        party_id=key, verification=provenance.verification, source=provenance.source,
        takeover_id=provenance.takeover_id, revision=1, created_at=now, updated_at=now, **checked,
    )  # fmt: skip
    session.add(enterprise)
    # Its history, addresses and representatives point to the row, and the mapper knows no order between them.
    session.flush()
    first = {field: [None, as_json(value)] for field, value in checked.items() if value is not None}
    add_change(session, enterprise, what="REGISTERED", values=first, reason=reason, actor=actor, now=now)
    record(
        session, "registry:enterprise:register", subject=Subject("enterprise", key), actor=actor, at=now,
        party_id=key, facts={"source": provenance.source.value, "verification": provenance.verification.value},
    )  # fmt: skip
    outbox.publish(session, EnterpriseRegistered(key), actor=actor, at=now, party_id=key)
    return key


def checked_values(session: Session, values: Mapping[str, Any], own: UUID | None = None) -> dict[str, Any]:
    """
    Return the values of a record in their stored spelling.

    :param own: the enterprise itself, whose tax code is no other's.
    :raises EnterpriseInvalid: carries every fault.
    :raises TaxCodeTaken: another enterprise has the tax code.
    """
    said = {
        name: str(values.get(name) or "")
        for name in ("name_vi", "kind", "country", "tax_code", "name_en", "phone", "email", "website")
    }
    if problems := tuple(enterprise_problems(**said)):
        raise EnterpriseInvalid(errors=problems)
    tax_code = canonical_tax_code(said["tax_code"])
    refuse_taken(session, tax_code, own)
    return {**values, "tax_code": tax_code, "kind": EnterpriseKind(said["kind"])}


def refuse_taken(session: Session, tax_code: str | None, own: UUID | None) -> None:
    """Refuse a tax code that another enterprise has, naming it."""
    if tax_code is None:
        return
    other = session.execute(
        select(Enterprise.party_id, Enterprise.name_vi).where(Enterprise.tax_code == tax_code)
    ).one_or_none()
    if other is not None and other.party_id != own:
        taken = FieldProblem(
            "tax_code", TaxCodeTaken.code, TaxCodeTaken.detail, _taken(tax_code, other.name_vi)
        )
        raise TaxCodeTaken(errors=(taken,), tax_code=tax_code, name=other.name_vi)


def _taken(tax_code: str, name: str) -> dict[str, str | int]:
    return {"tax_code": tax_code, "name": name}


def add_change(
    session: Session,
    enterprise: Enterprise,
    *,
    what: str,
    values: Mapping[str, Any],
    reason: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Write the history row of the enterprise's present revision."""
    session.add(
        Change(
            id=uuid7(), party_id=enterprise.party_id, revision=enterprise.revision, at=now,
            actor_kind=actor.kind.value, actor_id=actor.user_id, actor_name=actor.name, what=what,
            values=dict(values), reason=reason,
        )
    )  # fmt: skip


def as_json(value: Any) -> Any:
    """Return a column's value as the history keeps it."""
    return value.isoformat() if isinstance(value, date) else value


def _clean(text: str | None) -> str | None:
    """Return a text without surrounding space in its composed form, ``None`` when nothing is left."""
    return nfc(text).strip() or None if text is not None else None
