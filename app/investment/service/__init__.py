"""The write side of investment: issuing certificates, and getting the codes that stand on them."""

from app.investment.service.adjusting import AdjustmentOpen, open_adjustment
from app.investment.service.certificate_paper import PressRoom
from app.investment.service.issuing import (
    enter_signed_certificate,
    issue_certificate,
    print_certificate,
    told_to_registry,
)
from app.investment.service.project_codes import ASK_REGISTRY, request_code

__all__ = [
    "ASK_REGISTRY",
    "AdjustmentOpen",
    "PressRoom",
    "enter_signed_certificate",
    "issue_certificate",
    "open_adjustment",
    "print_certificate",
    "request_code",
    "told_to_registry",
]
