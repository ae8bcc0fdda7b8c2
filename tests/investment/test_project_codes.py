"""The project code: asked after the commit, late, refused, lost, twice; and no certificate without it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select, text

from app.core.db import Database
from app.core.errors import DomainError
from app.core.settings import Settings
from app.investment.clients import (
    Answer,
    AnswerState,
    HttpRegistry,
    RegistryDown,
    RegistryMissing,
    registry_of,
)
from app.investment.models import Certificate
from app.investment.procedures import ProjectCodePending, ProjectCodeRefused
from app.investment.service import project_codes
from app.investment.service.project_codes import CODE_IN_USE, CodeNotRefused
from app.modules import Platform
from app.registry.models import Project
from simulators.investment_registry.server import RegistryServer
from tests.investment.walk import OFFICER, WORKER, Walk, simulator


@pytest.fixture
def walk(ready: Database, platform: Platform) -> Walk:
    return Walk(ready, platform)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RegistryServer]:
    with simulator(tmp_path, token="secret") as running:
        yield running


@pytest.fixture
def registry(server: RegistryServer) -> HttpRegistry:
    return HttpRegistry(f"http://127.0.0.1:{server.server_port}", token="secret", timeout_s=5)


def sign(walk: Walk, case_id: UUID) -> DomainError | None:
    try:
        walk.take(case_id, "leader", "sign")
    except DomainError as refusal:
        return refusal
    return None


def deferred(walk: Walk) -> int:
    with walk.database.session(WORKER) as session:
        query = "select count(*) from procrastinate_jobs where task_name = 'investment.ask_registry'"
        return session.scalar(text(query)) or 0


def test_the_code_comes_from_outside_and_stands_on_project_and_certificate(
    walk: Walk, server: RegistryServer, registry: HttpRegistry
) -> None:
    case_id = walk.approved()
    assert isinstance(sign(walk, case_id), ProjectCodePending)
    answered = walk.ask(case_id, registry)
    assert (answered.state, answered.attempts) == ("RECEIVED", 1)
    assert sign(walk, case_id) is None
    with walk.database.session(OFFICER) as session:
        certificate = session.scalars(select(Certificate).where(Certificate.case_id == case_id)).one()
        project = session.get(Project, certificate.project_id)
    assert project is not None
    assert project.code == answered.code == certificate.content["project_code"]
    [line] = server.book.lines()
    assert "0100-01-012345" not in line[-1], "papers of the investor are not the registry's business"


def test_a_registry_that_takes_its_time_is_asked_again_later(
    walk: Walk, server: RegistryServer, registry: HttpRegistry
) -> None:
    server.book.change({"late_s": 3600})
    case_id = walk.approved()
    first = walk.ask(case_id, registry)
    second = walk.ask(case_id, registry)
    assert (second.state, second.error, second.attempts) == ("WAITING", "", 2)
    assert walk.now < first.next_at < second.next_at
    assert len(server.book.lines()) == 1, "the same request, however often it is sent"
    assert isinstance(sign(walk, case_id), ProjectCodePending)


def test_a_registry_that_is_down_loses_nothing(
    walk: Walk, server: RegistryServer, registry: HttpRegistry
) -> None:
    server.book.change({"down": True})
    case_id = walk.approved()
    assert walk.ask(case_id, registry).error == "http-503"
    server.book.change({"down": False})
    assert walk.ask(case_id, registry).state == "RECEIVED"


def test_an_answer_that_was_lost_on_the_way_is_the_same_the_second_time(
    walk: Walk, server: RegistryServer, registry: HttpRegistry
) -> None:
    server.book.change({"lose_next": 1})
    case_id = walk.approved()
    lost = walk.ask(case_id, registry)
    assert (lost.state, lost.error) == ("WAITING", "RemoteDisconnected")
    received = walk.ask(case_id, registry)
    assert received.code == server.book.lines()[0][2]


def test_a_second_code_for_the_same_request_changes_nothing_and_is_on_record(
    walk: Walk, server: RegistryServer, registry: HttpRegistry
) -> None:
    server.book.change({"twice": True})
    case_id = walk.approved()
    first = walk.ask(case_id, registry)
    answers = {first.code}
    for code in ("9999999998", "9999999999"):
        with walk.database.transaction(OFFICER) as session:
            answer = Answer(AnswerState.ISSUED, code)
            project_codes.take_answer(session, request_id=first.id, answer=answer, now=walk.now)
        answers.add(walk.requests(case_id)[-1].code)
    assert answers == {first.code}
    assert registry_contradictions(walk) == 2
    assert walk.ask(case_id, registry).code == first.code, "an answered request is not sent again"


def registry_contradictions(walk: Walk) -> int:
    with walk.database.session(WORKER) as session:
        query = "select count(*) from evidence_entry where tag = 'investment:project-code:contradict'"
        return session.scalar(text(query)) or 0


def test_a_refusal_is_mended_and_asked_again_as_another_request(
    walk: Walk, server: RegistryServer, registry: HttpRegistry
) -> None:
    server.book.change({"refuse": "Tên dự án trùng với dự án đã đăng ký."})
    case_id = walk.approved()
    refused = walk.ask(case_id, registry)
    assert (refused.state, refused.reason) == ("REFUSED", "Tên dự án trùng với dự án đã đăng ký.")
    refusal = sign(walk, case_id)
    assert isinstance(refusal, ProjectCodeRefused)
    assert refusal.params["reason"] == refused.reason
    server.book.change({"refuse": ""})
    with walk.session("head") as session:
        project_codes.ask_again(
            session, case_id=case_id, remark="Dự án mới.", actor=walk.actor("head"), now=walk.now
        )
    received = walk.ask(case_id, registry)
    assert (received.number, received.state, received.content["remark"]) == (2, "RECEIVED", "Dự án mới.")
    assert sign(walk, case_id) is None
    with walk.session("head") as session, pytest.raises(CodeNotRefused):
        project_codes.ask_again(session, case_id=case_id, remark="?", actor=walk.actor("head"), now=walk.now)


def test_a_draft_that_was_sent_back_and_approved_again_keeps_its_code(
    walk: Walk, registry: HttpRegistry
) -> None:
    case_id = walk.approved()
    code = walk.ask(case_id, registry).code
    walk.steps(case_id, ("head", "send_back"), ("appraiser", "draft_decision"), ("head", "approve"))
    assert [each.code for each in walk.requests(case_id)] == [code]


def test_a_code_of_another_project_is_not_taken(walk: Walk) -> None:
    walk.issued(code="9900000001")
    case_id = walk.approved()
    walk.give_code(case_id, "9900000001")
    assert [(each.state, each.reason_code) for each in walk.requests(case_id)] == [("REFUSED", CODE_IN_USE)]


def test_a_request_whose_job_was_lost_is_found_by_the_scan(walk: Walk) -> None:
    walk.approved()
    assert deferred(walk) == 1
    with walk.database.transaction(OFFICER) as session:
        project_codes.ask_overdue(session, now=walk.now + timedelta(minutes=2))
    assert deferred(walk) == 2
    with walk.database.transaction(OFFICER) as session:
        project_codes.ask_overdue(session, now=walk.now + timedelta(minutes=2))
    assert deferred(walk) == 2


def test_without_a_registry_the_request_waits_and_says_so(walk: Walk) -> None:
    case_id = walk.approved()
    assert walk.ask(case_id, RegistryMissing()).error == "no-registry"
    assert isinstance(sign(walk, case_id), ProjectCodePending)


class TestClient:
    def test_a_wrong_token_is_no_answer(self, server: RegistryServer, walk: Walk) -> None:
        stranger = HttpRegistry(f"http://127.0.0.1:{server.server_port}", token="wrong")
        assert walk.ask(walk.approved(), stranger).error == "http-401"

    @pytest.mark.parametrize("url", ["ftp://host/", "https://user:pw@host/", "host", "file:///etc/passwd"])
    def test_an_address_that_is_none_is_refused_without_repeating_it(self, url: str) -> None:
        with pytest.raises(ValueError, match="FTZ_INVESTMENT_REGISTRY_URL") as refusal:
            registry_of(Settings(investment_registry_url=url))
        assert url == "host" or url not in str(refusal.value)

    @pytest.mark.parametrize(
        "said",
        [
            b"",
            b"[]",
            b'{"status": "ISSUED"}',
            b'{"status": "ISSUED", "project_code": "12"}',
            b'{"status": "?"}',
        ],
    )
    def test_an_answer_that_cannot_be_understood_is_none(self, said: bytes) -> None:
        from app.investment.clients.national_registry import _read  # noqa: PLC0415  the reader alone

        with pytest.raises(RegistryDown):
            _read(said)

    def test_production_asks_the_real_registry_over_tls(self) -> None:
        production = {"env": "production", "demo": False, "public_url": "https://zone.example"}
        with pytest.raises(ValueError, match="INVESTMENT_REGISTRY"):
            Settings(**production, investment_registry_url="http://registry.example")
        with pytest.raises(ValueError, match="INVESTMENT_REGISTRY"):
            Settings(**production, investment_registry_simulated=True)
        assert Settings(**production, investment_registry_url="https://registry.example")
