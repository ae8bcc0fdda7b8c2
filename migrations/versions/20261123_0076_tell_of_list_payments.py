"""Tell customs that the tax of a low-value list was paid, and keep what it entered."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.helpers import grants

revision = "0076"
down_revision = "0075"
branch_labels = None
depends_on = None

TZ = sa.TIMESTAMP(timezone=True)
LIST_STATES = ("CLOSED", "SENT", "REGISTERED", "REFUSED", "RELEASED")
DISPATCH_STATES = ("QUEUED", "SENT", "ACKNOWLEDGED", "FAILED")
KINDS = ("DECLARE", "AMEND")
ANSWERED = "tax_posted, tax_posted_at, cleared_at"


def upgrade() -> None:
    _check("parcels_list", "state", (*LIST_STATES, "CLEARED"))
    op.add_column(
        "parcels_list",
        sa.Column("tax_posted", sa.Numeric(20, 4), comment="what the authority entered as paid"),
    )
    op.add_column("parcels_list", sa.Column("tax_posted_at", TZ))
    op.add_column("parcels_list", sa.Column("cleared_at", TZ))
    op.create_index(
        "ix_parcels_list_posted",
        "parcels_list",
        ["tax_posted_at"],
        postgresql_where=sa.text("state = 'RELEASED'"),
    )
    grants(op, "parcels_list", {"worker": f"UPDATE ({ANSWERED})"})
    _check("parcels_dispatch", "state", (*DISPATCH_STATES, "POSTED"))
    _check("parcels_dispatch", "kind", (*KINDS, "PAYMENT"))
    op.add_column(
        "parcels_dispatch",
        sa.Column(
            "subject",
            sa.Text(),
            nullable=False,
            server_default="",
            comment="which payment; empty: the list itself",
        ),
    )
    op.add_column(
        "parcels_dispatch",
        sa.Column("payment", postgresql.JSONB(), comment="reference, amount, day, transaction"),
    )
    op.create_check_constraint(
        op.f("ck_parcels_dispatch_payment"), "parcels_dispatch", "(kind = 'PAYMENT') = (payment is not null)"
    )
    op.create_check_constraint(
        op.f("ck_parcels_dispatch_subject"), "parcels_dispatch", "(kind = 'PAYMENT') = (subject <> '')"
    )
    op.drop_constraint("uq_parcels_dispatch_list_id", "parcels_dispatch", type_="unique")
    op.create_unique_constraint(
        "uq_parcels_dispatch_list_id_subject", "parcels_dispatch", ["list_id", "subject"]
    )
    op.create_index(
        "ix_parcels_dispatch_payment",
        "parcels_dispatch",
        ["list_id"],
        postgresql_where=sa.text("kind = 'PAYMENT' and state in ('QUEUED', 'SENT', 'ACKNOWLEDGED')"),
    )
    # The handler of a paid slip runs as the system.
    grants(op, "parcels_dispatch", {"officer": "INSERT"})


def downgrade() -> None:
    op.execute("revoke insert on parcels_dispatch from ftz_officer")
    op.execute("delete from parcels_dispatch where kind = 'PAYMENT'")
    op.drop_index("ix_parcels_dispatch_payment", "parcels_dispatch")
    op.drop_constraint("uq_parcels_dispatch_list_id_subject", "parcels_dispatch", type_="unique")
    op.create_unique_constraint("uq_parcels_dispatch_list_id", "parcels_dispatch", ["list_id"])
    for name in ("payment", "subject"):
        op.drop_constraint(op.f(f"ck_parcels_dispatch_{name}"), "parcels_dispatch", type_="check")
        op.drop_column("parcels_dispatch", name)
    _check("parcels_dispatch", "kind", KINDS)
    _check("parcels_dispatch", "state", DISPATCH_STATES)
    op.drop_index("ix_parcels_list_posted", "parcels_list")
    op.execute("update parcels_list set state = 'RELEASED' where state = 'CLEARED'")
    for name in ("cleared_at", "tax_posted_at", "tax_posted"):
        op.drop_column("parcels_list", name)
    _check("parcels_list", "state", LIST_STATES)


def _check(table: str, column: str, values: tuple[str, ...]) -> None:
    op.drop_constraint(op.f(f"ck_{table}_{column}"), table, type_="check")
    named = ", ".join(f"'{each}'" for each in values)
    op.create_check_constraint(op.f(f"ck_{table}_{column}"), table, f"{column} in ({named})")
