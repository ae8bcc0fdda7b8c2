"""At a hundred thousand rows the registers page by their indexes, under the roles of the application."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
import pytest
from sqlalchemy.orm import Session

from app.core.db import Database, DbRole, SessionContext
from app.core.db.cluster import PrivateCluster
from app.investment.commitments import queries as commitments
from app.investment.queries import register
from app.investment.queries.register import AsOf, Wanted
from app.registry import facade as registry
from app.registry.queries import listing
from app.registry.queries.listing import EnterpriseFilter
from tests.architecture.plans import plan_faults
from tests.conftest import TEST_LOGINS, clone

ROWS = 100_000
BIG = {
    "auth_party", "registry_enterprise", "registry_address", "registry_project", "investment_certificate",
    "investment_commitment", "workflow_case",
}  # fmt: skip
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = datetime(2027, 6, 1, 3, 0, tzinfo=UTC)
TODAY = date(2027, 6, 1)
_OWNER = UUID("00000000-0000-7000-8000-000000000007")
TENANT = SessionContext(DbRole.TENANT, (_OWNER,))
OFFICER = SessionContext(DbRole.OFFICER)
faults = partial(plan_faults, big=BIG, most=3_000)

# Everything of number n has the key that ends in n. Certificates were signed one after another over two years, and
# every tenth was replaced half a year later.
_KEY = "('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid"
_SIGNED = "('2025-06-01T02:00Z'::timestamptz + n * interval '10 minutes')"
_FILL = f"""
insert into auth_party (id, kind, name, created_at)
select {_KEY}, 'ENTERPRISE', 'X ' || n, now() from generate_series(1, {ROWS}) n;
insert into registry_enterprise
       (party_id, kind, name_vi, country, verification, source, revision, created_at, updated_at)
select {_KEY}, 'FOREIGN', md5(n::text), 'JP', 'VERIFIED', 'OFFICER', 1, now(), {_SIGNED}
  from generate_series(1, {ROWS}) n;
insert into registry_address (id, party_id, kind, country, province, ward, street, valid, created_at)
select {_KEY}, {_KEY}, 'HEAD_OFFICE', 'VN', '', '', '', '[2020-01-01,)', now() from generate_series(1, {ROWS}) n;
insert into registry_project (id, party_id, name_vi, site, created_at)
select {_KEY}, {_KEY}, 'X', 'S1', {_SIGNED} from generate_series(1, {ROWS}) n;
insert into workflow_case
       (id, party_id, procedure, version_id, office, code, title, state, clock, revision, answers, channel, created_at,
        created_by, saved_at)
select {_KEY}, {_KEY}, 'IRC', v.id, 'INVEST', 'X-' || n, '', 'draft', 'OFF', 1, '{{}}', 'ONLINE', now(), {_KEY}, now()
  from generate_series(1, {ROWS}) n, (select id from workflow_procedure_version limit 1) v;
insert into investment_certificate
       (id, party_id, project_id, case_id, number, revision, valid, recorded, content, document_id, verification_code,
        signed_at, site, folded)
select {_KEY}, {_KEY}, {_KEY}, {_KEY}, 'X-' || n, 1,
       daterange({_SIGNED}::date, case when n % 10 = 0 then {_SIGNED}::date + 180 end),
       tstzrange({_SIGNED}, null), '{{}}', {_KEY}, n::text, {_SIGNED}, 'S' || n % 3, ' so' || n
  from generate_series(1, {ROWS}) n;
insert into investment_commitment
       (id, party_id, project_id, case_id, number, kind, text, article, promised, due_on, created_at)
select {_KEY}, {_KEY}, {_KEY}, {_KEY}, 1, 'FIRE', '', '', '', '2026-01-01'::date + n % 1000, now()
  from generate_series(1, {ROWS}) n
"""  # noqa: S608  constants of this file


@pytest.fixture(scope="module")
def full(cluster: PrivateCluster, ready_template: str) -> Iterator[Database]:
    """A zone with a hundred thousand enterprises, projects, certificates and commitments."""
    with clone(cluster, ready_template) as target:
        with psycopg.connect(cluster.boot_conninfo(target.name), autocommit=True) as connection:
            connection.execute("set session_replication_role = replica")
            for statement in _FILL.split(";"):
                connection.execute(statement)  # type: ignore[call-overload]
            connection.execute("vacuum analyze")
        database = Database(target, logins=TEST_LOGINS, pool_size=2)
        yield database
        database.close()


def at(days: int, *, known: int | None = None) -> AsOf:
    """Return a point so many days back in law, and so many (or none) in what the register knew."""
    return AsOf(TODAY - timedelta(days=days), NOW - timedelta(days=known or 0))


LATER = register.Position(datetime(2026, 3, 1, tzinfo=UTC), UUID(int=2**127))
LISTS: dict[str, Callable[[Session], object]] = {
    "certificates now": lambda session: register.certificates(
        session, Wanted(AsOf(TODAY, NOW, present=True))
    ),
    "certificates today": lambda session: register.certificates(session, Wanted(at(0))),
    "certificates a year ago": lambda session: register.certificates(session, Wanted(at(365))),
    "certificates in the first days": lambda session: register.certificates(session, Wanted(at(729))),
    "certificates as known then": lambda session: register.certificates(session, Wanted(at(0, known=300))),
    "certificates of a site": lambda session: register.certificates(session, Wanted(at(30), site="S1")),
    "certificates by a word": lambda session: register.certificates(session, Wanted(at(30), text="so77777")),
    "certificates, a later page": lambda session: register.certificates(session, Wanted(at(30)), after=LATER),
    "enterprises by name": lambda session: listing.enterprises(session, EnterpriseFilter(), day=TODAY),
    "enterprises by name, a later page": lambda session: listing.enterprises(
        session, EnterpriseFilter(), day=TODAY, after=("8", UUID(int=5))
    ),
    "enterprises by time": lambda session: listing.enterprises(
        session, EnterpriseFilter(), day=TODAY, sort="-updated"
    ),
    "projects": lambda session: registry.project_cards(session, size=51),
    "projects, a later page": lambda session: registry.project_cards(
        session, after=(datetime(2026, 3, 1, tzinfo=UTC), UUID(int=5)), size=51
    ),
    "commitments": lambda session: commitments.unfulfilled(session, now=NOW, zone=ZONE),
    "commitments, a later page": lambda session: commitments.unfulfilled(
        session, now=NOW, zone=ZONE, after=(TODAY, UUID(int=5))
    ),
}


@pytest.mark.timeout(240)
def test_no_register_is_read_whole(full: Database) -> None:
    """One test for all lists, since the zone is filled once for them."""
    wrong = {
        (name, context.role.value): found
        for name, ask in LISTS.items()
        for context in (OFFICER, TENANT)
        if (found := faults(full, context, ask))
    }
    assert wrong == {}


def test_the_lists_are_full_for_officers_and_hold_ones_own_for_tenants(full: Database) -> None:
    for name, ask in LISTS.items():
        for context, least, most in ((OFFICER, 1, 51), (TENANT, 0, 1)):
            with full.session(context) as session:
                assert least <= len(ask(session)) <= most, (name, context.role)  # type: ignore[arg-type]


def test_a_list_without_an_index_would_be_noticed(full: Database) -> None:
    def ask(session: Session) -> None:
        session.connection().exec_driver_sql(
            "select party_id from registry_enterprise order by phone limit 51"
        ).all()

    assert faults(full, OFFICER, ask) != []
