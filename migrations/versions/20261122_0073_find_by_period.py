"""Let declarations be found and sorted by the day of their registration, or of their beginning until then."""

from alembic import op

revision = "0073"
down_revision = "0072"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "create index ix_customs_declaration_period on customs_declaration (coalesce(registered_at, created_at), id)"
    )


def downgrade() -> None:
    op.drop_index("ix_customs_declaration_period", "customs_declaration")
