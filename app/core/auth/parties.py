"""Parties that accounts act for, and the offices among them; written under the role ftz_auth or ftz_officer."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.auth.models import OFFICE_KINDS, Office, Party, PartyKind
from app.core.auth.permissions import OFFICE_MANAGE, require
from app.core.errors import Conflict, NotFound
from app.core.evidence import Subject, record
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.kit.text import nfc


class CodeTaken(Conflict):
    """Another office has this code."""

    code = "auth.code-taken"
    title = "This code is already in use."
    detail = "Another office has the code “%(code)s”."
    hint = "Choose another code."


def create_party(
    session: Session, *, kind: PartyKind, name: str, actor: Actor, now: datetime, party_id: UUID | None = None
) -> Party:
    """
    Create a party: who can hold memberships, dossiers, land. The caller decides who may (ftz_auth or ftz_officer).

    :param party_id: key to take, where another table's row was made first.
    """
    party = Party(id=party_id or uuid7(), kind=kind, name=nfc(name).strip(), created_at=now)
    session.add(party)
    # The caller goes on with rows that point to the party, and the mapper knows no order between them.
    session.flush()
    subject = Subject("party", party.id)
    record(
        session,
        "auth:party:create",
        subject=subject,
        actor=actor,
        at=now,
        party_id=party.id,
        facts={"kind": kind},
    )
    return party


def create_office(
    session: Session,
    *,
    code: str,
    kind: PartyKind,
    name: Mapping[str, str],
    actor: Actor,
    now: datetime,
    symbol: str = "",
    parent_id: UUID | None = None,
) -> Office:
    """
    Create the authority, a division of it or an agency, with its party.

    :param name: by language; the Vietnamese one is the party's.
    :raises Forbidden: the actor may not manage offices.
    :raises CodeTaken: an office has this code.
    :raises ValueError: the kind is none of an office.
    """
    require(actor, OFFICE_MANAGE)
    if kind not in OFFICE_KINDS:
        raise ValueError(f"{kind} is not a kind of office.")
    if session.scalar(select(Office.party_id).where(Office.code == code)) is not None:
        raise CodeTaken(code=code)
    party = create_party(session, kind=kind, name=name["vi"], actor=actor, now=now)
    office = Office(
        party_id=party.id, code=code, kind=kind, name=dict(name), symbol=symbol, parent_id=parent_id
    )
    session.add(office)
    # Divisions that follow point to the authority.
    session.flush()
    return office


def find_office(session: Session, code: str) -> Office:
    """
    Return the office with a code.

    :raises NotFound: there is none.
    """
    office = session.scalar(select(Office).where(Office.code == code))
    if office is None:
        raise NotFound
    return office
