"""The first load of the tariff: the starter schedule, the treatments and the groups of the release's files.

It happens once, while nothing is recorded, and takes force at once with each row's status, as the first load of the law
does. What a later release brings is a change like any other and needs a change set.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import exists, insert, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from app.core.evidence import Subject, record
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.kit.ranges import Period
from app.customs.tariff.domain.expressions import Expression, Pct, parse
from app.customs.tariff.domain.measures import Kind
from app.customs.tariff.models import (
    TariffGeoGroup,
    TariffGeoGroupMember,
    TariffHeading,
    TariffMeasure,
    TariffScheme,
)
from app.customs.tariff.queries.schedule import folded_words
from app.customs.tariff.service.recording import MeasureWrite, record_measures

FOLDER = Path(__file__).parent.parent / "schedule"
OUT_OF_QUOTA = "OUT_OF_QUOTA"
_ONE_FOR_ALL = (
    ("mfn", Kind.MFN),
    ("export", Kind.EXPORT),
    ("excise", Kind.EXCISE),
    ("environment", Kind.ENVIRONMENT),
    ("safeguard", Kind.SAFEGUARD),
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the first load brought."""

    headings: int
    measures: int


def load_starter(session: Session, *, actor: Actor, now: datetime) -> Loaded | None:
    """Load the files of the release when the tariff is still empty; None when it is not."""
    if session.scalar(select(exists(select(TariffMeasure.id)))):
        return None
    groups, schedule = _file("groups.yaml"), _file("starter.yaml")
    _load_groups(session, groups, now)
    headings = list(_headings(schedule, now))
    session.execute(insert(TariffHeading), headings)
    count = record_measures(session, measures=_measures(schedule), taken=now, change_set_id=None)
    record(
        session, "tariff:schedule:load", subject=Subject("tariff"), actor=actor, at=now,
        facts={"headings": len(headings), "measures": count, "status": schedule["status"]},
    )  # fmt: skip
    return Loaded(len(headings), count)


@cache
def _file(name: str) -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    return loaded


def _load_groups(session: Session, file: Mapping[str, Any], now: datetime) -> None:
    schemes = [{"position": position, "note": None, **each} for position, each in enumerate(file["schemes"])]
    session.execute(insert(TariffScheme), schemes)
    columns = ("code", "title", "status", "note")
    groups = [{name: each.get(name) for name in columns} for each in file["groups"]]
    session.execute(insert(TariffGeoGroup), groups)
    members = [
        {
            "id": uuid7(),
            "group_code": group["code"],
            "country": country,
            "valid": Range(file["from"], None, bounds="[)"),
            "recorded": Range(now, None, bounds="[)"),
            "status": group["status"],
        }
        for group in file["groups"]
        for country in group["members"]
    ]
    session.execute(insert(TariffGeoGroupMember), members)


def _headings(file: Mapping[str, Any], now: datetime) -> Iterator[dict[str, Any]]:
    rows = [(code, title, "") for code, title in file["chapters"].items()]
    for line in file["lines"]:
        rows.append((line["code"], line["title"], line["unit"]))
        rows += [
            (line["code"] + digits, title, line["unit"]) for digits, title in line.get("sublines", {}).items()
        ]
    for code, title, unit in rows:
        yield {
            "id": uuid7(),
            "code": code,
            "title": title,
            "unit": unit,
            "folded": folded_words(code, title),
            "valid": Range(file["from"], None, bounds="[)"),
            "recorded": Range(now, None, bounds="[)"),
            "status": file["status"],
        }


def _measures(file: Mapping[str, Any]) -> Iterator[MeasureWrite]:
    for line in file["lines"]:
        for name, kind in _ONE_FOR_ALL:
            yield from _rows(file, line, kind, line.get(name))
        condition = {"vat_reduction": True} if line.get("vat_reduction") else {}
        yield from _rows(file, line, Kind.VAT, line["vat"], conditions=condition)
        yield from _rows(file, line, Kind.MFN, line.get("out_of_quota"), variant=OUT_OF_QUOTA)
        for scheme, rate in line.get("preferences", {}).items():
            yield from _rows(file, line, Kind.PREFERENCE, rate, scheme=scheme, geo=scheme)
        for country, rate in line.get("anti_dumping", {}).items():
            yield from _rows(file, line, Kind.ANTI_DUMPING, rate, geo=country)


def _rows(
    file: Mapping[str, Any], line: Mapping[str, Any], kind: Kind, rate: object, **place: Any
) -> Iterator[MeasureWrite]:
    if rate is None:
        return
    note = line.get("note", file["note"])
    for start, end, said in (
        rate if isinstance(rate, Sequence) and not isinstance(rate, str) else [(file["from"], None, rate)]
    ):
        for days, instrument in _under(file, kind, Period(start, end)):
            yield MeasureWrite(
                hs8=line["code"], kind=kind, valid=days, expr=_expression(said), status=file["status"],
                instrument=instrument, note=note, **place,
            )  # fmt: skip


def _under(file: Mapping[str, Any], kind: Kind, days: Period) -> Iterable[tuple[Period, str | None]]:
    """Cut days where the instrument that is cited begins to hold; nothing is cited for the days before."""
    cited = file["instruments"].get(kind.value)
    if cited is None:
        return [(days, None)]
    begins: date = cited.get("from", days.start)
    if begins <= days.start:
        return [(days, cited["id"])]
    if days.end is not None and days.end <= begins:
        return [(days, None)]
    return [(Period(days.start, begins), None), (Period(begins, days.end), cited["id"])]


def _expression(said: object) -> Expression:
    return parse(said) if isinstance(said, Mapping) else Pct(Decimal(str(said)))
