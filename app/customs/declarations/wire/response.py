"""The ``Response`` document: a notice of the authority."""

from typing import Final

from app.customs.declarations.wire.messages import (
    Fault,
    ItemTaxes,
    Notice,
    NoticeKind,
    Paper,
    PostedPayment,
    Tax,
    TaxKind,
)
from app.customs.declarations.wire.xml import RESPONSE, Node, checked, day, decimal, instant, parse

SCHEMA = "response.xsd"

# Codes below 90 follow published practice of the WCO Data Model, those from 91 on are ours.
FUNCTIONS: Final[dict[NoticeKind, str]] = {
    NoticeKind.REGISTERED: "01",
    NoticeKind.RECEIVED: "02",
    NoticeKind.REFUSED: "03",
    NoticeKind.GOODS_CHECK: "05",
    NoticeKind.PAPERS_WANTED: "06",
    NoticeKind.RELEASED: "08",
    NoticeKind.CLEARED: "09",
    NoticeKind.CANCELLED: "10",
    NoticeKind.AMENDED: "11",
    NoticeKind.TAX: "13",
    NoticeKind.QUESTION: "18",
    NoticeKind.CHANNEL: "91",
    NoticeKind.PAPERS_CHECKED: "92",
    NoticeKind.GOODS_CHECKED: "93",
    NoticeKind.PAYMENT_POSTED: "94",
    NoticeKind.AMENDMENT_REFUSED: "95",
    NoticeKind.CANCEL_REFUSED: "96",
    NoticeKind.AMENDMENT_WANTED: "97",
    NoticeKind.GOODS_CHECK_EXTENDED: "98",
}
_KINDS = {code: kind for kind, code in FUNCTIONS.items()}

_TAXES: Final[dict[TaxKind, str]] = {
    TaxKind.IMPORT_DUTY: "CUD",
    TaxKind.EXPORT_DUTY: "EXP",
    TaxKind.SAFEGUARD: "SFG",
    TaxKind.ANTI_DUMPING: "ADD",
    TaxKind.COUNTERVAILING: "CVD",
    TaxKind.EXCISE: "EXC",
    TaxKind.ENVIRONMENT: "ENV",
    TaxKind.VAT: "VAT",
    TaxKind.FEE: "OTH",
}
_TAX_OF = {code: kind for kind, code in _TAXES.items()}


def write_response(notice: Notice) -> bytes:
    """
    Write a notice.

    :raises WireFault: its content does not fit the form.
    """
    root = Node.root("Response", RESPONSE)
    fill_response(root, notice)
    return checked(root.element, SCHEMA)


def read_response(content: bytes) -> Notice:
    """
    Read a notice.

    :raises WireFault: it is none.
    """
    return notice_of(Node(parse(content, root=f"{{{RESPONSE}}}Response", schema=SCHEMA), RESPONSE))


def fill_response(root: Node, notice: Notice) -> None:
    """Write a notice into its root; the order is the schema's."""
    root.under("CommunicationMetaData").put("ID", notice.id)
    root.put("FunctionCode", FUNCTIONS[notice.kind])
    root.put("FunctionalReferenceID", notice.reference)
    root.put("SequenceNumeric", notice.sequence)
    root.put("IssueDateTime", notice.official_at)
    root.put("MessageID", notice.reply_to)
    if notice.official_number or notice.version is not None:
        declaration = root.add("Declaration")
        declaration.put("ID", notice.official_number)
        declaration.put("VersionID", notice.version)
    if notice.channel:
        root.under("Status").put("NameCode", notice.channel)
    root.put("Description", notice.text)
    for fault in notice.faults:
        _put_fault(root.add("Error"), fault)
    for paper in notice.papers:
        wanted = root.add("AdditionalDocument")
        wanted.put("TypeCode", paper.type_code)
        wanted.put("Name", paper.name)
    _put_taxes(root, notice)
    if notice.posted is not None:
        posted = root.add("Payment")
        posted.put("ReferenceID", notice.posted.reference)
        posted.put("PaymentAmount", notice.posted.amount)


def _put_fault(node: Node, fault: Fault) -> None:
    node.put("ValidationCode", fault.rule)
    node.put("Description", fault.text)
    node.put("LegalBasis", fault.article)
    node.put("Remedy", fault.fix)
    if fault.field or fault.line is not None:
        pointer = node.add("Pointer")
        pointer.put("SequenceNumeric", fault.line)
        pointer.put("TagID", fault.field)


def _put_taxes(root: Node, notice: Notice) -> None:
    for item in notice.taxes:
        node = root.add("GovernmentAgencyGoodsItem")
        node.put("SequenceNumeric", item.number)
        for tax in item.taxes:
            each = node.add("DutyTaxFee")
            each.put("TypeCode", _TAXES[tax.kind])
            each.put("AdValoremTaxBaseAmount", tax.base)
            each.put("TaxRate", tax.rate)
            each.under("Payment").put("TaxAssessedAmount", tax.amount)
    if notice.total is not None:
        due = root.add("DutyTaxTotal")
        due.put("PaymentAmount", notice.total)
        due.put("DueDate", notice.due_on)
        due.put("ReferenceID", notice.reference_of_payment)


def notice_of(root: Node) -> Notice:
    """Return the notice that a checked document holds."""
    version, due, posted = (
        root.text("Declaration", "VersionID"),
        root.text("DutyTaxTotal", "DueDate"),
        root.one("Payment"),
    )
    return Notice(
        id=root.text("CommunicationMetaData", "ID"),
        sequence=int(root.text("SequenceNumeric")),
        kind=_KINDS[root.text("FunctionCode")],
        reference=root.text("FunctionalReferenceID"),
        official_at=instant(root.text("IssueDateTime")),
        reply_to=root.text("MessageID"),
        official_number=root.text("Declaration", "ID"),
        version=int(version) if version else None,
        channel=root.text("Status", "NameCode"),
        text=root.text("Description"),
        faults=tuple(_fault(each) for each in root.all("Error")),
        papers=tuple(
            Paper(each.text("TypeCode"), each.text("Name")) for each in root.all("AdditionalDocument")
        ),
        taxes=tuple(_taxes(each) for each in root.all("GovernmentAgencyGoodsItem")),
        total=root.decimal("DutyTaxTotal", "PaymentAmount"),
        due_on=day(due) if due else None,
        reference_of_payment=root.text("DutyTaxTotal", "ReferenceID"),
        posted=None
        if posted is None
        else PostedPayment(posted.text("ReferenceID"), decimal(posted.text("PaymentAmount"))),
    )


def _fault(node: Node) -> Fault:
    line = node.text("Pointer", "SequenceNumeric")
    return Fault(
        rule=node.text("ValidationCode"),
        field=node.text("Pointer", "TagID"),
        line=int(line) if line else None,
        text=node.text("Description"),
        article=node.text("LegalBasis"),
        fix=node.text("Remedy"),
    )


def _taxes(node: Node) -> ItemTaxes:
    return ItemTaxes(
        int(node.text("SequenceNumeric")),
        tuple(
            Tax(
                _TAX_OF[each.text("TypeCode")],
                decimal(each.text("Payment", "TaxAssessedAmount")),
                each.decimal("AdValoremTaxBaseAmount"),
                each.text("TaxRate"),
            )
            for each in node.all("DutyTaxFee")
        ),
    )
