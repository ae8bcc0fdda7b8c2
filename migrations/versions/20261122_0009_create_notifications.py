"""Create pokes of the live stream, notices to people with their deliveries, and mark events by their transaction."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from migrations.helpers import PARTIES, grants, system_table

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TZ = sa.TIMESTAMP(timezone=True)
USER = "nullif(current_setting('ftz.user', true), '')::uuid"

# An open stream must notice at once that a right has ended, by whatever path it ended; so the tables themselves say
# it, and no code can forget to. SECURITY DEFINER: who signs out has no right to write for the whole platform.
RIGHTS_CHANGED = """
create function live_rights_changed() returns trigger language plpgsql
security definer set search_path = public, pg_temp as $$
begin
  insert into outbox_event (id, name, at, actor_kind, payload)
  values (gen_random_uuid(), 'auth.rights.changed', now(), 'SYSTEM', '{}');
  return null;
end $$
"""
RIGHTS_TRIGGERS = {
    "auth_session": "after update of revoked_at on auth_session for each row when (old.revoked_at is distinct from new.revoked_at)",
    "auth_user": "after update of state on auth_user for each row when (old.state is distinct from new.state)",
    "auth_membership": "after update or delete on auth_membership for each statement",
    "auth_delegation": "after update or delete on auth_delegation for each statement",
}

# SECURITY DEFINER: the frame of every page asks for one number, on the login that has just found out who asks.
UNREAD = """
create function notification_unread(p_user uuid, p_parties uuid[]) returns bigint
language sql stable security definer set search_path = public, pg_temp as $$
  select count(*) from notification
   where user_id = p_user and read_at is null and (p_parties is null or party_id = any(p_parties))
$$
"""

# SECURITY DEFINER: jobs read no address book; they learn where one delivery goes, when it goes.
ROUTE = """
create function notification_route(p_delivery uuid) returns table (email text, address text, language text)
language sql stable security definer set search_path = public, pg_temp as $$
  select u.email, a.address, u.language
    from notification_delivery d join auth_user u on u.id = d.user_id
         left join notification_address a on a.user_id = d.user_id and a.channel = d.channel
   where d.id = p_delivery and d.state <> 'SENT'
$$
"""


def upgrade() -> None:
    _mark_events()
    _create_pokes()
    _create_notices()
    _create_wishes()
    op.execute(
        "create policy notification_delivery_owner on notification_delivery for select to current_user using (true)"
    )
    op.execute(ROUTE)
    op.execute("revoke execute on function notification_route(uuid) from public")
    op.execute("grant execute on function notification_route(uuid) to ftz_worker")


def _mark_events() -> None:
    op.execute("alter table outbox_event add column xid xid8 not null default pg_current_xact_id()")
    op.execute(
        "comment on column outbox_event.xid is 'transaction that wrote it: who tails compares snapshots'"
    )
    op.create_index("ix_outbox_event_xid", "outbox_event", ["xid"])
    op.execute(RIGHTS_CHANGED)
    for table, event in RIGHTS_TRIGGERS.items():
        op.execute(f"create trigger {table}_rights {event} execute function live_rights_changed()")


def _create_pokes() -> None:
    op.create_table(
        "live_poke",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=True, comment="whose matter it is, when it is one party's"),
        sa.Column("at", TZ, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_live_poke"),
    )
    op.create_index("ix_live_poke_at", "live_poke", ["at"])
    system_table(op, "live_poke", auth="SELECT", worker="SELECT, INSERT, DELETE")
    op.create_table(
        "live_position",
        sa.Column("relay", sa.Text(), nullable=False),
        sa.Column(
            "position", sa.Text(), nullable=False, comment="snapshot up to which events were passed on"
        ),
        sa.Column("at", TZ, nullable=False),
        sa.PrimaryKeyConstraint("relay", name="pk_live_position"),
    )
    system_table(op, "live_position", officer="SELECT", worker="SELECT, INSERT, UPDATE")


def _create_notices() -> None:
    op.create_table(
        "notification",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False, comment="whose matter it is"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("params", pg.JSONB(), nullable=False),
        sa.Column("at", TZ, nullable=False),
        sa.Column("read_at", TZ, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_notification"),
        sa.ForeignKeyConstraint(["user_id"], ["auth_user.id"], name="fk_notification_user_id"),
        sa.ForeignKeyConstraint(["party_id"], ["auth_party.id"], name="fk_notification_party_id"),
    )
    op.create_index("ix_notification_user_id", "notification", ["user_id", "id"])
    op.create_index("ix_notification_party_id", "notification", ["party_id"])
    op.create_index(
        "ix_notification_unread", "notification", ["user_id"], postgresql_where=sa.text("read_at is null")
    )
    op.create_table(
        "notification_delivery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("notification_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False, comment="code of the last refusal, else empty"),
        sa.Column("created_at", TZ, nullable=False),
        sa.Column("changed_at", TZ, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notification_delivery"),
        sa.UniqueConstraint(
            "notification_id", "channel", name="uq_notification_delivery_notification_id_channel"
        ),
        sa.ForeignKeyConstraint(
            ["notification_id"], ["notification.id"], name="fk_notification_delivery_notification_id"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["auth_user.id"], name="fk_notification_delivery_user_id"),
        sa.ForeignKeyConstraint(["party_id"], ["auth_party.id"], name="fk_notification_delivery_party_id"),
        sa.CheckConstraint(
            "channel in ('EMAIL', 'SMS', 'ZALO')", name=op.f("ck_notification_delivery_channel")
        ),
        sa.CheckConstraint(
            "state in ('QUEUED', 'SENT', 'FAILED', 'GIVEN_UP')", name=op.f("ck_notification_delivery_state")
        ),
    )
    op.create_index("ix_notification_delivery_user_id", "notification_delivery", ["user_id"])
    op.create_index("ix_notification_delivery_party_id", "notification_delivery", ["party_id"])
    for table in ("notification", "notification_delivery"):
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        mine = f"user_id = {USER}"
        for_party = f"party_id = any({PARTIES}) and {mine}"
        op.execute(
            f"create policy {table}_tenant on {table} to ftz_tenant using ({for_party}) with check ({for_party})"
        )
        op.execute(f"create policy {table}_officer on {table} for select to ftz_officer using ({mine})")
        op.execute(
            f"create policy {table}_officer_write on {table} for insert to ftz_officer with check (true)"
        )
        op.execute(f"create policy {table}_worker on {table} to ftz_worker using (true) with check (true)")
        grants(op, table, {"tenant": "SELECT", "officer": "SELECT, INSERT"})
    op.execute(
        f"create policy notification_officer_read on notification for update to ftz_officer"
        f" using (user_id = {USER}) with check (user_id = {USER})"
    )
    grants(
        op,
        "notification",
        {"tenant": "UPDATE (read_at)", "officer": "UPDATE (read_at)", "worker": "SELECT, INSERT"},
    )
    grants(op, "notification_delivery", {"worker": "SELECT, INSERT, UPDATE"})
    # Forced row-level security binds the owner too, as whom the function runs.
    op.execute("create policy notification_owner on notification for select to current_user using (true)")
    op.execute(UNREAD)
    op.execute("revoke execute on function notification_unread(uuid, uuid[]) from public")
    op.execute("grant execute on function notification_unread(uuid, uuid[]) to ftz_web_auth")


def _create_wishes() -> None:
    op.create_table(
        "notification_choice",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "kind", "channel", name="pk_notification_choice"),
        sa.ForeignKeyConstraint(["user_id"], ["auth_user.id"], name="fk_notification_choice_user_id"),
    )
    op.create_table(
        "notification_address",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("changed_at", TZ, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "channel", name="pk_notification_address"),
        sa.ForeignKeyConstraint(["user_id"], ["auth_user.id"], name="fk_notification_address_user_id"),
    )
    # They belong to the account, so they are reached as the account is. Who writes a notice has to know by which
    # channels its reader wants it; where that reader is reached is nobody's business but the reader's.
    system_table(op, "notification_choice", auth="SELECT, INSERT, UPDATE", officer="SELECT")
    system_table(op, "notification_address", auth="SELECT, INSERT, UPDATE")


def downgrade() -> None:
    op.execute("drop function notification_route(uuid)")
    op.execute("drop function notification_unread(uuid, uuid[])")
    for table in ("address", "choice", "delivery"):
        op.drop_table(f"notification_{table}")
    op.drop_table("notification")
    op.drop_table("live_position")
    op.drop_table("live_poke")
    for table in RIGHTS_TRIGGERS:
        op.execute(f"drop trigger {table}_rights on {table}")
    op.execute("drop function live_rights_changed()")
    op.drop_index("ix_outbox_event_xid", "outbox_event")
    op.drop_column("outbox_event", "xid")
