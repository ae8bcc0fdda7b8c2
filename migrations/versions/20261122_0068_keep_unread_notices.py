"""Keep what the gateway says and nobody can read; ask for gaps and a silent gateway at growing intervals."""

import sqlalchemy as sa
from alembic import op

from migrations.helpers import grants, system_table

revision = "0068"
down_revision = "0067"
branch_labels = None
depends_on = None

TZ = sa.TIMESTAMP(timezone=True)

KEEP_NOTICE = """
create or replace function customs_notice_keep() returns trigger language plpgsql as $$
begin
  if (to_jsonb(new) - array[{changing}]) is distinct from (to_jsonb(old) - array[{changing}])
     or old.applied_at is not null then
    raise exception 'a notice of customs stays as it came' using errcode = 'check_violation';
  end if;
  return new;
end $$
"""
KEEP_UNREAD = """
create function customs_unread_keep() returns trigger language plpgsql as $$
begin
  if (new.raw, new.sha256, new.received_at) is distinct from (old.raw, old.sha256, old.received_at) then
    raise exception 'what the gateway said stays as it came' using errcode = 'check_violation';
  end if;
  return new;
end $$
"""


def upgrade() -> None:
    _create_unread()
    op.add_column(
        "customs_notice",
        sa.Column(
            "asks", sa.BigInteger(), nullable=False, server_default=sa.text("0"),
            comment="how often those before it were asked for while it waited",
        ),
    )  # fmt: skip
    op.add_column("customs_notice", sa.Column("asked_at", TZ, comment="when they were last asked for"))
    op.execute(KEEP_NOTICE.replace("{changing}", "'applied_at', 'outcome', 'asks', 'asked_at'"))
    op.add_column(
        "customs_feed",
        sa.Column(
            "failures", sa.BigInteger(), nullable=False, server_default=sa.text("0"),
            comment="readings without an answer since it last answered",
        ),
    )  # fmt: skip
    op.add_column(
        "customs_feed", sa.Column("next_at", TZ, comment="while it is silent: not asked again before")
    )


def _create_unread() -> None:
    name = "customs_unread"
    op.create_table(
        name,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False, comment="of the body: the same piece again is the same row"),
        sa.Column("raw", sa.LargeBinary(), nullable=False, comment="as it came"),
        sa.Column("code", sa.String(), nullable=False, comment="why it was not taken, a short code"),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("gateway_id", sa.String(), nullable=False, comment="empty where it cannot be told"),
        sa.Column("reference", sa.String(), nullable=False, comment="empty where it cannot be told"),
        sa.Column("sequence", sa.BigInteger()),
        sa.Column("declaration_id", sa.Uuid(), comment="where the reference is one of ours"),
        sa.Column("received_at", TZ, nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False, comment="how often it was tried to be read"),
        sa.Column("tried_at", TZ, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("settled_at", TZ),
        sa.Column("settled_by", sa.Uuid()),
        sa.Column("reason", sa.String(), nullable=False, comment="why it was set aside"),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.UniqueConstraint("sha256", name=f"uq_{name}_sha256"),
        sa.ForeignKeyConstraint(
            ["declaration_id"], ["customs_declaration.id"], name=f"fk_{name}_declaration_id"
        ),
        sa.CheckConstraint("state in ('OPEN', 'TAKEN', 'ASIDE')", name="state"),
    )  # fmt: skip
    op.create_index(f"ix_{name}_declaration_id", name, ["declaration_id"])
    op.create_index(f"ix_{name}_open", name, ["received_at"], postgresql_where=sa.text("state = 'OPEN'"))
    system_table(op, name, officer="SELECT", worker="SELECT, INSERT, UPDATE")
    grants(op, name, {"officer": "UPDATE (state, settled_at, settled_by, reason)"})
    op.execute(KEEP_UNREAD)
    op.execute(
        f"create trigger {name}_keep before update on {name} for each row execute function {name}_keep()"
    )


def downgrade() -> None:
    op.drop_column("customs_feed", "next_at")
    op.drop_column("customs_feed", "failures")
    op.execute(KEEP_NOTICE.replace("{changing}", "'applied_at', 'outcome'"))
    op.drop_column("customs_notice", "asked_at")
    op.drop_column("customs_notice", "asks")
    op.drop_table("customs_unread")
    op.execute("drop function customs_unread_keep()")
