"""Claims over HTTP: four cases, bad papers, a departed representative, and nothing told before the answer."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from app.core.db.cluster import PrivateCluster
from app.core.documents.erasing import shred_erased
from app.core.kit.actor import SYSTEM
from app.core.kit.ids import uuid7
from app.core.kit.time import utcnow
from app.registry.claims.handlers import KINDS
from app.registry.claims.models import Claim, ClaimReferral
from app.registry.claims.service import admit_by_word, claims_due, erase_claims, refer
from app.registry.facade import EnterpriseKind, register_enterprise
from tests.faults.people import OFFICER, Person, at_once
from tests.web.joining import Town, small_pdf, text_of, town_on

KNOWN, NEW = "9900000016", "9900000023"
WHO = "le.thu@example.com"
PDF = small_pdf()


@pytest.fixture
def town(cluster: PrivateCluster, ready_template: str, tmp_path: Path) -> Iterator[Town]:
    with town_on(cluster, ready_template, tmp_path) as running:
        yield running


def claim(person: Person, **said: str) -> str:
    """Begin a claim and return its address."""
    form = {
        "claim_id": str(uuid7()),
        "kind": "EXISTING",
        "name": "Công ty TNHH Sao Mai Thử",
        "tax_code": NEW,
        "standing": "LEGAL_REPRESENTATIVE",
        **said,
    }
    answer = person.post("/claims", form)
    assert answer.status_code == 303, text_of(answer.text)[:3000]
    return str(answer.headers["location"])


def put(person: Person, where: str, kind: str = "IDENTITY", *, body: bytes = PDF, name: str = "a.pdf") -> int:
    files = {"file": (name, body, "application/pdf")}
    return int(person.post(f"{where}/papers", {"paper": kind}, files=files).status_code)


def sent(person: Person, **said: str) -> str:
    """Make a claim with its papers and send it; return its address."""
    where = claim(person, **said)
    assert put(person, where) == 303
    if said.get("standing") == "AUTHORISED":
        assert put(person, where, "POWER_OF_ATTORNEY") == 303
    if said.get("kind") == "FOUNDED":
        assert put(person, where, "FOUNDING") == 303
    assert person.post(f"{where}/submit").status_code == 303
    return where


def key(where: str) -> UUID:
    return UUID(where.rpartition("/")[2])


def decide(town: Town, where: str, verb: str, **form: object) -> int:
    officer = town.house.person("mot.cua")
    (revision,) = town.rows("select revision from registry_claim where id = %s", key(where))[0]
    full = {"revision": str(revision), "roles": ["ENTERPRISE_ADMIN"], **form}
    return int(officer.post(f"/desk{where}/{verb}", full).status_code)


def revision(town: Town, where: str) -> str:
    return str(town.rows("select revision from registry_claim where id = %s", key(where))[0][0])


def state(town: Town, where: str) -> str:
    return str(town.rows("select state from registry_claim where id = %s", key(where))[0][0])


def roles_of(town: Town, login: str, tax_code: str | None) -> list[str]:
    rows = town.rows(
        "select m.roles from auth_membership m join auth_user u on u.id = m.user_id"
        " join registry_enterprise e on e.party_id = m.party_id"
        " where u.login = %s and e.tax_code is not distinct from %s and (m.valid_to is null or m.valid_to > now())",
        login,
        tax_code,
    )
    return sorted(role for (roles,) in rows for role in roles)


def test_a_new_firm_is_entered_and_its_representative_files(town: Town) -> None:
    person = town.registered(WHO)
    where = sent(person)
    assert state(town, where) == "SUBMITTED"
    assert "/dossiers/new" not in person.get("/my").text
    assert decide(town, where, "confirm") == 303
    assert state(town, where) == "CONFIRMED"
    assert roles_of(town, WHO, NEW) == ["ENTERPRISE_ADMIN"]
    assert "/dossiers/new" in person.get("/my").text, "the open session has the right at once"


def test_a_firm_without_people_is_taken_as_it_is(town: Town) -> None:
    with town.house.database.transaction(OFFICER) as session:
        party_id = register_enterprise(
            session, name_vi="Công ty CP Không Người", kind=EnterpriseKind.VIETNAMESE, tax_code=NEW,
            actor=SYSTEM, now=utcnow(),
        )  # fmt: skip
    person = town.registered(WHO)
    where = sent(person, standing="AUTHORISED")
    assert decide(town, where, "confirm", roles=["FILER"]) == 303
    assert town.rows("select enterprise_party_id from registry_claim")[0][0] == party_id
    assert roles_of(town, WHO, NEW) == ["FILER"]
    assert town.rows("select count(*) from registry_enterprise where tax_code = %s", NEW) == [(1,)]


def test_an_administrator_is_asked_and_may_admit(town: Town) -> None:
    person, admin = town.registered(WHO), town.house.person("nop.hoso")
    where = sent(person, tax_code=KNOWN)
    referral = referred(town, where)
    assert "Lê Thị Thử" in admin.get("/referrals").text
    assert town.house.person("hoshi").post(f"/referrals/{referral}", {"verb": "decline"}).status_code == 404
    assert admin.post(f"/referrals/{referral}", {"verb": "admit"}).status_code == 422, "without a role"
    answer = admin.post(f"/referrals/{referral}", {"verb": "admit", "roles": ["FILER"]})
    assert answer.status_code == 303
    with town.house.database.transaction(OFFICER) as session:
        admit_by_word(session, referral, now=utcnow())
    assert state(town, where) == "CONFIRMED"
    assert roles_of(town, WHO, KNOWN) == ["FILER"]
    assert decide(town, where, "confirm") == 409, "the desk sees that it is answered"


def referred(town: Town, where: str) -> UUID:
    """Do what the handler does after the claim was sent."""
    with town.house.database.transaction(OFFICER) as session:
        found = session.get(Claim, key(where))
        assert found is not None
        referral = refer(session, found, now=utcnow())
        assert referral is not None
        return referral.id


def test_a_word_given_too_late_changes_nothing(town: Town) -> None:
    person, admin = town.registered(WHO), town.house.person("nop.hoso")
    where = sent(person, tax_code=KNOWN)
    referral = referred(town, where)
    admin.post(f"/referrals/{referral}", {"verb": "admit", "roles": ["SIGNER"]})
    assert person.post(f"{where}/withdraw").status_code == 303
    with town.house.database.transaction(OFFICER) as session:
        admit_by_word(session, referral, now=utcnow())
    assert state(town, where) == "WITHDRAWN"
    assert roles_of(town, WHO, KNOWN) == []


def test_a_departed_administrator_loses_rights_and_sessions(town: Town) -> None:
    person, admin = town.registered(WHO), town.house.person("nop.hoso")
    assert admin.get("/my").status_code == 200
    where = sent(person, tax_code=KNOWN, takeover="yes")
    referral = referred(town, where)
    answer = admin.post(f"/referrals/{referral}", {"verb": "admit", "roles": ["FILER"]})
    assert answer.status_code == 422, "who leaves does not admit a successor, and nobody but the desk does"
    page = town.house.person("mot.cua").get(f"/desk{where}")
    assert "nop.hoso" in page.text
    assert decide(town, where, "confirm", replace="yes", roles=["FILER"]) == 422
    assert decide(town, where, "confirm", replace="yes") == 303
    assert roles_of(town, "nop.hoso", KNOWN) == []
    assert roles_of(town, WHO, KNOWN) == ["ENTERPRISE_ADMIN"]
    assert admin.get("/my").headers["location"].startswith("/login"), "the session has ended"
    tags = {tag for (tag,) in town.rows("select tag from evidence_entry")}
    assert {"registry:claim:answer", "auth:membership:end", "auth:user:end-sessions"} <= tags


def test_not_founded_and_founded_later(town: Town) -> None:
    person = town.registered(WHO)
    first = sent(person, kind="NOT_FOUNDED", tax_code="", country="JP", name="Umi Demo K.K.")
    assert decide(town, first, "confirm") == 303
    assert roles_of(town, WHO, None) == ["ENTERPRISE_ADMIN"]
    party = town.rows("select enterprise_party_id from registry_claim")[0][0]
    said = {"kind": "FOUNDED", "for_party": str(party), "tax_code": NEW, "name": "Công ty TNHH Umi Demo"}
    second = sent(person, **said)
    assert decide(town, second, "confirm") == 303
    assert roles_of(town, WHO, NEW) == ["ENTERPRISE_ADMIN"]
    assert town.rows("select name from auth_party where id = %s", party) == [("Công ty TNHH Umi Demo",)]
    assert town.rows("select count(*) from registry_enterprise where party_id = %s", party) == [(1,)]


def test_a_tax_code_of_another_enterprise_is_not_taken(town: Town) -> None:
    person = town.registered(WHO)
    first = sent(person, kind="NOT_FOUNDED", tax_code="", country="JP", name="Umi Demo K.K.")
    decide(town, first, "confirm")
    party = town.rows("select enterprise_party_id from registry_claim")[0][0]
    second = sent(person, kind="FOUNDED", for_party=str(party), tax_code=KNOWN, name="Công ty TNHH Umi Demo")
    assert decide(town, second, "confirm") == 409
    assert state(town, second) == "SUBMITTED"


def test_nobody_says_that_anothers_enterprise_was_founded(town: Town) -> None:
    person = town.registered(WHO)
    theirs = str(town.house.party_of("hoshi"))
    form = {"kind": "FOUNDED", "for_party": theirs, "tax_code": NEW, "name": "x", "standing": "AUTHORISED"}
    assert person.post("/claims", {"claim_id": str(uuid7()), **form}).status_code == 422


def test_the_person_does_not_learn_whether_the_zone_knows_the_firm(town: Town) -> None:
    person = town.registered(WHO)
    pages = []
    for code in (KNOWN, NEW):
        where = sent(person, tax_code=code)
        if code == KNOWN:
            referred(town, where)
        pages.append(text_of(person.get(where).text).replace(code, "CODE"))
        assert town.rows("select enterprise_party_id from registry_claim where id = %s", key(where)) == [
            (None,)
        ]
    known, unknown = (each.partition('id="papers"')[0] for each in pages)
    assert known == unknown
    assert "Sao Biển" not in pages[0]


def test_a_returned_claim_is_mended_and_sent_again(town: Town) -> None:
    person = town.registered(WHO)
    where = sent(person)
    assert decide(town, where, "return") == 422, "not without a reason"
    assert decide(town, where, "return", reasons=["OTHER"]) == 422, "which the note tells"
    assert decide(town, where, "return", reasons=["PAPER_UNREADABLE"], note="Trang 2 bị mờ.") == 303
    page = person.get(where)
    assert "Trang 2 bị mờ." in page.text
    assert put(person, where, name="b.pdf") == 303
    assert person.post(f"{where}/submit").status_code == 303
    assert decide(town, where, "refuse", reasons=["NOT_ENTITLED"]) == 303
    assert state(town, where) == "REFUSED"
    assert person.post(f"{where}/submit").status_code == 409
    assert person.post(f"{where}/withdraw").status_code == 409


def test_papers_are_asked_for_all_at_once(town: Town) -> None:
    person = town.registered(WHO)
    where = claim(person, standing="AUTHORISED")
    answer = person.post(f"{where}/submit")
    assert answer.status_code == 422
    for kind in ("IDENTITY", "POWER_OF_ATTORNEY"):
        assert f"#f-paper-{kind}" in answer.text
    assert put(person, where, body=b"MZ nonsense", name="a.exe") == 422
    assert put(person, where, "NONSENSE") == 422
    assert state(town, where) == "DRAFT"


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("kind", {"kind": ""}),
        ("standing", {"standing": ""}),
        ("name", {"name": " "}),
        ("tax_code", {"tax_code": "9900000017"}),
        ("tax_code", {"tax_code": ""}),
        ("tax_code", {"tax_code": "001099000001"}),
        ("country", {"kind": "NOT_FOUNDED", "country": "Nippon"}),
    ],
)
def test_faults_stand_beside_their_fields(town: Town, field: str, said: dict[str, str]) -> None:
    person = town.registered(WHO)
    form = {"kind": "EXISTING", "name": "Tên giữ lại", "tax_code": NEW, "standing": "AUTHORISED", **said}
    answer = person.post("/claims", {"claim_id": str(uuid7()), **form})
    assert answer.status_code == 422
    assert f'id="f-{field}-error"' in answer.text
    assert form["name"].strip() in answer.text


def test_only_the_desk_decides_and_a_stale_page_decides_nothing(town: Town) -> None:
    person = town.registered(WHO)
    where = sent(person)
    for login in ("tham.dinh", "lanh.dao", "hoshi"):
        assert town.house.person(login).get(f"/desk{where}").status_code == 403
    assert person.get(f"/desk{where}").status_code == 403
    officer = town.house.person("mot.cua")
    assert officer.get("/desk/claims").status_code == 200
    person.post(f"{where}/withdraw")
    answer = officer.post(f"/desk{where}/confirm", {"revision": "2", "roles": ["FILER"]})
    assert answer.status_code == 409
    assert officer.get(f"/desk{claim(person)}").status_code == 404, "a draft is nobody's business"


def test_reading_a_paper_is_recorded(town: Town) -> None:
    person = town.registered(WHO)
    where = sent(person)
    paper = town.rows("select id from documents_document where subject_id = %s", key(where))[0][0]
    officer = town.house.person("mot.cua")
    assert officer.get(f"/desk{where}/papers/{paper}").content == PDF
    assert officer.get(f"/desk{where}/papers/{uuid7()}").status_code == 404
    tags = [tag for (tag,) in town.rows("select tag from evidence_entry where tag like 'personal-data:%%'")]
    assert tags == ["personal-data:person:export"]
    told = person.get("/account/readings", headers={"accept-language": "en"}).text
    assert "Check of a request to act for an enterprise" in told
    for login in ("mot.cua", "tham.dinh", "lanh.dao"):
        assert town.house.person(login).get(f"/documents/{paper}").status_code == 404, "only at its own desk"


def test_anothers_claim_is_not_there(town: Town) -> None:
    person, other = town.registered(WHO), town.registered("khac@example.com", "Trần Văn Khác")
    where = sent(person)
    for path in (where, f"{where}/edit"):
        assert other.get(path).status_code == 404
    for verb in ("submit", "withdraw", "papers/remove"):
        assert other.post(f"{where}/{verb}", {"document": str(uuid7())}).status_code == 404
    assert where not in other.get("/claims").text


def test_an_account_of_an_enterprise_becomes_a_person_first(town: Town) -> None:
    admin = town.house.person("hoshi")
    assert admin.get("/claims/new").headers["location"] == "/claims"
    for _ in range(2):
        assert admin.post("/claims/begin").headers["location"] == "/claims/new"
    assert admin.get("/claims/new").status_code == 200
    kinds = town.rows(
        "select count(*) from auth_membership m join auth_party p on p.id = m.party_id"
        " join auth_user u on u.id = m.user_id where u.login = 'hoshi' and p.kind = 'PERSON'"
    )
    assert kinds == [(1,)]


def test_every_kind_of_notice_is_named_once() -> None:
    assert len({kind.code for kind in KINDS}) == len(KINDS) == 6
    assert ClaimReferral.__tablename__ in Claim.metadata.tables


def test_of_two_officers_at_once_one_confirms(town: Town) -> None:
    where = sent(town.registered(WHO))
    officers = [town.house.person("mot.cua") for _ in range(2)]
    form = {"revision": revision(town, where), "roles": ["FILER"]}
    statuses = at_once(
        [lambda each=each: each.post(f"/desk{where}/confirm", form).status_code for each in officers]
    )
    assert sorted(statuses) == [303, 409]
    assert town.rows("select count(*) from registry_enterprise where tax_code = %s", NEW) == [(1,)]
    assert roles_of(town, WHO, NEW) == ["FILER"]


def test_two_people_with_the_same_new_firm_found_it_once(town: Town) -> None:
    """Both claims were sent while nobody knew the firm; confirmed at the same moment, one of them enters it."""
    claims = [
        sent(town.registered(who, name))
        for who, name in ((WHO, "Lê Thị Thử"), ("hai@example.com", "Trần Hai"))
    ]
    officers = [town.house.person("mot.cua") for _ in range(2)]

    def confirm(officer: Person, where: str) -> int:
        form = {"revision": revision(town, where), "roles": ["FILER"]}
        return officer.post(f"/desk{where}/confirm", form).status_code

    pairs = list(zip(officers, claims, strict=True))
    statuses = at_once([lambda pair=pair: confirm(*pair) for pair in pairs])
    assert 303 in statuses
    assert set(statuses) <= {303, 409}
    assert town.rows("select count(*) from registry_enterprise where tax_code = %s", NEW) == [(1,)]


def test_an_administrator_of_the_zone_may_enter_the_firm_too(town: Town) -> None:
    where = sent(town.registered(WHO))
    form = {"revision": revision(town, where), "roles": ["ENTERPRISE_ADMIN"]}
    assert town.house.person("quan.tri").post(f"/desk{where}/confirm", form).status_code == 303
    assert roles_of(town, WHO, NEW) == ["ENTERPRISE_ADMIN"]


def test_papers_of_what_led_to_nothing_are_erased_in_time(town: Town) -> None:
    refused, waiting = sent(town.registered(WHO)), sent(town.registered("hai@example.com", "Trần Hai"))
    assert decide(town, refused, "refuse", reasons=["NOT_ENTITLED"]) == 303
    now, zone, store = utcnow(), ZoneInfo("Asia/Ho_Chi_Minh"), town.house.app.state.kernel.store
    later = now + timedelta(days=366 * 6)

    def due(at: datetime) -> list[UUID]:
        with town.house.database.session(OFFICER) as session:
            return [each.claim_id for each in claims_due(session, now=at, zone=zone)]

    assert due(now) == []
    assert due(later) == [key(refused)], "one that waits for its answer keeps its papers"
    with town.house.database.transaction(OFFICER) as session:
        assert erase_claims(session, claims_due(session, now=later, zone=zone), actor=SYSTEM, now=later) == 1
    with town.house.database.session(OFFICER) as session:
        shred_erased(session, store=store, before=later)
    assert due(later) == []
    states = town.rows("select subject_id, state, title from documents_document order by subject_id")
    assert sorted(states) == sorted([(key(refused), "ERASED", "–"), (key(waiting), "CURRENT", "a.pdf")])
    (address,) = town.rows("select distinct sha256 from documents_document")
    assert store.exists(address[0]), "the same bytes are somebody else's paper"
