"""Words of the registry on screens: kinds, states, fields; and the codes of lists as options."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from app.core.i18n import N_, Translator
from app.registry.domain import AddressKind, EnterpriseKind, IdentityKind, Source, Verification
from app.registry.queries.codes import COUNTRY, codes_of_day

KINDS: Mapping[str, str] = {
    EnterpriseKind.VIETNAMESE: N_("Vietnamese enterprise"),
    EnterpriseKind.FOREIGN_INVESTED: N_("Enterprise with foreign capital"),
    EnterpriseKind.FOREIGN: N_("Foreign enterprise"),
}
SHORT_KINDS: Mapping[str, str] = {
    EnterpriseKind.VIETNAMESE: N_("Domestic"),
    EnterpriseKind.FOREIGN_INVESTED: N_("Foreign capital"),
    EnterpriseKind.FOREIGN: N_("Founded abroad"),
}
VERIFICATIONS: Mapping[str, str] = {
    Verification.DECLARED: N_("Declared, not checked"),
    Verification.VERIFIED: N_("Verified"),
    Verification.TAKEN_OVER: N_("Taken over, not verified"),
}
SOURCES: Mapping[str, str] = {
    Source.APPLICANT: N_("Declared by the enterprise"),
    Source.OFFICER: N_("Entered by an officer"),
    Source.TAKE_OVER: N_("Taken over from older records"),
    Source.DEMO: N_("Fictitious, for trying out"),
}
ADDRESS_KINDS: Mapping[str, str] = {
    AddressKind.HEAD_OFFICE: N_("Head office"),
    AddressKind.BRANCH: N_("Branch or representative office"),
    AddressKind.SITE: N_("Place of business in the zone"),
}
IDENTITY_KINDS: Mapping[str, str] = {
    IdentityKind.CITIZEN_CARD: N_("Identity card"),
    IdentityKind.PASSPORT: N_("Passport"),
}
CHANGES: Mapping[str, str] = {
    "REGISTERED": N_("Entered into the registry"),
    "EDITED": N_("Record changed"),
    "ADDRESS": N_("Address changed"),
    "REPRESENTATIVE": N_("Representation changed"),
}
FIELDS: Mapping[str, str] = {
    "name_vi": N_("Name in Vietnamese"),
    "name_en": N_("Name in English"),
    "kind": N_("Kind of enterprise"),
    "country": N_("Country of registration"),
    "tax_code": N_("Tax code"),
    "legal_form": N_("Legal form"),
    "registration_number": N_("Registration number"),
    "established_on": N_("Founded on"),
    "phone": N_("Telephone"),
    "email": N_("E-mail"),
    "website": N_("Website"),
    "verification": N_("Reliability"),
    "address_kind": N_("Kind of address"),
    "address": N_("Address"),
    "representative": N_("Representative"),
    "identity_kind": N_("Identity document"),
    "since": N_("From"),
    "until": N_("Until"),
}
PROPOSALS: Mapping[str, str] = {
    "OPEN": N_("Being looked at"),
    "ACCEPTED": N_("Taken over"),
    "REFUSED": N_("Not taken over"),
    "WITHDRAWN": N_("Taken back"),
}
_CODED: Mapping[str, Mapping[str, str]] = {
    "kind": KINDS,
    "verification": VERIFICATIONS,
    "address_kind": ADDRESS_KINDS,
    "identity_kind": IDENTITY_KINDS,
}


def options(translator: Translator, words: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return codes with their words, as select and radios take them."""
    return [(str(code), translator.gettext(word)) for code, word in words.items()]


def code_options(session: Session, name: str, day: date, lang: str) -> list[tuple[str, str]]:
    """Return the codes of a list on a day with their labels, by label."""
    listed = [(each.code, each.text(lang)) for each in codes_of_day(session, name, day)]
    return sorted(listed, key=lambda pair: pair[1].casefold()) if name == COUNTRY else listed


def said(translator: Translator, field: str, value: Any) -> str:
    """Return a value of the history as a reader knows it."""
    if value is None:
        return ""
    word = _CODED.get(field, {}).get(value)
    return translator.gettext(word) if word else str(value)


def change_lines(translator: Translator, values: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return what a revision changed, field by field."""
    return [
        {
            "label": translator.gettext(FIELDS.get(field, field)),
            "before": said(translator, field, pair[0]),
            "after": said(translator, field, pair[1]),
        }
        for field, pair in values.items()
    ]
