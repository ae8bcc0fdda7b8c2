"""
The port to the national investment registry, which gives each project its lifelong code of ten digits.

``HttpRegistry`` speaks the small protocol that ``docs/modules/investment.md`` describes; the real interface is not
published, so an installation replaces this class when it is. The address comes from the settings only, no redirect is
followed and no proxy of the environment is used: nothing that people type can turn it into a request elsewhere.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Protocol
from uuid import UUID

from app.core.kit.outgoing import OutgoingFailed, OutgoingRefused, configured, fetch
from app.core.settings import Settings

TIMEOUT_S = 10.0
LARGEST_ANSWER = 100_000
LONGEST_REASON = 1_000
_CODE = re.compile(r"[0-9]{10}")
_SETTING = "FTZ_INVESTMENT_REGISTRY_URL"


class AnswerState(StrEnum):
    """What the registry says of a request."""

    ISSUED = "ISSUED"
    REFUSED = "REFUSED"
    PENDING = "PENDING"


@dataclass(frozen=True, slots=True)
class CodeQuestion:
    """A request for a code. ``id`` is our own and stays the same however often the request is sent."""

    id: UUID
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """The registry's answer: the code, or why there is none, or that it takes longer."""

    state: AnswerState
    code: str = ""
    reason_code: str = ""
    reason: str = ""


class RegistryDown(RuntimeError):
    """The registry did not answer as it should; later it may. ``code`` is short and names no person."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class NationalRegistry(Protocol):
    """Asks for project codes."""

    def ask(self, question: CodeQuestion) -> Answer:
        """
        Send a request, or the same one again, and return how it stands.

        :raises RegistryDown: try again later.
        """


class RegistryMissing:
    """No registry is set up: every request waits until one is."""

    def ask(self, question: CodeQuestion) -> Answer:
        """Refuse to answer; see ``NationalRegistry``."""
        raise RegistryDown("no-registry")


class HttpRegistry:
    """
    The registry by HTTP and JSON.

    :param url: ``https://host/path`` before ``/v1/…``, from the settings.
    :param token: bearer token, empty for none.
    :raises ValueError: the address cannot be used; it is not repeated, for it may hold a secret.
    """

    def __init__(self, url: str, *, token: str = "", timeout_s: float = TIMEOUT_S) -> None:
        self._url = configured(url, _SETTING)
        self._token = token
        self._timeout_s = timeout_s

    def ask(self, question: CodeQuestion) -> Answer:
        """Put the request at its own address; the registry knows it again by that."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": str(question.id)}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            told = fetch(
                f"{self._url}/v1/project-codes/{question.id}", method="PUT", headers=headers, inside=True,
                body=json.dumps(question.content, ensure_ascii=False).encode(),
                timeout_s=self._timeout_s, max_bytes=LARGEST_ANSWER,
            )  # fmt: skip
        except (OutgoingFailed, OutgoingRefused) as failure:
            raise RegistryDown(str(failure)) from None
        if told.status not in (HTTPStatus.OK, HTTPStatus.ACCEPTED):
            raise RegistryDown(f"http-{told.status}")
        return _read(told.body)


def _read(content: bytes) -> Answer:
    """Read an answer; one that cannot be understood counts as none, for guessing would print a wrong code."""
    try:
        told = json.loads(content)
        answer = Answer(
            AnswerState(told["status"]),
            str(told.get("project_code") or ""),
            str(told.get("reason_code") or "")[:100],
            str(told.get("reason") or "")[:LONGEST_REASON],
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        raise RegistryDown("unreadable") from None
    if answer.state is AnswerState.ISSUED and not _CODE.fullmatch(answer.code):
        raise RegistryDown("bad-code")
    return answer


def registry_of(settings: Settings) -> NationalRegistry:
    """
    Return the registry that this installation has been given; none is made up.

    :raises ValueError: its address cannot be used.
    """
    url, token = settings.investment_registry_url, settings.investment_registry_token
    if url is None or not url.get_secret_value():
        return RegistryMissing()
    return HttpRegistry(url.get_secret_value(), token=token.get_secret_value() if token else "")
