"""
Shapes of the parcels API. Amounts are texts, instants carry their offset, the operator's own numbers are kept as sent.

A batch is no all-or-nothing: each row is read by itself, so that one bad row does not hold up a thousand good ones.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from app.core.errors import FieldProblem
from app.core.i18n import N_
from app.core.kit.money import DECIMALS
from app.core.kit.text import nfc
from app.customs.parcels.domain.facts import Message

MAX_ROWS = 1_000
MAX_ITEMS = 100
MAX_FURTHER = 20
_ANY = "*"
_FIRST_YEAR, _LAST_YEAR = 1900, 2999
_MOST = Decimal(10) ** 12


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _clean(text: str) -> str:
    """Return a text that columns and files can hold; control characters and half characters are none."""
    if any(unicodedata.category(each) in {"Cc", "Cs"} for each in text):
        raise PydanticCustomError("control-character", "control character")
    found = nfc(text).strip()
    if not found:
        raise PydanticCustomError("missing", "empty")
    return found


def _known_currency(text: str) -> str:
    if text not in DECIMALS:
        raise PydanticCustomError("literal_error", "unknown currency")
    return text


def _usual_year(instant: datetime) -> datetime:
    # At both ends of the calendar an offset leads out of it, and no column holds that.
    if not _FIRST_YEAR <= instant.year <= _LAST_YEAR:
        raise PydanticCustomError("no-such-year", "outside of the calendar")
    return instant


def _number(text: str) -> Decimal:
    return Decimal(text)


def _written(whole: int, decimals: int) -> str:
    return rf"^[0-9]{{1,{whole}}}(\.[0-9]{{1,{decimals}}})?$"


Number = Annotated[
    str,
    Field(
        max_length=64, pattern=r"^[0-9A-Za-z][0-9A-Za-z._/#:-]*$", description="The operator's own number."
    ),
]
Revision = Annotated[
    int,
    Field(ge=1, le=1_000, description="1 at first; a correction comes under the next one and replaces it."),
]
Amount = Annotated[
    str,
    Field(pattern=_written(12, 4), description="Digits with a point before decimals, for example 129.90."),
]
Weight = Annotated[str, Field(pattern=_written(6, 3), description="Kilograms, for example 0.450.")]
Quantity = Annotated[str, Field(pattern=_written(9, 2))]
Price = Annotated[str, Field(pattern=_written(12, 6))]
Instant = Annotated[AwareDatetime, AfterValidator(_usual_year)]
Short = Annotated[str, Field(max_length=100), AfterValidator(_clean)]
Long = Annotated[str, Field(max_length=500), AfterValidator(_clean)]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="ISO 3166, two letters.")]
Currency = Annotated[
    str,
    AfterValidator(_known_currency),
    Field(description="ISO 4217.", json_schema_extra={"enum": list(DECIMALS)}),
]
Heading = Annotated[
    str, Field(pattern=r"^[0-9]{4}([0-9]{2}){0,3}$", description="Heading of the tariff, 4 to 10 digits.")
]


class Buyer(_Shape):
    """Who bought. Sealed when stored; names and numbers never enter a log."""

    reference: Short = Field(description="The buyer's key at the platform.")
    name: Short
    identity: Short | None = Field(
        default=None, description="Number of an identity paper, where the platform asked for it."
    )
    phone: Short | None = None
    address: Long | None = None


class Consignee(_Shape):
    """To whom the parcel goes. Sealed when stored."""

    name: Short
    phone: Short | None = None
    address: Long | None = None


class Item(_Shape):
    """One kind of goods of an order."""

    description: Long
    quantity: Quantity
    unit_price: Price
    hs: Heading | None = Field(default=None, description="Needed before the parcel can be put on a list.")
    unit: Annotated[str, Field(pattern=r"^[A-Z0-9]{1,5}$")] = "PCE"
    origin: Country | None = None


class OrderIn(_Shape):
    """An order."""

    order_id: Number
    revision: Revision = 1
    platform: Short
    buyer: Buyer
    currency: Currency
    items: Annotated[list[Item], Field(min_length=1, max_length=MAX_ITEMS)]
    freight: Amount = "0"
    insurance: Amount = "0"
    discount: Amount = "0"
    ordered_at: Instant

    @model_validator(mode="after")
    def _adds_up(self) -> "OrderIn":
        if self.goods < 0:
            raise PydanticCustomError("discount-too-large", "discount above the goods", {"field": "discount"})
        if self.goods >= _MOST:
            raise PydanticCustomError("too-large", "more than an amount holds", {"field": "items"})
        _decimals(self.currency, freight=self.freight, insurance=self.insurance, discount=self.discount)
        return self

    @property
    def goods(self) -> Decimal:
        """Return what the goods cost without freight and insurance, in the decimals of the currency."""
        exact = sum((_number(each.quantity) * _number(each.unit_price) for each in self.items), Decimal(0))
        return rounded(exact, self.currency) - _number(self.discount)

    @property
    def total(self) -> Decimal:
        """Return what the buyer has to pay."""
        return self.goods + _number(self.freight) + _number(self.insurance)


class PaymentIn(_Shape):
    """A payment for an order."""

    payment_id: Number
    revision: Revision = 1
    order_id: Number
    amount: Amount
    currency: Currency
    paid_at: Instant

    @model_validator(mode="after")
    def _fits(self) -> "PaymentIn":
        _decimals(self.currency, amount=self.amount)
        return self


class FurtherOrder(_Shape):
    """Another order in the same parcel, with what the waybill declares for it."""

    order_id: Number
    declared_value: Amount


class WaybillIn(_Shape):
    """A waybill of the parcel of an order; a parcel that holds further orders names them with their values."""

    waybill_id: Number
    revision: Revision = 1
    order_id: Number
    weight_kg: Weight
    sender_country: Country
    consignee: Consignee
    declared_value: Amount
    currency: Currency
    flight: Annotated[str, Field(max_length=40, pattern=r"^[0-9A-Z][0-9A-Z ./-]*$")] = Field(
        description="Flight or vehicle."
    )
    expected_arrival: Instant
    # Left out where there are none, so that the digest of what came before stays what it was.
    further_orders: Annotated[list[FurtherOrder], Field(max_length=MAX_FURTHER)] = Field(
        default=[],
        exclude_if=lambda value: not value,
        description="Other orders in the same parcel; declared_value is that of order_id alone.",
    )

    @model_validator(mode="after")
    def _fits(self) -> "WaybillIn":
        _decimals(self.currency, declared_value=self.declared_value)
        for each in self.further_orders:
            _decimals(self.currency, declared_value=each.declared_value)
        numbers = [self.order_id, *(each.order_id for each in self.further_orders)]
        if len(set(numbers)) < len(numbers):
            raise PydanticCustomError("order-twice", "an order twice", {"field": "further_orders"})
        return self


class ReturnIn(_Shape):
    """Goods that go back: the whole parcel, or goods of a value in the currency of the order."""

    return_id: Number
    revision: Revision = 1
    order_id: Number
    kind: Literal["WHOLE", "PART"]
    amount: Amount = Field(
        description="Price of the goods that go back; for a whole parcel that of all goods."
    )
    reason: Long
    returned_at: Instant


Row = OrderIn | PaymentIn | WaybillIn | ReturnIn
ROWS: Mapping[Message, type[Row]] = {
    Message.ORDER: OrderIn,
    Message.PAYMENT: PaymentIn,
    Message.WAYBILL: WaybillIn,
    Message.RETURN: ReturnIn,
}
KEYS: Mapping[Message, str] = {
    Message.ORDER: "order_id",
    Message.PAYMENT: "payment_id",
    Message.WAYBILL: "waybill_id",
    Message.RETURN: "return_id",
}


class _ReadLater:
    """Marks rows that the document describes and the use case reads one by one."""

    def __init__(self, model: type[BaseModel]) -> None:
        self._model = model

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.any_schema()

    def __get_pydantic_json_schema__(self, _: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(self._model.__pydantic_core_schema__)


class _Batch(_Shape):
    party_id: UUID | None = Field(
        default=None, description="For whom; needed only by a person who acts for several."
    )


class OrderBatch(_Batch):
    """Orders, at most 1,000 a call."""

    rows: Annotated[list[Annotated[Any, _ReadLater(OrderIn)]], Field(min_length=1, max_length=MAX_ROWS)]


class PaymentBatch(_Batch):
    """Payments, at most 1,000 a call."""

    rows: Annotated[list[Annotated[Any, _ReadLater(PaymentIn)]], Field(min_length=1, max_length=MAX_ROWS)]


class WaybillBatch(_Batch):
    """Waybills, at most 1,000 a call."""

    rows: Annotated[list[Annotated[Any, _ReadLater(WaybillIn)]], Field(min_length=1, max_length=MAX_ROWS)]


class ReturnBatch(_Batch):
    """Returns, at most 1,000 a call."""

    rows: Annotated[list[Annotated[Any, _ReadLater(ReturnIn)]], Field(min_length=1, max_length=MAX_ROWS)]


class FaultOut(_Shape):
    """One fault of one field of a row."""

    name: str
    code: str
    reason: str


class RowOut(_Shape):
    """What became of one row."""

    index: int = Field(description="Place in the batch, from 0.")
    id: str | None = Field(description="The operator's number, where it could be read.")
    outcome: str = Field(
        description="TAKEN, KNOWN (the very same came before), CHANGED (the number came before with another content: "
        "refused) or FAULTY."
    )
    errors: list[FaultOut]


class BatchOut(_Shape):
    """The answer to a batch: one line for each row."""

    batch_id: UUID
    taken: int
    known: int
    changed: int
    faulty: int
    rows: list[RowOut]


class ReasonOut(_Shape):
    """Why a parcel is not matched."""

    code: str
    reason: str
    remedy: str


class ParcelOut(_Shape):
    """Where a parcel stands."""

    order_id: str
    state: str
    reasons: list[ReasonOut]
    waybill_id: str | None
    flight: str | None
    expected_arrival: datetime | None
    list_code: str | None


class ParcelPage(_Shape):
    """Parcels in the order of their last change; ``next`` is the address of the following page."""

    items: list[ParcelOut]
    next: str | None


# What pydantic says, as codes and sentences of the platform's own.
_FAULTS: Mapping[str, tuple[str, str]] = {
    "missing": ("missing", N_("The field is missing.")),
    "extra_forbidden": ("unknown-field", N_("There is no such field.")),
    "string_too_long": ("too-long", N_("The text is too long.")),
    "string_pattern_mismatch": ("wrong-form", N_("The value has not the form that the description of the API gives.")),
    "literal_error": ("not-an-option", N_("The value is none of those that are possible.")),
    "control-character": ("control-character", N_("The text holds characters that cannot be shown.")),
    "timezone_aware": ("no-offset", N_("The instant needs its offset, for example 2026-11-22T08:00:00+07:00.")),
    "too_long": ("too-many", N_("There are too many entries.")),
    "too_short": ("missing", N_("At least one entry is needed.")),
    "discount-too-large": ("discount-too-large", N_("The discount is larger than the price of the goods.")),
    "too-large": ("too-large", N_("The value has not the form that the description of the API gives.")),
    "no-such-year": ("no-such-year", N_("The value has not the form that the description of the API gives.")),
    "order-twice": ("order-twice", N_("An order stands twice on the waybill.")),
    "decimals": ("decimals", N_("The currency has fewer decimals than the amount.")),
    _ANY: ("wrong-type", N_("The value has not the type that the description of the API gives.")),
}  # fmt: skip
_NAME = re.compile(r"[^0-9A-Za-z_.-]")


def read_row(message: Message, raw: Any) -> tuple[Row | None, list[FieldProblem]]:
    """Return a row, or every fault of it by field."""
    try:
        return ROWS[message].model_validate(raw), []
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
    return None, [_problem(each["type"], (*each["loc"], *_field(each.get("ctx")))) for each in faults]


def _field(context: Mapping[str, Any] | None) -> tuple[str, ...]:
    named = (context or {}).get("field")
    return (named,) if isinstance(named, str) else ()


def _problem(kind: str, place: tuple[int | str, ...]) -> FieldProblem:
    code, reason = _FAULTS.get(kind, _FAULTS[_ANY])
    # Names of unknown fields are the sender's own text and are shown in ASCII only.
    name = _NAME.sub("?", ".".join(map(str, place)))[:80]
    return FieldProblem(name or "row", code, reason)


def rounded(amount: Decimal, currency: str) -> Decimal:
    """Return an amount in the decimals of its currency, half up."""
    return amount.quantize(Decimal(1).scaleb(-DECIMALS[currency]), rounding=ROUND_HALF_UP)


def _decimals(currency: str, **amounts: str) -> None:
    for name, each in amounts.items():
        if rounded(_number(each), currency) != _number(each):
            raise PydanticCustomError("decimals", "more decimals than the currency has", {"field": name})
