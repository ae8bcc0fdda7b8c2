"""What the documents say, as plain values. Amounts are decimals, instants are aware, texts are as written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum


class MessageKind(StrEnum):
    """What a message to the authority is about."""

    DECLARE = "DECLARE"
    AMEND = "AMEND"
    CANCEL = "CANCEL"
    DOCUMENTS = "DOCUMENTS"
    ANSWER = "ANSWER"
    PAYMENT = "PAYMENT"


class NoticeKind(StrEnum):
    """What a notice of the authority says."""

    RECEIVED = "RECEIVED"
    REFUSED = "REFUSED"
    REGISTERED = "REGISTERED"
    CHANNEL = "CHANNEL"
    PAPERS_WANTED = "PAPERS_WANTED"
    PAPERS_CHECKED = "PAPERS_CHECKED"
    GOODS_CHECK = "GOODS_CHECK"
    GOODS_CHECK_EXTENDED = "GOODS_CHECK_EXTENDED"
    GOODS_CHECKED = "GOODS_CHECKED"
    QUESTION = "QUESTION"
    AMENDMENT_WANTED = "AMENDMENT_WANTED"
    TAX = "TAX"
    PAYMENT_POSTED = "PAYMENT_POSTED"
    RELEASED = "RELEASED"
    CLEARED = "CLEARED"
    AMENDED = "AMENDED"
    AMENDMENT_REFUSED = "AMENDMENT_REFUSED"
    CANCELLED = "CANCELLED"
    CANCEL_REFUSED = "CANCEL_REFUSED"


class TaxKind(StrEnum):
    """Kinds of taxes in the order in which they stack."""

    IMPORT_DUTY = "IMPORT_DUTY"
    EXPORT_DUTY = "EXPORT_DUTY"
    SAFEGUARD = "SAFEGUARD"
    ANTI_DUMPING = "ANTI_DUMPING"
    COUNTERVAILING = "COUNTERVAILING"
    EXCISE = "EXCISE"
    ENVIRONMENT = "ENVIRONMENT"
    VAT = "VAT"
    FEE = "FEE"


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper of the dossier; its content is not part of the message, its SHA-256 is."""

    type_code: str
    name: str = ""
    sha256: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class PaidSlip:
    """A payment that the bank confirmed to us: which notice it is for, how much, when, under which number."""

    reference: str
    amount: Decimal
    paid_on: date
    transaction: str = ""


@dataclass(frozen=True, slots=True)
class WireLine:
    """One goods line; empty text and None mean not said."""

    number: int
    hs: str = ""
    own_code: str = ""
    description: str = ""
    origin: str = ""
    scheme: str = ""
    origin_proof: str = ""
    quantity: Decimal | None = None
    unit: str = ""
    quantity2: Decimal | None = None
    unit2: str = ""
    unit_price: Decimal | None = None
    value: Decimal | None = None
    more: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeclarationMessage:
    """
    A message to the authority.

    :ivar message_id: ours; stays the same however often the message is sent.
    :ivar reference: public code of the declaration here; the gateway knows the declaration by it.
    :ivar version: number of the revision.
    :ivar official_number: empty until the authority has given one.
    :ivar header: texts by field code.
    :ivar text: reason of an amendment or cancellation, or the answer to a question.
    :ivar answers: id of the notice that is answered.
    """

    message_id: str
    kind: MessageKind
    reference: str
    version: int = 0
    official_number: str = ""
    direction: str = "IMPORT"
    type_code: str = ""
    issued_at: datetime | None = None
    header: Mapping[str, str] = field(default_factory=dict)
    lines: tuple[WireLine, ...] = ()
    text: str = ""
    answers: str = ""
    papers: tuple[Paper, ...] = ()
    payment: PaidSlip | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """Why something was refused: the rule, the field by line and code, the sentence, the article, the remedy."""

    rule: str
    field: str = ""
    line: int | None = None
    text: str = ""
    article: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Tax:
    """One tax of one line as the authority has it."""

    kind: TaxKind
    amount: Decimal
    base: Decimal | None = None
    rate: str = ""


@dataclass(frozen=True, slots=True)
class ItemTaxes:
    """The taxes of one line; line 0 holds what belongs to the declaration as a whole."""

    number: int
    taxes: tuple[Tax, ...] = ()


@dataclass(frozen=True, slots=True)
class PostedPayment:
    """What the authority has entered as paid."""

    reference: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Notice:
    """
    A notice of the authority.

    :ivar id: the gateway's; twice the same id is the same notice.
    :ivar sequence: 1, 2, 3 … of its declaration; a gap means that one is missing.
    :ivar reply_to: id of our message that it answers, empty when it answers none.
    :ivar total: sum of the taxes in VND, for TAX.
    :ivar reference_of_payment: under which the tax is to be paid, for TAX.
    :ivar simulated: whoever answered said that it is a simulator; no part of what the notice says.
    """

    id: str
    sequence: int
    kind: NoticeKind
    reference: str
    official_at: datetime
    reply_to: str = ""
    official_number: str = ""
    version: int | None = None
    channel: str = ""
    text: str = ""
    faults: tuple[Fault, ...] = ()
    papers: tuple[Paper, ...] = ()
    taxes: tuple[ItemTaxes, ...] = ()
    total: Decimal | None = None
    due_on: date | None = None
    reference_of_payment: str = ""
    posted: PostedPayment | None = None
    simulated: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Unread:
    """
    A piece of the queue that is no notice as the form wants it: kept as it came.

    What could be told of it in spite of that stands beside it; ``sequence`` is None where even that cannot be told.
    """

    raw: bytes
    code: str
    message: str = ""
    id: str = ""
    reference: str = ""
    sequence: int | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """
    What the gateway's queue returned: notices in its order, where to go on, whether there is more.

    ``simulated``: whoever answered said that it is a simulator.
    """

    notices: tuple[Notice, ...]
    cursor: str
    more: bool = False
    unread: tuple[Unread, ...] = ()
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """A declaration with all that the authority has said of it so far."""

    declaration: DeclarationMessage
    notices: tuple[Notice, ...]
