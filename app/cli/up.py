"""``ftz up``: the whole installation in one terminal."""

import fcntl
import http.client
import os
import shlex
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any

import click

from app.cli.bank_stand_in import (
    bank_port,
    bank_program,
    choose_bank_port,
    point_to_bank,
    simulates_bank,
)
from app.cli.commerce import commerce_program, enrol, simulates_commerce
from app.cli.processes import next_free_port, port_holder, port_is_free
from app.cli.stand_ins import (
    choose_customs_port,
    choose_identity_port,
    choose_registry_port,
    customs_port,
    customs_program,
    identity_port,
    identity_program,
    point_to_customs,
    point_to_identity,
    point_to_registry,
    registry_port,
    registry_program,
    simulates_customs,
    simulates_identity,
    simulates_registry,
)
from app.cli.supervisor import Program, StartFailed, Supervisor, end_leftovers, python
from app.core.db.cluster import ClusterError, for_settings
from app.core.settings import Settings

_READY_S = 60.0
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not bound to

REAL = "accounts, dossiers, deadlines, decisions, documents and the evidence log, on this machine's database"
SIMULATED = (
    "every enterprise, person and site is invented; nothing leaves this machine: e-mail, SMS and Zalo go to a "
    "simulator that only shows them, project codes come from a simulator of the national investment registry, "
    "electronic identity from a simulated provider, all that customs says from a simulator of the customs authority, "
    "slips are paid at a simulated bank, where no money moves, low-value parcels come from a simulated platform"
)


class Busy(ClusterError):
    """Something else stands where this installation wants to start."""


class _Stop(Exception):
    """Somebody asked to stop."""


def programs(settings: Settings) -> tuple[Program, ...]:
    """Return what makes up an installation, in the order in which it is stopped."""
    web = python(
        "-m", "uvicorn", "app.main:create_app", "--factory", "--no-server-header",
        "--host", settings.host, "--port", str(settings.port), "--timeout-graceful-shutdown", "2",
    )  # fmt: skip
    listed: tuple[Program, ...] = (Program("web", web), Program("worker", python("-m", "app.worker")))
    if simulates_registry(settings):
        listed = (*listed, registry_program(settings))
    if simulates_identity(settings):
        listed = (*listed, identity_program(settings))
    if simulates_customs(settings):
        listed = (*listed, customs_program(settings))
    if simulates_commerce(settings):
        listed = (*listed, commerce_program(settings))
    if simulates_bank(settings):
        listed = (*listed, bank_program(settings))
    if not simulates_messages(settings):
        return listed
    first = messaging_port(settings)
    simulator = python("-m", "simulators.messaging", "--smtp-port", str(first), "--http-port", str(first + 1))
    return (*listed, Program("messages", simulator))


def simulates_messages(settings: Settings) -> bool:
    """Tell whether e-mail, SMS and Zalo go to the simulator: in the demo zone, unless a real channel is set."""
    return settings.demo and not (settings.smtp_url or settings.sms_url or settings.zalo_url)


def messaging_port(settings: Settings) -> int:
    """Return the simulator's port for e-mail, ``FTZ_MESSAGING_PORT`` or the one after the web's; HTTP is the next."""
    return int(os.environ.get("FTZ_MESSAGING_PORT", settings.port + 1))


def _choose_messaging_port(settings: Settings) -> None:
    """Settle on two free ports behind the web's own, since another installation may stand on the next ones."""
    for first in range(settings.port + 1, min(settings.port + 100, 65_535)):
        if port_is_free("127.0.0.1", first) and port_is_free("127.0.0.1", first + 1):
            os.environ.setdefault("FTZ_MESSAGING_PORT", str(first))
            return


def point_to_simulator(settings: Settings) -> None:
    """Let the programs that are started from here send to the simulator."""
    if not simulates_messages(settings):
        return
    first = messaging_port(settings)
    for name, url in (
        ("FTZ_SMTP_URL", f"smtp://127.0.0.1:{first}"),
        ("FTZ_SMS_URL", f"http://127.0.0.1:{first + 1}/sms"),
        ("FTZ_ZALO_URL", f"http://127.0.0.1:{first + 1}/zalo"),
    ):
        os.environ[name] = url


@click.command()
def up() -> None:
    """Start everything this installation needs: database, web, worker. Ctrl-C stops it, the data stay."""
    settings = Settings()
    _choose_messaging_port(settings)
    first = messaging_port(settings)
    choose_registry_port(settings, taken=frozenset({first, first + 1}))
    choose_identity_port(settings, taken=frozenset({first, first + 1, registry_port(settings)}))
    taken = {first, first + 1, registry_port(settings), identity_port(settings)}
    choose_customs_port(settings, taken=frozenset(taken))
    choose_bank_port(settings, taken=frozenset({*taken, customs_port(settings)}))
    listed = programs(settings)
    point_to_simulator(settings)
    point_to_registry(settings)
    point_to_identity(settings)
    point_to_customs(settings)
    point_to_bank(settings)
    _run(settings, listed)


def _run(settings: Settings, listed: tuple[Program, ...]) -> None:
    steps = _Steps()
    var = settings.var.resolve()
    with ExitStack() as stack:
        stop = stack.enter_context(_signals())
        try:
            stack.enter_context(_only_one(var, settings))
            if left := end_leftovers(var / "up.json"):
                steps.say(f"{left} processes of an earlier run, which was killed, have been ended")
            _refuse_taken_port(settings)
            if cluster := for_settings(settings):
                stack.callback(cluster.stop)
                steps.begin("Database")
                cluster.ensure()
            steps.begin("Schema, law, procedures and first data")
            _prepare(settings, steps.say)
            if simulates_commerce(settings):
                enrol(settings, steps.say)
            steps.begin("Programs")
            supervisor = Supervisor(listed, record=var / "up.json", echo=stop.echo)
            stack.callback(supervisor.stop)
            stop.calmly()
            _serve(settings, supervisor, stop)
        except _Stop:
            pass
        except StartFailed as failure:
            click.secho(f"\n{failure}", fg="red", err=True)
            raise SystemExit(1) from failure
        finally:
            stop.calmly()
            if stop.asked:
                stop.echo("\nStopping …")
    stop.echo("Stopped; the data are kept.")


def _serve(settings: Settings, supervisor: Supervisor, stop: "_StopRequest") -> None:
    supervisor.start()
    supervisor.wait_until(lambda: stop.asked or _healthy(settings), seconds=_READY_S)
    if not stop.asked:
        _banner(settings, stop.echo)
    while not stop.asked:
        supervisor.tick()


class _Steps:
    """Numbered lines with the time since the start."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    def begin(self, title: str) -> None:
        click.secho(f"[{time.monotonic() - self._since:5.1f} s] {title} …", bold=True)

    def say(self, text: str) -> None:
        click.echo(f"          {text}")


class _StopRequest:
    """Notes a wish to stop: during set-up it interrupts, later the loop sees it."""

    def __init__(self) -> None:
        self.asked = False
        self._interrupts = True

    def calmly(self) -> None:
        self._interrupts = False

    def echo(self, text: str) -> None:
        """Print a line; a terminal that is gone is a wish to stop."""
        try:
            click.echo(text)
        except OSError:
            self.asked = True

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        if self._interrupts:
            self._interrupts = False
            raise _Stop


@contextmanager
def _signals() -> Iterator[_StopRequest]:
    request = _StopRequest()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, request) for number in numbers]
    try:
        yield request
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


@contextmanager
def _only_one(var: Path, settings: Settings) -> Iterator[None]:
    """Hold the instance: a second ``ftz up`` on the same directory is refused."""
    var.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(var / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            beside = shlex.quote(f"{var}-2")
            holder = os.read(descriptor, 200).decode() or "by another process"
            raise Busy(
                f"This installation is already running {holder}.\n"
                "  Stop it with Ctrl-C in its terminal, or start a second one beside it:\n"
                f"  FTZ_PORT={next_free_port(settings.host, settings.port)} FTZ_VAR={beside} make run"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"as process {os.getpid()} at {settings.origin}".encode(), 0)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _refuse_taken_port(settings: Settings) -> None:
    if port_is_free(settings.host, settings.port):
        return
    other = next_free_port(settings.host, settings.port)
    raise Busy(
        f"{settings.host}:{settings.port} cannot be used: {port_holder(settings.port)} has that port, or this "
        f"machine has no such address.\n  Stop that process, or choose another port:  FTZ_PORT={other} make run"
    )


def _prepare(settings: Settings, echo: Callable[[str], None]) -> None:
    prepare = _optional("app.cli.setup", "prepare")
    if prepare is not None:
        prepare(settings, echo)


def _healthy(settings: Settings) -> bool:
    host = _EVERYWHERE.get(settings.host, settings.host)
    connection = http.client.HTTPConnection(host, settings.port, timeout=1)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _banner(settings: Settings, echo: Callable[[str], None]) -> None:
    host = _EVERYWHERE.get(settings.host, settings.host)
    address = settings.public_url or f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"
    echo(click.style(f"\n  The platform is running:  {address}\n", fg="green", bold=True))
    accounts = _optional("app.cli.demo", "accounts") if settings.demo else None
    if accounts is not None:
        echo("  Demo accounts:")
        for login, password, description in accounts(settings):
            echo(f"    {login:<32} {password:<20} {description}")
    for title, text in (("Real:", REAL), ("Simulated:", SIMULATED if settings.demo else "nothing")):
        echo(click.wrap_text(text, 110, f"  {title:<12}", " " * 14))
    if simulates_messages(settings):
        echo(
            f"  Messages:   http://127.0.0.1:{messaging_port(settings) + 1}/ shows what would have been sent"
        )
    if simulates_registry(settings):
        echo(f"  Registry:   http://127.0.0.1:{registry_port(settings)}/ shows who asked for project codes")
    if simulates_customs(settings):
        echo(f"  Customs:    http://127.0.0.1:{customs_port(settings)}/ shows the declarations it has")
    if simulates_bank(settings):
        echo(
            f"  Bank:       http://127.0.0.1:{bank_port(settings)}/ shows accounts, takes payments, has moods"
        )
    echo(
        "  Stop with Ctrl-C; the data stay. `make fresh` forgets them, `make help` says what else there is.\n"
    )


def _optional(module: str, name: str) -> Callable[..., Any] | None:
    """Return a function of a module that this build may not have."""
    if find_spec(module) is None:
        return None
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found
