"""Create the evidence log: entries that only a sealer may number, and the heads over them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from migrations.helpers import system_table

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ENTRY_INSERT = r"""
create function evidence_entry_check() returns trigger language plpgsql as $$
declare
    told jsonb := new.body::jsonb;
begin
    if new.seq is not null then
        raise exception 'evidence: only the sealer numbers entries' using errcode = 'restrict_violation';
    end if;
    -- A row whose columns lie about its body would make every later verification fail.
    if told ->> 'id' is distinct from new.id::text
        or told ->> 'tag' is distinct from new.tag
        or told ->> 'at' is distinct from to_char(new.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
        or told ->> 'actor_kind' is distinct from new.actor_kind
        or told ->> 'actor_id' is distinct from new.actor_id::text
        or told ->> 'subject_kind' is distinct from new.subject_kind
        or told ->> 'subject_id' is distinct from new.subject_id::text
        or told ->> 'party_id' is distinct from new.party_id::text
        or told ->> 'salt_hash' is distinct from encode(sha256(new.salt), 'hex')
    then
        raise exception 'evidence: the columns differ from the body' using errcode = 'check_violation';
    end if;
    return new;
end $$
"""
ENTRY_UPDATE = """
create function evidence_entry_number() returns trigger language plpgsql as $$
declare
    same evidence_entry := new;
begin
    same.seq := old.seq;
    same.sealed_at := old.sealed_at;
    if old.seq is not null or new.seq is null or same is distinct from old then
        raise exception 'evidence: an entry is numbered once and never changed' using errcode = 'restrict_violation';
    end if;
    return new;
end $$
"""
REFUSE = """
create function evidence_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'evidence: % is append-only', tg_table_name using errcode = 'restrict_violation';
end $$
"""


def upgrade() -> None:
    _create_entry()
    op.create_table(
        "evidence_head",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root", pg.BYTEA(), nullable=False),
        sa.Column(
            "frontier", pg.BYTEA(), nullable=False, comment="roots of the complete subtrees, largest first"
        ),
        sa.Column("at", pg.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("size", name="pk_evidence_head"),
        sa.CheckConstraint("size > 0", name=op.f("ck_evidence_head_size")),
    )
    for function in (ENTRY_INSERT, ENTRY_UPDATE, REFUSE):
        op.execute(function)
    op.execute(
        "create trigger evidence_entry_check before insert on evidence_entry"
        " for each row execute function evidence_entry_check()"
    )
    op.execute(
        "create trigger evidence_entry_number before update on evidence_entry"
        " for each row execute function evidence_entry_number()"
    )
    op.execute(
        "create trigger evidence_entry_keep before delete or truncate on evidence_entry"
        " for each statement execute function evidence_refuse()"
    )
    op.execute(
        "create trigger evidence_head_keep before update or delete or truncate on evidence_head"
        " for each statement execute function evidence_refuse()"
    )
    system_table(
        op,
        "evidence_entry",
        tenant="INSERT",
        officer="SELECT, INSERT",
        auth="INSERT",
        worker="SELECT, INSERT",
    )
    op.execute("grant update (seq, sealed_at) on evidence_entry to ftz_worker")
    system_table(op, "evidence_head", officer="SELECT", worker="SELECT, INSERT")


def _create_entry() -> None:
    op.create_table(
        "evidence_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False, comment="noun:subject:verb"),
        sa.Column("at", pg.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("party_id", sa.Uuid(), nullable=True),
        sa.Column(
            "body", sa.Text(), nullable=False, comment="canonical JSON (RFC 8785); its bytes are the leaf"
        ),
        sa.Column(
            "salt", pg.BYTEA(), nullable=False, comment="key of the value digests; the body holds its hash"
        ),
        sa.Column("leaf_hash", pg.BYTEA(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=True, comment="leaf index from 0; null until sealed"),
        sa.Column("sealed_at", pg.TIMESTAMP(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_evidence_entry"),
        sa.CheckConstraint(
            "tag ~ '^[a-z][a-z0-9-]*(:[a-z][a-z0-9-]*){2}$'", name=op.f("ck_evidence_entry_tag")
        ),
        sa.CheckConstraint(
            r"leaf_hash = sha256('\x00'::bytea || convert_to(body, 'UTF8'))",
            name=op.f("ck_evidence_entry_leaf"),
        ),
        sa.CheckConstraint("(seq is null) = (sealed_at is null)", name=op.f("ck_evidence_entry_sealed")),
        sa.CheckConstraint("seq >= 0", name=op.f("ck_evidence_entry_seq")),
    )
    create = op.create_index
    create(
        "uq_evidence_entry_seq",
        "evidence_entry",
        ["seq"],
        unique=True,
        postgresql_where=sa.text("seq is not null"),
    )
    create("ix_evidence_entry_unsealed", "evidence_entry", ["id"], postgresql_where=sa.text("seq is null"))
    for name in ("subject", "party", "actor"):
        create(
            f"ix_evidence_entry_{name}",
            "evidence_entry",
            [f"{name}_id", "id"],
            postgresql_where=sa.text(f"{name}_id is not null"),
        )


def downgrade() -> None:
    op.drop_table("evidence_head")
    op.drop_table("evidence_entry")
    for function in ("evidence_entry_check", "evidence_entry_number", "evidence_refuse"):
        op.execute(f"drop function {function}()")
