"""Keep the papers of declarations, and note which objects use a paper of the vault."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.helpers import grants, tenant_table

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

TZ = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    _create_use()
    _create_paper()


def _create_use() -> None:
    name = "documents_use"
    op.create_table(
        name,
        *_own(name),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column(
            "subject_kind", sa.Text(), nullable=False, comment="what uses it, for example a declaration"
        ),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column(
            "name", sa.Text(), nullable=False, comment="public code of the object, as the vault shows it"
        ),
        sa.Column("href", sa.Text(), nullable=False, comment="page of the object on this site"),
        sa.Column("place", JSONB(), nullable=False, comment="which paper of the object it is, by language"),
        sa.Column("since", TZ, nullable=False),
        sa.Column("ended_at", TZ),
        _document(name),
    )
    op.create_index(f"ix_{name}_party_id", name, ["party_id"])
    op.create_index(f"ix_{name}_document_id", name, ["document_id", "ended_at"])
    op.create_index(f"ix_{name}_subject_id", name, ["subject_id", "subject_kind"])
    tenant_table(op, name, tenant="SELECT, INSERT", officer="SELECT, INSERT")
    grants(op, name, {"tenant": "UPDATE (ended_at)", "officer": "UPDATE (ended_at)"})


def _create_paper() -> None:
    name = "customs_paper"
    op.create_table(
        name,
        *_own(name),
        sa.Column("declaration_id", sa.Uuid(), nullable=False),
        sa.Column("slot", sa.String(), nullable=False, comment="code of the place in the list of papers"),
        sa.Column(
            "form", sa.String(), nullable=False,
            comment="which of several papers of the place; empty where there is one",
        ),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False, comment="as the sender named it"),
        sa.Column(
            "number", sa.String(), nullable=False, comment="of a certificate, as it stands on the paper"
        ),
        sa.Column("issued_on", sa.Date(), comment="of a certificate"),
        sa.Column(
            "holder", sa.String(), nullable=False, comment="tax code of the firm that a certificate names"
        ),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column(
            "reused", sa.BigInteger(), nullable=False, comment="0 for a new paper, n for its n-th use"
        ),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attached_at", TZ, nullable=False),
        sa.Column("attached_by", sa.Uuid()),
        sa.Column(
            "shown_at", TZ,
            comment="when it was handed to the gateway; a shown paper stays in the record",
        ),
        sa.ForeignKeyConstraint(
            ["declaration_id"], ["customs_declaration.id"], name=f"fk_{name}_declaration_id"
        ),
        _document(name),
        sa.CheckConstraint("source in ('UPLOAD', 'VAULT')", name="source"),
        sa.CheckConstraint("state in ('ATTACHED', 'REPLACED', 'REMOVED')", name="state"),
        sa.CheckConstraint("length(file_name) between 1 and 255", name="file_name"),
        sa.CheckConstraint("reused >= 0 and (source = 'VAULT') = (reused > 0)", name="reused"),
    )  # fmt: skip
    op.create_index(f"ix_{name}_party_id", name, ["party_id"])
    op.create_index(f"ix_{name}_declaration_id", name, ["declaration_id", "slot", "attached_at"])
    op.create_index(f"ix_{name}_document_id", name, ["document_id"])
    op.create_index(
        f"uq_{name}_attached", name, ["declaration_id", "slot", "document_id"], unique=True,
        postgresql_where=sa.text("state = 'ATTACHED'"),
    )  # fmt: skip
    tenant_table(op, name, tenant="SELECT, INSERT", officer="SELECT")
    grants(op, name, {"tenant": "UPDATE (state, shown_at)"})


def downgrade() -> None:
    op.drop_table("customs_paper")
    op.drop_table("documents_use")


def _document(name: str) -> sa.ForeignKeyConstraint:
    # With the party in the key no paper of another party can be named.
    return sa.ForeignKeyConstraint(
        ["document_id", "party_id"],
        ["documents_document.id", "documents_document.party_id"],
        name=f"fk_{name}_document_id_party_id",
    )


def _own(name: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.ForeignKeyConstraint(["party_id"], ["auth_party.id"], name=f"fk_{name}_party_id"),
    ]
