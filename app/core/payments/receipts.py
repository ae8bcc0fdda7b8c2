"""Receipts: a signed paper that says what was paid, when, and for what; anybody can verify it by its code."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.auth.parties import find_office
from app.core.documents import service as documents
from app.core.documents.letters import allocate_number
from app.core.documents.models import Document
from app.core.documents.signing import Appearance, DevelopmentAuthority, NoSigningKey, SigningKey, sign_pdf
from app.core.documents.store import FileStore
from app.core.documents.typeset import JSON, qr_svg, typeset
from app.core.errors import Conflict
from app.core.evidence import Subject, record
from app.core.i18n.formats import NBSP, format_datetime, format_number
from app.core.kit.actor import Actor
from app.core.kit.time import local_day
from app.core.outbox import publish
from app.core.payments.booking import received_on
from app.core.payments.events import ReceiptIssued
from app.core.payments.models import Slip
from app.core.payments.queries import SlipView, find_slip
from app.core.payments.settlement import Received
from app.core.payments.states import SlipState
from app.core.settings.zone import ZoneConfig

KIND = "PAYMENT_RECEIPT"
SEAL = "payment-receipts"
"""Whose certificate signs: the authority's own, not a person's."""
_TEMPLATE, _FIELD = "case_letter", "signer"
_TITLE = "Biên lai thu tiền điện tử"
_UNSIGNED = "(Văn bản điện tử không ký số; xác thực bằng mã bên dưới)"


class NotPaid(Conflict):
    """A receipt says that everything was paid."""

    code = "payments.not-paid"
    title = "There is no receipt yet."
    detail = "A receipt is issued when the slip is paid in full."
    hint = "The slip's page shows what is still owed."


def issue_receipt(
    session: Session, *, slip_id: UUID, store: FileStore, signing: DevelopmentAuthority, zone: ZoneConfig,
    origin: str, simulated: bool, actor: Actor, now: datetime,
) -> Document:  # fmt: skip
    """
    Make the receipt of a paid slip, number, sign and store it; a slip has one receipt, however often it is asked for.

    :param simulated: the money was paid at a simulated bank, and the paper says so.
    :raises NotPaid: something is owed, or the slip was cancelled.
    """
    session.flush()  # the slip is read again under its lock
    slip = session.get_one(Slip, slip_id, with_for_update=True, populate_existing=True)
    if slip.receipt_id is not None:
        return session.get_one(Document, slip.receipt_id)
    if slip.state != SlipState.PAID:
        raise NotPaid
    key = _key(signing, now)
    letter = allocate_number(
        session, office_id=find_office(session, zone.authority.code).party_id, kind=KIND, symbol="BL",
        subject=f"{_TITLE} {slip.reference}", issued_on=local_day(now, zone.tz), now=now,
    )  # fmt: skip
    code = documents.new_verification_code()
    data = _data(
        find_slip(session, slip_id), received_on(session, slip_id), zone, number=letter.text, code=code,
        url=f"{origin}/verify/{code}", key=key, simulated=simulated, now=now,
    )  # fmt: skip
    pdf = typeset(_TEMPLATE, data, at=now)
    if key is not None:
        pdf = sign_pdf(
            pdf, key=key, field=_FIELD, at=now, reason=letter.text, location=zone.city["vi"],
            appearance=Appearance(zone=zone.tz),
        )  # fmt: skip
    document = documents.store_paper(
        session, store=store, pdf=pdf, title=f"{_TITLE} {slip.reference}.pdf", kind=KIND, party_id=slip.party_id,
        subject=Subject("slip", slip.id), actor=actor, now=now,
    )  # fmt: skip
    session.flush()  # the register, the public record and the slip refer to the document's row
    letter.document, slip.receipt_id = document, document.id
    documents.issue(
        session, document=document, verification_code=code, number=letter.text,
        public={"subject": _TITLE, "reference": slip.reference, "amount": f"{_dong(slip.total)} VND"}, actor=actor,
        now=now,
    )  # fmt: skip
    record(
        session, "payments:receipt:issue", subject=Subject("slip", slip.id), actor=actor, at=now,
        party_id=slip.party_id,
        facts={"reference": slip.reference, "number": letter.text, "signed": key is not None},
    )  # fmt: skip
    publish(
        session, ReceiptIssued(slip.id, slip.reference, slip.subject_kind, slip.subject_id), actor=actor, at=now,
        party_id=slip.party_id,
    )  # fmt: skip
    return document


def _key(signing: DevelopmentAuthority, now: datetime) -> SigningKey | None:
    """Return the authority's certificate for receipts; a receipt without one goes out unsigned and says so."""
    try:
        return signing.key_for(SEAL, now=now)
    except NoSigningKey:
        return None


def _data(
    slip: SlipView, payments: Sequence[Received], zone: ZoneConfig, *, number: str, code: str, url: str,
    key: SigningKey | None, simulated: bool, now: datetime,
) -> dict[str, JSON]:  # fmt: skip
    day = local_day(now, zone.tz)
    facts = [
        ["Người nộp tiền:", slip.payer],
        ["Mã phiếu nộp tiền:", slip.reference],
        ["Nội dung:", slip.title["vi"]],
        ["Số tiền:", f"{_dong(slip.total)} đồng"],
    ]
    content: list[JSON] = [
        {"kind": "facts", "rows": facts},
        {
            "kind": "table",
            "columns": ["STT", "Khoản nộp", "Chương", "Tiểu mục", "Số tiền (đồng)"],
            "widths": [1, 5, 2, 2, 3],
            "rows": [
                [str(line.number), line.title["vi"], line.chapter, line.sub_item, _dong(line.amount)]
                for line in slip.lines
            ],
        },
        {"kind": "heading", "text": "Các khoản đã nhận"},
        {
            "kind": "table",
            "columns": ["Thời điểm ngân hàng ghi có", "Mã giao dịch", "Số tiền (đồng)"],
            "widths": [4, 5, 3],
            "rows": [
                [
                    format_datetime(each.booked_at, lang="vi", timezone=zone.tz).replace(NBSP, " "),
                    each.transaction_id,
                    _dong(each.amount),
                ]
                for each in payments
            ],
        },
    ]
    if simulated:
        content.append(
            {"kind": "paragraph", "text": "Giao dịch tại ngân hàng giả lập: không có tiền thật được nộp."}
        )
    signature: dict[str, JSON] = (
        {"authority": zone.authority.name["vi"], "position": key.identity.position, "field": _FIELD,
         "name": key.identity.name}
        if key is not None
        else {"position": "Bộ phận thu", "note": _UNSIGNED, "name": zone.authority.name["vi"]}
    )  # fmt: skip
    return {
        "subject": f"{_TITLE} {slip.reference}",
        "header": {
            "parent": zone.authority.parent["vi"], "agency": zone.authority.name["vi"], "number": number,
            "place": zone.city["vi"], "date": f"ngày {day.day:02d} tháng {day.month:02d} năm {day.year}",
            "abstract": None,
        },
        "title": _TITLE, "about": None, "addressees": [], "basis": [], "content": content,
        "recipients": ["Người nộp tiền;", "Lưu: kế toán."], "signature": signature,
        "verification": {"qr": qr_svg(url), "caption": "Xác thực tại:", "code": code, "url": url},
    }  # fmt: skip


def _dong(amount: Decimal) -> str:
    return format_number(amount, lang="vi", decimals=0).replace(NBSP, " ")
