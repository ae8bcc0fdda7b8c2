"""Let an adjusted certificate put a commitment in the place of another."""

import sqlalchemy as sa
from alembic import op

from migrations.helpers import grants

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "investment_commitment",
        sa.Column(
            "replaced_at",
            sa.TIMESTAMP(timezone=True),
            comment="when an adjustment put another in its place",
        ),
    )
    grants(op, "investment_commitment", {"officer": "UPDATE (replaced_at)"})


def downgrade() -> None:
    op.drop_column("investment_commitment", "replaced_at")
