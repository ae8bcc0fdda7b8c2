"""What the papers of a dossier still lack: a paper, its translation, a signature on it."""

from collections.abc import Collection

from sqlalchemy.orm import Session

from app.core.errors import DomainError, FieldProblem, Invalid
from app.core.i18n import N_
from app.core.workflow.definition import Definition
from app.core.workflow.models import Case
from app.core.workflow.papers.components import Slot, slots
from app.core.workflow.papers.models import Part, Source
from app.core.workflow.papers.representation import allowed_signers, counts
from app.core.workflow.step import Step


class ComponentsIncomplete(Invalid):
    """Papers are missing; every one is listed."""

    code = "workflow.components-incomplete"
    title = "Papers are missing."


def missing_components(session: Session, case: Case, definition: Definition) -> list[FieldProblem]:
    """
    Return a problem for every paper that is asked for and not there as it has to be; the form is judged by itself.

    A signature counts if it is that of somebody whom the dossier declares; where the form asks for no representation,
    any valid one does.
    """
    allowed = allowed_signers(session, case, definition)
    return [
        problem
        for each in slots(session, case, definition)
        if not each.from_form and (problem := lacking(each, allowed)) is not None
    ]


def lacking(found: Slot, allowed: Collection[str] | None) -> FieldProblem | None:
    """
    Return what a component lacks: the paper, its translation, or a signature that counts.

    :param allowed: names whose signature counts; None for anybody's.
    """
    name, files = f"component-{found.component.code}", found.attachments
    if not files:
        return (
            FieldProblem(name, "missing", N_("This paper is missing.")) if found.component.mandatory else None
        )
    parts = {each.part for each in files}
    if found.component.translation and Part.WHOLE not in parts:
        if Part.TRANSLATION not in parts:
            return FieldProblem(name, "translation-missing", N_("The Vietnamese translation is missing."))
        if Part.ORIGINAL not in parts:
            return FieldProblem(name, "original-missing", N_("The original of the translation is missing."))
    # What the counter scanned was signed by hand, and the officer saw it.
    signed = any(
        each.source is Source.SCAN or any(allowed is None or counts(who, allowed) for who in each.signers)
        for each in files
    )
    if found.component.signed and not signed:
        return FieldProblem(
            name,
            "unsigned",
            N_("No file of this paper carries the signature of a representative of the applicant."),
        )
    return None


def components_complete(step: Step) -> DomainError | None:
    """Refuse a dossier with missing papers, listing all of them."""
    problems = missing_components(step.session, step.case, step.definition)
    return ComponentsIncomplete(errors=problems) if problems else None
