"""Use cases that change the tariff."""

from app.customs.tariff.service.exchange import (
    SecondOfficer,
    SheetDecided,
    SheetFaulty,
    SheetUnknown,
    decide_rates,
    enter_demo_rates,
    enter_rates,
)
from app.customs.tariff.service.rate_files import (
    RatesRead,
    RatesUnreadable,
    read_rates,
    text_rows,
    workbook_rows,
)
from app.customs.tariff.service.recording import MeasureWrite, record_measures
from app.customs.tariff.service.starter import Loaded, load_starter

__all__ = [
    "Loaded",
    "MeasureWrite",
    "RatesRead",
    "RatesUnreadable",
    "SecondOfficer",
    "SheetDecided",
    "SheetFaulty",
    "SheetUnknown",
    "decide_rates",
    "enter_demo_rates",
    "enter_rates",
    "load_starter",
    "read_rates",
    "record_measures",
    "text_rows",
    "workbook_rows",
]
