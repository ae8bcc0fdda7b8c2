"""Create documents: files by hash, papers of parties, issued papers, and the register of letters."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from migrations.helpers import shared_table, system_table, tenant_table

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TIME = pg.TIMESTAMP(timezone=True)


def upgrade() -> None:
    _create_file()
    _create_document()
    _create_issued()
    _create_letters()


def downgrade() -> None:
    for table in ("letter", "letter_number", "issued", "document", "file"):
        op.drop_table(f"documents_{table}")


def _create_file() -> None:
    op.create_table(
        "documents_file",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column(
            "stored_at", TIME, nullable=False, comment="first time; proves that the content existed then"
        ),
        sa.PrimaryKeyConstraint("sha256", name="pk_documents_file"),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"),
        sa.CheckConstraint("size_bytes > 0", name="size_bytes"),
    )
    system_table(
        op, "documents_file", tenant="SELECT, INSERT", officer="SELECT, INSERT", worker="SELECT, INSERT"
    )


def _create_document() -> None:
    op.create_table(
        "documents_document",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind", sa.Text(), nullable=False, comment="code of the kind of paper, given by the module"
        ),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("replaces_id", sa.Uuid()),
        sa.Column(
            "subject_kind",
            sa.Text(),
            nullable=False,
            comment="what it belongs to: case, certificate, project",
        ),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("created_by", sa.Uuid(), comment="null: made by the platform"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_documents_document"),
        sa.UniqueConstraint("id", "party_id", name="uq_documents_document_id_party_id"),
        sa.ForeignKeyConstraint(["sha256"], ["documents_file.sha256"], name="fk_documents_document_sha256"),
        sa.ForeignKeyConstraint(
            ["replaces_id", "party_id"],
            ["documents_document.id", "documents_document.party_id"],
            name="fk_documents_document_replaces_id_party_id",
        ),
        sa.CheckConstraint("state in ('CURRENT', 'REPLACED', 'WITHDRAWN')", name="state"),
        sa.CheckConstraint("version >= 1 and (version = 1) = (replaces_id is null)", name="version"),
        sa.CheckConstraint("length(title) between 1 and 500", name="title"),
    )
    op.create_index(
        "uq_documents_document_replaces_id",
        "documents_document",
        ["replaces_id"],
        unique=True,
        postgresql_where=sa.text("replaces_id is not null"),
    )
    op.create_index("ix_documents_document_party_id", "documents_document", ["party_id", "id"])
    op.create_index(
        "ix_documents_document_subject", "documents_document", ["subject_id", "subject_kind", "id"]
    )
    op.create_index("ix_documents_document_sha256", "documents_document", ["sha256"])
    # Versions are added, never edited: only the state of a version may change.
    tenant_table(
        op,
        "documents_document",
        tenant="SELECT, INSERT, UPDATE (state)",
        officer="SELECT, INSERT, UPDATE (state)",
        worker="SELECT, INSERT, UPDATE (state)",
    )


def _create_issued() -> None:
    op.create_table(
        "documents_issued",
        sa.Column("verification_code", sa.Text(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False, comment="number and symbol printed on the paper"),
        sa.Column("public", pg.JSONB(), nullable=False, comment="redacted fields for the public page"),
        sa.Column(
            "sha256",
            sa.Text(),
            nullable=False,
            comment="of the signed file, copied so that a file finds its paper",
        ),
        sa.Column("issued_at", TIME, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_at", TIME),
        sa.Column("state_reason", sa.Text()),
        sa.Column("replaced_by", sa.Text()),
        sa.PrimaryKeyConstraint("verification_code", name="pk_documents_issued"),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents_document.id"], name="fk_documents_issued_document_id"
        ),
        sa.ForeignKeyConstraint(
            ["replaced_by"], ["documents_issued.verification_code"], name="fk_documents_issued_replaced_by"
        ),
        sa.CheckConstraint("state in ('VALID', 'AMENDED', 'REVOKED')", name="state"),
        sa.CheckConstraint(
            "(state = 'VALID') = (state_at is null) and (state = 'VALID') = (state_reason is null)",
            name="state_reason",
        ),
        sa.CheckConstraint("replaced_by is null or state <> 'VALID'", name="replaced_by"),
    )
    op.create_index("ix_documents_issued_document_id", "documents_issued", ["document_id"])
    op.create_index("ix_documents_issued_sha256", "documents_issued", ["sha256"])
    op.create_index(
        "ix_documents_issued_replaced_by",
        "documents_issued",
        ["replaced_by"],
        postgresql_where=sa.text("replaced_by is not null"),
    )
    writes = "SELECT, INSERT, UPDATE (state, state_at, state_reason, replaced_by)"
    shared_table(op, "documents_issued", tenant="SELECT", officer=writes, worker=writes)


def _create_letters() -> None:
    op.create_table(
        "documents_letter_number",
        sa.Column("office_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("last_number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("office_id", "year", "kind", name="pk_documents_letter_number"),
        sa.CheckConstraint("last_number >= 1", name="last_number"),
    )
    op.create_table(
        "documents_letter",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("office_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False, comment="number and symbol as printed"),
        sa.Column("issued_at", TIME, nullable=False),
        sa.Column("document_id", sa.Uuid()),
        sa.Column("subject", sa.Text(), nullable=False, comment="abstract of the paper"),
        sa.PrimaryKeyConstraint("id", name="pk_documents_letter"),
        sa.UniqueConstraint(
            "office_id", "year", "kind", "number", name="uq_documents_letter_office_id_year_kind_number"
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents_document.id"], name="fk_documents_letter_document_id"
        ),
        sa.CheckConstraint("number >= 1", name="number"),
    )
    op.create_index(
        "uq_documents_letter_document_id",
        "documents_letter",
        ["document_id"],
        unique=True,
        postgresql_where=sa.text("document_id is not null"),
    )
    counts = "SELECT, INSERT, UPDATE (last_number)"
    system_table(op, "documents_letter_number", officer=counts, worker=counts)
    rows = "SELECT, INSERT, UPDATE (document_id)"
    system_table(op, "documents_letter", officer=rows, worker=rows)
