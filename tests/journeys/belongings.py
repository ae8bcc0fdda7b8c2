"""What an enterprise of the isolation matrix has: one thing of each kind, all under one mark.

A new table with a key in some path gets its row here; the rows are written directly, because what they mean is not
asked, only who sees them.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from app.core.auth.models import Party
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
from tests.faults.people import OFFICER, House, Person, draft, filed, fill
from tests.investment.requests import request

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


def belongings_of(house: House, person: Person, login: str, mark: str) -> Belongings:
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


def personal_keys(conninfo: str, whose: Belongings) -> dict[str, str]:
    """Make what belongs to the enterprise beside its dossiers; return the keys by the names that paths give them."""
    with psycopg.connect(conninfo) as connection:
        user_id, keys = _person(connection, whose)
        keys |= {"enterprise_id": whose.party_id, **_client(connection, whose, user_id)}
        keys |= _claim(connection, whose, user_id)
        keys |= _slip(connection, whose)
        keys |= _commitment(connection, whose)
        keys |= _file(connection, whose)
        keys |= _offers(connection, whose, user_id)
        keys |= _record(connection, whose, user_id)
        declared = _declaration(connection, whose)
        keys |= declared
        keys |= _asked(connection, whose, declared["declaration_id"])
        keys |= _difference(connection, whose, declared["declaration_id"])
        keys |= _parcel(connection, whose)
    return {name: str(key) for name, key in keys.items()}


def _person(connection: psycopg.Connection[Any], whose: Belongings) -> tuple[UUID, dict[str, UUID]]:
    """Return who signs in for the enterprise, and make this person's notice, absence and kept form."""
    row = connection.execute(
        "select s.id, u.id, m.id from auth_user u join auth_session s on s.user_id = u.id"
        " join auth_membership m on m.user_id = u.id where u.login = %s limit 1",
        [whose.login],
    ).fetchone()
    assert row is not None
    session, user, membership = row
    notice, absence, form = uuid7(), uuid7(), uuid7()
    connection.execute(
        "insert into notification (id, user_id, party_id, kind, subject_kind, subject_id, params, at)"
        " values (%s, %s, %s, 'test.notice', 'case', %s, '{}', now())",
        [notice, user, whose.party_id, whose.keys["case_id"]],
    )
    connection.execute(
        "insert into workflow_absence (id, user_id, substitute_id, starts_at, ends_at, noted_at)"
        " select %s, %s, id, now(), now() + interval '1 day', now() from auth_user where login = 'mot.cua'",
        [absence, user],
    )
    connection.execute(
        "insert into web_kept_form (id, user_id, at, content) values (%s, %s, now(), 'x')", [form, user]
    )
    return user, {
        "user_id": user, "session_id": session, "membership_id": membership, "notice_id": notice,
        "absence_id": absence, "form_id": form,
    }  # fmt: skip


def _client(connection: psycopg.Connection[Any], whose: Belongings, user_id: UUID) -> dict[str, UUID]:
    """Make a program that may read the dossiers."""
    client = uuid7()
    connection.execute(
        "insert into auth_client (id, party_id, name, scopes, created_at, created_by, expires_at)"
        " values (%s, %s, %s, '{dossiers.read}', now(), %s, now() + interval '1 year')",
        [client, whose.party_id, whose.secrets[0], user_id],
    )
    return {"client_id": client}


def _file(connection: psycopg.Connection[Any], whose: Belongings) -> dict[str, UUID]:
    """Attach the enterprise's document to its dossier."""
    file = uuid7()
    connection.execute(
        "insert into workflow_component (id, case_id, party_id, component, document_id, file_name, attached_at,"
        " source, reused, state) values (%s, %s, %s, 'FINANCE', %s, %s, now(), 'UPLOAD', 0, 'ATTACHED')",
        [
            file, whose.keys["case_id"], whose.party_id, whose.keys["document_id"], f"{whose.secrets[0]}.pdf",
        ],
    )  # fmt: skip
    return {"file_id": file}


def _commitment(connection: psycopg.Connection[Any], whose: Belongings) -> dict[str, UUID]:
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
    return {"commitment_id": commitment}


def _declaration(connection: psycopg.Connection[Any], whose: Belongings) -> dict[str, UUID]:
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
    return {"declaration_id": declaration, "paper_id": paper, "product_id": product}


def _difference(connection: psycopg.Connection[Any], whose: Belongings, declaration: UUID) -> dict[str, UUID]:
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
    return {"difference_id": difference}


def _parcel(connection: psycopg.Connection[Any], whose: Belongings) -> dict[str, UUID]:
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
    return {"parcel_id": parcel, "parcel_batch_id": batch, "parcel_list_id": listed}


def _asked(connection: psycopg.Connection[Any], whose: Belongings, declaration: UUID) -> dict[str, UUID]:
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
    return {"question_id": question, "note_id": note}


def _claim(connection: psycopg.Connection[Any], whose: Belongings, user_id: UUID) -> dict[str, UUID]:
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
    return {"claim_id": claim, "referral_id": referral}


def _slip(connection: psycopg.Connection[Any], whose: Belongings) -> dict[str, UUID]:
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
    return {"slip_id": slip, "refund_id": refund, "outside_id": elsewhere}


def _offers(connection: psycopg.Connection[Any], whose: Belongings, user_id: UUID) -> dict[str, UUID]:
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
    return {"invitation_id": invitation, "delegation_id": delegation}


def _record(connection: psycopg.Connection[Any], whose: Belongings, user_id: UUID) -> dict[str, UUID]:
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
    return {"representative_id": representative, "proposal_id": proposal}
