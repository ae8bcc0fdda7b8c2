"""Personal data: keys of sealed values, their blind index, and who read what."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from migrations.helpers import tenant_table

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TIME = pg.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "privacy_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False, comment="whose data"),
        sa.Column(
            "holder_kind", sa.Text(), nullable=False, comment="what the values belong to, for instance case"
        ),
        sa.Column("holder_id", sa.Uuid(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), comment="sealed, see SecretsBox; null: erased"),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("erased_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_privacy_key"),
        sa.ForeignKeyConstraint(["party_id"], ["auth_party.id"], name="fk_privacy_key_party_id"),
        sa.UniqueConstraint("holder_kind", "holder_id", name="uq_privacy_key_holder_kind_holder_id"),
        sa.CheckConstraint("(wrapped is null) = (erased_at is not null)", name=op.f("ck_privacy_key_erased")),
    )
    op.create_index("ix_privacy_key_party_id", "privacy_key", ["party_id"])
    tenant_table(
        op, "privacy_key", tenant="SELECT, INSERT", officer="SELECT, INSERT, UPDATE (wrapped, erased_at)"
    )
    op.create_table(
        "privacy_index",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), comment="null: erased"),
        sa.PrimaryKeyConstraint("id", name="pk_privacy_index"),
        sa.ForeignKeyConstraint(["key_id"], ["privacy_key.id"], name="fk_privacy_index_key_id"),
        sa.ForeignKeyConstraint(["party_id"], ["auth_party.id"], name="fk_privacy_index_party_id"),
        sa.UniqueConstraint("key_id", "field", "digest", name="uq_privacy_index_key_id_field_digest"),
    )
    op.create_index("ix_privacy_index_digest", "privacy_index", ["digest"])
    op.create_index("ix_privacy_index_party_id", "privacy_index", ["party_id"])
    tenant_table(op, "privacy_index", tenant="SELECT, INSERT", officer="SELECT, INSERT, UPDATE (digest)")
    op.create_table(
        "privacy_reading",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False, comment="whose data"),
        sa.Column("at", TIME, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reader_id", sa.Uuid(), nullable=False),
        sa.Column("office_id", sa.Uuid(), comment="the reader's office at that time"),
        sa.Column("roles", pg.ARRAY(sa.Text()), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column(
            "note", sa.Text(), nullable=False, comment="the reader's own words, where a purpose asks for them"
        ),
        sa.Column("object_kind", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=False),
        sa.Column("object_code", sa.Text(), nullable=False),
        sa.Column(
            "fields", pg.ARRAY(sa.Text()), nullable=False, comment="names of the fields, not their values"
        ),
        sa.Column("entry_id", sa.Uuid(), nullable=False, comment="the entry of the evidence log"),
        sa.PrimaryKeyConstraint("id", name="pk_privacy_reading"),
        sa.ForeignKeyConstraint(["party_id"], ["auth_party.id"], name="fk_privacy_reading_party_id"),
        sa.CheckConstraint("kind in ('SHOWN', 'EXPORTED', 'SEARCHED')", name=op.f("ck_privacy_reading_kind")),
    )
    op.create_index("ix_privacy_reading_party_id", "privacy_reading", ["party_id", "at"])
    op.create_index("ix_privacy_reading_recent", "privacy_reading", ["reader_id", "object_id", "at"])
    tenant_table(op, "privacy_reading", tenant="SELECT, INSERT", officer="SELECT, INSERT", worker=None)


def downgrade() -> None:
    for name in ("privacy_reading", "privacy_index", "privacy_key"):
        op.drop_table(name)
