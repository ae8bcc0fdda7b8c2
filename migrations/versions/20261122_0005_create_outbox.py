"""Create the outbox, its inbox, and what stands beside the job queue. The queue itself: ``app.core.jobs.schema``."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from migrations.helpers import system_table

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

WHEN = pg.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "outbox_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="module.subject.past_participle"),
        sa.Column("at", WHEN, nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("party_id", sa.Uuid(), nullable=True),
        sa.Column("payload", pg.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox_event"),
    )
    op.create_index("ix_outbox_event_name", "outbox_event", ["name", "id"])
    system_table(
        op, "outbox_event", tenant="INSERT", officer="INSERT", auth="INSERT", worker="SELECT, INSERT, DELETE"
    )
    op.create_table(
        "outbox_inbox",
        sa.Column("handler", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("at", WHEN, nullable=False),
        sa.PrimaryKeyConstraint("handler", "event_id", name="pk_outbox_inbox"),
    )
    # Handlers run under the actor's role and claim there. A false claim would need an event's key, which no page shows.
    system_table(op, "outbox_inbox", tenant="INSERT", officer="INSERT", worker="SELECT, INSERT, DELETE")
    op.create_table(
        "timer_heartbeat",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("ticked_at", WHEN, nullable=True, comment="last run that succeeded"),
        sa.Column("failed_at", WHEN, nullable=True, comment="last run that failed"),
        sa.Column(
            "failures",
            sa.Integer(),
            nullable=False,
            server_default=sa.text("0"),
            comment="failures since the success",
        ),
        sa.Column(
            "error",
            sa.Text(),
            nullable=False,
            server_default=sa.text("''"),
            comment="class of the last error",
        ),
        sa.PrimaryKeyConstraint("name", name="pk_timer_heartbeat"),
    )
    system_table(op, "timer_heartbeat", officer="SELECT", worker="SELECT, INSERT, UPDATE")
    op.create_table(
        "job_failure",
        sa.Column("job_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("at", WHEN, nullable=False),
        sa.Column("error", sa.Text(), nullable=False, comment="qualified name of the exception class"),
        sa.Column("code", sa.Text(), nullable=False, comment="code of a DomainError, else empty"),
        sa.PrimaryKeyConstraint("job_id", "attempt", name="pk_job_failure"),
    )
    system_table(op, "job_failure", officer="SELECT", worker="SELECT, INSERT, DELETE")


def downgrade() -> None:
    for table in ("job_failure", "timer_heartbeat", "outbox_inbox", "outbox_event"):
        op.drop_table(table)
