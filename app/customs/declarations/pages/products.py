"""The firm's catalogue of goods: what it declares again and again, under its own codes."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.errors import FieldProblem, Invalid
from app.core.i18n import localise
from app.core.kit.actor import Actor
from app.core.kit.time import utcnow
from app.customs.declarations.domain.dictionary import line_fields
from app.customs.declarations.pages.access import Declarant
from app.customs.declarations.pages.words import HOME, choices, lang_of
from app.customs.declarations.queries import firms
from app.customs.declarations.queries.products import products_of
from app.customs.declarations.service.products import save_product, withdraw_product
from app.customs.declarations.service.reading import line_plain
from app.web.forms import PostedForm, text
from app.web.render import Crumb, render, request_translator
from app.web.unit import DbSession, router

product_pages = router()
ADDRESS = HOME + "/products"
ASKED = ("own_code", "hs", "description", "unit", "origin", "unit_price")


@product_pages.get(ADDRESS, name="declaration-products", include_in_schema=False)
def list_page(
    request: Request, session: DbSession, actor: Declarant, firm: str = "", q: str = ""
) -> Response:
    """Show the catalogue of one firm, with a form for another product."""
    return _page(request, session, actor, firm=firm, q=q)


@product_pages.post(ADDRESS, include_in_schema=False)
def save(request: Request, session: DbSession, actor: Declarant, posted: PostedForm) -> Response:
    """Enter a product, or change the one of the same code."""
    typed = {name: text(posted, name) for name in (*ASKED, "currency")}
    firm = text(posted, "firm")
    values = {**line_plain(typed, lang=lang_of(request)), "currency": typed["currency"]}
    try:
        found = next((each.id for each in firms.firms_of(session, actor) if str(each.id) == firm), None)
        if found is None:
            raise Invalid(errors=[])
        save_product(session, party_id=found, values=values, actor=actor, now=utcnow())
    except Invalid as refusal:
        session.rollback()
        return _page(request, session, actor, firm=firm, typed=typed, problems=refusal.errors, status=422)
    return RedirectResponse(f"{ADDRESS}?{urlencode({'firm': firm})}", 303)


@product_pages.post(ADDRESS + "/{product_id}/withdraw", include_in_schema=False)
def withdraw(
    request: Request, session: DbSession, actor: Declarant, posted: PostedForm, product_id: UUID
) -> Response:
    """Offer a product no longer."""
    row = withdraw_product(session, product_id=product_id, actor=actor, now=utcnow())
    return RedirectResponse(f"{ADDRESS}?{urlencode({'firm': str(row.party_id)})}", 303)


def _page(
    request: Request, session: Session, actor: Actor, *, firm: str, q: str = "", typed: dict[str, str] | None = None,
    problems: Sequence[FieldProblem] = (), status: int = 200,
) -> Response:  # fmt: skip
    gettext, lang = request_translator(request).gettext, lang_of(request)
    offered = firms.firms_of(session, actor)
    chosen = next((each for each in offered if str(each.id) == firm), offered[0] if offered else None)
    rows = products_of(session, chosen.id, query=q.strip()[:60]) if chosen else []
    fields = line_fields()
    view: dict[str, Any] = {
        "title": gettext("Catalogue of goods"),
        "firms": [(str(each.id), each.name) for each in offered],
        "firm": str(chosen.id) if chosen else "",
        "firm_name": chosen.name if chosen else "",
        "q": q,
        "rows": [
            {
                "id": str(row.id), "own_code": row.own_code, "hs": row.hs, "description": row.description,
                "unit": row.unit, "origin": row.origin, "price": row.last_price, "currency": row.currency,
                "used_at": row.used_at,
            }
            for row in rows
        ],
        "labels": {name: localise(fields[name].label, lang)[0] for name in ASKED},
        "units": choices(fields["unit"], lang),
        "countries": choices(fields["origin"], lang),
        "typed": typed or {},
        "problems": problems,
        "crumbs": [Crumb(gettext("Declarations"), HOME)],
    }  # fmt: skip
    return render(request, "declarations/products.html", view, status=status)
