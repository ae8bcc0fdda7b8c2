"""Close low-value lists, and count what went to a buyer in a year."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.helpers import grants, tenant_table

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None

TZ = sa.TIMESTAMP(timezone=True)
MONEY = sa.Numeric(20, 4)
JSON = postgresql.JSONB()


def upgrade() -> None:
    op.execute("create sequence parcels_list_number")
    op.execute("grant usage on sequence parcels_list_number to ftz_tenant")
    op.create_table(
        "parcels_list",
        *_own("parcels_list"),
        _text("code"),
        sa.Column("day", sa.Date(), nullable=False, comment="local day of arrival"),
        _text("flight"),
        sa.Column("corrects_id", sa.Uuid()),
        _text("state"),
        sa.Column("law_day", sa.Date(), nullable=False, comment="whose law, rates and exchange were applied"),
        sa.Column("law", JSON, nullable=False, comment="values of the law that were used"),
        sa.Column("parcels", sa.BigInteger(), nullable=False),
        sa.Column("weight_kg", sa.Numeric(14, 3), nullable=False),
        *(sa.Column(name, MONEY, nullable=False) for name in ("customs_value", "duty", "vat")),
        sa.Column("closed_at", TZ, nullable=False),
        sa.Column("closed_by", sa.Uuid()),
        sa.Column("sent_at", TZ, comment="as the operator says"),
        sa.Column("official_number", sa.Text(), comment="of the authority, as the operator notes it"),
        sa.Column("answered_at", TZ),
        sa.UniqueConstraint("code", name="uq_parcels_list_code"),
        sa.CheckConstraint("state in ('CLOSED', 'SENT', 'ANSWERED')", name="state"),
        sa.ForeignKeyConstraint(["corrects_id"], ["parcels_list.id"], name="fk_parcels_list_corrects_id"),
    )
    op.create_index("ix_parcels_list_party_id", "parcels_list", ["party_id", "closed_at"])
    op.create_index("ix_parcels_list_corrects_id", "parcels_list", ["corrects_id"])
    tenant_table(op, "parcels_list", tenant="SELECT, INSERT", officer="SELECT")
    grants(op, "parcels_list", {"tenant": "UPDATE (state, sent_at, official_number, answered_at)"})
    _lines()
    op.create_table(
        "parcels_buyer_year",
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.BigInteger(), nullable=False),
        sa.Column("buyer_key", sa.LargeBinary(), nullable=False),
        sa.Column("orders", sa.BigInteger(), nullable=False),
        sa.Column("customs_value", MONEY, nullable=False),
        sa.PrimaryKeyConstraint("party_id", "year", "buyer_key", name="pk_parcels_buyer_year"),
        sa.ForeignKeyConstraint(["party_id"], ["auth_party.id"], name="fk_parcels_buyer_year_party_id"),
    )
    op.create_index("ix_parcels_buyer_year_orders", "parcels_buyer_year", ["year", "orders"])
    tenant_table(op, "parcels_buyer_year", tenant="SELECT, INSERT, UPDATE", officer="SELECT")


def downgrade() -> None:
    op.drop_table("parcels_buyer_year")
    op.drop_table("parcels_line")
    op.drop_table("parcels_list")
    op.execute("drop sequence parcels_list_number")


def _lines() -> None:
    op.create_table(
        "parcels_line",
        *_own("parcels_line"),
        sa.Column("list_id", sa.Uuid(), nullable=False),
        sa.Column("parcel_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        *(_text(name) for name in ("order_no", "waybill_no", "description", "hs")),
        sa.Column("weight_kg", sa.Numeric(12, 3), nullable=False),
        sa.Column("currency", sa.CHAR(3), nullable=False),
        sa.Column("total", MONEY, nullable=False, comment="what was paid, in the currency of the order"),
        sa.Column("exchange", sa.Numeric(20, 6), nullable=False),
        sa.Column("customs_value", MONEY, nullable=False),
        _text("exemption"),
        sa.Column("duty", MONEY, nullable=False),
        _text("vat_rates"),
        sa.Column("vat", MONEY, nullable=False),
        sa.Column("goods", JSON, nullable=False, comment="arithmetic by kind of goods"),
        _text("answer"),
        _text("answer_note"),
        sa.UniqueConstraint("list_id", "number", name="uq_parcels_line_list_id_number"),
        sa.CheckConstraint("answer in ('NONE', 'ACCEPTED', 'REFUSED', 'HELD')", name="answer"),
        sa.ForeignKeyConstraint(["list_id"], ["parcels_list.id"], name="fk_parcels_line_list_id"),
        sa.ForeignKeyConstraint(["parcel_id"], ["parcels_parcel.id"], name="fk_parcels_line_parcel_id"),
    )
    op.create_index("ix_parcels_line_party_id", "parcels_line", ["party_id"])
    op.create_index("ix_parcels_line_parcel_id", "parcels_line", ["parcel_id"])
    tenant_table(op, "parcels_line", tenant="SELECT, INSERT", officer="SELECT")
    grants(op, "parcels_line", {"tenant": "UPDATE (answer, answer_note)"})


def _own(name: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.ForeignKeyConstraint(["party_id"], ["auth_party.id"], name=f"fk_{name}_party_id"),
    ]


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)
