"""Spatial checks of requests, kept as they were."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql as pg

from migrations.helpers import tenant_table

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "investment_spatial_check",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column(
            "reason",
            sa.String(),
            nullable=False,
            comment="SUBMIT when filed, DESK when an officer asked again",
        ),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.Uuid()),
        sa.Column("map_id", sa.Uuid()),
        sa.Column("map_hash", sa.String(), nullable=False),
        sa.Column("inputs", pg.JSONB(), nullable=False),
        sa.Column("findings", pg.JSONB(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False, comment="SHA-256 over inputs, map and findings"),
        sa.Column("geometry", Geometry("GEOMETRY", 9210, spatial_index=False)),
        sa.PrimaryKeyConstraint("id", name="pk_investment_spatial_check"),
        sa.CheckConstraint("reason in ('SUBMIT', 'DESK')", name="ck_investment_spatial_check_reason"),
        sa.ForeignKeyConstraint(
            ["case_id"], ["workflow_case.id"], name="fk_investment_spatial_check_case_id"
        ),
        sa.ForeignKeyConstraint(["party_id"], ["auth_party.id"], name="fk_investment_spatial_check_party_id"),
        sa.ForeignKeyConstraint(["map_id"], ["registry_map.id"], name="fk_investment_spatial_check_map_id"),
    )
    op.create_index("ix_investment_spatial_check_case_id", "investment_spatial_check", ["case_id", "at"])
    op.create_index("ix_investment_spatial_check_party_id", "investment_spatial_check", ["party_id"])
    op.create_index("ix_investment_spatial_check_map_id", "investment_spatial_check", ["map_id"])
    op.create_index(
        "ix_investment_spatial_check_geometry",
        "investment_spatial_check",
        ["geometry"],
        postgresql_using="gist",
    )
    tenant_table(op, "investment_spatial_check", officer="SELECT, INSERT")


def downgrade() -> None:
    op.drop_table("investment_spatial_check")
