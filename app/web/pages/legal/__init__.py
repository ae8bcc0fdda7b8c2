"""The legal desk: values of the law by status, instrument and day, their history, and changes that two officers decide.

``reading`` asks the database, ``views`` makes primitives for templates, ``drafts``, ``tables`` and ``value_fields``
read posted proposals; the other modules are pages.
"""

from app.web.pages.legal.calendar import calendar
from app.web.pages.legal.deciding import deciding
from app.web.pages.legal.importing import importing
from app.web.pages.legal.listing import listing
from app.web.pages.legal.proposing import proposing
from app.web.unit import router

legal = router()
# The list comes last: its page of one key would take the names of the other pages for keys.
for _part in (deciding, calendar, importing, proposing, listing):
    legal.include_router(_part)

__all__ = ["legal"]
