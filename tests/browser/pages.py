"""Every page of the application, derived from its routes: who may open it, and a zone that has something on it."""

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
import yaml
from playwright.sync_api import BrowserContext
from psycopg.types.json import Jsonb

from app.cli.demo import ACCOUNTS
from app.cli.demo_dossiers import STORIES, Storyteller, _key
from app.core.auth.roles import UserKind
from app.core.auth.tokens import token_hash
from app.core.workflow.papers.models import Part
from app.web.need import Holder, customer, known
from tests.architecture.routes import Found
from tests.browser.customs_pages import QUERIES as CUSTOMS_QUERIES
from tests.browser.customs_pages import furnish_customs
from tests.investment.dossiers import FILER, Office

PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
# A dossier in each hand, a certificate, and one with commitments.
TOLD = ("draft", "in-review", "consulting", "returned", "special")

# Pages to which no address alone leads, and what looks at them instead.
ELSEWHERE: Mapping[str, str] = {
    "/account/identity": "no identity provider is set here: tests/web/test_identity_sign_in.py",
    "/account/identity/confirm": "as above",
    "/account/identity/link": "as above",
    "/login/identity": "as above",
    "/login/identity/callback": "as above",
    "/account/totp.svg": "a picture: tests/browser/test_account.py",
    "/login/totp.svg": "a picture: tests/browser/test_account.py",
    "/certificates/{number}/changes": "asks for a second revision: axe looks in tests/browser/test_special.py",
    "/continue/{form_id}": "after a session that ended: axe looks in tests/browser/test_account.py",
    "/dossiers/{case_id}/project-code/letter": "a code is owed: axe looks in tests/browser/test_code_letter.py",
    "/dossiers/{case_id}/signed-paper": "a print that waits: axe looks in tests/browser/test_signed_papers.py",
    "/dossiers/{case_id}/scan": "a draft of the counter: tests/browser/test_counter.py",
    "/dossiers/{case_id}/certify": "a draft of the counter: tests/browser/test_counter.py",
    "/desk/claims/{claim_id}/papers/{document_id}": "a file: tests/registry",
    "/dossiers/{case_id}/visits": "a draft of the counter: tests/browser/test_counter.py",
    "/law/changes/{change_set_id}/pages/{sha256}": "a file: tests/web/test_legal.py",
    "/customs/inspections/{note_id}/photos/{document_id}": "a picture: tests/browser/test_customs_desk.py",
    "/customs/questions/{question_id}/papers/{document_id}": "a file: tests/customs/declarations/pages",
    "/declarations/results/export.xlsx": "a file: tests/customs/declarations/pages/test_exchange.py",
    "/declarations/results/export.xml": "a file: tests/customs/declarations/pages/test_exchange.py",
    "/declarations/{declaration_id}/export.xml": "a file: tests/customs/declarations/pages/test_declaration.py",
    "/declarations/{declaration_id}/papers/{slot}/{paper_id}": "a file: tests/customs/declarations/pages",
    "/payments/{slip_id}/bank": "leads on to the bank: tests/web/test_payments.py",
    "/payments/{slip_id}/qr.svg": "a picture: tests/web/test_payments.py",
    "/payments/{slip_id}/receipt": "a file: tests/web/test_payments.py",
    "/payments/{slip_id}/outside/{outside_id}/paper": "a file: tests/web/test_payment_outside.py",
    "/notices/{notice_id}": "leads on to the matter of the notice: tests/web/test_notices_pages.py",
}

# The token of an invitation.
INVITED = "a-letter-to-somebody-without-an-account"

# What a page is asked, where it says little without a question.
ASKED: Mapping[str, str] = {
    "/dossiers/new": "?procedure=IRC",
    "/search": "?q=nha+may",
    "/counter/new": "?party={owner}",
    "/customs/inspections/new": "?firm={owner}",
    "/customs/questions/new": "?firm={owner}",
    "/invitation": f"?token={INVITED}",
    "/guide": "?intent=NEW&place=ZONE&country=JP&vsic=VSIC2025:2610&approval=NO&special=YES&priority=NO&technology=NO"
    "&bcc=NO&land=LEASE",
    "/guide/start": "?intent=NEW&place=ZONE&country=JP&vsic=VSIC2025:2610&approval=NO&special=YES",
    "/dossiers/{case_id}/papers/{component}/sign": "?file={file}",
    "/customs/parcels/upload/empty.xlsx": "?message=ORDER",
}

# Keys by the names that paths give them: candidates, tried in turn.
QUERIES: Mapping[str, str] = {
    "case_id": "select id from workflow_case order by created_at",
    "section": "select 'investor'",
    "file": "select id from workflow_component where case_id = %(draft)s",
    "component": "select distinct component from workflow_component where case_id = %(draft)s",
    "action": "select unnest(array['request_supplement', 'consult', 'reschedule'])",
    "document_id": "select id from documents_document limit 1",
    "sha256": "select repeat('0', 64)",
    "code": "select coalesce((select verification_code from investment_certificate limit 1), '') union all"
    " select unnest(%(tiles)s::text[]) union all select '39012000'",
    "number": "select number from investment_certificate",
    "project_id": "select project_id from investment_commitment union select project_id from investment_certificate",
    "commitment_id": "select id from investment_commitment",
    "consultation_id": "select id from workflow_consultation where answered_at is null",
    "key": "select key from law_key where key = 'investment.irc.limit'",
    "change_set_id": "select id from law_change_set limit 2",
    "change_id": "select id from tariff_change limit 1",
    "group_code": "select 'ACFTA'",
    "import_id": "select id from tariff_import order by state",
    "code_list": "select 'VSIC'",
    "enterprise_id": "select %(owner)s",
    "representative_id": "select id from registry_representative where party_id = %(owner)s",
    "user_id": "select id from auth_user where login in ('nop.hoso', 'tham.dinh') order by login desc",
    "membership_id": "select id from auth_membership where party_id = %(owner)s",
    "client_id": "select id from auth_client",
    "claim_id": "select id from registry_claim order by state",
    "batch_id": "select id from registry_takeover order by state desc",
    "form_id": "select gen_random_uuid()",
    "parcel_id": "select id from parcels_parcel",
    "parcel_batch_id": "select id from parcels_batch",
    "parcel_list_id": "select id from parcels_list",
    "notice_id": "select id from notification limit 1",
}  # fmt: skip
KEYS: Mapping[str, str] = {**QUERIES, **CUSTOMS_QUERIES}


@dataclass(frozen=True, slots=True)
class Stop:
    """A page and who opens it; an empty login is a visitor."""

    route: str
    path: str
    login: str


def furnish(office: Office, conninfo: str, now: datetime) -> dict[str, Sequence[str]]:
    """Put something on every page; return candidates for the keys of paths."""
    teller = Storyteller(office.database, office.platform, now)
    stories = yaml.safe_load(STORIES.read_text(encoding="utf-8"))
    steps = [step for each in stories["dossiers"] if each["key"] in TOLD for step in teller.steps(each)]
    for step in sorted(steps, key=lambda step: (step.at, step.story["key"], step.place)):
        teller.take(step, stories["base"])
    draft = next(_key(each) for each in stories["dossiers"] if each["key"] == "draft")
    office.attach(draft, "PROPOSAL", part=Part.WHOLE, login="hoshi")
    with psycopg.connect(conninfo) as connection:
        filer = office.person(FILER)
        given = {
            "owner": filer.party_ids[0],
            "filer": filer.user_id,
            "draft": draft,
            "tiles": [*office.platform.tiles],
        }
        _add(connection, given)
        _invite(connection, given)
        _import(connection, given)
        _parcels(connection, given)
        furnish_customs(office, connection, given, now)
        return {
            name: [str(row[0]) for row in connection.execute(query, given)] for name, query in KEYS.items()
        }


def _add(connection: psycopg.Connection[Any], given: Mapping[str, object]) -> None:
    """Add what people make on their pages: a program, claims, take-overs."""
    connection.execute(
        "insert into auth_client (id, party_id, name, scopes, created_at, created_by, expires_at) values"
        " (gen_random_uuid(), %(owner)s, 'Phần mềm kế toán', '{dossiers.read}', now(), %(filer)s,"
        " now() + interval '1 year')",
        given,
    )
    connection.execute(
        "insert into registry_claim (id, party_id, user_id, kind, state, standing, takeover, name, country, revision,"
        " created_at, submitted_at, reasons, note) select gen_random_uuid(), %(owner)s, %(filer)s, 'NOT_FOUNDED',"
        " state, 'AUTHORISED', false, 'Umi Demo Electronics K.K.', 'JP', 1, now(),"
        " case when state = 'SUBMITTED' then now() end, '{}', '' from unnest(array['DRAFT', 'SUBMITTED']) state",
        given,
    )
    connection.execute(
        "insert into registry_takeover (id, kind, file_name, sha256, workbook, sheet, header, samples, mapping, state,"
        " rows_done, rows_total, cancel_asked, fault, created_at, created_by) select gen_random_uuid(), 'ENTERPRISE',"
        " 'danh-sach-cu.csv', state, false, '', '[\"Tên doanh nghiệp\", \"Mã số thuế\"]',"
        ' \'[["Xưởng mộc Hòn Dáu (hư cấu)", ""]]\', \'{"name_vi": 0, "tax_code": 1}\', state, 0, 0, false,'
        " '{}', now(), %(filer)s from unnest(array['UPLOADED', 'CHECKED']) state",
        given,
    )


_IMPORT = """
with made as (
  insert into tariff_change (id, made_at, made_by) values (gen_random_uuid(), now(), %(filer)s) returning id),
kept as (
  insert into tariff_import (
    id, profile, file_name, sha256, workbook, sheet, valid_from, coverage, restates, status, reason, state, rows_done,
    rows_total, cancel_asked, faults, warnings, refusal, counts, created_at, created_by, created_by_name)
  select id, 'combined', 'bieu-thue.xlsx', %(state)s, true, 'Biểu thuế', '2027-01-01', 'LINES', true, 'ASSUMED',
         'Biểu thuế thử nghiệm', %(state)s, 9, 0, false, %(faults)s, %(warned)s, '{}', '{}', now(), %(filer)s,
         'Pháp chế'
    from made)
insert into tariff_change_item (
  change_set_id, position, effect, hs8, subline10, kind, scheme, geo, variant, valid, expr, conditions, status, was,
  size)
select id, 1, 'CHANGED', '85171300', '', 'MFN', '', '', '', daterange('2027-01-01', null),
       jsonb_build_object('op', 'pct', 'rate', '5'), '{}', 'ASSUMED', jsonb_build_object('op', 'pct', 'rate', '10'), 5
  from made
"""


def _import(connection: psycopg.Connection[Any], given: Mapping[str, object]) -> None:
    """Begin imports of schedules: one that was stopped, one that waits to be proposed."""
    place = {"sheet": "Biểu thuế", "row": 7, "column": "E", "text": "??"}
    stopped = [{"code": "mark-unknown", **place, "params": {}}]
    warned = [{"code": "lost-zero", **place, "params": {"mended": "01012100"}}]
    for state, faults in (("COMPARED", []), ("STOPPED", stopped)):
        told = {"state": state, "faults": Jsonb(faults), "warned": Jsonb(warned)}
        connection.execute(_IMPORT, {**given, **told})


_PARCELS = """
with batch as (
  insert into parcels_batch (id, party_id, message, source, at, taken, known, changed, faulty, faults)
  values (gen_random_uuid(), %(owner)s, 'ORDER', 'API', now(), 1, 0, 0, 1,
          '[{"index": 1, "number": "A-2", "outcome": "FAULTY",
             "errors": [{"name": "currency", "code": "missing", "reason": "The field is missing."}]}]') returning id),
vault as (insert into parcels_vault (id, party_id, month)
          values (gen_random_uuid(), %(owner)s, date_trunc('month', now())) returning id),
told as (
  insert into parcels_order (id, party_id, batch_id, vault_id, order_no, revision, platform, items, currency, freight,
                             insurance, discount, goods, total, ordered_at, buyer, buyer_name, buyer_key, content_hash)
  select gen_random_uuid(), %(owner)s, batch.id, vault.id, 'A-1', 1, 'Chợ Thử Nghiệm',
         '[{"description": "Ốp điện thoại", "quantity": "2", "unit_price": "10.25", "hs": "39269099", "unit": "PCE",
            "origin": "CN"}]', 'USD', 0, 0, 0, 20.5, 20.5, now(), '{}', '', '', '' from batch, vault),
parcel as (
  insert into parcels_parcel (id, party_id, order_no, state, reasons, day, listed, returned, first_at, judged_at,
                              waybill_no, flight, arrives_at, currency, goods, total, weight_kg)
  values (gen_random_uuid(), %(owner)s, 'A-1', 'LISTED', '[{"code": "payment-missing"}]',
          (now() at time zone 'Asia/Ho_Chi_Minh')::date, true, 10.25, now(), now(), 'W-1', 'XX 0001', now(), 'USD',
          20.5, 20.5, 0.35) returning id),
listed as (
  insert into parcels_list (id, party_id, code, day, flight, state, law_day, law, parcels, weight_kg, customs_value,
                            duty, vat, closed_at)
  values (gen_random_uuid(), %(owner)s, 'DS-2026-000001-6', current_date, 'XX 0001', 'CLOSED', current_date, '[]', 1,
          0.35, 534000, 0, 42720, now()) returning id)
insert into parcels_line (id, party_id, list_id, parcel_id, number, order_no, waybill_no, description, hs, weight_kg,
                          currency, total, exchange, customs_value, exemption, duty, vat_rates, vat, goods, answer,
                          answer_note)
select gen_random_uuid(), %(owner)s, listed.id, parcel.id, 1, 'A-1', 'W-1', 'Ốp điện thoại', '39269099', 0.35, 'USD',
       20.5, 26065, 534000, 'VALUE', 0, '8', 42720,
       '[{"hs": "39269099", "value": "20.50", "currency": "USD", "exchange": "26065", "customs_value": "534000",
          "duty": "80100", "vat_base": "534000", "vat_rate": "8", "vat": "42720", "status": "ASSUMED"}]', 'NONE', ''
  from listed, parcel
"""


def _parcels(connection: psycopg.Connection[Any], given: Mapping[str, object]) -> None:
    """Put a parcel on a list, of which goods went back since."""
    connection.execute(_PARCELS, given)


def _invite(connection: psycopg.Connection[Any], given: Mapping[str, object]) -> None:
    """Invite somebody who has no account yet."""
    connection.execute(
        "insert into auth_invitation (id, party_id, kind, email, roles, scope, token_hash, language, created_at,"
        " created_by, sent_at, expires_at) values (gen_random_uuid(), %(owner)s, 'MEMBER', 'moi@saobien.example',"
        " '{FILER}', '{}', %(token)s, 'vi', now(), %(filer)s, now(), now() + interval '7 days')",
        {**given, "token": token_hash(INVITED)},
    )


def logins_for(route: Found, office: Office) -> list[str]:
    """Return who may open a page, by what its route needs: one on each side of the desk where both may."""
    calls = route.calls()
    needs = [call.permission for call in calls if isinstance(call, Holder)]
    if known not in calls:
        return [""]
    people = [each for each in ACCOUNTS if each.kind is UserKind.CUSTOMER or customer not in calls]
    return [each.login for each in people if all(office.person(each.login).may(need) for need in needs)]


def stops_of(
    route: Found, keys: Mapping[str, Sequence[str]], office: Office, contexts: Mapping[str, BrowserContext]
) -> list[Stop] | None:
    """
    Return where a route shows a page: the first that each side of the desk may open.

    Empty for routes that answer with files, parts of pages or another address; None when nothing was found.
    """
    names = PARAMETER.findall(route.path)
    found: list[Stop] = []
    sides: set[bool] = set()
    answered = False
    for login in logins_for(route, office):
        side = bool(login) and office.person(login).is_officer
        if side in sides:
            continue
        for values in itertools.product(*(keys[name] for name in names)):
            given = iter(values)
            asked = ASKED.get(route.path, "").format(file=keys["file"][0], owner=keys["enterprise_id"][0])
            path = PARAMETER.sub(lambda _, given=given: next(given), route.path) + asked
            answer = contexts[login].request.get(path, max_redirects=0)
            answered |= answer.status < 400
            kind = answer.headers.get("content-type", "")
            if answer.status == 200 and kind.startswith("text/html") and "<html" in answer.text():
                found.append(Stop(route.key, path, login))
                sides.add(side)
                break
            if answer.status == 200 and route.path not in ASKED:
                break
    return found if found or answered else None
