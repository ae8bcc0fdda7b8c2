"""Note whether the gateway that answers is a simulator, so that pages say so."""

import sqlalchemy as sa
from alembic import op

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "customs_feed",
        sa.Column(
            "simulated", sa.Boolean(), nullable=False, server_default=sa.false(),
            comment="the gateway is a simulator; pages say so",
        ),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_column("customs_feed", "simulated")
