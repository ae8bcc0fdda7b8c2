"""Keep what the authority no longer demands of a paid slip."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0074"
down_revision = "0073"
branch_labels = None
depends_on = None

EARLIER, NOW = "received beyond the lines, not refunded", "received beyond what is demanded, not refunded"


def upgrade() -> None:
    op.add_column(
        "payments_slip",
        sa.Column(
            "released",
            sa.Numeric(20, 4),
            nullable=False,
            server_default="0",
            comment="of what was paid, what the authority no longer demands",
        ),
    )
    op.add_column(
        "payments_slip",
        sa.Column(
            "release_reason",
            postgresql.JSONB(),
            nullable=False,
            server_default=sa.text("'{}'::jsonb"),
            comment="by language; empty where nothing was released",
        ),
    )
    op.create_check_constraint(
        op.f("ck_payments_slip_released"), "payments_slip", "released >= 0 and released <= paid"
    )
    op.execute(f"comment on column payments_slip.excess is '{NOW}'")


def downgrade() -> None:
    op.execute(f"comment on column payments_slip.excess is '{EARLIER}'")
    op.drop_column("payments_slip", "release_reason")
    op.drop_column("payments_slip", "released")
