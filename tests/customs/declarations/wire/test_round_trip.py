"""What is written is what is read, whatever the values; and the documents stand their schemas."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.customs.declarations.wire import (
    Batch,
    DeclarationMessage,
    Fault,
    ItemTaxes,
    MessageKind,
    Notice,
    NoticeKind,
    PaidSlip,
    Paper,
    PostedPayment,
    Result,
    Tax,
    TaxKind,
    WireFault,
    WireLine,
    read_declaration,
    read_response,
    read_responses,
    read_results,
    write_declaration,
    write_response,
    write_responses,
    write_results,
)
from app.customs.declarations.wire.declaration import PLACES

# Text of XML 1.0; what it cannot hold is left out on writing, which ``test_forbidden`` shows.
ALPHABET = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")
TEXT = st.text(ALPHABET, max_size=60)
SAID = st.text(ALPHABET, min_size=1, max_size=60)
CODE = st.text("ABCXYZ0123456789-", min_size=1, max_size=20)
NUMBER = st.text("0123456789", min_size=12, max_size=12)
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
INSTANT = st.integers(0, 600_000_000).map(lambda seconds: EPOCH + timedelta(seconds=seconds))
DAY = st.dates(date(2020, 1, 1), date(2040, 1, 1))
VND = st.decimals(0, 10**15 - 1, places=0)


def places(count: int) -> st.SearchStrategy[Decimal]:
    return st.decimals(0, 10**12, places=count)


@st.composite
def lines(draw: st.DrawFn, number: int) -> WireLine:
    quantity, quantity2 = draw(st.none() | places(2)), draw(st.none() | places(2))
    return WireLine(
        number=number,
        hs=draw(st.just("") | CODE),
        own_code=draw(st.just("") | CODE),
        description=draw(TEXT),
        origin=draw(st.just("") | CODE),
        scheme=draw(st.just("") | CODE),
        origin_proof=draw(TEXT),
        quantity=quantity,
        unit="" if quantity is None else draw(st.just("") | CODE),
        quantity2=quantity2,
        unit2="" if quantity2 is None else draw(st.just("") | CODE),
        unit_price=draw(st.none() | places(6)),
        value=draw(st.none() | places(4)),
        more=draw(st.dictionaries(CODE, SAID, max_size=3)),
    )


@st.composite
def messages(draw: st.DrawFn) -> DeclarationMessage:
    codes = st.sampled_from([code for code, _, _ in PLACES]) | CODE
    count = draw(st.integers(0, 4))
    return DeclarationMessage(
        message_id=draw(CODE),
        kind=draw(st.sampled_from(MessageKind)),
        reference=draw(CODE),
        version=draw(st.integers(0, 99)),
        official_number=draw(st.just("") | NUMBER),
        direction=draw(st.sampled_from(["IMPORT", "EXPORT"])),
        type_code=draw(st.just("") | CODE),
        issued_at=draw(st.none() | INSTANT),
        header=draw(st.dictionaries(codes, SAID, max_size=12)),
        lines=tuple(draw(lines(number)) for number in range(1, count + 1)),
        text=draw(TEXT),
        answers=draw(st.just("") | CODE),
        papers=tuple(
            draw(
                st.lists(
                    st.builds(
                        Paper,
                        type_code=CODE,
                        name=TEXT,
                        sha256=st.just("") | st.just("ab" * 32),
                        size=st.integers(0, 10**9),
                    ),
                    max_size=2,
                )
            )
        ),
        payment=draw(
            st.none() | st.builds(PaidSlip, reference=CODE, amount=VND, paid_on=DAY, transaction=TEXT)
        ),
    )


FAULTS = st.builds(
    Fault, rule=CODE, field=TEXT, line=st.none() | st.integers(0, 50), text=TEXT, article=TEXT, fix=TEXT
)
TAXES = st.builds(
    Tax, kind=st.sampled_from(TaxKind), amount=VND, base=st.none() | places(4), rate=st.just("") | SAID
)
NOTICES = st.builds(
    Notice,
    id=CODE,
    sequence=st.integers(1, 1000),
    kind=st.sampled_from(NoticeKind),
    reference=CODE,
    official_at=INSTANT,
    reply_to=st.just("") | CODE,
    official_number=st.just("") | NUMBER,
    version=st.none() | st.integers(0, 9),
    channel=st.sampled_from(["", "GREEN", "YELLOW", "RED"]),
    text=TEXT,
    faults=st.lists(FAULTS, max_size=3).map(tuple),
    papers=st.lists(st.builds(Paper, type_code=CODE, name=TEXT), max_size=2).map(tuple),
    taxes=st.lists(
        st.builds(ItemTaxes, number=st.integers(0, 50), taxes=st.lists(TAXES, max_size=3).map(tuple)),
        max_size=3,
    ).map(tuple),
    posted=st.none() | st.builds(PostedPayment, reference=CODE, amount=VND),
)


@settings(max_examples=150, deadline=None)
@given(messages())
def test_declaration(message: DeclarationMessage) -> None:
    assert read_declaration(write_declaration(message)) == message


@settings(max_examples=150, deadline=None)
@given(NOTICES)
def test_response(notice: Notice) -> None:
    assert read_response(write_response(notice)) == notice


@settings(max_examples=30, deadline=None)
@given(st.lists(NOTICES, max_size=3), CODE, st.booleans())
def test_responses(notices: list[Notice], cursor: str, more: bool) -> None:
    batch = Batch(tuple(notices), cursor, more)
    assert read_responses(write_responses(batch)) == batch


@settings(max_examples=30, deadline=None)
@given(st.lists(st.builds(Result, messages(), st.lists(NOTICES, max_size=2).map(tuple)), max_size=3))
def test_results(results: list[Result]) -> None:
    assert read_results(write_results(tuple(results))) == tuple(results)


def test_tax_notice_keeps_total_day_and_reference() -> None:
    notice = Notice(
        "n-1", 4, NoticeKind.TAX, "TK-2026-000001-7", datetime(2026, 11, 20, 3, tzinfo=UTC),
        taxes=(ItemTaxes(1, (Tax(TaxKind.IMPORT_DUTY, Decimal(7500), Decimal(100000), "7.5%"),)),),
        total=Decimal(7500), due_on=date(2026, 12, 20), reference_of_payment="TB-1",
    )  # fmt: skip
    assert read_response(write_response(notice)) == notice


def test_forbidden_characters_are_left_out_on_writing() -> None:
    message = DeclarationMessage("m", MessageKind.CANCEL, "TK", text="a\x00b\x0bc\ufffe")
    assert read_declaration(write_declaration(message)).text == "abc"


@pytest.mark.parametrize("number", ["1", "abcdefghijkl", "1234567890123"])
def test_what_does_not_fit_the_form_is_not_written(number: str) -> None:
    with pytest.raises(WireFault) as caught:
        write_declaration(DeclarationMessage("m", MessageKind.DECLARE, "TK", official_number=number))
    assert caught.value.code == "form"


def test_fractions_of_a_dong_are_not_written() -> None:
    paid = PaidSlip("R", Decimal("1.5"), date(2026, 1, 1))
    with pytest.raises(WireFault) as caught:
        write_declaration(DeclarationMessage("m", MessageKind.PAYMENT, "TK", payment=paid))
    assert caught.value.code == "form"
