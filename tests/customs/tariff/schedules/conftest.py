"""Changes of the tariff tell which headings are others now: somebody must be there to be told."""

from collections.abc import Iterator

import pytest

from app.core import outbox
from app.core.outbox import HandlerRegistry


@pytest.fixture(autouse=True)
def _told() -> Iterator[None]:
    with outbox.installed(HandlerRegistry()):
        yield
