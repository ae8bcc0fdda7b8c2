"""What an enterprise may let a program do. Permissions say for themselves which scope brings them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from app.core.i18n import N_

DOSSIERS_READ = "dossiers.read"
DOSSIERS_WRITE = "dossiers.write"
FORMS_SIGN = "forms.sign"
DECLARATIONS_READ = "declarations.read"
PARCELS_READ = "parcels.read"
PARCELS_WRITE = "parcels.write"


@dataclass(frozen=True, slots=True)
class Scope:
    """A scope with its words; ``needs`` names one without which it would be of no use."""

    code: str
    title: str
    description: str
    needs: str = ""


_TABLE = (
    Scope(
        DOSSIERS_READ, N_("Read dossiers"), N_("See the enterprise's dossiers, their papers and their clock.")
    ),
    Scope(
        DOSSIERS_WRITE,
        N_("Prepare and file dossiers"),
        N_("Open drafts, answer questions, upload papers, file, complete and withdraw."),
        needs=DOSSIERS_READ,
    ),
    Scope(
        FORMS_SIGN,
        N_("Hand in signed forms"),
        N_(
            "Hand in the application form that a representative signed elsewhere. The program itself cannot sign."
        ),
        needs=DOSSIERS_WRITE,
    ),
    Scope(
        DECLARATIONS_READ,
        N_("Read declarations"),
        N_("See the enterprise's customs declarations, their clocks and where taxes differ."),
    ),
    Scope(
        PARCELS_READ,
        N_("Read parcels"),
        N_("See what became of the enterprise's low-value parcels and why one is not matched."),
    ),
    Scope(
        PARCELS_WRITE,
        N_("Send parcel data"),
        N_("Send orders, payments, waybills and returns of low-value parcels."),
        needs=PARCELS_READ,
    ),
)

SCOPES: Mapping[str, Scope] = MappingProxyType({scope.code: scope for scope in _TABLE})


def with_needs(scopes: Collection[str]) -> frozenset[str]:
    """Return scopes together with those without which they would be of no use."""
    found = frozenset(scopes)
    more = found | {SCOPES[code].needs for code in found if SCOPES[code].needs}
    return found if more == found else with_needs(more)
