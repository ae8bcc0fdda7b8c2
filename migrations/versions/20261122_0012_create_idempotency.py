"""Create the keys that programs send with their requests, and what they were answered."""

import sqlalchemy as sa
from alembic import op

from migrations.helpers import grants, tenant_table

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "idempotency_record",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False, comment="one of those that the caller acts for"),
        sa.Column("request_hash", sa.Text(), nullable=False, comment="SHA-256 of method, address and body"),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("status", sa.BigInteger(), nullable=True),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("user_id", "key", name="pk_idempotency_record"),
        sa.ForeignKeyConstraint(["party_id"], ["auth_party.id"], name="fk_idempotency_record_party_id"),
        sa.CheckConstraint("(status is null) = (body is null)", name=op.f("ck_idempotency_record_answer")),
        sa.CheckConstraint("status between 200 and 399", name=op.f("ck_idempotency_record_status")),
    )
    op.create_index("ix_idempotency_record_party_id", "idempotency_record", ["party_id"])
    op.create_index("ix_idempotency_record_at", "idempotency_record", ["at"])
    answer = "UPDATE (status, media_type, location, body)"
    tenant_table(
        op,
        "idempotency_record",
        tenant=f"SELECT, INSERT, {answer}",
        officer=f"SELECT, INSERT, {answer}",
        worker=None,
    )
    # The scan that forgets old keys runs as officer.
    grants(op, "idempotency_record", {"officer": "DELETE"})


def downgrade() -> None:
    op.drop_table("idempotency_record")
