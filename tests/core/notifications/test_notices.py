"""From a moved dossier to a letter in a simulated network, and who may read what."""

import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text

from app.core.auth.models import Party, User
from app.core.db import Database, DbRole, SessionContext
from app.core.jobs import JobRegistry, Run
from app.core.kit.actor import SYSTEM, Actor, ActorKind, Grant
from app.core.notifications import (
    DELIVER,
    DELIVERY_ATTEMPTS,
    Audience,
    Channel,
    ChannelDown,
    EmailChannel,
    GatewayChannel,
    Kind,
    KindBook,
    Letter,
    Members,
    Notifier,
    Officers,
    Port,
    UnfitAddress,
    Wishes,
    add_jobs,
    installed,
    mark_read,
    notices,
    notify,
    read_wishes,
    save_wishes,
    unread,
)
from app.core.outbox import HandlerRegistry
from app.core.outbox import installed as handlers_installed
from simulators.messaging.behaviour import Networks
from simulators.messaging.gateway import GatewayServer
from simulators.messaging.mail import MailServer

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
OFFICER, AUTH = SessionContext(DbRole.OFFICER), SessionContext(DbRole.AUTH)
KIND = Kind(
    "test.told", Audience.CUSTOMER, "Something", "Dossier %(code)s", "%(what)s by %(until_at)s",
    "/dossiers/{subject_id}", frozenset({Channel.EMAIL}),
)  # fmt: skip
PARAMS = {"code": "HS-1", "what": {"vi": "việc", "en": "matter"}, "until_at": "2026-12-04T03:00:00+00:00"}


@pytest.fixture
def networks() -> Iterator[tuple[Networks, dict[Channel, Port]]]:
    networks = Networks()
    mail, web = MailServer(("127.0.0.1", 0), networks), GatewayServer(("127.0.0.1", 0), networks)
    for server in (mail, web):
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    base = f"http://127.0.0.1:{web.server_address[1]}"
    yield (
        networks,
        {
            Channel.EMAIL: EmailChannel(
                f"smtp://127.0.0.1:{mail.server_address[1]}", sender="a@zone.example"
            ),
            Channel.SMS: GatewayChannel(f"{base}/sms", timeout_s=2),
            Channel.ZALO: GatewayChannel(f"{base}/zalo", timeout_s=2),
        },
    )
    for server in (mail, web):
        server.shutdown()
        server.server_close()


@pytest.fixture
def sent(networks: tuple[Networks, dict[Channel, Port]]) -> Networks:
    return networks[0]


@pytest.fixture
def notifier(networks: tuple[Networks, dict[Channel, Port]]) -> Iterator[Notifier]:
    kinds = KindBook()
    kinds.add(KIND)
    notifier = Notifier(kinds, networks[1], "https://zone.example", ZoneInfo("Asia/Ho_Chi_Minh"))
    with installed(notifier), handlers_installed(HandlerRegistry()):
        yield notifier


def person(ready: Database, login: str) -> Actor:
    with ready.session(AUTH) as session:
        user = session.scalars(select(User).where(User.login == login)).one()
        grants = session.execute(
            text("select party_id, roles from auth_grant where user_id = :id"), {"id": user.id}
        ).all()
    held = tuple(Grant(row.party_id, frozenset(row.roles)) for row in grants)
    return Actor(ActorKind(user.kind.value), user.id, user.full_name, held)


def context(actor: Actor) -> SessionContext:
    role = DbRole.OFFICER if actor.is_officer else DbRole.TENANT
    return SessionContext(role, () if actor.is_officer else actor.party_ids, actor.user_id)


def tell(ready: Database, reader: Actor, **changed: Any) -> list[UUID]:
    with ready.transaction(OFFICER) as session:
        given = {
            "recipients": [reader.user_id], "kind": KIND.code, "subject": ("case", UUID(int=5)),
            "party_id": reader.party_ids[0], "params": PARAMS, "actor": SYSTEM, "now": NOW, **changed,
        }  # fmt: skip
        return notify(session, **given)


def deliveries(ready: Database) -> list[tuple[str, str, int, str]]:
    with ready.session(SessionContext(DbRole.WORKER)) as session:
        rows = session.execute(
            text("select channel, state, attempts, error from notification_delivery order by channel")
        )
        return [tuple(row) for row in rows]


def run_jobs(ready: Database, *, attempt: int = 1) -> list[str]:
    """Run every queued delivery once, as the worker would; return the failures."""
    jobs, failures = JobRegistry(), []
    add_jobs(jobs)
    with ready.session(SessionContext(DbRole.WORKER)) as session:
        ids = list(session.scalars(text("select id from notification_delivery order by channel")))
    for each in ids:
        run = Run(SYSTEM, OFFICER, ready, NOW, 1, attempt)
        try:
            jobs.jobs[DELIVER].function(run, delivery_id=str(each))
        except ChannelDown as failure:
            failures.append(failure.code)
    return failures


@pytest.fixture
def reader(ready: Database) -> Actor:
    return person(ready, "nop.hoso")


@pytest.fixture
def reachable(ready: Database, reader: Actor) -> None:
    wanted = Wishes({(KIND.code, "SMS"): True}, {"EMAIL": "x@firm.example", "SMS": "091 234 5678"})
    with ready.transaction(AUTH) as session:
        save_wishes(session, wishes=wanted, actor=reader, now=NOW)


def test_a_notice_is_read_by_its_reader_only_and_in_their_language(
    ready: Database, reader: Actor, notifier: Notifier
) -> None:
    stranger, officer = person(ready, "hoshi"), person(ready, "mot.cua")
    assert tell(ready, reader) == [reader.user_id]
    for actor, seen in ((reader, 1), (stranger, 0), (officer, 0)):
        with ready.session(context(actor)) as session:
            assert len(session.execute(text("select 1 from notification")).all()) == seen
            assert len(session.execute(text("select 1 from notification_delivery")).all()) == seen
        assert unread(ready, actor) == seen
    elsewhere = SessionContext(DbRole.TENANT, stranger.party_ids, reader.user_id)
    with ready.session(elsewhere) as session:  # the reader no longer acts for the party
        assert session.execute(text("select 1 from notification")).all() == []
    with ready.session(context(reader)) as session:
        line = notices(session, actor=reader)[0]
    words = {
        lang: notifier.kinds.word(
            line.kind, line.params, subject_id=line.subject_id, lang=lang, timezone=notifier.timezone
        )
        for lang in ("vi", "en")
    }
    assert words["vi"].text == "việc by 04/12/2026\u00a010:00"
    assert words["en"].text == "matter by 04/12/2026\u00a010:00"
    assert words["en"].path == f"/dossiers/{UUID(int=5)}"


def test_reading_is_marked_by_the_reader_alone(ready: Database, reader: Actor, notifier: Notifier) -> None:
    tell(ready, reader)
    with ready.transaction(context(person(ready, "hoshi"))) as session:
        assert mark_read(session, actor=reader, now=NOW) == 0
    with ready.transaction(context(reader)) as session:
        assert mark_read(session, actor=reader, now=NOW) == 1
        assert mark_read(session, actor=reader, now=NOW) == 0
    assert unread(ready, reader) == 0


def test_whoever_caused_it_is_not_told(ready: Database, reader: Actor, notifier: Notifier) -> None:
    assert tell(ready, reader, actor=reader) == []


def test_the_people_of_a_party_and_the_officers_of_a_step(
    ready: Database, reader: Actor, notifier: Notifier
) -> None:
    with ready.session(OFFICER) as session:
        party = session.scalar(select(Party.id).where(Party.id == reader.party_ids[0]))
    assert party is not None
    members = Members(party, frozenset({"ENTERPRISE_ADMIN"}), "workflow")
    assert tell(ready, reader, recipients=[members]) == [reader.user_id]
    assert tell(ready, reader, recipients=[Members(party, frozenset({"SIGNER"}), "workflow")]) == []
    for role, login in (("HEAD", "truong.phong"), ("LEADER", "lanh.dao"), ("INTAKE", "mot.cua")):
        expected = person(ready, login).user_id
        assert tell(ready, reader, recipients=[Officers("INVEST", frozenset({role}))]) == [expected]


def test_letters_go_out_by_the_chosen_channels(
    ready: Database, reader: Actor, notifier: Notifier, sent: Networks, reachable: None
) -> None:
    tell(ready, reader)
    assert deliveries(ready) == [("EMAIL", "QUEUED", 0, ""), ("SMS", "QUEUED", 0, "")]
    assert run_jobs(ready) == []
    assert deliveries(ready) == [("EMAIL", "SENT", 1, ""), ("SMS", "SENT", 1, "")]
    assert run_jobs(ready) == [], "what was sent is not sent again"
    assert [(each["network"], each["to"]) for each in sent.messages()] == [
        ("sms", "+84912345678"),
        ("email", "x@firm.example"),
    ]
    assert sent.messages()[1]["subject"] == "Dossier HS-1"
    assert f"https://zone.example/dossiers/{UUID(int=5)}" in sent.messages()[1]["text"]


def test_a_network_that_is_down_is_tried_again(
    ready: Database, reader: Actor, notifier: Notifier, sent: Networks, reachable: None
) -> None:
    sent.change("email", {"down": True})
    sent.change("sms", {"fail_next": 1})
    tell(ready, reader)
    assert run_jobs(ready) == ["smtp-421", "http-503"]
    assert deliveries(ready) == [("EMAIL", "FAILED", 1, "smtp-421"), ("SMS", "FAILED", 1, "http-503")]
    assert run_jobs(ready, attempt=DELIVERY_ATTEMPTS) == ["smtp-421"]
    assert deliveries(ready) == [("EMAIL", "GIVEN_UP", 2, "smtp-421"), ("SMS", "SENT", 2, "")]


def test_what_a_network_refuses_is_given_up(
    ready: Database, reader: Actor, notifier: Notifier, sent: Networks, reachable: None
) -> None:
    sent.change("email", {"refuse": ["*"]})
    sent.change("sms", {"refuse": ["+84912345678"]})
    tell(ready, reader)
    assert run_jobs(ready) == []
    assert deliveries(ready) == [("EMAIL", "GIVEN_UP", 1, "smtp-550"), ("SMS", "GIVEN_UP", 1, "http-422")]


def test_without_an_address_nothing_is_pretended(ready: Database, reader: Actor, notifier: Notifier) -> None:
    tell(ready, reader)
    run_jobs(ready)
    assert deliveries(ready) == [("EMAIL", "GIVEN_UP", 1, "no-address")]


def test_without_channels_there_is_no_delivery(ready: Database, reader: Actor, notifier: Notifier) -> None:
    with installed(Notifier(notifier.kinds, {}, "", notifier.timezone)):
        tell(ready, reader)
    assert deliveries(ready) == []
    assert unread(ready, reader) == 1


def test_addresses_are_looked_at_all_at_once(ready: Database, reader: Actor) -> None:
    with ready.session(AUTH) as session, pytest.raises(UnfitAddress) as refusal:
        save_wishes(session, wishes=Wishes({}, {"EMAIL": "no address", "SMS": "12"}), actor=reader, now=NOW)
    assert [problem.name for problem in refusal.value.errors] == ["address_email", "address_sms"]
    with ready.session(AUTH) as session:
        assert read_wishes(session, actor=reader) == Wishes({}, {})


@pytest.mark.parametrize("url", ["ftp://x", "file:///etc/passwd", "http://"])
@pytest.mark.parametrize("make", [GatewayChannel, lambda url: EmailChannel(url, sender="a@b")])
def test_other_schemes_are_refused(make: Callable[[str], Port], url: str) -> None:
    with pytest.raises(ValueError, match="must read"):
        make(url)


def test_a_gateway_that_is_not_there_is_down() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    letter = Letter(UUID(int=1), "+84912345678", "s", "t", "vi")
    for channel in (
        GatewayChannel(f"http://127.0.0.1:{port}/sms"),
        EmailChannel(f"smtp://127.0.0.1:{port}", sender="a@b.example"),
    ):
        with pytest.raises(ChannelDown):
            channel.send(letter)
