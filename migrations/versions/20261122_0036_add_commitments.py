"""Follow up what the special procedure's certificates promise."""

import sqlalchemy as sa
from alembic import op

from migrations.helpers import grants, tenant_table

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

TZ = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "investment_commitment",
        *_own("investment_commitment"),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column(
            "article", sa.String(), nullable=False, comment="article or standard that the commitment names"
        ),
        sa.Column(
            "promised",
            sa.String(),
            nullable=False,
            comment="evidence that the dossier announced; may be empty",
        ),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("created_at", TZ, nullable=False),
        sa.Column("warned_at", TZ, comment="when the enterprise was reminded"),
        sa.Column("overdue_at", TZ, comment="when it was told that the day has passed"),
        sa.UniqueConstraint("case_id", "number", name="uq_investment_commitment_case_id_number"),
        sa.CheckConstraint("kind in ('CONSTRUCTION', 'ENVIRONMENT', 'FIRE')", name="kind"),
        sa.ForeignKeyConstraint(
            ["project_id"], ["registry_project.id"], name="fk_investment_commitment_project_id"
        ),
        sa.ForeignKeyConstraint(["case_id"], ["workflow_case.id"], name="fk_investment_commitment_case_id"),
    )
    op.create_index("ix_investment_commitment_party_id", "investment_commitment", ["party_id"])
    op.create_index("ix_investment_commitment_project_id", "investment_commitment", ["project_id"])
    op.create_index("ix_investment_commitment_due_on", "investment_commitment", ["due_on", "id"])
    tenant_table(op, "investment_commitment", tenant="SELECT", officer="SELECT, INSERT")
    grants(op, "investment_commitment", {"officer": "UPDATE (warned_at, overdue_at)"})

    op.create_table(
        "investment_commitment_evidence",
        *_own("investment_commitment_evidence"),
        sa.Column("commitment_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("at", TZ, nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["commitment_id"],
            ["investment_commitment.id"],
            name="fk_investment_commitment_evidence_commitment_id",
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents_document.id"], name="fk_investment_commitment_evidence_document_id"
        ),
    )
    for columns in (["party_id"], ["document_id"], ["commitment_id", "at"]):
        op.create_index(
            f"ix_investment_commitment_evidence_{columns[0]}", "investment_commitment_evidence", columns
        )
    tenant_table(op, "investment_commitment_evidence", tenant="SELECT, INSERT", officer="SELECT")

    op.create_table(
        "investment_commitment_decision",
        *_own("investment_commitment_decision"),
        sa.Column("evidence_id", sa.Uuid(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", TZ, nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.UniqueConstraint("evidence_id", name="uq_investment_commitment_decision_evidence_id"),
        sa.CheckConstraint("confirmed or reason <> ''", name="reason"),
        sa.ForeignKeyConstraint(
            ["evidence_id"],
            ["investment_commitment_evidence.id"],
            name="fk_investment_commitment_decision_evidence_id",
        ),
    )
    op.create_index(
        "ix_investment_commitment_decision_party_id", "investment_commitment_decision", ["party_id"]
    )
    tenant_table(op, "investment_commitment_decision", tenant="SELECT", officer="SELECT, INSERT")


def downgrade() -> None:
    op.drop_table("investment_commitment_decision")
    op.drop_table("investment_commitment_evidence")
    op.drop_table("investment_commitment")


def _own(name: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.ForeignKeyConstraint(["party_id"], ["auth_party.id"], name=f"fk_{name}_party_id"),
    ]
