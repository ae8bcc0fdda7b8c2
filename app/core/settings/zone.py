"""The zone that an installation serves: names, divisions, sites. Configuration, never code."""

from pathlib import Path
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Text = dict[str, str]


class AuthorityConfig(_Frozen):
    """The authority that manages the zone."""

    code: str
    name: Text
    parent: Text
    letter_symbol: str


class OfficeConfig(_Frozen):
    """A division of the authority, or an agency that it consults."""

    code: str
    name: Text
    symbol: str = ""


class SiteConfig(_Frozen):
    """One of the zone's sites; ``area_ha`` in hectares as announced."""

    code: str
    area_ha: str
    name: Text


class ZoneConfig(_Frozen):
    """Everything that names this zone; another zone brings another file."""

    code: str
    name: Text
    short: Text
    authority: AuthorityConfig
    city: Text
    timezone: str
    languages: tuple[str, ...]
    divisions: tuple[OfficeConfig, ...]
    agencies: tuple[OfficeConfig, ...]
    sites: tuple[SiteConfig, ...]

    @property
    def tz(self) -> ZoneInfo:
        """Return the time zone in which days and hours are counted and shown."""
        return ZoneInfo(self.timezone)


def load_zone(path: Path) -> ZoneConfig:
    """Read and validate the zone file; raises ``pydantic.ValidationError`` naming each fault."""
    return ZoneConfig.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
