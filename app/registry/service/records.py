"""Changing the record of an enterprise: card, addresses, representatives. Each change is a revision."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from app.core import outbox
from app.core.auth.models import Party
from app.core.auth.permissions import require
from app.core.errors import Conflict, FieldProblem, NotFound
from app.core.evidence import Subject, record
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.kit.text import nfc
from app.registry.domain import (
    AddressKind,
    Verification,
    address_problems,
    clean_number,
    identity_problems,
    representative_problems,
)
from app.registry.events import EnterpriseChanged
from app.registry.models import Address, Enterprise, Representative
from app.registry.permissions import MANAGE
from app.registry.service.enterprises import EnterpriseInvalid, add_change, as_json, checked_values
from app.registry.service.identities import seal_identity

EDITABLE = (
    "name_vi", "name_en", "kind", "country", "tax_code", "legal_form", "registration_number", "established_on", "phone",
    "email", "website", "verification",
)  # fmt: skip


class StaleRecord(Conflict):
    """The record was changed after the page was opened."""

    code = "registry.stale-record"
    title = "The record was changed meanwhile."
    detail = "You saw revision %(seen)s; the record is now at revision %(now)s. Nothing of yours was saved."
    hint = "What you typed is still in the form. Compare it with the present record and save again."


@dataclass(frozen=True, slots=True)
class Place:
    """An address as somebody gives it; codes are those of the lists PROVINCE and WARD, or missing."""

    kind: AddressKind
    country: str
    province: str
    ward: str
    street: str
    province_code: str | None = None
    ward_code: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """A representative as somebody gives them."""

    name: str
    position: str
    nationality: str
    legal: bool = True
    identity_kind: str = ""
    identity_number: str = ""


def edit_enterprise(
    session: Session,
    *,
    party_id: UUID,
    revision: int,
    values: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    reason: str,
) -> int:
    """
    Change the card of an enterprise and return its revision; values that are the same change nothing.

    :param values: columns to change, among ``EDITABLE``.
    :param revision: the one that the actor saw.
    :raises Forbidden, NotFound: the actor may not, or there is no such enterprise.
    :raises StaleRecord: somebody changed the record since.
    :raises EnterpriseInvalid, TaxCodeTaken: what is said does not fit; carries every fault.
    """
    require(actor, MANAGE)
    enterprise = locked(session, party_id, revision)
    known = {name: getattr(enterprise, name) for name in EDITABLE}
    asked = {name: _clean(values[name]) for name in EDITABLE if name in values}
    checked = checked_values(session, {**known, **asked}, own=party_id)
    checked["verification"] = Verification(checked["verification"])
    changed = {
        name: [as_json(known[name]), as_json(checked[name])]
        for name in EDITABLE
        if known[name] != checked[name]
    }
    if not changed:
        return enterprise.revision
    if not reason.strip():
        raise EnterpriseInvalid(
            errors=[FieldProblem("reason", "required", "Say by which paper or request the record changes.")]
        )
    for name in changed:
        setattr(enterprise, name, checked[name])
    if "name_vi" in changed:
        # Dossiers and letters speak of the party by its name.
        session.get_one(Party, party_id).name = enterprise.name_vi
    _advance(session, enterprise, what="EDITED", values=changed, reason=reason, actor=actor, now=now)
    return enterprise.revision


def set_address(
    session: Session,
    *,
    party_id: UUID,
    revision: int,
    place: Place,
    since: date,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> int:
    """
    Give an enterprise an address from a day on, and return its revision; a head office ends the one before.

    :raises Forbidden, NotFound, StaleRecord: as ``edit_enterprise``.
    :raises EnterpriseInvalid: the address lacks a part, or the day does not lie after the one before began.
    """
    require(actor, MANAGE)
    enterprise = locked(session, party_id, revision)
    said = {name: _text(getattr(place, name)) for name in ("country", "province", "ward", "street")}
    problems = list(address_problems(**said))
    before = _head_office(session, party_id) if place.kind is AddressKind.HEAD_OFFICE else None
    if before is not None and before.valid.lower is not None and since <= before.valid.lower:
        problems.append(
            FieldProblem("since", "order", "The day must lie after the first day of the present head office.")
        )
    if problems:
        raise EnterpriseInvalid(errors=problems)
    if before is not None:
        before.valid = Range(before.valid.lower, since, bounds="[)")
        session.flush()  # two head offices may not overlap even for a moment
    session.add(
        Address(
            id=uuid7(), party_id=party_id, kind=place.kind, province_code=place.province_code or None,
            ward_code=place.ward_code or None, valid=Range(since, None, bounds="[)"), created_at=now, **said,
        )
    )  # fmt: skip
    values = {
        "address_kind": [None, place.kind.value],
        "address": [
            one_line(before) if before else None,
            ", ".join(filter(None, (said["street"], said["ward"], said["province"]))),
        ],
        "since": [None, since.isoformat()],
    }
    _advance(session, enterprise, what="ADDRESS", values=values, reason=reason, actor=actor, now=now)
    return enterprise.revision


def add_representative(
    session: Session,
    *,
    party_id: UUID,
    revision: int,
    person: Person,
    since: date,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> UUID:
    """
    Enter who represents an enterprise from a day on, and return the key of the entry.

    :raises Forbidden, NotFound, StaleRecord: as ``edit_enterprise``.
    :raises EnterpriseInvalid: name, position or nationality is missing, or the identity document does not fit.
    """
    require(actor, MANAGE)
    enterprise = locked(session, party_id, revision)
    said = {name: _text(getattr(person, name)) for name in ("name", "position", "nationality")}
    problems = list(representative_problems(**said))
    known = bool(person.identity_kind or person.identity_number)
    if known:
        problems += identity_problems(kind=person.identity_kind, number=clean_number(person.identity_number))
    if problems:
        raise EnterpriseInvalid(errors=problems)
    entry = Representative(
        id=uuid7(),
        party_id=party_id,
        legal=person.legal,
        valid=Range(since, None, bounds="[)"),
        created_at=now,
        **said,
    )
    session.add(entry)
    values = {
        "representative": [None, f"{said['name']}, {said['position']}"],
        "since": [None, since.isoformat()],
    }
    if known:
        seal_identity(session, entry, kind=person.identity_kind, number=person.identity_number, now=now)
        values["identity_kind"] = [None, person.identity_kind]
    _advance(session, enterprise, what="REPRESENTATIVE", values=values, reason=reason, actor=actor, now=now)
    return entry.id


def set_identity(
    session: Session,
    *,
    party_id: UUID,
    representative_id: UUID,
    revision: int,
    kind: str,
    number: str,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> int:
    """
    Enter the identity document of who represents an enterprise now, or exchange it; return the revision.

    History and log tell that there is one and of which kind, never the number.

    :raises Forbidden, NotFound, StaleRecord: as ``edit_enterprise``; NotFound also for an entry of another enterprise.
    :raises EnterpriseInvalid: kind or number does not fit, or the representation has ended.
    """
    require(actor, MANAGE)
    enterprise = locked(session, party_id, revision)
    entry = session.get(Representative, representative_id)
    if entry is None or entry.party_id != party_id:
        raise NotFound
    problems = list(identity_problems(kind=kind, number=clean_number(number)))
    if entry.valid.upper is not None:
        problems.append(FieldProblem("identity_number", "ended", "The representation has ended."))
    if problems:
        raise EnterpriseInvalid(errors=problems)
    before = entry.identity.get("kind")
    seal_identity(session, entry, kind=kind, number=number, now=now)
    values = {"representative": [None, f"{entry.name}, {entry.position}"], "identity_kind": [before, kind]}
    _advance(session, enterprise, what="REPRESENTATIVE", values=values, reason=reason, actor=actor, now=now)
    return enterprise.revision


def end_representative(
    session: Session,
    *,
    party_id: UUID,
    representative_id: UUID,
    revision: int,
    until: date,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> int:
    """
    End a representation: ``until`` is the first day on which it no longer holds; return the revision.

    :raises Forbidden, NotFound, StaleRecord: as ``edit_enterprise``; NotFound also for an entry of another enterprise.
    :raises EnterpriseInvalid: the day does not lie after the first one, or the entry has ended before it.
    """
    require(actor, MANAGE)
    enterprise = locked(session, party_id, revision)
    entry = session.get(Representative, representative_id)
    if entry is None or entry.party_id != party_id:
        raise NotFound
    first, last = entry.valid.lower, entry.valid.upper
    if (first is not None and until <= first) or (last is not None and until >= last):
        raise EnterpriseInvalid(
            errors=[
                FieldProblem(
                    "until", "order", "The last day must lie within the period of the representation."
                )
            ]
        )
    entry.valid = Range(first, until, bounds="[)")
    values = {
        "representative": [f"{entry.name}, {entry.position}", None],
        "until": [last.isoformat() if last else None, until.isoformat()],
    }
    _advance(session, enterprise, what="REPRESENTATIVE", values=values, reason=reason, actor=actor, now=now)
    return enterprise.revision


def locked(session: Session, party_id: UUID, revision: int) -> Enterprise:
    """
    Return an enterprise locked for a change.

    :raises NotFound: there is none, or the session may not see it.
    :raises StaleRecord: it has another revision than the actor saw.
    """
    enterprise = session.get(Enterprise, party_id, with_for_update=True, populate_existing=True)
    if enterprise is None:
        raise NotFound
    if enterprise.revision != revision:
        raise StaleRecord(seen=revision, now=enterprise.revision)
    return enterprise


def one_line(address: Address) -> str:
    """Return an address in one line."""
    return ", ".join(filter(None, (address.street, address.ward, address.province)))


def _advance(
    session: Session,
    enterprise: Enterprise,
    *,
    what: str,
    values: Mapping[str, Any],
    reason: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Count the revision up, and tell history, evidence and the rest of the platform."""
    enterprise.revision += 1
    enterprise.updated_at = now
    add_change(session, enterprise, what=what, values=values, reason=_text(reason), actor=actor, now=now)
    record(
        session, "registry:enterprise:change", subject=Subject("enterprise", enterprise.party_id), actor=actor, at=now,
        party_id=enterprise.party_id,
        facts={"what": what, "revision": enterprise.revision, "fields": sorted(values)},
    )  # fmt: skip
    event = EnterpriseChanged(enterprise.party_id, enterprise.revision)
    outbox.publish(session, event, actor=actor, at=now, party_id=enterprise.party_id)


def _head_office(session: Session, party_id: UUID) -> Address | None:
    return session.scalar(
        select(Address).where(
            Address.party_id == party_id,
            Address.kind == AddressKind.HEAD_OFFICE,
            func.upper_inf(Address.valid),
        )
    )


def _clean(value: Any) -> Any:
    return (_text(value) or None) if isinstance(value, str) else value


def _text(value: str) -> str:
    return nfc(value).strip()
