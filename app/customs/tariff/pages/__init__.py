"""Pages of the tariff: the schedule and the calculator for everybody, the rates of exchange for officers."""

from app.customs.tariff.pages.browsing import TARIFF, browsing_pages
from app.customs.tariff.pages.calculating import CALCULATOR, calculator_pages
from app.customs.tariff.pages.exchange import EXCHANGE, exchange_pages, exchange_uploads

__all__ = [
    "CALCULATOR",
    "EXCHANGE",
    "TARIFF",
    "browsing_pages",
    "calculator_pages",
    "exchange_pages",
    "exchange_uploads",
]
