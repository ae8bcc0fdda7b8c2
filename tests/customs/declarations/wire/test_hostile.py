"""Documents that want to hurt: each is refused by its own code, and nothing is fetched or expanded."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.customs.declarations.wire import (
    LARGEST,
    Batch,
    DeclarationMessage,
    MessageKind,
    Notice,
    NoticeKind,
    WireFault,
    read_declaration,
    read_response,
    read_responses,
    write_declaration,
    write_response,
    write_responses,
)

GOOD = write_declaration(DeclarationMessage("m-1", MessageKind.DECLARE, "TK-2026-000001-7", text="x"))
NOTICE = write_response(Notice("n-1", 1, NoticeKind.RECEIVED, "TK", datetime(2026, 11, 20, tzinfo=UTC)))
NS = 'xmlns="urn:ftz:customs:declaration:1"'
BOMB = (
    b'<!DOCTYPE z [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">'.encode() for n in range(9))
    + f"]><Declaration {NS}><FunctionCode>&j;</FunctionCode></Declaration>".encode()
)


def refused(content: bytes) -> str:
    with pytest.raises(WireFault) as caught:
        read_declaration(content)
    return caught.value.code


def test_entity_bomb() -> None:
    assert refused(BOMB) in {"has-doctype", "not-xml"}


def test_quadratic_blowup() -> None:
    big = "a" * 50_000
    content = f'<!DOCTYPE d [<!ENTITY a "{big}">]><Declaration {NS}>{"&a;" * 1000}</Declaration>'
    assert refused(content.encode()) in {"has-doctype", "not-xml"}


def test_external_entity_is_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("do not tell")
    body = GOOD.decode().split("?>", 1)[1].replace("<Reason>x<", "<Reason>&s;<")
    content = f'<!DOCTYPE Declaration [<!ENTITY s SYSTEM "{secret.as_uri()}">]>{body}'
    with pytest.raises(WireFault) as caught:
        read_declaration(content.encode())
    assert caught.value.code == "has-doctype"
    assert "do not tell" not in str(caught.value)


def test_external_doctype_is_not_fetched() -> None:
    body = GOOD.decode().split("?>", 1)[1]
    content = f'<!DOCTYPE Declaration SYSTEM "http://203.0.113.1/evil.dtd">{body}'
    assert refused(content.encode()) == "has-doctype"


def test_parameter_entity() -> None:
    content = f'<!DOCTYPE d [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><Declaration {NS}/>'
    assert refused(content.encode()) in {"has-doctype", "not-xml"}


def test_xinclude_is_an_unknown_element() -> None:
    include = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>'
    assert refused(GOOD.replace(b"</Declaration>", include.encode() + b"</Declaration>")) == "form"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "not-xml"),
        (b"\x00\x01\x02", "not-xml"),
        (b"<Declaration", "not-xml"),
        (b"<Declaration/>", "other-form"),
        (GOOD.replace(b"customs:declaration:1", b"customs:declaration:2"), "other-form"),
        (NOTICE, "other-form"),
        (GOOD.replace(b"<FunctionCode>9<", b"<FunctionCode>77<"), "form"),
        (GOOD.replace(b"<TypeCode>IM</TypeCode>", b""), "form"),
        (GOOD.replace(b"<VersionID>0<", b"<VersionID>-1<"), "form"),
        (GOOD.replace(b"<Reason>x<", b"<Reason>" + b"x" * 5000 + b"<"), "form"),
    ],
)
def test_other_content(content: bytes, code: str) -> None:
    assert refused(content) == code


def test_too_large_is_not_even_parsed() -> None:
    assert refused(b"<" * (LARGEST + 1)) == "too-large"


def test_too_deep() -> None:
    deep = b"<a>" * 100 + b"</a>" * 100
    assert refused(GOOD.replace(b"</Declaration>", deep + b"</Declaration>")) == "too-deep"


def test_deeper_than_the_parser_allows() -> None:
    deep = b"<a>" * 100_000 + b"</a>" * 100_000
    assert refused(GOOD.replace(b"</Declaration>", deep + b"</Declaration>")) in {"not-xml", "too-deep"}


def test_an_instant_without_offset_is_no_instant() -> None:
    with pytest.raises(WireFault) as caught:
        read_response(NOTICE.replace(b"00:00:00Z", b"00:00:00"))
    assert caught.value.code == "content"


def test_a_line_number_stands_once() -> None:
    line = "<GovernmentAgencyGoodsItem><SequenceNumeric>1</SequenceNumeric><Commodity/></GovernmentAgencyGoodsItem>"
    shipment = f"<GoodsShipment>{line}{line}</GoodsShipment></Declaration>".encode()
    assert refused(GOOD.replace(b"</Declaration>", shipment)) == "content"


def test_comments_and_instructions_are_passed_over() -> None:
    content = GOOD.replace(b"<FunctionCode>", b"<!-- a --><?php b ?><FunctionCode>")
    assert read_declaration(content) == read_declaration(GOOD)


def test_an_envelope_wants_a_cursor() -> None:
    content = write_responses(Batch((), "7"))
    with pytest.raises(WireFault) as caught:
        read_responses(content.replace(b'cursor="7" ', b""))
    assert caught.value.code == "form"


@pytest.mark.parametrize("year", ["0001", "1899", "3000", "9999"])
def test_an_instant_at_the_end_of_the_calendar_is_none(year: str) -> None:
    with pytest.raises(WireFault) as caught:
        read_response(NOTICE.replace(b"2026-11-20", f"{year}-12-31".encode()))
    assert caught.value.code == "content"


@pytest.mark.parametrize("amount", ["1000000000000000", "99999999999999999999", "-1000000000000000"])
def test_a_number_that_no_column_holds_is_none(amount: str) -> None:
    total = f"<DutyTaxTotal><PaymentAmount>{amount}</PaymentAmount></DutyTaxTotal></Response>"
    with pytest.raises(WireFault) as caught:
        read_response(NOTICE.replace(b"</Response>", total.encode()))
    assert caught.value.code == "content"
