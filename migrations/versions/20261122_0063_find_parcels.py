"""Let customs find parcels, lists and buyers of the whole zone by an index."""

from alembic import op

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_parcels_parcel_order_no", "parcels_parcel", ["order_no"])
    op.create_index("ix_parcels_list_closed_at", "parcels_list", ["closed_at"])
    op.create_index("ix_parcels_buyer_year_buyer_key", "parcels_buyer_year", ["buyer_key", "year"])


def downgrade() -> None:
    op.drop_index("ix_parcels_buyer_year_buyer_key", "parcels_buyer_year")
    op.drop_index("ix_parcels_list_closed_at", "parcels_list")
    op.drop_index("ix_parcels_parcel_order_no", "parcels_parcel")
