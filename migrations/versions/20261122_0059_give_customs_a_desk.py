"""Give the customs officer a desk: questions, inspection notes, indications of risk."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.helpers import grants, system_table, tenant_table

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None

TZ = sa.TIMESTAMP(timezone=True)
DEGREES = sa.Numeric(9, 6)


def upgrade() -> None:
    _create_question()
    _create_answer()
    _create_note()
    _create_photo()
    _create_comment()
    _create_indication()


def _create_question() -> None:
    name = "customs_question"
    op.create_table(
        name,
        *_own(name),
        sa.Column("declaration_id", sa.Uuid(), comment="empty: about the firm as a whole"),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("asked_at", TZ, nullable=False),
        sa.Column("asked_by", sa.Uuid(), comment="empty for the authority"),
        sa.Column("due_at", TZ, comment="as the authority said; an officer sets none"),
        sa.Column("notice_id", sa.Uuid(), comment="notice of the gateway that asked"),
        sa.Column("state", sa.String(), nullable=False, comment="who is waited for; CLOSED: nobody any more"),
        sa.Column("changed_at", TZ, nullable=False),
        _declaration(name),
        sa.UniqueConstraint("notice_id", name=f"uq_{name}_notice_id"),
        sa.CheckConstraint("side in ('AUTHORITY', 'OFFICER')", name="side"),
        sa.CheckConstraint("state in ('FIRM', 'ASKER', 'CLOSED')", name="state"),
        sa.CheckConstraint("length(text) between 1 and 4000", name="text"),
        sa.CheckConstraint("side = 'OFFICER' or declaration_id is not null", name="declaration"),
    )
    op.create_index(f"ix_{name}_party_id", name, ["party_id", "state", "asked_at"])
    op.create_index(f"ix_{name}_declaration_id", name, ["declaration_id", "asked_at"])
    op.create_index(f"ix_{name}_state", name, ["state", "asked_at", "id"])
    tenant_table(op, name, tenant="SELECT", officer="SELECT, INSERT", worker="SELECT, INSERT, UPDATE")
    grants(op, name, dict.fromkeys(("tenant", "officer"), "UPDATE (state, changed_at)"))


def _create_answer() -> None:
    name = "customs_answer"
    op.create_table(
        name,
        *_own(name),
        sa.Column("question_id", sa.Uuid(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("at", TZ, nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["question_id"], ["customs_question.id"], name=f"fk_{name}_question_id"),
        sa.CheckConstraint("side in ('FIRM', 'OFFICER')", name="side"),
        sa.CheckConstraint("length(text) between 1 and 4000", name="text"),
    )
    op.create_index(f"ix_{name}_party_id", name, ["party_id"])
    op.create_index(f"ix_{name}_question_id", name, ["question_id", "at"])
    tenant_table(op, name, tenant="SELECT, INSERT", officer="SELECT, INSERT")


def _create_note() -> None:
    name = "customs_inspection_note"
    op.create_table(
        name,
        *_own(name),
        sa.Column("declaration_id", sa.Uuid()),
        sa.Column("corrects_id", sa.Uuid()),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("found", sa.String(), nullable=False),
        sa.Column("result", sa.String(), nullable=False),
        sa.Column("happened_at", TZ, nullable=False),
        sa.Column("written_at", TZ, nullable=False),
        sa.Column("written_by", sa.Uuid(), nullable=False),
        sa.Column(
            "officer", sa.String(), nullable=False,
            comment="name of the officer as it was when the note was signed",
        ),
        sa.Column(
            "digest", sa.String(), nullable=False, comment="SHA-256 of the note with the hashes of its photos"
        ),
        _declaration(name),
        sa.ForeignKeyConstraint(["corrects_id"], [f"{name}.id"], name=f"fk_{name}_corrects_id"),
        sa.UniqueConstraint("corrects_id", name=f"uq_{name}_corrects_id"),
        sa.CheckConstraint("kind in ('GOODS', 'SITE', 'GATE', 'RECORDS')", name="kind"),
        sa.CheckConstraint("result in ('AS_DECLARED', 'DIFFERS', 'OPEN')", name="result"),
        sa.CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name="digest"),
    )  # fmt: skip
    op.create_index(f"ix_{name}_party_id", name, ["party_id", "written_at"])
    op.create_index(f"ix_{name}_declaration_id", name, ["declaration_id", "written_at"])
    tenant_table(op, name, tenant="SELECT", officer="SELECT, INSERT")


def _create_photo() -> None:
    name = "customs_inspection_photo"
    op.create_table(
        name,
        *_own(name),
        sa.Column("note_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("latitude", DEGREES, comment="kept only when the officer chose to"),
        sa.Column("longitude", DEGREES),
        sa.ForeignKeyConstraint(["note_id"], ["customs_inspection_note.id"], name=f"fk_{name}_note_id"),
        sa.ForeignKeyConstraint(
            ["document_id", "party_id"],
            ["documents_document.id", "documents_document.party_id"],
            name=f"fk_{name}_document_id_party_id",
        ),
        sa.UniqueConstraint("note_id", "position", name=f"uq_{name}_note_id_position"),
        sa.CheckConstraint("(latitude is null) = (longitude is null)", name="place"),
    )
    op.create_index(f"ix_{name}_party_id", name, ["party_id"])
    op.create_index(f"ix_{name}_document_id", name, ["document_id"])
    tenant_table(op, name, tenant="SELECT", officer="SELECT, INSERT")


def _create_comment() -> None:
    name = "customs_inspection_comment"
    op.create_table(
        name,
        *_own(name),
        sa.Column("note_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("at", TZ, nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["note_id"], ["customs_inspection_note.id"], name=f"fk_{name}_note_id"),
        sa.CheckConstraint("length(text) between 1 and 4000", name="text"),
    )
    op.create_index(f"ix_{name}_party_id", name, ["party_id"])
    op.create_index(f"ix_{name}_note_id", name, ["note_id", "at"])
    tenant_table(op, name, tenant="SELECT, INSERT", officer="SELECT")


def _create_indication() -> None:
    name = "customs_indication"
    op.create_table(
        name,
        *_own(name),
        sa.Column("declaration_id", sa.Uuid(), nullable=False),
        sa.Column(
            "rules",
            sa.String(),
            nullable=False,
            comment="version of the rules, by the day from which they count",
        ),
        sa.Column("score", sa.BigInteger(), nullable=False),
        sa.Column(
            "content",
            JSONB(),
            nullable=False,
            comment="each factor with its weight, answer and what it lacked",
        ),
        sa.Column("at", TZ, nullable=False),
        sa.Column("by", sa.Uuid()),
        _declaration(name),
    )
    op.create_index(f"ix_{name}_party_id", name, ["party_id"])
    op.create_index(f"ix_{name}_declaration_id", name, ["declaration_id", "at"])
    system_table(op, name, officer="SELECT, INSERT")


def downgrade() -> None:
    for name in (
        "indication",
        "inspection_comment",
        "inspection_photo",
        "inspection_note",
        "answer",
        "question",
    ):
        op.drop_table(f"customs_{name}")


def _declaration(name: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["declaration_id"], ["customs_declaration.id"], name=f"fk_{name}_declaration_id"
    )


def _own(name: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.ForeignKeyConstraint(["party_id"], ["auth_party.id"], name=f"fk_{name}_party_id"),
    ]
