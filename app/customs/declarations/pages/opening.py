"""Beginning a declaration: which firm, which movement, which type code; and beginning one like an earlier one."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.errors import FieldProblem, Invalid
from app.core.i18n import localise
from app.core.kit.actor import Actor
from app.core.kit.ids import key_of, uuid7
from app.core.kit.time import utcnow
from app.customs.declarations.domain import catalogue
from app.customs.declarations.pages.access import Declarant, visible
from app.customs.declarations.pages.words import HOME, lang_of
from app.customs.declarations.queries import firms
from app.customs.declarations.service import drafting
from app.customs.declarations.service.drafting import Opening
from app.web.forms import PostedForm, needed_key, text, whole
from app.web.render import Crumb, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

opening_pages = router()


@opening_pages.get(HOME + "/new", name="new-declaration", include_in_schema=False)
def new_page(
    request: Request, session: DbSession, actor: Declarant, firm: str = "", movement: str = ""
) -> Response:
    """Ask for the firm and the movement, then for the type code with what each means."""
    typed = {"party_id": firm, "movement": movement, "type_code": ""}
    return _page(request, session, actor, typed)


@opening_pages.post(HOME, include_in_schema=False)
def open_declaration(
    request: Request, session: DbSession, actor: Declarant, zone: CurrentZone, posted: PostedForm
) -> Response:
    """Begin it; the key comes with the page, so a double click begins one."""
    typed = {name: text(posted, name) for name in ("party_id", "movement", "type_code")}
    if typed["movement"] in catalogue.movements() and not typed["type_code"]:
        return _page(request, session, actor, typed)
    problems = [] if key_of(typed["party_id"]) else [_missing_firm()]
    try:
        if problems:
            raise Invalid(errors=problems)
        opening = Opening(
            needed_key(text(posted, "declaration_id")),
            UUID(typed["party_id"]),
            typed["movement"],
            typed["type_code"],
        )
        row = drafting.open_declaration(session, opening=opening, actor=actor, now=utcnow(), zone=zone.tz)
    except Invalid as refusal:
        session.rollback()
        return _page(request, session, actor, typed, problems=refusal.errors, status=422)
    return RedirectResponse(f"{HOME}/{row.id}", 303)


@opening_pages.get(HOME + "/{declaration_id}/type", name="declaration-type", include_in_schema=False)
def type_page(
    request: Request, session: DbSession, actor: Declarant, declaration_id: UUID, movement: str = ""
) -> Response:
    """Show movement and type code of a draft, to choose others."""
    row = visible(session, actor, declaration_id)
    typed = {
        "party_id": str(row.party_id), "movement": movement or row.movement,
        "type_code": row.type_code if movement in ("", row.movement) else "",
    }  # fmt: skip
    return _page(request, session, actor, typed, changing=(row.id, row.version, row.code))


@opening_pages.post(HOME + "/{declaration_id}/type", include_in_schema=False)
def save_type(
    request: Request, session: DbSession, actor: Declarant, posted: PostedForm, declaration_id: UUID
) -> Response:
    """Take another movement or type code."""
    row = visible(session, actor, declaration_id)
    typed = {
        "party_id": str(row.party_id),
        "movement": text(posted, "movement"),
        "type_code": text(posted, "type_code"),
    }
    changing = (row.id, row.version, row.code)
    if typed["movement"] in catalogue.movements() and not typed["type_code"]:
        return _page(request, session, actor, typed, changing=changing)
    version = whole(posted, "version")
    try:
        drafting.change_type(
            session, declaration_id=declaration_id, version=version, movement=typed["movement"],
            type_code=typed["type_code"], actor=actor, now=utcnow(),
        )  # fmt: skip
    except Invalid as refusal:
        session.rollback()
        return _page(request, session, actor, typed, changing=changing, problems=refusal.errors, status=422)
    return RedirectResponse(f"{HOME}/{declaration_id}", 303)


@opening_pages.post(HOME + "/{declaration_id}/copies", include_in_schema=False)
def copy(
    request: Request, session: DbSession, actor: Declarant, zone: CurrentZone, posted: PostedForm, declaration_id: UUID
) -> Response:  # fmt: skip
    """Begin a declaration like this one."""
    row = drafting.copy_declaration(
        session, source_id=declaration_id, declaration_id=needed_key(text(posted, "declaration_id")), actor=actor,
        now=utcnow(), zone=zone.tz,
    )  # fmt: skip
    return RedirectResponse(f"{HOME}/{row.id}?done=copied", 303)


@opening_pages.post(HOME + "/{declaration_id}/discard", include_in_schema=False)
def discard(
    request: Request, session: DbSession, actor: Declarant, posted: PostedForm, declaration_id: UUID
) -> Response:
    """Give a draft up."""
    drafting.discard(session, declaration_id=declaration_id, actor=actor, now=utcnow())
    return RedirectResponse(f"{HOME}/{declaration_id}", 303)


@opening_pages.post(HOME + "/{declaration_id}/rework", include_in_schema=False)
def rework(
    request: Request, session: DbSession, actor: Declarant, posted: PostedForm, declaration_id: UUID
) -> Response:
    """Begin the correction of a refused declaration."""
    drafting.rework(session, declaration_id=declaration_id, actor=actor, now=utcnow())
    return RedirectResponse(f"{HOME}/{declaration_id}", 303)


def _page(
    request: Request, session: Session, actor: Actor, typed: dict[str, str], *,
    changing: tuple[UUID, int, str] | None = None, problems: Sequence[FieldProblem] = (), status: int = 200,
) -> Response:  # fmt: skip
    gettext, lang = request_translator(request).gettext, lang_of(request)
    offered = firms.firms_of(session, actor)
    if not typed["party_id"] and len(offered) == 1:
        typed = {**typed, "party_id": str(offered[0].id)}
    known = typed["movement"] in catalogue.movements()
    usual, other = _types(typed["movement"], lang) if known else ([], [])
    view: dict[str, Any] = {
        "title": gettext("Movement and type code") if changing else gettext("New declaration"),
        "typed": typed,
        "declaration_id": str(changing[0] if changing else uuid7()),
        "version": changing[1] if changing else 0,
        "action": f"{HOME}/{changing[0]}/type" if changing else HOME,
        "again": f"{HOME}/{changing[0]}/type" if changing else f"{HOME}/new",
        "changing": changing is not None,
        "firms": [(str(each.id), each.name) for each in offered],
        "movements": [
            (each.code, localise(each.name, lang)[0], localise(each.about, lang)[0])
            for each in catalogue.movements().values()
        ],
        "known": known,
        "movement_name": localise(catalogue.movements()[typed["movement"]].name, lang)[0] if known else "",
        "usual": usual,
        "other": other,
        "problems": problems,
        "crumbs": [
            Crumb(gettext("Declarations"), HOME),
            *([Crumb(changing[2], f"{HOME}/{changing[0]}")] if changing else []),
        ],
    }
    return render(request, "declarations/new.html", view, status=status)


def _types(movement: str, lang: str) -> tuple[list[tuple[str, str, str]], list[tuple[str, str]]]:
    """Return the usual codes with what they mean for duty, and the others of the same direction."""
    usual, other = [], []
    for each in catalogue.possible(movement):
        name = localise(each.name, lang)[0]
        if movement in each.movements:
            usual.append(
                (each.code, f"{each.code} – {name}", each.direction + _duty(movement, each.direction))
            )
        else:
            other.append((each.code, f"{each.code} – {name}"))
    return usual, other


def _duty(movement: str, direction: str) -> str:
    return "_DUTY" if catalogue.is_dutiable(movement, direction) else "_FREE"


def _missing_firm() -> FieldProblem:
    return FieldProblem("party_id", "missing", drafting.FIRM_MISSING)
