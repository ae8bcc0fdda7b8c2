"""Create the programs of enterprises, their secrets and tokens, and the function that finds out which one asks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from migrations.helpers import grants, system_table, tenant_table

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TZ = sa.TIMESTAMP(timezone=True)
CODES = pg.ARRAY(sa.Text())

# SECURITY DEFINER for the same reason as auth_resolve: asked on the bare login, outside a transaction.
RESOLVE = """
create function auth_resolve_client(p_token_hash bytea, p_at timestamptz)
returns table (client_id uuid, name text, party_id uuid, scopes text[])
language plpgsql stable security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  return query
    select c.id, c.name, c.party_id, t.scopes
      from auth_client_token t
           join auth_client_secret s on s.id = t.secret_id
           join auth_client c on c.id = t.client_id
     where t.token_hash = p_token_hash and t.revoked_at is null and p_at < t.expires_at
       and (s.ends_at is null or p_at < s.ends_at) and c.revoked_at is null and p_at < c.expires_at;
end $$
"""


def upgrade() -> None:
    op.create_table(
        "auth_client",
        sa.Column("id", sa.Uuid(), nullable=False, comment="also the client_id of OAuth"),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", CODES, nullable=False),
        sa.Column("created_at", TZ, nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("expires_at", TZ, nullable=False),
        sa.Column("revoked_at", TZ, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_auth_client"),
        sa.ForeignKeyConstraint(["party_id"], ["auth_party.id"], name="fk_auth_client_party_id"),
        sa.CheckConstraint("cardinality(scopes) > 0", name=op.f("ck_auth_client_scopes")),
        sa.CheckConstraint("expires_at > created_at", name=op.f("ck_auth_client_period")),
    )
    op.create_index("ix_auth_client_party_id", "auth_client", ["party_id"])
    tenant_table(
        op, "auth_client", tenant="SELECT, INSERT, UPDATE (revoked_at)", officer="SELECT", auth="SELECT"
    )
    op.create_table(
        "auth_client_secret",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", TZ, nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("ends_at", TZ, nullable=True, comment="set when it was replaced; not in force from then"),
        sa.Column("last_used_at", TZ, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_auth_client_secret"),
        sa.UniqueConstraint("secret_hash", name="uq_auth_client_secret_secret_hash"),
        sa.ForeignKeyConstraint(["client_id"], ["auth_client.id"], name="fk_auth_client_secret_client_id"),
        sa.ForeignKeyConstraint(["party_id"], ["auth_party.id"], name="fk_auth_client_secret_party_id"),
    )
    op.create_index("ix_auth_client_secret_client_id", "auth_client_secret", ["client_id"])
    op.create_index("ix_auth_client_secret_party_id", "auth_client_secret", ["party_id"])
    seen = "SELECT (id, client_id, party_id, created_at, created_by, ends_at, last_used_at)"
    tenant_table(
        op,
        "auth_client_secret",
        tenant=f"{seen}, INSERT, UPDATE (ends_at)",
        officer=seen,
        worker=None,
        auth="SELECT, UPDATE (last_used_at)",
    )
    _create_tokens()
    for table in ("auth_client", "auth_client_secret"):
        # Forced row-level security binds the owner too, as whom the function runs.
        op.execute(f"create policy {table}_owner on {table} for select to current_user using (true)")
    op.execute(RESOLVE)
    op.execute("revoke execute on function auth_resolve_client(bytea, timestamptz) from public")
    op.execute("grant execute on function auth_resolve_client(bytea, timestamptz) to ftz_web_auth")


def _create_tokens() -> None:
    op.create_table(
        "auth_client_token",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("secret_id", sa.Uuid(), nullable=False),
        sa.Column("scopes", CODES, nullable=False),
        sa.Column("issued_at", TZ, nullable=False),
        sa.Column("expires_at", TZ, nullable=False),
        sa.Column("revoked_at", TZ, nullable=True),
        sa.PrimaryKeyConstraint("token_hash", name="pk_auth_client_token"),
        sa.ForeignKeyConstraint(["client_id"], ["auth_client.id"], name="fk_auth_client_token_client_id"),
        sa.ForeignKeyConstraint(
            ["secret_id"], ["auth_client_secret.id"], name="fk_auth_client_token_secret_id"
        ),
    )
    op.create_index("ix_auth_client_token_client_id", "auth_client_token", ["client_id"])
    op.create_index("ix_auth_client_token_secret_id", "auth_client_token", ["secret_id"])
    op.create_index("ix_auth_client_token_expires_at", "auth_client_token", ["expires_at"])
    system_table(op, "auth_client_token", auth="SELECT, INSERT, UPDATE (revoked_at)")
    # The scan that forgets old tokens runs as officer.
    grants(op, "auth_client_token", {"officer": "SELECT (expires_at), DELETE"})


def downgrade() -> None:
    op.execute("drop function auth_resolve_client(bytea, timestamptz)")
    for table in ("token", "secret"):
        op.drop_table(f"auth_client_{table}")
    op.drop_table("auth_client")
