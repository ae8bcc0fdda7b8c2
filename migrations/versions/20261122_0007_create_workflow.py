"""Procedures as immutable versions, dossiers, their history and their clock."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from migrations.helpers import PARTIES, grants, shared_table, tenant_table

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TZ = sa.TIMESTAMP(timezone=True)


def _case_part(*columns: sa.schema.SchemaItem, name: str) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.ForeignKeyConstraint(["case_id"], ["workflow_case.id"], name=f"fk_{name}_case_id"),
        sa.ForeignKeyConstraint(["party_id"], ["auth_party.id"], name=f"fk_{name}_party_id"),
    )
    op.create_index(f"ix_{name}_party_id", name, ["party_id"])


PUBLISHED_IS_IMMUTABLE = """
create function workflow_guard_version() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    raise exception 'a procedure version is never deleted';
  end if;
  if old.state = 'PUBLISHED' and (new.code, new.version, new.content, new.content_hash, new.state, lower(new.valid))
     is distinct from (old.code, old.version, old.content, old.content_hash, old.state, lower(old.valid)) then
    raise exception 'procedure % version % is published and immutable', old.code, old.version;
  end if;
  return new;
end $$
"""

# SECURITY DEFINER: the projection is the only writer of the table, so a tenant's login needs no right to write it.
PROJECT_TRACKING = """
create function workflow_project_tracking() returns trigger language plpgsql
security definer set search_path = public, pg_temp as $$
begin
  if new.code is not null then
    insert into workflow_tracking values (new.code, new.version_id, new.state, new.national, new.submitted_at,
                                          new.accepted_at, new.appointment_at, new.decided_at, new.saved_at)
    on conflict (code) do update set version_id = excluded.version_id, state = excluded.state,
      national = excluded.national, submitted_at = excluded.submitted_at, accepted_at = excluded.accepted_at,
      appointment_at = excluded.appointment_at, decided_at = excluded.decided_at, updated_at = excluded.updated_at;
  end if;
  return null;
end $$
"""


def upgrade() -> None:
    op.create_table(
        "workflow_procedure_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("valid", pg.DATERANGE(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("content", pg.JSONB(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("created_at", TZ, nullable=False),
        sa.Column("published_at", TZ),
        sa.Column("published_by", sa.Uuid()),
        sa.PrimaryKeyConstraint("id", name="pk_workflow_procedure_version"),
        sa.UniqueConstraint("code", "version", name="uq_workflow_procedure_version_code_version"),
        sa.CheckConstraint("state in ('DRAFT', 'PUBLISHED')", name="ck_workflow_procedure_version_state"),
        pg.ExcludeConstraint(
            ("code", "="),
            ("valid", "&&"),
            where=sa.text("state = 'PUBLISHED'"),
            name="ex_workflow_procedure_version_in_force",
        ),
    )
    op.execute(PUBLISHED_IS_IMMUTABLE)
    op.execute(
        "create trigger workflow_guard_version before update or delete on workflow_procedure_version"
        " for each row execute function workflow_guard_version()"
    )
    shared_table(op, "workflow_procedure_version", officer="SELECT, INSERT, UPDATE")

    op.create_table(
        "workflow_case",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("procedure", sa.String(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("office", sa.String(), nullable=False, comment="code of the division that is responsible"),
        sa.Column("code", sa.String(), comment="public code with check digit, given at filing"),
        sa.Column(
            "title",
            sa.String(),
            nullable=False,
            comment="what the dossier is about, in the applicant's words",
        ),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("national", sa.BigInteger(), comment="status code of the national portal, 1-10"),
        sa.Column("clock", sa.String(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("answers", pg.JSONB(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False, comment="ONLINE, COUNTER or POST"),
        sa.Column("created_at", TZ, nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("saved_at", TZ, nullable=False),
        sa.Column("submitted_at", TZ),
        sa.Column("accepted_at", TZ),
        sa.Column("appointment_at", TZ, comment="promised return, computed once at acceptance"),
        sa.Column("due_at", TZ, comment="what the running clock says, moved by pauses"),
        sa.Column("decided_at", TZ),
        sa.Column("closed_at", TZ),
        sa.Column("assigned_to", sa.Uuid()),
        sa.PrimaryKeyConstraint("id", name="pk_workflow_case"),
        sa.ForeignKeyConstraint(["party_id"], ["auth_party.id"], name="fk_workflow_case_party_id"),
        sa.ForeignKeyConstraint(
            ["version_id"], ["workflow_procedure_version.id"], name="fk_workflow_case_version_id"
        ),
        sa.UniqueConstraint("code", name="uq_workflow_case_code"),
    )
    op.create_index(
        "ix_workflow_case_inbox", "workflow_case", ["clock", "due_at", "id"],
        postgresql_where=sa.text("submitted_at is not null and closed_at is null"),
    )  # fmt: skip
    op.create_index("ix_workflow_case_party_id", "workflow_case", ["party_id", "created_at"])
    op.create_index("ix_workflow_case_version_id", "workflow_case", ["version_id"])
    op.create_index(
        "ix_workflow_case_assigned_to", "workflow_case", ["assigned_to"],
        postgresql_where=sa.text("assigned_to is not null"),
    )  # fmt: skip
    tenant_table(op, "workflow_case", tenant="SELECT, INSERT, UPDATE")
    op.execute("create sequence workflow_case_number")
    op.execute("grant usage on sequence workflow_case_number to ftz_tenant, ftz_officer")

    op.create_table(
        "workflow_tracking",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("national", sa.BigInteger()),
        sa.Column("submitted_at", TZ),
        sa.Column("accepted_at", TZ),
        sa.Column("appointment_at", TZ),
        sa.Column("decided_at", TZ),
        sa.Column("updated_at", TZ, nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_workflow_tracking"),
        sa.ForeignKeyConstraint(
            ["version_id"], ["workflow_procedure_version.id"], name="fk_workflow_tracking_version_id"
        ),
    )
    op.create_index("ix_workflow_tracking_version_id", "workflow_tracking", ["version_id"])
    shared_table(op, "workflow_tracking")
    op.execute(PROJECT_TRACKING)
    op.execute(
        "create trigger workflow_project_tracking after insert or update on workflow_case"
        " for each row execute function workflow_project_tracking()"
    )

    _case_part(
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("answers", pg.JSONB(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("at", TZ, nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.UniqueConstraint("case_id", "number", name="uq_workflow_submission_case_id_number"),
        sa.ForeignKeyConstraint(
            ["version_id"], ["workflow_procedure_version.id"], name="fk_workflow_submission_version_id"
        ),
        name="workflow_submission",
    )
    op.create_index("ix_workflow_submission_version_id", "workflow_submission", ["version_id"])
    tenant_table(op, "workflow_submission", officer="SELECT, INSERT")

    _case_part(
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("base_revision", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("actor_id", sa.Uuid()),
        sa.Column("at", TZ, nullable=False),
        sa.Column("visible", sa.Boolean(), nullable=False),
        sa.Column("input", pg.JSONB(), nullable=False),
        sa.Column(
            "law", pg.JSONB(), nullable=False, comment="content hashes of the legal values the step used"
        ),
        sa.UniqueConstraint("case_id", "revision", name="uq_workflow_event_case_id_revision"),
        name="workflow_event",
    )
    tenant_table(op, "workflow_event", officer="SELECT, INSERT")
    op.execute("drop policy workflow_event_tenant on workflow_event")
    op.execute(
        f"create policy workflow_event_tenant on workflow_event to ftz_tenant"
        f" using (party_id = any({PARTIES}) and visible) with check (party_id = any({PARTIES}) and visible)"
    )

    _case_part(
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("started_at", TZ, nullable=False),
        sa.Column("ended_at", TZ),
        sa.CheckConstraint("mode in ('RECEPTION', 'RUN', 'PAUSE')", name="ck_workflow_clock_interval_mode"),
        sa.CheckConstraint("ended_at >= started_at", name="ck_workflow_clock_interval_order"),
        name="workflow_clock_interval",
    )
    op.create_index(
        "uq_workflow_clock_interval_open", "workflow_clock_interval", ["case_id"], unique=True,
        postgresql_where=sa.text("ended_at is null"),
    )  # fmt: skip
    op.create_index("ix_workflow_clock_interval_case_id", "workflow_clock_interval", ["case_id"])
    tenant_table(op, "workflow_clock_interval")
    grants(op, "workflow_clock_interval", {"tenant": "UPDATE (ended_at)"})

    _case_part(
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("due_at", TZ, nullable=False),
        sa.Column("fired_at", TZ),
        sa.Column("cancelled_at", TZ),
        name="workflow_timer",
    )
    op.create_index(
        "ix_workflow_timer_due", "workflow_timer", ["due_at"],
        postgresql_where=sa.text("fired_at is null and cancelled_at is null"),
    )  # fmt: skip
    op.create_index("ix_workflow_timer_case_id", "workflow_timer", ["case_id"])
    tenant_table(op, "workflow_timer", worker="SELECT, UPDATE")
    grants(op, "workflow_timer", {"tenant": "UPDATE (cancelled_at, due_at)"})


def downgrade() -> None:
    op.execute("drop trigger workflow_project_tracking on workflow_case")
    for table in ("timer", "clock_interval", "event", "submission", "tracking", "case", "procedure_version"):
        op.drop_table(f"workflow_{table}")
    op.execute("drop sequence workflow_case_number")
    op.execute("drop function workflow_project_tracking()")
    op.execute("drop function workflow_guard_version()")
