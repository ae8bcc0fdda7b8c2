"""Create parties, accounts, memberships, delegations, sessions and the one function that finds out who asks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from migrations.helpers import shared_table, system_table, tenant_table

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TZ = sa.TIMESTAMP(timezone=True)
CODE = sa.String(20)
CODES = pg.ARRAY(sa.Text())

# The only definition of a grant. It runs with the rights of the one who asks, so the policies of the tables hold.
GRANT_VIEW = """
create view auth_grant with (security_invoker = true) as
select user_id, party_id, roles, array[]::text[] as scope, valid_from, valid_to
  from auth_membership
union all
select m.user_id, d.party_id, array(select unnest(d.roles) intersect select unnest(m.roles) order by 1), d.scope,
       greatest(m.valid_from, d.valid_from), least(m.valid_to, d.valid_to, d.revoked_at)
  from auth_membership m join auth_delegation d on d.delegate_party_id = m.party_id
"""

# SECURITY DEFINER: the web asks in every request, on the bare login and outside a transaction, where no role can be
# set; that login needs no right on any table. plpgsql keeps the plans, a function in SQL would plan in every call.
RESOLVE = """
create function auth_resolve(p_token_hash bytea, p_at timestamptz)
returns table (user_id uuid, kind text, name text, session_id uuid, grants jsonb)
language plpgsql volatile security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare
  seen record;
begin
  select s.id, s.user_id, s.last_seen_at, u.kind, u.full_name into seen
    from auth_session s join auth_user u on u.id = s.user_id
   where s.token_hash = p_token_hash and s.revoked_at is null
     and p_at < s.expires_at and p_at < s.last_seen_at + s.idle_for and u.state = 'ACTIVE';
  if not found then
    return;
  end if;
  if seen.last_seen_at <= p_at - interval '1 minute' then
    update auth_session set last_seen_at = p_at where id = seen.id and last_seen_at <= p_at - interval '1 minute';
  end if;
  return query
    select seen.user_id, seen.kind::text, seen.full_name, seen.id,
           coalesce(jsonb_agg(jsonb_build_array(g.party_id, g.roles, g.scope) order by g.party_id), '[]'::jsonb)
      from auth_grant g
     where g.user_id = seen.user_id and g.valid_from <= p_at and (g.valid_to is null or p_at < g.valid_to);
end $$
"""


def upgrade() -> None:
    _create_parties()
    _create_users()
    _create_memberships()
    _create_sessions()
    for table in ("auth_membership", "auth_delegation"):
        # Forced row-level security binds the owner too, as whom the function runs.
        op.execute(f"create policy {table}_owner on {table} for select to current_user using (true)")
    op.execute(GRANT_VIEW)
    op.execute("grant select on auth_grant to ftz_auth, ftz_officer, ftz_worker")
    op.execute(RESOLVE)
    op.execute("revoke execute on function auth_resolve(bytea, timestamptz) from public")
    op.execute("grant execute on function auth_resolve(bytea, timestamptz) to ftz_web_auth")


def _create_parties() -> None:
    op.create_table(
        "auth_party",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", CODE, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", TZ, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_auth_party"),
        sa.CheckConstraint(
            "kind in ('ENTERPRISE', 'PERSON', 'AGENCY', 'DIVISION', 'AUTHORITY', 'SYSTEM')",
            name=op.f("ck_auth_party_kind"),
        ),
    )
    tenant_table(op, "auth_party", column="id", tenant="SELECT", auth="SELECT, INSERT")
    op.create_table(
        "auth_office",
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", CODE, nullable=False),
        sa.Column("name", pg.JSONB(), nullable=False, comment="by language: vi, en"),
        sa.Column("symbol", sa.Text(), nullable=False, comment="as in the number of its letters"),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("party_id", name="pk_auth_office"),
        sa.UniqueConstraint("code", name="uq_auth_office_code"),
        sa.ForeignKeyConstraint(["party_id"], ["auth_party.id"], name="fk_auth_office_party_id"),
        sa.ForeignKeyConstraint(["parent_id"], ["auth_office.party_id"], name="fk_auth_office_parent_id"),
        sa.CheckConstraint("kind in ('AUTHORITY', 'DIVISION', 'AGENCY')", name=op.f("ck_auth_office_kind")),
    )
    op.create_index("ix_auth_office_parent_id", "auth_office", ["parent_id"])
    shared_table(op, "auth_office", officer="SELECT, INSERT, UPDATE", auth="SELECT, INSERT")


def _create_users() -> None:
    op.create_table(
        "auth_user",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False, comment="folded, see fold_login"),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("full_name", sa.Text(), nullable=False),
        sa.Column("kind", CODE, nullable=False),
        sa.Column(
            "password_hash", sa.Text(), nullable=True, comment="PHC string; none: no sign-in by password"
        ),
        sa.Column("state", CODE, nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("created_at", TZ, nullable=False),
        sa.Column("password_changed_at", TZ, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_auth_user"),
        sa.UniqueConstraint("login", name="uq_auth_user_login"),
        sa.CheckConstraint("kind in ('CUSTOMER', 'OFFICER')", name=op.f("ck_auth_user_kind")),
        sa.CheckConstraint("state in ('ACTIVE', 'LOCKED', 'CLOSED')", name=op.f("ck_auth_user_state")),
        sa.CheckConstraint("login ~ '^[a-z0-9][a-z0-9._@+-]{2,99}$'", name=op.f("ck_auth_user_login")),
    )
    seen = "SELECT (id, login, full_name, kind, state)"
    system_table(op, "auth_user", auth="SELECT, INSERT, UPDATE", officer=seen, worker=seen)


def _create_memberships() -> None:
    op.create_table(
        "auth_membership",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("roles", CODES, nullable=False),
        sa.Column("valid_from", TZ, nullable=False),
        sa.Column("valid_to", TZ, nullable=True),
        sa.Column("created_at", TZ, nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True, comment="none: the platform itself"),
        sa.PrimaryKeyConstraint("id", name="pk_auth_membership"),
        sa.ForeignKeyConstraint(["party_id"], ["auth_party.id"], name="fk_auth_membership_party_id"),
        sa.ForeignKeyConstraint(["user_id"], ["auth_user.id"], name="fk_auth_membership_user_id"),
        sa.CheckConstraint("cardinality(roles) > 0", name=op.f("ck_auth_membership_roles")),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_auth_membership_period")),
        pg.ExcludeConstraint(
            (sa.column("user_id"), "="),
            (sa.column("party_id"), "="),
            (sa.text("tstzrange(valid_from, valid_to)"), "&&"),
            name="one_at_a_time",
        ),
    )
    op.create_index("ix_auth_membership_party_id", "auth_membership", ["party_id"])
    op.create_index("ix_auth_membership_user_id", "auth_membership", ["user_id"])
    tenant_table(op, "auth_membership", tenant="SELECT", auth="SELECT, INSERT")
    op.create_table(
        "auth_delegation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False, comment="who gives"),
        sa.Column("delegate_party_id", sa.Uuid(), nullable=False, comment="who acts"),
        sa.Column("roles", CODES, nullable=False),
        sa.Column("scope", CODES, nullable=False, comment="first words of permission codes; empty: all"),
        sa.Column("valid_from", TZ, nullable=False),
        sa.Column("valid_to", TZ, nullable=True),
        sa.Column("revoked_at", TZ, nullable=True),
        sa.Column("created_at", TZ, nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_auth_delegation"),
        sa.ForeignKeyConstraint(["party_id"], ["auth_party.id"], name="fk_auth_delegation_party_id"),
        sa.ForeignKeyConstraint(
            ["delegate_party_id"], ["auth_party.id"], name="fk_auth_delegation_delegate_party_id"
        ),
        sa.CheckConstraint("cardinality(roles) > 0", name=op.f("ck_auth_delegation_roles")),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_auth_delegation_period")),
        sa.CheckConstraint("delegate_party_id <> party_id", name=op.f("ck_auth_delegation_other_party")),
    )
    op.create_index("ix_auth_delegation_party_id", "auth_delegation", ["party_id"])
    op.create_index("ix_auth_delegation_delegate_party_id", "auth_delegation", ["delegate_party_id"])
    # A delegate needs no policy of its own: who acts for a party has that party in the context.
    tenant_table(op, "auth_delegation", auth="SELECT")
    op.execute("grant update (revoked_at) on auth_delegation to ftz_tenant")


def _create_sessions() -> None:
    op.create_table(
        "auth_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", TZ, nullable=False),
        sa.Column("last_seen_at", TZ, nullable=False, comment="moved at most once a minute"),
        sa.Column(
            "idle_for", sa.Interval(), nullable=False, comment="longest rest, fixed when the session began"
        ),
        sa.Column("expires_at", TZ, nullable=False),
        sa.Column("revoked_at", TZ, nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("ip", sa.Text(), nullable=True),
        sa.Column("step_up_at", TZ, nullable=True, comment="last time the person proved presence again"),
        sa.PrimaryKeyConstraint("id", name="pk_auth_session"),
        sa.UniqueConstraint("token_hash", name="uq_auth_session_token_hash"),
        sa.ForeignKeyConstraint(["user_id"], ["auth_user.id"], name="fk_auth_session_user_id"),
    )
    op.create_index("ix_auth_session_user_id", "auth_session", ["user_id"])
    op.create_index("ix_auth_session_expires_at", "auth_session", ["expires_at"])
    system_table(op, "auth_session", auth="SELECT, INSERT, UPDATE", worker="SELECT (id, expires_at), DELETE")
    op.create_table(
        "auth_throttle",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("last_at", TZ, nullable=False),
        sa.Column("not_before", TZ, nullable=True, comment="no attempt is looked at before"),
        sa.PrimaryKeyConstraint("key", name="pk_auth_throttle"),
    )
    op.create_index("ix_auth_throttle_last_at", "auth_throttle", ["last_at"])
    system_table(
        op, "auth_throttle", auth="SELECT, INSERT, UPDATE, DELETE", worker="SELECT (last_at), DELETE"
    )


def downgrade() -> None:
    op.execute("drop function auth_resolve(bytea, timestamptz)")
    op.execute("drop view auth_grant")
    for table in ("throttle", "session", "delegation", "membership", "user", "office", "party"):
        op.drop_table(f"auth_{table}")
