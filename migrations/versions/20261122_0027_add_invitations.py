"""Let enterprises invite people and appoint others to act for them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from migrations.helpers import grants, tenant_table

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

TZ = sa.TIMESTAMP(timezone=True)

# As in 0004, but that an administrator may do what filers and signers may, also for those who have appointed the firm:
# otherwise a firm with one administrator could accept a delegation and do nothing with it.
GRANT_VIEW = """
create or replace view auth_grant with (security_invoker = true) as
select user_id, party_id, roles, array[]::text[] as scope, valid_from, valid_to
  from auth_membership
union all
select m.user_id, d.party_id, array(select unnest(d.roles) intersect select unnest({held}) order by 1), d.scope,
       greatest(m.valid_from, d.valid_from), least(m.valid_to, d.valid_to, d.revoked_at)
  from auth_membership m join auth_delegation d on d.delegate_party_id = m.party_id
"""
WITH_IMPLIED = "m.roles || case when 'ENTERPRISE_ADMIN' = any(m.roles) then '{FILER,SIGNER}'::text[] else '{}'::text[] end"


def upgrade() -> None:
    op.create_table(
        "auth_invitation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False, comment="folded as a login"),
        sa.Column("roles", pg.ARRAY(sa.Text()), nullable=False),
        sa.Column("scope", pg.ARRAY(sa.Text()), nullable=False, comment="topics of a delegation; empty: all"),
        sa.Column("delegated_until", TZ, comment="end of the delegation"),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("created_at", TZ, nullable=False),
        sa.Column("created_by", sa.Uuid()),
        sa.Column("sent_at", TZ, nullable=False),
        sa.Column("expires_at", TZ, nullable=False),
        sa.Column("accepted_at", TZ),
        sa.Column("accepted_by", sa.Uuid()),
        sa.Column("revoked_at", TZ),
        sa.PrimaryKeyConstraint("id", name="pk_auth_invitation"),
        sa.UniqueConstraint("token_hash", name="uq_auth_invitation_token_hash"),
        sa.ForeignKeyConstraint(["party_id"], ["auth_party.id"], name="fk_auth_invitation_party_id"),
        sa.CheckConstraint("kind in ('MEMBER', 'DELEGATE')", name=op.f("ck_auth_invitation_kind")),
        sa.CheckConstraint("cardinality(roles) > 0", name=op.f("ck_auth_invitation_roles")),
    )
    op.create_index("ix_auth_invitation_party_id", "auth_invitation", ["party_id", "email"])
    # A tenant's own login needs none of it: invitations are reached as accounts are.
    tenant_table(
        op, "auth_invitation", tenant="", officer="SELECT", worker=None, auth="SELECT, INSERT, UPDATE"
    )
    grants(op, "auth_invitation", {"officer": "UPDATE (revoked_at)"})
    # Who accepts a delegation does so by the letter, on the login that reads it.
    grants(op, "auth_delegation", {"auth": "INSERT, UPDATE (revoked_at)"})
    op.execute(GRANT_VIEW.replace("{held}", WITH_IMPLIED))


def downgrade() -> None:
    op.execute(GRANT_VIEW.replace("{held}", "m.roles"))
    op.execute("revoke insert, update (revoked_at) on auth_delegation from ftz_auth")
    op.drop_table("auth_invitation")
