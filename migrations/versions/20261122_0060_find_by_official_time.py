"""Find declarations by the official times that the board counts by."""

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in ("registered_at", "cleared_at"):
        op.create_index(
            f"ix_customs_declaration_{column}", "customs_declaration", [column],
            postgresql_where=sa.text(f"{column} is not null"),
        )  # fmt: skip
    op.create_index("ix_customs_difference_found_at", "customs_difference", ["found_at"])
    op.create_index("ix_payments_payment_booked_at", "payments_payment", ["booked_at"])


def downgrade() -> None:
    op.drop_index("ix_payments_payment_booked_at", "payments_payment")
    op.drop_index("ix_customs_difference_found_at", "customs_difference")
    for column in ("cleared_at", "registered_at"):
        op.drop_index(f"ix_customs_declaration_{column}", "customs_declaration")
