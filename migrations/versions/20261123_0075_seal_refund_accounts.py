"""Keep the accounts that payers give for refunds sealed; those from before are sealed at the next start."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.helpers import grants

revision = "0075"
down_revision = "0074"
branch_labels = None
depends_on = None

TABLE = "payments_refund"
NEW = "bank, account and holder, where the money goes; all sealed"


def upgrade() -> None:
    op.add_column(TABLE, sa.Column("destination", postgresql.JSONB(), comment=NEW))
    # The owner is bound by forced row-level security like everybody else; it is lifted for this one statement. Keys
    # are not at hand here: set-up seals the plain values right after the migrations.
    op.execute(f"alter table {TABLE} no force row level security")
    op.execute(
        f"update {TABLE} set destination = jsonb_build_object('bank', bank, 'account', account, 'holder', holder)"
    )
    op.execute(f"alter table {TABLE} force row level security")
    op.alter_column(TABLE, "destination", nullable=False)
    for name in ("bank", "account", "holder"):
        op.drop_column(TABLE, name)
    grants(op, TABLE, {"tenant": "INSERT (destination)"})


def downgrade() -> None:
    # What was sealed cannot be brought back here: it reads as a dash.
    op.execute(f"alter table {TABLE} no force row level security")
    for name, said in (
        ("bank", None),
        ("account", "of the enterprise, where the money goes"),
        ("holder", None),
    ):
        op.add_column(TABLE, sa.Column(name, sa.Text(), comment=said))
        op.execute(
            f"update {TABLE} set {name} = case when jsonb_typeof(destination -> '{name}') = 'string'"
            f" then destination ->> '{name}' else '–' end"
        )
        op.alter_column(TABLE, name, nullable=False)
    op.execute(f"alter table {TABLE} force row level security")
    op.drop_column(TABLE, "destination")
    grants(op, TABLE, {"tenant": "INSERT (bank, account, holder)"})
