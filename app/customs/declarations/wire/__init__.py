"""
The form in which declarations and the authority's answers travel: WCO-named XML, described by the schemas beside it.

Two documents, ``Declaration`` (ours to the authority) and ``Response`` (a notice of the authority to us), and two
envelopes, ``Responses`` (what the gateway's queue returns) and ``Results`` (official results of declarations, also of
those that were made elsewhere). Everything that comes in is read without entities, network or growth, checked against
the schema and only then turned into plain values.
"""

from app.customs.declarations.wire.declaration import read_declaration, write_declaration
from app.customs.declarations.wire.envelope import read_responses, write_responses
from app.customs.declarations.wire.messages import (
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
    Unread,
    WireLine,
)
from app.customs.declarations.wire.response import read_response, write_response
from app.customs.declarations.wire.results import read_results, write_results
from app.customs.declarations.wire.xml import FIRST_YEAR, LARGEST, LAST_YEAR, TOO_MUCH, WireFault

__all__ = [
    "FIRST_YEAR",
    "LARGEST",
    "LAST_YEAR",
    "TOO_MUCH",
    "Batch",
    "DeclarationMessage",
    "Fault",
    "ItemTaxes",
    "MessageKind",
    "Notice",
    "NoticeKind",
    "PaidSlip",
    "Paper",
    "PostedPayment",
    "Result",
    "Tax",
    "TaxKind",
    "Unread",
    "WireFault",
    "WireLine",
    "read_declaration",
    "read_response",
    "read_responses",
    "read_results",
    "write_declaration",
    "write_response",
    "write_responses",
    "write_results",
]
