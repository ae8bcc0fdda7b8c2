"""How payment slips of declarations are found, and what the taxes on them are called."""

from collections.abc import Mapping

from app.core.i18n import N_
from app.customs.tariff.facade import TAX_TITLES

SUBJECT = "declaration"
"""Kind of subject under which the slips of tax notices are opened."""
TAX_NAMES: Mapping[str, str] = {
    **{kind.value: title for kind, title in TAX_TITLES.items()},
    "FEE": N_("Customs fee"),
}
FURTHER = N_("Further tax after a change")
