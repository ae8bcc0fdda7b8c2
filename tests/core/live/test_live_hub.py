"""Mailboxes: who hears what, what happens when a reader falls behind, and who is put out."""

import asyncio
from uuid import UUID, uuid4

import pytest

from app.core.live import RESYNC, RIGHTS, Hub, Poke, PokeBook, TooManyStreams, all_of, own, quietly
from app.core.workflow.notices import pokes_of

SESSION, PARTY, OTHER = uuid4(), uuid4(), uuid4()
CASE = f"case:{UUID(int=1)}"


def taken(box: object) -> list[str]:
    data = asyncio.run(asyncio.wait_for(box.take(), 1)).decode()  # type: ignore[attr-defined]
    return [line.removeprefix("data: ") for line in data.splitlines() if line.startswith("data: ")]


def test_a_poke_reaches_those_whose_party_it_concerns_and_officers() -> None:
    hub = Hub()
    owner = hub.join(SESSION, frozenset({f"party:{PARTY}", all_of("case", PARTY)}))
    stranger = hub.join(SESSION, frozenset({f"party:{OTHER}", all_of("case", OTHER)}))
    officer = hub.join(SESSION, frozenset({"inbox", all_of("case"), all_of("party")}))
    hub.publish([(1, Poke("inbox")), (2, Poke(CASE, PARTY)), (3, Poke(f"party:{PARTY}", PARTY))])
    assert taken(owner) == [CASE, f"party:{PARTY}"]
    assert taken(officer) == ["inbox", CASE, f"party:{PARTY}"]
    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(stranger.take(), 0.01))


def test_what_is_not_filed_is_heard_by_its_own_party_alone() -> None:
    hub = Hub()
    owner = hub.join(SESSION, frozenset({f"party:{PARTY}", all_of("case", PARTY)}))
    asking = hub.join(SESSION, frozenset({all_of("case", PARTY)}), wanted=frozenset({CASE}))
    stranger = hub.join(SESSION, frozenset({f"party:{OTHER}", all_of("case", OTHER)}))
    officer = hub.join(SESSION, frozenset({"inbox", all_of("case"), all_of("party")}))
    hub.publish([(1, quietly(Poke(CASE, PARTY))), (2, quietly(Poke(f"party:{PARTY}", PARTY)))])
    assert taken(owner) == [CASE, f"party:{PARTY}"]
    assert taken(asking) == [CASE]
    for box in (stranger, officer):
        with pytest.raises(TimeoutError):
            asyncio.run(asyncio.wait_for(box.take(), 0.01))


@pytest.mark.parametrize(("code", "heard"), [("", {"quiet"}), ("HS-1", {"inbox", "case", "party"})])
def test_a_dossier_without_a_code_is_poked_quietly(code: str, heard: set[str]) -> None:
    found = pokes_of({"case_id": str(UUID(int=1)), "code": code}, PARTY)
    assert {each.topic.partition(":")[0] for each in found} == heard


def test_a_persons_own_topic_is_told_without_the_key() -> None:
    hub, person = Hub(), uuid4()
    box = hub.join(SESSION, frozenset({own(person)}))
    hub.publish([(1, Poke(own(person))), (2, Poke(own(uuid4())))])
    assert taken(box) == ["user"]


def test_a_narrowed_stream_hears_only_what_it_asked_for() -> None:
    hub = Hub()
    box = hub.join(SESSION, frozenset({"inbox", all_of("case")}), wanted=frozenset({CASE}))
    hub.publish([(1, Poke("inbox")), (2, Poke(CASE, PARTY)), (3, Poke(f"case:{UUID(int=2)}", PARTY))])
    assert taken(box) == [CASE]


def test_what_waits_is_told_once_and_a_full_mailbox_becomes_a_resync() -> None:
    hub = Hub()
    box = hub.join(SESSION, frozenset({"inbox", all_of("case")}))
    hub.publish([(seq, Poke("inbox")) for seq in range(1, 500)])
    assert taken(box) == ["inbox"]
    hub.publish([(500 + n, Poke(f"case:{UUID(int=n)}")) for n in range(100)])
    assert taken(box) == [RESYNC]
    hub.publish([(700, Poke("inbox"))])
    assert taken(box) == ["inbox"]


def test_a_browser_that_comes_back_gets_what_it_missed() -> None:
    hub = Hub()
    hub.restart([(5, Poke("inbox")), (6, Poke(CASE, PARTY)), (7, Poke(CASE, OTHER))])
    mine = frozenset({all_of("case", PARTY)})
    assert taken(hub.join(SESSION, mine, last_seq=5)) == [CASE]
    assert taken(hub.join(SESSION, mine, last_seq=3)) == [RESYNC], "older than what is remembered"
    assert taken(hub.join(SESSION, mine, last_seq=99)) == [RESYNC], "a number of another history"
    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(hub.join(SESSION, mine, last_seq=7).take(), 0.01))


def test_rights_are_looked_at_and_ended_sessions_put_out() -> None:
    hub, ended, narrowed, unasked = Hub(), uuid4(), uuid4(), uuid4()
    boxes = {each: hub.join(each, frozenset({"inbox"})) for each in (ended, narrowed, unasked)}
    hub.publish([(1, Poke(RIGHTS))])
    assert hub.rights_changed.is_set()
    assert hub.review({ended: None, narrowed: frozenset({"user:x"})}) == 1
    assert boxes[ended].closed
    assert asyncio.run(boxes[ended].take()) == b""
    hub.publish([(2, Poke("inbox"))])
    assert taken(boxes[unasked]) == ["inbox"], "a stream opened during the question keeps its rights"
    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(boxes[narrowed].take(), 0.01))


def test_places_are_bounded_and_given_back() -> None:
    hub = Hub(most=3, most_per_session=2)
    boxes = [hub.join(SESSION, frozenset()) for _ in range(2)]
    with pytest.raises(TooManyStreams):
        hub.join(SESSION, frozenset())
    hub.join(uuid4(), frozenset())
    with pytest.raises(TooManyStreams):
        hub.join(uuid4(), frozenset())
    hub.leave(boxes[0])
    hub.leave(boxes[0])
    assert len(hub) == 2
    hub.join(uuid4(), frozenset({"inbox"}))


def test_a_book_maps_facts_to_pokes() -> None:
    book = PokeBook()
    book.add("a.b.moved", lambda payload, party: [Poke(f"case:{payload['id']}", party)])
    assert book.of("a.b.moved", {"id": 7}, PARTY) == [Poke("case:7", PARTY)]
    assert book.of("a.b.other", {}, None) == []
    assert book.of("auth.rights.changed", {}, None) == [Poke(RIGHTS)]
