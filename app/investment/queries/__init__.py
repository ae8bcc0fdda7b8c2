"""The read side of investment."""

from app.investment.queries.guiding import (
    Guide,
    catalogue,
    guide,
    guide_of_day,
    parties_to_file_for,
    result_sheet,
)
from app.investment.queries.project_codes import known_code, latest_request

__all__ = [
    "Guide",
    "catalogue",
    "guide",
    "guide_of_day",
    "known_code",
    "latest_request",
    "parties_to_file_for",
    "result_sheet",
]
