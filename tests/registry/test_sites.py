"""The map of the zone: taken in from its file, served as GeoJSON, and asked where a place lies."""

import json
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.auth.models import Party, PartyKind
from app.core.geo import parse_place
from app.core.kit.actor import SYSTEM
from app.core.kit.ids import uuid7
from app.core.settings import ROOT
from app.core.settings.zone import load_zone
from app.registry import facade as registry
from app.registry.domain import Verification
from app.registry.models import Project
from app.registry.sites import queries
from app.registry.sites.domain import FUNCTIONS, AnnouncedSite, MapFile, MapFileFaulty, read_map
from app.registry.sites.models import Area, Site, ZoneMap
from app.registry.sites.service import MapFaulty, load_map
from tests.conftest import NOW

FILE = ROOT / "app/core/settings/zone.geojson"
ANNOUNCED = [AnnouncedSite("A", {"vi": "Khu A", "en": "Site A"}, Decimal(108))]
# About 1.04 km by 1.11 km each, side by side, in one site.
WEST = [[106.80, 20.80], [106.81, 20.80], [106.81, 20.81], [106.80, 20.81], [106.80, 20.80]]
EAST = [[106.81, 20.80], [106.82, 20.80], [106.82, 20.81], [106.81, 20.81], [106.81, 20.80]]
BOTH = [[106.80, 20.80], [106.81, 20.80], [106.82, 20.80], [106.82, 20.81], [106.81, 20.81], [106.80, 20.81],
        [106.80, 20.80]]  # fmt: skip


def area(code: str, ring: Any, function: str = "PRODUCTION", **more: Any) -> dict[str, Any]:
    about = {
        "kind": "AREA",
        "code": code,
        "site": "A",
        "function": function,
        "name": {"vi": code, "en": code},
    }
    return {
        "type": "Feature",
        "properties": about | more,
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def document(*areas: dict[str, Any], **source: Any) -> dict[str, Any]:
    border = {"type": "Polygon", "coordinates": [BOTH]}
    site = {"type": "Feature", "properties": {"kind": "SITE", "code": "A"}, "geometry": border}
    about = {"status": "ILLUSTRATIVE", "as_of": "2026-11-22", "text": {"vi": "vẽ", "en": "drawn"}, **source}
    return {"type": "FeatureCollection", "source": about, "features": [site, *areas]}


def drawn(*areas: dict[str, Any], **source: Any) -> MapFile:
    return read_map(json.dumps(document(*areas, **source)), ["A"])


TWO = (area("A-1", WEST, industries=["VSIC2025:26"]), area("A-2", EAST, "PORT"))


@pytest.fixture
def zone(officer_session: Session) -> Session:
    """A zone of one site, western half for production, eastern half for a port."""
    load_map(officer_session, drawn=drawn(*TWO), announced=ANNOUNCED, actor=SYSTEM, now=NOW)
    return officer_session


class TestFile:
    def test_the_map_of_the_release_fits_the_zone_and_says_that_it_is_illustrative(self) -> None:
        sites = load_zone(ROOT / "app/core/settings/zone.yaml").sites
        found = read_map(FILE.read_text(encoding="utf-8"), [site.code for site in sites])
        assert {site.code for site in found.sites} == {site.code for site in sites}
        assert found.status == "ILLUSTRATIVE"
        assert {each.function for each in found.areas} <= FUNCTIONS.keys()
        assert all(each.industries is None for each in found.areas), (
            "no source says which industries are allowed"
        )

    def test_the_digest_follows_the_content_and_not_its_spelling(self) -> None:
        content = document(*TWO)
        spelled = json.dumps(dict(reversed(content.items())), indent=2)
        assert read_map(spelled, ["A"]).hash == drawn(*TWO).hash
        assert drawn(TWO[0]).hash != drawn(*TWO).hash

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("", "no GeoJSON"),
            ("[]", "no GeoJSON"),
            (json.dumps(document() | {"features": None}), "features"),
            (json.dumps(document(status="GUESSED")), "GUESSED"),
            (json.dumps(document(as_of="yesterday")), "no GeoJSON"),
            (json.dumps(document(area("A-1", WEST, "CASINO"))), "CASINO"),
            (json.dumps(document(area("A-1", WEST, site="B"))), "no site B"),
            (json.dumps(document(*TWO, TWO[0])), "stands twice"),
            (json.dumps(document(area("A-1", WEST[:4]))), "repeat"),
            (json.dumps(document(area("A-1", WEST, industries="all"))), "industries"),
        ],
    )
    def test_a_faulty_file_is_refused_with_what_is_wrong(self, text: str, words: str) -> None:
        with pytest.raises(MapFileFaulty, match=words):
            read_map(text, ["A"])

    def test_all_faults_are_told_at_once(self) -> None:
        with pytest.raises(MapFileFaulty) as caught:
            read_map(
                json.dumps(document(area("A-1", WEST, "CASINO"), area("A-2", EAST, site="B"))), ["A", "C"]
            )
        assert len(caught.value.faults) == 3


class TestLoading:
    def test_the_same_map_again_changes_nothing(self, zone: Session) -> None:
        again = load_map(zone, drawn=drawn(*TWO), announced=ANNOUNCED, actor=SYSTEM, now=NOW)
        assert again is None
        assert zone.scalar(select(func.count()).select_from(ZoneMap)) == 1

    def test_a_new_map_replaces_the_old_one_which_stays(self, zone: Session) -> None:
        load_map(zone, drawn=drawn(TWO[0]), announced=ANNOUNCED, actor=SYSTEM, now=NOW)
        assert [each.code for site in queries.sites(zone) for each in site.areas] == ["A-1"]
        assert zone.scalar(select(func.count()).select_from(Area)) == 3
        states = zone.scalars(select(ZoneMap.replaced_at).order_by(ZoneMap.loaded_at, ZoneMap.id)).all()
        assert states.count(None) == 1

    @pytest.mark.parametrize(
        ("areas", "words"),
        [
            ((area("A-1", BOTH), area("A-2", EAST)), "A-1 and A-2 overlap"),
            ((area("A-1", [[106.79, 20.80], *WEST[1:4], [106.79, 20.80]]),), "A-1 leaves its site"),
        ],
    )
    def test_shapes_that_contradict_each_other_are_refused(
        self, officer_session: Session, areas: tuple[dict[str, Any], ...], words: str
    ) -> None:
        with pytest.raises(MapFaulty) as caught:
            load_map(officer_session, drawn=drawn(*areas), announced=ANNOUNCED, actor=SYSTEM, now=NOW)
        assert words in str(caught.value.params["faults"])

    def test_the_degrees_are_those_of_the_legal_geometry(self, zone: Session) -> None:
        moved = func.ST_HausdorffDistance(func.ST_Transform(Site.geometry_wgs84, 9210), Site.geometry)
        assert zone.scalar(select(func.max(moved))) < 0.001


class TestReading:
    def test_areas_are_measured_on_the_ground(self, zone: Session) -> None:
        (site,) = queries.sites(zone)
        assert site.drawn_ha == pytest.approx(Decimal("231"), abs=2)
        assert [each.code for each in site.areas] == ["A-1", "A-2"]
        assert sum(each.area_ha for each in site.areas) == pytest.approx(site.drawn_ha, abs=Decimal("0.02"))

    def test_a_zone_without_map_has_an_empty_collection(self, officer_session: Session) -> None:
        assert queries.feature_collection(officer_session)["features"] == []
        assert queries.sites(officer_session) == []
        assert queries.position(officer_session, parse_place("20.805, 106.805")) is None

    def test_a_tenant_reads_the_same_map(self, tenant_session: Session) -> None:
        assert queries.feature_collection(tenant_session)["features"] == []


class TestPosition:
    def at(self, zone: Session, text: str) -> queries.Position:
        found = registry.position(zone, parse_place(text))
        assert found is not None
        return found

    def test_a_point_inside_has_site_area_and_distance_to_the_border(self, zone: Session) -> None:
        found = self.at(zone, "20.805, 106.805")
        assert [hit.code for hit in found.sites] == ["A"]
        assert [(hit.code, hit.function, hit.industries) for hit in found.areas] == [
            ("A-1", "PRODUCTION", ("VSIC2025:26",))
        ]
        assert found.area_m2 is None
        assert found.border_m == pytest.approx(Decimal(520), abs=5)

    def test_a_point_outside_has_no_site_but_a_nearest_one(self, zone: Session) -> None:
        found = self.at(zone, "20.805, 106.79")
        assert (found.sites, found.areas, found.nearest_site) == ((), (), "A")
        assert found.border_m == pytest.approx(Decimal(1040), abs=10)

    def test_an_area_across_a_border_is_shared_out(self, zone: Session) -> None:
        found = self.at(zone, "20.802 106.808\n20.804 106.808\n20.804 106.812\n20.802 106.812")
        assert [(hit.code, hit.share) for hit in found.sites] == [("A", Decimal(1))]
        assert sorted(hit.code for hit in found.areas) == ["A-1", "A-2"]
        assert all(hit.share == pytest.approx(Decimal("0.5"), abs=Decimal("0.001")) for hit in found.areas)
        assert found.area_m2 == pytest.approx(Decimal(416 * 221), rel=Decimal("0.01"))

    def test_the_same_place_in_metres_lies_at_the_same_place(self, zone: Session) -> None:
        legal = json.loads(self.at(zone, "20.805, 106.805").legal)["coordinates"]
        found = self.at(zone, f"{legal[1]}; {legal[0]}")
        assert found.border_m == self.at(zone, "20.805, 106.805").border_m

    def test_areas_at_a_place_alone(self, zone: Session) -> None:
        assert [hit.code for hit in registry.areas_at(zone, parse_place("20.805, 106.815"))] == ["A-2"]


class TestOverlap:
    SQUARE = "20.802 106.802\n20.804 106.802\n20.804 106.804\n20.802 106.804"

    @pytest.fixture
    def occupied(self, zone: Session) -> Project:
        """A registered project on the square."""
        party = Party(id=uuid7(), kind=PartyKind.ENTERPRISE, name="Thử", created_at=NOW)
        zone.add(party)
        zone.flush()  # the project refers to its party
        project = Project(
            id=uuid7(), party_id=party.id, code=None, name_vi="Dự án thử", name_en=None, site="A",
            verification=Verification.VERIFIED, takeover_id=None, created_at=NOW,
        )  # fmt: skip
        zone.add(project)
        zone.flush()  # the place refers to its project
        registry.keep_place(zone, project_id=project.id, place=parse_place(self.SQUARE), now=NOW)
        zone.flush()  # the queries below ask the database
        return project

    @pytest.mark.parametrize(
        ("place", "count"),
        [
            ("20.803, 106.803", 1),
            ("20.803 106.803\n20.805 106.803\n20.805 106.805\n20.803 106.805", 1),
            ("20.802 106.804\n20.804 106.804\n20.804 106.806\n20.802 106.806", 0),
            ("20.809, 106.809", 0),
        ],
    )
    def test_only_common_ground_is_an_overlap(
        self, zone: Session, occupied: Project, place: str, count: int
    ) -> None:
        found = registry.position(zone, parse_place(place))
        assert found is not None
        assert found.overlaps == count

    def test_ones_own_project_is_none(self, zone: Session, occupied: Project) -> None:
        found = registry.position(zone, parse_place(self.SQUARE), project_id=occupied.id)
        assert found is not None
        assert found.overlaps == 0
