"""Signing in through the identity provider, over HTTP, with the simulator behind a real socket."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx2
import pytest
from sqlalchemy import select, update

from app.core.auth.models import LoginSession, User
from app.core.auth.oidc.models import LinkedIdentity
from app.core.db.cluster import PrivateCluster
from app.core.kit.time import utcnow
from app.core.settings import Settings
from simulators.identity.people import PEOPLE
from simulators.identity.provider import IdentityProvider
from simulators.identity.server import IdentityServer
from tests.conftest import clone
from tests.faults.people import AUTH, ORIGIN, House, Person, house_on
from tests.web.test_account import age, renew

ANN, BEN, CAM, DUNG = PEOPLE
CALLBACK = f"{ORIGIN}/login/identity/callback"


@dataclass
class Town:
    """The platform and the provider."""

    house: House
    idp: IdentityProvider
    issuer: str

    def choose(self, location: str, subject: str) -> str:
        """Choose a person at the provider, as the browser would; return the path that it sends back to."""
        asked = dict(parse_qsl(urlsplit(location).query))
        answer = httpx2.post(f"{self.issuer}/authorize", data={**asked, "subject": subject})
        assert answer.status_code == 303, answer.text
        back = answer.headers["location"]
        assert back.startswith(CALLBACK)
        return back.removeprefix(ORIGIN)

    def come(self, person: Person, subject: str, *, path: str = "/login/identity") -> httpx2.Response:
        """Go to the provider and come back."""
        gone = person.get(path)
        assert gone.status_code == 303, gone.text
        answer = person.get(self.choose(gone.headers["location"], subject))
        renew(person)
        return answer


@pytest.fixture(scope="module")
def town(
    cluster: PrivateCluster, ready_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    server = IdentityServer(
        ("127.0.0.1", 0), IdentityProvider("", client_id="ftz", client_secret="s", redirect_uri=CALLBACK)
    )
    issuer = f"http://127.0.0.1:{server.server_address[1]}"
    server.provider.issuer = issuer
    threading.Thread(target=server.serve_forever, daemon=True).start()
    var: Path = tmp_path_factory.mktemp("var")
    options = {"oidc_issuer": issuer, "oidc_client_secret": "s", "oidc_simulated": True}
    with clone(cluster, ready_template) as target, house_on(target, var, **options) as house:
        yield Town(house, server.provider, issuer)
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def well(town: Town) -> Iterator[None]:
    yield
    town.idp.behaviour.down, town.idp.behaviour.lies, town.idp.behaviour.remembers = False, {}, False


def accounts(town: Town, name: str) -> int:
    with town.house.database.session(AUTH) as session:
        return len(session.scalars(select(User.id).where(User.full_name == name)).all())


def test_the_login_page_says_that_it_is_simulated(town: Town) -> None:
    page = town.house.visitor().get("/login").text
    assert 'href="/login/identity?next=/"' in page
    assert "giả lập" in page


def test_the_first_visit_leads_to_an_account_and_the_second_into_it(town: Town) -> None:
    person = town.house.visitor()
    assert town.come(person, ANN).headers["location"] == "/login/identity/new"
    page = person.get("/login/identity/new").text
    assert PEOPLE[ANN] in page
    assert person.get("/my").status_code == 303, "nobody is signed in before the account is there"
    made = person.post("/login/identity/new", {"full_name": PEOPLE[ANN]})
    assert made.status_code == 303
    renew(person)
    assert person.get("/account").status_code == 200
    again = town.house.visitor()
    assert town.come(again, ANN).headers["location"] == "/my"
    assert again.get("/account").status_code == 200
    assert accounts(town, PEOPLE[ANN]) == 1


def test_the_number_of_the_person_is_stored_nowhere(town: Town) -> None:
    with town.house.database.session(AUTH) as session:
        rows = session.execute(select(LinkedIdentity.issuer, LinkedIdentity.digest)).all()
    assert all(ANN not in issuer and ANN.encode() not in digest for issuer, digest in rows)


def test_an_account_is_never_linked_by_itself(town: Town) -> None:
    """The same name, or a mail address that the provider tells, opens nobody's account."""
    town.idp.behaviour.lies = {"name": "Người nộp Thử Nghiệm", "email": "nop.hoso", "email_verified": True}
    assert town.come(town.house.visitor(), CAM).headers["location"] == "/login/identity/new"


def test_linking_asks_who_it_is_and_then_both_ways_open_the_account(town: Town) -> None:
    person = town.house.person("hoshi")
    age(town.house, "hoshi", minutes=30)
    assert person.get("/account/identity/link").headers["location"].startswith("/account/confirm")
    person = town.house.person("hoshi")
    done = town.come(person, BEN, path="/account/identity/link")
    assert done.headers["location"] == "/account/identity?done=linked"
    assert "/account/identity/end" in person.get("/account/identity").text
    other = town.house.visitor()
    assert town.come(other, BEN).headers["location"] == "/my"
    # Nobody else gets it, and ending it closes the way.
    thief = town.house.person("nop.hoso")
    assert town.come(thief, BEN, path="/account/identity/link").status_code == 409
    assert person.post("/account/identity/end").status_code == 303
    assert town.come(town.house.visitor(), BEN).headers["location"] == "/login/identity/new"


def test_an_officer_has_no_such_way(town: Town) -> None:
    assert town.house.person("mot.cua").get("/account/identity/link").status_code == 403


def test_an_answer_serves_the_browser_that_asked(town: Town) -> None:
    mine, other = town.house.visitor(), town.house.visitor()
    back = town.choose(mine.get("/login/identity").headers["location"], CAM)
    assert other.get(back).status_code == 401
    assert mine.get(back).status_code == 303
    assert mine.get(back).status_code == 401, "and once"


@pytest.mark.parametrize("change", ["state", "code"])
def test_what_was_changed_on_the_way_opens_nothing(town: Town, change: str) -> None:
    person = town.house.visitor()
    back = town.choose(person.get("/login/identity").headers["location"], CAM)
    fields = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()} | {change: "x"}
    answer = person.get(f"/login/identity/callback?{urlencode(fields)}")
    assert answer.status_code == 401
    assert 'name="login_id"' in answer.text, "the other way in stands on the page"


def test_who_changes_their_mind_is_back_at_the_sign_in(town: Town) -> None:
    assert town.come(town.house.visitor(), "").status_code == 401


def test_a_provider_that_is_down_leaves_the_password(town: Town) -> None:
    person = town.house.visitor()
    back = town.choose(person.get("/login/identity").headers["location"], CAM)
    town.idp.behaviour.down = True
    answer = person.get(back)
    assert answer.status_code == 503
    assert 'name="login_id"' in answer.text
    assert person.sign_in("hoshi").status_code == 303


def test_its_word_ends_the_sessions(town: Town) -> None:
    person = town.house.visitor()
    if town.come(person, DUNG).headers["location"] == "/login/identity/new":
        person.post("/login/identity/new", {"full_name": PEOPLE[DUNG]})
        renew(person)
    assert person.get("/account").status_code == 200
    stranger = town.house.visitor().client
    assert stranger.post("/login/identity/logout", data={"logout_token": "x"}).status_code == 400
    assert person.get("/account").status_code == 200
    told = stranger.post("/login/identity/logout", data={"logout_token": town.idp.logout_token(DUNG)})
    assert told.status_code == 200
    assert person.get("/account").status_code == 303


def test_where_it_goes_on_is_ours(town: Town) -> None:
    person = town.house.visitor()
    gone = person.get("/login/identity?next=https://evil.test/")
    back = town.choose(gone.headers["location"], DUNG)
    assert "evil" not in person.get(back).headers["location"]


@pytest.mark.parametrize(
    "values",
    [{"oidc_simulated": True, "oidc_issuer": "https://id.example"}, {"oidc_issuer": "http://id.example"}],
)
def test_production_refuses_the_simulator(values: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="FTZ_OIDC_ISSUER"):
        Settings(env="production", demo=False, public_url="https://ftz.example", var=tmp_path, **values)


def rested(town: Town) -> None:
    """Let the last proof of presence of all sessions lie back."""
    with town.house.database.transaction(AUTH) as session:
        session.execute(update(LoginSession).values(step_up_at=utcnow() - timedelta(minutes=10)))


class TestWithoutAPassword:
    """An account that the provider opened proves presence there, and signs out there."""

    @pytest.fixture
    def dung(self, town: Town) -> Person:
        person = town.house.visitor()
        answer = town.come(person, DUNG)
        if answer.headers["location"] == "/login/identity/new":
            assert person.post("/login/identity/new", {"full_name": PEOPLE[DUNG]}).status_code == 303
            renew(person)
        return person

    def test_a_step_that_counts_is_confirmed_at_the_provider(self, town: Town, dung: Person) -> None:
        rested(town)
        asked = dung.post("/account/second-factor", {"note": "giữ lại"})
        page = dung.get("/account/confirm").text
        assert asked.status_code in {422, 303}
        assert 'href="/account/identity/confirm"' in page
        assert 'type="password"' not in page
        early = dung.post("/account/confirm?next=/account", {"presence_proof": "identity"})
        assert early.status_code == 422, "saying so is no proof"
        gone = dung.get("/account/identity/confirm")
        query = dict(parse_qsl(urlsplit(gone.headers["location"]).query))
        assert (query["prompt"], query["max_age"]) == ("login", "0")
        back = dung.get(town.choose(gone.headers["location"], DUNG))
        assert back.headers["location"] == "/account/identity?done=confirmed"
        assert dung.post("/account/confirm?next=/account", {"presence_proof": "identity"}).status_code == 303

    def test_somebody_else_at_the_provider_confirms_nothing(self, town: Town, dung: Person) -> None:
        rested(town)
        assert town.come(dung, BEN, path="/account/identity/confirm").status_code == 401
        assert dung.post("/account/confirm?next=/account", {"presence_proof": "identity"}).status_code == 422

    @pytest.mark.parametrize("told", [None, "jetzt", True, 1])
    def test_a_session_that_the_provider_remembers_confirms_nothing(
        self, town: Town, dung: Person, told: object
    ) -> None:
        rested(town)
        town.idp.behaviour.lies = {"auth_time": told}
        assert town.come(dung, DUNG, path="/account/identity/confirm").status_code == 401
        assert dung.post("/account/confirm?next=/account", {"presence_proof": "identity"}).status_code == 422

    def test_a_visitor_confirms_nothing(self, town: Town) -> None:
        assert town.house.visitor().get("/account/identity/confirm").status_code in {303, 401}

    def test_signing_out_here_offers_to_sign_out_there(self, town: Town, dung: Person) -> None:
        assert dung.get("/login/identity/leave").headers["location"] == "/", (
            "nobody is led away while signed in"
        )
        out = dung.post("/logout")
        assert out.headers["location"] == "/login/identity/left"
        renew(dung)
        page = dung.get("/login/identity/left").text
        assert 'href="/login/identity/leave"' in page
        gone = dung.get("/login/identity/leave")
        where = urlsplit(gone.headers["location"])
        query = dict(parse_qsl(where.query))
        assert where.path == "/leave"
        assert query["client_id"] == "ftz"
        assert query["post_logout_redirect_uri"] == f"{ORIGIN}/login"
        left = httpx2.get(gone.headers["location"])
        assert left.headers["location"] == f"{ORIGIN}/login"
        assert dung.get("/login/identity/left").headers["location"] == "/", "once is enough"

    def test_who_came_by_password_is_not_asked(self, town: Town) -> None:
        person = town.house.person("hoshi")
        assert person.post("/logout").headers["location"] == "/"


class TestTheProviderRemembers:
    """The simulator asks again when it should, so that the tests above mean something."""

    def test_a_browser_goes_through_unasked_unless_the_platform_wants_it(self, town: Town) -> None:
        town.idp.behaviour.remembers = True
        person = town.house.visitor()
        first = person.get("/login/identity").headers["location"]
        asked = dict(parse_qsl(urlsplit(first).query))
        chosen = httpx2.post(f"{town.issuer}/authorize", data={**asked, "subject": ANN})
        session = {"Cookie": chosen.headers["set-cookie"].partition(";")[0]}
        through = httpx2.get(first, headers=session)
        assert through.status_code == 303
        anew = httpx2.get(first + "&prompt=login", headers=session)
        assert anew.status_code == 200
        old = httpx2.get(first + "&max_age=0", headers=session)
        assert old.status_code == 200
        httpx2.get(f"{town.issuer}/leave?client_id=ftz", headers=session)
        assert httpx2.get(first, headers=session).status_code == 200
