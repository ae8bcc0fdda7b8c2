"""The map of the zone for programs: GeoJSON as RFC 7946 has it."""

import json
from typing import Annotated, Any

from fastapi import Header, Query, Response

from app.core.errors import FieldProblem, Invalid
from app.core.geo import PlaceFault, parse_place
from app.core.i18n import N_
from app.core.kit.actor import ActorKind
from app.registry.sites import queries
from app.web.unit import CurrentActor, DbSession, router

api = router(prefix="/api/v1", tags=["zone"])
GEOJSON = "application/geo+json"


@api.get(
    "/sites",
    responses={200: {"content": {GEOJSON: {}}, "description": "Sites and functional areas as a FeatureCollection."},
               304: {"description": "The map is the one that the caller has."}},
    response_class=Response,
)  # fmt: skip
def list_sites(
    session: DbSession, actor: CurrentActor, if_none_match: Annotated[str, Header(max_length=200)] = ""
) -> Response:
    """Return the sites and functional areas of the map in use; ``source`` tells where the shapes come from."""
    found = queries.feature_collection(session)
    # What a signed-in person sees is kept by nobody, here as everywhere.
    caching = "no-cache" if actor.kind is ActorKind.ANONYMOUS else "no-store"
    headers = {"ETag": f'"{found["source"]["hash"]}"', "Cache-Control": caching}
    if headers["ETag"] in if_none_match:
        return Response(status_code=304, headers=headers)
    return Response(json.dumps(found, ensure_ascii=False), media_type=GEOJSON, headers=headers)


@api.get(
    "/sites/at",
    response_class=Response,
    responses={200: {"content": {GEOJSON: {}}, "description": "A Feature."}},
)
def what_is_at(
    session: DbSession,
    place: Annotated[
        str, Query(max_length=8000, description="Lines of coordinates, or GeoJSON; degrees or metres.")
    ],
) -> Response:
    """
    Return a place as a Feature in longitude and latitude, with the sites and functional areas that it touches.

    :raises Invalid: the text is no place.
    """
    try:
        given = parse_place(place)
    except PlaceFault as fault:
        reason = N_("This is no place: give one point, or the corners of an area, one a line.")
        raise Invalid(errors=[FieldProblem("place", fault.code, reason)]) from None
    found = queries.position(session, given)
    about: dict[str, Any] = {"sites": [], "areas": [], "nearest": None, "border_m": None, "area_m2": None}
    if found is not None:
        about = {
            "sites": [hit.code for hit in found.sites],
            "areas": [hit.code for hit in found.areas],
            "nearest": found.nearest_site,
            "border_m": int(found.border_m),
            "area_m2": None if found.area_m2 is None else int(found.area_m2),
        }
    feature = {"type": "Feature", "properties": about, "geometry": queries.in_degrees(session, given)}
    return Response(json.dumps(feature), media_type=GEOJSON, headers={"Cache-Control": "no-store"})
