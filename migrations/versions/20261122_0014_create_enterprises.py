"""Enterprises with addresses, representatives and history; provenance of projects."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from migrations.helpers import tenant_table

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TZ = sa.TIMESTAMP(timezone=True)
BATCH = "batch of the take-over that brought the record"
VERIFICATION = "verification in ('DECLARED', 'VERIFIED', 'TAKEN_OVER')"


def upgrade() -> None:
    op.create_table(
        "registry_enterprise",
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("tax_code", sa.Text()),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("name_vi", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text()),
        sa.Column("country", sa.Text(), nullable=False, comment="of registration, ISO 3166-1 alpha-2"),
        sa.Column("legal_form", sa.Text(), comment="code of the list LEGAL_FORM"),
        sa.Column("registration_number", sa.Text(), comment="in the register of its country, verbatim"),
        sa.Column("established_on", sa.Date()),
        sa.Column("phone", sa.Text()),
        sa.Column("email", sa.Text()),
        sa.Column("website", sa.Text()),
        sa.Column("verification", sa.String(20), nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("takeover_id", sa.Uuid(), comment=BATCH),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("created_at", TZ, nullable=False),
        sa.Column("updated_at", TZ, nullable=False),
        sa.PrimaryKeyConstraint("party_id", name="pk_registry_enterprise"),
        sa.UniqueConstraint("tax_code", name="uq_registry_enterprise_tax_code"),
        sa.ForeignKeyConstraint(["party_id"], ["auth_party.id"], name="fk_registry_enterprise_party_id"),
        sa.CheckConstraint(
            "kind in ('VIETNAMESE', 'FOREIGN_INVESTED', 'FOREIGN')", name=op.f("ck_registry_enterprise_kind")
        ),
        sa.CheckConstraint(VERIFICATION, name=op.f("ck_registry_enterprise_verification")),
        sa.CheckConstraint(
            "source in ('APPLICANT', 'OFFICER', 'TAKE_OVER', 'DEMO')",
            name=op.f("ck_registry_enterprise_source"),
        ),
        sa.CheckConstraint(
            "tax_code ~ '^([0-9]{10}(-[0-9]{3})?|[0-9]{12})$'", name=op.f("ck_registry_enterprise_tax_code")
        ),
        sa.CheckConstraint("country ~ '^[A-Z]{2}$'", name=op.f("ck_registry_enterprise_country")),
        sa.CheckConstraint(
            "(source = 'TAKE_OVER') = (takeover_id is not null)", name=op.f("ck_registry_enterprise_takeover")
        ),
    )
    op.create_index("ix_registry_enterprise_takeover_id", "registry_enterprise", ["takeover_id"])
    tenant_table(op, "registry_enterprise", tenant="SELECT")
    _addresses()
    _people()
    op.add_column(
        "registry_project",
        sa.Column("verification", sa.String(20), nullable=False, server_default="VERIFIED"),
    )
    op.add_column("registry_project", sa.Column("takeover_id", sa.Uuid(), comment=BATCH))
    op.create_check_constraint(op.f("ck_registry_project_verification"), "registry_project", VERIFICATION)
    op.create_index("ix_registry_project_takeover_id", "registry_project", ["takeover_id"])


def _addresses() -> None:
    op.create_table(
        "registry_address",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("province_code", sa.Text()),
        sa.Column("province", sa.Text(), nullable=False),
        sa.Column("ward_code", sa.Text()),
        sa.Column("ward", sa.Text(), nullable=False),
        sa.Column("street", sa.Text(), nullable=False),
        sa.Column("valid", pg.DATERANGE(), nullable=False),
        sa.Column("created_at", TZ, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_registry_address"),
        sa.ForeignKeyConstraint(
            ["party_id"], ["registry_enterprise.party_id"], name="fk_registry_address_party_id"
        ),
        sa.CheckConstraint(
            "kind in ('HEAD_OFFICE', 'BRANCH', 'SITE')", name=op.f("ck_registry_address_kind")
        ),
        sa.CheckConstraint("country ~ '^[A-Z]{2}$'", name=op.f("ck_registry_address_country")),
        pg.ExcludeConstraint(
            ("party_id", "="),
            ("valid", "&&"),
            where=sa.text("kind = 'HEAD_OFFICE'"),
            name="ex_registry_address_one_head_office",
        ),
    )
    op.create_index("ix_registry_address_party_id", "registry_address", ["party_id"])
    tenant_table(op, "registry_address", tenant="SELECT")


def _people() -> None:
    op.create_table(
        "registry_representative",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("nationality", sa.Text(), nullable=False),
        sa.Column(
            "legal", sa.Boolean(), nullable=False, comment="represents by law, not by a power of attorney"
        ),
        sa.Column("valid", pg.DATERANGE(), nullable=False),
        sa.Column("created_at", TZ, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_registry_representative"),
        sa.ForeignKeyConstraint(
            ["party_id"], ["registry_enterprise.party_id"], name="fk_registry_representative_party_id"
        ),
        sa.CheckConstraint("nationality ~ '^[A-Z]{2}$'", name=op.f("ck_registry_representative_nationality")),
    )
    op.create_index("ix_registry_representative_party_id", "registry_representative", ["party_id"])
    tenant_table(op, "registry_representative", tenant="SELECT")

    op.create_table(
        "registry_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("at", TZ, nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid()),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column(
            "what", sa.Text(), nullable=False,
            comment="REGISTERED, EDITED, ADDRESS, REPRESENTATIVE, PROPOSAL",
        ),
        sa.Column("values", pg.JSONB(), nullable=False, comment="by field: what it was and what it is"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_registry_change"),
        sa.ForeignKeyConstraint(
            ["party_id"], ["registry_enterprise.party_id"], name="fk_registry_change_party_id"
        ),
    )  # fmt: skip
    op.create_index(
        "uq_registry_change_party_id_revision", "registry_change", ["party_id", "revision"], unique=True
    )
    tenant_table(op, "registry_change", tenant="SELECT", officer="SELECT, INSERT")


def downgrade() -> None:
    op.drop_index("ix_registry_project_takeover_id", "registry_project")
    op.drop_constraint(op.f("ck_registry_project_verification"), "registry_project")
    op.drop_column("registry_project", "takeover_id")
    op.drop_column("registry_project", "verification")
    for table in ("registry_change", "registry_representative", "registry_address", "registry_enterprise"):
        op.drop_table(table)
