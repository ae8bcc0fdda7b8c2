"""Programs of an enterprise: registered, known by a token, changed over, shut out."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from app.core.auth import PERMISSIONS, Permission, PermissionBook, actor_of
from app.core.auth.actors import AccountNotUsable
from app.core.auth.clients import service
from app.core.auth.clients.models import ClientToken
from app.core.auth.clients.scopes import SCOPES
from app.core.auth.clients.service import (
    LIVES,
    MAX_CLIENTS,
    ClientEnded,
    RotationUnderWay,
    TooManyClients,
    clients_of,
    end_secret,
    find_client,
    register_client,
    revoke_client,
    rotate_secret,
)
from app.core.auth.clients.tokens import (
    MAX_LIVE_TOKENS,
    TOKEN_LIFE,
    ClientRefused,
    IssuedToken,
    ScopeRefused,
    TooManyTokens,
    forget_tokens,
    issue_token,
    resolve_token,
    revoke_token,
)
from app.core.auth.permissions import CLIENT_MANAGE
from app.core.auth.throttle import LOGIN_PACE, TooManyAttempts
from app.core.db import Database, DbRole, SessionContext
from app.core.errors import Forbidden, Invalid, NotFound
from app.core.evidence import EvidenceEntry
from app.core.kit.actor import Actor, ActorKind, Grant
from app.core.kit.ids import uuid7
from tests.core.auth.people import AUTH, NOW, OFFICER, WORKER, MakePerson

DAY = timedelta(days=1)
FILE = Permission("goods.file", "", "", frozenset({"FILER"}), scopes=frozenset({"dossiers.write"}))
BOTH = ("dossiers.read", "dossiers.write")


@pytest.fixture
def book() -> PermissionBook:
    return PermissionBook((*PERMISSIONS, FILE))


class Firm:
    """An enterprise with an administrator and one program."""

    def __init__(self, database: Database, person: MakePerson) -> None:
        self.database = database
        made = person("ENTERPRISE_ADMIN")
        self.party = made.party_id
        grant = Grant(made.party_id, frozenset({"ENTERPRISE_ADMIN"}), frozenset({CLIENT_MANAGE}))
        self.admin = Actor(ActorKind.CUSTOMER, made.id, "Quản Trị", (grant,))
        self.context = SessionContext(DbRole.TENANT, (made.party_id,), made.id)
        self.client, self.secret = uuid7(), ""
        self.secret = self.register(self.client) or ""

    def register(
        self, client_id: UUID, *, scopes: tuple[str, ...] = BOTH, lives: timedelta = LIVES[-1]
    ) -> str | None:
        with self.database.transaction(self.context) as session:
            return register_client(
                session, client_id=client_id, party_id=self.party, name="ERP", scopes=scopes, lives=lives,
                actor=self.admin, now=NOW,
            )  # fmt: skip

    def token(self, secret: str | None = None, *, at: timedelta = timedelta(), **more: object) -> IssuedToken:
        options: dict[str, object] = {"scopes": None, "ip": "192.0.2.7", "client_id": self.client, **more}
        return issue_token(
            self.database, secret=self.secret if secret is None else secret, now=NOW + at, **options
        )

    def rotate(self, overlap: timedelta) -> str:
        with self.database.transaction(self.context) as session:
            return rotate_secret(session, self.client, overlap=overlap, actor=self.admin, now=NOW)

    def revoke(self) -> None:
        with self.database.transaction(self.context) as session:
            revoke_client(session, self.client, actor=self.admin, now=NOW)


@pytest.fixture
def firm(database: Database, person: MakePerson) -> Firm:
    return Firm(database, person)


class TestRegister:
    def test_the_same_form_twice_is_one_program_and_shows_no_second_secret(self, firm: Firm) -> None:
        assert firm.register(firm.client) is None
        with firm.database.session(firm.context) as session:
            (found,) = clients_of(session, firm.admin)
        assert (found.id, len(found.secrets), found.scopes) == (firm.client, 1, BOTH)

    def test_who_does_not_manage_programs_registers_none(self, firm: Firm) -> None:
        filer = Actor(ActorKind.CUSTOMER, uuid7(), "", (Grant(firm.party, frozenset({"FILER"})),))
        with firm.database.session(firm.context) as session, pytest.raises(Forbidden):
            register_client(
                session, client_id=uuid7(), party_id=firm.party, name="x", scopes=BOTH, lives=LIVES[0], actor=filer,
                now=NOW,
            )  # fmt: skip

    def test_what_a_scope_needs_comes_with_it(self, firm: Firm) -> None:
        client = uuid7()
        firm.register(client, scopes=("forms.sign",))
        with firm.database.session(firm.context) as session:
            found = set(find_client(session, client, actor=firm.admin).scopes)
        assert found == {scope for scope in SCOPES if not scope.startswith(("parcels.", "declarations."))}

    @pytest.mark.parametrize("scopes", [(), ("everything",)])
    def test_scopes_must_exist(self, firm: Firm, scopes: tuple[str, ...]) -> None:
        with pytest.raises(Invalid) as caught:
            firm.register(uuid7(), scopes=scopes)
        assert [each.name for each in caught.value.errors] == ["scopes"]

    def test_a_life_without_end_is_not_offered(self, firm: Firm) -> None:
        with pytest.raises(Invalid) as caught:
            firm.register(uuid7(), lives=timedelta(days=10_000))
        assert [each.name for each in caught.value.errors] == ["lives"]

    def test_there_is_a_limit(self, firm: Firm) -> None:
        for _ in range(MAX_CLIENTS - 1):
            firm.register(uuid7())
        with pytest.raises(TooManyClients):
            firm.register(uuid7())

    def test_the_secret_is_stored_nowhere(self, firm: Firm) -> None:
        with firm.database.session(AUTH) as session:
            rows = session.execute(text("select row_to_json(s)::text from auth_client_secret s")).scalars()
            assert all(firm.secret not in row for row in rows)
        with firm.database.session(OFFICER) as session:
            assert "auth:client:register" in session.scalars(select(EvidenceEntry.tag)).all()

    def test_scopes_that_need_another_name_one_that_exists(self) -> None:
        assert all(not scope.needs or scope.needs in SCOPES for scope in SCOPES.values())


class TestTenancy:
    def test_another_enterprise_sees_neither_program_nor_secret(
        self, firm: Firm, database: Database, person: MakePerson
    ) -> None:
        other = Firm(database, person)
        with database.session(other.context) as session:
            assert [each.id for each in clients_of(session, other.admin)] == [other.client]
            with pytest.raises(NotFound):
                find_client(session, firm.client, actor=other.admin)
            with pytest.raises(NotFound):
                rotate_secret(session, firm.client, overlap=DAY, actor=other.admin, now=NOW)
            with pytest.raises(NotFound):
                revoke_client(session, firm.client, actor=other.admin, now=NOW)
            seen = session.execute(text("select count(*) from auth_client_secret")).scalar_one()
        assert seen == 1

    @pytest.mark.parametrize("context", ["own", "officer", "worker"])
    def test_nobody_but_auth_reads_a_hash(self, firm: Firm, context: str) -> None:
        contexts = {"own": firm.context, "officer": OFFICER, "worker": WORKER}
        with firm.database.session(contexts[context]) as session, pytest.raises(ProgrammingError):
            session.execute(text("select secret_hash from auth_client_secret"))

    def test_a_secret_of_ones_own_for_anothers_program_opens_nothing(
        self, firm: Firm, database: Database, person: MakePerson
    ) -> None:
        """Even an injected INSERT of a tenant makes no key to another's program."""
        other = Firm(database, person)
        with database.transaction(other.context) as session:
            forged = service._new_secret(session, firm.client, other.party, actor=other.admin, now=NOW)
        with pytest.raises(ClientRefused):
            firm.token(forged)


class TestToken:
    def test_it_is_the_program_with_its_scopes_and_their_permissions(
        self, firm: Firm, book: PermissionBook
    ) -> None:
        issued = firm.token()
        actor = resolve_token(firm.database, token=issued.token, book=book, now=NOW)
        assert actor is not None
        assert (actor.kind, actor.user_id, actor.party_ids) == (ActorKind.CLIENT, firm.client, (firm.party,))
        assert actor.grants[0].permissions == {*BOTH, "goods.file"}
        assert issued.expires_in == TOKEN_LIFE.total_seconds()
        assert issued.token not in repr(issued)

    def test_less_may_be_asked_for_but_not_more(self, firm: Firm, book: PermissionBook) -> None:
        narrow = firm.token(scopes=["dossiers.read"])
        actor = resolve_token(firm.database, token=narrow.token, book=book, now=NOW)
        assert actor is not None
        assert actor.grants[0].permissions == {"dossiers.read"}
        with pytest.raises(ScopeRefused):
            firm.token(scopes=["forms.sign"])

    def test_it_ends(self, firm: Firm, book: PermissionBook) -> None:
        token = firm.token().token
        assert resolve_token(firm.database, token=token, book=book, now=NOW + TOKEN_LIFE) is None
        assert resolve_token(firm.database, token="unknown", book=book, now=NOW) is None

    def test_it_falls_with_the_program(self, firm: Firm, book: PermissionBook) -> None:
        token = firm.token().token
        firm.revoke()
        assert resolve_token(firm.database, token=token, book=book, now=NOW) is None
        with pytest.raises(ClientRefused):
            firm.token()

    def test_a_program_can_give_it_back(self, firm: Firm, book: PermissionBook) -> None:
        token = firm.token().token
        with pytest.raises(ClientRefused):
            revoke_token(
                firm.database, client_id=firm.client, secret="x", token=token, now=NOW, ip="192.0.2.8"
            )
        revoke_token(firm.database, client_id=firm.client, secret=firm.secret, token=token, now=NOW, ip=None)
        assert resolve_token(firm.database, token=token, book=book, now=NOW) is None

    def test_wrong_secrets_wait_but_shut_nobody_else_out(self, firm: Firm) -> None:
        for _ in range(LOGIN_PACE.free):
            with pytest.raises(ClientRefused):
                firm.token("wrong")
        with pytest.raises(TooManyAttempts):
            firm.token("wrong")
        assert firm.token().token

    def test_an_unknown_program_is_refused_like_a_wrong_secret(self, firm: Firm) -> None:
        for client_id in (uuid7(), None):
            with pytest.raises(ClientRefused):
                firm.token(client_id=client_id)

    def test_hoarding_is_refused(self, firm: Firm) -> None:
        for _ in range(MAX_LIVE_TOKENS):
            firm.token()
        with pytest.raises(TooManyTokens):
            firm.token()
        assert firm.token(at=TOKEN_LIFE).token

    def test_old_ones_are_forgotten(self, firm: Firm) -> None:
        firm.token()
        firm.token(at=3 * DAY)
        with firm.database.transaction(OFFICER) as session:
            forget_tokens(session, now=NOW + 3 * DAY)
        with firm.database.session(AUTH) as session:
            assert len(session.scalars(select(ClientToken.token_hash)).all()) == 1


class TestRotate:
    def test_both_secrets_serve_until_the_overlap_ends(self, firm: Firm) -> None:
        new = firm.rotate(7 * DAY)
        assert firm.token().token
        assert firm.token(new).token
        with pytest.raises(ClientRefused):
            firm.token(at=7 * DAY)
        assert firm.token(new, at=7 * DAY).token

    def test_without_overlap_the_old_one_and_its_tokens_end_at_once(
        self, firm: Firm, book: PermissionBook
    ) -> None:
        token = firm.token().token
        new = firm.rotate(timedelta(0))
        assert resolve_token(firm.database, token=token, book=book, now=NOW) is None
        with pytest.raises(ClientRefused):
            firm.token()
        assert firm.token(new).token

    def test_a_token_lives_no_longer_than_its_secret(self, firm: Firm) -> None:
        firm.rotate(DAY)
        assert firm.token(at=DAY - timedelta(minutes=2)).expires_in == 120

    def test_a_third_secret_is_refused_until_one_was_ended(self, firm: Firm) -> None:
        firm.rotate(7 * DAY)
        with pytest.raises(RotationUnderWay):
            firm.rotate(7 * DAY)
        with firm.database.transaction(firm.context) as session:
            old = find_client(session, firm.client, actor=firm.admin).secrets[-1]
            end_secret(session, firm.client, old.id, actor=firm.admin, now=NOW)
        with pytest.raises(ClientRefused):
            firm.token()
        assert firm.rotate(7 * DAY)

    def test_who_was_revoked_gets_no_new_secret(self, firm: Firm) -> None:
        firm.revoke()
        with pytest.raises(ClientEnded):
            firm.rotate(DAY)


class TestJobs:
    def test_a_job_acts_as_the_program(self, firm: Firm, book: PermissionBook) -> None:
        with firm.database.session(WORKER) as session:
            actor = actor_of(session, firm.client, book=book, at=NOW)
        assert (actor.kind, actor.party_ids) == (ActorKind.CLIENT, (firm.party,))

    def test_after_the_revocation_no_job_does(self, firm: Firm, book: PermissionBook) -> None:
        firm.revoke()
        with firm.database.session(WORKER) as session, pytest.raises(AccountNotUsable):
            actor_of(session, firm.client, book=book, at=NOW)
