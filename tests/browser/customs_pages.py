"""What the pages of customs and payments show on the tour of all pages."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg

from app.cli.demo_declarations import seed_declarations
from app.core.db import DbRole, SessionContext
from app.core.kit.actor import SYSTEM
from app.core.kit.ids import uuid7
from app.core.kit.time import local_day
from app.core.payments import LineDraft, LineKind, SlipSubject, open_slip
from app.customs.declarations.facade import Opening, open_declaration
from app.customs.tariff import facade as tariff
from tests.investment.dossiers import FILER, Office

OFFICER = SessionContext(DbRole.OFFICER)

# Keys by the names that paths give them. A draft of the filer's firm, and one that customs handles.
QUERIES: Mapping[str, str] = {
    "declaration_id": "select id from customs_declaration order by state = 'DRAFT' desc, registered_at nulls last",
    "part": "select unnest(array['parties', 'invoice'])",
    "difference_id": "select id from customs_difference",
    "question_id": "select id from customs_question",
    "note_id": "select id from customs_inspection_note",
    "slot": "select 'INVOICE'",
    "place": "select 1",
    "paper_id": "select id from customs_paper",
    "slip_id": "select id from payments_slip",
    "entry_id": "select id from payments_entry",
    "refund_id": "select id from payments_refund",
    "outside_id": "select id from payments_outside",
    "bank_difference_id": "select id from payments_difference",
    "sheet_id": "select id from tariff_exchange_sheet",
    "unread_id": "select id from customs_unread",
}

# What the authority, the bank and officers say, on the declaration of the filer's firm that customs handles.
_SAID = (
    "update customs_revision set state = 'ACCEPTED', sent_at = now() where declaration_id = %(handled)s",
    "update customs_declaration set party_id = %(owner)s, state = 'PAYABLE', official_number = '109000009990',"
    " channel = 'YELLOW', registered_at = now() where id = %(handled)s",
    "update customs_revision set party_id = %(owner)s where declaration_id = %(handled)s",
    "update customs_line set party_id = %(owner)s where revision_id in"
    " (select id from customs_revision where declaration_id = %(handled)s)",
    "update customs_assessment set party_id = %(owner)s where revision_id in"
    " (select id from customs_revision where declaration_id = %(handled)s)",
    "insert into customs_difference (id, party_id, declaration_id, assessment_id, line, tax, ours, official, our_rate,"
    " official_rate, found_at, state, explanation) select gen_random_uuid(), %(owner)s, %(handled)s, a.id, 1, 'VAT',"
    " 20000, 26670, '8', '10', now(), 'OPEN', '' from customs_assessment a join customs_revision r"
    " on r.id = a.revision_id where r.declaration_id = %(handled)s",
    "insert into customs_question (id, party_id, declaration_id, side, text, asked_at, asked_by, state, changed_at)"
    " values (gen_random_uuid(), %(owner)s, %(handled)s, 'OFFICER', 'Hàng mới hay đã qua sử dụng?', now(),"
    " %(inspector)s, 'FIRM', now())",
    "insert into customs_inspection_note (id, party_id, declaration_id, kind, place, found, result, happened_at,"
    " written_at, written_by, officer, digest) values (gen_random_uuid(), %(owner)s, %(handled)s, 'GOODS', 'Kho số 1',"
    " 'Đủ số lượng khai.', 'AS_DECLARED', now() - interval '2 hours', now(), %(inspector)s, 'Công chức hải quan khu',"
    " repeat('a', 64))",
    "insert into payments_entry (id, transaction_id, amount, currency, booked_at, reference, payer, payer_account,"
    " source, content_sha256, received_at, state, problem, assign_reason) values (gen_random_uuid(), 'FT-LA', 500000,"
    " 'VND', now(), '', '{\"name\": \"CONG TY THU\", \"remark\": \"nop thue\"}', '0001', 'CALLBACK', '', now(),"
    " 'SUSPENSE', 'no-reference', '')",
    "insert into payments_difference (id, day, kind, transaction_id, own_amount, found_at, state) values"
    " (gen_random_uuid(), now()::date, 'NOT_AT_BANK', 'FT-LA', 500000, now(), 'OPEN')",
    "insert into payments_refund (id, party_id, slip_id, amount, reason, destination, asked_at, state)"
    ' values (gen_random_uuid(), %(owner)s, %(slip)s, 1000, \'Nộp thừa\', \'{"bank": "NGAN HANG THU", "account":'
    ' "0001", "holder": "CONG TY THU"}\', now(), \'ASKED\')',
    "insert into payments_outside (id, party_id, slip_id, amount, paid_on, place, paper, note, document_id, asked_at,"
    " asked_by) values (gen_random_uuid(), %(owner)s, %(slip)s, 1000, now()::date, 'Kho bạc thử', 'GNT-1', '',"
    " gen_random_uuid(), now(), %(filer)s)",
    "insert into customs_unread (id, sha256, raw, code, message, gateway_id, reference, received_at, tries, tried_at,"
    " state, reason) values (gen_random_uuid(), repeat('b', 64), '<Response/>', 'gateway.unreadable',"
    " 'The document does not follow its schema.', '', '', now(), 1, now(), 'OPEN', '')",
    "insert into tariff_exchange_sheet (id, week, rate_day, rates, source, state, entered_by, entered_by_name,"
    " entered_at) values (gen_random_uuid(), date_trunc('week', now())::date + 7, now()::date, '{\"USD\": \"25400\"}',"
    " 'Bảng thử nghiệm', 'ENTERED', %(filer)s, 'Pháp chế', now())",
)


def furnish_customs(
    office: Office, connection: psycopg.Connection[Any], given: Mapping[str, object], now: datetime
) -> None:
    """Make a draft of the filer's firm, and let customs handle one of the demo's declarations in its name."""
    zone = office.platform.zone.tz
    with office.database.transaction(OFFICER) as session:
        tariff.enter_demo_rates(session, now=now, today=local_day(now, zone))
    seed_declarations(office.database, office.platform, now=now)
    filer = office.person(FILER)
    with office.as_(filer) as session:
        opening = Opening(uuid7(), filer.party_ids[0], "ZONE_TO_INLAND", "A11")
        open_declaration(session, opening=opening, actor=filer, now=now, zone=zone)
    handled = connection.execute(
        "select id from customs_declaration where state = 'QUEUED' and type_code = 'A11' order by code limit 1"
    ).fetchone()
    assert handled is not None
    told = {
        **given, "handled": handled[0], "slip": _slip(office, filer.party_ids[0], handled[0], now),
        "inspector": office.person("hai.quan.khu").user_id,
    }  # fmt: skip
    # Nobody but the worker writes what the authority says; the tour's zone is made, not lived.
    connection.execute("set session_replication_role = replica")
    for statement in _SAID:
        connection.execute(statement, told)
    connection.execute("set session_replication_role = origin")


def _slip(office: Office, party_id: UUID, declaration_id: UUID, now: datetime) -> UUID:
    line = LineDraft("VAT", LineKind.TAX, {"vi": "Thuế GTGT", "en": "Value added tax"}, Decimal(26_670))
    title = {"vi": "Thuế của tờ khai thử", "en": "Taxes of a test declaration"}
    subject = SlipSubject("declaration", declaration_id, title, f"/declarations/{declaration_id}")
    zone = office.platform.zone.tz
    with office.database.transaction(OFFICER) as session:
        slip = open_slip(
            session, party_id=party_id, subject=subject, notice="T1", lines=[line],
            due_on=local_day(now + timedelta(days=10), zone), zone=zone, actor=SYSTEM, now=now,
        )  # fmt: skip
        return slip.id
