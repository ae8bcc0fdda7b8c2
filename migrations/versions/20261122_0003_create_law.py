"""The law as dated values: instruments, values with two clocks, change sets and their approvals."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from migrations.helpers import shared_table

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STAMP = pg.TIMESTAMP(timezone=True)

CHANGE_SET_GUARD = """
create function law_change_set_guard() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare
  decision constant text[] := array['state', 'in_force_at', 'decided_at', 'decided_by', 'reason', 'superseded'];
begin
  if tg_op = 'INSERT' then
    if new.state = 'PROPOSED' and not new.first_load then return new; end if;
    if new.state = 'IN_FORCE' and new.first_load and not exists (select 1 from law_value) then return new; end if;
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

ITEM_GUARD = """
create function law_change_item_guard() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  if exists (select 1 from law_approval where change_set_id = new.change_set_id)
     or exists (select 1 from law_value where change_set_id = new.change_set_id) then
    raise exception 'items cannot be added to a change set that is approved or in force'
      using errcode = 'check_violation';
  end if;
  return new;
end $$
"""

# A value is written when its set takes force, or written again when a later set cuts its days: both times it is what
# an item of its own set says, within the days of that item, recorded from the instant of the latest set.
VALUE_GUARD = """
create function law_value_guard() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare
  latest constant timestamptz := (select max(in_force_at) from law_change_set);
begin
  if tg_op = 'INSERT' and upper_inf(new.recorded) and lower(new.recorded) = latest and exists (
      select 1 from law_change_item i join law_change_set s on s.id = i.change_set_id
       where s.id = new.change_set_id and s.state = 'IN_FORCE' and i.action = 'SET'
         and i.key = new.key and new.valid <@ i.valid
         and (i.value, i.unit, i.status) = (new.value, new.unit, new.status)
         and i.instrument_id is not distinct from new.instrument_id
         and i.article is not distinct from new.article) then
    return new;
  end if;
  if tg_op = 'INSERT' then
    raise exception 'a law value is what an item of a change set in force says' using errcode = 'check_violation';
  end if;
  if tg_op = 'UPDATE' and (to_jsonb(new) - 'recorded') = (to_jsonb(old) - 'recorded')
     and upper_inf(old.recorded) and upper(new.recorded) = latest and not isempty(new.recorded)
     and lower(new.recorded) = lower(old.recorded) and lower_inc(new.recorded) = lower_inc(old.recorded) then
    return new;
  end if;
  raise exception 'law_value is append-only: a change set that takes force closes a row, once'
    using errcode = 'check_violation';
end $$
"""

KEEP = """
create function law_append_only() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'check_violation';
end $$
"""


def upgrade() -> None:
    _create_reference()
    _create_changes()
    _create_values()
    for function in (CHANGE_SET_GUARD, ITEM_GUARD, VALUE_GUARD, KEEP):
        op.execute(function)
    op.execute(
        "create trigger law_change_set_guard before insert or update on law_change_set"
        " for each row execute function law_change_set_guard()"
    )
    op.execute(
        "create trigger law_change_item_guard before insert on law_change_item"
        " for each row execute function law_change_item_guard()"
    )
    op.execute(
        "create trigger law_value_guard before insert or update or delete on law_value"
        " for each row execute function law_value_guard()"
    )
    for table in ("law_change_item", "law_approval"):
        op.execute(
            f"create trigger {table}_keep before update or delete on {table}"
            " for each row execute function law_append_only()"
        )
    for table in ("law_value", "law_change_set", "law_change_item", "law_approval"):
        op.execute(
            f"create trigger {table}_truncate before truncate on {table}"
            " for each statement execute function law_append_only()"
        )
    op.execute(
        "create trigger law_change_set_keep before delete on law_change_set"
        " for each row execute function law_append_only()"
    )
    _grant()


def downgrade() -> None:
    for table in (
        "law_value", "law_approval", "law_change_item", "law_change_set", "law_key", "law_instrument"
    ):  # fmt: skip
        op.drop_table(table)
    for function in ("law_value_guard", "law_change_item_guard", "law_change_set_guard", "law_append_only"):
        op.execute(f"drop function {function}()")


def _create_reference() -> None:
    op.create_table(
        "law_instrument",
        sa.Column("id", sa.String(), nullable=False, comment="Short name used by sources: decree-96-2026"),
        sa.Column(
            "kind", sa.String(), nullable=False, comment="LAW, RESOLUTION, DECREE, CIRCULAR or DECISION"
        ),
        sa.Column("number", sa.String(), nullable=False, comment="Official number"),
        sa.Column("title", pg.JSONB(), nullable=False, comment="Title in vi and en"),
        sa.Column("issued_on", sa.Date()),
        sa.Column("in_force_from", sa.Date()),
        sa.Column("in_force_to", sa.Date(), comment="First day on which it no longer holds"),
        sa.Column("status", sa.String(), nullable=False, comment="How far these facts can be trusted"),
        sa.Column("note", pg.JSONB()),
        sa.PrimaryKeyConstraint("id", name="pk_law_instrument"),
        sa.CheckConstraint(
            "status in ('CITED', 'ASSUMED', 'VERIFIED')", name=op.f("ck_law_instrument_status")
        ),
        sa.CheckConstraint("in_force_to > in_force_from", name=op.f("ck_law_instrument_in_force")),
    )
    op.create_table(
        "law_key",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("title", pg.JSONB(), nullable=False, comment="What the value is, in vi and en"),
        sa.PrimaryKeyConstraint("key", name="pk_law_key"),
        sa.CheckConstraint(r"key ~ '^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$'", name=op.f("ck_law_key_key")),
    )


def _create_changes() -> None:
    op.create_table(
        "law_change_set",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), comment="User, empty for the platform itself"),
        sa.Column("proposed_by_name", sa.String(), nullable=False),
        sa.Column("proposed_at", STAMP, nullable=False),
        sa.Column(
            "content_hash", sa.String(), nullable=False, comment="SHA-256 of all items; approvals bind to it"
        ),
        sa.Column(
            "base_hash",
            sa.String(),
            nullable=False,
            comment="SHA-256 of what was in force for these keys when proposed",
        ),
        sa.Column(
            "source", pg.JSONB(), comment="What the YAML files said, to see what a later release changes"
        ),
        sa.Column(
            "instruments", pg.JSONB(), nullable=False, comment="Instruments that this set adds or corrects"
        ),
        sa.Column(
            "first_load", sa.Boolean(), nullable=False, comment="Took force without approval: the first load"
        ),
        sa.Column(
            "in_force_at",
            STAMP,
            comment="Recorded time of its values; strictly increasing over all sets",
        ),
        sa.Column("decided_at", STAMP),
        sa.Column("decided_by", sa.Uuid()),
        sa.Column("reason", sa.String(), comment="Why it was rejected"),
        sa.Column(
            "superseded",
            sa.Boolean(),
            nullable=False,
            comment="Rejected only because a newer proposal replaces it",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_law_change_set"),
        sa.UniqueConstraint("in_force_at", name="uq_law_change_set_in_force_at"),
        sa.CheckConstraint("origin in ('YAML', 'IMPORT', 'SCREEN')", name=op.f("ck_law_change_set_origin")),
        sa.CheckConstraint(
            "state in ('PROPOSED', 'IN_FORCE', 'REJECTED')", name=op.f("ck_law_change_set_state")
        ),
        sa.CheckConstraint(
            "(state = 'IN_FORCE') = (in_force_at is not null)", name=op.f("ck_law_change_set_in_force_at")
        ),
        sa.CheckConstraint("not superseded or state = 'REJECTED'", name=op.f("ck_law_change_set_superseded")),
    )
    op.create_index(
        "uq_law_change_set_first_load",
        "law_change_set",
        ["first_load"],
        unique=True,
        postgresql_where=sa.text("first_load"),
    )
    op.create_index("ix_law_change_set_state", "law_change_set", ["state", "proposed_at"])
    op.create_table(
        "law_change_item",
        sa.Column("change_set_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("valid", pg.DATERANGE(), nullable=False),
        sa.Column("value", pg.JSONB()),
        sa.Column("unit", sa.String()),
        sa.Column("instrument_id", sa.String(), comment="May be an instrument that this set adds"),
        sa.Column("article", sa.String()),
        sa.Column("status", sa.String()),
        sa.Column("note", pg.JSONB()),
        sa.PrimaryKeyConstraint("change_set_id", "position", name="pk_law_change_item"),
        sa.ForeignKeyConstraint(
            ["change_set_id"], ["law_change_set.id"], name="fk_law_change_item_change_set_id"
        ),
        sa.ForeignKeyConstraint(["key"], ["law_key.key"], name="fk_law_change_item_key"),
        sa.CheckConstraint("action in ('SET', 'END')", name=op.f("ck_law_change_item_action")),
        sa.CheckConstraint(
            "(action = 'SET') = (value is not null and unit is not null and status is not null)",
            name=op.f("ck_law_change_item_value"),
        ),
    )
    op.create_index("ix_law_change_item_key", "law_change_item", ["key"])
    op.create_table(
        "law_approval",
        sa.Column("change_set_id", sa.Uuid(), nullable=False),
        sa.Column("officer_id", sa.Uuid(), nullable=False),
        sa.Column("officer_name", sa.String(), nullable=False),
        sa.Column("at", STAMP, nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("page_image_sha256", sa.String(), comment="Image of the official page that was compared"),
        sa.PrimaryKeyConstraint("change_set_id", "officer_id", name="pk_law_approval"),
        sa.ForeignKeyConstraint(
            ["change_set_id"], ["law_change_set.id"], name="fk_law_approval_change_set_id"
        ),
        sa.CheckConstraint(
            "page_image_sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_law_approval_page_image_sha256")
        ),
    )


def _create_values() -> None:
    op.create_table(
        "law_value",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("valid", pg.DATERANGE(), nullable=False),
        sa.Column("recorded", pg.TSTZRANGE(), nullable=False),
        sa.Column("value", pg.JSONB(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("instrument_id", sa.String()),
        sa.Column("article", sa.String()),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("note", pg.JSONB()),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("change_set_id", sa.Uuid(), nullable=False, comment="The set that brought this content"),
        sa.PrimaryKeyConstraint("id", name="pk_law_value"),
        sa.ForeignKeyConstraint(["key"], ["law_key.key"], name="fk_law_value_key"),
        sa.ForeignKeyConstraint(["instrument_id"], ["law_instrument.id"], name="fk_law_value_instrument_id"),
        sa.ForeignKeyConstraint(["change_set_id"], ["law_change_set.id"], name="fk_law_value_change_set_id"),
        sa.CheckConstraint("status in ('CITED', 'ASSUMED', 'VERIFIED')", name=op.f("ck_law_value_status")),
        sa.CheckConstraint("not isempty(valid) and not lower_inf(valid)", name=op.f("ck_law_value_valid")),
        sa.CheckConstraint("content_hash ~ '^[0-9a-f]{64}$'", name=op.f("ck_law_value_content_hash")),
        pg.ExcludeConstraint(
            ("key", "="), ("valid", "&&"), ("recorded", "&&"), name="ex_law_value_one_at_a_time", using="gist"
        ),
    )
    current = sa.text("upper_inf(recorded)")
    op.create_index(
        "ix_law_value_valid", "law_value", ["valid"], postgresql_using="gist", postgresql_where=current
    )
    op.create_index(
        "ix_law_value_key",
        "law_value",
        ["key"],
        postgresql_ops={"key": "text_pattern_ops"},
        postgresql_where=current,
    )
    op.create_index("ix_law_value_instrument_id", "law_value", ["instrument_id"])
    op.create_index("ix_law_value_change_set_id", "law_value", ["change_set_id"])


def _grant() -> None:
    shared_table(op, "law_instrument", officer="SELECT, INSERT, UPDATE")
    shared_table(op, "law_key", officer="SELECT, INSERT, UPDATE")
    shared_table(op, "law_value", officer="SELECT, INSERT, UPDATE (recorded)")
    shared_table(
        op,
        "law_change_set",
        officer="SELECT, INSERT, UPDATE (state, in_force_at, decided_at, decided_by, reason, superseded)",
    )
    shared_table(op, "law_change_item", officer="SELECT, INSERT")
    shared_table(op, "law_approval", officer="SELECT, INSERT")
