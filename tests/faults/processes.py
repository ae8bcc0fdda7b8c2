"""Web and worker as processes of their own, on a database of the test cluster, and people who knock over the wire."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2 as httpx

from app.cli.demo import PASSWORD
from app.core.settings import ROOT, DatabaseTarget

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class WebProcess:
    """One web process; it may be killed and started again at the same address."""

    target: DatabaseTarget
    var: Path
    log: Path
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """Return the address, which is also the origin of its forms."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        env = {
            **os.environ,
            "FTZ_VAR": str(self.var),
            "FTZ_PORT": str(self.port),
            "FTZ_THREADS": "8",
            "FTZ_DATABASE_URL": self.target.conninfo("ftz_web_tenant"),
        }
        command = [
            sys.executable,
            "-m",
            "uvicorn",
            "app.main:create_app",
            "--factory",
            "--port",
            str(self.port),
        ]
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=output, stderr=output)
        for _ in range(200):
            if self.answers():
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError(self.log.read_text())

    def answers(self) -> bool:
        """Tell whether it is well and reaches the database."""
        try:
            return httpx.get(f"{self.url}/healthz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """End it as a power cut would, by its own id."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> None:
        """End it in order."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(15)


@contextmanager
def web_process(target: DatabaseTarget, var: Path, log: Path) -> Iterator[WebProcess]:
    """Have a web process for the length of a block."""
    web = WebProcess(target, var, log)
    try:
        web.start()
        yield web
    finally:
        web.stop()


class Caller:
    """A person over the wire. Cookies are carried by hand: a library keeps ``Secure`` ones from http."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._cookies: dict[str, str] = {}
        self._token = ""
        self._client = httpx.Client(base_url=url, timeout=20)

    def get(self, path: str) -> httpx.Response:
        """Open an address; raises ``httpx.TransportError`` when nobody answers."""
        return self._noted(self._client.get(path, headers={"Cookie": self._jar()}))

    def post(self, path: str, data: Mapping[str, str]) -> httpx.Response:
        """Send a form; raises ``httpx.TransportError`` when nobody answers: it may have been carried out, or not."""
        headers = {"Cookie": self._jar(), "Origin": self.url}
        return self._noted(self._client.post(path, data={"csrf_token": self._token, **data}, headers=headers))

    def sign_in(self, login: str) -> None:
        """Sign in as somebody of the demo zone."""
        self._read_token()
        answer = self.post("/login", {"login_id": login, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        self._read_token()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _read_token(self) -> None:
        found = TOKEN.search(self.get("/procedures").text)
        assert found
        self._token = found[1]

    def _jar(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self._cookies.items())

    def _noted(self, answer: httpx.Response) -> httpx.Response:
        for line in answer.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            self._cookies[name] = value
        return answer
