"""Code lists with versions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from migrations.helpers import shared_table

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "registry_code_list",
        sa.Column("list", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("title", pg.JSONB(), nullable=False, comment="by language"),
        sa.Column("valid", pg.DATERANGE(), nullable=False),
        sa.Column(
            "source",
            sa.Text(),
            nullable=False,
            comment="number of the instrument, or where the codes come from",
        ),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("partial", sa.Boolean(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("list", "version", name="pk_registry_code_list"),
        sa.CheckConstraint(
            "status in ('CITED', 'ASSUMED', 'ILLUSTRATIVE')", name=op.f("ck_registry_code_list_status")
        ),
        pg.ExcludeConstraint(("list", "="), ("valid", "&&"), name="ex_registry_code_list_in_force"),
    )
    shared_table(op, "registry_code_list", officer="SELECT, INSERT, UPDATE (valid)")
    op.create_table(
        "registry_code",
        sa.Column("list", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text()),
        sa.Column("label", pg.JSONB(), nullable=False, comment="by language"),
        sa.Column(
            "folded", sa.Text(), nullable=False, comment="code and labels as a search compares them"
        ),
        sa.PrimaryKeyConstraint("list", "version", "code", name="pk_registry_code"),
        sa.ForeignKeyConstraint(
            ["list", "version"], ["registry_code_list.list", "registry_code_list.version"],
            name="fk_registry_code_list",
        ),
    )  # fmt: skip
    shared_table(op, "registry_code", officer="SELECT, INSERT")


def downgrade() -> None:
    op.drop_table("registry_code")
    op.drop_table("registry_code_list")
