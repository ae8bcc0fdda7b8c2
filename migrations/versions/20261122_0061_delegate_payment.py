"""Let delegates pay for the matters that were delegated to them."""

import sqlalchemy as sa
from alembic import op

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "payments_slip",
        sa.Column(
            "topic",
            sa.Text(),
            nullable=False,
            server_default="payment",
            comment="whoever acts for the payer in this topic may pay as well",
        ),
    )
    op.execute("grant insert (topic) on payments_slip to ftz_tenant")


def downgrade() -> None:
    op.drop_column("payments_slip", "topic")
