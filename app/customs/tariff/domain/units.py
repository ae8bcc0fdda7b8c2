"""Units of quantity: which of them count the same thing, and the exact factor between two. Data, read from YAML."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

import yaml

from app.customs.tariff.domain.expressions import EXACT

_FILE = Path(__file__).parent.parent / "schedule" / "units.yaml"


@dataclass(frozen=True, slots=True)
class Factor:
    """One unit is ``times`` / ``over`` of another; two numbers, because a dozenth has no end as a decimal."""

    times: Decimal
    over: Decimal

    def of(self, quantity: Decimal) -> Decimal:
        """Return a quantity in the other unit."""
        return EXACT.divide(EXACT.multiply(quantity, self.times), self.over)


def factor(given: str, wanted: str) -> Factor | None:
    """Return how much of the wanted unit one of the given unit is; None where they count different things."""
    if given == wanted:
        return Factor(Decimal(1), Decimal(1))
    for family in _families():
        if given in family and wanted in family:
            return Factor(family[given], family[wanted])
    return None


@cache
def _families() -> tuple[Mapping[str, Decimal], ...]:
    raw = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return tuple({unit: Decimal(size) for unit, size in family.items()} for family in raw.values())
