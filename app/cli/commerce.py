"""The simulated e-commerce platform of a demo installation: its program, and the key by which it may send."""

import json
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import select

from app.cli.demo_zone import SAIL
from app.cli.setup import opened
from app.cli.supervisor import Program, python
from app.core.auth.clients.models import ApiClient
from app.core.auth.clients.scopes import PARCELS_WRITE
from app.core.auth.clients.service import LIVES, register_client
from app.core.auth.models import Membership, Party, User
from app.core.auth.permissions import CLIENT_MANAGE
from app.core.db import Database, DbRole, SessionContext
from app.core.kit.actor import Actor, ActorKind, Grant
from app.core.kit.ids import uuid7
from app.core.kit.time import utcnow
from app.core.settings import Settings

OPERATOR = SAIL
NAME = "Phần mềm bán hàng mô phỏng"


def simulates_commerce(settings: Settings) -> bool:
    """Tell whether a simulated platform sends parcel data: in the demo zone, unless ``FTZ_COMMERCE=0``."""
    return settings.demo and os.environ.get("FTZ_COMMERCE", "1") != "0"


def commerce_program(settings: Settings) -> Program:
    """Return the simulator as a program; it reads its key from the installation's directory."""
    origin = f"http://127.0.0.1:{settings.port}"
    return Program(
        "commerce",
        python("-m", "simulators.commerce", "--origin", origin, "--key", str(_key_file(settings))),
    )


def enrol(settings: Settings, echo: Callable[[str], None]) -> None:
    """Register the simulator's program for the fictitious operator, unless its key still opens the door."""
    now = utcnow()
    with opened(settings) as database:
        if _opens(database, _key_file(settings), now):
            return
        _keep(_key_file(settings), *_register(database, now))
    echo("demo zone: a program of the simulated e-commerce platform")


def _opens(database: Database, file: Path, now: datetime) -> bool:
    if not file.exists():
        return False
    key = UUID(json.loads(file.read_text(encoding="utf-8"))["client_id"])
    with database.session(SessionContext(DbRole.AUTH)) as session:
        found = session.execute(
            select(ApiClient.expires_at, ApiClient.revoked_at).where(ApiClient.id == key)
        ).one_or_none()
    return found is not None and found.revoked_at is None and found.expires_at > now


def _register(database: Database, now: datetime) -> tuple[UUID, str]:
    with database.session(SessionContext(DbRole.AUTH)) as session:
        user, party_id = session.execute(
            select(User, Membership.party_id)
            .join(Membership, Membership.user_id == User.id)
            .join(Party, Party.id == Membership.party_id)
            .where(Party.name == OPERATOR)
            .limit(1)
        ).one()
    grant = Grant(party_id, frozenset({"ENTERPRISE_ADMIN"}), frozenset({CLIENT_MANAGE}))
    actor = Actor(ActorKind.CUSTOMER, user.id, user.full_name, (grant,))
    key = uuid7()
    with database.transaction(SessionContext(DbRole.TENANT, (party_id,), user.id)) as session:
        secret = register_client(
            session, client_id=key, party_id=party_id, name=NAME, scopes=[PARCELS_WRITE], lives=LIVES[-1],
            actor=actor, now=now,
        )  # fmt: skip
    assert secret is not None, "the key is new"
    return key, secret


def _keep(file: Path, client_id: UUID, secret: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    content = json.dumps({"client_id": str(client_id), "secret": secret}).encode()
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as target:
        target.write(content)


def _key_file(settings: Settings) -> Path:
    return settings.var / "simulators" / "commerce.json"
