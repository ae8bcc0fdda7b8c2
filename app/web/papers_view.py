"""The papers of a dossier as primitives for its pages: components, the form, and the press that makes papers."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import NotFound
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.workflow import procedures
from app.core.workflow.definition import Definition
from app.core.workflow.models import Case
from app.core.workflow.papers.components import Slot, may_change, slots
from app.core.workflow.papers.form import has_form
from app.core.workflow.papers.form_signing import form_status
from app.core.workflow.papers.permissions import SIGN_FORM
from app.core.workflow.papers.press import Press
from app.core.workflow.papers.statutory import statutory_form
from app.web.dossier_view import require_reader
from app.web.kernel import Kernel

COPY_KINDS = {
    "ORIGINAL": N_("original"),
    "COPY": N_("copy"),
    "ELECTRONIC": N_("electronic file"),
}

PAPER_TITLES = {
    "RECEIPT": N_("Receipt and appointment"),
    "SUPPLEMENT": N_("Request for a supplement"),
    "NOT_ACCEPTED": N_("Refusal to receive"),
    "REFUSAL": N_("Letter of refusal"),
    "APOLOGY": N_("Apology and new appointment"),
    "FORM": N_("Signed application form"),
}


def press_of(request: Request) -> Press:
    """Return the press of this installation."""
    kernel: Kernel = request.app.state.kernel
    return Press(kernel.store, kernel.signing, kernel.zone, kernel.settings.origin)


def case_of(session: Session, case_id: UUID, actor: Actor) -> tuple[Case, Definition]:
    """
    Read a dossier with its procedure.

    :raises NotFound: no such dossier, or it is another party's.
    :raises Forbidden: an officer who may not read dossiers.
    """
    require_reader(actor)
    case = session.scalar(select(Case).where(Case.id == case_id))
    if case is None:
        raise NotFound
    return case, procedures.definition_of(session, case.version_id)


def dossier_parts(session: Session, case: Case, definition: Definition, actor: Actor) -> dict[str, Any]:
    """Return what the fragments ``papers/_components.html`` and ``papers/_form.html`` show."""
    return {
        "components": components_view(session, case, definition, actor),
        "form_paper": form_view(session, case, definition, actor),
    }


def components_view(session: Session, case: Case, definition: Definition, actor: Actor) -> dict[str, Any]:
    """Return the components that the dossier asks for, each with its state and files."""
    rows = [slot_view(each) for each in slots(session, case, definition)]
    signed = form_status(session, case, definition).state == "signed" if rows else False
    for row in rows:
        if row["from_form"] and not row["files"]:
            row["state"] = "done" if signed else "todo"
    return {"case_id": str(case.id), "open": may_change(case, definition, actor), "rows": rows}


def slot_view(each: Slot) -> dict[str, Any]:
    """Return one component with its files."""
    component = each.component
    filled = bool(each.attachments)
    return {
        "code": component.code,
        "title": component.title,
        "hint": component.hint,
        "mandatory": component.mandatory,
        "state": "done" if filled else "todo" if component.mandatory else "optional",
        "from_form": each.from_form,
        "copy_kind": COPY_KINDS[component.copy_kind],
        "signed": component.signed,
        "translation": component.translation,
        "reusable": component.reusable,
        "files": [
            {
                "id": str(file.id),
                "document_id": str(file.document_id),
                "name": file.file_name,
                "size": file.size_bytes,
                "version": file.version,
                "at": file.attached_at,
                "source": file.source.value,
                "reused": file.reused,
            }
            for file in each.attachments
        ],
    }


def form_view(session: Session, case: Case, definition: Definition, actor: Actor) -> Mapping[str, Any] | None:
    """Return where the application form stands; None for a procedure that prints none."""
    if not has_form(definition):
        return None
    status, form = form_status(session, case, definition), statutory_form(definition)
    is_open = may_change(case, definition, actor) and not actor.is_officer
    return {
        "case_id": str(case.id),
        "code": form.code,
        "title": form.title,
        "state": status.state,
        "signer": status.form.signer if status.form else "",
        "at": status.form.at if status.form else None,
        "document_id": str(status.form.document_id) if status.form else "",
        "open": is_open,
        "can_sign": is_open and actor.may(SIGN_FORM, case.party_id),
    }
