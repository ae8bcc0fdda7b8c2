"""Take-over of older records: batches, their rows, remembered columns; and how a batch goes out again."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from migrations.helpers import system_table

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

TZ = sa.TIMESTAMP(timezone=True)
KINDS = "kind in ('ENTERPRISE', 'PROJECT')"
STATES = "state in ('UPLOADED', 'CHECKING', 'CHECKED', 'IMPORTING', 'DONE', 'UNDOING', 'UNDONE', 'CANCELLED', 'FAILED')"
# An officer's login may delete these rows and no others: what a batch brought, in the order in which it goes out.
DELETABLE = {
    "registry_project": "takeover_id is not null",
    "registry_change": (
        "exists (select 1 from registry_enterprise e where e.party_id = registry_change.party_id"
        " and e.takeover_id is not null)"
    ),
    "registry_enterprise": "takeover_id is not null",
    "auth_party": (
        "kind = 'ENTERPRISE' and not exists (select 1 from registry_enterprise e where e.party_id = auth_party.id)"
    ),
}


def upgrade() -> None:
    op.create_table(
        "registry_takeover",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("workbook", sa.Boolean(), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=False),
        sa.Column("header", pg.JSONB(), nullable=False),
        sa.Column("samples", pg.JSONB(), nullable=False, comment="the first rows, for choosing the columns"),
        sa.Column("mapping", pg.JSONB(), nullable=False, comment="field to number of its column"),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column(
            "rows_done", sa.BigInteger(), nullable=False, comment="rows that the present pass has worked off"
        ),
        sa.Column(
            "rows_total", sa.BigInteger(), nullable=False, comment="rows of the present pass, 0 while unknown"
        ),
        sa.Column("cancel_asked", sa.Boolean(), nullable=False),
        sa.Column(
            "fault", pg.JSONB(), nullable=False, comment="why the last pass stopped: code, texts' parameters"
        ),
        sa.Column("created_at", TZ, nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("finished_at", TZ),
        sa.Column("undone_at", TZ),
        sa.Column("undone_by", sa.Uuid()),
        sa.PrimaryKeyConstraint("id", name="pk_registry_takeover"),
        sa.CheckConstraint(KINDS, name=op.f("ck_registry_takeover_kind")),
        sa.CheckConstraint(STATES, name=op.f("ck_registry_takeover_state")),
    )
    op.create_index(
        "uq_registry_takeover_file", "registry_takeover", ["kind", "sha256"], unique=True,
        postgresql_where=sa.text("state not in ('CANCELLED', 'FAILED', 'UNDONE')"),
    )  # fmt: skip
    op.create_index("ix_registry_takeover_created_at", "registry_takeover", ["created_at"])
    op.create_table(
        "registry_takeover_row",
        sa.Column("takeover_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False, comment="as in the file"),
        sa.Column("cells", pg.JSONB(), nullable=False, comment="field to text"),
        sa.Column("values", pg.JSONB(), nullable=False),
        sa.Column("problems", pg.JSONB(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("double_of", sa.Uuid(), comment="the record that it may double"),
        sa.Column("double_name", sa.Text()),
        sa.Column("double_by", sa.Text(), comment="TAX_CODE, CODE or NAME"),
        sa.Column("decision", sa.String(20)),
        sa.Column("result_id", sa.Uuid()),
        sa.Column("filled", pg.JSONB(), nullable=False, comment="what a merge filled in, for undoing it"),
        sa.PrimaryKeyConstraint("takeover_id", "number", name="pk_registry_takeover_row"),
        sa.ForeignKeyConstraint(
            ["takeover_id"], ["registry_takeover.id"], name="fk_registry_takeover_row_takeover_id"
        ),
        sa.CheckConstraint(
            "state in ('READY', 'FAULTY', 'DOUBLE', 'IMPORTED', 'MERGED', 'SKIPPED', 'UNDONE')",
            name=op.f("ck_registry_takeover_row_state"),
        ),
        sa.CheckConstraint(
            "decision in ('NEW', 'MERGE', 'SKIP')", name=op.f("ck_registry_takeover_row_decision")
        ),
    )
    op.create_index(
        "ix_registry_takeover_row_state", "registry_takeover_row", ["takeover_id", "state", "number"]
    )
    op.create_table(
        "registry_takeover_mapping",
        sa.Column("signature", sa.Text(), nullable=False, comment="hash of kind and folded column names"),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("mapping", pg.JSONB(), nullable=False),
        sa.Column("saved_at", TZ, nullable=False),
        sa.Column("saved_by", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("signature", name="pk_registry_takeover_mapping"),
        sa.CheckConstraint(KINDS, name=op.f("ck_registry_takeover_mapping_kind")),
    )
    for name in ("registry_takeover", "registry_takeover_row", "registry_takeover_mapping"):
        system_table(op, name, officer="SELECT, INSERT, UPDATE")
    op.execute(
        "create index ix_registry_enterprise_name_trigram on registry_enterprise using gin (name_vi gin_trgm_ops)"
    )
    for name, rule in DELETABLE.items():
        op.execute(f"grant delete on {name} to ftz_officer")
        op.execute(
            f"create policy {name}_takeover on {name} as restrictive for delete to ftz_officer using ({rule})"
        )


def downgrade() -> None:
    for name in DELETABLE:
        op.execute(f"drop policy {name}_takeover on {name}")
        op.execute(f"revoke delete on {name} from ftz_officer")
    op.execute("drop index ix_registry_enterprise_name_trigram")
    for name in ("registry_takeover_mapping", "registry_takeover_row", "registry_takeover"):
        op.drop_table(name)
