"""Create the links between persons of an identity provider and accounts."""

import sqlalchemy as sa
from alembic import op

from migrations.helpers import system_table

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

TZ = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "auth_identity",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column(
            "digest",
            sa.LargeBinary(),
            nullable=False,
            comment="of issuer and subject, see SecretsBox.digests",
        ),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", TZ, nullable=False),
        sa.Column("last_used_at", TZ, nullable=True),
        sa.Column("ended_at", TZ, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_auth_identity"),
        sa.ForeignKeyConstraint(["user_id"], ["auth_user.id"], name="fk_auth_identity_user_id"),
    )
    op.create_index(
        "uq_auth_identity_person",
        "auth_identity",
        ["digest"],
        unique=True,
        postgresql_where=sa.text("ended_at is null"),
    )
    op.create_index("ix_auth_identity_user_id", "auth_identity", ["user_id"])
    system_table(op, "auth_identity", auth="SELECT, INSERT, UPDATE (last_used_at, ended_at)")


def downgrade() -> None:
    op.drop_table("auth_identity")
