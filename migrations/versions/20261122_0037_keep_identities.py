"""Keep the identity documents of representatives, sealed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "registry_representative",
        sa.Column(
            "identity", pg.JSONB(), nullable=False, server_default=sa.text("'{}'"),
            comment="kind of the identity document, and its number sealed",
        ),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_column("registry_representative", "identity")
