"""Project identity and the bitemporal certificate register."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from migrations.helpers import grants, tenant_table

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TZ = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "registry_project",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String()),
        sa.Column("name_vi", sa.String(), nullable=False),
        sa.Column("name_en", sa.String()),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("created_at", TZ, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_registry_project"),
        sa.UniqueConstraint("code", name="uq_registry_project_code"),
        sa.CheckConstraint("code ~ '^[0-9]{10}$'", name="ck_registry_project_code"),
        sa.ForeignKeyConstraint(["party_id"], ["auth_party.id"], name="fk_registry_project_party_id"),
    )
    op.create_index("ix_registry_project_party_id", "registry_project", ["party_id"])
    tenant_table(op, "registry_project", tenant="SELECT")

    op.create_table(
        "investment_certificate",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("valid", pg.DATERANGE(), nullable=False),
        sa.Column("recorded", pg.TSTZRANGE(), nullable=False),
        sa.Column("content", pg.JSONB(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("verification_code", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_investment_certificate"),
        sa.UniqueConstraint("number", "revision", name="uq_investment_certificate_number_revision"),
        sa.UniqueConstraint("verification_code", name="uq_investment_certificate_verification_code"),
        pg.ExcludeConstraint(
            ("project_id", "="),
            ("valid", "&&"),
            ("recorded", "&&"),
            name="ex_investment_certificate_in_force",
        ),
        sa.ForeignKeyConstraint(["party_id"], ["auth_party.id"], name="fk_investment_certificate_party_id"),
        sa.ForeignKeyConstraint(
            ["project_id"], ["registry_project.id"], name="fk_investment_certificate_project_id"
        ),
        sa.ForeignKeyConstraint(["case_id"], ["workflow_case.id"], name="fk_investment_certificate_case_id"),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents_document.id"], name="fk_investment_certificate_document_id"
        ),
    )
    for column in ("party_id", "case_id", "document_id"):
        op.create_index(f"ix_investment_certificate_{column}", "investment_certificate", [column])
    tenant_table(op, "investment_certificate", tenant="SELECT", officer="SELECT, INSERT")
    grants(op, "investment_certificate", {"officer": "UPDATE (recorded)"})
    op.execute("create sequence investment_certificate_number")
    op.execute("grant usage on sequence investment_certificate_number to ftz_officer")


def downgrade() -> None:
    op.execute("drop sequence investment_certificate_number")
    op.drop_table("investment_certificate")
    op.drop_table("registry_project")
