"""Keep what was paid outside the platform: said with a paper, recorded by one officer, confirmed by another."""

import sqlalchemy as sa
from alembic import op

from migrations.helpers import grants, tenant_table

revision = "0079"
down_revision = "0078"
branch_labels = None
depends_on = None

TZ = sa.TIMESTAMP(timezone=True)
TABLE = "payments_outside"
SAYING = "id, party_id, slip_id, amount, paid_on, place, paper, note, document_id, asked_at, asked_by"
DECIDING = "state, recorded_at, recorded_by, decided_at, decided_by, decision"


def upgrade() -> None:
    op.add_column(
        "payments_slip",
        sa.Column(
            "outside",
            sa.Numeric(20, 4),
            nullable=False,
            server_default="0",
            comment="confirmed as paid outside the platform; no money that the bank told of",
        ),
    )
    op.create_check_constraint(op.f("ck_payments_slip_outside"), "payments_slip", "outside >= 0")
    op.create_table(
        TABLE,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False, comment="who owes"),
        sa.Column("slip_id", sa.Uuid(), nullable=False),
        sa.Column(
            "undoes_id", sa.Uuid(), comment="the entry that this one takes back; empty: it says a payment"
        ),
        sa.Column("amount", sa.Numeric(20, 4), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False, comment="as the paper says"),
        sa.Column("place", sa.Text(), nullable=False, comment="where it was paid"),
        sa.Column("paper", sa.Text(), nullable=False, comment="number of the paper that shows it"),
        sa.Column("note", sa.Text(), nullable=False, comment="in the words of whoever entered it"),
        sa.Column("document_id", sa.Uuid(), comment="scan of the paper"),
        sa.Column("asked_at", TZ, nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, server_default="ASKED"),
        sa.Column("recorded_at", TZ),
        sa.Column("recorded_by", sa.Uuid(), comment="the officer who compared it with the paper"),
        sa.Column("decided_at", TZ),
        sa.Column("decided_by", sa.Uuid()),
        sa.Column(
            "decision",
            sa.Text(),
            nullable=False,
            server_default="",
            comment="reason of a refusal; else empty",
        ),
        sa.PrimaryKeyConstraint("id", name=f"pk_{TABLE}"),
        sa.ForeignKeyConstraint(["party_id"], ["auth_party.id"], name=f"fk_{TABLE}_party_id"),
        sa.ForeignKeyConstraint(["slip_id"], ["payments_slip.id"], name=f"fk_{TABLE}_slip_id"),
        sa.ForeignKeyConstraint(["undoes_id"], [f"{TABLE}.id"], name=f"fk_{TABLE}_undoes_id"),
        sa.ForeignKeyConstraint(["document_id"], ["documents_document.id"], name=f"fk_{TABLE}_document_id"),
        sa.CheckConstraint("state in ('ASKED', 'RECORDED', 'CONFIRMED', 'REFUSED')", name="state"),
        sa.CheckConstraint("amount > 0", name="amount"),
        sa.CheckConstraint("(undoes_id is null) = (document_id is not null)", name="paper"),
        sa.CheckConstraint(
            "state <> 'CONFIRMED' or (recorded_by is not null and decided_by is not null"
            " and decided_by <> recorded_by and decided_by <> asked_by)",
            name="four_eyes",
        ),
    )
    for column in ("party_id", "undoes_id", "document_id"):
        op.create_index(f"ix_{TABLE}_{column}", TABLE, [column])
    op.create_index(f"ix_{TABLE}_slip_id", TABLE, ["slip_id", "asked_at"])
    op.create_index(
        f"uq_{TABLE}_open",
        TABLE,
        ["slip_id"],
        unique=True,
        postgresql_where=sa.text("state in ('ASKED', 'RECORDED')"),
    )
    op.create_index(
        f"uq_{TABLE}_undone",
        TABLE,
        ["undoes_id"],
        unique=True,
        postgresql_where=sa.text("state <> 'REFUSED'"),
    )
    # What was said is never edited: an officer's login may write how it stands, and nothing else.
    tenant_table(op, TABLE, tenant="SELECT", officer="SELECT, INSERT")
    grants(op, TABLE, {"tenant": f"INSERT ({SAYING})", "officer": f"UPDATE ({DECIDING})"})


def downgrade() -> None:
    op.drop_table(TABLE)
    op.drop_column("payments_slip", "outside")
