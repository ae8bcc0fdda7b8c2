"""Let reception enter dossiers at the counter, and note who came with the papers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.helpers import tenant_table

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

TIME = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.add_column(
        "workflow_case",
        sa.Column("desk_id", sa.Uuid(), comment="office whose counter enters it for the applicant"),
    )
    op.add_column(
        "workflow_case",
        sa.Column(
            "typists",
            postgresql.ARRAY(sa.Uuid()),
            nullable=False,
            server_default="{}",
            comment="officers who entered something at the counter",
        ),
    )
    op.create_foreign_key(
        "fk_workflow_case_desk_id", "workflow_case", "auth_office", ["desk_id"], ["party_id"]
    )
    op.create_check_constraint("desk", "workflow_case", "(channel = 'COUNTER') = (desk_id is not null)")
    op.create_index(
        "ix_workflow_case_desk_id",
        "workflow_case",
        ["desk_id", "saved_at"],
        postgresql_where=sa.text("desk_id is not null"),
    )
    _visits()
    op.drop_constraint(op.f("ck_workflow_form_method"), "workflow_form")
    op.create_check_constraint("method", "workflow_form", "method in ('CERTIFICATE', 'UPLOAD', 'PAPER')")


def _visits() -> None:
    name = "workflow_visit"
    op.create_table(
        name,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("desk_id", sa.Uuid(), nullable=False),
        sa.Column("presenter", sa.String(), nullable=False, comment="name as on the paper of identity"),
        sa.Column("standing", sa.String(), nullable=False, comment="what the presenter is to the applicant"),
        sa.Column("identity", sa.String(), nullable=False, comment="paper of identity that was shown"),
        sa.Column("at", TIME, nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.ForeignKeyConstraint(["case_id"], ["workflow_case.id"], name=f"fk_{name}_case_id"),
        sa.ForeignKeyConstraint(["party_id"], ["auth_party.id"], name=f"fk_{name}_party_id"),
        sa.ForeignKeyConstraint(["desk_id"], ["auth_office.party_id"], name=f"fk_{name}_desk_id"),
        sa.CheckConstraint("standing in ('REPRESENTATIVE', 'AUTHORISED', 'MESSENGER')", name="standing"),
        sa.CheckConstraint("identity in ('ID_CARD', 'E_IDENTITY', 'PASSPORT')", name="identity"),
        sa.CheckConstraint("length(presenter) between 1 and 200", name="presenter"),
    )
    op.create_index(f"ix_{name}_case_id", name, ["case_id", "at"])
    op.create_index(f"ix_{name}_party_id", name, ["party_id"])
    op.create_index(f"ix_{name}_desk_id", name, ["desk_id"])
    tenant_table(op, name, tenant="SELECT", officer="SELECT, INSERT")


def downgrade() -> None:
    op.drop_constraint(op.f("ck_workflow_form_method"), "workflow_form")
    op.create_check_constraint("method", "workflow_form", "method in ('CERTIFICATE', 'UPLOAD')")
    op.drop_table("workflow_visit")
    op.drop_column("workflow_case", "typists")
    op.drop_column("workflow_case", "desk_id")
