"""Tables of procedures and dossiers. History tables are append-only by grants and triggers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, DATERANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Tenancy, tenancy


class ProcedureVersion(Base):
    """One version of a procedure; immutable once published, except that its validity may be closed."""

    __tablename__ = "workflow_procedure_version"
    __table_args__ = (
        UniqueConstraint("code", "version"),
        CheckConstraint("state in ('DRAFT', 'PUBLISHED')", name="state"),
        ExcludeConstraint(
            ("code", "="),
            ("valid", "&&"),
            where=text("state = 'PUBLISHED'"),
            name="ex_workflow_procedure_version_in_force",
        ),
        tenancy(Tenancy.SHARED),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str]
    version: Mapped[str]
    valid: Mapped[Range[Any]] = mapped_column(DATERANGE)
    state: Mapped[str]
    content: Mapped[dict[str, Any]]
    content_hash: Mapped[str]
    created_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    published_by: Mapped[UUID | None]


class Case(Base):
    """A dossier: one party's run through one version of a procedure."""

    __tablename__ = "workflow_case"
    __table_args__ = (
        Index(
            "ix_workflow_case_inbox",
            "clock",
            "due_at",
            "id",
            postgresql_where=text("submitted_at is not null and closed_at is null"),
        ),
        Index(
            "ix_workflow_case_state_due",
            "state",
            "due_at",
            "id",
            postgresql_where=text("submitted_at is not null and closed_at is null"),
        ),
        Index("ix_workflow_case_party_id", "party_id", "created_at"),
        Index("ix_workflow_case_version_id", "version_id"),
        Index(
            "ix_workflow_case_assigned_to", "assigned_to", postgresql_where=text("assigned_to is not null")
        ),
        Index("ix_workflow_case_base_id", "base_id", postgresql_where=text("base_id is not null")),
        CheckConstraint("channel in ('ONLINE', 'COUNTER', 'POST')", name="channel"),
        CheckConstraint("(channel = 'ONLINE') = (desk_id is null)", name="desk"),
        # What a counter has begun, the latest first.
        Index(
            "ix_workflow_case_desk_id", "desk_id", "saved_at", postgresql_where=text("desk_id is not null")
        ),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"))
    procedure: Mapped[str]
    version_id: Mapped[UUID] = mapped_column(ForeignKey("workflow_procedure_version.id"))
    office: Mapped[str] = mapped_column(comment="code of the division that is responsible")
    code: Mapped[str | None] = mapped_column(
        unique=True, comment="public code with check digit, given at filing"
    )
    title: Mapped[str] = mapped_column(comment="what the dossier is about, in the applicant's words")
    state: Mapped[str]
    national: Mapped[int | None] = mapped_column(comment="status code of the national portal, 1-10")
    clock: Mapped[str]
    revision: Mapped[int]
    answers: Mapped[dict[str, Any]]
    channel: Mapped[str] = mapped_column(comment="ONLINE, COUNTER or POST")
    desk_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("auth_office.party_id"), comment="office whose counter enters it for the applicant"
    )
    typists: Mapped[list[UUID]] = mapped_column(
        ARRAY(Uuid), server_default="{}", comment="officers who entered something at the counter"
    )
    created_at: Mapped[datetime]
    created_by: Mapped[UUID]
    saved_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    appointment_at: Mapped[datetime | None] = mapped_column(
        comment="promised return, computed once at acceptance"
    )
    limit_code: Mapped[str | None] = mapped_column(
        comment="special limit chosen at acceptance; null for the general one"
    )
    limit_reason: Mapped[dict[str, Any] | None] = mapped_column(
        comment="why, by language; null where the procedure has one limit"
    )
    due_at: Mapped[datetime | None] = mapped_column(comment="what the running clock says, moved by pauses")
    overdue_at: Mapped[datetime | None] = mapped_column(comment="when the clock ran out, if it did")
    recounted_at: Mapped[datetime | None] = mapped_column(
        comment="when a change of the days off last moved the clock"
    )
    rescheduled_to: Mapped[datetime | None] = mapped_column(comment="new date promised with an apology")
    decided_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None] = mapped_column(comment="when its personal data and files were erased")
    assigned_to: Mapped[UUID | None]
    base_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("workflow_case.id"), comment="the dossier whose result this one adjusts"
    )


class Visit(Base):
    """
    Somebody brought papers of a dossier to the counter, or sent them by post; never changed.

    Which paper of identity was shown stands here; its number is kept nowhere, only its fingerprint in the evidence. Who
    sends papers shows none: the number of the postal item stands instead. The name is erased with the dossier.
    """

    __tablename__ = "workflow_visit"
    __table_args__ = (
        CheckConstraint("came_by in ('COUNTER', 'POST')", name="came_by"),
        CheckConstraint(
            "(came_by = 'POST') = (mail_number is not null) and (came_by = 'POST') = (standing is null)"
            " and (came_by = 'POST') = (identity is null)",
            name="shown",
        ),
        CheckConstraint("standing in ('REPRESENTATIVE', 'AUTHORISED', 'MESSENGER')", name="standing"),
        CheckConstraint("identity in ('ID_CARD', 'E_IDENTITY', 'PASSPORT')", name="identity"),
        Index("ix_workflow_visit_case_id", "case_id", "at"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("workflow_case.id"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), index=True)
    desk_id: Mapped[UUID] = mapped_column(ForeignKey("auth_office.party_id"), index=True)
    came_by: Mapped[str] = mapped_column(server_default="COUNTER", comment="COUNTER or POST")
    presenter: Mapped[dict[str, Any]] = mapped_column(
        comment="name as on the paper of identity, sealed with the dossier's personal data"
    )
    standing: Mapped[str | None] = mapped_column(comment="what the presenter is to the applicant")
    identity: Mapped[str | None] = mapped_column(comment="paper of identity that was shown")
    mail_number: Mapped[str | None] = mapped_column(
        comment="number of the postal item, where papers came by post"
    )
    at: Mapped[datetime]
    by: Mapped[UUID]


class Submission(Base):
    """What the applicant sent, word for word, at one moment; never changed."""

    __tablename__ = "workflow_submission"
    __table_args__ = (UniqueConstraint("case_id", "number"), tenancy(Tenancy.TENANT))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("workflow_case.id"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), index=True)
    number: Mapped[int]
    version_id: Mapped[UUID] = mapped_column(ForeignKey("workflow_procedure_version.id"), index=True)
    answers: Mapped[dict[str, Any]]
    digest: Mapped[str]
    at: Mapped[datetime]
    by: Mapped[UUID]


class CaseEvent(Base):
    """
    One entry of a dossier's history, append-only.

    ``base_revision`` is the revision that the actor saw; with action and actor it recognises a request that arrives
    twice. Entries with ``visible = false`` are the desk's own and hidden from the applicant by policy.
    """

    __tablename__ = "workflow_event"
    __table_args__ = (UniqueConstraint("case_id", "revision"), tenancy(Tenancy.TENANT))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("workflow_case.id"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), index=True)
    revision: Mapped[int]
    base_revision: Mapped[int]
    action: Mapped[str]
    source: Mapped[str]
    target: Mapped[str]
    side: Mapped[str]
    actor_id: Mapped[UUID | None]
    at: Mapped[datetime]
    visible: Mapped[bool]
    input: Mapped[dict[str, Any]]
    law: Mapped[list[Any]] = mapped_column(comment="content hashes of the legal values the step used")


class ClockInterval(Base):
    """A stretch of time in which the legal clock ran or paused."""

    __tablename__ = "workflow_clock_interval"
    __table_args__ = (
        CheckConstraint("mode in ('RECEPTION', 'RUN', 'PAUSE')", name="mode"),
        CheckConstraint("ended_at >= started_at", name="order"),
        Index(
            "uq_workflow_clock_interval_open",
            "case_id",
            unique=True,
            postgresql_where=text("ended_at is null"),
        ),
        Index("ix_workflow_clock_interval_case_id", "case_id"),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("workflow_case.id"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), index=True)
    mode: Mapped[str]
    reason: Mapped[str]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Timer(Base):
    """Something that must happen at an instant whether or not anybody looks; scanned each minute."""

    __tablename__ = "workflow_timer"
    __table_args__ = (
        Index(
            "ix_workflow_timer_due",
            "due_at",
            postgresql_where=text("fired_at is null and cancelled_at is null"),
        ),
        Index("ix_workflow_timer_case_id", "case_id"),
        Index(
            "ix_workflow_timer_counted_at",
            "counted_at",
            postgresql_where=text("fired_at is null and cancelled_at is null"),
        ),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("workflow_case.id"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), index=True)
    kind: Mapped[str]
    subject_id: Mapped[UUID | None] = mapped_column(comment="the consultation that the timer is about")
    due_at: Mapped[datetime]
    fired_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    counted_at: Mapped[datetime] = mapped_column(
        comment="when the end was counted: with the calendar known then"
    )


class Gap(Base):
    """One thing that a supplement request finds wanting: coded, about one question or paper."""

    __tablename__ = "workflow_gap"
    __table_args__ = (Index("ix_workflow_gap_case_id", "case_id"), tenancy(Tenancy.TENANT))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("workflow_case.id"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), index=True)
    request: Mapped[int] = mapped_column(comment="1 for the first request of the dossier")
    target: Mapped[str] = mapped_column(comment="code of the question or paper")
    code: Mapped[str]
    note: Mapped[str]
    asked_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class Consultation(Base):
    """
    What one agency or division is asked about a dossier, by when, and what it said. The applicant has no part in it.

    ``silence`` says what follows when the time passes without an answer: CONSENT closes it, WAIT keeps it open.
    """

    __tablename__ = "workflow_consultation"
    __table_args__ = (
        UniqueConstraint("case_id", "round", "office"),
        CheckConstraint("silence in ('CONSENT', 'WAIT')", name="silence"),
        CheckConstraint("channel in ('ONLINE', 'LETTER')", name="channel"),
        CheckConstraint("(answered_at is null) = (verdict is null)", name="answered"),
        Index(
            "ix_workflow_consultation_office",
            "office",
            "due_at",
            postgresql_where=text("answered_at is null"),
        ),
        tenancy(Tenancy.TENANT),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("workflow_case.id"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), index=True)
    round: Mapped[int]
    office: Mapped[str] = mapped_column(comment="code of the agency or division that is asked")
    question: Mapped[str]
    silence: Mapped[str]
    asked_at: Mapped[datetime]
    asked_by: Mapped[UUID]
    due_at: Mapped[datetime]
    lapsed_at: Mapped[datetime | None] = mapped_column(comment="when the time passed without an answer")
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[UUID | None]
    channel: Mapped[str | None]
    verdict: Mapped[str | None]
    opinion: Mapped[str | None]
    reference: Mapped[str | None] = mapped_column(comment="number and date of an answer that came by letter")


class Tracking(Base):
    """
    What the public may know of a dossier by its code: no name, no content.

    A trigger on ``workflow_case`` keeps it, so that no path can forget it and no tenant can write it.
    """

    __tablename__ = "workflow_tracking"
    __table_args__ = (tenancy(Tenancy.SHARED),)

    code: Mapped[str] = mapped_column(primary_key=True)
    version_id: Mapped[UUID] = mapped_column(ForeignKey("workflow_procedure_version.id"), index=True)
    state: Mapped[str]
    national: Mapped[int | None]
    submitted_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    appointment_at: Mapped[datetime | None]
    limit_code: Mapped[str | None] = mapped_column(comment="as on the dossier")
    decided_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]


class Tally(Base):
    """
    How many dossiers were received and decided: the sum of all slots.

    A trigger on ``workflow_tracking`` keeps it, spread over slots so that nobody waits for anybody else's.
    """

    __tablename__ = "workflow_tally"
    __table_args__ = (tenancy(Tenancy.SHARED),)

    slot: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    received: Mapped[int]
    decided: Mapped[int]


class Absence(Base):
    """
    Somebody is away from ``starts_at`` until before ``ends_at``, and who stands in; one at a time.

    ``ended_at`` is an earlier end, or the beginning for an absence that never began.
    """

    __tablename__ = "workflow_absence"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="period"),
        CheckConstraint("ended_at >= starts_at", name="ended"),
        CheckConstraint("user_id <> substitute_id", name="other"),
        ExcludeConstraint(
            ("user_id", "="),
            (text("tstzrange(starts_at, coalesce(ended_at, ends_at))"), "&&"),
            name="ex_workflow_absence_one_at_a_time",
        ),
        Index("ix_workflow_absence_user_id", "user_id"),
        Index("ix_workflow_absence_substitute_id", "substitute_id"),
        tenancy(Tenancy.SYSTEM),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("auth_user.id"))
    substitute_id: Mapped[UUID] = mapped_column(ForeignKey("auth_user.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(
        comment="came back earlier; its beginning for one that never began"
    )
    noted_by: Mapped[UUID | None]
    noted_at: Mapped[datetime]
