"""The read side of investment."""

from app.investment.commitments.queries import CommitmentLine, commitments_of
from app.investment.queries.guiding import (
    Guide,
    catalogue,
    guide,
    guide_of_day,
    parties_to_file_for,
    result_sheet,
)
from app.investment.queries.project_codes import (
    COUNTS,
    dossier_of_letter,
    known_code,
    latest_request,
    letter_of,
    letters_of,
    live_letter,
)
from app.investment.queries.projects import in_force_of, of_party, option_texts, words_of
from app.investment.queries.register import (
    AsOf,
    Position,
    Wanted,
    certificates,
    dossiers,
    of_case,
    of_project,
    open_adjustment,
    present,
    project_of,
    revisions,
)

__all__ = [
    "COUNTS",
    "AsOf",
    "CommitmentLine",
    "Guide",
    "Position",
    "Wanted",
    "catalogue",
    "certificates",
    "commitments_of",
    "dossier_of_letter",
    "dossiers",
    "guide",
    "guide_of_day",
    "in_force_of",
    "known_code",
    "latest_request",
    "letter_of",
    "letters_of",
    "live_letter",
    "of_case",
    "of_party",
    "of_project",
    "open_adjustment",
    "option_texts",
    "parties_to_file_for",
    "present",
    "project_of",
    "result_sheet",
    "revisions",
    "words_of",
]
