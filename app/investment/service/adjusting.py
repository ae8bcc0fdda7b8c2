"""Opening a dossier that adjusts a certificate: it begins with the content in force."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.errors import Conflict, NotFound
from app.core.kit.actor import Actor
from app.core.workflow.counter import AtCounter
from app.core.workflow.desk import Desk
from app.core.workflow.models import Case
from app.core.workflow.standing_in import ONLINE
from app.investment import queries
from app.investment.models import Certificate

ADJUSTMENT = "IRC_ADJUST"
# What a person answers anew in each dossier.
_ANEW = frozenset({"declaration", "adjust_reason", "implementation", "certificate_number"})
# Everybody who opens an adjustment of a project passes one after the other; the lock ends with the transaction.
_LOCK = text("select pg_advisory_xact_lock(hashtextextended(:key, 0))")


class AdjustmentOpen(Conflict):
    """Another adjustment of the same certificate is under way."""

    code = "investment.adjustment-open"
    title = "This certificate is being adjusted already."
    detail = (
        "The dossier %(dossier)s adjusts certificate %(number)s and is not finished."
        " Two at once would contradict each other."
    )
    hint = "Go on with that dossier, or withdraw it; after its decision a new adjustment starts from the new content."


class NotAdjustable(Conflict):
    """The certificate is no longer the one in force."""

    code = "investment.not-adjustable"
    title = "This certificate cannot be adjusted."
    detail = "Only the revision of certificate %(number)s that is in force can be adjusted."
    hint = "Open the certificate's page; it names the revision in force."


def open_adjustment(
    session: Session, *, desk: Desk, number: str, case_id: UUID, actor: Actor, now: datetime,
    counter: AtCounter | None = None,
) -> Case:  # fmt: skip
    """
    Open a draft that adjusts the certificate, filled in with what the certificate says.

    :param case_id: key from the page, so that a doubled request opens one draft.
    :param counter: the counter that enters it for the holder of the certificate.
    :raises NotFound: no such certificate for this actor, or it is not the one's for whom the counter enters it.
    :raises AdjustmentOpen: another adjustment is under way.
    :raises Forbidden: the actor may not file for this party.
    """
    certificate = in_force(session, number)
    if counter is not None and certificate.party_id != counter.party_id:
        raise NotFound
    session.execute(_LOCK, {"key": str(certificate.project_id)})
    under_way = queries.open_adjustment(session, project_id=certificate.project_id)
    if under_way is not None and under_way.id != case_id:
        raise AdjustmentOpen(dossier=under_way.code or under_way.title, number=number)
    base = session.get(Case, certificate.case_id)
    assert base is not None, "a certificate comes from a dossier"
    case = desk.open(
        session, case_id=case_id, procedure=ADJUSTMENT, party_id=certificate.party_id, base_id=base.id, actor=actor,
        now=now, desk_id=counter.desk_id if counter else None, channel=counter.channel if counter else ONLINE,
    )  # fmt: skip
    if under_way is None:
        session.flush()  # saving locks the row that was just opened
        desk.save(session, case_id=case.id, changed=first_answers(base.answers, number), actor=actor, now=now)
    return case


def first_answers(base: Mapping[str, Any], number: str) -> dict[str, Any]:
    """Return what an adjustment begins with: the answers behind the certificate, and its number."""
    return {
        **{name: value for name, value in base.items() if name not in _ANEW},
        "certificate_number": number,
    }


def in_force(session: Session, number: str) -> Certificate:
    """
    Return the revision of a certificate that is in force.

    :raises NotFound: no such certificate for this session.
    :raises NotAdjustable: none of its revisions is in force.
    """
    project_id = queries.project_of(session, number)
    if project_id is None:
        raise NotFound
    certificate = queries.present(session, project_id=project_id)
    if certificate is None:
        raise NotAdjustable(number=number)
    return certificate
