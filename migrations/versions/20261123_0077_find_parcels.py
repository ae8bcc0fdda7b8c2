"""Find parcels by numbers of orders and waybills as people type them: without capitals, accents and marks."""

import sqlalchemy as sa
from alembic import op

revision = "0077"
down_revision = "0076"
branch_labels = None
depends_on = None

# As app.core.kit.text.fold does, without the spaces: a number has no words.
FOLD = """
create function parcels_parcel_fold() returns trigger language plpgsql as $$
begin
  -- Most updates are other messages about the same numbers.
  if tg_op = 'UPDATE' and new.order_no = old.order_no and new.waybill_no is not distinct from old.waybill_no
     and new.order_folded <> '' then
    return new;
  end if;
  new.order_folded := regexp_replace(lower(public.unaccent(new.order_no)), '[^[:alnum:]]+', '', 'g');
  new.waybill_folded := regexp_replace(
    lower(public.unaccent(coalesce(new.waybill_no, ''))), '[^[:alnum:]]+', '', 'g');
  return new;
end $$
"""
FOLDED = ("order_folded", "waybill_folded")


def upgrade() -> None:
    for name in FOLDED:
        op.add_column(
            "parcels_parcel",
            sa.Column(
                name, sa.Text(), server_default="", nullable=False,
                comment="the number as a search compares it, folded by the database",
            ),
        )  # fmt: skip
    op.execute(FOLD)
    op.execute(
        "create trigger parcels_parcel_fold before insert or update of order_no, waybill_no on parcels_parcel"
        " for each row execute function parcels_parcel_fold()"
    )
    op.execute("update parcels_parcel set order_no = order_no")
    for name in FOLDED:
        op.create_index(
            f"ix_parcels_parcel_{name}", "parcels_parcel", [name], postgresql_ops={name: "text_pattern_ops"}
        )


def downgrade() -> None:
    op.execute("drop trigger parcels_parcel_fold on parcels_parcel")
    op.execute("drop function parcels_parcel_fold()")
    for name in FOLDED:
        op.drop_column("parcels_parcel", name)
