"""Note on each paper of a dossier what it holds and who signed it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("workflow_component", sa.Column("part", sa.Text(), nullable=False, server_default="WHOLE"))
    op.add_column(
        "workflow_component",
        sa.Column(
            "signers",
            postgresql.JSONB(),
            nullable=False,
            server_default="[]",
            comment="names of valid signatures when it was attached",
        ),
    )
    op.create_check_constraint("part", "workflow_component", "part in ('WHOLE', 'ORIGINAL', 'TRANSLATION')")


def downgrade() -> None:
    op.drop_column("workflow_component", "signers")
    op.drop_column("workflow_component", "part")
