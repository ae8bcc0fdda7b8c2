"""Tiles that are no shares: counts, times and sums as the JSON tells them and as the board writes them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from bs4 import BeautifulSoup
from starlette.requests import Request

from app.core.kit.money import Money
from app.ioc.api import series_of, tile_out
from app.ioc.module import MODULE
from app.ioc.pages import _spark, _view
from app.web.environment import build_environment
from app.web.render import ShellLinks, render
from app.web.tiles import Figure, Part, Quarter, Scope, Share, Takings, Tally, Tile, Times

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
SCOPE = Scope(Quarter(2026, 4), datetime(2026, 11, 22, 3, tzinfo=UTC), ZONE)
PARTS = (Part("Green", Decimal(7), "/board"), Part("Red", Decimal(2)))
FIGURES: dict[str, tuple[Figure, Figure]] = {
    "COUNT": (Tally(9, PARTS), Tally(4)),
    "TIME": (Times(timedelta(hours=3), 8, 6), Times(timedelta(hours=5), 2, 2)),
    "MONEY": (Takings(Money.of(1_234_000, "VND"), PARTS), Takings(Money.of(234_000, "VND"))),
    "SHARE": (Share(1, 4), Share(1, 2)),
}


def tile(kind: str) -> Tile:
    now, before = FIGURES[kind]
    return Tile(
        "X.1", "Green", "Red", "", lambda _, scope: now if scope.quarter == SCOPE.quarter else before, group="Red"
    )  # fmt: skip


def told(kind: str) -> dict[str, Any]:
    return tile_out(SimpleNamespace(), tile(kind), SCOPE, str).model_dump(mode="json")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "value", "change"),
    [
        ("COUNT", "9", "5"),
        ("TIME", "10800", "-7200"),
        ("MONEY", "1234000", "1000000"),
        ("SHARE", "25.00", "-25.00"),
    ],
)
def test_each_kind_tells_its_value_and_its_change(kind: str, value: str, change: str) -> None:
    out = told(kind)
    assert (out["kind"], out["value"], out["change"]) == (kind, value, change)
    assert (out["group"], out["source"]) == ("Red", None)


def test_parts_and_what_was_counted_are_told() -> None:
    assert [(part["title"], part["number"], part["href"]) for part in told("COUNT")["parts"]] == [
        ("Green", "7", "/board"),
        ("Red", "2", None),
    ]
    assert told("MONEY")["currency"] == "VND"
    assert (told("TIME")["part"], told("TIME")["whole"]) == (6, 8)
    assert told("COUNT")["part"] is None


def test_no_time_is_no_zero() -> None:
    empty = Tile("X.1", "Green", "Red", "", lambda *_: Times(None, 0, 0))
    out = tile_out(SimpleNamespace(), empty, SCOPE, str)  # type: ignore[arg-type]
    assert out.value is None
    assert out.change is None


def test_a_line_of_numbers_reaches_from_nothing_to_the_most() -> None:
    points = _spark(series_of(SimpleNamespace(), tile("COUNT"), SCOPE))  # type: ignore[arg-type]
    assert points is not None
    heights = [Decimal(spot.partition(",")[2]) for spot in points["points"].split()]
    assert min(heights) == 0
    assert all(height >= 0 for height in heights)


@pytest.fixture(scope="module")
def request_in_english() -> Request:
    assert MODULE.templates is not None
    zone = {
        "name": {"vi": "K", "en": "Z"},
        "authority": {"vi": "B", "en": "A"},
        "short": "K",
        "timezone": "Asia/Ho_Chi_Minh",
    }
    state = SimpleNamespace(
        zone=zone, shell=ShellLinks(), templates=build_environment({"ioc": MODULE.templates})
    )
    scope = {"type": "http", "method": "GET", "path": "/board", "query_string": b"", "headers": []}
    return Request({**scope, "app": SimpleNamespace(state=state), "state": {"lang": "en"}})


@pytest.mark.parametrize(
    ("kind", "written", "parts"),
    [
        ("COUNT", "9", ["Green 7", "Red 2"]),
        ("TIME", "3 hr", []),
        ("MONEY", "1,234,000", ["Green 7 VND", "Red 2 VND"]),
        ("SHARE", "25.00 %", []),
    ],
)
def test_the_board_writes_each_in_its_unit(
    request_in_english: Request, kind: str, written: str, parts: list[str]
) -> None:
    view = _view(tile_out(SimpleNamespace(), tile(kind), SCOPE, str), None, spark=None)  # type: ignore[arg-type]
    answer = render(request_in_english, "ioc/_tiles.html", {"groups": {"Red": [view]}, "read_at": SCOPE.now})
    card = BeautifulSoup(bytes(answer.body), "html.parser")
    value = card.select_one(".tile-value")
    assert value is not None
    assert written in value.text
    assert card.select_one("h3") is not None
    assert [" ".join(each.text.split()) for each in card.select(".tile-offices li")] == parts
