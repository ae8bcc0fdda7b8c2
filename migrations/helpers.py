"""How a migration declares who may touch a table; the words are those of ``app.core.db.Tenancy``.

These helpers emit plain SQL and never change meaning: a migration that has run must read the same for ever.
"""

from collections.abc import Mapping

from alembic.operations import Operations

PARTIES = "nullif(current_setting('ftz.parties', true), '')::uuid[]"


def grants(op: Operations, name: str, privileges: Mapping[str, str | None]) -> None:
    """Grant table privileges by role short name (``tenant``, ``officer``, ``auth``, ``worker``)."""
    for role, rights in privileges.items():
        if rights:
            op.execute(f"grant {rights} on {name} to ftz_{role}")


def tenant_table(
    op: Operations,
    name: str,
    *,
    tenant: str = "SELECT, INSERT",
    officer: str = "SELECT, INSERT, UPDATE",
    worker: str | None = "SELECT",
    auth: str | None = None,
    column: str = "party_id",
) -> None:
    """
    Put a table under forced row-level security.

    A tenant's policy is an indexed equality on ``column``; officers, the worker and auth come through policies of
    their own, so that no policy ever says "or is an officer" (an OR would lose the index).
    """
    op.execute(f"alter table {name} enable row level security")
    op.execute(f"alter table {name} force row level security")
    rule = f"{column} = any({PARTIES})"
    op.execute(f"create policy {name}_tenant on {name} to ftz_tenant using ({rule}) with check ({rule})")
    for role, rights in (("officer", officer), ("worker", worker), ("auth", auth)):
        if rights:
            op.execute(f"create policy {name}_{role} on {name} to ftz_{role} using (true) with check (true)")
    grants(op, name, {"tenant": tenant, "officer": officer, "worker": worker, "auth": auth})


def shared_table(
    op: Operations,
    name: str,
    *,
    tenant: str = "SELECT",
    officer: str = "SELECT",
    worker: str | None = "SELECT",
    auth: str | None = None,
) -> None:
    """Grant a public reference table to all roles."""
    grants(op, name, {"tenant": tenant, "officer": officer, "worker": worker, "auth": auth})


def system_table(
    op: Operations,
    name: str,
    *,
    tenant: str | None = None,
    officer: str | None = None,
    worker: str | None = None,
    auth: str | None = None,
) -> None:
    """Grant a table of the platform's own services; nothing is granted unless it is named."""
    grants(op, name, {"tenant": tenant, "officer": officer, "worker": worker, "auth": auth})
