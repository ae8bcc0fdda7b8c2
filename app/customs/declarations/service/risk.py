"""
Indications of risk: computed when something happened, kept with the version of the rules, never by looking at a page.

A firm's own view is computed for its page and kept nowhere: it shows open factors only.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import law
from app.core.auth.permissions import require
from app.core.errors import Conflict, NotFound
from app.core.evidence import Subject, record
from app.core.kit.actor import SYSTEM, Actor
from app.core.kit.ids import uuid7
from app.core.kit.time import local_day
from app.customs.declarations.domain.lifecycle import ENDS
from app.customs.declarations.domain.risk import BANDS, FACTORS, WINDOWS, Indication, Rules, rules_of, weigh
from app.customs.declarations.models import Declaration
from app.customs.declarations.models import Indication as Row
from app.customs.declarations.permissions import INSPECT
from app.customs.declarations.queries.reach import UNSEEN, Reached, head_of, lines_of
from app.customs.declarations.queries.risk import facts_of, newest

# Of a firm whose standing changed, these many declarations under way are weighed anew at once.
MOST_AT_ONCE = 50


class NoRules(Conflict):
    """No approved factor or band counts on that day."""

    code = "declarations.no-risk-rules"
    title = "No indication can be given for this day."
    detail = "No approved factors count on the day of the declaration."
    hint = "The declaration goes its way without it: an indication is advice only."


def rules_on(session: Session, day: date) -> Rules | None:
    """Return the weighted conditions that hold on a day; None where nothing can be indicated."""
    factors = law.between(session, FACTORS, day, day + timedelta(days=1))
    book = law.at(session, day)
    starts = {key: found for key in BANDS if (found := book.find(key)) is not None}
    windows = {key: found for key in WINDOWS if (found := book.find(key)) is not None}
    return rules_of(factors, starts, windows)


def indicate(
    session: Session, *, found: Reached, now: datetime, zone: ZoneInfo, only_open: bool = False
) -> Indication:
    """
    Weigh the factors of a declaration by the rules of its day. Nothing is written and no state changes.

    :param only_open: what a firm sees.
    :raises NoRules: no version counts on that day.
    """
    rules = rules_on(session, local_day(found.declaration.registered_at or now, zone))
    if rules is None:
        raise NoRules
    facts = facts_of(session, found, windows=rules.windows, now=now, zone=zone)
    return weigh(facts, rules, only_open=only_open)


def compute(session: Session, *, declaration_id: UUID, actor: Actor, now: datetime, zone: ZoneInfo) -> Row:
    """
    Weigh a declaration anew because an officer asks for it; the same result is not kept twice.

    :raises Forbidden: the actor does not inspect firms.
    :raises NotFound: no such declaration, or it is a draft.
    :raises NoRules: no version counts on its day.
    """
    require(actor, INSPECT)
    declaration = session.get(Declaration, declaration_id)
    if declaration is None or declaration.state in UNSEEN:
        raise NotFound
    return _keep(session, declaration, actor, now, zone)


def refresh(
    session: Session, *, declaration_ids: Iterable[UUID] = (), party_id: UUID | None = None, now: datetime,
    zone: ZoneInfo,
) -> int:  # fmt: skip
    """
    Weigh declarations anew after something happened, or the newest under way of a firm; return how many changed.

    Runs as the platform. Where no rules count nothing is kept.
    """
    query = select(Declaration).where(Declaration.state.not_in([*UNSEEN, *ENDS]))
    if party_id is not None:
        query = query.where(Declaration.party_id == party_id)
    else:
        query = query.where(Declaration.id.in_(list(declaration_ids)))
    changed = 0
    for each in session.scalars(query.order_by(Declaration.updated_at.desc()).limit(MOST_AT_ONCE)).all():
        before = newest(session, each.id)
        try:
            row = _keep(session, each, SYSTEM, now, zone)
        except NoRules:
            continue
        changed += before is None or row.id != before.id
    return changed


def _keep(session: Session, declaration: Declaration, actor: Actor, now: datetime, zone: ZoneInfo) -> Row:
    revision = head_of(session, declaration)
    found = Reached(declaration, revision, lines_of(session, revision), "")
    indication = indicate(session, found=found, now=now, zone=zone)
    content = indication.kept()
    last = newest(session, declaration.id)
    if last is not None and last.content == content:
        return last
    row = Row(
        id=uuid7(), party_id=declaration.party_id, declaration_id=declaration.id, rules=indication.rules.version,
        score=indication.score, content=content, at=now, by=actor.user_id,
    )  # fmt: skip
    session.add(row)
    session.flush()  # the next weighing in this transaction compares with it
    record(
        session, "customs:declaration:indicate", subject=Subject("declaration", declaration.id), actor=actor, at=now,
        facts={"score": indication.score, "rules": indication.rules.version},
    )  # fmt: skip
    return row
