"""
The papers of a declaration: which it asks for by its type and goods, and where each stands. True without a database.

Facts, as conditions name them: ``direction``, ``movement``, ``type_code``, ``by_agent``; ``header.<code>`` for each
field of the header that holds a text; rows of ``lines`` with ``hs``, ``origin``, ``scheme``, ``origin_proof`` and the
rare fields by their codes. Codes are written in small letters; a field that is empty is unknown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from app.core.errors import FieldProblem, Invalid, NotFound
from app.core.i18n import N_
from app.core.kit.conditions import Condition, evaluate, parse
from app.core.kit.taxcode import InvalidTaxCode, parse_tax_code
from app.core.kit.text import nfc
from app.customs.declarations.domain.dictionary import header_fields, line_fields

FILE = Path(__file__).parent / "data" / "papers.yaml"
PREFERENCE_FREE = ("MFN", "ORDINARY")
MAX_NUMBER = 60
# What a declaration is as a whole; every other fact is a field of the dictionary.
_WHOLE: Mapping[str, Mapping[str, str]] = {
    "direction": {"vi": "Nhập khẩu hay xuất khẩu", "en": "Import or export"},
    "movement": {"vi": "Loại dịch chuyển hàng hóa", "en": "Movement"},
    "type_code": {"vi": "Mã loại hình", "en": "Type code"},
    "by_agent": {"vi": "Khai qua đại lý hải quan", "en": "Declared by a customs broker"},
    "lines": {"vi": "Dòng hàng", "en": "Goods lines"},
}

Text = Mapping[str, str]


class Need(StrEnum):
    """Whether a place may stay empty."""

    REQUIRED = "REQUIRED"
    IF_ANY = "IF_ANY"


class Standing(StrEnum):
    """
    Where a place stands.

    UNKNOWN: a field is empty that decides whether the paper is asked for. EXPIRED: papers are there, and each of them
    had ended on the day that counts.
    """

    MISSING = "MISSING"
    ATTACHED = "ATTACHED"
    REFERRED = "REFERRED"
    EXPIRED = "EXPIRED"
    UNKNOWN = "UNKNOWN"
    OPTIONAL = "OPTIONAL"


@dataclass(frozen=True, slots=True)
class Basis:
    """What a paper rests on; an article may be empty where nobody has read it."""

    instrument: str
    title: Text
    article: str
    assumed: bool


@dataclass(frozen=True, slots=True)
class PaperForm:
    """One of several papers that fill the same place."""

    code: str
    title: Text
    basis: Basis


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for a paper."""

    code: str
    title: Text
    hint: Text
    need: Need
    when: Condition | None
    reuse: tuple[str, ...]
    certificate: bool
    forms: tuple[PaperForm, ...]
    basis: Basis

    @property
    def kind(self) -> str:
        """Kind of the documents that are made here, by which the vault offers them again."""
        return f"CUSTOMS_{self.code}"


@dataclass(frozen=True, slots=True)
class Asked:
    """A place that a declaration has; ``known`` is false while a field decides that is still empty."""

    slot: Slot
    known: bool
    wanting: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was read off a certificate. ``holder``: tax code of the firm it names; ``valid_until``: its last day."""

    number: str = ""
    issued_on: date | None = None
    holder: str = ""
    valid_until: date | None = None


class CertificateOfAnother(Invalid):
    """The certificate names another firm."""

    code = "declarations.certificate-of-another"
    title = "This certificate belongs to another firm."
    detail = "It names tax code %(holder)s; the declaration is that of tax code %(own)s."
    hint = (
        "Attach a certificate in the name of the firm that declares, or declare without what it would give."
    )

    def __init__(self, *, holder: str, own: str) -> None:
        problem = FieldProblem("holder", self.code, self.detail, {"holder": holder, "own": own})
        super().__init__(errors=[problem], holder=holder, own=own)


class CertificateExpired(Invalid):
    """The certificate had ended on the day that counts for the declaration."""

    code = "declarations.certificate-expired"
    title = "This certificate has expired."
    detail = "Certificate %(number)s was valid until %(until)s; for this declaration %(day)s counts."
    hint = "Attach a certificate that is valid on that day, or declare without what it would give."

    def __init__(self, *, number: str, until: date, day: date) -> None:
        params = {"number": number, "until": f"{until:%d/%m/%Y}", "day": f"{day:%d/%m/%Y}"}
        super().__init__(errors=[FieldProblem("valid_until", self.code, self.detail, params)], **params)


class CertificateUnread(Invalid):
    """Number, day or holder of a certificate are not there, or not right."""

    code = "declarations.certificate-unread"
    title = "Some facts of the certificate are missing or not right."
    detail = "Number, day and holder of the certificate are compared with the declaration."
    hint = "Type them as they stand on the paper."


def source() -> Mapping[str, Any]:
    """Return the file of papers as it stands."""
    return _read()


@cache
def _read() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return loaded


@cache
def slots() -> tuple[Slot, ...]:
    """Return every place that a declaration may have, in the order of the file."""
    return tuple(_slot(entry) for entry in _read()["slots"])


def wanted_name(code: str, said: str) -> Text:
    """
    Name a paper that customs wants, by language: in Vietnamese as customs said, in English as the catalogue does.

    A paper that the catalogue does not have keeps the words of customs alone, which are Vietnamese.
    """
    known = next((each.title for each in slots() if each.code == code.upper()), None)
    if known is None:
        return {"vi": said or code}
    return {**known, "vi": said or known["vi"]}


def asked(facts: Mapping[str, Any]) -> list[Asked]:
    """
    Return the places of a declaration with these facts.

    A place whose condition is unknown is listed with the fields that would decide it: unknown is not false. Only what
    is not settled by ``known`` tests can be unknown, so an empty field of the header asks for nothing by itself.
    """
    found: list[Asked] = []
    for each in slots():
        if each.when is None:
            found.append(Asked(each, known=True, wanting=()))
            continue
        result = evaluate(each.when, facts)
        if result.value is not False:
            found.append(Asked(each, known=result.value is True, wanting=result.missing))
    return found


def find(facts: Mapping[str, Any], code: str) -> Asked:
    """
    Return one place of a declaration.

    :raises NotFound: the declaration does not have it.
    """
    for each in asked(facts):
        if each.slot.code == code:
            return each
    raise NotFound


def standing(place: Asked, sources: Sequence[str], *, expired: bool = False) -> Standing:
    """
    Return where a place stands.

    :param sources: how each of its papers came (``UPLOAD``, ``VAULT``).
    :param expired: whether every one of them had ended on the day that counts.
    """
    if sources and expired:
        return Standing.EXPIRED
    if sources:
        return Standing.REFERRED if all(each == "VAULT" for each in sources) else Standing.ATTACHED
    if place.slot.need is Need.IF_ANY:
        return Standing.OPTIONAL
    return Standing.MISSING if place.known else Standing.UNKNOWN


def facts_of(
    *, direction: str, movement: str, type_code: str, by_agent: bool, header: Mapping[str, Any],
    lines: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:  # fmt: skip
    """Return the facts of a declaration as conditions name them."""
    return {
        "direction": direction,
        "movement": movement,
        "type_code": type_code or None,
        "by_agent": by_agent,
        "header": _filled(header),
        "lines": [_filled(each) for each in lines],
    }


def fact_title(path: str) -> Text:
    """Return what people call a fact that a condition names, such as ``lines[].scheme`` or ``header.ss1``."""
    room, _, name = path.partition(".")
    if not name:
        return _WHOLE.get(path, {})
    fields = line_fields() if room == "lines[]" else header_fields()
    known = fields.get(name) or fields.get(name.upper())
    return known.label if known is not None else {}


def fact_part(path: str) -> str:
    """Return on which page of a draft a fact is typed: a section of the header, ``lines``; empty for the opening."""
    room, _, name = path.partition(".")
    if room == "lines[]":
        return "lines"
    known = header_fields().get(name.upper())
    return f"header/{known.section}" if known is not None else ""


def read_certificate(
    *, number: str, issued_on: date | None, holder: str, own: str, today: date, valid_until: date | None = None,
    counts_on: date | None = None,
) -> Certificate:  # fmt: skip
    """
    Read what stands on a certificate and compare its holder with the firm.

    :param issued_on: None where no day was typed, or none that is a day.
    :param own: tax code of the firm that declares; where it is not known nothing is compared.
    :param valid_until: the last day, where the certificate names one.
    :param counts_on: the day on which it has to be valid: that of the registration, else today.
    :raises CertificateUnread: with every field that is wanting.
    :raises CertificateExpired: it had ended by then.
    :raises CertificateOfAnother: the holder is another firm; a branch is its firm.
    """
    number = " ".join(nfc(number).split())
    problems = []
    if not number:
        reason = N_("Type the number as it stands on the certificate.")
        problems.append(FieldProblem("number", "missing", reason))
    elif len(number) > MAX_NUMBER:
        reason = N_("Use at most %(limit)s characters; these are %(given)s.")
        problems.append(
            FieldProblem("number", "too-long", reason, {"limit": MAX_NUMBER, "given": len(number)})
        )
    if issued_on is None:
        reason = N_("Type the day on which the certificate was issued, as day/month/year.")
        problems.append(FieldProblem("issued_on", "missing", reason))
    elif issued_on > today:
        reason = N_("This day is still to come; look at the paper again.")
        problems.append(FieldProblem("issued_on", "future", reason))
    if issued_on is not None and valid_until is not None and valid_until < issued_on:
        reason = N_("The last day cannot lie before the day of issue; look at the paper again.")
        problems.append(FieldProblem("valid_until", "order", reason))
    named = _firm(holder)
    if not named:
        reason = N_("Type the tax code of the firm that the certificate names; a digit is wrong or missing.")
        problems.append(FieldProblem("holder", "tax-code", reason))
    if problems:
        raise CertificateUnread(errors=problems)
    if own and named != _firm(own):
        raise CertificateOfAnother(holder=holder.strip(), own=own)
    certificate = Certificate(number, issued_on, holder.strip(), valid_until)
    refuse_expired(certificate, counts_on or today)
    return certificate


def refuse_expired(certificate: Certificate, day: date) -> None:
    """
    Refuse a certificate that had ended on a day; one that names no end is not judged.

    :raises CertificateExpired:
    """
    if certificate.valid_until is not None and certificate.valid_until < day:
        raise CertificateExpired(number=certificate.number, until=certificate.valid_until, day=day)


def _firm(tax_code: str) -> str:
    """Return the code of the firm itself, also for a branch; empty where it is no tax code."""
    try:
        read = parse_tax_code(tax_code)
    except InvalidTaxCode:
        return ""
    return read.enterprise or read.value


def _filled(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key.lower(): value for key, value in values.items() if value not in (None, "")}


def _slot(entry: Mapping[str, Any]) -> Slot:
    return Slot(
        code=entry["code"],
        title=entry["title"],
        hint=entry.get("hint") or {},
        need=Need(entry["need"]),
        when=parse(entry["when"]) if "when" in entry else None,
        reuse=tuple(entry.get("reuse", ())),
        certificate=bool(entry.get("certificate")),
        forms=tuple(
            PaperForm(each["code"], each["title"], _basis(each["basis"])) for each in entry.get("forms", ())
        ),
        basis=_basis(entry["basis"]),
    )


def _basis(entry: Mapping[str, Any]) -> Basis:
    instrument = entry["source"]
    title: Text = _read()["sources"][instrument]
    return Basis(instrument, title, str(entry["article"]), entry["status"] != "CITED")
