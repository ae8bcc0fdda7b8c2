"""The papers of a dossier: its components, the applicant's signed form, and the letters of the desk.

Which papers a procedure asks for stands in its definition; how papers are made, signed and kept is the business of
``app.core.documents``. Whoever wires the desk takes ``GUARDS``, ``EFFECTS`` and ``letter_effects`` from here.
"""

from app.core.workflow.papers.completeness import components_complete, missing_components
from app.core.workflow.papers.form_signing import form_signed
from app.core.workflow.papers.letters import LetterKind, issue_letter, letter_effects
from app.core.workflow.papers.permissions import PERMISSIONS
from app.core.workflow.papers.press import Press
from app.core.workflow.papers.signed_on_paper import EFFECTS, signed_scan_kept
from app.core.workflow.step import Guard

GUARDS: dict[str, Guard] = {
    "components_complete": components_complete,
    "form_signed": form_signed,
    "signed_scan_kept": signed_scan_kept,
}
"""Guards that a procedure may name."""

__all__ = [
    "EFFECTS",
    "GUARDS",
    "PERMISSIONS",
    "LetterKind",
    "Press",
    "components_complete",
    "form_signed",
    "issue_letter",
    "letter_effects",
    "missing_components",
]
