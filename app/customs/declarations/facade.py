"""What others may ask of declarations: to prepare one and hand it in, and the gateway to customs with its form."""

from app.customs.declarations.clients import (
    CustomsGateway,
    GatewayDown,
    GatewayRefused,
    HttpGateway,
    gateway_of,
)
from app.customs.declarations.models import Declaration
from app.customs.declarations.queries.gateway import simulated
from app.customs.declarations.service.billing import bill_notice, in_both
from app.customs.declarations.service.clocks import free_amendment
from app.customs.declarations.service.drafting import Opening, open_declaration, save_header, save_lines
from app.customs.declarations.service.handing_in import NotReady, hand_in
from app.customs.declarations.service.telling import body_of
from app.customs.declarations.wire import (
    DeclarationMessage,
    Fault,
    MessageKind,
    Notice,
    NoticeKind,
    PaidSlip,
    WireFault,
    WireLine,
    write_declaration,
)

__all__ = [
    "CustomsGateway",
    "Declaration",
    "DeclarationMessage",
    "Fault",
    "GatewayDown",
    "GatewayRefused",
    "HttpGateway",
    "MessageKind",
    "NotReady",
    "Notice",
    "NoticeKind",
    "Opening",
    "PaidSlip",
    "WireFault",
    "WireLine",
    "bill_notice",
    "body_of",
    "free_amendment",
    "gateway_of",
    "hand_in",
    "in_both",
    "open_declaration",
    "save_header",
    "save_lines",
    "simulated",
    "write_declaration",
]
