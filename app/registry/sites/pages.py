"""The map of the zone, open to everybody; the list beside it tells the same without a map."""

from decimal import Decimal
from typing import Any

from fastapi import Request, Response

from app.core.geo import sketch
from app.core.i18n import Translator
from app.registry.sites import queries
from app.registry.sites.domain import FUNCTIONS
from app.registry.sites.queries import SiteView
from app.web.render import Crumb, render, request_translator
from app.web.unit import DbSession, router

pages = router()

MAP = "/zone"


@pages.get(MAP, name="zone", include_in_schema=False)
def zone_page(request: Request, session: DbSession) -> Response:
    """Show where the sites and functional areas lie, from which source, and how large they are."""
    translator = request_translator(request)
    version, found = queries.current_map(session), queries.sites(session)
    shapes = queries.shapes(session)
    used = {area.function for site in found for area in site.areas}
    view = {
        "title": translator.gettext("Map of the zone"),
        "map": {"status": version.status, "as_of": version.as_of, "source": version.source, "hash": version.hash}
        if version
        else None,
        "sites": [_site(site, translator) for site in found],
        "total": {name: sum((getattr(site, name) for site in found), Decimal(0)).normalize() + 0
                  for name in ("announced_ha", "drawn_ha")},
        "legend": [{"code": code.lower(), "name": translator.gettext(name)}
                   for code, name in FUNCTIONS.items() if code in used],
        "sketch": sketch(shapes),
        "crumbs": [Crumb(translator.gettext("Start page"), "/")],
    }  # fmt: skip
    return render(request, "registry/zone.html", view)


def _site(site: SiteView, translator: Translator) -> dict[str, Any]:
    difference = (site.drawn_ha / site.announced_ha - 1) * 100 if site.announced_ha else Decimal(0)
    return {
        "code": site.code,
        "name": site.name,
        "announced_ha": site.announced_ha.normalize() + 0,
        "drawn_ha": site.drawn_ha,
        "difference": difference.quantize(Decimal("0.1")),
        "areas": [
            {"code": area.code, "name": area.name, "style": area.function.lower(), "area_ha": area.area_ha,
             "function": translator.gettext(FUNCTIONS.get(area.function, area.function))}
            for area in site.areas
        ],
    }  # fmt: skip
