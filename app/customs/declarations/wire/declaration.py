"""The ``Declaration`` document: what goes to the authority, and what comes with official results."""

from typing import Final

from app.customs.declarations.wire.messages import (
    DeclarationMessage,
    MessageKind,
    PaidSlip,
    Paper,
    WireLine,
)
from app.customs.declarations.wire.xml import (
    DECLARATION,
    Node,
    WireFault,
    checked,
    day,
    decimal,
    instant,
    named,
    names,
    parse,
)

SCHEMA = "declaration.xsd"
ROOT = f"{{{DECLARATION}}}Declaration"

FUNCTIONS: Final[dict[MessageKind, str]] = {
    MessageKind.DECLARE: "9",
    MessageKind.AMEND: "4",
    MessageKind.CANCEL: "1",
    MessageKind.DOCUMENTS: "2",
    MessageKind.ANSWER: "11",
    MessageKind.PAYMENT: "8",
}
_KINDS = {code: kind for kind, code in FUNCTIONS.items()}
_DIRECTIONS = {"IMPORT": "IM", "EXPORT": "EX"}
_DIRECTION_OF = {code: name for name, code in _DIRECTIONS.items()}

# Field code of the header, its place, and the attribute that holds it (empty: the text). In the schema's order:
# elements of one parent follow each other. Codes without a place travel as AdditionalInformation.
PLACES: Final[tuple[tuple[str, tuple[str, ...], str], ...]] = (
    ("CH", ("DeclarationOfficeID",), ""),
    ("NO", ("TotalPackageQuantity",), ""),
    ("NOT", ("TotalPackageQuantity",), "unitCode"),
    ("GW", ("TotalGrossMassMeasure",), ""),
    ("GWT", ("TotalGrossMassMeasure",), "unitCode"),
    ("IP4", ("InvoiceAmount",), ""),
    ("IP3", ("InvoiceAmount",), "currencyID"),
    ("MTC", ("BorderTransportMeans", "ModeCode"), ""),
    ("EPC", ("Exporter", "ID"), ""),
    ("EPN", ("Exporter", "Name"), ""),
    ("EPA", ("Exporter", "Address", "Line"), ""),
    ("EPO", ("Exporter", "Address", "CountryCode"), ""),
    ("VSC", ("GoodsShipment", "Consignment", "ArrivalTransportMeans", "ID"), ""),
    ("VSN", ("GoodsShipment", "Consignment", "ArrivalTransportMeans", "Name"), ""),
    ("ST", ("GoodsShipment", "Consignment", "GoodsLocation", "ID"), ""),
    ("PSC", ("GoodsShipment", "Consignment", "LoadingLocation", "ID"), ""),
    ("BL1", ("GoodsShipment", "Consignment", "TransportContractDocument", "ID"), ""),
    ("DST", ("GoodsShipment", "Consignment", "UnloadingLocation", "ID"), ""),
    ("IMC", ("GoodsShipment", "Importer", "ID"), ""),
    ("IMN", ("GoodsShipment", "Importer", "Name"), ""),
    ("IMA", ("GoodsShipment", "Importer", "Address", "Line"), ""),
    ("IV3", ("GoodsShipment", "Invoice", "ID"), ""),
    ("IVD", ("GoodsShipment", "Invoice", "IssueDate"), ""),
    ("IP2", ("GoodsShipment", "TradeTerms", "ConditionCode"), ""),
)
_PLACED = frozenset(code for code, _, _ in PLACES)
# An attribute cannot stand on an element that is not there: it travels as AdditionalInformation then.
_HOLDER = {code: next(c for c, p, a in PLACES if p == path and not a) for code, path, name in PLACES if name}


def write_declaration(message: DeclarationMessage) -> bytes:
    """
    Write a message.

    :raises WireFault: its content does not fit the form.
    """
    root = Node.root("Declaration", DECLARATION)
    fill_declaration(root, message)
    return checked(root.element, SCHEMA)


def read_declaration(content: bytes) -> DeclarationMessage:
    """
    Read a message.

    :raises WireFault: it is none.
    """
    return declaration_of(Node(parse(content, root=ROOT, schema=SCHEMA), DECLARATION))


def fill_declaration(root: Node, message: DeclarationMessage) -> None:
    """Write a message into its root; the order is the schema's."""
    root.under("CommunicationMetaData").put("ID", message.message_id)
    root.put("FunctionCode", FUNCTIONS[message.kind])
    root.put("FunctionalReferenceID", message.reference)
    root.put("ID", message.official_number)
    root.put("VersionID", message.version)
    root.put("IssueDateTime", message.issued_at)
    root.put("TypeCode", _DIRECTIONS[message.direction])
    root.put("ProcedureCode", message.type_code)
    root.put("GoodsItemQuantity", len(message.lines))
    root.put("ResponseID", message.answers)
    root.put("Reason", message.text)
    placed = {
        code for code in message.header if code in _PLACED and message.header.get(_HOLDER.get(code, code))
    }
    named(((code, text) for code, text in message.header.items() if code not in placed), root)
    for paper in message.papers:
        _put_paper(root.add("AdditionalDocument"), paper)
    _put_places(root, message, placed)
    if message.lines:
        shipment = root.under("GoodsShipment")
        for line in message.lines:
            _put_line(shipment.add("GovernmentAgencyGoodsItem"), line, message.header.get("IP3", ""))
    if message.payment is not None:
        _put_payment(root.add("Payment"), message.payment)


def _put_places(root: Node, message: DeclarationMessage, placed: set[str]) -> None:
    for code, path, attribute in PLACES:
        if code not in placed:
            continue
        text = message.header[code]
        if attribute:
            root.under(*path).element.set(attribute, text)
        else:
            root.under(*path[:-1]).put(path[-1], text)


def declaration_of(root: Node) -> DeclarationMessage:
    """Return the message that a checked document holds."""
    payment, issued = root.one("Payment"), root.text("IssueDateTime")
    message = DeclarationMessage(
        message_id=root.text("CommunicationMetaData", "ID"),
        kind=_KINDS[root.text("FunctionCode")],
        reference=root.text("FunctionalReferenceID"),
        version=int(root.text("VersionID") or 0),
        official_number=root.text("ID"),
        direction=_DIRECTION_OF[root.text("TypeCode")],
        type_code=root.text("ProcedureCode"),
        issued_at=instant(issued) if issued else None,
        header=_header(root),
        lines=tuple(
            _line(each)
            for shipment in root.all("GoodsShipment")
            for each in shipment.all("GovernmentAgencyGoodsItem")
        ),
        text=root.text("Reason"),
        answers=root.text("ResponseID"),
        papers=tuple(_paper(each) for each in root.all("AdditionalDocument")),
        payment=None if payment is None else _payment(payment),
    )
    numbers = [line.number for line in message.lines]
    if len(set(numbers)) < len(numbers):
        raise WireFault("content", "a line number stands twice")
    return message


def _header(root: Node) -> dict[str, str]:
    header = names(root)
    for code, path, attribute in PLACES:
        text = root.attribute(attribute, *path) if attribute else root.text(*path)
        if text:
            header[code] = text
    return header


def _put_line(item: Node, line: WireLine, currency: str) -> None:
    item.put("SequenceNumeric", line.number)
    if line.origin_proof:
        _put_paper(item.add("AdditionalDocument"), Paper("CO", line.origin_proof))
    named(line.more.items(), item)
    goods = item.add("Commodity")
    goods.put("Description", line.description)
    for kind, code in (("HS", line.hs), ("FIRM", line.own_code)):
        if code:
            each = goods.add("Classification")
            each.put("ID", code)
            each.put("IdentificationTypeCode", kind)
    if line.scheme:
        goods.under("DutyTaxFee").put("DutyRegimeCode", line.scheme)
    for name, quantity, unit in (
        ("TariffQuantity", line.quantity, line.unit),
        ("SecondQuantity", line.quantity2, line.unit2),
    ):
        if quantity is not None:
            goods.under("GoodsMeasure").put(name, quantity, unitCode=unit)
    if line.value is not None:
        goods.under("InvoiceLine").put("ItemChargeAmount", line.value, currencyID=currency)
    if line.unit_price is not None:
        goods.under("InvoiceLine").put("UnitPriceAmount", line.unit_price, currencyID=currency)
    if line.origin:
        item.add("Origin").put("CountryCode", line.origin)


def _line(item: Node) -> WireLine:
    codes = {
        each.text("IdentificationTypeCode"): each.text("ID")
        for goods in item.all("Commodity")
        for each in goods.all("Classification")
    }
    return WireLine(
        number=int(item.text("SequenceNumeric")),
        hs=codes.get("HS", ""),
        own_code=codes.get("FIRM", ""),
        description=item.text("Commodity", "Description"),
        origin=item.text("Origin", "CountryCode"),
        scheme=item.text("Commodity", "DutyTaxFee", "DutyRegimeCode"),
        origin_proof=item.text("AdditionalDocument", "ID"),
        quantity=item.decimal("Commodity", "GoodsMeasure", "TariffQuantity"),
        unit=item.attribute("unitCode", "Commodity", "GoodsMeasure", "TariffQuantity"),
        quantity2=item.decimal("Commodity", "GoodsMeasure", "SecondQuantity"),
        unit2=item.attribute("unitCode", "Commodity", "GoodsMeasure", "SecondQuantity"),
        unit_price=item.decimal("Commodity", "InvoiceLine", "UnitPriceAmount"),
        value=item.decimal("Commodity", "InvoiceLine", "ItemChargeAmount"),
        more=names(item),
    )


def _put_paper(node: Node, paper: Paper) -> None:
    node.put("TypeCode", paper.type_code)
    node.put("ID", paper.name)
    node.put("Digest", paper.sha256)
    node.put("Size", paper.size or None)


def _paper(node: Node) -> Paper:
    return Paper(node.text("TypeCode"), node.text("ID"), node.text("Digest"), int(node.text("Size") or 0))


def _put_payment(node: Node, payment: PaidSlip) -> None:
    node.put("ReferenceID", payment.reference)
    node.put("PaymentAmount", payment.amount)
    node.put("PaymentDate", payment.paid_on)
    node.put("TransactionID", payment.transaction)


def _payment(node: Node) -> PaidSlip:
    return PaidSlip(
        node.text("ReferenceID"),
        decimal(node.text("PaymentAmount")),
        day(node.text("PaymentDate")),
        node.text("TransactionID"),
    )
