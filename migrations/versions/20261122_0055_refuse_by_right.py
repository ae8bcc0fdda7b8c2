"""Let the triggers of declarations refuse as a missing right does: what was sent is nobody's to change."""

import re

from alembic import op

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None

BODIES = ("customs_declaration_official", "customs_revision_keep", "customs_line_keep")


def upgrade() -> None:
    _rewrite("check_violation", "insufficient_privilege")


def downgrade() -> None:
    _rewrite("insufficient_privilege", "check_violation")


def _rewrite(old: str, new: str) -> None:
    for name in BODIES:
        source = op.get_bind().exec_driver_sql(f"select pg_get_functiondef('{name}'::regproc)").scalar_one()
        op.execute(re.sub(old, new, source))
