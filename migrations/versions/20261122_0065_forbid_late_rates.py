"""Rates and headings are written and closed at the latest recorded instant only: nothing slips in behind what is known."""

from alembic import op

revision = "0065"
down_revision = "0064"
branch_labels = None
depends_on = None

# The exclusion of overlaps looks at open rows. It is enough as long as an instant that has passed is never written to
# again: a set of an earlier instant would else revive what a later one ended, and a row of the first load could be
# slipped in beside one that has been closed since. Both would be two rates for one day as known at one instant.
LATEST = """
create function tariff_latest_guard() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare
  latest constant timestamptz := (select max(in_force_at) from law_change_set);
begin
  if tg_op = 'UPDATE' then
    if exists (select 1 from touched where upper(recorded) is distinct from latest or upper_inc(recorded)) then
      raise exception 'a row of the tariff is closed by the latest change set only' using errcode = 'check_violation';
    end if;
    return null;
  end if;
  if exists (select 1 from touched where not upper_inf(recorded) or not lower_inc(recorded)
                or (change_set_id is not null and lower(recorded) is distinct from latest)) then
    raise exception 'a row of the tariff is written by the latest change set only' using errcode = 'check_violation';
  end if;
  if exists (select 1 from touched where change_set_id is null) and exists (
      select 1 from law_change_set where content_kind = 'tariff.measures' and in_force_at is not null) then
    raise exception 'the first load of the tariff was before: later changes need a change set'
      using errcode = 'check_violation';
  end if;
  return null;
end $$
"""
TABLES = ("tariff_measure", "tariff_heading")


def upgrade() -> None:
    op.execute(LATEST)
    for table in TABLES:
        op.execute(
            f"create trigger {table}_latest_insert after insert on {table} referencing new table as touched"
            " for each statement execute function tariff_latest_guard()"
        )
        op.execute(
            f"create trigger {table}_latest_update after update on {table} referencing new table as touched"
            " for each statement execute function tariff_latest_guard()"
        )


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"drop trigger {table}_latest_insert on {table}")
        op.execute(f"drop trigger {table}_latest_update on {table}")
    op.execute("drop function tariff_latest_guard()")
