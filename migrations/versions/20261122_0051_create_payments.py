"""Keep slips, what the bank tells, and what becomes of the money."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.helpers import grants, system_table, tenant_table

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

TZ = sa.TIMESTAMP(timezone=True)
JSONB = postgresql.JSONB()
MONEY = sa.Numeric(20, 4)
SLIP_STATES = "'OPEN', 'PART_PAID', 'PAID', 'CANCELLED', 'REFUNDED'"
# A tenant's own step may open a slip (a fee at filing) and ask for a refund; how they stand is never the tenant's word.
OPENING = "id, party_id, reference, subject_kind, subject_id, notice, title, href, total, due_on, created_at, created_by"
DRAFTING = "id, party_id, slip_id, number, purpose, kind, title, chapter, sub_item, amount, priority"
ASKING = "id, party_id, slip_id, amount, reason, bank, account, holder, asked_at, asked_by"


def upgrade() -> None:
    op.execute("create sequence payments_slip_number")
    op.execute("grant usage on sequence payments_slip_number to ftz_tenant, ftz_officer")
    _slips()
    _bank()
    _settlement()


def _slips() -> None:
    op.create_table(
        "payments_slip",
        *_own("payments_slip", comment="who owes"),
        _text("reference", comment="what the payer writes to the bank"),
        _text("subject_kind", comment="declaration, case, …"),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        _text("notice", comment="key of the notice that demands it, within the subject"),
        sa.Column("title", JSONB, nullable=False, comment="by language: vi, en"),
        _text("href", comment="path of the subject's page"),
        sa.Column("currency", sa.Text(), nullable=False, server_default="VND"),
        sa.Column("total", MONEY, nullable=False),
        sa.Column("due_on", sa.Date(), comment="last day without late interest; local day"),
        sa.Column("created_at", TZ, nullable=False),
        sa.Column("created_by", sa.Uuid()),
        sa.Column("state", sa.Text(), nullable=False, server_default="OPEN"),
        sa.Column("paid", MONEY, nullable=False, server_default="0"),
        sa.Column(
            "excess", MONEY, nullable=False, server_default="0", comment="received beyond the lines, not refunded"
        ),
        sa.Column("refunded", MONEY, nullable=False, server_default="0"),
        sa.Column(
            "round", sa.BigInteger(), nullable=False, server_default="0", comment="which allocation counts: the latest"
        ),
        sa.Column("paid_at", TZ, comment="booking of the payment that settled it"),
        sa.Column("cancelled_at", TZ),
        sa.Column("cancel_reason", sa.Text(), nullable=False, server_default=""),
        sa.Column("changed_at", TZ),
        sa.Column("receipt_id", sa.Uuid()),
        sa.UniqueConstraint("reference", name="uq_payments_slip_reference"),
        sa.UniqueConstraint("subject_kind", "subject_id", "notice", name="uq_payments_slip_subject_kind_subject_id_notice"),
        sa.CheckConstraint(f"state in ({SLIP_STATES})", name="state"),
        sa.CheckConstraint("currency = 'VND'", name="currency"),
        sa.CheckConstraint("total > 0 and paid >= 0 and paid <= total", name="paid"),
        sa.CheckConstraint("excess >= 0 and refunded >= 0", name="excess"),
        sa.ForeignKeyConstraint(
            ["receipt_id"], ["documents_document.id"], name="fk_payments_slip_receipt_id"
        ),
    )  # fmt: skip
    op.create_index("ix_payments_slip_party_id", "payments_slip", ["party_id", "id"])
    op.create_index("ix_payments_slip_receipt_id", "payments_slip", ["receipt_id"])
    op.create_index(
        "ix_payments_slip_due_on",
        "payments_slip",
        ["due_on", "id"],
        postgresql_where=sa.text("state in ('OPEN', 'PART_PAID')"),
    )
    tenant_table(op, "payments_slip", tenant="SELECT", officer="SELECT, INSERT, UPDATE")
    grants(op, "payments_slip", {"tenant": f"INSERT ({OPENING})"})

    op.create_table(
        "payments_slip_line",
        *_own("payments_slip_line"),
        sa.Column("slip_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        _text("purpose", comment="code of the caller, e.g. of a tax"),
        _text("kind"),
        sa.Column("title", JSONB, nullable=False, comment="by language: vi, en"),
        _text("chapter", comment="budget chapter; empty where nobody named one"),
        _text("sub_item", comment="budget sub-item; empty where nobody named one"),
        sa.Column("amount", MONEY, nullable=False),
        sa.Column("priority", sa.BigInteger(), nullable=False, comment="lower is settled first"),
        sa.Column("paid", MONEY, nullable=False, server_default="0"),
        sa.UniqueConstraint("slip_id", "number", name="uq_payments_slip_line_slip_id_number"),
        sa.CheckConstraint("kind in ('TAX', 'INTEREST', 'FINE', 'FEE')", name="kind"),
        sa.CheckConstraint("amount > 0 and paid >= 0 and paid <= amount", name="paid"),
        _slip_of("payments_slip_line"),
    )
    op.create_index("ix_payments_slip_line_party_id", "payments_slip_line", ["party_id"])
    tenant_table(op, "payments_slip_line", tenant="SELECT", officer="SELECT, INSERT, UPDATE")
    grants(op, "payments_slip_line", {"tenant": f"INSERT ({DRAFTING})"})


def _bank() -> None:
    op.create_table(
        "payments_message",
        _key("payments_message"),
        sa.PrimaryKeyConstraint("id", name="pk_payments_message"),
        _text("webhook_id", comment="the sender's, the same at each delivery"),
        _text("key_id"),
        _text("body"),
        _text("body_sha256"),
        sa.Column("signed_at", TZ, nullable=False),
        sa.Column("received_at", TZ, nullable=False),
        _text("state"),
        _text("problem", comment="why it was refused, as a code; else empty"),
        sa.Column("applied_at", TZ),
        sa.UniqueConstraint("webhook_id", name="uq_payments_message_webhook_id"),
        sa.CheckConstraint("state in ('NEW', 'DONE', 'REFUSED')", name="state"),
    )
    op.create_index(
        "ix_payments_message_open",
        "payments_message",
        ["received_at"],
        postgresql_where=sa.text("state <> 'DONE'"),
    )
    system_table(op, "payments_message", officer="SELECT, INSERT, UPDATE")

    op.create_table(
        "payments_entry",
        _key("payments_entry"),
        sa.PrimaryKeyConstraint("id", name="pk_payments_entry"),
        _text("transaction_id", comment="the bank's"),
        sa.Column("amount", MONEY, nullable=False),
        _text("currency"),
        sa.Column("booked_at", TZ, nullable=False, comment="when the bank booked it; it decides on lateness"),
        _text("reference", comment="as told, may be wrong or empty"),
        _text("remark", comment="transfer text as told"),
        _text("payer_name"),
        _text("payer_account", comment="its last four characters only"),
        _text("source"),
        _text("content_sha256", comment="of what the bank told"),
        sa.Column("received_at", TZ, nullable=False),
        _text("state"),
        _text("problem", comment="why it is in suspense, as a code; else empty"),
        sa.Column("slip_id", sa.Uuid()),
        sa.Column("assigned_at", TZ, comment="set: an officer found the slip"),
        sa.Column("assigned_by", sa.Uuid()),
        _text("assign_reason"),
        sa.UniqueConstraint("transaction_id", name="uq_payments_entry_transaction_id"),
        sa.CheckConstraint("state in ('APPLIED', 'SUSPENSE')", name="state"),
        sa.CheckConstraint("source in ('CALLBACK', 'STATEMENT')", name="source"),
        sa.CheckConstraint("amount > 0", name="amount"),
        sa.CheckConstraint("(state = 'APPLIED') = (slip_id is not null)", name="slip"),
        _slip_of("payments_entry"),
    )
    op.create_index("ix_payments_entry_slip_id", "payments_entry", ["slip_id"])
    op.create_index("ix_payments_entry_booked_at", "payments_entry", ["booked_at", "id"])
    op.create_index(
        "ix_payments_entry_suspense",
        "payments_entry",
        ["booked_at"],
        postgresql_where=sa.text("state = 'SUSPENSE'"),
    )
    system_table(op, "payments_entry", officer="SELECT, INSERT, UPDATE")

    op.create_table(
        "payments_reconciliation",
        _key("payments_reconciliation"),
        sa.PrimaryKeyConstraint("id", name="pk_payments_reconciliation"),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", TZ, nullable=False),
        sa.Column("by", sa.Uuid()),
        sa.Column("bank_count", sa.BigInteger(), nullable=False),
        sa.Column("bank_total", MONEY, nullable=False),
        sa.Column("own_count", sa.BigInteger(), nullable=False),
        sa.Column("own_total", MONEY, nullable=False),
        sa.Column("differences", JSONB, nullable=False),
    )
    op.create_index("ix_payments_reconciliation_day", "payments_reconciliation", ["day", "at"])
    system_table(op, "payments_reconciliation", officer="SELECT, INSERT")


def _settlement() -> None:
    op.create_table(
        "payments_payment",
        *_own("payments_payment"),
        sa.Column("slip_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        _text("transaction_id"),
        sa.Column("amount", MONEY, nullable=False),
        sa.Column("booked_at", TZ, nullable=False),
        sa.Column("taken_at", TZ, nullable=False),
        sa.UniqueConstraint("entry_id", name="uq_payments_payment_entry_id"),
        sa.CheckConstraint("amount > 0", name="amount"),
        sa.ForeignKeyConstraint(["entry_id"], ["payments_entry.id"], name="fk_payments_payment_entry_id"),
        _slip_of("payments_payment"),
    )
    op.create_index("ix_payments_payment_party_id", "payments_payment", ["party_id"])
    op.create_index("ix_payments_payment_slip_id", "payments_payment", ["slip_id", "booked_at"])
    tenant_table(op, "payments_payment", tenant="SELECT", officer="SELECT, INSERT")

    op.create_table(
        "payments_allocation",
        *_own("payments_allocation"),
        sa.Column("slip_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.BigInteger(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("amount", MONEY, nullable=False),
        sa.UniqueConstraint(
            "slip_id",
            "round",
            "payment_id",
            "line_id",
            name="uq_payments_allocation_slip_id_round_payment_id_line_id",
        ),
        sa.CheckConstraint("amount > 0", name="amount"),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payments_payment.id"], name="fk_payments_allocation_payment_id"
        ),
        sa.ForeignKeyConstraint(
            ["line_id"], ["payments_slip_line.id"], name="fk_payments_allocation_line_id"
        ),
        _slip_of("payments_allocation"),
    )
    for column in ("party_id", "payment_id", "line_id"):
        op.create_index(f"ix_payments_allocation_{column}", "payments_allocation", [column])
    tenant_table(op, "payments_allocation", tenant="SELECT", officer="SELECT, INSERT")
    _refunds()


def _refunds() -> None:
    op.create_table(
        "payments_refund",
        *_own("payments_refund"),
        sa.Column("slip_id", sa.Uuid(), nullable=False),
        sa.Column("amount", MONEY, nullable=False),
        _text("reason"),
        _text("bank"),
        _text("account", comment="of the enterprise, where the money goes"),
        _text("holder"),
        sa.Column("asked_at", TZ, nullable=False),
        sa.Column("asked_by", sa.Uuid()),
        sa.Column("state", sa.Text(), nullable=False, server_default="ASKED"),
        sa.Column("checked_at", TZ),
        sa.Column("checked_by", sa.Uuid()),
        sa.Column("decided_at", TZ),
        sa.Column("decided_by", sa.Uuid()),
        sa.Column(
            "decision", sa.Text(), nullable=False, server_default="", comment="reason of a refusal; else empty"
        ),
        sa.Column("paid_at", TZ),
        sa.Column(
            "transaction_id", sa.Text(), nullable=False, server_default="", comment="the bank's, of the refund"
        ),
        sa.Column("attempts", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("next_at", TZ),
        sa.Column("error", sa.Text(), nullable=False, server_default=""),
        sa.CheckConstraint("state in ('ASKED', 'CHECKED', 'APPROVED', 'PAID', 'REFUSED')", name="state"),
        sa.CheckConstraint("amount > 0", name="amount"),
        sa.CheckConstraint(
            "decided_by is null or checked_by is null or decided_by <> checked_by", name="four_eyes"
        ),
        _slip_of("payments_refund"),
    )  # fmt: skip
    op.create_index("ix_payments_refund_party_id", "payments_refund", ["party_id"])
    op.create_index("ix_payments_refund_slip_id", "payments_refund", ["slip_id", "asked_at"])
    op.create_index(
        "uq_payments_refund_open",
        "payments_refund",
        ["slip_id"],
        unique=True,
        postgresql_where=sa.text("state in ('ASKED', 'CHECKED', 'APPROVED')"),
    )
    tenant_table(op, "payments_refund", tenant="SELECT", officer="SELECT, INSERT, UPDATE")
    grants(op, "payments_refund", {"tenant": f"INSERT ({ASKING})"})


def downgrade() -> None:
    for name in (
        "refund", "allocation", "payment", "reconciliation", "entry", "message", "slip_line", "slip",
    ):  # fmt: skip
        op.drop_table(f"payments_{name}")
    op.execute("drop sequence payments_slip_number")


def _text(name: str, *, comment: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False, comment=comment)


def _key(name: str) -> sa.Column[object]:
    return sa.Column("id", sa.Uuid(), nullable=False)


def _own(name: str, *, comment: str | None = None) -> list[sa.schema.SchemaItem]:
    return [
        _key(name),
        sa.Column("party_id", sa.Uuid(), nullable=False, comment=comment),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.ForeignKeyConstraint(["party_id"], ["auth_party.id"], name=f"fk_{name}_party_id"),
    ]


def _slip_of(name: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["slip_id"], ["payments_slip.id"], name=f"fk_{name}_slip_id")
