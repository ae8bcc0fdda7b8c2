"""Indicators of Decision 766/QĐ-TTg as formulas: pure, so that any auditor can recompute them.

Source: Decision 766/QĐ-TTg, indicators 2.1, 3.1, 3.3 and 4.1, as the project's notes give the formula text.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Handling:
    """
    How one dossier was handled, as far as the on-time rule looks.

    :ivar result_at: status 9, the result is ready. :ivar returned_at: status 10. :ivar refused_at: status 8 or 3.
    :ivar supplements: (requested, completed) of each supplement request, in order; completed is None while waiting.
    """

    received_at: datetime
    appointment_at: datetime | None
    result_at: datetime | None = None
    returned_at: datetime | None = None
    refused_at: datetime | None = None
    supplements: tuple[tuple[datetime, datetime | None], ...] = ()


def on_time(handling: Handling, *, period_end: datetime, longest: timedelta | None = None) -> bool:
    """
    Tell whether a dossier counts as handled on time (indicator 2.1).

    The end is the result, else the return, else the refusal; a dossier that waits for its only supplement ends with
    the request; one that is still open ends with the period. More than one supplement request counts as overdue. The
    time of supplements is taken off the end before it is compared with the appointment.

    :param period_end: last instant of the reporting period.
    :param longest: longest time of the procedure, used when there is no appointment.
    """
    if len(handling.supplements) > 1:
        return False
    end = _end(handling, period_end)
    waited = sum(
        (done - asked for asked, done in handling.supplements if done is not None), start=timedelta(0)
    )
    if handling.appointment_at is not None:
        return end - waited <= handling.appointment_at
    return longest is not None and end - handling.received_at - waited <= longest


def _end(handling: Handling, period_end: datetime) -> datetime:
    for known in (handling.result_at, handling.returned_at, handling.refused_at):
        if known is not None:
            return known
    if handling.supplements and handling.supplements[-1][1] is None:
        return handling.supplements[-1][0]
    return period_end
