"""Send low-value lists to customs; what the authority answers is written by the worker alone."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.helpers import grants, tenant_table

revision = "0066"
down_revision = "0065"
branch_labels = None
depends_on = None

TZ = sa.TIMESTAMP(timezone=True)
JSON = postgresql.JSONB()
STATES = ("CLOSED", "SENT", "REGISTERED", "REFUSED", "RELEASED")
ANSWERS = ("NONE", "ACCEPTED", "REFUSED", "HELD", "RELEASED")


def upgrade() -> None:
    # Numbers and answers that an operator typed are none of the authority's: such lists are to be sent.
    _check(
        "parcels_list", "state", STATES, "update parcels_list set state = 'CLOSED', official_number = null"
    )
    _check("parcels_line", "answer", ANSWERS, "update parcels_line set answer = 'NONE', answer_note = ''")
    op.execute("update parcels_list set sent_at = null, answered_at = null")
    op.add_column("parcels_list", sa.Column("released_at", TZ))
    op.add_column(
        "parcels_list",
        sa.Column("official_vat", sa.Numeric(20, 4), comment="tax of the authority's notice"),
    )
    op.add_column("parcels_list", sa.Column("tax_reference", sa.Text()))
    op.alter_column("parcels_list", "sent_at", comment="when the gateway had it")
    op.alter_column("parcels_list", "official_number", comment="of the authority, by the gateway only")
    op.create_index(
        "ix_parcels_list_waiting",
        "parcels_list",
        ["id"],
        postgresql_where=sa.text("state in ('SENT', 'REGISTERED')"),
    )
    op.execute("revoke update (state, sent_at, official_number, answered_at) on parcels_list from ftz_tenant")
    op.execute("revoke update (answer, answer_note) on parcels_line from ftz_tenant")
    answered = "state, sent_at, official_number, answered_at, released_at, official_vat, tax_reference"
    grants(op, "parcels_list", {"worker": f"UPDATE ({answered})"})
    grants(op, "parcels_line", {"worker": "UPDATE (answer, answer_note)"})
    # What was refused is free again and can be listed anew.
    grants(op, "parcels_parcel", {"worker": "UPDATE"})
    grants(op, "parcels_buyer_year", {"worker": "UPDATE"})
    _dispatches()
    _notices()


def downgrade() -> None:
    op.drop_table("parcels_notice")
    op.drop_table("parcels_dispatch")
    op.execute("revoke update on parcels_buyer_year from ftz_worker")
    op.execute("revoke update on parcels_parcel from ftz_worker")
    op.execute("revoke update (answer, answer_note) on parcels_line from ftz_worker")
    grants(op, "parcels_line", {"tenant": "UPDATE (answer, answer_note)"})
    op.drop_index("ix_parcels_list_waiting", "parcels_list")
    for name in ("tax_reference", "official_vat", "released_at"):
        op.drop_column("parcels_list", name)
    columns = "state, sent_at, official_number, answered_at"
    op.execute(f"revoke update ({columns}) on parcels_list from ftz_worker")
    grants(op, "parcels_list", {"tenant": f"UPDATE ({columns})"})
    op.alter_column("parcels_list", "official_number", comment="of the authority, as the operator notes it")
    op.alter_column("parcels_list", "sent_at", comment="as the operator says")
    _check(
        "parcels_list", "state", ("CLOSED", "SENT", "ANSWERED"), "update parcels_list set state = 'CLOSED'"
    )
    _check(
        "parcels_line",
        "answer",
        ("NONE", "ACCEPTED", "REFUSED", "HELD"),
        "update parcels_line set answer = 'ACCEPTED' where answer = 'RELEASED'",
    )


def _check(table: str, column: str, values: tuple[str, ...], before: str) -> None:
    op.drop_constraint(op.f(f"ck_{table}_{column}"), table, type_="check")
    op.execute(before)
    named = ", ".join(f"'{each}'" for each in values)
    op.create_check_constraint(op.f(f"ck_{table}_{column}"), table, f"{column} in ({named})")


def _dispatches() -> None:
    op.create_table(
        "parcels_dispatch",
        *_own("parcels_dispatch"),
        _text("kind"),
        _text("state"),
        sa.Column("queued_at", TZ, nullable=False),
        sa.Column("queued_by", sa.Uuid()),
        sa.Column("first_tried_at", TZ),
        sa.Column("next_at", TZ, nullable=False, comment="not tried again before"),
        sa.Column("sent_at", TZ),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False, comment="why the last try failed, a short code"),
        sa.Column("sha256", sa.Text(), comment="of the document as it was sent"),
        sa.UniqueConstraint("list_id", name="uq_parcels_dispatch_list_id"),
        sa.CheckConstraint("kind in ('DECLARE', 'AMEND')", name="kind"),
        sa.CheckConstraint("state in ('QUEUED', 'SENT', 'ACKNOWLEDGED', 'FAILED')", name="state"),
    )
    op.create_index("ix_parcels_dispatch_party_id", "parcels_dispatch", ["party_id"])
    op.create_index(
        "ix_parcels_dispatch_queued",
        "parcels_dispatch",
        ["next_at"],
        postgresql_where=sa.text("state = 'QUEUED'"),
    )
    tenant_table(op, "parcels_dispatch", tenant="SELECT, INSERT", officer="SELECT", worker="SELECT, UPDATE")


def _notices() -> None:
    op.create_table(
        "parcels_notice",
        *_own("parcels_notice"),
        _text("gateway_id"),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        _text("kind"),
        sa.Column("reply_to", sa.Text(), nullable=False, comment="our message that it answers; empty: none"),
        sa.Column("official_at", TZ, nullable=False, comment="as the authority dated it"),
        sa.Column("received_at", TZ, nullable=False),
        sa.Column("applied_at", TZ, comment="empty while an earlier one is missing"),
        sa.Column("body", JSON, nullable=False),
        sa.UniqueConstraint("gateway_id", name="uq_parcels_notice_gateway_id"),
        sa.UniqueConstraint("list_id", "sequence", name="uq_parcels_notice_list_id_sequence"),
    )
    op.create_index("ix_parcels_notice_party_id", "parcels_notice", ["party_id"])
    tenant_table(op, "parcels_notice", tenant="SELECT", officer="SELECT", worker="SELECT, INSERT, UPDATE")


def _own(name: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("list_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.ForeignKeyConstraint(["party_id"], ["auth_party.id"], name=f"fk_{name}_party_id"),
        sa.ForeignKeyConstraint(["list_id"], ["parcels_list.id"], name=f"fk_{name}_list_id"),
    ]


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)
