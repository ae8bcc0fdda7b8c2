"""Find declarations by words of their code, number, reference and goods, without accents and by an index."""

import sqlalchemy as sa
from alembic import op

revision = "0070"
down_revision = "0069"
branch_labels = None
depends_on = None

# As app.core.kit.text.fold does: no case, no accents, marks as spaces; each word stands behind a space.
FOLD = """
create function customs_declaration_fold() returns trigger language plpgsql as $$
begin
  new.folded := ' ' || trim(regexp_replace(
    lower(public.unaccent(concat_ws(' ', new.code, new.official_number, new.own_reference, new.summary))),
    '[^[:alnum:]]+', ' ', 'g'));
  return new;
end $$
"""


def upgrade() -> None:
    op.add_column(
        "customs_declaration",
        sa.Column(
            "folded", sa.String(), server_default=sa.text("''"), nullable=False,
            comment="what a search of the list looks into, folded by the database",
        ),
    )  # fmt: skip
    op.execute(FOLD)
    op.execute(
        "create trigger customs_declaration_fold"
        " before insert or update of code, official_number, own_reference, summary on customs_declaration"
        " for each row execute function customs_declaration_fold()"
    )
    op.execute("update customs_declaration set code = code")
    op.create_index(
        "ix_customs_declaration_folded", "customs_declaration", ["folded"], postgresql_using="gin",
        postgresql_ops={"folded": "gin_trgm_ops"},
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_customs_declaration_folded", "customs_declaration")
    op.execute("drop trigger customs_declaration_fold on customs_declaration")
    op.execute("drop function customs_declaration_fold()")
    op.drop_column("customs_declaration", "folded")
