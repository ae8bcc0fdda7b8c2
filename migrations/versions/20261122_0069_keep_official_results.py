"""Keep every official result from elsewhere, and let a later one update what it is about."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.helpers import grants, tenant_table

revision = "0069"
down_revision = "0068"
branch_labels = None
depends_on = None

TZ = sa.TIMESTAMP(timezone=True)
FACTS = "official_number, channel, registered_at, released_at, cleared_at"

# What the authority alone says of ours; of a row from elsewhere the firm brings it in, and brings later results in.
OFFICIAL = """
create or replace function customs_declaration_official() returns trigger language plpgsql as $$
begin
  if current_user not in ('ftz_tenant', 'ftz_officer') then return new; end if;
  if tg_op = 'UPDATE' then
    if new.origin is distinct from old.origin or (old.origin = 'OURS'
       and (new.official_number, new.channel, new.registered_at, new.released_at, new.cleared_at)
           is distinct from (old.official_number, old.channel, old.registered_at, old.released_at, old.cleared_at)) then
      raise exception 'official facts come through the gateway' using errcode = 'check_violation';
    end if;
  elsif new.origin = 'OURS' and (new.official_number is not null or new.channel is not null
        or new.registered_at is not null or new.released_at is not null or new.cleared_at is not null) then
    raise exception 'official facts come through the gateway' using errcode = 'check_violation';
  end if;
  return new;
end $$
"""
OFFICIAL_ONCE = """
create or replace function customs_declaration_official() returns trigger language plpgsql as $$
begin
  if new.origin = 'OURS' and current_user in ('ftz_tenant', 'ftz_officer')
     and (new.official_number is not null or new.channel is not null or new.registered_at is not null
          or new.released_at is not null or new.cleared_at is not null) then
    raise exception 'official facts come through the gateway' using errcode = 'check_violation';
  end if;
  return new;
end $$
"""
ON = "on customs_declaration for each row execute function customs_declaration_official()"


def upgrade() -> None:
    name = "customs_result"
    op.create_table(
        name,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("declaration_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False, comment="1, 2, 3 … in the order in which they came"),
        sa.Column("sha256", sa.String(), nullable=False, comment="of the content: the same result again is the same row"),
        sa.Column("content", sa.String(), nullable=False, comment="the result alone, in the documented form"),
        sa.Column("said_at", TZ, comment="the latest instant that it carries"),
        sa.Column("brought_at", TZ, nullable=False),
        sa.Column("brought_by", sa.Uuid()),
        sa.Column("outcome", sa.String(), nullable=False, comment="OLDER: kept, and nothing changed by it"),
        sa.Column("changes", JSONB(), nullable=False, comment="what it changed: field, line, before, after"),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.ForeignKeyConstraint(["party_id"], ["auth_party.id"], name=f"fk_{name}_party_id"),
        sa.ForeignKeyConstraint(
            ["declaration_id"], ["customs_declaration.id"], name=f"fk_{name}_declaration_id"
        ),
        sa.UniqueConstraint("declaration_id", "number", name=f"uq_{name}_declaration_id_number"),
        sa.UniqueConstraint("declaration_id", "sha256", name=f"uq_{name}_declaration_id_sha256"),
        sa.CheckConstraint("outcome in ('FIRST', 'CHANGED', 'OLDER')", name="outcome"),
    )  # fmt: skip
    op.create_index(f"ix_{name}_party_id", name, ["party_id"])
    tenant_table(op, name, tenant="SELECT, INSERT", officer="SELECT", worker="SELECT")
    grants(op, "customs_declaration", {"tenant": f"UPDATE ({FACTS})"})
    op.execute(OFFICIAL)
    op.execute("drop trigger customs_declaration_official on customs_declaration")
    op.execute(f"create trigger customs_declaration_official before insert or update {ON}")


def downgrade() -> None:
    op.execute("drop trigger customs_declaration_official on customs_declaration")
    op.execute(f"create trigger customs_declaration_official before insert {ON}")
    op.execute(OFFICIAL_ONCE)
    op.execute(f"revoke update ({FACTS}) on customs_declaration from ftz_tenant")
    op.drop_table("customs_result")
