"""Add the second factor, sessions that wait for it, and initial passwords."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from migrations.helpers import system_table

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TZ = sa.TIMESTAMP(timezone=True)

# As in 0004, but for the last word of the condition: a session that still asks for something has no owner yet.
RESOLVE = """
create or replace function auth_resolve(p_token_hash bytea, p_at timestamptz)
returns table (user_id uuid, kind text, name text, session_id uuid, grants jsonb)
language plpgsql volatile security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare
  seen record;
begin
  select s.id, s.user_id, s.last_seen_at, u.kind, u.full_name into seen
    from auth_session s join auth_user u on u.id = s.user_id
   where s.token_hash = p_token_hash and s.revoked_at is null
     and p_at < s.expires_at and p_at < s.last_seen_at + s.idle_for and u.state = 'ACTIVE'{pending};
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
    op.add_column(
        "auth_user",
        sa.Column(
            "initial_until",
            TZ,
            comment="set: the password was made by an administrator, serves once and until then",
        ),
    )
    op.add_column(
        "auth_session",
        sa.Column(
            "pending",
            sa.String(20),
            comment="what is asked for next; until it is none the session opens nothing else",
        ),
    )
    op.create_check_constraint(
        op.f("ck_auth_session_pending"), "auth_session", "pending in ('CODE', 'PASSWORD', 'ENROL')"
    )
    op.create_table(
        "auth_totp",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), comment="sealed, see SecretsBox"),
        sa.Column("confirmed_at", TZ),
        sa.Column("last_step", sa.BigInteger(), comment="no code of this step or an earlier one is taken"),
        sa.Column("candidate", sa.LargeBinary(), comment="sealed, see SecretsBox"),
        sa.Column("candidate_at", TZ),
        sa.Column("recovery_salt", sa.LargeBinary()),
        sa.Column("recovery_hashes", pg.ARRAY(sa.LargeBinary()), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_auth_totp"),
        sa.ForeignKeyConstraint(["user_id"], ["auth_user.id"], name="fk_auth_totp_user_id"),
        sa.CheckConstraint("(secret is null) = (confirmed_at is null)", name=op.f("ck_auth_totp_confirmed")),
        sa.CheckConstraint(
            "(candidate is null) = (candidate_at is null)", name=op.f("ck_auth_totp_candidate")
        ),
    )
    system_table(op, "auth_totp", auth="SELECT, INSERT, UPDATE")
    # Administrators change roles through the login that also opens accounts, so that both are one transaction.
    op.execute("grant update (valid_to) on auth_membership to ftz_auth")
    op.execute(RESOLVE.format(pending=" and s.pending is null"))


def downgrade() -> None:
    # Without the column a waiting session would be a full one.
    op.execute(
        "update auth_session set revoked_at = created_at where pending is not null and revoked_at is null"
    )
    op.execute(RESOLVE.format(pending=""))
    op.execute("revoke update (valid_to) on auth_membership from ftz_auth")
    op.drop_table("auth_totp")
    op.drop_constraint(op.f("ck_auth_session_pending"), "auth_session")
    op.drop_column("auth_session", "pending")
    op.drop_column("auth_user", "initial_until")
