"""Find the clocks that ended in a time by an index, for the figures of the public board."""

import sqlalchemy as sa
from alembic import op

revision = "0071"
down_revision = "0070"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_customs_clock_met", "customs_clock", ["met_at"], postgresql_where=sa.text("met_at is not null")
    )


def downgrade() -> None:
    op.drop_index("ix_customs_clock_met", "customs_clock")
