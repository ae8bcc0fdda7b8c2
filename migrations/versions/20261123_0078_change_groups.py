"""Groups of countries change by change sets: items for groups and members, and guards that bind members to them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from migrations.helpers import system_table

revision = "0078"
down_revision = "0077"
branch_labels = None
depends_on = None

# As with headings: a member is what an item of its set says, or what remains of a row that the set closed.
ITEM_GUARD = """
create function tariff_member_item_guard() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
  if exists (
    select 1 from added a
      left join law_change_set s on s.id = a.change_set_id and s.content_kind = 'tariff.measures'
     where a.change_set_id is not null and (
       s.in_force_at is distinct from lower(a.recorded) or not upper_inf(a.recorded)
       or (not exists (
             select 1 from tariff_change_member i
              where i.change_set_id = a.change_set_id and i.group_code = a.group_code and i.country = a.country
                and a.valid <@ i.valid and i.effect <> 'ENDED' and i.status = a.status
                and (i.instrument_id, i.article) is not distinct from (a.instrument_id, a.article))
           and not exists (
             select 1 from tariff_geo_group_member m
              where m.group_code = a.group_code and m.country = a.country and upper(m.recorded) = lower(a.recorded)
                and a.valid <@ m.valid and m.status = a.status
                and (m.instrument_id, m.article) is not distinct from (a.instrument_id, a.article))))) then
    raise exception 'a member of a group is what an item of a change set in force says'
      using errcode = 'check_violation';
  end if;
  return null;
end $$
"""
CLOSE_GUARD = """
create function tariff_member_close_guard() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
  if exists (
    select 1 from closed c
     where not exists (
       select 1 from law_change_set s join tariff_change_member i on i.change_set_id = s.id
        where s.in_force_at = upper(c.recorded) and s.content_kind = 'tariff.measures'
          and i.group_code = c.group_code and i.country = c.country and i.valid && c.valid)) then
    raise exception 'a member of a group is closed where a change set in force speaks about its days'
      using errcode = 'check_violation';
  end if;
  return null;
end $$
"""
ITEMS = ("tariff_change_group", "tariff_change_member")
MEMBER = "tariff_geo_group_member"


def upgrade() -> None:
    op.add_column(MEMBER, sa.Column("instrument_id", sa.String()))
    op.add_column(MEMBER, sa.Column("article", sa.String()))
    op.create_foreign_key(
        "fk_tariff_geo_group_member_instrument_id", MEMBER, "law_instrument", ["instrument_id"], ["id"]
    )
    op.create_index("ix_tariff_geo_group_member_instrument_id", MEMBER, ["instrument_id"])
    _create_items()
    op.execute(ITEM_GUARD)
    op.execute(CLOSE_GUARD)
    op.execute(
        f"create trigger tariff_member_item_guard after insert on {MEMBER} referencing new table as added"
        " for each statement execute function tariff_member_item_guard()"
    )
    op.execute(
        f"create trigger tariff_member_close_guard after update on {MEMBER} referencing new table as closed"
        " for each statement execute function tariff_member_close_guard()"
    )
    for table in ITEMS:
        op.execute(
            f"create trigger {table}_closed after insert on {table} referencing new table as added"
            " for each statement execute function law_content_items_closed()"
        )
        op.execute(
            f"create trigger {table}_keep before update on {table}"
            " for each row execute function law_append_only()"
        )
        system_table(op, table, officer="SELECT, INSERT")


def downgrade() -> None:
    for name in ("item", "close"):
        op.execute(f"drop trigger tariff_member_{name}_guard on {MEMBER}")
        op.execute(f"drop function tariff_member_{name}_guard()")
    for table in ITEMS:
        op.drop_table(table)
    op.drop_column(MEMBER, "article")
    op.drop_column(MEMBER, "instrument_id")


def _create_items() -> None:
    op.create_table(
        "tariff_change_group",
        sa.Column("change_set_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("title", pg.JSONB(), nullable=False, comment="in vi and en"),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("note", pg.JSONB()),
        sa.PrimaryKeyConstraint("change_set_id", "code", name="pk_tariff_change_group"),
        sa.ForeignKeyConstraint(
            ["change_set_id"], ["tariff_change.id"], name="fk_tariff_change_group_change_set_id"
        ),
        sa.CheckConstraint("code ~ '^[A-Z][A-Z0-9_]{2,19}$'", name=op.f("ck_tariff_change_group_code")),
        _status("tariff_change_group"),
    )
    op.create_table(
        "tariff_change_member",
        sa.Column("change_set_id", sa.Uuid(), nullable=False),
        sa.Column("group_code", sa.String(), nullable=False, comment="may be a group that the set adds"),
        sa.Column("country", sa.String(), nullable=False, comment="ISO 3166-1 alpha-2"),
        sa.Column("effect", sa.String(), nullable=False),
        sa.Column("valid", pg.DATERANGE(), nullable=False),
        sa.Column("instrument_id", sa.String(), comment="may be an instrument that the set adds"),
        sa.Column("article", sa.String()),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("note", pg.JSONB()),
        sa.PrimaryKeyConstraint("change_set_id", "group_code", "country", name="pk_tariff_change_member"),
        sa.ForeignKeyConstraint(
            ["change_set_id"], ["tariff_change.id"], name="fk_tariff_change_member_change_set_id"
        ),
        sa.CheckConstraint(
            "effect in ('ADDED', 'ENDED', 'RESTATED')", name=op.f("ck_tariff_change_member_effect")
        ),
        sa.CheckConstraint("country ~ '^[A-Z]{2}$'", name=op.f("ck_tariff_change_member_country")),
        sa.CheckConstraint(
            "not isempty(valid) and not lower_inf(valid)", name=op.f("ck_tariff_change_member_valid")
        ),
        _status("tariff_change_member"),
    )


def _status(table: str) -> sa.CheckConstraint:
    return sa.CheckConstraint("status in ('CITED', 'ASSUMED', 'VERIFIED')", name=op.f(f"ck_{table}_status"))
