"""Let clocks that were counted with an older calendar be found, and tell which were moved."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "workflow_timer",
        sa.Column(
            "counted_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="when the end was counted: with the calendar known then",
        ),
    )
    op.alter_column("workflow_timer", "counted_at", server_default=None)
    op.create_index(
        "ix_workflow_timer_counted_at",
        "workflow_timer",
        ["counted_at"],
        postgresql_where=sa.text("fired_at is null and cancelled_at is null"),
    )
    op.add_column(
        "workflow_case",
        sa.Column(
            "recounted_at",
            sa.DateTime(timezone=True),
            comment="when a change of the days off last moved the clock",
        ),
    )


def downgrade() -> None:
    op.drop_column("workflow_case", "recounted_at")
    op.drop_index("ix_workflow_timer_counted_at", "workflow_timer")
    op.drop_column("workflow_timer", "counted_at")
