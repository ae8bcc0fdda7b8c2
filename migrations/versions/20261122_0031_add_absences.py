"""Note who is away and who stands in."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from migrations.helpers import system_table

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

TZ = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "workflow_absence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("substitute_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", TZ, nullable=False),
        sa.Column("ends_at", TZ, nullable=False),
        sa.Column("ended_at", TZ, comment="came back earlier; its beginning for one that never began"),
        sa.Column("noted_by", sa.Uuid()),
        sa.Column("noted_at", TZ, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_workflow_absence"),
        sa.ForeignKeyConstraint(["user_id"], ["auth_user.id"], name="fk_workflow_absence_user_id"),
        sa.ForeignKeyConstraint(
            ["substitute_id"], ["auth_user.id"], name="fk_workflow_absence_substitute_id"
        ),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_workflow_absence_period")),
        sa.CheckConstraint("ended_at >= starts_at", name=op.f("ck_workflow_absence_ended")),
        sa.CheckConstraint("user_id <> substitute_id", name=op.f("ck_workflow_absence_other")),
        ExcludeConstraint(
            ("user_id", "="),
            (sa.text("tstzrange(starts_at, coalesce(ended_at, ends_at))"), "&&"),
            name="ex_workflow_absence_one_at_a_time",
        ),
    )
    op.create_index("ix_workflow_absence_user_id", "workflow_absence", ["user_id"])
    op.create_index("ix_workflow_absence_substitute_id", "workflow_absence", ["substitute_id"])
    system_table(op, "workflow_absence", officer="SELECT, INSERT, UPDATE (ended_at)", worker="SELECT")


def downgrade() -> None:
    op.drop_table("workflow_absence")
