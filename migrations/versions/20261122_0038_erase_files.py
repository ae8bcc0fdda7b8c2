"""Let documents and dossiers tell that their files were erased."""

import sqlalchemy as sa
from alembic import op

from migrations.helpers import grants

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

STATES = "state in ('CURRENT', 'REPLACED', 'WITHDRAWN')"
WITH_ERASED = "state in ('CURRENT', 'REPLACED', 'WITHDRAWN', 'ERASED')"


def upgrade() -> None:
    op.drop_constraint(op.f("ck_documents_document_state"), "documents_document", type_="check")
    op.create_check_constraint(op.f("ck_documents_document_state"), "documents_document", WITH_ERASED)
    op.add_column(
        "workflow_case",
        sa.Column(
            "erased_at", sa.TIMESTAMP(timezone=True), comment="when its personal data and files were erased"
        ),
    )
    grants(op, "documents_document", {"officer": "UPDATE (title)"})
    grants(op, "workflow_component", {"officer": "UPDATE (file_name)"})


def downgrade() -> None:
    op.execute("revoke update (file_name) on workflow_component from ftz_officer")
    op.execute("revoke update (title) on documents_document from ftz_officer")
    op.drop_column("workflow_case", "erased_at")
    op.drop_constraint(op.f("ck_documents_document_state"), "documents_document", type_="check")
    op.create_check_constraint(op.f("ck_documents_document_state"), "documents_document", STATES)
