"""A request for a certificate that breaks no rule, to be bent by tests."""

from datetime import date
from decimal import Decimal
from typing import Any

from app.investment.domain.rules import Context, TermLimit

CONTEXT = Context(date(2026, 11, 20), TermLimit(Decimal(70), "143/2025/QH15", assumed=True))


def money(amount: int, currency: str = "VND") -> dict[str, str]:
    return {"amount": str(amount), "currency": currency}


def investor(**changes: Any) -> dict[str, Any]:
    return {
        "kind": "ORGANISATION",
        "name": "Công ty TNHH Thử nghiệm Sao Biển",
        "country": "JP",
        "id_number": "0100-01-012345",
        "address": "1-1 Chiyoda, Tokyo",
        "representative": "Người nộp Thử Nghiệm",
        "representative_position": "Giám đốc",
        "phone": "+81 3 0000 0000",
        "email": "info@saobien.vn",
        "contribution": money(250_000_000_000),
        "contribution_form": "CASH",
        "share": "100",
        **changes,
    }


def request(**changes: Any) -> dict[str, Any]:
    answers = {
        "investors": [investor()],
        "economic_organisation": "NEW",
        "organisation_name": "Công ty TNHH Linh kiện Sao Biển",
        "bcc": False,
        "project_name_vi": "Nhà máy thử nghiệm",
        "objective": "Sản xuất linh kiện điện tử.",
        "vsic": "VSIC2025:2610",
        "scale": "2 triệu sản phẩm mỗi năm.",
        "restricted_technology": False,
        "site": "S1",
        "functional_area": "PRODUCTION",
        "land_area": "25000",
        "land_right": "LEASE",
        "capital": money(1_250_000_000_000),
        "capital_usd": money(50_000_000, "USD"),
        "exchange_rate": "25000",
        "rate_on": "2026-11-20",
        "rate_source": "Ngân hàng thử nghiệm",
        "contributed": money(250_000_000_000),
        "mobilised": money(1_000_000_000_000),
        "term_years": 50,
        "milestones": [{"kind": "OPERATION", "on": "2028-06-30"}],
        "market_restricted": False,
        "incentives": ["CIT"],
        "contact_name": "Người Liên Hệ",
        "contact_phone": "+84 225 000 000",
        "contact_email": "lienhe@saobien.vn",
        "declaration": True,
    }
    return {code: value for code, value in {**answers, **changes}.items() if value is not None}


def commitment(kind: str) -> dict[str, str]:
    return {
        "kind": kind,
        "text": "Đáp ứng quy chuẩn kỹ thuật quốc gia.",
        "article": "QCVN thử nghiệm",
        "due_on": "2027-12-31",
        "evidence": "Biên bản nghiệm thu",
    }
