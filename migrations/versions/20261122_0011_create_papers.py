"""Papers of a dossier: documents in components, and the applicant's signed form."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from migrations.helpers import tenant_table

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TIME = pg.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "workflow_component",
        *_case_part("workflow_component"),
        sa.Column("component", sa.Text(), nullable=False, comment="code of the component of the procedure"),
        sa.Column(
            "file_name",
            sa.Text(),
            nullable=False,
            comment="as the sender named it; tells several files apart",
        ),
        sa.Column("attached_at", TIME, nullable=False),
        sa.Column("attached_by", sa.Uuid(), comment="null: the platform itself"),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column(
            "reused",
            sa.BigInteger(),
            nullable=False,
            comment="0 for a new paper, n for its n-th use in a further dossier",
        ),
        sa.Column("state", sa.Text(), nullable=False),
        sa.CheckConstraint("source in ('UPLOAD', 'VAULT', 'SCAN')", name="source"),
        sa.CheckConstraint("state in ('ATTACHED', 'REPLACED', 'REMOVED')", name="state"),
        sa.CheckConstraint("reused >= 0 and (source = 'VAULT') = (reused > 0)", name="reused"),
        sa.CheckConstraint("length(file_name) between 1 and 255", name="file_name"),
    )
    op.create_index("ix_workflow_component_case_id", "workflow_component", ["case_id", "component"])
    op.create_index("ix_workflow_component_document_id", "workflow_component", ["document_id"])
    op.create_index("ix_workflow_component_party_id", "workflow_component", ["party_id"])
    writes = "SELECT, INSERT, UPDATE (state)"
    tenant_table(op, "workflow_component", tenant=writes, officer=writes, worker="SELECT")

    op.create_table(
        "workflow_form",
        *_case_part("workflow_form"),
        sa.Column("digest", sa.Text(), nullable=False, comment="SHA-256 of the printed answers"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("method", sa.Text()),
        sa.Column("signer", sa.Text(), comment="name in the signing certificate"),
        sa.Column("at", TIME, nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name="digest"),
        sa.CheckConstraint("state in ('PREPARED', 'SIGNED')", name="state"),
        sa.CheckConstraint("method in ('CERTIFICATE', 'UPLOAD')", name="method"),
        sa.CheckConstraint("(state = 'SIGNED') = (method is not null and signer is not null)", name="signed"),
    )
    op.create_index("ix_workflow_form_case_id", "workflow_form", ["case_id", "at"])
    op.create_index("ix_workflow_form_document_id", "workflow_form", ["document_id"])
    op.create_index("ix_workflow_form_party_id", "workflow_form", ["party_id"])
    tenant_table(op, "workflow_form", tenant="SELECT, INSERT", officer="SELECT, INSERT", worker="SELECT")


def downgrade() -> None:
    op.drop_table("workflow_form")
    op.drop_table("workflow_component")


def _case_part(name: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.ForeignKeyConstraint(["case_id"], ["workflow_case.id"], name=f"fk_{name}_case_id"),
        sa.ForeignKeyConstraint(["party_id"], ["auth_party.id"], name=f"fk_{name}_party_id"),
        sa.ForeignKeyConstraint(["document_id"], ["documents_document.id"], name=f"fk_{name}_document_id"),
    ]
