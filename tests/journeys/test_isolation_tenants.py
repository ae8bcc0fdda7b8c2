"""Two enterprises, a person without one, an officer and a stranger, through every route of the application.

The routes are walked, not listed: a new one with a key in its path is tried with another party's key from the day it
exists, and one whose key this test does not know fails it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from httpx2 import Response
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from app.core.auth.models import Party
from app.core.auth.roles import UserKind
from app.core.auth.service import register_person
from app.core.db.cluster import PrivateCluster
from app.core.documents import service as documents
from app.core.documents.models import Document
from app.core.evidence import Subject
from app.core.kit.actor import SYSTEM
from app.core.kit.ids import uuid7
from app.core.kit.time import utcnow
from app.core.workflow import procedures
from app.core.workflow.models import Case
from app.investment.domain.certificate import certificate_content
from app.investment.models import Certificate
from app.investment.service.issuing import option_labels
from app.registry.facade import register_project
from app.web.forms import read_form
from app.web.need import known
from tests.architecture.routes import Found, walk
from tests.conftest import clone
from tests.faults.people import (
    AUTH,
    OFFICER,
    ORIGIN,
    House,
    Person,
    answers_for,
    draft,
    filed,
    fill,
    fingerprint,
    house_on,
)
from tests.faults.procedure import CODE, PROBE
from tests.investment.requests import request

PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
# Keys in paths that are words of a procedure or of the law, or matters of the offices: no enterprise's property.
WORDS = {
    "batch_id": str(UUID(int=5)),
    "entry_id": str(UUID(int=6)),
    "unread_id": str(UUID(int=7)),
    "clearing_id": str(UUID(int=11)),
    "bank_difference_id": str(UUID(int=12)),
    "step": "check",
    "section": "investor",
    "part": "parties",
    "place": "1",
    "action": "withdraw",
    "key": "investment.irc.limit",
    "code_list": "COUNTRY",
    "group_code": "ACFTA",
    "consultation_id": str(UUID(int=1)),
    "change_set_id": str(UUID(int=2)),
    "change_id": str(UUID(int=6)),
    "import_id": str(UUID(int=6)),
    "sheet_id": str(UUID(int=3)),
    "sha256": "0" * 64,
    "component": "POWER_OF_ATTORNEY",
    "slot": "INVOICE",
}
NOBODYS = str(UUID(int=4))
PASSWORD = "ein ganz eigenes Kennwort"
PDF = (
    b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Count 0/Kids[]>>endobj\ntrailer<</Root 1 0 R>>\n"
)


@dataclass(frozen=True)
class Belongings:
    """What an enterprise has, by the names that paths give the keys."""

    login: str
    party_id: UUID
    keys: dict[str, str]
    secrets: tuple[str, ...]
    codes: tuple[str, ...]

    def seen_in(self, text: str) -> list[str]:
        """Return what of it stands in a text."""
        return [secret for secret in (*self.secrets, *self.codes) if secret in text]


@dataclass(frozen=True)
class Street:
    """The application with everybody who comes to it."""

    house: House
    conninfo: str
    mine: Belongings
    theirs: Belongings
    people: dict[str, Person]


@pytest.fixture(scope="module")
def street(cluster: PrivateCluster, ready_template: str, test_var: Path) -> Iterator[Street]:
    with clone(cluster, ready_template) as target, house_on(target, test_var) as house:
        yield _settle(house, cluster.boot_conninfo(target.name))


def _settle(house: House, conninfo: str) -> Street:
    with house.database.transaction(AUTH) as session:
        register_person(
            session, login="niemand", full_name="Không Thuộc Ai", kind=UserKind.CUSTOMER, password=PASSWORD,
            language="vi", actor=SYSTEM, now=utcnow(),
        )  # fmt: skip
    lonely = house.visitor()
    assert lonely.sign_in("niemand", PASSWORD).status_code == 303
    people = {name: house.person(name) for name in ("nop.hoso", "hoshi", "mot.cua", "quan.tri")}
    people |= {"niemand": lonely, "anonymous": house.visitor()}
    mine = _belongings(house, people["nop.hoso"], "nop.hoso", "Meeresstern")
    theirs = _belongings(house, people["hoshi"], "hoshi", "Abendstern")
    theirs.keys.update(_personal_keys(house, conninfo, theirs))
    mine.keys.update(_personal_keys(house, conninfo, mine))
    return Street(house, conninfo, mine, theirs, people)


def _personal_keys(house: House, conninfo: str, whose: Belongings) -> dict[str, str]:
    """Return keys of what belongs to the person: a session, and a notice that is made here."""
    with psycopg.connect(conninfo) as connection:
        row = connection.execute(
            "select s.id, u.id, m.id from auth_user u join auth_session s on s.user_id = u.id"
            " join auth_membership m on m.user_id = u.id where u.login = %s limit 1",
            [whose.login],
        ).fetchone()
        assert row is not None
        notice = uuid7()
        connection.execute(
            "insert into notification (id, user_id, party_id, kind, subject_kind, subject_id, params, at)"
            " values (%s, %s, %s, 'test.notice', 'case', %s, '{}', now())",
            [notice, row[1], whose.party_id, whose.keys["case_id"]],
        )
        client = uuid7()
        connection.execute(
            "insert into auth_client (id, party_id, name, scopes, created_at, created_by, expires_at)"
            " values (%s, %s, %s, '{dossiers.read}', now(), %s, now() + interval '1 year')",
            [client, whose.party_id, whose.secrets[0], row[1]],
        )
        claim, referral = _claim(connection, whose, row[1])
        slip, refund, elsewhere = _slip(connection, whose)
        form, absence = uuid7(), uuid7()
        connection.execute(
            "insert into workflow_absence (id, user_id, substitute_id, starts_at, ends_at, noted_at)"
            " select %s, %s, id, now(), now() + interval '1 day', now() from auth_user where login = 'mot.cua'",
            [absence, row[1]],
        )
        commitment = _commitment(connection, whose)
        declaration, paper, product = _declaration(connection, whose)
        question, note = _asked(connection, whose, declaration)
        difference = _difference(connection, whose, declaration)
        connection.execute(
            "insert into web_kept_form (id, user_id, at, content) values (%s, %s, now(), 'x')", [form, row[1]]
        )
        file = uuid7()
        connection.execute(
            "insert into workflow_component (id, case_id, party_id, component, document_id, file_name, attached_at,"
            " source, reused, state) values (%s, %s, %s, 'FINANCE', %s, %s, now(), 'UPLOAD', 0, 'ATTACHED')",
            [
                file,
                whose.keys["case_id"],
                whose.party_id,
                whose.keys["document_id"],
                f"{whose.secrets[0]}.pdf",
            ],
        )
        invitation, delegation = _offers(connection, whose, row[1])
        representative, proposal = _record(connection, whose, row[1])
        parcel, parcel_batch, parcel_list = _parcel(connection, whose)
    keys = {
        "slip_id": slip,
        "refund_id": refund,
        "outside_id": elsewhere,
        "enterprise_id": whose.party_id,
        "representative_id": representative,
        "proposal_id": proposal,
        "client_id": client,
        "absence_id": absence,
        "form_id": form,
        "file_id": file,
        "session_id": row[0],
        "user_id": row[1],
        "membership_id": row[2],
        "notice_id": notice,
        "claim_id": claim,
        "referral_id": referral,
        "invitation_id": invitation,
        "delegation_id": delegation,
        "commitment_id": commitment,
        "declaration_id": declaration,
        "paper_id": paper,
        "question_id": question,
        "note_id": note,
        "difference_id": difference,
        "product_id": product,
        "parcel_id": parcel,
        "parcel_batch_id": parcel_batch,
        "parcel_list_id": parcel_list,
    }
    return {name: str(key) for name, key in keys.items()}


def _commitment(connection: psycopg.Connection[Any], whose: Belongings) -> UUID:
    """Make a commitment of a project."""
    project, commitment = uuid7(), uuid7()
    connection.execute(
        "insert into registry_project (id, party_id, name_vi, site, created_at) values (%s, %s, %s, 'S1', now())",
        [project, whose.party_id, whose.secrets[0]],
    )
    connection.execute(
        "insert into investment_commitment (id, party_id, project_id, case_id, number, kind, text, article, promised,"
        " due_on, created_at) values (%s, %s, %s, %s, 1, 'FIRE', %s, 'x', '', '2030-01-01', now())",
        [commitment, whose.party_id, project, whose.keys["case_id"], whose.secrets[0]],
    )
    return commitment


def _declaration(connection: psycopg.Connection[Any], whose: Belongings) -> tuple[UUID, UUID, UUID]:
    """Make a registered declaration with a paper, and goods of the catalogue."""
    declaration, paper, revision, product = uuid7(), uuid7(), uuid7(), uuid7()
    connection.execute(
        "insert into customs_product (id, party_id, own_code, hs, description, unit, origin, updated_at)"
        " values (%s, %s, 'A', '72083990', %s, 'TNE', 'CN', now())",
        [product, whose.party_id, whose.secrets[0]],
    )
    connection.execute(
        "insert into customs_declaration (id, party_id, code, direction, movement, type_code, origin, state, head,"
        " summary, created_at, updated_at, version) values (%s, %s, %s, 'IMPORT', 'ZONE_TO_INLAND', 'A11', 'OURS',"
        " 'REGISTERED', 0, %s, now(), now(), 1)",
        [declaration, whose.party_id, f"TK-{whose.secrets[0]}", whose.secrets[0]],
    )
    connection.execute(
        "insert into customs_revision (id, party_id, declaration_id, number, kind, state, header, created_at)"
        " values (%s, %s, %s, 0, 'FIRST', 'ACCEPTED', '{}', now())",
        [revision, whose.party_id, declaration],
    )
    connection.execute(
        "insert into customs_paper (id, party_id, declaration_id, slot, form, document_id, file_name, number, holder,"
        " source, reused, state, attached_at) values (%s, %s, %s, 'INVOICE', '', %s, %s, '', '', 'UPLOAD', 0,"
        " 'ATTACHED', now())",
        [paper, whose.party_id, declaration, whose.keys["document_id"], f"{whose.secrets[0]}.pdf"],
    )
    return declaration, paper, product


def _difference(connection: psycopg.Connection[Any], whose: Belongings, declaration: UUID) -> UUID:
    """Make a difference between the pre-calculation and the tax notice of a declaration."""
    assessment, difference = uuid7(), uuid7()
    connection.execute(
        "insert into customs_assessment (id, party_id, revision_id, kind, content, total, computed_at)"
        " select %s, party_id, id, 'OFFICIAL', '{}', 7, now() from customs_revision where declaration_id = %s",
        [assessment, declaration],
    )
    connection.execute(
        "insert into customs_difference (id, party_id, declaration_id, assessment_id, line, tax, official, our_rate,"
        " official_rate, found_at, state, explanation) values (%s, %s, %s, %s, 1, 'VAT', 7, '', '', now(), 'EXPLAINED',"
        " %s)",
        [difference, whose.party_id, declaration, assessment, whose.secrets[0]],
    )
    return difference


def _parcel(connection: psycopg.Connection[Any], whose: Belongings) -> tuple[UUID, UUID, UUID]:
    """Make a parcel that waits, the batch with which its data came, and a list."""
    parcel, batch, listed = uuid7(), uuid7(), uuid7()
    connection.execute(
        "insert into parcels_batch (id, party_id, message, source, at, taken, known, changed, faulty, faults)"
        " values (%s, %s, 'ORDER', 'API', now(), 0, 0, 0, 1, jsonb_build_array(jsonb_build_object('index', 0,"
        " 'number', %s::text, 'outcome', 'FAULTY', 'errors', '[]'::jsonb)))",
        [batch, whose.party_id, whose.secrets[0]],
    )
    connection.execute(
        "insert into parcels_parcel (id, party_id, order_no, state, reasons, day, listed, returned, first_at,"
        " judged_at) values (%s, %s, %s, 'WAITING', '[]', current_date, false, 0, now(), now())",
        [parcel, whose.party_id, whose.secrets[0]],
    )
    connection.execute(
        "insert into parcels_list (id, party_id, code, day, flight, state, law_day, law, parcels, weight_kg,"
        " customs_value, duty, vat, closed_at) values (%s, %s, %s, current_date, 'X', 'CLOSED', current_date, '[]',"
        " 0, 0, 0, 0, 0, now())",
        [listed, whose.party_id, f"DS-{whose.secrets[0]}"],
    )
    return parcel, batch, listed


def _asked(connection: psycopg.Connection[Any], whose: Belongings, declaration: UUID) -> tuple[UUID, UUID]:
    """Make a question of an officer to the enterprise, and a note of an inspection."""
    question, note = uuid7(), uuid7()
    connection.execute(
        "insert into customs_question (id, party_id, declaration_id, side, text, asked_at, state, changed_at)"
        " values (%s, %s, %s, 'OFFICER', %s, now(), 'FIRM', now())",
        [question, whose.party_id, declaration, whose.secrets[0]],
    )
    connection.execute(
        "insert into customs_inspection_note (id, party_id, declaration_id, kind, place, found, result, happened_at,"
        " written_at, written_by, officer, digest) values (%s, %s, %s, 'SITE', %s, 'x', 'OPEN', now(), now(), %s, 'x',"
        " repeat('0', 64))",
        [note, whose.party_id, declaration, whose.secrets[0], uuid7()],
    )
    return question, note


def _claim(connection: psycopg.Connection[Any], whose: Belongings, user_id: UUID) -> tuple[UUID, UUID]:
    """Make a claim that was sent, and a question to the enterprise."""
    claim, referral = uuid7(), uuid7()
    connection.execute(
        "insert into registry_claim (id, party_id, user_id, kind, state, standing, takeover, name, country, revision,"
        " created_at, submitted_at, reasons, note) values (%s, %s, %s, 'NOT_FOUNDED', 'SUBMITTED', 'AUTHORISED',"
        " false, %s, 'JP', 1, now(), now(), '{}', '')",
        [claim, whose.party_id, user_id, whose.secrets[0]],
    )
    connection.execute(
        "insert into registry_claim_referral (id, party_id, claim_id, claimant, login, standing, takeover, state,"
        " roles, created_at) values (%s, %s, %s, %s, 'x', 'AUTHORISED', false, 'OPEN', '{}', now())",
        [referral, whose.party_id, claim, whose.secrets[0]],
    )
    return claim, referral


def _slip(connection: psycopg.Connection[Any], whose: Belongings) -> tuple[UUID, UUID, UUID]:
    """Make a slip that was paid too much, a refund that was asked for, and a payment elsewhere that was said."""
    slip, refund, elsewhere = uuid7(), uuid7(), uuid7()
    connection.execute(
        "insert into payments_slip (id, party_id, reference, subject_kind, subject_id, notice, title, href, total,"
        " excess, created_at) values (%s, %s, %s, 'case', %s, 'fee', jsonb_build_object('vi', %s::text, 'en',"
        " %s::text), '/x', 1000, 5, now())",
        [slip, whose.party_id, f"NT-{whose.secrets[0]}", slip, whose.secrets[0], whose.secrets[0]],
    )
    connection.execute(
        "insert into payments_refund (id, party_id, slip_id, amount, reason, destination, asked_at)"
        " values (%s, %s, %s, 5, %s, '{}', now())",
        [refund, whose.party_id, slip, whose.secrets[0]],
    )
    connection.execute(
        "insert into payments_outside (id, party_id, slip_id, amount, paid_on, place, paper, note, document_id,"
        " asked_at, asked_by) values (%s, %s, %s, 5, now()::date, %s, %s, '', %s, now(), %s)",
        [
            elsewhere, whose.party_id, slip, whose.secrets[0], whose.secrets[0], whose.keys["document_id"],
            uuid7(),
        ],
    )  # fmt: skip
    return slip, refund, elsewhere


def _offers(connection: psycopg.Connection[Any], whose: Belongings, user_id: UUID) -> tuple[UUID, UUID]:
    """Make an invitation that waits, and a delegation in force to an enterprise of nobody."""
    invitation, delegation, delegate = uuid7(), uuid7(), uuid7()
    connection.execute(
        "insert into auth_party (id, kind, name, created_at) values (%s, 'ENTERPRISE', %s, now())",
        [delegate, f"{whose.secrets[0]}-Makler"],
    )
    connection.execute(
        "insert into auth_invitation (id, party_id, kind, email, roles, scope, token_hash, language, created_at,"
        " created_by, sent_at, expires_at) values (%s, %s, 'MEMBER', %s, '{FILER}', '{}', %s, 'vi', now(), %s,"
        " now(), now() + interval '7 days')",
        [invitation, whose.party_id, f"{whose.secrets[0]}@example.com", invitation.bytes, user_id],
    )
    connection.execute(
        "insert into auth_delegation (id, party_id, delegate_party_id, roles, scope, valid_from, created_at)"
        " values (%s, %s, %s, '{FILER}', '{}', now(), now())",
        [delegation, whose.party_id, delegate],
    )
    return invitation, delegation


def _record(connection: psycopg.Connection[Any], whose: Belongings, user_id: UUID) -> tuple[UUID, UUID]:
    """Give the enterprise a representative and an open proposal, and let the index know it."""
    representative, proposal = uuid7(), uuid7()
    connection.execute(
        "insert into registry_representative (id, party_id, name, position, nationality, legal, valid, created_at)"
        " values (%s, %s, %s, 'x', 'VN', true, '[2026-01-01,)', now())",
        [representative, whose.party_id, whose.secrets[0]],
    )
    connection.execute(
        "insert into registry_proposal (id, party_id, values, note, state, proposed_at, proposed_by, answer)"
        " values (%s, %s, '{}', %s, 'OPEN', now(), %s, '')",
        [proposal, whose.party_id, whose.secrets[0], user_id],
    )
    connection.execute(
        "insert into search_tenant (kind, key, code, title, title_en, detail, folded, url, at, party_id)"
        " values ('dossier', %s, %s, %s, '', '', ' ' || lower(%s), '/x', now(), %s)",
        [whose.keys["case_id"], whose.codes[0], *[whose.secrets[0]] * 2, whose.party_id],
    )
    return representative, proposal


def _belongings(house: House, person: Person, login: str, mark: str) -> Belongings:
    """File a dossier, leave a draft, and have a paper issued; all texts carry the mark."""
    case_id = filed(person, login, mark=mark)
    begun = draft(person, login)
    fill(person, begun, mark=f"{mark}-Entwurf")
    party_id = house.party_of(login)
    verification = documents.new_verification_code()
    with house.database.transaction(OFFICER) as session:
        code = session.scalars(select(Case.code).where(Case.id == case_id)).one()
        name = session.scalars(select(Party.name).where(Party.id == party_id)).one()
        paper = documents.store_paper(
            session, store=house.app.state.kernel.store, pdf=PDF, title=f"{mark}.pdf", kind="TEST", party_id=party_id,
            subject=Subject("case", case_id), actor=SYSTEM, now=utcnow(),
        )  # fmt: skip
        session.flush()  # the issued paper refers to the document's row
        documents.issue(
            session, document=paper, verification_code=verification, number=f"GCN-{mark}", public={}, actor=SYSTEM,
            now=utcnow(),
        )  # fmt: skip
        document_id = paper.id
        certificate = _certificate(session, paper, case_id, verification, mark)
        session.add(certificate)
        project_id = certificate.project_id
    keys = {
        "case_id": str(case_id),
        "document_id": str(document_id),
        "code": verification,
        "number": _number(case_id),
        "project_id": str(project_id),
    }
    assert code is not None
    return Belongings(
        login, party_id, keys, (mark, name, str(case_id), str(begun), str(document_id)), (code,)
    )


def _number(case_id: UUID) -> str:
    """Return a number that tells nothing of its owner, as real ones do."""
    return f"GCN-2026-{case_id.int % 10**6:06d}"


def _certificate(
    session: Session, paper: Document, case_id: UUID, verification: str, mark: str
) -> Certificate:
    """Return a row of the certificate register for a paper."""
    project_id = register_project(
        session, party_id=paper.party_id, name_vi=mark, site="S1", actor=SYSTEM, now=utcnow()
    )
    session.flush()  # the certificate refers to the project's row
    answers, definition = (
        request(project_name_vi=mark),
        procedures.in_force(session, "IRC", utcnow().date())[1],
    )
    return Certificate(
        id=uuid7(), party_id=paper.party_id, project_id=project_id, case_id=case_id, number=_number(case_id),
        revision=1, valid=Range(utcnow().date(), None, bounds="[)"), recorded=Range(utcnow(), None, bounds="[)"),
        content=certificate_content(answers, option_labels(definition)), document_id=paper.id,
        verification_code=verification, signed_at=utcnow(), site="S1", folded=mark.lower(),
    )  # fmt: skip


def guarded(street: Street) -> list[Found]:
    """Return the routes that are not open to everybody."""
    return [route for route in walk(street.house.app) if any(call is known for call in route.calls())]


def with_keys(street: Street) -> list[Found]:
    return [route for route in guarded(street) if set(PARAMETER.findall(route.path)) - WORDS.keys()]


def address(route: Found, keys: dict[str, str]) -> str:
    return PARAMETER.sub(lambda found: {**WORDS, **keys}.get(found[1], NOBODYS), route.path)


def knock(person: Person, route: Found, keys: dict[str, str]) -> Response:
    """Ask for an address, or send the form that would change something there."""
    path = address(route, keys)
    if route.method == "GET":
        return person.get(path)
    form = {
        "revision": "2",
        "reason": "vì lý do thử nghiệm",
        **answers_for(PROBE.sections[0], "fremd"),
    }
    if read_form in route.calls():
        return person.post(path, form)
    return person.client.request(route.method, path, json=form, headers={"Origin": ORIGIN})


def told(answer: Response, keys: dict[str, str]) -> tuple[int, dict[str, str], str]:
    """Return what an answer tells, without what differs in every answer."""
    body = answer.text
    for name, key in keys.items():
        body = body.replace(key, f"<{name}>")
    if correlation := answer.headers.get("x-correlation-id"):
        body = body.replace(correlation, "<correlation>")
    kept = {
        name: value
        for name, value in answer.headers.items()
        if name not in {"x-correlation-id", "date", "content-length"}
    }
    location = kept.get("location", "")
    for name, key in keys.items():
        location = location.replace(key, f"<{name}>")
    return answer.status_code, {**kept, "location": location}, body


def leaks(street: Street, who: str) -> list[str]:
    """Return every way in which somebody can tell another party's things from things that do not exist."""
    person, found = street.people[who], []
    for route in with_keys(street):
        nothing = {name: str(uuid7()) for name in street.theirs.keys}
        theirs, none = knock(person, route, street.theirs.keys), knock(person, route, nothing)
        if told(theirs, street.theirs.keys) != told(none, nothing):
            found.append(f"{route.key}: {theirs.status_code} is told apart from {none.status_code}")
        if seen := [secret for secret in street.theirs.secrets[:2] if secret in theirs.text]:
            found.append(f"{route.key}: shows {', '.join(seen)}")
    for path in lists(street):
        if seen := street.theirs.seen_in(person.get(path).text):
            found.append(f"GET {path}: shows {', '.join(seen)}")
    return found


def lists(street: Street) -> list[str]:
    """Return every page and list that needs no key."""
    found = {
        route.path for route in walk(street.house.app) if route.method == "GET" and "{" not in route.path
    }
    return sorted({*found, "/dossiers/new?procedure=PROBE"})


def suggestions(street: Street, person: Person) -> list[str]:
    """Ask every list for another party's things by name, code and key; an echo of the question tells nothing."""
    found = []
    questions = (street.theirs.secrets[0], *street.theirs.codes)
    for route in walk(street.house.app):
        if route.method != "GET" or "{" in route.path or route.dependant is None:
            continue
        for parameter in route.dependant.query_params:
            for question in questions:
                text = person.get(route.path, params={parameter.alias: question}).text
                others = [secret for secret in street.theirs.seen_in(text) if secret not in question]
                if others:
                    found.append(f"GET {route.path}?{parameter.alias}={question}: shows {', '.join(others)}")
    return found


def test_every_key_in_a_path_is_tried(street: Street) -> None:
    tried = with_keys(street)
    assert {"GET /dossiers/{case_id}", "GET /documents/{document_id}"} <= {route.key for route in tried}
    unknown = {name for route in tried for name in PARAMETER.findall(route.path)} - {
        *WORDS,
        *street.theirs.keys,
    }
    assert unknown == set(), "say in `Belongings` whose thing this key names"


def test_ones_own_things_are_there(street: Street) -> None:
    """Without this the matrix would pass for an application that shows nobody anything."""
    person, keys = street.people["nop.hoso"], street.mine.keys
    for route in with_keys(street):
        if route.key in {"GET /dossiers/{case_id}", "GET /documents/{document_id}"}:
            assert knock(person, route, keys).status_code == 200, route.key
    assert street.mine.seen_in(person.get("/my").text)
    assert person.get(f"/documents/{keys['document_id']}").content == PDF
    assert street.mine.seen_in(street.people["mot.cua"].get("/inbox").text)


@pytest.mark.parametrize("who", ["nop.hoso", "niemand", "anonymous"])
def test_anothers_things_are_as_if_they_were_not(who: str, street: Street) -> None:
    before = fingerprint(street.conninfo)
    assert leaks(street, who) == []
    assert suggestions(street, street.people[who]) == []
    assert fingerprint(street.conninfo) == before


@pytest.mark.parametrize("who", ["nop.hoso", "niemand"])
def test_anothers_things_answer_404(who: str, street: Street) -> None:
    statuses = {
        route.key: knock(street.people[who], route, street.theirs.keys).status_code
        for route in with_keys(street)
    }
    # An officer's route refuses a customer before it looks at the key.
    customers = {key: status for key, status in statuses.items() if status != 403}
    assert set(customers.values()) == {404}
    assert {"GET /dossiers/{case_id}", "POST /dossiers/{case_id}/actions/{action}"} <= customers.keys()


def test_nobody_files_for_a_party_of_others(street: Street) -> None:
    before = fingerprint(street.conninfo)
    form = {"case_id": str(uuid7()), "procedure": CODE, "party_id": str(street.theirs.party_id)}
    for who in ("nop.hoso", "niemand"):
        answer = street.people[who].post("/dossiers", form)
        assert answer.status_code == 403, who
    nobody = {**form, "party_id": str(uuid7())}
    theirs = street.people["nop.hoso"].post("/dossiers", form)
    none = street.people["nop.hoso"].post("/dossiers", nobody)
    assert told(theirs, {}) == told(none, {})
    assert fingerprint(street.conninfo) == before


def test_a_draft_under_anothers_key_changes_nothing(street: Street) -> None:
    before = fingerprint(street.conninfo)
    form = {
        "case_id": street.theirs.keys["case_id"],
        "procedure": CODE,
        "party_id": str(street.mine.party_id),
    }
    answer = street.people["nop.hoso"].post("/dossiers", form)
    assert answer.status_code in {404, 409}
    assert street.theirs.seen_in(answer.text.replace(form["case_id"], "")) == []
    assert fingerprint(street.conninfo) == before


@pytest.mark.parametrize(
    "kind",
    [
        "batch_id", "case_id", "commitment_id", "document_id", "enterprise_id", "number", "project_id", "proposal_id",
        "representative_id",
    ],
)  # fmt: skip
def test_an_officer_without_the_right_to_read_reads_nothing(kind: str, street: Street) -> None:
    person = street.people["quan.tri"]
    for route in with_keys(street):
        if kind in route.path and route.method == "GET":
            answer = knock(person, route, street.theirs.keys)
            assert answer.status_code in {403, 404}, route.key
            assert "Abendstern" not in answer.text


@pytest.mark.parametrize("who", ["mot.cua", "truong.phong"])
def test_a_draft_is_as_if_it_were_not_for_officers(who: str, street: Street) -> None:
    """What an applicant has not filed is nobody else's business, by whichever address, page or list."""
    owner, officer = street.people["hoshi"], street.house.person(who)
    begun = draft(owner, "hoshi")
    fill(owner, begun, mark="Geheimentwurf")
    keys = {**street.theirs.keys, "case_id": str(begun)}
    told_apart = []
    for route in with_keys(street):
        if "{case_id}" in route.path:
            answer = knock(officer, route, keys)
            if answer.status_code not in {403, 404} or "Geheimentwurf" in answer.text:
                told_apart.append(f"{route.key}: {answer.status_code}")
    assert told_apart == []
    for path in lists(street):
        page = officer.get(path).text
        assert "Geheimentwurf" not in page, path
        assert str(begun) not in page, path


def test_a_public_code_tells_the_state_and_nothing_else(street: Street) -> None:
    code = street.theirs.codes[0]
    for who in ("anonymous", "nop.hoso"):
        answer = street.people[who].get("/track", params={"code": code})
        assert answer.status_code == 200
        assert [secret for secret in street.theirs.secrets if secret in answer.text] == []


def test_a_download_is_saved_and_runs_nothing(street: Street) -> None:
    answer = street.people["hoshi"].get(f"/documents/{street.theirs.keys['document_id']}")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "no-store" in answer.headers["cache-control"]


@pytest.mark.parametrize(
    "title", ['a"; filename="b.exe', "a\r\nSet-Cookie: x=1", "../../etc/passwd", "申請書.pdf", "Đề.pdf"]
)
def test_a_title_cannot_write_headers(title: str, street: Street) -> None:
    house = street.house
    with house.database.transaction(OFFICER) as session:
        paper = documents.store_paper(
            session, store=house.app.state.kernel.store, pdf=PDF, title=title, kind="TEST",
            party_id=street.theirs.party_id, subject=Subject("case", UUID(street.theirs.keys["case_id"])), actor=SYSTEM,
            now=utcnow(),
        )  # fmt: skip
        key = paper.id
    answer = street.people["hoshi"].get(f"/documents/{key}")
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith("attachment;")
    assert disposition.count('"') <= 2
    assert "/" not in disposition.partition("filename*=")[0]


# Each mutation opens one table; the matrix above must notice, or it proves nothing.
MUTATIONS = ("workflow_case", "documents_document", "registry_enterprise", "search_tenant")


@pytest.mark.parametrize("table", MUTATIONS)
def test_the_matrix_notices_a_policy_that_lets_everything_through(table: str, street: Street) -> None:
    with opened_up(street.conninfo, table):
        assert leaks(street, "nop.hoso") or suggestions(street, street.people["nop.hoso"])


def opened_up(conninfo: str, table: str) -> Any:
    """Let tenants see all rows of a table for the length of a block."""
    return _Opened(conninfo, table)


class _Opened:
    def __init__(self, conninfo: str, table: str) -> None:
        self._conninfo, self._table = conninfo, table

    def __enter__(self) -> None:
        self._run(f"create policy leak on {self._table} to ftz_tenant using (true)")

    def __exit__(self, *_: object) -> None:
        self._run(f"drop policy leak on {self._table}")

    def _run(self, statement: str) -> None:
        with psycopg.connect(self._conninfo) as connection:
            connection.execute(statement)
