"""Tell by which channel papers came to a counter: brought to the desk, or by public post."""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

SHOWN = (
    "(came_by = 'POST') = (mail_number is not null) and (came_by = 'POST') = (standing is null)"
    " and (came_by = 'POST') = (identity is null)"
)


def upgrade() -> None:
    # Until now only COUNTER went with a desk; what the post brings is entered at a desk too.
    op.drop_constraint(op.f("ck_workflow_case_desk"), "workflow_case")
    op.create_check_constraint("channel", "workflow_case", "channel in ('ONLINE', 'COUNTER', 'POST')")
    op.create_check_constraint("desk", "workflow_case", "(channel = 'ONLINE') = (desk_id is null)")
    op.add_column(
        "workflow_visit",
        sa.Column(
            "came_by", sa.String(), nullable=False, server_default="COUNTER", comment="COUNTER or POST"
        ),
    )
    op.add_column(
        "workflow_visit",
        sa.Column("mail_number", sa.String(), comment="number of the postal item, where papers came by post"),
    )
    op.alter_column("workflow_visit", "standing", nullable=True)
    op.alter_column("workflow_visit", "identity", nullable=True)
    op.create_check_constraint("came_by", "workflow_visit", "came_by in ('COUNTER', 'POST')")
    op.create_check_constraint("shown", "workflow_visit", SHOWN)


def downgrade() -> None:
    # What came by post cannot be told to an earlier version: such dossiers keep it from going back.
    op.drop_constraint(op.f("ck_workflow_visit_shown"), "workflow_visit")
    op.drop_constraint(op.f("ck_workflow_visit_came_by"), "workflow_visit")
    op.alter_column("workflow_visit", "identity", nullable=False)
    op.alter_column("workflow_visit", "standing", nullable=False)
    op.drop_column("workflow_visit", "mail_number")
    op.drop_column("workflow_visit", "came_by")
    op.drop_constraint(op.f("ck_workflow_case_desk"), "workflow_case")
    op.drop_constraint(op.f("ck_workflow_case_channel"), "workflow_case")
    op.create_check_constraint("desk", "workflow_case", "(channel = 'COUNTER') = (desk_id is not null)")
