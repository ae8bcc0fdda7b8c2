"""Coded gaps, parallel consultations, and dates of a dossier that ran late."""

import sqlalchemy as sa
from alembic import op

from migrations.helpers import tenant_table

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TZ = sa.TIMESTAMP(timezone=True)


def _case_part(*columns: sa.schema.SchemaItem, name: str) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.ForeignKeyConstraint(["case_id"], ["workflow_case.id"], name=f"fk_{name}_case_id"),
        sa.ForeignKeyConstraint(["party_id"], ["auth_party.id"], name=f"fk_{name}_party_id"),
    )
    op.create_index(f"ix_{name}_party_id", name, ["party_id"])


def upgrade() -> None:
    op.add_column("workflow_case", sa.Column("overdue_at", TZ, comment="when the clock ran out, if it did"))
    op.add_column(
        "workflow_case", sa.Column("rescheduled_to", TZ, comment="new date promised with an apology")
    )
    op.add_column(
        "workflow_timer",
        sa.Column("subject_id", sa.Uuid(), comment="the consultation that the timer is about"),
    )

    _case_part(
        sa.Column(
            "request", sa.BigInteger(), nullable=False, comment="1 for the first request of the dossier"
        ),
        sa.Column("target", sa.String(), nullable=False, comment="code of the question or paper"),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("asked_at", TZ, nullable=False),
        sa.Column("closed_at", TZ),
        name="workflow_gap",
    )
    op.create_index("ix_workflow_gap_case_id", "workflow_gap", ["case_id"])
    tenant_table(
        op, "workflow_gap", tenant="SELECT, UPDATE (closed_at)", officer="SELECT, INSERT, UPDATE (closed_at)"
    )

    _case_part(
        sa.Column("round", sa.BigInteger(), nullable=False),
        sa.Column(
            "office", sa.String(), nullable=False, comment="code of the agency or division that is asked"
        ),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("silence", sa.String(), nullable=False),
        sa.Column("asked_at", TZ, nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("due_at", TZ, nullable=False),
        sa.Column("lapsed_at", TZ, comment="when the time passed without an answer"),
        sa.Column("answered_at", TZ),
        sa.Column("answered_by", sa.Uuid()),
        sa.Column("channel", sa.String()),
        sa.Column("verdict", sa.String()),
        sa.Column("opinion", sa.String()),
        sa.Column("reference", sa.String(), comment="number and date of an answer that came by letter"),
        sa.UniqueConstraint(
            "case_id", "round", "office", name="uq_workflow_consultation_case_id_round_office"
        ),
        sa.CheckConstraint("silence in ('CONSENT', 'WAIT')", name="ck_workflow_consultation_silence"),
        sa.CheckConstraint("channel in ('ONLINE', 'LETTER')", name="ck_workflow_consultation_channel"),
        sa.CheckConstraint(
            "(answered_at is null) = (verdict is null)", name="ck_workflow_consultation_answered"
        ),
        name="workflow_consultation",
    )
    op.create_index(
        "ix_workflow_consultation_office", "workflow_consultation", ["office", "due_at"],
        postgresql_where=sa.text("answered_at is null"),
    )  # fmt: skip
    # The applicant has no part in what agencies tell the desk.
    tenant_table(op, "workflow_consultation", tenant="")


def downgrade() -> None:
    op.drop_table("workflow_consultation")
    op.drop_table("workflow_gap")
    op.drop_column("workflow_timer", "subject_id")
    op.drop_column("workflow_case", "rescheduled_to")
    op.drop_column("workflow_case", "overdue_at")
