"""Take orders, payments, waybills and returns of low-value parcels, and what they say together."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.helpers import grants, tenant_table

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

TZ = sa.TIMESTAMP(timezone=True)
MONEY = sa.Numeric(20, 4)
JSON = postgresql.JSONB()


def upgrade() -> None:
    _batches()
    _orders()
    _payments()
    _waybills()
    _returns()
    _parcels()


def downgrade() -> None:
    for name in ("parcel", "return", "waybill", "payment", "order", "vault", "batch"):
        op.drop_table(f"parcels_{name}")


def _batches() -> None:
    op.create_table(
        "parcels_batch",
        *_own("parcels_batch"),
        _text("message"),
        _text("source"),
        sa.Column("at", TZ, nullable=False),
        sa.Column("by", sa.Uuid()),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ("taken", "known", "changed", "faulty")
        ),
        sa.Column(
            "faults", JSON, nullable=False, comment="row, number, outcome and faults; never other content"
        ),
        sa.CheckConstraint("message in ('ORDER', 'PAYMENT', 'WAYBILL', 'RETURN')", name="message"),
        sa.CheckConstraint("source in ('API', 'FILE')", name="source"),
    )
    op.create_index("ix_parcels_batch_party_id", "parcels_batch", ["party_id", "at"])
    tenant_table(op, "parcels_batch", tenant="SELECT, INSERT", officer="SELECT")
    op.create_table(
        "parcels_vault",
        *_own("parcels_vault"),
        sa.Column("month", sa.Date(), nullable=False, comment="its first day"),
        sa.Column("erased_at", TZ),
        sa.UniqueConstraint("party_id", "month", name="uq_parcels_vault_party_id_month"),
    )
    op.create_index("ix_parcels_vault_month", "parcels_vault", ["month"])
    tenant_table(op, "parcels_vault", tenant="SELECT, INSERT", officer="SELECT")
    grants(op, "parcels_vault", {"officer": "UPDATE (erased_at)"})


def _orders() -> None:
    _message(
        "order",
        _vault("order"),
        _text("platform"),
        sa.Column("items", JSON, nullable=False),
        _currency(),
        sa.Column("freight", MONEY, nullable=False),
        sa.Column("insurance", MONEY, nullable=False),
        sa.Column("discount", MONEY, nullable=False),
        sa.Column("goods", MONEY, nullable=False, comment="quantity times price, less the discount"),
        sa.Column("total", MONEY, nullable=False, comment="goods, freight and insurance"),
        sa.Column("ordered_at", TZ, nullable=False),
        sa.Column("buyer", JSON, nullable=False, comment="sealed"),
        sa.Column("buyer_name", sa.LargeBinary(), nullable=False, comment="keyed digest, to compare names"),
        sa.Column(
            "buyer_key",
            sa.LargeBinary(),
            nullable=False,
            comment="keyed digest of the identity paper, else of platform and reference, to count by buyer",
        ),
    )


def _payments() -> None:
    _message(
        "payment",
        _text("order_no"),
        sa.Column("amount", MONEY, nullable=False),
        _currency(),
        sa.Column("paid_at", TZ, nullable=False),
    )


def _waybills() -> None:
    _message(
        "waybill",
        _vault("waybill"),
        _text("order_no"),
        sa.Column("weight_kg", sa.Numeric(12, 3), nullable=False),
        sa.Column("sender_country", sa.CHAR(2), nullable=False),
        sa.Column("declared", MONEY, nullable=False),
        _currency(),
        _text("flight"),
        sa.Column("arrives_at", TZ, nullable=False),
        sa.Column("consignee", JSON, nullable=False, comment="sealed"),
        sa.Column("consignee_name", sa.LargeBinary(), nullable=False, comment="keyed digest"),
    )


def _returns() -> None:
    _message(
        "return",
        _text("order_no"),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column(
            "amount", MONEY, nullable=False, comment="price of the goods that go back, currency of the order"
        ),
        _text("reason"),
        sa.Column("returned_at", TZ, nullable=False),
    )


def _parcels() -> None:
    op.create_table(
        "parcels_parcel",
        *_own("parcels_parcel"),
        _text("order_no"),
        _text("state"),
        sa.Column("reasons", JSON, nullable=False, comment="codes with their figures"),
        sa.Column(
            "day",
            sa.Date(),
            nullable=False,
            comment="local day of arrival, or of the first message until one is known",
        ),
        sa.Column("waybill_no", sa.Text()),
        sa.Column("flight", sa.Text()),
        sa.Column("arrives_at", TZ),
        sa.Column("currency", sa.CHAR(3)),
        sa.Column("goods", MONEY),
        sa.Column("total", MONEY),
        sa.Column("weight_kg", sa.Numeric(12, 3)),
        sa.Column("buyer_key", sa.LargeBinary()),
        sa.Column("listed", sa.Boolean(), nullable=False, comment="stands on a list that was closed"),
        sa.Column("returned", MONEY, nullable=False, comment="price of the goods that went back"),
        sa.Column("first_at", TZ, nullable=False),
        sa.Column("judged_at", TZ, nullable=False),
        sa.UniqueConstraint("party_id", "order_no", name="uq_parcels_parcel_party_id_order_no"),
        sa.CheckConstraint("state in ('WAITING', 'MISMATCH', 'MATCHED', 'LISTED', 'RETURNED')", name="state"),
    )
    op.create_index("ix_parcels_parcel_day", "parcels_parcel", ["party_id", "day", "state", "id"])
    op.create_index("ix_parcels_parcel_zone_day", "parcels_parcel", ["day", "state"])
    tenant_table(op, "parcels_parcel", tenant="SELECT, INSERT, UPDATE", officer="SELECT")


def _message(kind: str, *columns: sa.schema.SchemaItem) -> None:
    name = f"parcels_{kind}"
    op.create_table(
        name,
        *_own(name),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        _text(f"{kind}_no"),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        *columns,
        sa.Column(
            "content_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="keyed digest of the row as it came" if kind == "order" else None,
        ),
        sa.UniqueConstraint(
            "party_id", f"{kind}_no", "revision", name=f"uq_{name}_party_id_{kind}_no_revision"
        ),
        # The rows are written before their batch, whose counts say what became of them.
        sa.ForeignKeyConstraint(
            ["batch_id"],
            ["parcels_batch.id"],
            name=f"fk_{name}_batch_id",
            deferrable=True,
            initially="DEFERRED",
        ),
    )
    op.create_index(f"ix_{name}_batch_id", name, ["batch_id"])
    if kind in {"order", "waybill"}:
        op.create_index(f"ix_{name}_vault_id", name, ["vault_id"])
    if kind != "order":
        op.create_index(f"ix_{name}_order_no", name, ["party_id", "order_no"])
    tenant_table(op, name, tenant="SELECT, INSERT", officer="SELECT")


def _own(name: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.ForeignKeyConstraint(["party_id"], ["auth_party.id"], name=f"fk_{name}_party_id"),
    ]


def _vault(kind: str) -> sa.Column[sa.Uuid]:
    key = sa.ForeignKey("parcels_vault.id", name=f"fk_parcels_{kind}_vault_id")
    return sa.Column("vault_id", sa.Uuid(), key, nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _currency() -> sa.Column[str]:
    return sa.Column("currency", sa.CHAR(3), nullable=False)
