"""What the forms of a record share: reading what was typed, taking the step, and showing the form again."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from app.core.errors import Conflict, DomainError, FieldProblem, Invalid, NotFound
from app.core.i18n import formats
from app.core.kit.actor import Actor
from app.registry import service
from app.registry.permissions import MANAGE
from app.registry.queries import EnterpriseCard, enterprise_card
from app.web.forms import text
from app.web.need import Holder
from app.web.render import error_texts, render, request_translator

Keeper = Annotated[Actor, Depends(Holder(MANAGE))]


def attempt(
    session: Session, save: Callable[[], None], problems: Sequence[FieldProblem]
) -> DomainError | None:
    """Take a step; return the refusal, with nothing of the step left."""
    try:
        refuse(problems)
        save()
        session.flush()  # what the database itself refuses is told here, not after the answer
    except (Invalid, Conflict) as refusal:
        session.rollback()
        return refusal
    return None


def refuse(problems: Sequence[FieldProblem]) -> None:
    """Refuse a form with faults."""
    if problems:
        raise service.EnterpriseInvalid(errors=problems)


def card_of(session: Session, enterprise_id: UUID) -> EnterpriseCard:
    """Return the record of an address.

    :raises NotFound: there is none.
    """
    card = enterprise_card(session, enterprise_id)
    if card is None:
        raise NotFound
    return card


def read_given(posted: FormData, *names: str) -> dict[str, str]:
    """Return the named fields as typed, without surrounding space."""
    return {name: text(posted, name).strip() for name in names}


def day_of(
    given: Mapping[str, str], name: str, problems: list[FieldProblem], *, required: bool = True
) -> date | None:
    """Read a day; faults are added to ``problems``."""
    if not given[name]:
        if required:
            problems.append(FieldProblem(name, "required", "Give the day."))
        return None
    try:
        return formats.parse_date(given[name])
    except ValueError as fault:
        problems.append(FieldProblem(name, "date", str(fault)))
        return None


def shown(request: Request, zone: Any, value: Any) -> str:
    """Return a value as a field shows it."""
    if isinstance(value, date):
        return formats.format_date(value, lang=request_translator(request).lang, timezone=zone.tz)
    return "" if value is None else str(value)


def show_form(
    request: Request,
    session: Session,
    template: str,
    view: Mapping[str, Any],
    given: Mapping[str, str],
    card: EnterpriseCard | None,
    refusal: DomainError | None,
    more: Sequence[FieldProblem],
) -> Response:
    """Show a form; after a stale page it carries the present revision, so that saving again is a decision."""
    shown = dict(given)
    stale = isinstance(refusal, service.StaleRecord)
    if stale and card is not None:
        present = enterprise_card(session, card.party_id)
        shown["revision"] = str(present.revision) if present else shown["revision"]
    errors = list(refusal.errors) if refusal else []
    errors += [each for each in more if each not in errors]
    texts = error_texts(request_translator(request), refusal) if refusal and not errors else None
    full = {**view, "given": shown, "problems": errors, "refusal": texts, "stale": stale}
    return render(request, template, full, status=refusal.status if refusal else 200)
