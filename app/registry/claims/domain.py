"""What a claim is, true without database or clock."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType

from app.core.i18n import N_


class ClaimKind(StrEnum):
    """Where the enterprise stands."""

    EXISTING = "EXISTING"
    NOT_FOUNDED = "NOT_FOUNDED"
    FOUNDED = "FOUNDED"


class ClaimState(StrEnum):
    """Where a claim stands; what is confirmed, refused or withdrawn never moves again."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    RETURNED = "RETURNED"
    CONFIRMED = "CONFIRMED"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"


class Standing(StrEnum):
    """By what the person acts for the enterprise."""

    LEGAL_REPRESENTATIVE = "LEGAL_REPRESENTATIVE"
    AUTHORISED = "AUTHORISED"


class Paper(StrEnum):
    """Kinds of papers of a claim."""

    IDENTITY = "IDENTITY"
    POWER_OF_ATTORNEY = "POWER_OF_ATTORNEY"
    FOUNDING = "FOUNDING"


class ReferralState(StrEnum):
    """What the enterprise's own administrator has said."""

    OPEN = "OPEN"
    ADMITTED = "ADMITTED"
    DECLINED = "DECLINED"
    CLOSED = "CLOSED"


SUBJECT = "claim"
"""Kind of subject to which papers and evidence of a claim belong."""

OPEN_STATES = frozenset({ClaimState.DRAFT, ClaimState.RETURNED})
"""In these the claim is with the person, who may change it."""

WITHDRAWABLE = OPEN_STATES | {ClaimState.SUBMITTED}

KIND_TITLES: Mapping[str, str] = MappingProxyType(
    {
        ClaimKind.EXISTING: N_("An enterprise that has a tax code"),
        ClaimKind.NOT_FOUNDED: N_("An enterprise that is not founded yet"),
        ClaimKind.FOUNDED: N_("It has been founded meanwhile: add its tax code"),
    }
)
STATE_TITLES: Mapping[str, str] = MappingProxyType(
    {
        ClaimState.DRAFT: N_("Not sent yet"),
        ClaimState.SUBMITTED: N_("With the zone authority"),
        ClaimState.RETURNED: N_("Returned, to be mended"),
        ClaimState.CONFIRMED: N_("Confirmed"),
        ClaimState.REFUSED: N_("Refused"),
        ClaimState.WITHDRAWN: N_("Withdrawn"),
    }
)
STANDING_TITLES: Mapping[str, str] = MappingProxyType(
    {
        Standing.LEGAL_REPRESENTATIVE: N_("Legal representative"),
        Standing.AUTHORISED: N_("Authorised by a power of attorney"),
    }
)
PAPER_TITLES: Mapping[str, str] = MappingProxyType(
    {
        Paper.IDENTITY: N_("Passport or identity card"),
        Paper.POWER_OF_ATTORNEY: N_("Power of attorney"),
        Paper.FOUNDING: N_("Enterprise registration certificate"),
    }
)
REASONS: Mapping[str, str] = MappingProxyType(
    {
        "PAPER_MISSING": N_("A paper is missing."),
        "PAPER_UNREADABLE": N_("A paper cannot be read, or a page is missing."),
        "PAPER_EXPIRED": N_("A paper has expired."),
        "NAME_DIFFERS": N_("The name of the person or of the enterprise differs from the papers."),
        "TAX_CODE_DIFFERS": N_("The tax code differs from the papers."),
        "SCOPE_UNCLEAR": N_("The power of attorney does not cover dealings with the zone authority."),
        "TRANSLATION_MISSING": N_("A Vietnamese translation is missing."),
        "NOT_ENTITLED": N_("The papers do not show that the person may act for the enterprise."),
        "OTHER": N_("Another reason, told in the note."),
    }
)
"""Why a claim is returned or refused; codes are for ever."""


def needed_papers(kind: ClaimKind, standing: Standing) -> Sequence[Paper]:
    """Return the papers without which a claim is not sent."""
    needed = [Paper.IDENTITY]
    if standing is Standing.AUTHORISED:
        needed.append(Paper.POWER_OF_ATTORNEY)
    if kind is ClaimKind.FOUNDED:
        needed.append(Paper.FOUNDING)
    return needed


def offered_papers(kind: ClaimKind, standing: Standing) -> Sequence[Paper]:
    """Return the papers that may be put to a claim."""
    needed = needed_papers(kind, standing)
    extra = [] if kind is ClaimKind.NOT_FOUNDED or Paper.FOUNDING in needed else [Paper.FOUNDING]
    return [*needed, *extra]
