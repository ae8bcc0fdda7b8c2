"""Let people claim to act for enterprises, with papers, a word of the enterprise, and a decision."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from migrations.helpers import grants, tenant_table

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TZ = sa.TIMESTAMP(timezone=True)

# SECURITY DEFINER: officers see no session; when a representative has left, the ones that are open must end.
CLOSE_SESSIONS = """
create function auth_close_sessions(p_user uuid, p_at timestamptz) returns bigint
language sql volatile security definer set search_path = public, pg_temp as $$
  with ended as (update auth_session set revoked_at = p_at where user_id = p_user and revoked_at is null returning 1)
  select count(*) from ended
$$
"""


def upgrade() -> None:
    _create_claims()
    _create_referrals()
    op.execute(CLOSE_SESSIONS)
    op.execute("revoke execute on function auth_close_sessions(uuid, timestamptz) from public")
    op.execute("grant execute on function auth_close_sessions(uuid, timestamptz) to ftz_officer")


def _create_claims() -> None:
    op.create_table(
        "registry_claim",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False, comment="the person"),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("takeover", sa.Boolean(), nullable=False, comment="the administrator before has left"),
        sa.Column("tax_code", sa.Text(), comment="canonical, see TaxCode"),
        sa.Column("name", sa.Text(), nullable=False, comment="of the enterprise, as the person writes it"),
        sa.Column("country", sa.Text(), comment="of the investor, where nothing is founded yet"),
        sa.Column("for_party_id", sa.Uuid(), comment="whose tax code is told, when it has been founded"),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("created_at", TZ, nullable=False),
        sa.Column("submitted_at", TZ),
        sa.Column("answered_at", TZ),
        sa.Column("answered_by", sa.Uuid(), comment="none: by word of the enterprise itself"),
        sa.Column("reasons", pg.ARRAY(sa.Text()), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("enterprise_party_id", sa.Uuid()),
        sa.PrimaryKeyConstraint("id", name="pk_registry_claim"),
        sa.ForeignKeyConstraint(["party_id"], ["auth_party.id"], name="fk_registry_claim_party_id"),
        sa.ForeignKeyConstraint(["user_id"], ["auth_user.id"], name="fk_registry_claim_user_id"),
        sa.ForeignKeyConstraint(["for_party_id"], ["auth_party.id"], name="fk_registry_claim_for_party_id"),
        sa.ForeignKeyConstraint(
            ["enterprise_party_id"], ["auth_party.id"], name="fk_registry_claim_enterprise_party_id"
        ),
        sa.CheckConstraint("kind in ('EXISTING', 'NOT_FOUNDED', 'FOUNDED')", name="kind"),
        sa.CheckConstraint(
            "state in ('DRAFT', 'SUBMITTED', 'RETURNED', 'CONFIRMED', 'REFUSED', 'WITHDRAWN')", name="state"
        ),
        sa.CheckConstraint("standing in ('LEGAL_REPRESENTATIVE', 'AUTHORISED')", name="standing"),
        sa.CheckConstraint("(kind = 'NOT_FOUNDED') = (tax_code is null)", name="tax_code"),
        sa.CheckConstraint("(kind = 'FOUNDED') = (for_party_id is not null)", name="for_party"),
    )
    op.create_index("ix_registry_claim_party_id", "registry_claim", ["party_id", "id"])
    for column in ("user_id", "for_party_id", "enterprise_party_id"):
        op.create_index(f"ix_registry_claim_{column}", "registry_claim", [column])
    op.create_index(
        "ix_registry_claim_waiting",
        "registry_claim",
        ["submitted_at", "id"],
        postgresql_where=sa.text("state = 'SUBMITTED'"),
    )
    tenant_table(op, "registry_claim", officer="SELECT, UPDATE")
    # What the desk answers is not the claimant's to write.
    own = ("kind", "state", "standing", "takeover", "tax_code", "name", "country", "for_party_id", "revision")
    grants(op, "registry_claim", {"tenant": f"UPDATE ({', '.join((*own, 'submitted_at'))})"})


def _create_referrals() -> None:
    op.create_table(
        "registry_claim_referral",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False, comment="the enterprise"),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("claimant", sa.Text(), nullable=False, comment="full name, as the account says it"),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("takeover", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("roles", pg.ARRAY(sa.Text()), nullable=False, comment="given with the admission"),
        sa.Column("created_at", TZ, nullable=False),
        sa.Column("answered_at", TZ),
        sa.Column("answered_by", sa.Uuid()),
        sa.PrimaryKeyConstraint("id", name="pk_registry_claim_referral"),
        sa.ForeignKeyConstraint(["party_id"], ["auth_party.id"], name="fk_registry_claim_referral_party_id"),
        sa.ForeignKeyConstraint(
            ["claim_id"], ["registry_claim.id"], name="fk_registry_claim_referral_claim_id"
        ),
        sa.CheckConstraint("state in ('OPEN', 'ADMITTED', 'DECLINED', 'CLOSED')", name="state"),
    )
    op.create_index("ix_registry_claim_referral_party_id", "registry_claim_referral", ["party_id", "id"])
    op.create_index("ix_registry_claim_referral_claim_id", "registry_claim_referral", ["claim_id"])
    tenant_table(op, "registry_claim_referral", tenant="SELECT")
    grants(op, "registry_claim_referral", {"tenant": "UPDATE (state, roles, answered_at, answered_by)"})


def downgrade() -> None:
    op.execute("drop function auth_close_sessions(uuid, timestamptz)")
    op.drop_table("registry_claim_referral")
    op.drop_table("registry_claim")
