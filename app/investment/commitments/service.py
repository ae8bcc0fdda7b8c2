"""Commitments: made with the certificate, shown by the enterprise, confirmed or returned by an officer."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.auth.permissions import require
from app.core.documents import service as documents
from app.core.errors import Conflict, FieldProblem, Invalid, NotFound
from app.core.evidence import Subject, record
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.outbox import publish
from app.core.workflow.models import Case
from app.core.workflow.papers.intake import KeptFile
from app.core.workflow.permissions import FILE
from app.core.workflow.step import Step
from app.investment.commitments.events import CommitmentJudged, CommitmentShown
from app.investment.commitments.models import Commitment, CommitmentDecision, CommitmentEvidence
from app.investment.commitments.permissions import CHECK
from app.investment.models import Certificate

PAPER_KIND = "COMMITMENT_EVIDENCE"
MAX_REASON = 2000


class CommitmentFulfilled(Conflict):
    """Nothing more is asked for."""

    code = "investment.commitment-fulfilled"
    title = "The commitment is fulfilled already."
    detail = "Its evidence was confirmed; nothing more is asked for."
    hint = "Look at the commitment again."


class CommitmentReplaced(Conflict):
    """The certificate says something else now."""

    code = "investment.commitment-replaced"
    title = "The commitment was replaced by an adjustment."
    detail = "The certificate was adjusted and no longer says this; what it says now is followed up instead."
    hint = "Open the project: its page lists the commitments that count."


class EvidenceWaits(Conflict):
    """One paper is judged at a time."""

    code = "investment.evidence-waits"
    title = "Evidence is being checked already."
    detail = "What was handed in last has not been judged yet."
    hint = "Wait for the answer; if the evidence is returned, hand in the next one."


class AlreadyDecided(Conflict):
    """A decision about evidence stands."""

    code = "investment.evidence-decided"
    title = "This evidence has been judged meanwhile."
    detail = "A colleague has confirmed or returned it; the decision stands on the page."
    hint = "Look at the commitment again."


def register_commitments(step: Step) -> None:
    """Make the commitments of a certificate rows that are followed up; a dossier without any has none."""
    promised = step.case.answers.get("commitments") or ()
    if not promised:
        return
    step.session.flush()  # the certificate of this step is read, and the rows refer to its project
    certificate = step.session.scalars(
        select(Certificate)
        .where(Certificate.case_id == step.case.id)
        .order_by(Certificate.revision.desc())
        .limit(1)
    ).one()
    followed = _followed(step.session, certificate.project_id)
    for number, row in enumerate(promised, 1):
        content = _content(row["kind"], row["text"], row["article"], row["due_on"])
        same = next((each for each in followed if _content_of(each) == content), None)
        if same is None:
            _follow_up(step, certificate.project_id, number, row)
        else:  # an adjustment repeats what stays
            followed.remove(same)
    _replace(step, followed)
    step.facts["commitments"] = len(promised)


def _content(kind: str, what: str, article: str, due_on: str) -> tuple[str, ...]:
    """Return what makes a commitment the same one; the evidence that is announced may change."""
    return kind, " ".join(what.split()), " ".join(article.split()), due_on


def _content_of(row: Commitment) -> tuple[str, ...]:
    return _content(row.kind, row.text, row.article, row.due_on.isoformat())


def _followed(session: Session, project_id: UUID) -> list[Commitment]:
    """Return what is followed up for a project."""
    rows = session.scalars(
        select(Commitment)
        .where(Commitment.project_id == project_id, Commitment.replaced_at.is_(None))
        .order_by(Commitment.created_at, Commitment.number)
    )
    return list(rows)


def _follow_up(step: Step, project_id: UUID, number: int, row: Mapping[str, str]) -> None:
    step.session.add(
        Commitment(
            id=uuid7(), party_id=step.case.party_id, project_id=project_id, case_id=step.case.id, number=number,
            kind=row["kind"], text=row["text"], article=row["article"], promised=row.get("evidence") or "",
            due_on=date.fromisoformat(row["due_on"]), created_at=step.now,
        )
    )  # fmt: skip


def _replace(step: Step, gone: Iterable[Commitment]) -> None:
    """End what an adjusted certificate says no longer; what was fulfilled keeps its state all the same."""
    for row in gone:
        row.replaced_at = step.now
        _record(step.session, "replace", row, step.actor, step.now, case=str(step.case.id))


def hand_in(
    session: Session, *, commitment_id: UUID, kept: KeptFile, note: str, actor: Actor, now: datetime
) -> CommitmentEvidence:  # fmt: skip
    """
    Hand in a paper for a commitment; the same file sent twice is one piece of evidence.

    :raises NotFound: no such commitment for this actor.
    :raises Forbidden: the actor may not file for the enterprise.
    :raises CommitmentFulfilled: its evidence is confirmed.
    :raises CommitmentReplaced: an adjustment put another in its place.
    :raises EvidenceWaits: another paper is being checked.
    """
    row = _locked(session, commitment_id)
    require(actor, FILE, party_id=row.party_id)
    for earlier, decision in _history(session, row.id):
        if decision is not None and decision.confirmed:
            raise CommitmentFulfilled
        if decision is None:
            document, _ = documents.file_of(session, document_id=earlier.document_id)
            if document.sha256 == kept.file.sha256:
                return earlier
            raise EvidenceWaits
    if row.replaced_at is not None:
        raise CommitmentReplaced
    assert actor.user_id is not None, "only a person or a client hands in"
    evidence = CommitmentEvidence(
        id=uuid7(), party_id=row.party_id, commitment_id=row.id, file_name=kept.name, note=note.strip()[:MAX_REASON],
        at=now, by=actor.user_id,
    )  # fmt: skip
    document = documents.add_document(
        session, file=kept.file, media_type=kept.media_type, title=kept.name, kind=PAPER_KIND, party_id=row.party_id,
        subject=Subject("commitment", row.id), actor=actor, now=now,
    )  # fmt: skip
    session.flush()  # the evidence refers to the document's row
    evidence.document_id = document.id
    session.add(evidence)
    _record(session, "hand-in", row, actor, now, file_sha256=kept.file.sha256)
    handed_in = CommitmentShown(commitment_id=row.id, evidence_id=evidence.id)
    publish(session, handed_in, actor=actor, at=now, party_id=row.party_id)
    return evidence


def decide(
    session: Session, *, commitment_id: UUID, evidence_id: UUID, confirmed: bool, reason: str, actor: Actor,
    now: datetime,
) -> CommitmentDecision:  # fmt: skip
    """
    Confirm evidence, or return it with the reason. The same decision sent twice is one.

    :raises Forbidden: the actor may not check commitments.
    :raises NotFound: no such evidence of this commitment.
    :raises Invalid: evidence is returned without a reason.
    :raises AlreadyDecided: it was judged otherwise meanwhile.
    :raises CommitmentReplaced: an adjustment put another in its place.
    """
    require(actor, CHECK)
    row = _locked(session, commitment_id)
    found = next((each for each in _history(session, row.id) if each[0].id == evidence_id), None)
    if found is None:
        raise NotFound
    reason = reason.strip()[:MAX_REASON]
    if found[1] is not None:
        if (found[1].confirmed, found[1].by) == (confirmed, actor.user_id):
            return found[1]
        raise AlreadyDecided
    if row.replaced_at is not None:
        raise CommitmentReplaced
    if not confirmed and not reason:
        problem = N_("Say what is wanting: the enterprise reads it and hands in again.")
        raise Invalid(errors=[FieldProblem("reason", "missing", problem)])
    assert actor.user_id is not None, "only an officer decides"
    decision = CommitmentDecision(
        id=uuid7(), party_id=row.party_id, evidence_id=evidence_id, confirmed=confirmed, reason=reason, at=now,
        by=actor.user_id,
    )  # fmt: skip
    session.add(decision)
    _record(session, "confirm" if confirmed else "return", row, actor, now, evidence=str(evidence_id))
    judged = CommitmentJudged(commitment_id=row.id, evidence_id=evidence_id, confirmed=confirmed)
    publish(session, judged, actor=actor, at=now, party_id=row.party_id)
    return decision


def _locked(session: Session, commitment_id: UUID) -> Commitment:
    """Take the commitment for this transaction; a tenant may not lock it, so its own rows are what it waits on."""
    row = session.get(Commitment, commitment_id)
    if row is None:
        raise NotFound
    session.execute(select(Case.id).where(Case.id == row.case_id).with_for_update())
    return row


def _history(
    session: Session, commitment_id: UUID
) -> list[tuple[CommitmentEvidence, CommitmentDecision | None]]:  # fmt: skip
    rows = session.execute(
        select(CommitmentEvidence, CommitmentDecision)
        .outerjoin(CommitmentDecision, CommitmentDecision.evidence_id == CommitmentEvidence.id)
        .where(CommitmentEvidence.commitment_id == commitment_id)
        .order_by(CommitmentEvidence.at.desc(), CommitmentEvidence.id)
    )
    return [(evidence, decision) for evidence, decision in rows]


def _record(session: Session, verb: str, row: Commitment, actor: Actor, now: datetime, **facts: str) -> None:
    record(
        session, f"investment:commitment:{verb}", subject=Subject("commitment", row.id), actor=actor, at=now,
        party_id=row.party_id, facts={"number": row.number, **facts},
    )  # fmt: skip
