"""What is known of a firm and a declaration, as the factors of an indication of risk name it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from app.core.law import LawValueMissing
from app.core.payments import blocking_debts
from app.customs.declarations.domain.dossier import PREFERENCE_FREE, Standing
from app.customs.declarations.domain.lifecycle import State
from app.customs.declarations.domain.risk import FINDINGS_WINDOW, MONTH
from app.customs.declarations.models import (
    Declaration,
    Difference,
    Indication,
    InspectionNote,
    Line,
    Question,
    Revision,
)
from app.customs.declarations.queries.papers import counts_on, places
from app.customs.declarations.queries.reach import Reached


def facts_of(
    session: Session, found: Reached, *, windows: Mapping[str, int], now: datetime, zone: ZoneInfo
) -> dict[str, Any]:
    """
    Return the facts about a declaration and its firm as this session sees them.

    A fact that the platform cannot know is None, which is unknown and not false: the share of amended declarations of
    a firm that has none, the debts where the law's values are missing, the findings where nothing says how far back.

    :param windows: how far to look back, in days by the keys of ``WINDOWS``.
    """
    declaration = found.declaration
    day = counts_on(declaration, now=now, zone=zone)
    wanting = (Standing.MISSING, Standing.EXPIRED)
    missing = [each for each in places(session, found, day) if each.standing in wanting]
    preference = any(each.scheme and each.scheme not in PREFERENCE_FREE for each in found.lines)
    return {
        "firm": _firm(session, declaration.party_id, windows=windows, now=now, zone=zone),
        "declaration": {
            "papers_missing": len(missing),
            "lines": len(found.lines),
            "preference": preference if all(each.scheme for each in found.lines) or preference else None,
            "new_codes": _new_codes(session, found),
        },
    }


def newest(session: Session, declaration_id: UUID) -> Indication | None:
    """Return the indication of a declaration that was kept last; officers only."""
    return session.scalar(
        select(Indication)
        .where(Indication.declaration_id == declaration_id)
        .order_by(Indication.at.desc(), Indication.id.desc())
        .limit(1)
    )


def newest_of(session: Session, declaration_ids: Sequence[UUID]) -> dict[UUID, Indication]:
    """Return the indications of some declarations that were kept last."""
    rows = session.scalars(
        select(Indication)
        .ext(distinct_on(Indication.declaration_id))
        .where(Indication.declaration_id.in_(declaration_ids))
        .order_by(Indication.declaration_id, Indication.at.desc(), Indication.id.desc())
    )
    return {each.declaration_id: each for each in rows}


def _firm(
    session: Session, party_id: UUID, *, windows: Mapping[str, int], now: datetime, zone: ZoneInfo
) -> dict[str, Any]:
    handed_in = (Declaration.party_id == party_id, Declaration.state != State.DRAFT)
    row = session.execute(
        select(
            func.min(Declaration.created_at).label("first"),
            func.count().label("all"),
            func.count().filter(Declaration.state == State.CLEARED).label("cleared"),
            func.count().filter(Declaration.head > 0).label("changed"),
        ).where(*handed_in)
    ).one()
    amended = session.scalar(
        select(func.count(Revision.declaration_id.distinct())).where(
            Revision.party_id == party_id, Revision.kind == "AMENDMENT", Revision.state == "ACCEPTED"
        )
    )
    refused = session.scalar(
        select(func.count(Revision.declaration_id.distinct())).where(
            Revision.party_id == party_id, Revision.kind != "AMENDMENT", Revision.state == "REFUSED"
        )
    )
    month = windows.get(MONTH)
    return {
        "months": (now - row.first).days // month if row.first is not None and month else None,
        "cleared": row.cleared,
        "amended_share": 100 * (amended or 0) // row.all if row.all else None,
        "refused_share": 100 * (refused or 0) // row.all if row.all else None,
        "overdue_debt": _overdue(session, party_id, now=now, zone=zone),
        "open_differences": session.scalar(
            select(func.count()).where(Difference.party_id == party_id, Difference.state == "OPEN")
        ),
        "findings": _findings(session, party_id, now, windows.get(FINDINGS_WINDOW)),
        "questions_open": session.scalar(
            select(func.count()).where(Question.party_id == party_id, Question.state == "FIRM")
        ),
    }


def _overdue(session: Session, party_id: UUID, *, now: datetime, zone: ZoneInfo) -> bool | None:
    try:
        return bool(blocking_debts(session, party_id=party_id, now=now, zone=zone).debts)
    except LawValueMissing:
        return None


def _findings(session: Session, party_id: UUID, now: datetime, days: int | None) -> int | None:
    """Count the notes of so many days that differed; a note that was corrected no longer counts."""
    if days is None:
        return None
    newer = select(InspectionNote.corrects_id).where(InspectionNote.corrects_id.is_not(None))
    query = select(func.count()).where(
        InspectionNote.party_id == party_id,
        InspectionNote.result == "DIFFERS",
        InspectionNote.happened_at > now - timedelta(days=days),
        InspectionNote.id.not_in(newer),
    )
    return session.scalar(query) or 0


def _new_codes(session: Session, found: Reached) -> int | None:
    codes = {each.hs for each in found.lines if each.hs}
    if not codes:
        return None
    before = session.scalars(
        select(Line.hs)
        .distinct()
        .join(Revision, Revision.id == Line.revision_id)
        .join(Declaration, Declaration.id == Revision.declaration_id)
        .where(
            Line.party_id == found.declaration.party_id,
            Line.hs.in_(codes),
            Declaration.id != found.declaration.id,
            Declaration.state.in_((State.RELEASED, State.CLEARED)),
        )
    )
    return len(codes - set(before))
