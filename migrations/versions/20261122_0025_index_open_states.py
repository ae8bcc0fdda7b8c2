"""Let each officer's own inbox read the open dossiers of their states in the order of the clock."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_workflow_case_state_due",
        "workflow_case",
        ["state", "due_at", "id"],
        postgresql_where=sa.text("submitted_at is not null and closed_at is null"),
    )


def downgrade() -> None:
    op.drop_index("ix_workflow_case_state_due", "workflow_case")
