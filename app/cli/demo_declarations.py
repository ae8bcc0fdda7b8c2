"""
The fictitious declarations of the demo zone, prepared and handed in as people do it on their screens.

Nothing of what the authority says is made here: the messages wait in the queue until the worker and the simulated
authority run, and move on before the eyes of whoever looks.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import yaml
from sqlalchemy import select

from app.cli.demo_zone import BYEOL, SHELL
from app.core.auth.actors import actor_of
from app.core.auth.models import Party, User
from app.core.auth.service import fold_login
from app.core.db import Database, DbRole, SessionContext
from app.core.kit.actor import Actor
from app.core.kit.time import local_day
from app.customs.declarations import facade as declarations
from app.modules import Platform

STORIES = Path(__file__).parent / "demo_declarations.yaml"
# Each story keeps its key over all installations, so that a second start adds nothing.
NAMESPACE = UUID("0b6f3f3a-98a4-4f0f-8c53-5f0f8f9a3c11")
FIRMS = {"SHELL": SHELL, "BYEOL": BYEOL}
AUTH = SessionContext(DbRole.AUTH)
OFFICER = SessionContext(DbRole.OFFICER)


@dataclass(frozen=True, slots=True)
class Declarant:
    """Who declares, and the firm in whose name."""

    actor: Actor
    party_id: UUID


def hand_in_demo(
    database: Database, platform: Platform, echo: Callable[[str], None], *, now: datetime
) -> None:
    """Hand in what is not there yet and say so; it waits for the worker and the simulated authority."""
    if handed_in := seed_declarations(database, platform, now=now):
        echo(f"demo zone: {handed_in} fictitious declarations wait to be sent")


def seed_declarations(database: Database, platform: Platform, *, now: datetime) -> int:
    """Hand in the declarations that are not there yet; return how many."""
    told = yaml.safe_load(STORIES.read_text(encoding="utf-8"))
    return sum(_tell(database, platform, told["header"], story, now) for story in told["stories"])


def _tell(
    database: Database, platform: Platform, header: Mapping[str, str], story: Mapping[str, Any], now: datetime
) -> bool:
    key, zone = uuid5(NAMESPACE, story["key"]), platform.zone.tz
    who = _declarant(database, platform, story, now)
    with database.transaction(
        SessionContext(DbRole.TENANT, who.actor.party_ids, who.actor.user_id)
    ) as session:
        if session.get(declarations.Declaration, key) is not None:
            return False
        opening = declarations.Opening(key, who.party_id, story["movement"], story["type"])
        row = declarations.open_declaration(session, opening=opening, actor=who.actor, now=now, zone=zone)
        lines = [_line(each) for each in story["lines"]]
        answers = {**header, **story["header"], **_dates(story, now, zone), "IP4": _total(lines)}
        row = declarations.save_header(
            session, declaration_id=key, version=row.version, answers=answers, actor=who.actor, now=now
        )
        row = declarations.save_lines(
            session, declaration_id=key, version=row.version, lines=lines, actor=who.actor, now=now
        )
        declarations.hand_in(
            session, declaration_id=key, version=row.version, actor=who.actor, now=now, zone=zone
        )
    return True


def _declarant(database: Database, platform: Platform, story: Mapping[str, Any], now: datetime) -> Declarant:
    with database.session(AUTH) as session:
        user_id = session.scalars(select(User.id).where(User.login == fold_login(story["login"]))).one()
        actor = actor_of(session, user_id, book=platform.permissions, at=now)
    if "firm" not in story:
        return Declarant(actor, actor.party_ids[0])
    with database.session(OFFICER) as session:
        party_id = session.scalars(select(Party.id).where(Party.name == FIRMS[story["firm"]])).one()
    return Declarant(actor, party_id)


def _line(story: Mapping[str, str]) -> dict[str, str]:
    value = Decimal(story["quantity"]) * Decimal(story["unit_price"])
    return {**story, "value": f"{value.normalize():f}"}


def _total(lines: list[dict[str, str]]) -> str:
    return f"{sum((Decimal(line['value']) for line in lines), Decimal(0)).normalize():f}"


def _dates(story: Mapping[str, Any], now: datetime, zone: ZoneInfo) -> dict[str, str]:
    day = local_day(now, zone)
    arrived = day - timedelta(days=story["days"])
    return {"IVD": (arrived - timedelta(days=1)).isoformat(), "ARR": arrived.isoformat()}
