"""
The live stream: from a commit to a thousand browsers.

One web process and one worker run as they do in an installation, on a private database that is dropped afterwards. A
thousand loopback clients hold a stream each; facts are committed one after another, and the time is taken from the
return of the commit to the arrival of the frame at each client. The baseline is a bare asyncio server that writes the
same frame to as many sockets when a byte reaches it: the least that this machine can do.

``python -m benchmarks.live [--clients 1000] [--rounds 30]`` stops by itself.
"""

import argparse
import asyncio
import multiprocessing
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from sqlalchemy import insert, select

from app.cli.setup import prepare
from app.core.auth.models import LoginSession, User
from app.core.auth.tokens import new_token, token_hash
from app.core.db import WEB_LOGINS, Database, DbRole, SessionContext
from app.core.db.cluster import PrivateCluster
from app.core.kit.actor import SYSTEM
from app.core.kit.ids import uuid7
from app.core.kit.time import utcnow
from app.core.outbox import publish
from app.core.settings import ROOT, Settings
from app.core.workflow.events import CaseMoved
from app.modules import compose
from benchmarks.report import Figure, percentile, show

AIM_P99_MS = 500.0
PAUSE_S = 0.25
PATIENCE_S = 10.0
READERS = ("mot.cua", "tham.dinh", "truong.phong", "lanh.dao")
FRAME = b"id: 1234567\ndata: inbox\n\n"


class Client:
    """One browser's stream: notes when a poke of the inbox arrives."""

    def __init__(self) -> None:
        self.arrived: list[float] = []

    async def open(self, port: int, token: str) -> None:
        """Connect and wait for the first bytes of the stream."""
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        self.writer.write(
            f"GET /events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: __Host-ftz-session={token}\r\n\r\n".encode()
        )
        head = await self.reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n")[0]:
            raise RuntimeError(head.split(b"\r\n")[0].decode())
        await self.reader.readuntil(b"retry: 1000")

    async def listen(self) -> None:
        """Take the time of each poke until the connection ends."""
        while data := await self.reader.read(4096):
            now = time.perf_counter()
            self.arrived += [now] * data.count(b"data: inbox")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    show(run(clients=options.clients, rounds=options.rounds))


def run(*, clients: int = 1000, rounds: int = 30) -> list[Figure]:
    """Return the figures of the live stream."""
    clients = _allowed(clients)
    bare = asyncio.run(_baseline(clients, rounds))
    with (
        tempfile.TemporaryDirectory(prefix="ftz-bench-") as folder,
        _installation(Path(folder)) as (site, database),
    ):
        tokens = _sessions(database, clients)
        ours, opened_s, growth_kb = asyncio.run(_measure(site, database, tokens, rounds))
    name = f"live stream, {clients} clients"
    lost = clients * rounds - len(ours)
    p99 = percentile(ours, 0.99)
    return [
        _against(name, "commit to received, p50", percentile(ours, 0.5), percentile(bare, 0.5)),
        _against(name, "commit to received, p99", p99, percentile(bare, 0.99), AIM_P99_MS),
        _against(name, "commit to received, longest", max(ours), max(bare)),
        Figure(name, "frames lost", lost, "count", aim="0", met=lost == 0),
        Figure(name, "time to open all", round(opened_s * 1000), "ms"),
        Figure(name, "memory of a stream", round(growth_kb / clients, 1), "kB"),
    ]


def _against(name: str, metric: str, value: float, baseline: float, aim: float | None = None) -> Figure:
    ratio = round(baseline / value, 2) if value else None
    text, met = (f"<= {aim:.0f} ms", value <= aim) if aim else ("", None)
    return Figure(name, metric, round(value, 1), "ms", round(baseline, 1), ratio, text, met)


def _allowed(clients: int) -> int:
    """Raise the limit of open files as far as it goes, and ask for no more clients than that serves."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    most = hard - 300
    if clients > most:
        print(f"ulimit -n is {hard}: {most} clients instead of {clients}", file=sys.stderr)
    return min(clients, most)


class _Site:
    def __init__(self, port: int, process: "subprocess.Popen[bytes]") -> None:
        self.port = port
        self.process = process

    def memory_kb(self) -> int:
        """Return the resident memory of the web process."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(row.split()[1] for row in status.splitlines() if row.startswith("VmRSS")))


@contextmanager
def _installation(folder: Path) -> Iterator[tuple[_Site, Database]]:
    port = _free_port()
    with PrivateCluster(folder) as cluster:
        cluster.ensure()
        os.environ.update(FTZ_VAR=str(folder), FTZ_PORT=str(port), FTZ_DEMO="1")
        settings = Settings()
        prepare(settings, lambda text: None)
        compose(settings)
        log = (folder / "programs.log").open("wb")
        web = _start(
            log, "uvicorn", "app.main:create_app", "--factory", "--port", str(port), "--log-level", "warning"
        )
        worker = _start(log, "app.worker")
        database = Database(settings.database, logins=WEB_LOGINS, pool_size=2)
        try:
            _wait_for(f"http://127.0.0.1:{port}/healthz")
            time.sleep(3)  # the worker has come up
            yield _Site(port, web), database
        finally:
            database.close()
            for process in (web, worker):
                process.send_signal(signal.SIGTERM)
            for process in (web, worker):
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
            log.close()


def _start(log: object, *module: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", *module], cwd=ROOT, stdout=log, stderr=log)  # type: ignore[call-overload,no-any-return]


def _wait_for(url: str) -> None:
    for _ in range(200):
        try:
            with urllib.request.urlopen(url, timeout=1):  # noqa: S310  our own address
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the web process did not come up")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _sessions(database: Database, count: int) -> list[str]:
    tokens = [new_token() for _ in range(count)]
    now = utcnow()
    with database.transaction(SessionContext(DbRole.AUTH)) as session:
        people = session.scalars(select(User.id).where(User.login.in_(READERS))).all()
        session.execute(
            insert(LoginSession),
            [
                {"id": uuid7(), "token_hash": token_hash(token), "user_id": people[number % len(people)],
                 "created_at": now, "last_seen_at": now, "idle_for": timedelta(hours=1),
                 "expires_at": now + timedelta(hours=1)}
                for number, token in enumerate(tokens)
            ],
        )  # fmt: skip
    return tokens


async def _measure(
    site: _Site, database: Database, tokens: list[str], rounds: int
) -> tuple[list[float], float, int]:
    before, start = site.memory_kb(), time.perf_counter()
    clients = [Client() for _ in tokens]
    pairs = list(zip(clients, tokens, strict=True))
    for first in range(0, len(pairs), 50):
        await asyncio.gather(*(client.open(site.port, token) for client, token in pairs[first : first + 50]))
    opened = time.perf_counter() - start
    tasks = [asyncio.create_task(client.listen()) for client in clients]
    await asyncio.sleep(1)
    growth = site.memory_kb() - before
    latencies: list[float] = []
    for _ in range(rounds):
        for client in clients:
            client.arrived.clear()
        committed = await asyncio.to_thread(_commit, database)
        end = time.perf_counter() + PATIENCE_S
        while time.perf_counter() < end and not all(client.arrived for client in clients):
            await asyncio.sleep(0.005)
        # A frame that overtakes the return of the commit counts as no time at all.
        latencies += [max(0.0, client.arrived[0] - committed) * 1000 for client in clients if client.arrived]
        await asyncio.sleep(PAUSE_S)
    for task in tasks:
        task.cancel()
    for client in clients:
        client.writer.close()
    return latencies, opened, growth


def _commit(database: Database) -> float:
    with database.transaction(SessionContext(DbRole.OFFICER)) as session:
        moved = CaseMoved(uuid4(), "IRC", "HS-1", "accept", "submitted", "accepted", 2)
        publish(session, moved, actor=SYSTEM, at=utcnow())
    return time.perf_counter()


async def _baseline(clients: int, rounds: int) -> list[float]:
    """Fan out from a bare server in a process of its own, woken by a byte."""
    port = _free_port()
    server = multiprocessing.get_context("spawn").Process(target=_bare_server, args=(port,), daemon=True)
    server.start()
    readers: list[Client] = []
    for number in range(clients + 1):
        for _ in range(100):
            try:
                client = Client()
                client.reader, client.writer = await asyncio.open_connection("127.0.0.1", port)
                break
            except OSError:
                await asyncio.sleep(0.1)
        if number:
            readers.append(client)
        else:
            control = client.writer
    tasks = [asyncio.create_task(client.listen()) for client in readers]
    latencies: list[float] = []
    await asyncio.sleep(0.5)
    for _ in range(rounds):
        for client in readers:
            client.arrived.clear()
        sent = time.perf_counter()
        control.write(b"!")
        while not all(client.arrived for client in readers):
            await asyncio.sleep(0.005)
        latencies += [(client.arrived[0] - sent) * 1000 for client in readers]
        await asyncio.sleep(PAUSE_S)
    for task in tasks:
        task.cancel()
    for client in readers:
        client.writer.close()
    server.terminate()
    server.join(5)
    return latencies


def _bare_server(port: int) -> None:
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        while await reader.read(1):
            for each in writers[1:]:
                each.write(FRAME)

    async def run_server() -> None:
        async with await asyncio.start_server(serve, "127.0.0.1", port, backlog=2000) as server:
            await server.serve_forever()

    asyncio.run(run_server())


if __name__ == "__main__":
    main()
