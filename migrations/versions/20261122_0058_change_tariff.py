"""Changes of the tariff: imports of schedules, their items, and guards that bind rates to approved items."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from migrations.helpers import system_table

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None

STAMP = pg.TIMESTAMP(timezone=True)
SLOT = "hs8 || '|' || subline10 || '|' || kind || '|' || scheme || '|' || geo || '|' || variant"
EFFECTS = "'ADDED', 'CHANGED', 'ENDED', 'RESTATED'"

# A row of the tariff is what an item of its set says, recorded from the instant of the set; or what remains of a row
# that the set closed.
MEASURE_GUARD = """
create function tariff_measure_item_guard() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
  if exists (
    select 1 from added a
      left join law_change_set s on s.id = a.change_set_id and s.content_kind = 'tariff.measures'
     where a.change_set_id is not null and (
       s.in_force_at is distinct from lower(a.recorded) or not upper_inf(a.recorded)
       or (not exists (
             select 1 from tariff_change_item i
              where i.change_set_id = a.change_set_id and i.slot = a.slot and a.valid <@ i.valid
                and (i.expr, i.conditions, i.status) = (a.expr, a.conditions, a.status)
                and (i.instrument_id, i.article, i.annex) is not distinct from (a.instrument_id, a.article, a.annex))
           and not exists (
             select 1 from tariff_measure m
              where m.hs8 = a.hs8 and m.slot = a.slot and upper(m.recorded) = lower(a.recorded) and a.valid <@ m.valid
                and (m.expr, m.conditions, m.status) = (a.expr, a.conditions, a.status)
                and (m.instrument_id, m.article, m.annex) is not distinct from
                    (a.instrument_id, a.article, a.annex))))) then
    raise exception 'a rate is what an item of a change set in force says' using errcode = 'check_violation';
  end if;
  return null;
end $$
"""
HEADING_GUARD = """
create function tariff_heading_item_guard() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
  if exists (
    select 1 from added a
      left join law_change_set s on s.id = a.change_set_id and s.content_kind = 'tariff.measures'
     where a.change_set_id is not null and (
       s.in_force_at is distinct from lower(a.recorded) or not upper_inf(a.recorded)
       or (not exists (
             select 1 from tariff_change_heading i
              where i.change_set_id = a.change_set_id and i.code = a.code and a.valid <@ i.valid
                and (i.title, i.unit, i.status) = (a.title, a.unit, a.status))
           and not exists (
             select 1 from tariff_heading h
              where h.code = a.code and upper(h.recorded) = lower(a.recorded) and a.valid <@ h.valid
                and (h.title, h.unit, h.status) = (a.title, a.unit, a.status))))) then
    raise exception 'a heading is what an item of a change set in force says' using errcode = 'check_violation';
  end if;
  return null;
end $$
"""
# To close a row is to end a rate: only where a set in force speaks about its days, at the instant of the set.
CLOSE_GUARD = """
create function tariff_{table}_close_guard() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
  if exists (
    select 1 from closed c
     where not exists (
       select 1 from law_change_set s join {items} i on i.change_set_id = s.id
        where s.in_force_at = upper(c.recorded) and s.content_kind = 'tariff.measures'
          and i.{key} = c.{key} and i.valid && c.valid)) then
    raise exception 'a row of the tariff is closed where a change set in force speaks about its days'
      using errcode = 'check_violation';
  end if;
  return null;
end $$
"""
CLOSINGS = (("measure", "tariff_change_item", "slot"), ("heading", "tariff_change_heading", "code"))
KEPT = """
create function tariff_items_kept() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  if exists (select 1 from removed r join law_change_set s on s.id = r.change_set_id) then
    raise exception 'items of a change set that was proposed are kept' using errcode = 'check_violation';
  end if;
  return null;
end $$
"""
ITEMS = ("tariff_change_item", "tariff_change_heading")
STAGED = ("tariff_staged_rate", "tariff_staged_heading", "tariff_staged_column")


def upgrade() -> None:
    _create_changes()
    _create_items()
    _create_staging()
    op.execute("alter table tariff_measure drop constraint ex_tariff_measure_one_at_a_time")
    # Only what is known now can contradict itself: rows are closed at the one instant at which others begin, which
    # the guards see to. A number instead of the long text, and no entry for closed rows, make a full schedule
    # three times as quick.
    op.execute(
        "alter table tariff_measure add constraint ex_tariff_measure_one_at_a_time"
        " exclude using gist (hashtextextended(slot, 0) with =, valid with &&) where (upper_inf(recorded))"
    )
    for function in (MEASURE_GUARD, HEADING_GUARD, KEPT):
        op.execute(function)
    for table, items, key in CLOSINGS:
        op.execute(CLOSE_GUARD.format(table=table, items=items, key=key))
        op.execute(
            f"create trigger tariff_{table}_item_guard after insert on tariff_{table} referencing new table as added"
            f" for each statement execute function tariff_{table}_item_guard()"
        )
        op.execute(
            f"create trigger tariff_{table}_close_guard after update on tariff_{table}"
            f" referencing new table as closed for each statement execute function tariff_{table}_close_guard()"
        )
    for table in ITEMS:
        op.execute(
            f"create trigger {table}_closed after insert on {table} referencing new table as added"
            " for each statement execute function law_content_items_closed()"
        )
        op.execute(
            f"create trigger {table}_kept after delete on {table} referencing old table as removed"
            " for each statement execute function tariff_items_kept()"
        )
        op.execute(
            f"create trigger {table}_keep before update on {table}"
            " for each row execute function law_append_only()"
        )
        system_table(op, table, officer="SELECT, INSERT, DELETE")
    for table in STAGED:
        system_table(op, table, officer="SELECT, INSERT, DELETE")
    system_table(op, "tariff_change", officer="SELECT, INSERT")
    system_table(op, "tariff_import", officer="SELECT, INSERT, UPDATE")


def downgrade() -> None:
    for table, _, _ in CLOSINGS:
        op.execute(f"drop trigger tariff_{table}_item_guard on tariff_{table}")
        op.execute(f"drop trigger tariff_{table}_close_guard on tariff_{table}")
        op.execute(f"drop function tariff_{table}_item_guard()")
        op.execute(f"drop function tariff_{table}_close_guard()")
    for table in (*STAGED, *ITEMS, "tariff_import", "tariff_change"):
        op.drop_table(table)
    op.execute("drop function tariff_items_kept()")
    op.execute("alter table tariff_measure drop constraint ex_tariff_measure_one_at_a_time")
    op.execute(
        "alter table tariff_measure add constraint ex_tariff_measure_one_at_a_time"
        " exclude using gist (slot with =, valid with &&, recorded with &&)"
    )


def _create_changes() -> None:
    op.create_table(
        "tariff_change",
        sa.Column("id", sa.Uuid(), nullable=False, comment="the key of its change set to come"),
        sa.Column("made_at", STAMP, nullable=False),
        sa.Column("made_by", sa.Uuid(), comment="user; empty for the platform itself"),
        sa.PrimaryKeyConstraint("id", name="pk_tariff_change"),
    )
    op.create_table(
        "tariff_import",
        sa.Column("id", sa.Uuid(), nullable=False, comment="the key of its change and change set"),
        sa.Column("profile", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("workbook", sa.Boolean(), nullable=False),
        sa.Column(
            "sheet",
            sa.String(),
            nullable=False,
            comment="the sheet that is meant; empty where only one can be",
        ),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), comment="first day on which it no longer holds"),
        sa.Column("coverage", sa.String(), nullable=False),
        sa.Column(
            "restates", sa.Boolean(), nullable=False, comment="rates that stay the same cite the new source"
        ),
        sa.Column("instrument_id", sa.String(), comment="may be an instrument that the change adds"),
        sa.Column("instrument", pg.JSONB(), comment="the instrument to be added"),
        sa.Column("article", sa.String()),
        sa.Column("annex", sa.String()),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("note", pg.JSONB()),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("rows_done", sa.BigInteger(), nullable=False),
        sa.Column("rows_total", sa.BigInteger(), nullable=False),
        sa.Column("cancel_asked", sa.Boolean(), nullable=False),
        sa.Column("faults", pg.JSONB(), nullable=False, comment="what stopped the file, place by place"),
        sa.Column(
            "warnings", pg.JSONB(), nullable=False, comment="what is worth knowing and stopped nothing"
        ),
        sa.Column("refusal", pg.JSONB(), nullable=False, comment="why the file as a whole was refused"),
        sa.Column(
            "counts", pg.JSONB(), nullable=False, comment="lines, rates and unchanged rates by chapter"
        ),
        sa.Column("created_at", STAMP, nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_by_name", sa.String(), nullable=False),
        sa.Column("finished_at", STAMP),
        sa.PrimaryKeyConstraint("id", name="pk_tariff_import"),
        sa.ForeignKeyConstraint(["id"], ["tariff_change.id"], name="fk_tariff_import_id"),
        sa.CheckConstraint(
            "state in ('READING', 'STOPPED', 'CANCELLED', 'COMPARED', 'PROPOSED')",
            name=op.f("ck_tariff_import_state"),
        ),
        sa.CheckConstraint(
            "coverage in ('WHOLE', 'CHAPTERS', 'LINES')", name=op.f("ck_tariff_import_coverage")
        ),
        sa.CheckConstraint("status in ('CITED', 'ASSUMED')", name=op.f("ck_tariff_import_status")),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_tariff_import_valid")),
    )
    op.create_index("ix_tariff_import_state", "tariff_import", ["state", "created_at"])


def _create_items() -> None:
    op.create_table(
        "tariff_change_item",
        sa.Column("change_set_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("effect", sa.String(), nullable=False),
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("hs8", "subline10", "kind", "scheme", "geo", "variant")
        ),
        sa.Column("slot", sa.String(), sa.Computed(SLOT, persisted=True), nullable=False),
        sa.Column("valid", pg.DATERANGE(), nullable=False),
        sa.Column("expr", pg.JSONB()),
        sa.Column("conditions", pg.JSONB(), nullable=False),
        sa.Column("instrument_id", sa.String(), comment="may be an instrument that the set adds"),
        sa.Column("article", sa.String()),
        sa.Column("annex", sa.String()),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("note", pg.JSONB()),
        sa.Column("was", pg.JSONB(), comment="what held on the first of these days, for people"),
        sa.Column(
            "size",
            sa.Numeric(20, 6),
            comment="points of percent between before and after; empty where they cannot be compared",
        ),
        sa.PrimaryKeyConstraint("change_set_id", "position", name="pk_tariff_change_item"),
        sa.ForeignKeyConstraint(
            ["change_set_id"], ["tariff_change.id"], name="fk_tariff_change_item_change_set_id"
        ),
        sa.CheckConstraint(f"effect in ({EFFECTS})", name=op.f("ck_tariff_change_item_effect")),
        sa.CheckConstraint("(effect = 'ENDED') = (expr is null)", name=op.f("ck_tariff_change_item_expr")),
        sa.CheckConstraint("hs8 ~ '^[0-9]{8}$'", name=op.f("ck_tariff_change_item_hs8")),
        *_checks("tariff_change_item"),
    )
    op.create_index("ix_tariff_change_item_slot", "tariff_change_item", ["change_set_id", "slot"])
    op.create_index("ix_tariff_change_item_size", "tariff_change_item", ["change_set_id", "size"])
    op.create_table(
        "tariff_change_heading",
        sa.Column("change_set_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("effect", sa.String(), nullable=False),
        sa.Column("valid", pg.DATERANGE(), nullable=False),
        sa.Column("title", pg.JSONB()),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("folded", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("was", pg.JSONB(), comment="title and unit before"),
        sa.PrimaryKeyConstraint("change_set_id", "code", name="pk_tariff_change_heading"),
        sa.ForeignKeyConstraint(
            ["change_set_id"], ["tariff_change.id"], name="fk_tariff_change_heading_change_set_id"
        ),
        sa.CheckConstraint(
            "effect in ('ADDED', 'CHANGED', 'ENDED')", name=op.f("ck_tariff_change_heading_effect")
        ),
        sa.CheckConstraint(
            "(effect = 'ENDED') = (title is null)", name=op.f("ck_tariff_change_heading_title")
        ),
        sa.CheckConstraint("code ~ '^([0-9]{2}){1,5}$'", name=op.f("ck_tariff_change_heading_code")),
        *_checks("tariff_change_heading"),
    )


def _create_staging() -> None:
    """A file while it is compared; rows live within one transaction, so nothing is lost without a log."""
    texts = ("kind", "scheme", "geo", "variant")
    op.create_table(
        "tariff_staged_rate",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("hs8", "slot", *texts)),
        sa.Column("days", pg.DATERANGE(), nullable=False),
        sa.Column("expr", pg.JSONB(), nullable=False),
        sa.Column("mark", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("import_id", "position", name="pk_tariff_staged_rate"),
        prefixes=["UNLOGGED"],
    )
    op.create_table(
        "tariff_staged_heading",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("title", pg.JSONB(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("folded", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("import_id", "code", name="pk_tariff_staged_heading"),
        prefixes=["UNLOGGED"],
    )
    op.create_table(
        "tariff_staged_column",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in texts),
        sa.Column("days", pg.DATERANGE(), nullable=False),
        sa.PrimaryKeyConstraint("import_id", "position", name="pk_tariff_staged_column"),
        prefixes=["UNLOGGED"],
    )


def _checks(table: str) -> tuple[sa.CheckConstraint, sa.CheckConstraint]:
    return (
        sa.CheckConstraint("not isempty(valid) and not lower_inf(valid)", name=op.f(f"ck_{table}_valid")),
        sa.CheckConstraint("status in ('CITED', 'ASSUMED', 'VERIFIED')", name=op.f(f"ck_{table}_status")),
    )
