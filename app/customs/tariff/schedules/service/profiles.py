"""The profiles that this release knows."""

from functools import cache
from pathlib import Path

from app.customs.tariff.schedules.domain.profile import Profile, read_profile

PROFILES = Path(__file__).parents[1] / "profiles"


@cache
def profiles() -> dict[str, Profile]:
    """Return the profiles by code; they do not change while it runs."""
    return {found.code: found for found in map(read_profile, sorted(PROFILES.glob("*.yaml")))}
