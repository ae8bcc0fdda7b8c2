"""Let requests that a page makes by itself find out who asks without keeping the session awake."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# As in 0013, but for the last parameter: without it the time of the request is not noted.
RESOLVE = """
create function auth_resolve({parameters})
returns table (user_id uuid, kind text, name text, session_id uuid, grants jsonb)
language plpgsql volatile security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare
  seen record;
begin
  select s.id, s.user_id, s.last_seen_at, u.kind, u.full_name into seen
    from auth_session s join auth_user u on u.id = s.user_id
   where s.token_hash = p_token_hash and s.revoked_at is null
     and p_at < s.expires_at and p_at < s.last_seen_at + s.idle_for and u.state = 'ACTIVE' and s.pending is null;
  if not found then
    return;
  end if;
  if {touch}seen.last_seen_at <= p_at - interval '1 minute' then
    update auth_session set last_seen_at = p_at where id = seen.id and last_seen_at <= p_at - interval '1 minute';
  end if;
  return query
    select seen.user_id, seen.kind::text, seen.full_name, seen.id,
           coalesce(jsonb_agg(jsonb_build_array(g.party_id, g.roles, g.scope) order by g.party_id), '[]'::jsonb)
      from auth_grant g
     where g.user_id = seen.user_id and g.valid_from <= p_at and (g.valid_to is null or p_at < g.valid_to);
end $$
"""
OLD, NEW = "bytea, timestamptz", "bytea, timestamptz, boolean"


def upgrade() -> None:
    op.execute(f"drop function auth_resolve({OLD})")
    op.execute(
        RESOLVE.format(
            parameters="p_token_hash bytea, p_at timestamptz, p_touch boolean", touch="p_touch and "
        )
    )
    _only_the_web(NEW)


def downgrade() -> None:
    op.execute(f"drop function auth_resolve({NEW})")
    op.execute(RESOLVE.format(parameters="p_token_hash bytea, p_at timestamptz", touch=""))
    _only_the_web(OLD)


def _only_the_web(signature: str) -> None:
    op.execute(f"revoke execute on function auth_resolve({signature}) from public")
    op.execute(f"grant execute on function auth_resolve({signature}) to ftz_web_auth")
