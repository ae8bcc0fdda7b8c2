"""The papers of a dossier as primitives for its pages: components, the form, and the press that makes papers."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.documents.intake import MediaType
from app.core.documents.signing import Trust, load_trust
from app.core.errors import NotFound
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.time import utcnow
from app.core.workflow import procedures
from app.core.workflow.definition import Definition
from app.core.workflow.models import Case
from app.core.workflow.papers.completeness import lacking
from app.core.workflow.papers.components import Slot, may_change, slots
from app.core.workflow.papers.form import has_form
from app.core.workflow.papers.form_signing import form_status
from app.core.workflow.papers.intake import KeptFile
from app.core.workflow.papers.models import Part, SigningMethod
from app.core.workflow.papers.paper_signing import signers_of
from app.core.workflow.papers.permissions import SIGN_FORM
from app.core.workflow.papers.press import Press
from app.core.workflow.papers.representation import allowed_signers
from app.core.workflow.papers.statutory import statutory_form
from app.web.dossier_view import is_others_draft, require_reader
from app.web.kernel import Kernel
from app.web.render import request_translator

COPY_KINDS = {
    "ORIGINAL": N_("original"),
    "COPY": N_("copy"),
    "ELECTRONIC": N_("electronic file"),
}

PARTS = {
    "WHOLE": N_("Original and Vietnamese translation together"),
    "ORIGINAL": N_("Original only"),
    "TRANSLATION": N_("Vietnamese translation only"),
}

PAPER_TITLES = {
    "PAYMENT_RECEIPT": N_("Payment receipt"),
    "RECEIPT": N_("Receipt and appointment"),
    "SUPPLEMENT": N_("Request for a supplement"),
    "NOT_ACCEPTED": N_("Refusal to receive"),
    "REFUSAL": N_("Letter of refusal"),
    "APOLOGY": N_("Apology and new appointment"),
    "FORM": N_("Signed application form"),
    "IRC": N_("Investment registration certificate"),
}


def press_of(request: Request) -> Press:
    """Return the press of this installation."""
    kernel: Kernel = request.app.state.kernel
    return Press(kernel.store, kernel.signing, kernel.zone, kernel.settings.origin)


def with_signers(request: Request, kept: KeptFile) -> KeptFile:
    """Note who signed a received PDF validly."""
    if kept.media_type != MediaType.PDF:
        return kept
    press, now = press_of(request), utcnow()
    pdf = press.store.read(kept.file.sha256)
    return replace(kept, signers=signers_of(pdf, trust=trust_of(request, now), now=now))


def trust_of(request: Request, now: datetime) -> Trust:
    """Return the roots that count in this installation: its own, and those laid into its folder of trust."""
    kernel: Kernel = request.app.state.kernel
    return kernel.signing.trust(now=now).joined(load_trust(kernel.settings.var / "trust"))


def parts_view(request: Request) -> list[tuple[str, str]]:
    """Return what a file may hold of a paper that needs a translation."""
    gettext = request_translator(request).gettext
    return [
        (part.value, gettext(PARTS[part.value])) for part in (Part.WHOLE, Part.ORIGINAL, Part.TRANSLATION)
    ]


def case_of(session: Session, case_id: UUID, actor: Actor) -> tuple[Case, Definition]:
    """
    Read a dossier with its procedure.

    :raises NotFound: no such dossier, it is another party's, or a draft that is not the officer's to see.
    :raises Forbidden: an officer who may not read dossiers.
    """
    require_reader(actor)
    case = session.scalar(select(Case).where(Case.id == case_id))
    if case is None or is_others_draft(case, actor):
        raise NotFound
    return case, procedures.definition_of(session, case.version_id)


def dossier_parts(session: Session, case: Case, definition: Definition, actor: Actor) -> dict[str, Any]:
    """Return what the fragments ``papers/_components.html`` and ``papers/_form.html`` show."""
    return {
        "components": components_view(session, case, definition, actor),
        "form_paper": form_view(session, case, definition, actor),
    }


def component_view(session: Session, case: Case, definition: Definition, found: Slot) -> dict[str, Any]:
    """Return one component for its own page; the signed form fills those that are made from the answers."""
    row = slot_view(found, allowed_signers(session, case, definition))
    by_form = (
        row["from_form"] and not row["files"] and form_status(session, case, definition).state == "signed"
    )
    return {**row, "by_form": by_form}


def components_view(session: Session, case: Case, definition: Definition, actor: Actor) -> dict[str, Any]:
    """Return the components that the dossier asks for, each with its state and files."""
    allowed = allowed_signers(session, case, definition)
    rows = [slot_view(each, allowed) for each in slots(session, case, definition)]
    signed = form_status(session, case, definition).state == "signed" if rows else False
    for row in rows:
        if row["from_form"] and not row["files"]:
            row["state"] = "done" if signed else "todo"
    is_open = may_change(case, definition, actor)
    return {
        "case_id": str(case.id),
        "open": is_open,
        "at_counter": is_open and actor.is_officer,
        "rows": rows,
    }


def slot_view(each: Slot, allowed: Collection[str] | None) -> dict[str, Any]:
    """
    Return one component with its files and what it still lacks.

    :param allowed: names whose signature counts; None for anybody's.
    """
    component, filled = each.component, bool(each.attachments)
    wanting = lacking(each, allowed) if filled and not each.from_form else None
    return {
        "code": component.code,
        "title": component.title,
        "hint": component.hint,
        "mandatory": component.mandatory,
        "wanting": wanting,
        "state": "partly" if wanting else "done" if filled else "todo" if component.mandatory else "optional",
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
                "part": PARTS[file.part.value] if component.translation else "",
                "signers": file.signers,
                "pdf": file.media_type == MediaType.PDF,
            }
            for file in each.attachments
        ],
    }


def form_view(session: Session, case: Case, definition: Definition, actor: Actor) -> Mapping[str, Any] | None:
    """Return where the application form stands; None for a procedure that prints none."""
    if not has_form(definition):
        return None
    status, form = form_status(session, case, definition), statutory_form(definition)
    may = may_change(case, definition, actor)
    is_open = may and not actor.is_officer
    return {
        "case_id": str(case.id),
        "code": form.code,
        "title": form.title,
        "state": status.state,
        "signer": status.form.signer if status.form else "",
        "at": status.form.at if status.form else None,
        "document_id": str(status.form.document_id) if status.form else "",
        "by_hand": status.form is not None and status.form.method == SigningMethod.PAPER,
        "at_counter": may and actor.is_officer,
        "open": is_open,
        "can_sign": is_open and actor.may(SIGN_FORM, case.party_id),
    }
