"""The board and its API: the page asks the same functions; what it may show, to whom, in which state."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from app.core.db.cluster import PrivateCluster
from app.core.kit.actor import SYSTEM
from app.core.kit.time import utcnow
from app.core.live import Relay
from app.core.outbox import publish, tail
from app.core.workflow.events import CaseMoved
from app.modules import compose
from tests.conftest import clone, settings_for
from tests.faults.people import OFFICER, House, house_on
from tests.web.test_live_stream import Stream, in_loop

TILES = "/api/v1/ioc/tiles"


@pytest.fixture(scope="module")
def house(cluster: PrivateCluster, ready_template: str, test_var: Path) -> Iterator[House]:
    with clone(cluster, ready_template) as target:
        relay = Relay(target, compose(settings_for(target, test_var)).pokes, tail)
        with house_on(target, test_var) as running:
            relay.start()
            yield running
            relay.stop()


def test_every_module_offers_its_tiles_in_order(house: House) -> None:
    answer = house.person("lanh.dao").get(TILES).json()
    assert [tile["code"] for tile in answer["tiles"]] == [
        *("2.1", "3.1", "3.3", "4.1"),
        *(f"HQ.{number}" for number in range(1, 10)),
    ]
    by_code = {tile["code"]: tile for tile in answer["tiles"]}
    assert by_code["2.1"]["percent"] is None, "nothing over nothing is not 100 %"
    assert by_code["3.1"]["meets_target"] is False
    assert by_code["3.1"]["target_assumed"] is True
    assert by_code["3.1"]["fed_at"] is None


def test_the_rows_say_why(house: House) -> None:
    leader = house.person("lanh.dao")
    rows = leader.get(f"{TILES}/3.1/rows").json()["rows"]
    assert rows
    assert {row["reason"] for row in rows} == {"Chưa nộp trực tuyến được"}
    exported = leader.get("/board/3.1/rows.csv")
    assert exported.headers["content-disposition"].startswith("attachment")
    assert exported.text.count("\r\n") == len(rows) + 1


def test_what_is_no_tile_or_no_quarter_is_refused(house: House) -> None:
    leader = house.person("lanh.dao")
    assert leader.get(f"{TILES}/9.9/series").status_code == 404
    assert leader.get("/board/9.9").status_code == 404
    assert leader.get(f"{TILES}?quarter=2026-13").status_code == 422


def test_a_live_page_asks_for_the_tiles_alone(house: House) -> None:
    leader = house.person("lanh.dao")
    part = leader.get("/board", headers={"HX-Request": "true", "HX-Target": "board-tiles"})
    assert "<html" not in part.text
    assert part.text.count('class="tile') >= 3
    assert "<html" in leader.get("/board").text


def test_customers_see_no_board(house: House) -> None:
    customer = house.person("hoshi")
    assert customer.get("/board").status_code == 403
    assert customer.get(TILES).status_code == 403
    assert customer.get("/api/v1/ioc/stream").status_code == 404


def test_a_moved_dossier_pokes_the_board(house: House) -> None:
    leader = house.person("lanh.dao")

    async def work() -> None:
        async with Stream(house, leader, "/api/v1/ioc/stream") as stream:
            moved = CaseMoved(
                case_id=uuid4(), procedure="IRC", code="HS-1", action="accept", source="FILED",
                target="RECEIVED", national=2,
            )  # fmt: skip

            def write() -> None:
                with house.database.transaction(OFFICER) as session:
                    publish(session, moved, actor=SYSTEM, at=utcnow())

            await asyncio.to_thread(write)
            await stream.until(lambda: bool(stream.topics()))
            assert stream.topics() == ["board"]

    in_loop(house, work)
