"""The map of the zone for everybody: page, list and GeoJSON."""

import itertools
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from geojson_pydantic import FeatureCollection, Polygon
from starlette.testclient import TestClient

from app.core.settings import DatabaseTarget
from app.main import create_app
from tests.conftest import settings_for


@pytest.fixture
def client(ready_target: DatabaseTarget, test_var: Path) -> Iterator[TestClient]:
    app = create_app(settings_for(ready_target, test_var))
    with TestClient(app, base_url="https://testserver", headers={"Accept-Language": "en"}) as client:
        yield client


def test_another_program_reads_the_geojson(client: TestClient) -> None:
    answer = client.get("/api/v1/sites")
    assert answer.headers["content-type"] == "application/geo+json"
    found = FeatureCollection.model_validate_json(answer.content)
    kinds = [feature.properties["kind"] for feature in found.features if feature.properties]
    assert (kinds.count("SITE"), kinds.count("AREA")) == (3, 12)
    for feature in found.features:
        assert isinstance(feature.geometry, Polygon)
        ring = [(position[0], position[1]) for position in feature.geometry.exterior]
        turn = sum(ax * by - bx * ay for (ax, ay), (bx, by) in itertools.pairwise(ring))
        assert ring[0] == ring[-1]
        assert turn > 0, "RFC 7946: the outer ring runs against the clock"
        assert all(106 < east < 107 and 20 < north < 21 for east, north in ring), "longitude stands first"


def test_who_has_the_map_is_told_so(client: TestClient) -> None:
    first = client.get("/api/v1/sites")
    again = client.get("/api/v1/sites", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = client.get("/api/v1/sites", headers={"If-None-Match": '"another"'})
    assert other.status_code == 200


def test_the_page_says_the_same_without_a_map(client: TestClient) -> None:
    page = BeautifulSoup(client.get("/zone").text, "html.parser")
    features = client.get("/api/v1/sites").json()["features"]
    sites = [each["properties"] for each in features if each["properties"]["kind"] == "SITE"]
    text = page.get_text(" ")
    assert "Illustrative" in text
    assert all(site["name"]["en"] in text for site in sites)
    assert all(f"{Decimal(site['announced_ha']):,}" in text for site in sites)
    assert len(page.select("tbody tr")) == len(features) - len(sites)
    drawing = page.select_one("svg.sketch[role=img]")
    assert drawing is not None
    assert len(drawing.select("path.sketch-site")) == len(sites)
