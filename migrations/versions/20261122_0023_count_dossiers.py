"""Count received and decided dossiers as they happen, so that the start page reads sixteen rows instead of all."""

import sqlalchemy as sa
from alembic import op

from migrations.helpers import shared_table

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

# Many rows instead of one: dossiers that are received at the same moment do not wait for one another. The trigger is
# deferred, so its row is the last that a transaction locks.
SLOTS = 16
COUNT = f"""
create function workflow_tally_count() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  more_received integer := 0;
  more_decided integer := 0;
begin
  if tg_op <> 'DELETE' then
    more_received := (new.accepted_at is not null)::int;
    more_decided := (new.decided_at is not null)::int;
  end if;
  if tg_op <> 'INSERT' then
    more_received := more_received - (old.accepted_at is not null)::int;
    more_decided := more_decided - (old.decided_at is not null)::int;
  end if;
  if more_received <> 0 or more_decided <> 0 then
    update workflow_tally set received = received + more_received, decided = decided + more_decided
     where slot = pg_backend_pid() % {SLOTS};
  end if;
  return null;
end $$
"""


def upgrade() -> None:
    op.create_table(
        "workflow_tally",
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("decided", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("slot", name="pk_workflow_tally"),
    )
    shared_table(op, "workflow_tally")
    op.execute(
        f"insert into workflow_tally select n, 0, 0 from generate_series(0, {SLOTS - 1}) n;"
        "update workflow_tally set received = t.received, decided = t.decided"
        "  from (select count(accepted_at) as received, count(decided_at) as decided from workflow_tracking) t"
        " where slot = 0"
    )
    op.execute(COUNT)
    op.execute("revoke execute on function workflow_tally_count() from public")
    op.execute(
        "create constraint trigger workflow_tally after insert or delete or update of accepted_at, decided_at"
        " on workflow_tracking deferrable initially deferred"
        " for each row execute function workflow_tally_count()"
    )


def downgrade() -> None:
    op.execute("drop trigger workflow_tally on workflow_tracking")
    op.execute("drop function workflow_tally_count()")
    op.drop_table("workflow_tally")
