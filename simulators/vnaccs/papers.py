"""Reading declarations and writing notices: the authority's own hand, from the published description of the form."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from lxml import etree

_DECLARATION = "{urn:ftz:customs:declaration:1}"
_RESPONSE = "urn:ftz:customs:response:1"
_KINDS = {"9": "DECLARE", "4": "AMEND", "1": "CANCEL", "2": "DOCUMENTS", "11": "ANSWER", "8": "PAYMENT"}
# Where the header fields stand that the rules look at; all others come as AdditionalInformation.
_HEADER = {
    "CH": "DeclarationOfficeID",
    "MTC": "BorderTransportMeans/ModeCode",
    "IMC": "GoodsShipment/Importer/ID",
    "EPC": "Exporter/ID",
    "IP2": "GoodsShipment/TradeTerms/ConditionCode",
    "IP4": "InvoiceAmount",
}


class Unreadable(ValueError):
    """The message is no declaration."""


@dataclass
class Item:
    """A goods line as the authority read it."""

    number: int
    hs: str
    description: str
    origin: str
    scheme: str
    proof: str
    quantity: Decimal | None
    price: Decimal | None
    value: Decimal
    facts: dict[str, str] = field(default_factory=dict)
    unit: str = ""


@dataclass
class Paper:
    """A message as the authority read it."""

    kind: str
    reference: str
    number: str
    version: int
    direction: str
    type_code: str
    header: dict[str, str] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)
    text: str = ""
    documents: list[str] = field(default_factory=list)
    payment: tuple[str, int] | None = None


def read(content: bytes) -> Paper:
    """
    Read a message.

    :raises Unreadable: it is none.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(content, parser)
        if root.tag != f"{_DECLARATION}Declaration":
            raise Unreadable("another document")
        return _paper(root)
    except (etree.XMLSyntaxError, KeyError, ValueError, ArithmeticError) as error:
        raise Unreadable(str(error)) from None


def _paper(root: Any) -> Paper:
    header = _information(root) | {
        code: text for code, path in _HEADER.items() if (text := _text(root, path))
    }
    amount = root.find(_path("InvoiceAmount"))
    if amount is not None:
        header["IP3"] = amount.get("currencyID", "")
    paid = _text(root, "Payment/ReferenceID")
    return Paper(
        kind=_KINDS[_text(root, "FunctionCode")],
        reference=_text(root, "FunctionalReferenceID"),
        number=_text(root, "ID"),
        version=int(_text(root, "VersionID") or 0),
        direction={"IM": "IMPORT", "EX": "EXPORT"}[_text(root, "TypeCode")],
        type_code=_text(root, "ProcedureCode"),
        header=header,
        items=[_item(each) for each in root.findall(_path("GoodsShipment/GovernmentAgencyGoodsItem"))],
        text=_text(root, "Reason"),
        documents=[_text(each, "TypeCode") for each in root.findall(_path("AdditionalDocument"))],
        payment=(paid, int(Decimal(_text(root, "Payment/PaymentAmount")))) if paid else None,
    )


def _item(node: Any) -> Item:
    codes = {
        _text(each, "IdentificationTypeCode"): _text(each, "ID")
        for each in node.findall(_path("Commodity/Classification"))
    }
    quantity, price = (
        _text(node, "Commodity/GoodsMeasure/TariffQuantity"),
        _text(node, "Commodity/InvoiceLine/UnitPriceAmount"),
    )
    return Item(
        int(_text(node, "SequenceNumeric")),
        codes.get("HS", ""),
        _text(node, "Commodity/Description"),
        _text(node, "Origin/CountryCode"),
        _text(node, "Commodity/DutyTaxFee/DutyRegimeCode"),
        _text(node, "AdditionalDocument/ID"),
        Decimal(quantity) if quantity else None,
        Decimal(price) if price else None,
        Decimal(_text(node, "Commodity/InvoiceLine/ItemChargeAmount") or "0"),
        _information(node),
        ""
        if (measure := node.find(_path("Commodity/GoodsMeasure/TariffQuantity"))) is None
        else measure.get("unitCode", ""),
    )


def _information(node: Any) -> dict[str, str]:
    return {
        _text(each, "StatementCode"): _text(each, "StatementDescription")
        for each in node.findall(_path("AdditionalInformation"))
    }


def _path(path: str) -> str:
    return "/".join(f"{_DECLARATION}{name}" for name in path.split("/"))


def _text(node: Any, path: str) -> str:
    found = node.find(_path(path))
    return "" if found is None else found.text or ""


def notice(
    *,
    identity: str,
    function: str,
    reference: str,
    sequence: int,
    at: str,
    content: dict[str, Any],
) -> bytes:
    """Write a notice; ``content`` holds what its kind says."""
    root = etree.Element(f"{{{_RESPONSE}}}Response", nsmap={None: _RESPONSE})  # type: ignore[dict-item]
    _put(_add(root, "CommunicationMetaData"), "ID", identity)
    _put(root, "FunctionCode", function)
    _put(root, "FunctionalReferenceID", reference)
    _put(root, "SequenceNumeric", sequence)
    _put(root, "IssueDateTime", at)
    _put(root, "MessageID", content.get("reply_to"))
    if content.get("number"):
        declared = _add(root, "Declaration")
        _put(declared, "ID", content["number"])
        _put(declared, "VersionID", content.get("version"))
    if content.get("channel"):
        _put(_add(root, "Status"), "NameCode", content["channel"])
    _put(root, "Description", content.get("text"))
    for fault in content.get("faults", ()):
        _put_fault(_add(root, "Error"), fault)
    for code, name in content.get("papers", ()):
        wanted = _add(root, "AdditionalDocument")
        _put(wanted, "TypeCode", code)
        _put(wanted, "Name", name)
    _put_taxes(root, content)
    if content.get("posted"):
        posted = _add(root, "Payment")
        _put(posted, "ReferenceID", content["posted"][0])
        _put(posted, "PaymentAmount", content["posted"][1])
    return etree.tostring(root)


def envelope(notices: list[bytes], *, cursor: str, more: bool) -> bytes:
    """Put notices into an envelope."""
    head = f'<Responses xmlns="{_RESPONSE}" cursor="{cursor}" more="{"true" if more else "false"}">'
    return b'<?xml version="1.0" encoding="UTF-8"?>' + head.encode() + b"".join(notices) + b"</Responses>"


def _put_fault(node: Any, fault: dict[str, Any]) -> None:
    _put(node, "ValidationCode", fault["rule"])
    _put(node, "Description", fault.get("text"))
    _put(node, "LegalBasis", fault.get("article"))
    _put(node, "Remedy", fault.get("fix"))
    pointer = _add(node, "Pointer")
    _put(pointer, "SequenceNumeric", fault.get("line"))
    _put(pointer, "TagID", fault.get("field"))


def _put_taxes(root: Any, content: dict[str, Any]) -> None:
    for line in content.get("taxes", ()):
        item = _add(root, "GovernmentAgencyGoodsItem")
        _put(item, "SequenceNumeric", line["number"])
        for tax in line["taxes"]:
            each = _add(item, "DutyTaxFee")
            _put(each, "TypeCode", tax["kind"])
            _put(each, "AdValoremTaxBaseAmount", tax["base"])
            _put(each, "TaxRate", tax["rate"])
            _put(_add(each, "Payment"), "TaxAssessedAmount", tax["amount"])
    if content.get("total") is not None:
        due = _add(root, "DutyTaxTotal")
        _put(due, "PaymentAmount", content["total"])
        _put(due, "DueDate", content.get("due_on"))
        _put(due, "ReferenceID", content.get("payment_reference"))


def _add(node: Any, name: str) -> Any:
    return etree.SubElement(node, f"{{{_RESPONSE}}}{name}")


def _put(node: Any, name: str, value: Any) -> None:
    if value not in (None, ""):
        _add(node, name).text = str(value)
