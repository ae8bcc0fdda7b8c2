"""Open the customs declarations: content in revisions, official facts in the worker's hand only."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.helpers import grants, tenant_table

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

TZ = sa.TIMESTAMP(timezone=True)
VND, QUANTITY, VALUE, PRICE = (
    sa.Numeric(20, 0), sa.Numeric(20, 2), sa.Numeric(22, 4), sa.Numeric(24, 6)
)  # fmt: skip

# What the authority alone says; a firm may bring it in with a row from elsewhere, once, when the row is made.
OFFICIAL = """
create function customs_declaration_official() returns trigger language plpgsql as $$
begin
  if new.origin = 'OURS' and current_user in ('ftz_tenant', 'ftz_officer')
     and (new.official_number is not null or new.channel is not null or new.registered_at is not null
          or new.released_at is not null or new.cleared_at is not null) then
    raise exception 'official facts come through the gateway' using errcode = 'check_violation';
  end if;
  return new;
end $$
"""

KEEP_REVISION = """
create function customs_revision_keep() returns trigger language plpgsql as $$
begin
  if old.state <> 'DRAFT' and (new.header, new.declaration_id, new.party_id, new.number, new.kind, new.reason,
      new.created_at, new.sent_at) is distinct from (old.header, old.declaration_id, old.party_id, old.number,
      old.kind, old.reason, old.created_at, old.sent_at) then
    raise exception 'a revision that was sent keeps its content' using errcode = 'check_violation';
  end if;
  if old.state <> 'DRAFT' and new.state = 'DRAFT' then
    raise exception 'a revision that was sent is no draft again' using errcode = 'check_violation';
  end if;
  return new;
end $$
"""

KEEP_LINE = """
create function customs_line_keep() returns trigger language plpgsql as $$
declare touched uuid := case when tg_op = 'DELETE' then old.revision_id else new.revision_id end;
begin
  if tg_op = 'UPDATE' and new.revision_id <> old.revision_id then
    raise exception 'a line stays in its revision' using errcode = 'check_violation';
  end if;
  if not exists (select from customs_revision where id = touched and state = 'DRAFT') then
    raise exception 'the lines of a revision that was sent stay as they are' using errcode = 'check_violation';
  end if;
  return case when tg_op = 'DELETE' then old else new end;
end $$
"""


def upgrade() -> None:
    op.execute("create sequence customs_declaration_number")
    op.execute("grant usage on sequence customs_declaration_number to ftz_tenant, ftz_officer, ftz_worker")
    _create_declaration()
    _create_revision()
    _create_line()
    _create_assessment()
    _create_product()
    for function in (OFFICIAL, KEEP_REVISION, KEEP_LINE):
        op.execute(function)
    op.execute(
        "create trigger customs_declaration_official before insert on customs_declaration"
        " for each row execute function customs_declaration_official()"
    )
    op.execute(
        "create trigger customs_revision_keep before update on customs_revision"
        " for each row execute function customs_revision_keep()"
    )
    op.execute(
        "create trigger customs_line_keep before insert or update or delete on customs_line"
        " for each row execute function customs_line_keep()"
    )


def _create_declaration() -> None:
    name = "customs_declaration"
    op.create_table(
        name,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False, comment="firm whose declaration it is"),
        sa.Column(
            "code", sa.String(), nullable=False, comment="public code, prefix TK; never the official number"
        ),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("movement", sa.String(), nullable=False),
        sa.Column("type_code", sa.String(), nullable=False, comment="one of the 40 type codes, for example A11"),
        sa.Column(
            "origin", sa.String(), nullable=False,
            comment="OURS: sent from here; ELSEWHERE: an official result that came in",
        ),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column(
            "head", sa.BigInteger(), nullable=False,
            comment="number of the revision that counts; a later one is a pending amendment",
        ),
        sa.Column(
            "official_number", sa.String(),
            comment="12 digits from the authority: 11 identify, the last counts amendments",
        ),
        sa.Column("channel", sa.String()),
        sa.Column("registered_at", TZ, comment="official instant; fixes law, rates and exchange"),
        sa.Column("released_at", TZ),
        sa.Column("cleared_at", TZ),
        sa.Column("agent_party_id", sa.Uuid(), comment="broker who prepared it under a delegation"),
        sa.Column(
            "previous_id", sa.Uuid(),
            comment="copied from, first of a split, changed in use from, or replaced: see previous_kind",
        ),
        sa.Column("previous_kind", sa.String()),
        sa.Column(
            "branch_number", sa.BigInteger(), nullable=False, server_default=sa.text("1"),
            comment="n of a shipment split by 50 lines",
        ),
        sa.Column("branches", sa.BigInteger(), nullable=False, server_default=sa.text("1")),
        sa.Column(
            "summary", sa.String(), nullable=False, server_default=sa.text("''"),
            comment="description of the first line, for lists",
        ),
        sa.Column("line_count", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column(
            "own_reference", sa.String(), nullable=False, server_default=sa.text("''"),
            comment="the firm's own number of the file",
        ),
        sa.Column("created_at", TZ, nullable=False),
        sa.Column("created_by", sa.Uuid()),
        sa.Column("updated_at", TZ, nullable=False),
        sa.Column(
            "version", sa.BigInteger(), nullable=False,
            comment="optimistic lock: a form says which version it saw",
        ),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.UniqueConstraint("code", name=f"uq_{name}_code"),
        sa.UniqueConstraint("party_id", "official_number", name=f"uq_{name}_party_id_official_number"),
        sa.ForeignKeyConstraint(["party_id"], ["auth_party.id"], name=f"fk_{name}_party_id"),
        sa.ForeignKeyConstraint(["agent_party_id"], ["auth_party.id"], name=f"fk_{name}_agent_party_id"),
        sa.ForeignKeyConstraint(["previous_id"], [f"{name}.id"], name=f"fk_{name}_previous_id"),
        sa.CheckConstraint("direction in ('IMPORT', 'EXPORT')", name="direction"),
        sa.CheckConstraint(
            "movement in ('ABROAD_TO_ZONE', 'INLAND_TO_ZONE', 'ZONE_TO_ZONE', 'ZONE_TO_ABROAD', 'ZONE_TO_INLAND',"
            " 'CHANGE_OF_USE', 'DESTRUCTION')",
            name="movement",
        ),
        sa.CheckConstraint("origin in ('OURS', 'ELSEWHERE')", name="origin"),
        sa.CheckConstraint(
            "state in ('DRAFT', 'QUEUED', 'SENT', 'REFUSED', 'REGISTERED', 'PAPERS', 'GOODS_CHECK', 'PAYABLE',"
            " 'RELEASED', 'CLEARED', 'CANCELLED')",
            name="state",
        ),
        sa.CheckConstraint("channel in ('GREEN', 'YELLOW', 'RED')", name="channel"),
        sa.CheckConstraint(
            "previous_kind in ('COPY', 'SPLIT', 'CHANGE_OF_USE', 'REPLACES')", name="previous_kind"
        ),
        sa.CheckConstraint("branch_number between 1 and branches", name="branch"),
    )  # fmt: skip
    op.create_index(f"ix_{name}_party_id", name, ["party_id", "updated_at", "id"])
    op.create_index(f"ix_{name}_state", name, ["state", "updated_at", "id"])
    op.create_index(f"ix_{name}_updated_at", name, ["updated_at", "id"])
    op.create_index(f"ix_{name}_official_number", name, ["official_number"])
    op.create_index(f"ix_{name}_agent_party_id", name, ["agent_party_id"])
    op.create_index(f"ix_{name}_previous_id", name, ["previous_id"])
    tenant_table(op, name, tenant="SELECT, INSERT", officer="SELECT", worker="SELECT, INSERT, UPDATE")
    ours = (
        "UPDATE (direction, movement, type_code, state, head, agent_party_id, previous_id, previous_kind,"
        " branch_number, branches, summary, line_count, own_reference, updated_at, version)"
    )
    grants(op, name, {"tenant": ours, "officer": "UPDATE (state, updated_at, version)"})


def _create_revision() -> None:
    name = "customs_revision"
    op.create_table(
        name,
        *_own(name),
        sa.Column("declaration_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False, comment="0 is the first"),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column(
            "state", sa.String(), nullable=False,
            comment="SENT from the hand-in on: the content is frozen even while it queues",
        ),
        sa.Column(
            "header", JSONB(), nullable=False, comment="texts by field code of the dictionary, as typed"
        ),
        sa.Column(
            "reason", sa.String(), nullable=False, server_default=sa.text("''"), comment="why it is amended"
        ),
        sa.Column("created_at", TZ, nullable=False),
        sa.Column("created_by", sa.Uuid()),
        sa.Column("sent_at", TZ, comment="when it was handed in for sending"),
        sa.Column("sent_by", sa.Uuid()),
        sa.Column("decided_at", TZ, comment="when the authority accepted or refused it"),
        sa.ForeignKeyConstraint(
            ["declaration_id"], ["customs_declaration.id"], name=f"fk_{name}_declaration_id"
        ),
        sa.UniqueConstraint("declaration_id", "number", name=f"uq_{name}_declaration_id_number"),
        sa.CheckConstraint("state in ('DRAFT', 'SENT', 'ACCEPTED', 'REFUSED', 'DROPPED')", name="state"),
        sa.CheckConstraint("kind in ('FIRST', 'CORRECTED', 'AMENDMENT')", name="kind"),
    )  # fmt: skip
    op.create_index(f"ix_{name}_party_id", name, ["party_id"])
    tenant_table(op, name, tenant="SELECT, INSERT", officer="SELECT", worker="SELECT, INSERT, UPDATE")
    grants(op, name, {"tenant": "UPDATE (state, header, reason, sent_at, sent_by)"})


def _create_line() -> None:
    name = "customs_line"
    op.create_table(
        name,
        *_own(name),
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column(
            "number", sa.BigInteger(), nullable=False,
            comment="1 to 50 when sent; a draft may be longer until it is split",
        ),
        _words("own_code"),
        _words("hs", "8 digits, or 10 where a sub-line is declared"),
        _words("description"),
        _words("origin", "country of origin, ISO 3166-1 alpha-2"),
        _words("scheme", "scheme claimed: MFN, ACFTA, …"),
        _words("origin_proof", "number of the paper of origin"),
        sa.Column("quantity", QUANTITY),
        _words("unit"),
        sa.Column("quantity2", QUANTITY),
        _words("unit2"),
        sa.Column("unit_price", PRICE),
        sa.Column("value", VALUE, comment="invoice value in the invoice's currency"),
        sa.Column(
            "more", JSONB(), nullable=False, server_default=sa.text("'{}'"), comment="rare fields by code"
        ),
        sa.Column(
            "typed", JSONB(), nullable=False, server_default=sa.text("'{}'"),
            comment="texts that do not fit their column, by column; only in drafts",
        ),
        sa.ForeignKeyConstraint(["revision_id"], ["customs_revision.id"], name=f"fk_{name}_revision_id"),
        sa.UniqueConstraint("revision_id", "number", name=f"uq_{name}_revision_id_number"),
        sa.CheckConstraint("number >= 1", name="number"),
    )  # fmt: skip
    op.create_index(f"ix_{name}_party_id", name, ["party_id"])
    # Lines of a draft are no history yet: they go as the declarant edits. The trigger keeps those that were sent.
    tenant_table(op, name, tenant="SELECT, INSERT, UPDATE, DELETE", officer="SELECT", worker="SELECT, INSERT")


def _create_assessment() -> None:
    name = "customs_assessment"
    op.create_table(
        name,
        *_own(name),
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column(
            "content",
            JSONB(),
            nullable=False,
            comment="the tariff's assessment, or the notice by line and tax",
        ),
        sa.Column("total", VND, nullable=False),
        sa.Column("computed_at", TZ, nullable=False),
        sa.Column("known_at", TZ, comment="state of the tariff's knowledge that was used"),
        sa.ForeignKeyConstraint(["revision_id"], ["customs_revision.id"], name=f"fk_{name}_revision_id"),
        sa.CheckConstraint("kind in ('PRECALCULATED', 'OFFICIAL')", name="kind"),
    )
    op.create_index(f"ix_{name}_party_id", name, ["party_id"])
    op.create_index(f"ix_{name}_revision_id", name, ["revision_id", "kind", "computed_at"])
    op.create_index(
        "uq_customs_assessment_precalculated", name, ["revision_id"], unique=True,
        postgresql_where=sa.text("kind = 'PRECALCULATED'"),
    )  # fmt: skip
    tenant_table(op, name, tenant="SELECT, INSERT", officer="SELECT", worker="SELECT, INSERT, UPDATE")
    grants(op, name, {"tenant": "UPDATE (content, total, computed_at, known_at)"})


def _create_product() -> None:
    name = "customs_product"
    op.create_table(
        name,
        *_own(name),
        sa.Column("own_code", sa.String(), nullable=False),
        sa.Column("hs", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        _words("unit2"),
        sa.Column("origin", sa.String(), nullable=False),
        _words("scheme"),
        sa.Column("last_price", PRICE),
        _words("currency"),
        sa.Column("used_at", TZ, comment="when it was last declared"),
        sa.Column("updated_at", TZ, nullable=False),
        sa.Column("withdrawn_at", TZ, comment="no longer offered; old lines keep what they say"),
        sa.UniqueConstraint("party_id", "own_code", name=f"uq_{name}_party_id_own_code"),
    )
    tenant_table(op, name, tenant="SELECT, INSERT, UPDATE", officer="SELECT")


def downgrade() -> None:
    for name in ("product", "assessment", "line", "revision", "declaration"):
        op.drop_table(f"customs_{name}")
    for name in ("line_keep", "revision_keep", "declaration_official"):
        op.execute(f"drop function customs_{name}()")
    op.execute("drop sequence customs_declaration_number")


def _words(name: str, comment: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False, server_default=sa.text("''"), comment=comment)


def _own(name: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.ForeignKeyConstraint(["party_id"], ["auth_party.id"], name=f"fk_{name}_party_id"),
    ]
