from hypothesis import given
from hypothesis import strategies as st

from app.core.auth import csrf_matches, csrf_token
from app.core.auth.tokens import new_token, token_hash


def test_tokens_differ_and_carry_256_bits() -> None:
    tokens = {new_token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert {len(token) for token in tokens} == {43}
    assert len(token_hash(tokens.pop())) == 32


# HMAC fills a short key with zeros, so a secret and the same with a NUL behind it are one; ours hold none.
secrets_of_browsers = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(secrets_of_browsers, secrets_of_browsers)
def test_a_form_token_fits_its_own_secret_only(secret: str, other: str) -> None:
    assert csrf_matches(secret, csrf_token(secret))
    assert csrf_matches(other, csrf_token(secret)) == (secret == other)


@given(st.text())
def test_any_answer_is_taken_without_a_crash(given_: str) -> None:
    assert not csrf_matches("secret", given_)
