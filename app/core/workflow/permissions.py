"""Who may do what with dossiers. Procedures name these; a module may add its own for a special step."""

from app.core.auth.clients.scopes import DOSSIERS_WRITE
from app.core.auth.permissions import Permission
from app.core.i18n import N_

FILE = "workflow.case.file"
READ = "workflow.case.read"
RECEIVE = "workflow.case.receive"
APPRAISE = "workflow.case.appraise"
REVIEW = "workflow.case.review"
SIGN = "workflow.case.sign"
FILE_SIGNED = "workflow.paper.file"
ADVISE = "workflow.case.advise"
ASSIGN = "workflow.case.assign"

PERMISSIONS = (
    Permission(
        FILE,
        N_("File dossiers"),
        "Prepare, file, complete and withdraw dossiers for the own enterprise.",
        frozenset({"ENTERPRISE_ADMIN", "FILER", "SIGNER"}),
        scopes=frozenset({DOSSIERS_WRITE}),
    ),
    Permission(
        READ,
        N_("Read dossiers"),
        "See the dossiers of all applicants, with their history and papers.",
        frozenset({"INTAKE", "APPRAISER", "HEAD", "LEADER", "AUDITOR"}),
    ),
    Permission(
        RECEIVE,
        N_("Receive dossiers"),
        "Check filed dossiers, receive or refuse them, and return results.",
        frozenset({"INTAKE"}),
    ),
    Permission(
        APPRAISE,
        N_("Appraise dossiers"),
        "Take up received dossiers, appraise them and draft the decision.",
        frozenset({"APPRAISER"}),
    ),
    Permission(
        REVIEW,
        N_("Review drafts"),
        "Approve a drafted decision or send it back.",
        frozenset({"HEAD"}),
    ),
    Permission(
        SIGN,
        N_("Sign results"),
        "Sign and issue a reviewed result for the authority.",
        frozenset({"LEADER"}),
    ),
    Permission(
        FILE_SIGNED,
        N_("File signed papers"),
        "Compare the scan of a result that was signed by hand with its print, and bring it into force.",
        frozenset({"INTAKE", "APPRAISER"}),
    ),
    Permission(
        ADVISE,
        N_("Give opinions"),
        "Answer what the own office is asked about a dossier.",
        frozenset({"CONSULTEE", "APPRAISER", "HEAD"}),
    ),
    Permission(
        ASSIGN,
        N_("Assign dossiers"),
        "Hand open dossiers of a colleague to another one, and note who is away and who stands in.",
        frozenset({"HEAD", "ADMIN"}),
    ),
)
