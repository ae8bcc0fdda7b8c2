"""How long dossiers keep personal data: rules as law values, what has passed its time, and erasing it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.core import law
from app.core.evidence import Subject, record
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.time import local_day
from app.core.privacy import erase_holders
from app.core.workflow.models import Case
from app.core.workflow.papers.erasing import erase_papers
from app.core.workflow.personal import HOLDER

# National status codes of an end without a result: not received, withdrawn, refused.
WITHOUT_RESULT = (3, 7, 8)


class Rule(StrEnum):
    """Which term of retention applies to a dossier."""

    DRAFT = "DRAFT"
    UNSUCCESSFUL = "UNSUCCESSFUL"


TERMS: dict[Rule, str] = {
    Rule.DRAFT: "privacy.retention.draft",
    Rule.UNSUCCESSFUL: "privacy.retention.unsuccessful",
}
TITLES: dict[Rule, str] = {
    Rule.DRAFT: N_("Dossiers that were never filed"),
    Rule.UNSUCCESSFUL: N_("Dossiers without a result"),
}


@dataclass(frozen=True, slots=True)
class Due:
    """A dossier whose personal data have passed their time, and since when."""

    rule: Rule
    case_id: UUID
    party_id: UUID
    code: str
    since: datetime
    term: str


@dataclass(frozen=True, slots=True)
class Erased:
    """How many data keys were destroyed, and how many files lost their document."""

    keys: int
    files: int


def due(
    session: Session, *, now: datetime, zone: ZoneInfo, rules: Collection[Rule] = tuple(Rule)
) -> list[Due]:
    """
    Return the dossiers whose personal data are to be erased, the oldest first. Nothing is changed.

    Dossiers with a result keep theirs: the certificate lives on them.

    :param rules: which rules to look at; of the others no term is asked for.

    :raises NotInForce: the law data name no term for today.
    """
    book = law.at(session, local_day(now, zone))
    found = []
    for rule in rules:
        term = book.get(TERMS[rule])
        before = now - timedelta(days=term.days())
        found += [
            Due(rule, row.id, row.party_id, row.code or "", row.since, term.content_hash)
            for row in _past(session, rule, before)
        ]
    return sorted(found, key=lambda each: each.since)


def _past(session: Session, rule: Rule, before: datetime) -> Sequence[Any]:
    since: InstrumentedAttribute[Any]
    if rule is Rule.DRAFT:
        since, ended = Case.saved_at, Case.submitted_at.is_(None)
    else:
        since, ended = Case.closed_at, Case.national.in_(WITHOUT_RESULT)
    query = select(Case.id, Case.party_id, Case.code, since.label("since")).where(
        since < before, ended, Case.erased_at.is_(None)
    )
    return session.execute(query.order_by(since)).all()


def erase(session: Session, found: Collection[Due], *, actor: Actor, now: datetime) -> Erased:
    """
    Erase the personal data and the files of dossiers and record each; return how many of both.

    The bytes of the files go in a second step, after the transaction: ``app.core.documents.erasing.shred_erased``.

    A draft loses all its answers: nobody ever filed it. Of a filed dossier the frozen submission stays as it is, its
    digest stays right, and its personal values can no longer be opened. What moved on since it was found, a draft that
    was saved or filed at the last moment, stays. Runs as an officer.
    """
    found = _still(session, found)
    drafts = [each.case_id for each in found if each.rule is Rule.DRAFT]
    if drafts:
        session.execute(
            update(Case)
            .where(Case.id.in_(drafts), Case.submitted_at.is_(None))
            .values(answers={}, title="")
            .execution_options(synchronize_session=False)
        )
    ids = [each.case_id for each in found]
    keys = erase_holders(session, kind=HOLDER, ids=ids, now=now)
    files = erase_papers(session, case_ids=ids, actor=actor, now=now)
    session.execute(
        update(Case)
        .where(Case.id.in_(ids))
        .values(erased_at=now)
        .execution_options(synchronize_session=False)
    )
    for each in found:
        record(
            session, "personal-data:case:erase", subject=Subject(HOLDER, each.case_id), actor=actor, at=now,
            party_id=each.party_id, facts={"rule": each.rule.value, "law": [each.term]},
        )  # fmt: skip
    return Erased(keys, files)


def _still(session: Session, found: Collection[Due]) -> list[Due]:
    """Hold the dossiers and return those that are as they were found."""
    rows = session.execute(
        select(Case.id, Case.submitted_at, Case.saved_at, Case.closed_at)
        .where(Case.id.in_([each.case_id for each in found]), Case.erased_at.is_(None))
        .order_by(Case.id)
        .with_for_update()
    )
    since = {
        row.id: (Rule.DRAFT, row.saved_at) if row.submitted_at is None else (Rule.UNSUCCESSFUL, row.closed_at)
        for row in rows
    }
    return [each for each in found if since.get(each.case_id) == (each.rule, each.since)]
