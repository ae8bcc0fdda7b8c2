"""Passwords: what a new one must be, and hashing by Argon2id.

Sources: OWASP Password Storage Cheat Sheet (parameters); OWASP ASVS 5.0 V6.2 (no rules of composition, no
truncation, at least 64 characters allowed, common and context words refused) and NIST SP 800-63B-4 §3.1.1.2 (Unicode
NFKC before hashing). ASVS asks for 8 characters and recommends 15; NIST wants 15 where nothing else is asked.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from types import MappingProxyType
from unicodedata import category, normalize

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from app.core.auth.roles import UserKind
from app.core.errors import DomainError, FieldProblem
from app.core.i18n import N_
from app.core.kit.text import fold

# OWASP's first choice for Argon2id: 19 MiB, two passes, one lane. Memory counts per sign-in under way, so more memory
# would let a storm of sign-ins take the machine.
MEMORY_KIB = 19 * 1024
PASSES = 2
LANES = 1
SALT_BYTES = 16
HASH_BYTES = 32

MIN_LENGTH: Mapping[UserKind, int] = MappingProxyType({UserKind.OFFICER: 12, UserKind.CUSTOMER: 10})
MAX_LENGTH = 256
_FEWEST_DIFFERENT = 5
_SHORTEST_CONTEXT_WORD = 4
_LONGEST_REST = 3
_ESTIMATED = 24
# What a guesser tries online before any throttle lets go of it; the estimate knows English lists of leaked passwords.
_FEWEST_GUESSES = 10**6
# What people here put first, without accents: the lists of the estimate do not know the language.
_COMMON_HERE = (
    "matkhau", "anhyeuem", "emyeuanh", "yeuem", "taikhoan", "dangnhap", "vietnam", "xinchao", "quantri", "quantrivien",
    "hethong", "congty", "giadinh", "hanhphuc", "cuocsong", "tinhyeu", "bimat", "khongbiet", "khongco", "motconvit",
    "nguyen", "doanhnghiep", "nhadautu", "hoso", "ketoan", "giamdoc", "chuyenvien",
)  # fmt: skip

_HASHER = PasswordHasher(
    time_cost=PASSES,
    memory_cost=MEMORY_KIB,
    parallelism=LANES,
    hash_len=HASH_BYTES,
    salt_len=SALT_BYTES,
    type=Type.ID,
)


class WeakPassword(DomainError):
    """A new password does not protect the account; ``errors`` lists every reason."""

    code = "auth.weak-password"
    status = 422
    title = "This password is not safe enough."
    detail = "It would be easy to guess, or it is too short or too long."
    hint = "Take a sentence or several words that only you would put together."


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found; ``outdated`` hashes are replaced while the password is at hand."""

    right: bool
    outdated: bool = False


def hash_password(password: str) -> str:
    """Return the PHC string (Argon2id, own salt) of a password; takes tens of milliseconds."""
    return _HASHER.hash(_normal(password))


def verify_password(stored: str | None, password: str) -> Verdict:
    """
    Compare a password with a stored hash.

    Without a hash (no such account, or one without password) a made-up hash is verified instead, so that the
    answer takes as long and time does not tell who has an account.
    """
    shown = _normal(password) if len(password) <= MAX_LENGTH else ""
    try:
        _HASHER.verify(stored or _made_up(), shown)
    except (VerificationError, InvalidHashError):
        return Verdict(right=False)
    if stored is None:
        return Verdict(right=False)
    return Verdict(right=True, outdated=_HASHER.check_needs_rehash(stored))


def refuse_weak(password: str, *, kind: UserKind, context: Iterable[str] = ()) -> None:
    """
    Refuse a new password that is too short or too long, monotonous, a plain row, common, or made of the login.

    :param context: login, e-mail address, name: words that stand for the person.
    :raises WeakPassword: with every reason.
    """
    problems = [
        FieldProblem("password", code, reason, params)
        for code, reason, params, found in _faults(_normal(password), MIN_LENGTH[kind], context)
        if found
    ]
    if problems:
        raise WeakPassword(errors=problems)


def _faults(
    password: str, shortest: int, context: Iterable[str]
) -> Iterable[tuple[str, str, dict[str, str | int], bool]]:
    yield (
        "too-short",
        N_("Use at least %(count)s characters."),
        {"count": shortest},
        len(password) < shortest,
    )
    yield (
        "too-long",
        N_("Use at most %(count)s characters."),
        {"count": MAX_LENGTH},
        len(password) > MAX_LENGTH,
    )
    yield (
        "monotonous",
        N_("Use at least %(count)s different characters."),
        {"count": _FEWEST_DIFFERENT},
        len(set(password.casefold())) < _FEWEST_DIFFERENT,
    )
    yield "row", N_("Do not use a plain row such as abcdef or 654321."), {}, _is_row(password)
    yield (
        "personal",
        N_("Do not use your login, your e-mail address or your name."),
        {},
        _is_personal(password, context),
    )
    yield (
        "common",
        N_("This password, or one much like it, is among the first that are tried."),
        {},
        len(password) >= shortest
        and len(set(password.casefold())) >= _FEWEST_DIFFERENT
        and _is_common(password, context),
    )


def _is_common(password: str, context: Iterable[str]) -> bool:
    """
    Tell whether a guesser who knows the usual passwords, their variants and the person comes to it soon.

    Accents and spaces are left out: whoever tries "mat khau" tries "mật khẩu". The time of an estimate grows fast with
    the length, so of a long password both ends are looked at and one good end is enough.
    """
    from zxcvbn import zxcvbn  # type: ignore[import-untyped]  # noqa: PLC0415

    plain = "".join(
        sign for sign in normalize("NFD", password.casefold()) if not category(sign).startswith("M")
    )
    shown = plain.replace("đ", "d").replace(" ", "")
    known = [*_COMMON_HERE, *(part for text in context for part in fold(text).split())]
    ends = {shown[:_ESTIMATED], shown[-_ESTIMATED:]} - {""}
    return all(zxcvbn(end, user_inputs=known)["guesses"] < _FEWEST_GUESSES for end in ends)


def _is_row(password: str) -> bool:
    """Tell whether each character is the neighbour of the one before, all in one direction."""
    steps = {ord(after) - ord(before) for before, after in pairwise(password)}
    return steps in ({1}, {-1})


def _is_personal(password: str, context: Iterable[str]) -> bool:
    """Tell whether a word of the person makes up the password, but for a few characters around it."""
    shown = fold(password).replace(" ", "")
    for text in context:
        for word in (text, text.partition("@")[0]):
            plain = fold(word).replace(" ", "")
            rest = len(shown) - len(plain)
            if len(plain) >= _SHORTEST_CONTEXT_WORD and plain in shown and rest <= _LONGEST_REST:
                return True
    return False


def _normal(password: str) -> str:
    # Vietnamese letters arrive composed or decomposed, by the device; both must open the same account.
    return normalize("NFKC", password)


@cache
def _made_up() -> str:
    return _HASHER.hash("nobody's password")
