"""Change sets of the law carry content that other rooms keep, under the same approvals."""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

# The guard of migration 0003, which knew one first load for the whole installation: now there is one for each kind.
GUARD = """
create or replace function law_change_set_guard() returns trigger
language plpgsql set search_path = public, pg_temp as $$
declare
  decision constant text[] := array['state', 'in_force_at', 'decided_at', 'decided_by', 'reason', 'superseded'];
begin
  if tg_op = 'INSERT' then
    if new.state = 'PROPOSED' and not new.first_load then return new; end if;
    if new.state = 'IN_FORCE' and new.first_load and {nothing} then return new; end if;
    raise exception 'a change set starts as PROPOSED; only the first load takes force at once'
      using errcode = 'check_violation';
  end if;
  if old.state <> 'PROPOSED' or (to_jsonb(new) - decision) is distinct from (to_jsonb(old) - decision) then
    raise exception 'a change set is never rewritten; it is decided once' using errcode = 'check_violation';
  end if;
  if new.state = 'IN_FORCE' and (
      select count(*) from law_approval a
       where a.change_set_id = new.id and a.content_hash = new.content_hash
         and a.officer_id is distinct from new.proposed_by) < 2 then
    raise exception 'a change set takes force when two officers other than its proposer approved its content'
      using errcode = 'check_violation';
  end if;
  return new;
end $$
"""
NO_VALUE = "not exists (select 1 from law_value)"
NOTHING_OF_KIND = (
    f"(new.content_kind <> 'law.values' or {NO_VALUE}) and not exists (select 1 from law_change_set s"
    " where s.content_kind = new.content_kind and s.in_force_at is not null)"
)

# Items of a kind are written before their set, whose hash they make; then the set closes them. A module hangs this
# on its table of items: `change_set_id` is checked at the end of the transaction.
ITEMS_CLOSED = """
create function law_content_items_closed() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
  if exists (select 1 from added a join law_change_set s on s.id = a.change_set_id) then
    raise exception 'items cannot be added to a change set that was proposed' using errcode = 'check_violation';
  end if;
  return null;
end $$
"""


def upgrade() -> None:
    op.add_column(
        "law_change_set",
        sa.Column(
            "content_kind",
            sa.String(),
            nullable=False,
            server_default="law.values",
            comment="What it changes: law.values, or a kind of a module",
        ),
    )
    op.alter_column("law_change_set", "content_kind", server_default=None)
    op.add_column(
        "law_change_set",
        sa.Column(
            "content_count",
            sa.BigInteger(),
            comment="How many changes of another kind it holds; values are counted by their items",
        ),
    )
    op.create_check_constraint(
        op.f("ck_law_change_set_content_count"),
        "law_change_set",
        "(content_kind = 'law.values') = (content_count is null)",
    )
    op.drop_index("uq_law_change_set_first_load", "law_change_set")
    op.create_index(
        "uq_law_change_set_first_load",
        "law_change_set",
        ["content_kind"],
        unique=True,
        postgresql_where=sa.text("first_load"),
    )
    op.execute(GUARD.replace("{nothing}", NOTHING_OF_KIND))
    op.execute(ITEMS_CLOSED)


def downgrade() -> None:
    op.execute("drop function law_content_items_closed()")
    op.execute(GUARD.replace("{nothing}", NO_VALUE))
    op.drop_index("uq_law_change_set_first_load", "law_change_set")
    op.create_index(
        "uq_law_change_set_first_load",
        "law_change_set",
        ["first_load"],
        unique=True,
        postgresql_where=sa.text("first_load"),
    )
    op.drop_column("law_change_set", "content_count")
    op.drop_column("law_change_set", "content_kind")
