"""The tariff: nomenclature, measures with two clocks, groups of countries, rates of exchange."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from migrations.helpers import shared_table

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

STAMP = pg.TIMESTAMP(timezone=True)
SLOT = "hs8 || '|' || subline10 || '|' || kind || '|' || scheme || '|' || geo || '|' || variant"
KEPT = ("tariff_heading", "tariff_measure", "tariff_geo_group_member", "tariff_exchange_rate")
IN_SETS = KEPT[:3]

APPEND_ONLY = """
create function tariff_append_only() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  -- The generated column of a measure has no value yet in a trigger that runs before.
  if tg_op = 'UPDATE' and (to_jsonb(new) - array['recorded', 'slot']) = (to_jsonb(old) - array['recorded', 'slot'])
     and upper_inf(old.recorded) and not upper_inf(new.recorded) and not isempty(new.recorded)
     and lower(new.recorded) = lower(old.recorded) then
    return new;
  end if;
  raise exception '% is append-only: a row is closed once, and never changed', tg_table_name
    using errcode = 'check_violation';
end $$
"""

# A row is written by a change set that is in force. Rows of the first load have none; they all share one instant,
# so that nothing can be slipped in beside them later.
SET_GUARD = """
create function tariff_set_guard() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare
  loaded timestamptz;
  others boolean;
begin
  if exists (select 1 from added a left join law_change_set s on s.id = a.change_set_id
              where a.change_set_id is not null and s.state is distinct from 'IN_FORCE') then
    raise exception 'a row of the tariff is written by a change set in force' using errcode = 'check_violation';
  end if;
  if exists (select 1 from added where change_set_id is null) then
    execute format('select min(lower(recorded)) from %I where change_set_id is null', tg_table_name) into loaded;
    select bool_or(lower(recorded) <> loaded) from added where change_set_id is null into others;
    if others then
      raise exception 'the first load of the tariff was before: later changes need a change set'
        using errcode = 'check_violation';
    end if;
  end if;
  return null;
end $$
"""

SHEET_GUARD = """
create function tariff_exchange_guard() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  if tg_op = 'INSERT' and new.state = 'ENTERED' then return new; end if;
  if tg_op = 'UPDATE' and old.state = 'ENTERED'
     and (to_jsonb(new) - array['state', 'decided_by', 'decided_by_name', 'decided_at', 'reason'])
       = (to_jsonb(old) - array['state', 'decided_by', 'decided_by_name', 'decided_at', 'reason']) then
    return new;
  end if;
  raise exception 'a sheet of rates is entered, then decided once' using errcode = 'check_violation';
end $$
"""

RATE_GUARD = """
create function tariff_exchange_rate_guard() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  if new.sheet_id is null or exists (
      select 1 from tariff_exchange_sheet s where s.id = new.sheet_id and s.state = 'IN_FORCE'
         and (s.rates ->> new.currency)::numeric = new.rate and s.week = lower(new.valid)) then
    return new;
  end if;
  raise exception 'a rate of exchange is what a sheet in force says' using errcode = 'check_violation';
end $$
"""


def upgrade() -> None:
    _create_nomenclature()
    _create_measures()
    _create_groups()
    _create_exchange()
    for function in (APPEND_ONLY, SET_GUARD, SHEET_GUARD, RATE_GUARD):
        op.execute(function)
    for table in KEPT:
        op.execute(
            f"create trigger {table}_append_only before update or delete on {table}"
            " for each row execute function tariff_append_only()"
        )
    for table in IN_SETS:
        op.execute(
            f"create trigger {table}_set_guard after insert on {table} referencing new table as added"
            " for each statement execute function tariff_set_guard()"
        )
    op.execute(
        "create trigger tariff_exchange_sheet_guard before insert or update or delete on tariff_exchange_sheet"
        " for each row execute function tariff_exchange_guard()"
    )
    op.execute(
        "create trigger tariff_exchange_rate_guard before insert on tariff_exchange_rate"
        " for each row execute function tariff_exchange_rate_guard()"
    )
    for table in KEPT:
        shared_table(op, table, officer="SELECT, INSERT, UPDATE (recorded)")
    for table in ("tariff_scheme", "tariff_geo_group"):
        shared_table(op, table, officer="SELECT, INSERT, UPDATE")
    shared_table(
        op,
        "tariff_exchange_sheet",
        officer="SELECT, INSERT, UPDATE (state, decided_by, decided_by_name, decided_at, reason)",
    )


def downgrade() -> None:
    for table in (
        "tariff_exchange_rate", "tariff_exchange_sheet", "tariff_geo_group_member", "tariff_geo_group",
        "tariff_scheme", "tariff_measure", "tariff_heading",
    ):  # fmt: skip
        op.drop_table(table)
    for function in (
        "tariff_append_only", "tariff_set_guard", "tariff_exchange_guard", "tariff_exchange_rate_guard",
    ):  # fmt: skip
        op.execute(f"drop function {function}()")


def _days(table: str) -> sa.CheckConstraint:
    return sa.CheckConstraint("not isempty(valid) and not lower_inf(valid)", name=op.f(f"ck_{table}_valid"))


def _status(table: str) -> sa.CheckConstraint:
    return sa.CheckConstraint("status in ('CITED', 'ASSUMED', 'VERIFIED')", name=op.f(f"ck_{table}_status"))


def _one_at_a_time(table: str, *columns: str) -> pg.ExcludeConstraint:
    parts = [(column, "=") for column in columns]
    return pg.ExcludeConstraint(
        *parts, ("valid", "&&"), ("recorded", "&&"), name=f"ex_{table}_one_at_a_time", using="gist"
    )


def _change_set(table: str) -> tuple[sa.Column[object], sa.ForeignKeyConstraint]:
    return (
        sa.Column("change_set_id", sa.Uuid(), comment="the set that wrote the row; empty: first load"),
        sa.ForeignKeyConstraint(["change_set_id"], ["law_change_set.id"], name=f"fk_{table}_change_set_id"),
    )


def _create_nomenclature() -> None:
    op.create_table(
        "tariff_heading",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False, comment="2, 4, 6, 8 or 10 digits without points"),
        sa.Column("title", pg.JSONB(), nullable=False, comment="in vi and en"),
        sa.Column(
            "unit",
            sa.String(),
            nullable=False,
            comment="unit of quantity (UN/ECE code), empty where none is asked for",
        ),
        sa.Column("folded", sa.String(), nullable=False, comment="code and titles as a search compares them"),
        sa.Column("valid", pg.DATERANGE(), nullable=False),
        sa.Column("recorded", pg.TSTZRANGE(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        *_change_set("tariff_heading"),
        sa.PrimaryKeyConstraint("id", name="pk_tariff_heading"),
        sa.CheckConstraint("code ~ '^([0-9]{2}){1,5}$'", name=op.f("ck_tariff_heading_code")),
        _days("tariff_heading"),
        _status("tariff_heading"),
        _one_at_a_time("tariff_heading", "code"),
    )
    op.create_index(
        "ix_tariff_heading_code", "tariff_heading", ["code"], postgresql_ops={"code": "text_pattern_ops"}
    )
    op.create_index(
        "ix_tariff_heading_folded", "tariff_heading", ["folded"],
        postgresql_using="gin", postgresql_ops={"folded": "gin_trgm_ops"},
    )  # fmt: skip
    op.create_index("ix_tariff_heading_change_set_id", "tariff_heading", ["change_set_id"])


def _create_measures() -> None:
    op.create_table(
        "tariff_measure",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hs8", sa.String(), nullable=False),
        sa.Column("subline10", sa.String(), nullable=False, comment="empty: the whole line of 8 digits"),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column(
            "scheme", sa.String(), nullable=False, comment="preference scheme such as ACFTA; else empty"
        ),
        sa.Column(
            "geo",
            sa.String(),
            nullable=False,
            comment="group (tariff_geo_group) or country (ISO 3166) of origin or destination; empty: all",
        ),
        sa.Column(
            "variant",
            sa.String(),
            nullable=False,
            comment="tells rates of one line apart: OUT_OF_QUOTA, a producer, …",
        ),
        sa.Column("slot", sa.String(), sa.Computed(SLOT, persisted=True), nullable=False),
        sa.Column("valid", pg.DATERANGE(), nullable=False),
        sa.Column("recorded", pg.TSTZRANGE(), nullable=False),
        sa.Column("expr", pg.JSONB(), nullable=False, comment="expression of the rate; numbers are texts"),
        sa.Column(
            "conditions", pg.JSONB(), nullable=False, comment="what else must hold: vat_reduction, quota, …"
        ),
        sa.Column("instrument_id", sa.String()),
        sa.Column("article", sa.String()),
        sa.Column("annex", sa.String()),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("note", pg.JSONB()),
        *_change_set("tariff_measure"),
        sa.PrimaryKeyConstraint("id", name="pk_tariff_measure"),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["law_instrument.id"], name="fk_tariff_measure_instrument_id"
        ),
        sa.CheckConstraint("hs8 ~ '^[0-9]{8}$'", name=op.f("ck_tariff_measure_hs8")),
        sa.CheckConstraint(
            "subline10 = '' or subline10 ~ ('^' || hs8 || '[0-9]{2}$')",
            name=op.f("ck_tariff_measure_subline10"),
        ),
        sa.CheckConstraint(
            "kind in ('MFN', 'ORDINARY', 'PREFERENCE', 'EXPORT', 'EXPORT_PREFERENCE', 'ANTI_DUMPING',"
            " 'COUNTERVAILING', 'SAFEGUARD', 'EXCISE', 'ENVIRONMENT', 'VAT')",
            name=op.f("ck_tariff_measure_kind"),
        ),
        sa.CheckConstraint(
            "(kind in ('PREFERENCE', 'EXPORT_PREFERENCE')) = (scheme <> '' and geo <> '')",
            name=op.f("ck_tariff_measure_scheme"),
        ),
        sa.CheckConstraint(
            "jsonb_typeof(expr) = 'object' and expr ? 'op'", name=op.f("ck_tariff_measure_expr")
        ),
        sa.CheckConstraint("jsonb_typeof(conditions) = 'object'", name=op.f("ck_tariff_measure_conditions")),
        _days("tariff_measure"),
        _status("tariff_measure"),
        _one_at_a_time("tariff_measure", "slot"),
    )
    op.create_index("ix_tariff_measure_hs8", "tariff_measure", ["hs8", "valid"])
    op.create_index("ix_tariff_measure_instrument_id", "tariff_measure", ["instrument_id"])
    op.create_index("ix_tariff_measure_change_set_id", "tariff_measure", ["change_set_id"])


def _create_groups() -> None:
    op.create_table(
        "tariff_scheme",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("title", pg.JSONB(), nullable=False, comment="in vi and en"),
        sa.Column(
            "schedule_code",
            sa.String(),
            nullable=False,
            comment="code on the declaration (B01 …); empty where unknown",
        ),
        sa.Column(
            "papers", pg.JSONB(), nullable=False, comment="papers that prove origin, one of them is enough"
        ),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("note", pg.JSONB()),
        sa.PrimaryKeyConstraint("code", name="pk_tariff_scheme"),
        _status("tariff_scheme"),
    )
    op.create_table(
        "tariff_geo_group",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("title", pg.JSONB(), nullable=False, comment="in vi and en"),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("note", pg.JSONB()),
        sa.PrimaryKeyConstraint("code", name="pk_tariff_geo_group"),
        _status("tariff_geo_group"),
    )
    op.create_table(
        "tariff_geo_group_member",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("group_code", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False, comment="ISO 3166-1 alpha-2"),
        sa.Column("valid", pg.DATERANGE(), nullable=False),
        sa.Column("recorded", pg.TSTZRANGE(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        *_change_set("tariff_geo_group_member"),
        sa.PrimaryKeyConstraint("id", name="pk_tariff_geo_group_member"),
        sa.ForeignKeyConstraint(
            ["group_code"], ["tariff_geo_group.code"], name="fk_tariff_geo_group_member_group_code"
        ),
        sa.CheckConstraint("country ~ '^[A-Z]{2}$'", name=op.f("ck_tariff_geo_group_member_country")),
        _days("tariff_geo_group_member"),
        _status("tariff_geo_group_member"),
        _one_at_a_time("tariff_geo_group_member", "group_code", "country"),
    )
    op.create_index(
        "ix_tariff_geo_group_member_country", "tariff_geo_group_member", ["country", "group_code"]
    )
    op.create_index("ix_tariff_geo_group_member_group_code", "tariff_geo_group_member", ["group_code"])
    op.create_index("ix_tariff_geo_group_member_change_set_id", "tariff_geo_group_member", ["change_set_id"])


def _create_exchange() -> None:
    op.create_table(
        "tariff_exchange_sheet",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("week", sa.Date(), nullable=False, comment="the Monday from which the rates hold"),
        sa.Column("rate_day", sa.Date(), nullable=False, comment="the banking day whose rates they are"),
        sa.Column(
            "rates",
            pg.JSONB(),
            nullable=False,
            comment="VND for one unit, by currency; numbers are texts",
        ),
        sa.Column("source", sa.String(), nullable=False, comment="where the officer read them"),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("entered_by", sa.Uuid(), nullable=False),
        sa.Column("entered_by_name", sa.String(), nullable=False),
        sa.Column("entered_at", STAMP, nullable=False),
        sa.Column("decided_by", sa.Uuid()),
        sa.Column("decided_by_name", sa.String()),
        sa.Column("decided_at", STAMP),
        sa.Column("reason", sa.String()),
        sa.PrimaryKeyConstraint("id", name="pk_tariff_exchange_sheet"),
        sa.CheckConstraint(
            "state in ('ENTERED', 'IN_FORCE', 'REFUSED')", name=op.f("ck_tariff_exchange_sheet_state")
        ),
        sa.CheckConstraint(
            "(state = 'ENTERED') = (decided_at is null)", name=op.f("ck_tariff_exchange_sheet_decided_at")
        ),
        sa.CheckConstraint(
            "state <> 'IN_FORCE' or decided_by <> entered_by",
            name=op.f("ck_tariff_exchange_sheet_second_officer"),
        ),
        sa.CheckConstraint(
            "state <> 'REFUSED' or reason <> ''", name=op.f("ck_tariff_exchange_sheet_reason")
        ),
        sa.CheckConstraint("extract(isodow from week) = 1", name=op.f("ck_tariff_exchange_sheet_week")),
    )
    op.create_index("ix_tariff_exchange_sheet_week", "tariff_exchange_sheet", ["week", "id"])
    op.create_table(
        "tariff_exchange_rate",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("rate", sa.Numeric(20, 6), nullable=False, comment="VND for one unit of the currency"),
        sa.Column("rate_day", sa.Date(), nullable=False, comment="the banking day whose rate it is"),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("valid", pg.DATERANGE(), nullable=False),
        sa.Column("recorded", pg.TSTZRANGE(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("sheet_id", sa.Uuid(), comment="empty: made up for the demo zone"),
        sa.PrimaryKeyConstraint("id", name="pk_tariff_exchange_rate"),
        sa.ForeignKeyConstraint(
            ["sheet_id"], ["tariff_exchange_sheet.id"], name="fk_tariff_exchange_rate_sheet_id"
        ),
        sa.CheckConstraint(
            "currency ~ '^[A-Z]{3}$' and currency <> 'VND'", name=op.f("ck_tariff_exchange_rate_currency")
        ),
        sa.CheckConstraint("rate > 0", name=op.f("ck_tariff_exchange_rate_rate")),
        sa.CheckConstraint(
            "extract(isodow from lower(valid)) = 1", name=op.f("ck_tariff_exchange_rate_week")
        ),
        sa.CheckConstraint(
            "(sheet_id is null) <= (status = 'ASSUMED')", name=op.f("ck_tariff_exchange_rate_sheet")
        ),
        _days("tariff_exchange_rate"),
        _status("tariff_exchange_rate"),
        _one_at_a_time("tariff_exchange_rate", "currency"),
    )
    op.create_index("ix_tariff_exchange_rate_currency", "tariff_exchange_rate", ["currency", "valid"])
    op.create_index("ix_tariff_exchange_rate_sheet_id", "tariff_exchange_rate", ["sheet_id"])
