"""Keep what is exchanged with customs: messages, notices, differences and statutory clocks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.helpers import grants, shared_table, tenant_table

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None

TZ = sa.TIMESTAMP(timezone=True)
VND, BASE = sa.Numeric(20, 0), sa.Numeric(22, 4)

KEEP_NOTICE = """
create function customs_notice_keep() returns trigger language plpgsql as $$
begin
  if (to_jsonb(new) - 'applied_at' - 'outcome') is distinct from (to_jsonb(old) - 'applied_at' - 'outcome')
     or old.applied_at is not null then
    raise exception 'a notice of customs stays as it came' using errcode = 'check_violation';
  end if;
  return new;
end $$
"""


def upgrade() -> None:
    _create_dispatch()
    _create_notice()
    _create_difference()
    _create_clock()
    op.create_table(
        "customs_feed",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("cursor", sa.String(), nullable=False),
        sa.Column("read_at", TZ, comment="when the gateway last answered"),
        sa.Column("failed_at", TZ, comment="since when it has not; empty while it answers"),
        sa.Column("error", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_customs_feed"),
        sa.CheckConstraint("id = 1", name="one"),
    )
    shared_table(op, "customs_feed", worker="SELECT, INSERT, UPDATE")
    op.create_table(
        "customs_clock_figure",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("month", sa.String(), nullable=False, comment="YYYY-MM in the zone's time"),
        sa.Column("whose", sa.String(), nullable=False),
        sa.Column("ended", sa.BigInteger(), nullable=False),
        sa.Column("in_time", sa.BigInteger(), nullable=False),
        sa.Column("median_minutes", sa.BigInteger(), comment="from start to end, by the wall clock"),
        sa.Column("counted_at", TZ, nullable=False),
        sa.PrimaryKeyConstraint("kind", "month", name="pk_customs_clock_figure"),
    )
    shared_table(op, "customs_clock_figure", worker="SELECT, INSERT, UPDATE")


def _create_dispatch() -> None:
    name = "customs_dispatch"
    op.create_table(
        name,
        *_own(name),
        sa.Column("declaration_id", sa.Uuid(), nullable=False),
        sa.Column("revision_id", sa.Uuid()),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column(
            "subject", sa.String(), nullable=False,
            comment="revision, slip, notice or own key that the message is about",
        ),
        sa.Column("content", JSONB(), nullable=False, comment="what the message says beside its revision"),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column(
            "queued_at", TZ, nullable=False,
            comment="when it was handed in; stands also while the gateway is down",
        ),
        sa.Column("queued_by", sa.Uuid()),
        sa.Column("first_tried_at", TZ),
        sa.Column("tried_at", TZ),
        sa.Column("next_at", TZ, nullable=False, comment="not tried again before"),
        sa.Column("sent_at", TZ, comment="when the gateway was known to have it"),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column(
            "error", sa.String(), nullable=False, comment="why the last try failed, a short code"
        ),
        sa.Column("sha256", sa.String(), comment="of the document as it was sent"),
        _to(name, "declaration_id", "customs_declaration"),
        _to(name, "revision_id", "customs_revision"),
        sa.UniqueConstraint(
            "declaration_id", "kind", "subject", name=f"uq_{name}_declaration_id_kind_subject"
        ),
        sa.CheckConstraint(
            "kind in ('DECLARE', 'AMEND', 'CANCEL', 'DOCUMENTS', 'ANSWER', 'PAYMENT')", name="kind"
        ),
        sa.CheckConstraint("state in ('QUEUED', 'SENT', 'ACKNOWLEDGED', 'FAILED')", name="state"),
    )  # fmt: skip
    op.create_index(f"ix_{name}_party_id", name, ["party_id"])
    op.create_index(f"ix_{name}_revision_id", name, ["revision_id"])
    op.create_index(f"ix_{name}_queued", name, ["next_at"], postgresql_where=sa.text("state = 'QUEUED'"))
    tenant_table(op, name, tenant="SELECT, INSERT", officer="SELECT, INSERT", worker="SELECT, INSERT, UPDATE")


def _create_notice() -> None:
    name = "customs_notice"
    op.create_table(
        name,
        *_own(name),
        sa.Column("gateway_id", sa.String(), nullable=False),
        sa.Column("declaration_id", sa.Uuid(), nullable=False),
        sa.Column("dispatch_id", sa.Uuid(), comment="our message that it answers"),
        sa.Column("sequence", sa.BigInteger(), nullable=False, comment="1, 2, 3 … of its declaration"),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("official_at", TZ, nullable=False, comment="as the authority dated it"),
        sa.Column("received_at", TZ, nullable=False),
        sa.Column("applied_at", TZ),
        sa.Column(
            "outcome", sa.String(), nullable=False,
            comment="IMPOSSIBLE: kept and shown, but the state does not allow it",
        ),
        sa.Column("body", JSONB(), nullable=False),
        _to(name, "declaration_id", "customs_declaration"),
        _to(name, "dispatch_id", "customs_dispatch"),
        sa.UniqueConstraint("gateway_id", name=f"uq_{name}_gateway_id"),
        sa.UniqueConstraint("declaration_id", "sequence", name=f"uq_{name}_declaration_id_sequence"),
        sa.CheckConstraint("outcome in ('', 'APPLIED', 'IMPOSSIBLE')", name="outcome"),
    )  # fmt: skip
    op.create_index(f"ix_{name}_party_id", name, ["party_id"])
    op.create_index(f"ix_{name}_dispatch_id", name, ["dispatch_id"])
    op.create_index(
        f"ix_{name}_waiting", name, ["declaration_id"], postgresql_where=sa.text("applied_at is null")
    )
    tenant_table(op, name, tenant="SELECT", officer="SELECT", worker="SELECT, INSERT, UPDATE")
    op.execute(KEEP_NOTICE)
    op.execute(
        f"create trigger {name}_keep before update on {name} for each row execute function {name}_keep()"
    )


def _create_difference() -> None:
    name = "customs_difference"
    op.create_table(
        name,
        *_own(name),
        sa.Column("declaration_id", sa.Uuid(), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False, comment="0: of the declaration as a whole"),
        sa.Column("tax", sa.String(), nullable=False),
        sa.Column("ours", VND, comment="empty: we had no such tax"),
        sa.Column("official", VND, comment="empty: the authority has no such tax"),
        sa.Column("our_base", BASE),
        sa.Column("official_base", BASE),
        sa.Column("our_rate", sa.String(), nullable=False),
        sa.Column("official_rate", sa.String(), nullable=False),
        sa.Column("found_at", TZ, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("explanation", sa.String(), nullable=False),
        sa.Column("explained_at", TZ),
        sa.Column("explained_by", sa.Uuid()),
        _to(name, "declaration_id", "customs_declaration"),
        _to(name, "assessment_id", "customs_assessment"),
        sa.UniqueConstraint("assessment_id", "line", "tax", name=f"uq_{name}_assessment_id_line_tax"),
        sa.CheckConstraint("state in ('OPEN', 'EXPLAINED')", name="state"),
    )
    op.create_index(f"ix_{name}_party_id", name, ["party_id"])
    op.create_index(f"ix_{name}_declaration_id", name, ["declaration_id"])
    op.create_index(f"ix_{name}_open", name, ["declaration_id"], postgresql_where=sa.text("state = 'OPEN'"))
    tenant_table(op, name, tenant="SELECT", officer="SELECT", worker="SELECT, INSERT")
    explained = "UPDATE (state, explanation, explained_at, explained_by)"
    grants(op, name, {"tenant": explained, "officer": explained})


def _create_clock() -> None:
    name, running = "customs_clock", "met_at is null and cancelled_at is null"
    op.create_table(
        name,
        *_own(name),
        sa.Column("declaration_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("whose", sa.String(), nullable=False),
        sa.Column(
            "law", JSONB(), nullable=False, comment="the limit as it stood in the law when the clock began"
        ),
        sa.Column("started_at", TZ, nullable=False),
        sa.Column("due_at", TZ, comment="empty: limit or calendar is missing in the law data"),
        sa.Column("met_at", TZ),
        sa.Column("cancelled_at", TZ, comment="what it waited for is not to come any more"),
        sa.Column("told_at", TZ, comment="when people were told that it has run out"),
        _to(name, "declaration_id", "customs_declaration"),
        sa.CheckConstraint("whose in ('FIRM', 'AUTHORITY')", name="whose"),
    )
    op.create_index(f"ix_{name}_party_id", name, ["party_id"])
    op.create_index(f"ix_{name}_declaration_id", name, ["declaration_id", "started_at"])
    op.create_index(f"ix_{name}_kind", name, ["kind", "started_at"])
    op.create_index(
        f"uq_{name}_running", name, ["declaration_id", "kind"], unique=True,
        postgresql_where=sa.text(running),
    )  # fmt: skip
    op.create_index(
        f"ix_{name}_due", name, ["due_at"], postgresql_where=sa.text(f"{running} and told_at is null")
    )
    tenant_table(op, name, tenant="SELECT", officer="SELECT", worker="SELECT, INSERT, UPDATE")


def downgrade() -> None:
    for name in ("clock_figure", "feed", "clock", "difference", "notice", "dispatch"):
        op.drop_table(f"customs_{name}")
    op.execute("drop function customs_notice_keep()")


def _own(name: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        _to(name, "party_id", "auth_party"),
    ]


def _to(name: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=f"fk_{name}_{column}")
