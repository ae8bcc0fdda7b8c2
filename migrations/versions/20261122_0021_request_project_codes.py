"""Keep requests for project codes at the national investment registry."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from migrations.helpers import tenant_table

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TZ = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "investment_code_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column(
            "number", sa.BigInteger(), nullable=False, comment="1 for the first request of the dossier"
        ),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("content", pg.JSONB(), nullable=False, comment="what is sent, word for word"),
        sa.Column(
            "simulated",
            sa.Boolean(),
            nullable=False,
            comment="asked at a simulator: the code has no meaning elsewhere",
        ),
        sa.Column("requested_at", TZ, nullable=False),
        sa.Column("requested_by", sa.Uuid()),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("next_at", TZ, nullable=False, comment="when a waiting request is sent again"),
        sa.Column(
            "error",
            sa.String(),
            nullable=False,
            comment="why the last attempt brought no answer; empty: it is being decided",
        ),
        sa.Column("answered_at", TZ),
        sa.Column("code", sa.String()),
        sa.Column("reason_code", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_investment_code_request"),
        sa.UniqueConstraint("case_id", "number", name="uq_investment_code_request_case_id_number"),
        sa.CheckConstraint(
            "state in ('WAITING', 'RECEIVED', 'REFUSED')", name=op.f("ck_investment_code_request_state")
        ),
        sa.CheckConstraint(
            "(state = 'RECEIVED') = (code is not null)", name=op.f("ck_investment_code_request_received")
        ),
        sa.CheckConstraint(
            "(state = 'WAITING') = (answered_at is null)", name=op.f("ck_investment_code_request_answered")
        ),
        sa.CheckConstraint("code ~ '^[0-9]{10}$'", name=op.f("ck_investment_code_request_code")),
        sa.ForeignKeyConstraint(["party_id"], ["auth_party.id"], name="fk_investment_code_request_party_id"),
        sa.ForeignKeyConstraint(["case_id"], ["workflow_case.id"], name="fk_investment_code_request_case_id"),
    )
    op.create_index("ix_investment_code_request_party_id", "investment_code_request", ["party_id"])
    op.create_index(
        "uq_investment_code_request_code",
        "investment_code_request",
        ["code"],
        unique=True,
        postgresql_where=sa.text("code is not null"),
    )
    op.create_index(
        "ix_investment_code_request_waiting",
        "investment_code_request",
        ["next_at"],
        postgresql_where=sa.text("state = 'WAITING'"),
    )
    tenant_table(op, "investment_code_request", tenant="SELECT")


def downgrade() -> None:
    op.drop_table("investment_code_request")
