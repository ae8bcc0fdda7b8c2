"""Keep the last day of certificates of declarations, so that an expired one is refused by name."""

import sqlalchemy as sa
from alembic import op

revision = "0064"
down_revision = "0063"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "customs_paper",
        sa.Column("valid_until", sa.Date(), comment="last day of a certificate; empty: it names none"),
    )


def downgrade() -> None:
    op.drop_column("customs_paper", "valid_until")
