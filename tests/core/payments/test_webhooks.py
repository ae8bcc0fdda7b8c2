"""Signatures of the bank's messages."""

from datetime import UTC, datetime, timedelta

import pytest

from app.core.payments.webhooks import TOLERANCE, BadSignature, read_keys, sign, verify

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = datetime.fromtimestamp(1614265330, UTC)
BODY = b'{"test": 2432232314}'
KEYS = read_keys(f"first={SECRET}")
# Made by the reference library (standardwebhooks 1.1.0) from the values above.
REFERENCE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def headers(**changed: str) -> dict[str, str]:
    made = dict(sign(KEYS["first"], message_id=ID, at=AT, body=BODY))
    return made | {name.replace("_", "-"): value for name, value in changed.items()}


def test_the_form_is_that_of_the_standard() -> None:
    assert headers()["webhook-signature"] == REFERENCE


def test_a_right_signature_tells_who_and_when() -> None:
    signed = verify(KEYS, headers=headers(), body=BODY, now=AT)
    assert (signed.id, signed.key_id, signed.at) == (ID, "first", AT)


def test_one_of_several_signatures_and_keys_is_enough() -> None:
    keys = read_keys(f"old={OTHER}, first={SECRET}")
    both = headers(webhook_signature=f"v1a,xyz v1,AAAA {REFERENCE}")
    assert verify(keys, headers=both, body=BODY, now=AT).key_id == "first"


@pytest.mark.parametrize(
    ("given", "body"),
    [
        (headers(), BODY + b" "),
        (headers(webhook_id="msg_other"), BODY),
        (headers(webhook_timestamp=str(int(AT.timestamp()) + 1)), BODY),
        (headers(webhook_timestamp="yesterday"), BODY),
        (headers(webhook_timestamp="99999999999999999999"), BODY),
        (headers(webhook_id=""), BODY),
        (headers(webhook_signature=""), BODY),
        (headers(webhook_signature="v1,ÿÿ"), BODY),
        (headers(webhook_signature=REFERENCE.replace("v1,", "v2,")), BODY),
        ({}, BODY),
    ],
)
def test_anything_else_is_not_believed(given: dict[str, str], body: bytes) -> None:
    with pytest.raises(BadSignature):
        verify(KEYS, headers=given, body=body, now=AT)


def test_nobody_is_believed_without_keys() -> None:
    assert read_keys("") == {}
    with pytest.raises(BadSignature):
        verify({}, headers=headers(), body=BODY, now=AT)


@pytest.mark.parametrize("by", [TOLERANCE + timedelta(seconds=1), -TOLERANCE - timedelta(seconds=1)])
def test_what_was_signed_long_ago_is_a_replay(by: timedelta) -> None:
    verify(KEYS, headers=headers(), body=BODY, now=AT + by / 2)
    with pytest.raises(BadSignature):
        verify(KEYS, headers=headers(), body=BODY, now=AT + by)


@pytest.mark.parametrize("text", ["first", "=whsec_AAAA", "first=whsec_AAAA", "first=whsec_***", SECRET])
def test_an_unfit_key_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError, match="name=whsec_") as refusal:
        read_keys(text)
    assert text not in str(refusal.value)
