"""The map of the zone for programs: GeoJSON as RFC 7946 has it."""

import json
from typing import Annotated

from fastapi import Header, Response

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
