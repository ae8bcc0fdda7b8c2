"""Keep the names of who came to the counter sealed; names from before are sealed at the next start."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.helpers import grants

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

NEW = "name as on the paper of identity, sealed with the dossier's personal data"
OLD = "name as on the paper of identity"


def upgrade() -> None:
    op.drop_constraint(op.f("ck_workflow_visit_presenter"), "workflow_visit", type_="check")
    op.alter_column(
        "workflow_visit",
        "presenter",
        type_=postgresql.JSONB(),
        comment=NEW,
        postgresql_using="jsonb_build_object('name', presenter)",
    )
    grants(op, "workflow_visit", {"officer": "UPDATE (presenter)"})


def downgrade() -> None:
    op.execute("revoke update (presenter) on workflow_visit from ftz_officer")
    # A sealed name cannot be brought back here: it reads as a dash.
    op.alter_column(
        "workflow_visit",
        "presenter",
        type_=sa.String(),
        comment=OLD,
        postgresql_using="case when jsonb_typeof(presenter -> 'name') = 'string' then presenter ->> 'name' else '–' end",
    )
    op.create_check_constraint(
        op.f("ck_workflow_visit_presenter"), "workflow_visit", "length(presenter) between 1 and 200"
    )
