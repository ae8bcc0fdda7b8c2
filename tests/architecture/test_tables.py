"""Every table says whose its rows are, and the database enforces what it says."""

import re

import psycopg
import pytest

from app.core.db import Database, Tenancy
from app.core.db.cluster import PrivateCluster
from tests.architecture.schema import Policy, TableFacts, mapped, read_schema

LOGINS = ("ftz_web_tenant", "ftz_web_officer", "ftz_web_auth", "ftz_work", "ftz_backup")
ROLES = ("ftz_tenant", "ftz_officer", "ftz_auth", "ftz_worker")
WRITES = {"INSERT", "UPDATE", "DELETE", "TRUNCATE"}
# One indexed column against the parties of the context, and nothing that could be an "or".
EQUALITY = re.compile(
    r"\((?P<column>\w+) = ANY \(\(NULLIF\(current_setting\('ftz\.parties'::text, true\), ''::text\)\)::uuid\[\]\)\)"
)
# Tables whose policy hides rows from their own party as well: what the desk keeps to itself, what is one person's.
NARROWER = {"workflow_event": "visible", "notification": "user_id", "notification_delivery": "user_id"}
# Tables outside the policy's reach that a tenant's transaction writes into but never reads.
TENANT_INSERTS_ONLY = {"evidence_entry", "outbox_event", "outbox_inbox"}
# Public reference that a tenant's own step adds to, and nothing but adds.
TENANT_ADDS = {"documents_file"}


@pytest.fixture(scope="module")
def tables(shared_bare: Database, cluster: PrivateCluster) -> dict[str, TableFacts]:
    return read_schema(cluster.boot_conninfo(shared_bare.target.name))


def test_every_table_declares_a_tenancy() -> None:
    undeclared = [
        name for name, table in mapped().items() if not isinstance(table.info.get("tenancy"), Tenancy)
    ]
    assert undeclared == []


def test_every_table_of_the_database_is_mapped(tables: dict[str, TableFacts]) -> None:
    assert set(tables) == set(mapped())


def test_no_login_of_the_product_owns_a_table(tables: dict[str, TableFacts]) -> None:
    assert {facts.owner for facts in tables.values()} == {"ftz_owner"}


def test_no_login_is_a_member_of_the_owner(cluster: PrivateCluster) -> None:
    with psycopg.connect(cluster.boot_conninfo("postgres")) as connection:
        powers = connection.execute(
            "select l.rolname, r.rolname from pg_roles l, pg_roles r where l.rolname = any(%s)"
            " and (r.rolname = 'ftz_owner' or r.rolsuper or r.rolcreaterole) and pg_has_role(l.oid, r.oid, 'member')",
            [list(LOGINS)],
        ).fetchall()
        bypass = connection.execute(
            "select rolname from pg_roles where rolbypassrls and rolname = any(%s)",
            [[*LOGINS, *ROLES, "ftz_owner"]],
        ).fetchall()
    assert powers == []
    assert bypass == [("ftz_backup",)]


def test_logins_hold_no_right_of_their_own(tables: dict[str, TableFacts]) -> None:
    held = {
        (name, login)
        for name, facts in tables.items()
        for login in (*LOGINS, "PUBLIC")
        if facts.granted(login)
    }
    assert held == set()


@pytest.mark.parametrize("name", sorted(mapped(Tenancy.TENANT)))
def test_a_tenant_table_is_under_forced_row_level_security(name: str, tables: dict[str, TableFacts]) -> None:
    facts = tables[name]
    assert facts.secured
    assert facts.forced
    column = party_column(facts)
    assert any(index.columns[:1] == (column,) and not index.partial for index in facts.indexes), (
        f"{column}: no index leads with the column of the policy"
    )


@pytest.mark.parametrize("name", sorted(mapped(Tenancy.TENANT)))
def test_officers_come_through_a_policy_of_their_own(name: str, tables: dict[str, TableFacts]) -> None:
    facts = tables[name]
    roles = [role for policy in facts.policies for role in policy.roles]
    assert "public" not in roles
    assert all(len(policy.roles) == 1 for policy in facts.policies), "one policy serves one role"
    assert "ftz_officer" in roles
    without = [role for role in ROLES if facts.granted(role) and role not in roles]
    assert without == [], "rights without a policy: the role sees nothing, so the right is an error"


@pytest.mark.parametrize("name", sorted(mapped(Tenancy.SHARED)))
def test_a_shared_table_is_read_by_all_and_written_by_no_tenant(
    name: str, tables: dict[str, TableFacts]
) -> None:
    facts = tables[name]
    assert "SELECT" in facts.granted("ftz_tenant")
    assert "SELECT" in facts.granted("ftz_officer")
    assert facts.granted("ftz_tenant") & WRITES == set()
    assert not facts.secured, "public rows need no policy; a table with one is TENANT"


@pytest.mark.parametrize("name", sorted(mapped(Tenancy.SYSTEM)))
def test_a_system_table_shows_a_tenant_nothing(name: str, tables: dict[str, TableFacts]) -> None:
    granted = tables[name].granted("ftz_tenant")
    if name in TENANT_INSERTS_ONLY:
        assert granted == {"INSERT"}
    elif name in TENANT_ADDS:
        assert granted <= {"SELECT", "INSERT"}
    else:
        assert granted == set()


def test_nobody_may_delete_or_truncate_history(tables: dict[str, TableFacts]) -> None:
    allowed = {
        "auth_throttle": {"ftz_auth", "ftz_worker"},
        "auth_session": {"ftz_worker"},
        "auth_registration": {"ftz_auth"},
        "notification_mail": {"ftz_worker"},
        "auth_client_token": {"ftz_officer"},
        "outbox_event": {"ftz_worker"},
        "outbox_inbox": {"ftz_worker"},
        "job_failure": {"ftz_worker"},
        "idempotency_record": {"ftz_officer"},
        "web_kept_form": {"ftz_auth", "ftz_officer"},
        "live_poke": {"ftz_worker"},
        # The index is derived from the tables and made anew at any time.
        "search_shared": {"ftz_officer"},
        "search_tenant": {"ftz_officer"},
        # A batch of taken-over records can be undone; restrictive policies leave nothing else to delete.
        "registry_project": {"ftz_officer"},
        "registry_change": {"ftz_officer"},
        "registry_enterprise": {"ftz_officer"},
        "auth_party": {"ftz_officer"},
        # Lines of a draft are no history yet; a trigger keeps those of a revision that was sent.
        "customs_line": {"ftz_tenant"},
        # Items of a change that is given up before it is proposed; a trigger keeps those of a change set.
        "tariff_change_item": {"ftz_officer"},
        "tariff_change_heading": {"ftz_officer"},
        # A file while it is compared; its rows never outlive their transaction.
        "tariff_staged_rate": {"ftz_officer"},
        "tariff_staged_heading": {"ftz_officer"},
        "tariff_staged_column": {"ftz_officer"},
    }
    deleters = {
        name: {role for role in ROLES if facts.granted(role) & {"DELETE", "TRUNCATE"}}
        for name, facts in tables.items()
    }
    surplus = {name: roles - allowed.get(name, set()) for name, roles in deleters.items()}
    assert {name: roles for name, roles in surplus.items() if roles} == {}, (
        "a right to delete is argued for here"
    )


def test_password_hashes_and_tokens_are_for_auth_only(
    tables: dict[str, TableFacts], cluster: PrivateCluster, shared_bare: Database
) -> None:
    with psycopg.connect(cluster.boot_conninfo(shared_bare.target.name)) as connection:
        readers = connection.execute(
            "select distinct grantee::text from information_schema.role_column_grants where privilege_type = 'SELECT'"
            " and (table_name, column_name) in (('auth_user', 'password_hash'), ('auth_session', 'token_hash'),"
            " ('auth_client_secret', 'secret_hash'), ('auth_client_token', 'token_hash'))"
            " and grantee = any(%s)",
            [list(ROLES)],
        ).fetchall()
    assert readers == [("ftz_auth",)]


def test_every_foreign_key_has_an_index(tables: dict[str, TableFacts]) -> None:
    bare = [
        f"{name}: {constraint}"
        for name, facts in tables.items()
        for constraint, columns in facts.foreign_keys
        if not any(_covers(index.columns, columns) for index in facts.indexes)
    ]
    assert bare == []


@pytest.mark.parametrize("rule", ["true", "((party_id = x) OR visible)", "(party_id IN ( SELECT 1))"])
def test_the_shape_of_a_policy_is_recognised(rule: str) -> None:
    policy = Policy("p", frozenset({"ftz_tenant"}), "ALL", rule, rule)
    with pytest.raises(AssertionError):
        party_column(TableFacts("t", "ftz_owner", secured=True, forced=True, policies=[policy]))


def party_column(facts: TableFacts) -> str:
    """Return the column on which a table's tenant policy is an equality; anything else is an error."""
    policies = [policy for policy in facts.policies if "ftz_tenant" in policy.roles]
    assert len(policies) == 1, (
        "permissive policies add up: there is one for tenants, or its rule is not the rule"
    )
    policy = policies[0]
    assert policy.command == "ALL"
    assert policy.using == policy.check
    rule = policy.using
    if facts.name in NARROWER:
        rule, _, more = rule.removeprefix("(").partition(" AND ")
        assert NARROWER[facts.name] in more
        assert " OR " not in more.upper(), "an OR would let rows through that the equality holds back"
    found = EQUALITY.fullmatch(rule)
    assert found, f"{facts.name}: {policy.using} is no equality on a column"
    return found["column"]


def _covers(index: tuple[str, ...], columns: tuple[str, ...]) -> bool:
    return set(index[: len(columns)]) == set(columns) or index[:1] == columns[:1]
