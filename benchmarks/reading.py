"""
Reading a dossier through the API, beside the least that could answer the same.

Both run as a web process of their own under the same server, are asked over one kept connection, look up the same
session by the same function, take the same role and parties, and return the dossier with its history. The baseline is
hand-written SQL and JSON on bare psycopg: no validation, no model, no rights, no form, no language.
"""

import http.client
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from sqlalchemy import insert

from app.core.auth.models import LoginSession
from app.core.auth.tokens import new_token, token_hash
from app.core.db import Database, DbRole, SessionContext
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.kit.time import utcnow
from app.core.settings import ROOT
from benchmarks.report import Figure
from benchmarks.world import World

_HOUR = timedelta(hours=1)
AIM = 0.45
# Many short rounds in turns: a machine that others use slows both of a round, so that their ratio stays.
ASKED = 100
WARM_UP = 20
ROUNDS = 16
PORTS = (8793, 8794)


def read(bench: World, database: Database, actor: Actor, case_id: UUID) -> list[Figure]:
    """Measure both in turns; the share is the median of the rounds' own."""
    token = _session(database, actor)
    path = f"/api/v1/dossiers/{case_id}"
    ours, bare = [], []
    with (
        _served(bench, "app.main:create_app", PORTS[0]) as web,
        _served(bench, "benchmarks.bare:create_app", PORTS[1]) as lean,
    ):
        for _ in range(ROUNDS):
            ours.append(_rate(web, path, token))
            bare.append(_rate(lean, path, token))
    rate, base = statistics.median(ours), statistics.median(bare)
    ratio = statistics.median(mine / theirs for mine, theirs in zip(ours, bare, strict=True))
    return [
        Figure(
            "read",
            "dossier through the API",
            rate,
            "1/s",
            base,
            ratio,
            f">= {AIM} of bare psycopg",
            ratio >= AIM,
        )
    ]


def _session(database: Database, actor: Actor) -> str:
    """Open a session as signing in would, without its password."""
    token, now = new_token(), utcnow()
    with database.transaction(SessionContext(DbRole.AUTH)) as session:
        session.execute(
            insert(LoginSession).values(
                id=uuid7(), token_hash=token_hash(token), user_id=actor.user_id, created_at=now, last_seen_at=now,
                idle_for=_HOUR,
                expires_at=now + _HOUR,
            )
        )  # fmt: skip
    return token


@contextmanager
def _served(bench: World, factory: str, port: int) -> Iterator[http.client.HTTPConnection]:
    env = {**os.environ, "FTZ_VAR": str(bench.settings.var), "FTZ_PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", factory, "--factory", "--port", str(port), "--no-access-log"],
        cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield _connection(port, process)
    finally:
        process.terminate()
        process.wait(15)


def _connection(port: int, process: subprocess.Popen[bytes]) -> http.client.HTTPConnection:
    for _ in range(600):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.connect()
            return connection
        except OSError:
            if process.poll() is not None:
                raise RuntimeError(f"the process on port {port} did not start") from None
            time.sleep(0.1)
    raise RuntimeError(f"nobody answers on port {port}")


def _rate(connection: http.client.HTTPConnection, path: str, token: str) -> float:
    headers = {"Cookie": f"__Host-ftz-session={token}", "Accept": "application/json"}
    start = 0.0
    connection.close()  # the server has hung up while the other one was measured; the next request dials again
    for number in range(WARM_UP + ASKED):
        if number == WARM_UP:
            start = time.perf_counter()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body
    return ASKED / (time.perf_counter() - start)
