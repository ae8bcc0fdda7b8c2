"""What the simulators share: moods that are kept and changed, and how a caller is answered."""

import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from http.server import ThreadingHTTPServer

import httpx2
import pytest

from simulators import moods
from simulators.answering import Answering


@dataclass(frozen=True, slots=True)
class Temper:
    late_s: float = 0.0
    down: bool = False
    refuse: str = ""

    def __post_init__(self) -> None:
        if self.late_s < 0:
            raise ValueError("A value is out of range.")


@pytest.fixture
def store() -> Iterator[sqlite3.Connection]:
    store = sqlite3.connect(":memory:", isolation_level=None)
    store.executescript(moods.SCHEMA)
    yield store
    store.close()


class TestMood:
    def test_a_book_keeps_the_mood_with_which_it_began(self, store: sqlite3.Connection) -> None:
        moods.begin(store, Temper(late_s=3))
        moods.begin(store, Temper(late_s=9))
        assert moods.kept(store, Temper) == Temper(late_s=3)

    def test_a_trait_that_an_older_book_lacks_has_its_default(self, store: sqlite3.Connection) -> None:
        moods.begin(store, Temper(refuse="no"))
        store.execute("delete from mood where name = 'late_s'")
        assert moods.kept(store, Temper) == Temper(refuse="no")

    def test_what_is_not_named_stays(self) -> None:
        assert moods.changed(Temper(late_s=3, refuse="no"), {"late_s": "4"}) == Temper(late_s=4, refuse="no")

    @pytest.mark.parametrize("wanted", [{"kind": True}, {"late_s": "soon"}, {"late_s": -1}])
    def test_what_does_not_fit_is_refused(self, wanted: dict[str, object]) -> None:
        with pytest.raises(ValueError, match=r"No such trait|soon|out of range"):
            moods.changed(Temper(), wanted)


class Desk(ThreadingHTTPServer):
    """A simulator with nothing but a mood."""

    daemon_threads = True
    mood = Temper()

    def change(self, wanted: dict[str, object]) -> None:
        self.mood = moods.changed(self.mood, wanted)


class Clerk(Answering):
    server: Desk

    def do_GET(self) -> None:
        if self.serves(down=self.server.mood.down, token="secret"):
            self.json(HTTPStatus.OK, {})

    def do_POST(self) -> None:
        self.behave(self.server.change)


@pytest.fixture
def desk() -> Iterator[str]:
    server = Desk(("127.0.0.1", 0), Clerk)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


class TestAnswering:
    def test_only_the_bearer_of_the_token_is_served(self, desk: str) -> None:
        asked = [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer secret"}]
        assert [httpx2.get(desk, headers=each).status_code for each in asked] == [401, 401, 200]

    def test_who_is_down_says_so_to_everybody(self, desk: str) -> None:
        assert httpx2.post(desk, json={"down": True}).status_code == 200
        assert httpx2.get(desk, headers={"Authorization": "Bearer secret"}).status_code == 503

    @pytest.mark.parametrize(
        "sent", [b"[]", b"{", b'{"kind": true}', b'{"late_s": "soon"}', b'{"late_s": []}']
    )
    def test_a_mood_that_does_not_fit_is_refused(self, desk: str, sent: bytes) -> None:
        assert httpx2.post(desk, content=sent).status_code == 400
