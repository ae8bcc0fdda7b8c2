"""Who may sign for an applicant."""

from app.core.auth.clients.scopes import FORMS_SIGN
from app.core.auth.permissions import Permission
from app.core.i18n import N_

SIGN_FORM = "workflow.form.sign"

PERMISSIONS = (
    Permission(
        SIGN_FORM,
        N_("Sign for the enterprise"),
        "Sign the application form of a dossier as a representative of the applicant.",
        frozenset({"ENTERPRISE_ADMIN", "SIGNER"}),
        scopes=frozenset({FORMS_SIGN}),
    ),
)
