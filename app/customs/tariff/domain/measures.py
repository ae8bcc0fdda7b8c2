"""What a measure is: its kind, where it stands in the schedule, on which days it holds, and what it says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.core.kit.ranges import Period
from app.customs.tariff.domain.expressions import Expression


class Kind(StrEnum):
    """Kinds of measures; the order of taxes is that of ``app.customs.tariff.domain.stack``."""

    MFN = "MFN"
    ORDINARY = "ORDINARY"
    PREFERENCE = "PREFERENCE"
    EXPORT = "EXPORT"
    EXPORT_PREFERENCE = "EXPORT_PREFERENCE"
    ANTI_DUMPING = "ANTI_DUMPING"
    COUNTERVAILING = "COUNTERVAILING"
    SAFEGUARD = "SAFEGUARD"
    EXCISE = "EXCISE"
    ENVIRONMENT = "ENVIRONMENT"
    VAT = "VAT"


# Trade remedies in the order in which a result lists them; all of them stand on the customs value.
REMEDIES = (Kind.ANTI_DUMPING, Kind.COUNTERVAILING, Kind.SAFEGUARD)
PREFERENCES = frozenset({Kind.PREFERENCE, Kind.EXPORT_PREFERENCE})


@dataclass(frozen=True, slots=True)
class Measure:
    """
    One rate as it stands in the database.

    ``subline10`` empty means the whole line of eight digits; ``geo`` a group or a country of origin (of destination
    for exports), empty for all; ``variant`` tells rates of one line apart.
    """

    id: UUID
    hs8: str
    kind: Kind
    expr: Expression
    valid: Period
    status: str
    subline10: str = ""
    scheme: str = ""
    geo: str = ""
    variant: str = ""
    conditions: Mapping[str, Any] = field(default_factory=dict)
    instrument: str | None = None
    article: str | None = None
    annex: str | None = None
    act: str = ""
