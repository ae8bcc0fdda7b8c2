"""Seal what the bank told of payers, clear suspense by two officers, and keep differences until they are settled."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.helpers import system_table

revision = "0067"
down_revision = "0066"
branch_labels = None
depends_on = None

TZ = sa.TIMESTAMP(timezone=True)
JSONB = postgresql.JSONB()
MONEY = sa.Numeric(20, 4)


def upgrade() -> None:
    _persons()
    _clearings()
    _differences()


def _persons() -> None:
    op.create_table(
        "payments_vault",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False, comment="its first day"),
        sa.Column("erased_at", TZ),
        sa.PrimaryKeyConstraint("id", name="pk_payments_vault"),
        sa.UniqueConstraint("month", name="uq_payments_vault_month"),
    )
    system_table(op, "payments_vault", officer="SELECT, INSERT, UPDATE")
    # Keys are not at hand here: what was told before stays as it was told; everything new is sealed.
    op.add_column(
        "payments_entry",
        sa.Column("payer", JSONB, comment="name, and remark: the transfer text; both sealed"),
    )
    op.execute("update payments_entry set payer = jsonb_build_object('name', payer_name, 'remark', remark)")
    op.alter_column("payments_entry", "payer", nullable=False)
    op.drop_column("payments_entry", "payer_name")
    op.drop_column("payments_entry", "remark")
    op.execute(
        "alter table payments_message alter column body type jsonb using jsonb_build_object('text', body)"
    )
    op.execute("comment on column payments_message.body is 'text: byte for byte, sealed'")
    op.drop_constraint(op.f("ck_payments_entry_state"), "payments_entry", type_="check")
    op.create_check_constraint(
        op.f("ck_payments_entry_state"), "payments_entry", "state in ('APPLIED', 'SUSPENSE', 'RETURNED')"
    )


def _clearings() -> None:
    op.create_table(
        "payments_clearing",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("slip_id", sa.Uuid()),
        sa.Column("reason", sa.Text(), nullable=False, comment="how it is known, or why it goes back"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_at", TZ, nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("decided_at", TZ),
        sa.Column("decided_by", sa.Uuid()),
        sa.Column(
            "decision", sa.Text(), nullable=False, server_default="", comment="reason of a refusal; else empty"
        ),
        sa.Column("done_at", TZ),
        sa.Column(
            "transaction_id", sa.Text(), nullable=False, server_default="", comment="the bank's, of what went back"
        ),
        sa.Column("attempts", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("next_at", TZ),
        sa.Column("error", sa.Text(), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("id", name="pk_payments_clearing"),
        sa.CheckConstraint("kind in ('ASSIGN', 'RETURN')", name="kind"),
        sa.CheckConstraint("state in ('ASKED', 'APPROVED', 'DONE', 'REFUSED')", name="state"),
        sa.CheckConstraint("(kind = 'ASSIGN') = (slip_id is not null)", name="slip"),
        sa.CheckConstraint("state = 'REFUSED' or decided_by is null or decided_by <> asked_by", name="four_eyes"),
        sa.ForeignKeyConstraint(["entry_id"], ["payments_entry.id"], name="fk_payments_clearing_entry_id"),
        sa.ForeignKeyConstraint(["slip_id"], ["payments_slip.id"], name="fk_payments_clearing_slip_id"),
    )  # fmt: skip
    op.create_index(
        "uq_payments_clearing_open",
        "payments_clearing",
        ["entry_id"],
        unique=True,
        postgresql_where=sa.text("state in ('ASKED', 'APPROVED')"),
    )
    op.create_index("ix_payments_clearing_entry_id", "payments_clearing", ["entry_id", "asked_at"])
    op.create_index("ix_payments_clearing_slip_id", "payments_clearing", ["slip_id"])
    system_table(op, "payments_clearing", officer="SELECT, INSERT, UPDATE")


def _differences() -> None:
    op.create_table(
        "payments_difference",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("transaction_id", sa.Text(), nullable=False),
        sa.Column("bank_amount", MONEY),
        sa.Column("own_amount", MONEY),
        sa.Column("found_at", TZ, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), comment="the officer who looks into it"),
        sa.Column("closed_at", TZ),
        sa.Column("closed_by", sa.Uuid(), comment="empty: it went by itself"),
        sa.Column(
            "note",
            sa.Text(),
            nullable=False,
            server_default="",
            comment="what became of it, in the owner's words",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_payments_difference"),
        sa.UniqueConstraint(
            "day", "kind", "transaction_id", name="uq_payments_difference_day_kind_transaction_id"
        ),
        sa.CheckConstraint("state in ('OPEN', 'CLOSED')", name="state"),
    )
    op.create_index(
        "ix_payments_difference_open",
        "payments_difference",
        ["day", "id"],
        postgresql_where=sa.text("state = 'OPEN'"),
    )
    system_table(op, "payments_difference", officer="SELECT, INSERT, UPDATE")


def downgrade() -> None:
    for name in ("payments_difference", "payments_clearing", "payments_vault"):
        op.drop_table(name)
    # What was sealed cannot be opened here: names go, and a message keeps the token of its text.
    op.execute("update payments_entry set state = 'SUSPENSE' where state = 'RETURNED'")
    op.drop_constraint(op.f("ck_payments_entry_state"), "payments_entry", type_="check")
    op.create_check_constraint(
        op.f("ck_payments_entry_state"), "payments_entry", "state in ('APPLIED', 'SUSPENSE')"
    )
    op.execute("comment on column payments_message.body is null")
    op.execute("alter table payments_message alter column body type text using body::text")
    for name, said in (("remark", "transfer text as told"), ("payer_name", None)):
        op.add_column(
            "payments_entry", sa.Column(name, sa.Text(), nullable=False, server_default="", comment=said)
        )
        op.alter_column("payments_entry", name, server_default=None)
    op.drop_column("payments_entry", "payer")
