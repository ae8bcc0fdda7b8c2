"""A mail server that takes messages and keeps them: enough of RFC 5321 for a well-behaved client."""

import socketserver
import time
from email import message_from_bytes, policy
from email.message import EmailMessage

from simulators.messaging.behaviour import Networks, Taken

LARGEST = 1_000_000
_LONGEST_LINE = 1_000
_IDLE_S = 30


class MailServer(socketserver.ThreadingTCPServer):
    """Listens for mail; ``networks`` decides and keeps."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address: tuple[str, int], networks: Networks) -> None:
        super().__init__(address, _Conversation)
        self.networks = networks


class _Conversation(socketserver.StreamRequestHandler):
    timeout = _IDLE_S

    def handle(self) -> None:
        """Answer one client."""
        assert isinstance(self.server, MailServer)
        networks = self.server.networks
        time.sleep(networks.moods["email"].late_s)
        if networks.moods["email"].down:
            self._say("421 the service is down")
            return
        self._say("220 simulator of a mail server")
        recipients: list[str] = []
        while line := self.rfile.readline(_LONGEST_LINE):
            verb, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
            match verb.upper():
                case "EHLO" | "HELO":
                    self._say(f"250-hello\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE {LARGEST}")
                case "MAIL" | "RSET":
                    recipients.clear()
                    self._say("250 ok")
                case "RCPT":
                    self._recipient(networks, rest, recipients)
                case "DATA" if recipients:
                    self._say("354 go on, end with a single dot")
                    self._keep(networks, recipients)
                case "NOOP":
                    self._say("250 ok")
                case "QUIT":
                    self._say("221 bye")
                    return
                case _:
                    self._say("503 not now")

    def _recipient(self, networks: Networks, rest: str, recipients: list[str]) -> None:
        to = rest.partition("<")[2].partition(">")[0]
        match networks.judge("email", to):
            case "take":
                recipients.append(to)
                self._say("250 ok")
            case "never":
                self._say("550 no such mailbox")
            case _:
                self._say("451 try again later")

    def _keep(self, networks: Networks, recipients: list[str]) -> None:
        lines: list[bytes] = []
        size = 0
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            size += len(line)
            if size <= LARGEST:
                lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        if size > LARGEST:
            self._say("552 too large")
            return
        message = message_from_bytes(b"".join(lines), policy=policy.default)
        assert isinstance(message, EmailMessage)
        body = message.get_body(preferencelist=("plain",))
        text = body.get_content() if body is not None else ""
        for to in recipients:
            networks.take(
                Taken("email", str(message["Message-ID"] or ""), to, str(message["Subject"] or ""), str(text))
            )
        self._say("250 taken")

    def _say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")
