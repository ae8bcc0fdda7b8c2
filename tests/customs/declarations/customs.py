"""The simulated customs authority for tests: running, with a clock that the test moves, and messages for it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from threading import Thread

from app.core.kit.ids import uuid7
from app.customs.declarations.clients import HttpGateway
from app.customs.declarations.wire import DeclarationMessage, MessageKind, WireLine
from simulators.vnaccs.book import Book
from simulators.vnaccs.office import Office
from simulators.vnaccs.server import CustomsServer

START = 1_795_000_000.0
HEADER: Mapping[str, str] = {
    "CH": "03CC", "MTC": "2", "IMC": "0100233488", "IP2": "CIF", "IP3": "USD", "IP4": "1000",
}  # fmt: skip
LINE = WireLine(
    1, "84798939", "PC-1", "Máy tính xách tay", "KR", quantity=Decimal(10), unit="PCE", unit_price=Decimal(100),
    value=Decimal(1000),
)  # fmt: skip


@dataclass
class Clock:
    """Seconds that grow when the test says so."""

    now: float = START

    def __call__(self) -> float:
        return self.now


@dataclass
class Customs:
    """The authority with its clock, and a client that reaches it."""

    office: Office
    clock: Clock
    gateway: HttpGateway
    server: CustomsServer


@contextmanager
def customs(folder: Path, *, late_s: float = 0.0) -> Iterator[Customs]:
    clock = Clock()
    office = Office(Book(folder / "vnaccs.sqlite"), late_s=late_s, clock=clock)
    server = CustomsServer(("127.0.0.1", 0), office, token="secret")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        yield Customs(office, clock, HttpGateway(url, token="secret", timeout_s=5), server)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def declare(
    reference: str = "TK-2026-000001-7", *, type_code: str = "A11", lines: int = 1
) -> DeclarationMessage:
    return DeclarationMessage(
        str(uuid7()), MessageKind.DECLARE, reference, type_code=type_code, header=HEADER,
        lines=tuple(replace(LINE, number=number) for number in range(1, lines + 1)),
    )  # fmt: skip
