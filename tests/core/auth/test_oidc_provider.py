"""What proves a person at the provider, and everything that does not."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from app.core.auth.oidc.provider import (
    LEEWAY,
    OLDEST,
    Flow,
    Identity,
    IdentityAway,
    IdentityRefused,
    Provider,
    ProviderConfig,
)
from app.core.kit.outgoing import Answer, OutgoingFailed
from app.core.kit.time import utcnow
from simulators.identity.people import PEOPLE
from simulators.identity.provider import IdentityProvider

ISSUER, BACK = "http://idp.test", "http://ftz.test/login/identity/callback"
SUBJECT = next(iter(PEOPLE))


class World:
    """A provider in this process, and the platform's view of it."""

    def __init__(self) -> None:
        self.idp = IdentityProvider(ISSUER, client_id="ftz", client_secret="secret", redirect_uri=BACK)
        self.asked: list[str] = []
        self.down = False
        self.provider = Provider(ProviderConfig(ISSUER, "ftz", "secret", "Test"), send=self.send)

    def send(self, url: str, **options: Any) -> Answer:
        path = urlsplit(url).path
        self.asked.append(path)
        if self.down:
            raise OutgoingFailed("down")
        match path:
            case "/.well-known/openid-configuration":
                return Answer(200, {}, json.dumps(self.idp.metadata()).encode())
            case "/keys":
                return Answer(200, {}, json.dumps(self.idp.keys()).encode())
            case _:
                fields = dict(parse_qsl(options["body"].decode()))
                status, told = self.idp.exchange(options["headers"]["Authorization"], fields)
                return Answer(status, {}, json.dumps(told).encode())

    def begin(self, **more: Any) -> Flow:
        return Flow.begin(target="/", now=utcnow(), **more)

    def code(self, flow: Flow) -> str:
        address = self.provider.address(flow, redirect_uri=BACK, lang="vi", now=utcnow())
        asked = dict(parse_qsl(urlsplit(address).query))
        assert self.idp.fault(asked) == ""
        return self.idp.grant(asked, SUBJECT)

    def enter(self, flow: Flow | None = None, *, now: datetime | None = None) -> Identity:
        flow = flow or self.begin()
        return self.provider.exchange(flow, code=self.code(flow), redirect_uri=BACK, now=now or utcnow())


@pytest.fixture
def world() -> World:
    return World()


def reason(act: Callable[[], object]) -> str:
    with pytest.raises(IdentityRefused) as caught:
        act()
    return caught.value.reason


def test_a_code_becomes_a_person(world: World) -> None:
    assert world.enter() == Identity(ISSUER, SUBJECT, PEOPLE[SUBJECT])


def test_the_address_carries_state_nonce_and_a_hashed_verifier(world: World) -> None:
    flow = world.begin()
    asked = dict(
        parse_qsl(urlsplit(world.provider.address(flow, redirect_uri=BACK, lang="vi", now=utcnow())).query)
    )
    assert (asked["state"], asked["nonce"], asked["code_challenge_method"]) == (
        flow.state,
        flow.nonce,
        "S256",
    )
    assert flow.verifier not in asked.values()


def test_a_code_serves_once_and_with_its_own_verifier(world: World) -> None:
    flow = world.begin()
    code = world.code(flow)
    other = world.begin()
    assert (
        reason(lambda: world.provider.exchange(other, code=code, redirect_uri=BACK, now=utcnow())) == "code"
    )
    assert reason(lambda: world.provider.exchange(flow, code=code, redirect_uri=BACK, now=utcnow())) == "code"


@pytest.mark.parametrize(
    ("lies", "why"),
    [
        ({"iss": "http://evil.test"}, "issuer"),
        ({"aud": "another"}, "audience"),
        ({"aud": ["ftz", "another"]}, "audience"),
        ({"aud": None}, "audience"),
        ({"azp": "another"}, "authorised-party"),
        ({"nonce": "other"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"sub": ""}, "subject"),
        ({"sub": 7}, "subject"),
        ({"exp": None}, "times"),
        ({"exp": 0}, "times"),
        ({"iat": 2**40}, "times"),
        ({"iat": True}, "times"),
    ],
)
def test_a_claim_that_is_wrong(world: World, lies: dict[str, Any], why: str) -> None:
    world.idp.behaviour.lies = lies
    assert reason(world.enter) == why


@pytest.mark.parametrize("later", [OLDEST + LEEWAY, timedelta(minutes=-5)])
def test_a_token_from_another_time(world: World, later: timedelta) -> None:
    assert reason(lambda: world.enter(now=utcnow() + later)) == "times"


class TestSignature:
    def test_an_audience_of_one_in_a_list_is_right(self, world: World) -> None:
        world.idp.behaviour.lies = {"aud": ["ftz"]}
        assert world.enter().subject == SUBJECT

    def test_new_keys_are_fetched_once(self, world: World) -> None:
        world.enter()
        world.idp.rotate()
        later = utcnow() + timedelta(seconds=10)
        assert world.enter(now=later).subject == SUBJECT
        assert world.asked.count("/keys") == 2
        world.enter(now=later)
        assert world.asked.count("/keys") == 2

    def test_invented_key_ids_are_no_flood(self, world: World) -> None:
        world.enter()
        stranger = ECKey.generate_key("P-256", {"kid": "zz"})
        forged = jwt.encode({"alg": "ES256", "kid": "zz"}, {"sub": SUBJECT}, stranger)
        for _ in range(5):
            assert reason(lambda: world.provider.logged_out(forged, now=utcnow())) == "signature"
        assert world.asked.count("/keys") <= 2

    @pytest.mark.parametrize("forgery", ["none", "hmac", "other key", "no token"])
    def test_forgeries(self, world: World, forgery: str) -> None:
        world.enter()
        kid = world.idp.keys()["keys"][0]["kid"]
        claims = {"iss": ISSUER, "aud": "ftz", "sub": SUBJECT}
        stranger = ECKey.generate_key("P-256", {"kid": kid})
        public = json.dumps(world.idp.keys()["keys"][0])
        tokens = {
            "none": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.",
            "hmac": jwt.encode(
                {"alg": "HS256", "kid": kid}, claims, OctKey.import_key(public), algorithms=["HS256"]
            ),
            "other key": jwt.encode({"alg": "ES256", "kid": kid}, claims, stranger),
            "no token": "rubbish",
        }
        assert reason(lambda: world.provider.logged_out(tokens[forgery], now=utcnow())) == "signature"


class TestLogout:
    def test_it_names_the_person(self, world: World) -> None:
        token = world.idp.logout_token(SUBJECT)
        assert world.provider.logged_out(token, now=utcnow()).subject == SUBJECT

    def test_an_identity_token_is_none(self, world: World) -> None:
        token = world.idp.token(sub=SUBJECT, nonce="n")
        assert reason(lambda: world.provider.logged_out(token, now=utcnow())) == "no-logout-token"


class TestAway:
    def test_down(self, world: World) -> None:
        world.down = True
        with pytest.raises(IdentityAway):
            world.provider.address(world.begin(), redirect_uri=BACK, lang="vi", now=utcnow())

    def test_a_document_of_another_issuer_is_not_believed(self, world: World) -> None:
        world.idp.issuer = "http://evil.test"
        with pytest.raises(IdentityAway):
            world.provider.address(world.begin(), redirect_uri=BACK, lang="vi", now=utcnow())

    def test_where_else_it_points_must_be_public(self) -> None:
        seen: dict[str, bool] = {}
        world = World()

        def send(url: str, *, inside: bool, **options: Any) -> Answer:
            seen[urlsplit(url).netloc] = inside
            told = world.idp.metadata() | {"jwks_uri": "http://10.0.0.1/keys"}
            return Answer(200, {}, json.dumps(told).encode())

        provider = Provider(ProviderConfig(ISSUER, "ftz", "secret", "Test"), send=send)
        with pytest.raises((IdentityAway, IdentityRefused)):
            provider.logged_out("a.b.c", now=utcnow())
        assert seen == {"idp.test": True, "10.0.0.1": False}


def test_a_sign_in_that_took_too_long_is_over() -> None:
    now = utcnow()
    flow = Flow.begin(target="/", now=now)
    assert not flow.is_over(now)
    assert flow.is_over(now + OLDEST)
    assert flow.answers(flow.state)
    assert not flow.answers("")
