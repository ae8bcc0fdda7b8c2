"""Pages of schedules: imports, differences, single rates and groups of countries. Deciding stays at the legal desk."""

from app.customs.tariff.schedules.pages.differences import change_panel, differences
from app.customs.tariff.schedules.pages.groups import groups
from app.customs.tariff.schedules.pages.imports import imports
from app.customs.tariff.schedules.pages.rates import rates
from app.web.unit import router

HOME = "/schedules"

schedules = router()
# The addresses of single imports come last: they would take the names of the other pages for keys.
for _part in (differences, rates, groups, imports):
    schedules.include_router(_part)

__all__ = ["HOME", "change_panel", "schedules"]
