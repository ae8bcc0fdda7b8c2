"""Let people register themselves, and mail addresses that have no account yet."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from migrations.helpers import system_table

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TZ = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "auth_registration",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False, comment="the e-mail address, folded"),
        sa.Column("full_name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), comment="moves to the account when it is opened"),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", TZ, nullable=False),
        sa.Column("expires_at", TZ, nullable=False),
        sa.Column("confirmed_at", TZ),
        sa.PrimaryKeyConstraint("id", name="pk_auth_registration"),
        sa.UniqueConstraint("token_hash", name="uq_auth_registration_token_hash"),
    )
    op.create_index("ix_auth_registration_expires_at", "auth_registration", ["expires_at"])
    # Deleted a day after they end: names and addresses of people who never came.
    system_table(op, "auth_registration", auth="SELECT, INSERT, UPDATE, DELETE")
    op.create_table(
        "notification_mail",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "params", pg.JSONB(), nullable=False, comment="may carry a secret; deleted with the letter"
        ),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("created_at", TZ, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notification_mail"),
    )
    system_table(op, "notification_mail", auth="INSERT", worker="SELECT, DELETE")


def downgrade() -> None:
    op.drop_table("notification_mail")
    op.drop_table("auth_registration")
