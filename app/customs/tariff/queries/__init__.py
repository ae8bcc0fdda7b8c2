"""Reading the tariff."""

from app.customs.tariff.queries.facts import Asked, facts_of, measures_of, terms_of
from app.customs.tariff.queries.schedule import (
    Heading,
    MeasureLine,
    Scheme,
    below,
    folded_words,
    group_titles,
    heading,
    lineage,
    measure_lines,
    members,
    rate_of_exchange,
    scheme_codes,
    schemes,
    search_headings,
)

__all__ = [
    "Asked",
    "Heading",
    "MeasureLine",
    "Scheme",
    "below",
    "facts_of",
    "folded_words",
    "group_titles",
    "heading",
    "lineage",
    "measure_lines",
    "measures_of",
    "members",
    "rate_of_exchange",
    "scheme_codes",
    "schemes",
    "search_headings",
    "terms_of",
]
