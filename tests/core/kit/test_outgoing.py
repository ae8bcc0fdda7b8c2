"""Addresses from outside lead to the open internet only, however they are written and whatever a name answers."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from app.core.kit import outgoing
from app.core.kit.outgoing import OutgoingFailed, OutgoingRefused, fetch, is_public

PUBLIC = "93.184.215.14"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0",  # noqa: S104  an address to refuse
        "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0",
        "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
        "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::", "2001:0:53aa:64c:0:0:0:0", "::7f00:1", "no address", "",
    ],
)  # fmt: skip
def test_private_addresses_in_all_their_clothes(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", [PUBLIC, "1.1.1.1", "2606:4700:4700::1111", "::ffff:1.1.1.1"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/", "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "//example.org",
        "https://", "https://user:secret@example.org/", "https://user@example.org/", "https://example.org:22/",
        "https://example.org:8443/", "https://example.org:99999/", "https://exa\nmple.org/", "https://example.org/ x",
        "https://[::1", "",
    ],
)  # fmt: skip
def test_addresses_that_are_none_of_ours_are_not_even_resolved(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("asked for the name"))
    with pytest.raises(OutgoingRefused):
        fetch(url)


@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://2130706433/", "https://0x7f.1/",
     "https://localhost/", "https://169.254.169.254/latest/meta-data/"],
)  # fmt: skip
def test_spellings_of_this_machine(url: str) -> None:
    with pytest.raises(OutgoingRefused):
        fetch(url)


def answers(monkeypatch: pytest.MonkeyPatch, *each: list[str]) -> list[int]:
    """Let names resolve to given addresses, one list for each question; return where questions are counted."""
    waiting, asked = list(each), [0]

    def resolve(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        asked[0] += 1
        found = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


def test_one_private_address_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, [PUBLIC, "10.0.0.1"])
    with pytest.raises(OutgoingRefused):
        fetch("https://example.org/")


def test_a_name_that_changes_its_mind_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection goes to the address that was looked at; the name is asked once."""
    asked = answers(monkeypatch, [PUBLIC], ["127.0.0.1"])
    reached: list[tuple[str, int]] = []

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        reached.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(OutgoingFailed):
        fetch("https://example.org/")
    assert (reached, asked) == ([(PUBLIC, 443)], [1])


class Talker(BaseHTTPRequestHandler):
    """Redirects, talks too much or too slowly."""

    def do_GET(self) -> None:
        if self.path.startswith("/to?"):
            self.send_response(302)
            self.send_header("Location", self.path[4:])
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        try:
            if self.path == "/long":
                self.wfile.write(b"x" * 5000)
            while self.path == "/slow":
                self.wfile.write(b"x")
                self.server.stop.wait(0.05)  # type: ignore[attr-defined]
        except OSError:
            return

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture(scope="module")
def talker() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Talker)
    server.stop = threading.Event()  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.stop.set()  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()


def test_what_the_operator_configured_may_be_inside(talker: str) -> None:
    assert fetch(f"{talker}/x", inside=True).status == 200


@pytest.mark.parametrize(
    "target", ["https://127.0.0.1/", "http://example.org/", "/x", "file:///etc/passwd", "https://localhost/"]
)
def test_a_redirect_never_leads_inside(talker: str, target: str) -> None:
    with pytest.raises(OutgoingRefused):
        fetch(f"{talker}/to?{target}", inside=True, redirects=2)


def test_without_leave_a_redirect_is_only_told(talker: str) -> None:
    assert fetch(f"{talker}/to?/x", inside=True).status == 302


def test_too_much_is_not_read(talker: str) -> None:
    with pytest.raises(OutgoingFailed):
        fetch(f"{talker}/long", inside=True, max_bytes=4096)


def test_a_trickle_ends_with_the_time(talker: str) -> None:
    with pytest.raises(OutgoingFailed):
        fetch(f"{talker}/slow", inside=True, timeout_s=0.5)


def test_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    free = socket.socket()
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
    free.close()
    with pytest.raises(OutgoingFailed):
        outgoing.fetch(f"http://127.0.0.1:{port}/", inside=True)
