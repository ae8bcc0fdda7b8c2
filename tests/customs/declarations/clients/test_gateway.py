"""The port and the simulated authority behind it: two programs, one published form."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from app.core.kit.ids import uuid7
from app.core.settings import Settings, UnsafeSettings
from app.customs.declarations.clients import (
    GatewayDown,
    GatewayMissing,
    GatewayRefused,
    HttpGateway,
    gateway_of,
)
from app.customs.declarations.service import telling
from app.customs.declarations.wire import (
    DeclarationMessage,
    MessageKind,
    Notice,
    NoticeKind,
    PaidSlip,
    Paper,
    TaxKind,
    WireLine,
    write_declaration,
)
from tests.customs.declarations.customs import LINE, Customs, customs, declare

K = NoticeKind


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[Customs]:
    with customs(tmp_path) as running:
        yield running


def send(authority: Customs, message: DeclarationMessage) -> UUID:
    key = UUID(message.message_id)
    authority.gateway.send(key, write_declaration(message))
    return key


def follow(authority: Customs, message: DeclarationMessage, kind: MessageKind, **content: object) -> None:
    send(
        authority,
        DeclarationMessage(str(uuid7()), kind, message.reference, direction=message.direction, **content),  # type: ignore[arg-type]
    )


def told(authority: Customs, message: DeclarationMessage) -> list[Notice]:
    return list(authority.gateway.notices_of(message.reference, 0).notices)


def kinds(authority: Customs, message: DeclarationMessage) -> list[NoticeKind]:
    return [notice.kind for notice in told(authority, message)]


def pay(authority: Customs, message: DeclarationMessage) -> None:
    [*_, tax] = [notice for notice in told(authority, message) if notice.kind is K.TAX]
    assert tax.total is not None
    slip = PaidSlip(tax.reference_of_payment, tax.total, date(2026, 11, 20), "FT1")
    follow(authority, message, MessageKind.PAYMENT, payment=slip)


def test_green_is_taxed_paid_released_and_cleared(authority: Customs) -> None:
    authority.office.change({"channel": "GREEN"})
    message = declare()
    send(authority, message)
    assert kinds(authority, message) == [K.RECEIVED, K.REGISTERED, K.CHANNEL, K.TAX]
    pay(authority, message)
    assert kinds(authority, message)[4:] == [K.RECEIVED, K.PAYMENT_POSTED, K.RELEASED, K.CLEARED]
    number = told(authority, message)[1].official_number
    assert (len(number), number[0], number[-1]) == (12, "1", "0")


def test_exports_are_numbered_from_three(authority: Customs) -> None:
    message = replace(declare(type_code="B11"), direction="EXPORT")
    send(authority, message)
    assert told(authority, message)[1].official_number.startswith("3")


def test_red_wants_papers_and_looks_at_the_goods(authority: Customs) -> None:
    authority.office.change({"channel": "RED"})
    message = declare()
    send(authority, message)
    assert kinds(authority, message)[-1] is K.PAPERS_WANTED
    follow(authority, message, MessageKind.DOCUMENTS, papers=(Paper("INVOICE", "INV-1"),))
    assert kinds(authority, message)[4:] == [
        K.RECEIVED, K.PAPERS_CHECKED, K.GOODS_CHECK, K.GOODS_CHECKED, K.TAX,
    ]  # fmt: skip


def test_a_question_waits_for_its_answer(authority: Customs) -> None:
    authority.office.change({"channel": "YELLOW", "ask": "Hàng mới hay đã qua sử dụng?"})
    message = declare()
    send(authority, message)
    follow(authority, message, MessageKind.DOCUMENTS, papers=(Paper("INVOICE"),))
    question = told(authority, message)[-1]
    assert (question.kind, question.text) == (K.QUESTION, "Hàng mới hay đã qua sử dụng?")
    follow(authority, message, MessageKind.ANSWER, text="Hàng mới", answers=question.id)
    assert kinds(authority, message)[-2:] == [K.PAPERS_CHECKED, K.TAX]


def test_a_refusal_names_rule_field_article_and_remedy(authority: Customs) -> None:
    message = replace(
        declare(), lines=(replace(LINE, hs="77000000", description=" "), replace(LINE, number=2))
    )
    send(authority, message)
    refusal = told(authority, message)[-1]
    assert refusal.kind is K.REFUSED
    assert [(fault.rule, fault.field, fault.line) for fault in refusal.faults] == [
        ("DH-01", "CMD", 1),
        ("DH-02", "CMN", 1),
    ]
    assert refusal.faults[0].article
    assert refusal.faults[0].fix


def test_a_refused_declaration_may_be_corrected_under_the_same_reference(authority: Customs) -> None:
    wrong = replace(declare(), lines=())
    send(authority, wrong)
    assert kinds(authority, wrong)[-1] is K.REFUSED
    send(authority, declare())
    assert K.REGISTERED in kinds(authority, wrong)


def test_fifty_one_lines_are_refused(authority: Customs) -> None:
    message = declare(lines=51)
    send(authority, message)
    assert [fault.rule for fault in told(authority, message)[-1].faults] == ["DK-02"]


def test_taxes_add_up_by_line_and_stack(authority: Customs) -> None:
    authority.office.change({"channel": "GREEN"})
    message = declare(lines=3)
    send(authority, message)
    tax = told(authority, message)[-1]
    assert [item.number for item in tax.taxes] == [1, 2, 3]
    assert tax.total == sum(each.amount for item in tax.taxes for each in item.taxes)
    duty, vat = tax.taxes[0].taxes
    assert (duty.kind, vat.kind) == (TaxKind.IMPORT_DUTY, TaxKind.VAT)
    assert duty.base is not None
    assert vat.base == duty.base + duty.amount


def test_the_authority_may_doubt_a_value(authority: Customs) -> None:
    authority.office.change({"channel": "GREEN", "disagree_percent": 100})
    doubted = declare("TK-2026-000002-5")
    send(authority, doubted)
    assert kinds(authority, doubted)[-1] is K.TAX
    authority.office.change({"disagree_percent": 0})
    believed = declare("TK-2026-000003-3")
    send(authority, believed)
    assert told(authority, doubted)[-1].total > told(authority, believed)[-1].total  # type: ignore[operator]


def test_a_movement_into_the_zone_bears_no_tax_and_is_cleared(authority: Customs) -> None:
    authority.office.change({"channel": "GREEN"})
    message = declare(type_code="C21")
    send(authority, message)
    assert told(authority, message)[3].total == 0
    assert kinds(authority, message)[-1] is K.CLEARED


def test_an_amendment_counts_in_the_last_digit_and_is_taxed_anew(authority: Customs) -> None:
    authority.office.change({"channel": "GREEN"})
    message = declare()
    send(authority, message)
    first = told(authority, message)[-1]
    dearer = replace(LINE, unit_price=Decimal(200), value=Decimal(2000))
    amend = replace(
        declare(), message_id=str(uuid7()), kind=MessageKind.AMEND, version=1, lines=(dearer,), text="Giá"
    )
    send(authority, amend)
    *_, amended, tax = told(authority, message)
    assert (amended.kind, amended.version, amended.official_number[-1]) == (K.AMENDED, 1, "1")
    assert tax.total > first.total  # type: ignore[operator]


def test_what_may_not_be_amended_is_refused_by_field(authority: Customs) -> None:
    message = declare()
    send(authority, message)
    amend = replace(declare(type_code="A12"), message_id=str(uuid7()), kind=MessageKind.AMEND, version=1)
    send(authority, replace(amend, header={**amend.header, "CH": "01AA"}))
    refused = told(authority, message)[-1]
    assert refused.kind is K.AMENDMENT_REFUSED
    assert {fault.field for fault in refused.faults} == {"ICB", "CH"}


def test_a_cancelled_declaration_goes_no_further(authority: Customs) -> None:
    authority.office.change({"channel": "YELLOW"})
    message = declare()
    send(authority, message)
    follow(authority, message, MessageKind.CANCEL, text="Khai nhầm")
    assert kinds(authority, message)[-1] is K.CANCELLED
    follow(authority, message, MessageKind.DOCUMENTS)
    assert kinds(authority, message)[-1] is K.RECEIVED


def test_part_of_the_tax_releases_nothing(authority: Customs) -> None:
    authority.office.change({"channel": "GREEN"})
    message = declare()
    send(authority, message)
    slip = PaidSlip(told(authority, message)[-1].reference_of_payment, Decimal(1), date(2026, 11, 20))
    follow(authority, message, MessageKind.PAYMENT, payment=slip)
    assert kinds(authority, message)[-1] is K.PAYMENT_POSTED
    pay(authority, message)
    assert kinds(authority, message)[-1] is K.CLEARED


def test_late_means_one_act_at_a_time(tmp_path: Path) -> None:
    with customs(tmp_path, late_s=10) as authority:
        authority.office.change({"channel": "GREEN"})
        message = declare()
        send(authority, message)
        assert kinds(authority, message) == [K.RECEIVED]
        authority.clock.now += 10
        assert kinds(authority, message) == [K.RECEIVED, K.REGISTERED]
        authority.clock.now += 10
        assert kinds(authority, message)[-1] is K.CHANNEL


def test_the_same_message_is_taken_once(authority: Customs) -> None:
    message = declare()
    send(authority, message)
    send(authority, message)
    assert kinds(authority, message).count(K.RECEIVED) == 1
    with pytest.raises(GatewayRefused):
        send(authority, replace(message, text="another content"))


def test_a_lost_answer_leaves_a_message_that_is_known(authority: Customs) -> None:
    authority.office.change({"lose_next": 1})
    message = declare()
    with pytest.raises(GatewayDown):
        send(authority, message)
    assert authority.gateway.has(UUID(message.message_id))
    assert not authority.gateway.has(uuid7())


def test_down(authority: Customs) -> None:
    authority.office.change({"down": True})
    for call in (
        lambda: send(authority, declare()),
        lambda: authority.gateway.has(uuid7()),
        lambda: authority.gateway.notices("0"),
        lambda: authority.gateway.notices_of("TK", 0),
    ):
        with pytest.raises(GatewayDown):
            call()


def test_the_queue_twice_and_in_the_wrong_order(authority: Customs) -> None:
    authority.office.change({"channel": "GREEN", "twice": True, "shuffle": True})
    send(authority, declare())
    batch = authority.gateway.notices("0")
    sequences = [notice.sequence for notice in batch.notices]
    assert sequences == [4, 4, 3, 3, 2, 2, 1, 1]
    assert authority.gateway.notices(batch.cursor).notices == ()


def test_a_withheld_notice_is_found_by_asking(authority: Customs) -> None:
    authority.office.change({"channel": "GREEN", "withhold_next": 2})
    message = declare()
    send(authority, message)
    assert [notice.sequence for notice in authority.gateway.notices("0").notices] == [3, 4]
    assert [notice.sequence for notice in authority.gateway.notices_of(message.reference, 0).notices] == [
        1,
        2,
        3,
        4,
    ]


def test_what_cannot_be_read_is_refused_for_good(authority: Customs) -> None:
    with pytest.raises(GatewayRefused):
        authority.gateway.send(uuid7(), b"<Something/>")


def test_a_wrong_token_is_no_refusal_of_the_message(authority: Customs) -> None:
    stranger = HttpGateway(f"http://127.0.0.1:{authority.server.server_port}", token="other", timeout_s=5)
    with pytest.raises(GatewayDown) as caught:
        stranger.send(uuid7(), write_declaration(declare()))
    assert caught.value.code == "http-401"


def test_without_an_address_there_is_no_gateway() -> None:
    assert isinstance(gateway_of(Settings()), GatewayMissing)
    with pytest.raises(GatewayDown):
        GatewayMissing().send(uuid7(), b"")


@pytest.mark.parametrize("url", ["ftp://host/", "https://user@host/", "nothing"])
def test_an_address_that_cannot_be_used(url: str) -> None:
    with pytest.raises(ValueError, match="FTZ_CUSTOMS_GATEWAY_URL"):
        HttpGateway(url)


def test_each_answer_of_a_simulator_says_so(authority: Customs) -> None:
    message = declare()
    send(authority, message)
    read, filled = authority.gateway.notices("0"), authority.gateway.notices_of(message.reference, 0)
    for batch in (read, filled):
        assert batch.simulated
        assert batch.notices
        assert all(each.simulated for each in batch.notices)
    (kept, *_) = filled.notices
    assert telling.body_of(kept)["simulated"] is True
    true = replace(kept, simulated=False)
    assert true == kept, "who said it is no part of what it says"
    assert telling.said_in(telling.body_of(kept)) == telling.body_of(true)


def test_production_refuses_a_simulated_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FTZ_ENV", "production")
    monkeypatch.setenv("FTZ_DEMO", "0")
    monkeypatch.setenv("FTZ_PUBLIC_URL", "https://zone.test")
    monkeypatch.setenv("FTZ_CUSTOMS_GATEWAY_URL", "http://127.0.0.1:1")
    with pytest.raises((UnsafeSettings, ValueError), match="FTZ_CUSTOMS_GATEWAY_URL"):
        Settings()


def test_a_line_with_price_and_value_apart_is_refused(authority: Customs) -> None:
    wrong: WireLine = replace(LINE, value=Decimal(1002))
    message = replace(declare(), lines=(wrong,))
    send(authority, message)
    assert [fault.rule for fault in told(authority, message)[-1].faults] == ["DH-05"]
