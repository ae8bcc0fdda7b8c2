"""Take a project's code from a letter of the national registry, confirmed by a second officer."""

import sqlalchemy as sa
from alembic import op

from migrations.helpers import tenant_table

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

TIME = sa.TIMESTAMP(timezone=True)
NAME = "investment_code_letter"
LIVE = "state in ('ENTERED', 'CONFIRMED', 'DISPUTED')"


def upgrade() -> None:
    op.create_table(
        NAME,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False, comment="number of the letter"),
        sa.Column("dated_on", sa.Date(), nullable=False),
        sa.Column(
            "reason", sa.String(), nullable=False, comment="why the registry's answer was not waited for"
        ),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("entered_at", TIME, nullable=False),
        sa.Column("entered_by", sa.Uuid(), nullable=False),
        sa.Column("decided_at", TIME),
        sa.Column("decided_by", sa.Uuid()),
        sa.Column("remark", sa.String(), nullable=False, comment="why it was rejected"),
        sa.Column("agreed_at", TIME, comment="when the registry said the same"),
        sa.Column("disputed_at", TIME, comment="when the registry said otherwise"),
        sa.Column("said", sa.String(), nullable=False, comment="what the registry said otherwise"),
        sa.Column("settled_at", TIME),
        sa.Column("settled_by", sa.Uuid()),
        sa.Column("settled", sa.String(), nullable=False, comment="why the one or the other counts"),
        sa.PrimaryKeyConstraint("id", name=f"pk_{NAME}"),
        sa.ForeignKeyConstraint(["party_id"], ["auth_party.id"], name=f"fk_{NAME}_party_id"),
        sa.ForeignKeyConstraint(["case_id"], ["workflow_case.id"], name=f"fk_{NAME}_case_id"),
        sa.ForeignKeyConstraint(["request_id"], ["investment_code_request.id"], name=f"fk_{NAME}_request_id"),
        sa.ForeignKeyConstraint(["document_id"], ["documents_document.id"], name=f"fk_{NAME}_document_id"),
        sa.CheckConstraint(
            "state in ('ENTERED', 'CONFIRMED', 'REJECTED', 'DISPUTED', 'DROPPED')",
            name=op.f(f"ck_{NAME}_state"),
        ),
        sa.CheckConstraint("code ~ '^[0-9]{10}$'", name=op.f(f"ck_{NAME}_code")),
        sa.CheckConstraint("(state = 'ENTERED') = (decided_at is null)", name=op.f(f"ck_{NAME}_decided")),
        sa.CheckConstraint(
            "decided_by <> entered_by and settled_by <> entered_by", name=op.f(f"ck_{NAME}_four_eyes")
        ),
    )
    op.create_index(f"uq_{NAME}_case_id", NAME, ["case_id"], unique=True, postgresql_where=sa.text(LIVE))
    op.create_index(f"uq_{NAME}_code", NAME, ["code"], unique=True, postgresql_where=sa.text(LIVE))
    op.create_index(f"ix_{NAME}_case_id", NAME, ["case_id", "entered_at"])
    for column in ("party_id", "request_id", "document_id"):
        op.create_index(f"ix_{NAME}_{column}", NAME, [column])
    tenant_table(op, NAME, tenant="SELECT")


def downgrade() -> None:
    op.drop_table(NAME)
