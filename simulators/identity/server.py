"""The provider behind HTTP."""

import html
import time
from http import HTTPStatus
from http.cookies import SimpleCookie
from http.server import ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode, urlsplit

from simulators.answering import PAGE, Answering
from simulators.identity.people import PEOPLE
from simulators.identity.provider import IdentityProvider

_MAX_BODY = 16_384
_COOKIE = "simulated-identity"


class IdentityServer(ThreadingHTTPServer):
    """Serves one provider."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], provider: IdentityProvider) -> None:
        super().__init__(address, _Handler)
        self.provider = provider


class _Handler(Answering):
    server: IdentityServer

    def do_GET(self) -> None:
        """Answer discovery, keys and the page on which a person says who they are."""
        parts = urlsplit(self.path)
        provider = self.server.provider
        if parts.path == "/" or not self._well():
            self._page("<p>Simulated identity provider. Its people are invented.</p>" + _CONTROLS)
        elif parts.path == "/.well-known/openid-configuration":
            self.json(HTTPStatus.OK, provider.metadata())
        elif parts.path == "/keys":
            self.json(HTTPStatus.OK, provider.keys())
        elif parts.path == "/authorize":
            self._authorize(dict(parse_qsl(parts.query)))
        elif parts.path == "/leave":
            self._leave(dict(parse_qsl(parts.query)))
        else:
            self.json(HTTPStatus.NOT_FOUND, {"error": "not_found"})

    def do_POST(self) -> None:
        """Take a person's choice, exchange a code, or change how the provider behaves."""
        length = min(int(self.headers.get("Content-Length", 0)), _MAX_BODY)
        fields = dict(parse_qsl(self.rfile.read(length).decode(errors="replace"), keep_blank_values=True))
        provider, path = self.server.provider, urlsplit(self.path).path
        if path == "/control":
            self._control(fields)
        elif not self._well():
            return
        elif path == "/token":
            status, told = provider.exchange(self.headers.get("Authorization", ""), fields)
            self.json(HTTPStatus(status), told)
        elif path == "/authorize":
            self._chosen(fields)
        else:
            self.json(HTTPStatus.NOT_FOUND, {"error": "not_found"})

    def _well(self) -> bool:
        """Wait as long as the provider is late; answer for it when it is down."""
        behaviour = self.server.provider.behaviour
        time.sleep(behaviour.late_s)
        if behaviour.down and urlsplit(self.path).path != "/":
            self.json(HTTPStatus.SERVICE_UNAVAILABLE, {"error": "temporarily_unavailable"})
            return False
        return True

    def _authorize(self, asked: dict[str, str]) -> None:
        fault = self.server.provider.fault(asked)
        if fault:
            self._page(f"<p>The request is not right: {html.escape(fault)}</p>", status=400)
            return
        known = self.server.provider.known(self._session(), asked)
        if known is not None:
            self._go_back(asked, {"code": self.server.provider.grant(asked, *known)})
            return
        hidden = "".join(
            f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
            for name, value in asked.items()
        )
        people = "".join(
            f'<p><button name="subject" value="{subject}">{html.escape(name)}</button></p>'
            for subject, name in PEOPLE.items()
        )
        refuse = '<p><button name="subject" value="">Từ chối / Cancel</button></p>'
        self._page(
            "<h1>Giả lập định danh điện tử / Simulated identity</h1><p>Người hư cấu; chọn một người. Invented people;"
            f' choose one.</p><form method="post" action="/authorize">{hidden}{people}{refuse}</form>'
        )

    def _chosen(self, fields: dict[str, str]) -> None:
        provider = self.server.provider
        if provider.fault(fields):
            self.json(HTTPStatus.BAD_REQUEST, {"error": "invalid_request"})
            return
        subject = fields.get("subject", "")
        if subject in PEOPLE:
            back, key = {"code": provider.grant(fields, subject)}, provider.remember(subject)
        else:
            back, key = {"error": "access_denied"}, ""
        self._go_back(fields, back, session=key)

    def _go_back(self, asked: dict[str, str], answer: dict[str, str], *, session: str = "") -> None:
        self.send_response(303)
        query = urlencode({"state": asked["state"], **answer})
        self.send_header("Location", f"{self.server.provider.redirect_uri}?{query}")
        if session:
            self.send_header("Set-Cookie", f"{_COOKIE}={session}; Path=/; HttpOnly; SameSite=Lax")
        self.end_headers()

    def _leave(self, asked: dict[str, str]) -> None:
        back = self.server.provider.leave(self._session(), asked)
        if not back:
            self._page("<p>Đã đăng xuất. Signed out.</p>")
            return
        self.send_response(303)
        self.send_header("Location", back)
        self.send_header("Set-Cookie", f"{_COOKIE}=; Path=/; Max-Age=0")
        self.end_headers()

    def _session(self) -> str:
        cookies: SimpleCookie = SimpleCookie(self.headers.get("Cookie", ""))
        return cookies[_COOKIE].value if _COOKIE in cookies else ""

    def _control(self, fields: dict[str, str]) -> None:
        behaviour = self.server.provider.behaviour
        behaviour.down = fields.get("down") == "1"
        behaviour.remembers = fields.get("remembers") == "1"
        behaviour.late_s = min(float(fields.get("late") or 0), 30.0)
        if fields.get("rotate") == "1":
            self.server.provider.rotate()
        self.send_response(303)
        self.send_header("Location", "/")
        self.end_headers()

    def _page(self, body: str, *, status: int = 200) -> None:
        head = '<!doctype html><html lang="vi"><meta charset="utf-8"><title>Simulated identity</title>'
        self.answer(HTTPStatus(status), head + body, PAGE)


_CONTROLS = (
    '<form method="post" action="/control"><label><input type="checkbox" name="down" value="1"> down</label>'
    ' <label><input type="checkbox" name="remembers" value="1"> remembers browsers</label>'
    ' <label>late, seconds <input name="late" value="0"></label>'
    ' <label><input type="checkbox" name="rotate" value="1"> new keys</label> <button>Set</button></form>'
)
