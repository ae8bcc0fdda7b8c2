"""Let the list of projects be read in order."""

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_registry_project_created_at", "registry_project", ["created_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_registry_project_created_at", "registry_project")
