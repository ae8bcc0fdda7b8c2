"""Keep what was typed into a form whose session had ended; show officers the version of the schema."""

import sqlalchemy as sa
from alembic import op

from migrations.helpers import system_table

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "web_kept_form",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False, comment="sealed, see SecretsBox"),
        sa.PrimaryKeyConstraint("id", name="pk_web_kept_form"),
        sa.ForeignKeyConstraint(["user_id"], ["auth_user.id"], name="fk_web_kept_form_user_id"),
    )
    op.create_index("ix_web_kept_form_user_id", "web_kept_form", ["user_id", "at"])
    op.create_index("ix_web_kept_form_at", "web_kept_form", ["at"])
    # Officers delete by age only, in the scan of the worker; nobody but the login of identity reads the content.
    system_table(op, "web_kept_form", auth="SELECT, INSERT, DELETE", officer="SELECT (at), DELETE")
    op.execute("grant select on alembic_version to ftz_officer")


def downgrade() -> None:
    op.execute("revoke select on alembic_version from ftz_officer")
    op.drop_table("web_kept_form")
