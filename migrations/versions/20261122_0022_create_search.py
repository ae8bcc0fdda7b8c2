"""The search index, in a shared and a party's part."""

import sqlalchemy as sa
from alembic import op

from migrations.helpers import shared_table, tenant_table

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

TABLES = ("search_shared", "search_tenant")


def upgrade() -> None:
    for table in TABLES:
        op.create_table(
            table,
            sa.Column("kind", sa.Text(), nullable=False),
            sa.Column("key", sa.Text(), nullable=False),
            sa.Column("code", sa.Text(), nullable=False),
            sa.Column("title", sa.Text(), nullable=False),
            sa.Column("title_en", sa.Text(), nullable=False),
            sa.Column("detail", sa.Text(), nullable=False),
            sa.Column(
                "folded",
                sa.Text(),
                nullable=False,
                comment="folded words, a space before each; see folded_text",
            ),
            sa.Column("url", sa.Text(), nullable=False),
            sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
            sa.PrimaryKeyConstraint("kind", "key", name=f"pk_{table}"),
        )
        op.create_index(
            f"ix_{table}_folded", table, ["folded"],
            postgresql_using="gin", postgresql_ops={"folded": "gin_trgm_ops"},
        )  # fmt: skip
    op.add_column("search_tenant", sa.Column("party_id", sa.Uuid(), nullable=False))
    op.create_foreign_key("fk_search_tenant_party_id", "search_tenant", "auth_party", ["party_id"], ["id"])
    op.create_index("ix_search_tenant_party_id", "search_tenant", ["party_id", "kind"])
    op.create_index("ix_search_tenant_at", "search_tenant", ["kind", "at"])
    writes = "SELECT, INSERT, UPDATE, DELETE"
    shared_table(op, "search_shared", officer=writes, worker=None)
    tenant_table(op, "search_tenant", tenant="SELECT", officer=writes, worker=None)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
