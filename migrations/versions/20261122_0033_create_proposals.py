"""Proposals of enterprises, and the order of the newest enterprises."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from migrations.helpers import tenant_table

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

TZ = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "registry_proposal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("values", pg.JSONB(), nullable=False, comment="by field: what it should be"),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("proposed_at", TZ, nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("decided_at", TZ),
        sa.Column("decided_by", sa.Uuid()),
        sa.PrimaryKeyConstraint("id", name="pk_registry_proposal"),
        sa.ForeignKeyConstraint(
            ["party_id"], ["registry_enterprise.party_id"], name="fk_registry_proposal_party_id"
        ),
        sa.CheckConstraint(
            "state in ('OPEN', 'ACCEPTED', 'REFUSED', 'WITHDRAWN')", name=op.f("ck_registry_proposal_state")
        ),
    )
    op.create_index("ix_registry_proposal_party_id", "registry_proposal", ["party_id"])
    op.create_index(
        "uq_registry_proposal_open", "registry_proposal", ["party_id"], unique=True,
        postgresql_where=sa.text("state = 'OPEN'"),
    )  # fmt: skip
    tenant_table(op, "registry_proposal", tenant="SELECT, INSERT, UPDATE")
    op.create_index("ix_registry_enterprise_updated_at", "registry_enterprise", ["updated_at", "party_id"])


def downgrade() -> None:
    op.drop_index("ix_registry_enterprise_updated_at", "registry_enterprise")
    op.drop_table("registry_proposal")
