"""Let one waybill carry the parcel of several orders."""

import sqlalchemy as sa
from alembic import op

from migrations.helpers import tenant_table

revision = "0072"
down_revision = "0071"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "parcels_waybill_share",
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("waybill_no", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("declared", sa.Numeric(20, 4), nullable=False),
        sa.PrimaryKeyConstraint(
            "party_id", "waybill_no", "revision", "order_no", name="pk_parcels_waybill_share"
        ),
        sa.ForeignKeyConstraint(["party_id"], ["auth_party.id"], name="fk_parcels_waybill_share_party_id"),
    )
    op.create_index("ix_parcels_waybill_share_order_no", "parcels_waybill_share", ["party_id", "order_no"])
    op.create_index("ix_parcels_parcel_waybill_no", "parcels_parcel", ["waybill_no"])
    tenant_table(op, "parcels_waybill_share", tenant="SELECT, INSERT", officer="SELECT")


def downgrade() -> None:
    op.drop_index("ix_parcels_parcel_waybill_no", "parcels_parcel")
    op.drop_table("parcels_waybill_share")
