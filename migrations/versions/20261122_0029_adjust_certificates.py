"""Let certificates be adjusted: link dossiers to what they adjust, keep the register findable in both times."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

TABLE = "investment_certificate"


def upgrade() -> None:
    op.add_column(
        "workflow_case", sa.Column("base_id", sa.Uuid(), comment="the dossier whose result this one adjusts")
    )
    op.create_foreign_key("fk_workflow_case_base_id", "workflow_case", "workflow_case", ["base_id"], ["id"])
    op.create_index(
        "ix_workflow_case_base_id",
        "workflow_case",
        ["base_id"],
        postgresql_where=sa.text("base_id is not null"),
    )

    op.add_column(TABLE, sa.Column("signed_at", sa.TIMESTAMP(timezone=True)))
    op.add_column(TABLE, sa.Column("site", sa.String()))
    op.add_column(TABLE, sa.Column("folded", sa.String(), comment="what a search looks into, folded"))
    # The owner is bound by forced row-level security like everybody else; it is lifted for this one statement.
    op.execute(f"alter table {TABLE} no force row level security")
    op.execute(
        f"update {TABLE} set signed_at = lower(recorded), site = content->'location'->>'site',"
        " folded = lower(unaccent(concat_ws(' ', replace(number, '-', ' '), content->>'project_name_vi',"
        " content->>'project_name_en', content->>'investor_name')))"
    )
    op.execute(f"alter table {TABLE} force row level security")
    for column in ("signed_at", "site", "folded"):
        op.alter_column(TABLE, column, nullable=False)
    # A superseded revision stands twice: as it was known before, and with the end that is known since.
    op.drop_constraint("uq_investment_certificate_number_revision", TABLE)
    op.drop_constraint("uq_investment_certificate_verification_code", TABLE)
    op.create_index("ix_investment_certificate_number", TABLE, ["number", "revision"])
    for columns in (["number", "revision"], ["verification_code"]):
        op.create_index(
            f"uq_investment_certificate_known_{columns[0]}",
            TABLE,
            columns,
            unique=True,
            postgresql_where=sa.text("upper_inf(recorded)"),
        )
    op.create_index("ix_investment_certificate_signed_at", TABLE, ["signed_at", "id"])
    op.create_index("ix_investment_certificate_site", TABLE, ["site", "signed_at", "id"])
    op.create_index("ix_investment_certificate_times", TABLE, ["valid", "recorded"], postgresql_using="gist")
    op.create_index(
        "ix_investment_certificate_folded",
        TABLE,
        ["folded"],
        postgresql_using="gin",
        postgresql_ops={"folded": "gin_trgm_ops"},
    )


def downgrade() -> None:
    for name in ("folded", "times", "site", "signed_at", "number"):
        op.drop_index(f"ix_investment_certificate_{name}", TABLE)
    for name in ("number", "verification_code"):
        op.drop_index(f"uq_investment_certificate_known_{name}", TABLE)
    op.create_unique_constraint("uq_investment_certificate_verification_code", TABLE, ["verification_code"])
    op.create_unique_constraint("uq_investment_certificate_number_revision", TABLE, ["number", "revision"])
    for column in ("folded", "site", "signed_at"):
        op.drop_column(TABLE, column)
    op.drop_index("ix_workflow_case_base_id", "workflow_case")
    op.drop_constraint("fk_workflow_case_base_id", "workflow_case")
    op.drop_column("workflow_case", "base_id")
