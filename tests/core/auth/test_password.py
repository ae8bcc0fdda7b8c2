import unicodedata

import pytest
from argon2 import PasswordHasher

from app.core.auth import UserKind, WeakPassword
from app.core.auth.password import MEMORY_KIB, hash_password, refuse_weak, verify_password
from tests.core.auth.people import PASSWORD


def faults(password: str, kind: UserKind = UserKind.CUSTOMER, *context: str) -> set[str]:
    with pytest.raises(WeakPassword) as caught:
        refuse_weak(password, kind=kind, context=context)
    return {problem.code for problem in caught.value.errors}


def test_hash_is_argon2id_with_the_named_parameters() -> None:
    assert hash_password(PASSWORD).startswith(f"$argon2id$v=19$m={MEMORY_KIB},t=2,p=1$")


def test_right_wrong_and_none() -> None:
    stored = hash_password(PASSWORD)
    assert verify_password(stored, PASSWORD).right
    assert not verify_password(stored, PASSWORD + "x").right
    assert not verify_password(None, "nobody's password").right
    assert not verify_password("not a hash", PASSWORD).right
    assert not verify_password(stored, "x" * 1_000_000).right


def test_composed_and_decomposed_letters_are_one_password() -> None:
    stored = hash_password(unicodedata.normalize("NFC", PASSWORD))
    assert verify_password(stored, unicodedata.normalize("NFD", PASSWORD)).right


def test_a_hash_with_other_parameters_is_outdated() -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    assert verify_password(old, PASSWORD).outdated
    assert not verify_password(hash_password(PASSWORD), PASSWORD).outdated


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("ngắn", "too-short"),
        ("dài " * 65, "too-long"),
        ("abababababab", "monotonous"),
        ("abcdefghijkl", "row"),
        ("9876543210/.", "row"),
        ("do.thi.thu@1", "personal"),
        ("ĐỗThịThử2026"[:-1], "personal"),
        ("matkhau123", "common"),
        ("Mật khẩu 123", "common"),
        ("M@tkhau2026", "common"),
        ("password1234", "common"),
        ("qwertyuiop12", "common"),
        ("anhyeuem123", "common"),
        ("iloveyou2026", "common"),
    ],
)
def test_weak(password: str, code: str) -> None:
    assert code in faults(password, UserKind.CUSTOMER, "do.thi.thu@example.vn", "Đỗ Thị Thử")


@pytest.mark.parametrize(
    "password", ["chín con chim sẻ", "sáu con mèo trên mái", "mười ký tự", "kìa trời mưa 7"]
)
def test_words_that_one_would_not_guess(password: str) -> None:
    refuse_weak(password, kind=UserKind.CUSTOMER, context=("do.thi.thu@example.vn", "Đỗ Thị Thử"))


def test_the_longest_password_is_judged_by_its_beginning() -> None:
    refuse_weak("trời xanh mây trắng nắng vàng " * 8, kind=UserKind.OFFICER)


def test_officers_need_more_characters() -> None:
    refuse_weak("mười ký tự", kind=UserKind.CUSTOMER)
    assert faults("mười ký tự", UserKind.OFFICER) == {"too-short"}


def test_all_reasons_are_told_at_once() -> None:
    assert faults("aaaa") == {"too-short", "monotonous"}


def test_no_rule_of_composition() -> None:
    refuse_weak("correct horse battery staple", kind=UserKind.OFFICER)
    refuse_weak("mật khẩu có dấu cách", kind=UserKind.OFFICER)
