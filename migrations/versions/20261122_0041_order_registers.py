"""Read the list of enterprises in the order of their names, and the certificate register in its own order."""

from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_registry_enterprise_name_vi",
        "registry_enterprise",
        ["name_vi", "party_id"],
        postgresql_ops={"name_vi": 'collate "vi-x-icu"'},
    )
    # Nearly every revision holds at nearly every point of both times, so this index gave the whole register.
    op.drop_index("ix_investment_certificate_times", "investment_certificate")


def downgrade() -> None:
    op.create_index(
        "ix_investment_certificate_times",
        "investment_certificate",
        ["valid", "recorded"],
        postgresql_using="gist",
    )
    op.drop_index("ix_registry_enterprise_name_vi", "registry_enterprise")
