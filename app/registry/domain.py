"""What an enterprise may be, and which of its statements fit together; true without a database."""

import re
import unicodedata
from collections.abc import Iterator
from enum import StrEnum

from app.core.errors import FieldProblem
from app.core.i18n import N_
from app.core.kit.taxcode import InvalidTaxCode, parse_tax_code
from app.core.kit.text import nfc

HOME = "VN"
PERSON_HOLDER = "representative"
ID_NUMBER = "representative.id_number"
"""Under which kind and name the number of a representative's document is sealed."""
_COUNTRY = re.compile("[A-Z]{2}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_PHONE = re.compile(r"\+?[0-9][0-9 ().-]{5,24}")
_CITIZEN_NUMBER = re.compile(r"[0-9]{12}")
_DOCUMENT_NUMBER = re.compile(r"[A-Za-z0-9]{5,20}")
LONGEST_NAME, LONGEST_TEXT = 250, 300

# What each fault of a tax code asks for, in words of the form.
TAX_CODE_REASONS = {
    "characters": N_("A tax code has digits only, and one dash before a branch number."),
    "length": N_("A tax code has 10, 12 or 13 digits."),
    "serial": N_("This number is not issued as a tax code."),
    "check": N_("The last of the ten digits does not fit: a digit is mistyped."),
    "branch": N_("Branch numbers run from 001 to 999."),
}


class EnterpriseKind(StrEnum):
    """Whose enterprise it is: founded here, founded here with foreign capital, or founded abroad."""

    VIETNAMESE = "VIETNAMESE"
    FOREIGN_INVESTED = "FOREIGN_INVESTED"
    FOREIGN = "FOREIGN"


class Verification(StrEnum):
    """How far the record can be relied on: declared, checked against papers, or taken over unchecked."""

    DECLARED = "DECLARED"
    VERIFIED = "VERIFIED"
    TAKEN_OVER = "TAKEN_OVER"


class Source(StrEnum):
    """Where a record comes from."""

    APPLICANT = "APPLICANT"
    OFFICER = "OFFICER"
    TAKE_OVER = "TAKE_OVER"
    DEMO = "DEMO"


class AddressKind(StrEnum):
    """What stands at an address."""

    HEAD_OFFICE = "HEAD_OFFICE"
    BRANCH = "BRANCH"
    SITE = "SITE"


class IdentityKind(StrEnum):
    """By which document somebody is known."""

    CITIZEN_CARD = "CITIZEN_CARD"
    PASSPORT = "PASSPORT"


class ProposalState(StrEnum):
    """What became of an enterprise's proposal."""

    OPEN = "OPEN"
    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"


def canonical_tax_code(text: str) -> str | None:
    """
    Return the one spelling of a tax code, ``None`` for an empty text.

    :raises InvalidTaxCode: the text is no tax code.
    """
    return parse_tax_code(text).value if text.strip() else None


def tax_code_problem(text: str, name: str = "tax_code") -> FieldProblem | None:
    """Return what is wrong with a tax code as typed; an empty one is none."""
    try:
        canonical_tax_code(text)
    except InvalidTaxCode as fault:
        return FieldProblem(name, f"tax-code-{fault.reason}", TAX_CODE_REASONS[fault.reason])
    return None


def enterprise_problems(
    *,
    name_vi: str,
    kind: str,
    country: str,
    tax_code: str = "",
    name_en: str = "",
    phone: str = "",
    email: str = "",
    website: str = "",
) -> Iterator[FieldProblem]:
    """Yield every fault of what is said of an enterprise, not the first one."""
    if not name_vi.strip():
        yield FieldProblem("name_vi", "required", "Give the name of the enterprise.")
    for field, text in (("name_vi", name_vi), ("name_en", name_en)):
        if len(text) > LONGEST_NAME:
            yield too_long(field, LONGEST_NAME)
        elif unprintable(text):
            yield FieldProblem(field, "characters", "The text has characters that cannot be shown.")
    if kind not in set(EnterpriseKind):
        yield FieldProblem("kind", "choice", "Choose what kind of enterprise it is.")
    if not _COUNTRY.fullmatch(country):
        yield FieldProblem("country", "choice", "Choose the country of registration.")
    elif kind == EnterpriseKind.FOREIGN and country == HOME:
        yield FieldProblem("country", "kind", "An enterprise founded abroad has another country.")
    elif kind in {EnterpriseKind.VIETNAMESE, EnterpriseKind.FOREIGN_INVESTED} and country != HOME:
        yield FieldProblem("country", "kind", "An enterprise founded here is registered in Viet Nam.")
    if fault := tax_code_problem(tax_code):
        yield fault
    yield from contact_problems(phone=phone, email=email, website=website)


def contact_problems(*, phone: str, email: str, website: str = "") -> Iterator[FieldProblem]:
    """Yield every fault of the ways to reach an enterprise; empty ones are none."""
    if phone and not _PHONE.fullmatch(phone):
        yield FieldProblem("phone", "phone", "Give a telephone number, with country code if abroad.")
    if email and (not _EMAIL.fullmatch(email) or len(email) > LONGEST_NAME):
        yield FieldProblem("email", "email", "Give an e-mail address, such as ten@congty.vn.")
    if website and not (re.fullmatch(r"https?://[^\s/]+\.[^\s]+", website) and len(website) <= LONGEST_NAME):
        yield FieldProblem("website", "website", "Give an address that begins with https://.")


def address_problems(*, country: str, province: str, ward: str, street: str) -> Iterator[FieldProblem]:
    """Yield what an address lacks; abroad the ward may be empty."""
    if not _COUNTRY.fullmatch(country):
        yield FieldProblem("country", "choice", "Choose the country.")
    if not province:
        yield FieldProblem("province", "required", "Give the province or city.")
    if not ward and country == HOME:
        yield FieldProblem("ward", "required", "Give the ward, commune or special zone.")
    if not street:
        yield FieldProblem("street", "required", "Give house number and street, or the lot.")
    for field, text in (("province", province), ("ward", ward), ("street", street)):
        if len(text) > LONGEST_TEXT:
            yield too_long(field, LONGEST_TEXT)


def representative_problems(*, name: str, position: str, nationality: str) -> Iterator[FieldProblem]:
    """Yield what is wrong with a representative as given."""
    if not name:
        yield FieldProblem("name", "required", "Give the full name.")
    if not position:
        yield FieldProblem("position", "required", "Give the position, such as director.")
    if not _COUNTRY.fullmatch(nationality):
        yield FieldProblem("nationality", "choice", "Choose the nationality.")
    for field, text in (("name", name), ("position", position)):
        if len(text) > LONGEST_NAME:
            yield too_long(field, LONGEST_NAME)
        elif unprintable(text):
            yield FieldProblem(field, "characters", "The text has characters that cannot be shown.")


def clean_number(typed: str) -> str:
    """Return a document number without the spaces, dots and dashes that people put between its parts."""
    return re.sub(r"[\s.\-]", "", nfc(typed))


def identity_problems(*, kind: str, number: str) -> Iterator[FieldProblem]:
    """Yield what is wrong with an identity document as given."""
    if kind not in set(IdentityKind):
        yield FieldProblem("identity_kind", "choice", "Choose the kind of document.")
    if not number:
        yield FieldProblem("identity_number", "required", "Give the number of the document.")
    elif kind == IdentityKind.CITIZEN_CARD and not _CITIZEN_NUMBER.fullmatch(number):
        yield FieldProblem("identity_number", "digits", "An identity card number has twelve digits.")
    elif not _DOCUMENT_NUMBER.fullmatch(number):
        yield FieldProblem(
            "identity_number", "characters", "A document number has 5 to 20 letters and digits, no accents."
        )


def too_long(field: str, maximum: int) -> FieldProblem:
    """Return the fault of a text that is too long."""
    return FieldProblem(
        field, "too-long", "The text is too long: at most %(maximum)s characters.", {"maximum": maximum}
    )


def unprintable(text: str) -> bool:
    """Tell whether a text has control characters, which no name has."""
    return any(unicodedata.category(character) == "Cc" for character in text)


class TakeOverKind(StrEnum):
    """What the rows of a take-over are."""

    ENTERPRISE = "ENTERPRISE"
    PROJECT = "PROJECT"


class TakeOverState(StrEnum):
    """How far a batch is: from the file to the registry, or back."""

    UPLOADED = "UPLOADED"
    CHECKING = "CHECKING"
    CHECKED = "CHECKED"
    IMPORTING = "IMPORTING"
    DONE = "DONE"
    UNDOING = "UNDOING"
    UNDONE = "UNDONE"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"


class RowState(StrEnum):
    """What became of a row."""

    READY = "READY"
    FAULTY = "FAULTY"
    DOUBLE = "DOUBLE"
    IMPORTED = "IMPORTED"
    MERGED = "MERGED"
    SKIPPED = "SKIPPED"
    UNDONE = "UNDONE"


class RowDecision(StrEnum):
    """What to do with a row that may double a record."""

    NEW = "NEW"
    MERGE = "MERGE"
    SKIP = "SKIP"
