"""Keep which of a procedure's time limits a dossier has, and why."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

# SECURITY DEFINER: the projection is the only writer of the table, so a tenant's login needs no right to write it.
PROJECT_TRACKING = """
create or replace function workflow_project_tracking() returns trigger language plpgsql
security definer set search_path = public, pg_temp as $$
begin
  if new.code is not null then
    insert into workflow_tracking (code, version_id, state, national, submitted_at, accepted_at, appointment_at,
                                   decided_at, updated_at{column})
    values (new.code, new.version_id, new.state, new.national, new.submitted_at, new.accepted_at, new.appointment_at,
            new.decided_at, new.saved_at{value})
    on conflict (code) do update set version_id = excluded.version_id, state = excluded.state,
      national = excluded.national, submitted_at = excluded.submitted_at, accepted_at = excluded.accepted_at,
      appointment_at = excluded.appointment_at, decided_at = excluded.decided_at,
      updated_at = excluded.updated_at{update};
  end if;
  return null;
end $$
"""


def upgrade() -> None:
    op.add_column(
        "workflow_case",
        sa.Column(
            "limit_code", sa.String(), comment="special limit chosen at acceptance; null for the general one"
        ),
    )
    op.add_column(
        "workflow_case",
        sa.Column(
            "limit_reason",
            postgresql.JSONB(),
            comment="why, by language; null where the procedure has one limit",
        ),
    )
    op.add_column("workflow_tracking", sa.Column("limit_code", sa.String(), comment="as on the dossier"))
    op.execute(
        PROJECT_TRACKING.format(
            column=", limit_code", value=", new.limit_code", update=", limit_code = excluded.limit_code"
        )
    )


def downgrade() -> None:
    op.execute(PROJECT_TRACKING.format(column="", value="", update=""))
    op.drop_column("workflow_tracking", "limit_code")
    op.drop_column("workflow_case", "limit_reason")
    op.drop_column("workflow_case", "limit_code")
