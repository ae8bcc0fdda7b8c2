"""Reference systems, and which numbers can be coordinates in them at all."""

from decimal import Decimal
from enum import StrEnum

# VN-2000 / TM-3 105-45: the system of the land records, in which areas and distances are measured.
LEGAL_SRID = 9210
# Longitude and latitude, what maps and satellite receivers speak.
WGS84_SRID = 4326


class System(StrEnum):
    """A reference system in which somebody gives coordinates."""

    WGS84 = "WGS84"
    VN2000 = "VN2000"

    @property
    def label(self) -> str:
        """Return the name of the system as papers write it in any language."""
        return "WGS 84" if self is System.WGS84 else "VN-2000 TM-3 105°45′"

    @property
    def srid(self) -> int:
        """Return the number under which the database knows the system."""
        return WGS84_SRID if self is System.WGS84 else LEGAL_SRID


# The country with its sea. The four ranges do not meet, so two numbers tell system and order by themselves.
_EAST = {System.WGS84: (Decimal(102), Decimal(118)), System.VN2000: (Decimal(150_000), Decimal(790_000))}
_NORTH = {System.WGS84: (Decimal(6), Decimal(24)), System.VN2000: (Decimal(800_000), Decimal(2_700_000))}


def plausible(system: System, east: Decimal, north: Decimal) -> bool:
    """Tell whether two numbers can be a point of the country in a system; degrees or metres, east before north."""
    (west_end, east_end), (south_end, north_end) = _EAST[system], _NORTH[system]
    return west_end <= east <= east_end and south_end <= north <= north_end
