"""What customs shows on the board: declarations by state and channel, time to clearance, taxes paid, differences."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import TextClause, select, text
from sqlalchemy.orm import Session

from app.core.i18n import N_
from app.core.kit.money import Money
from app.core.payments.takings import taken_between
from app.customs.declarations.domain.lifecycle import CHANNEL_NAMES, NO_CHANNEL, STATE_NAMES, UNDECIDED
from app.customs.declarations.models import Feed
from app.customs.declarations.permissions import READ
from app.customs.declarations.queries import gateway
from app.customs.declarations.queries.naming import FURTHER, SUBJECT, TAX_NAMES
from app.web.tiles import Part, Scope, Takings, Tally, Tile, TileRow, Times

GROUP = N_("Customs")
LIST = "/declarations"
DIFFERENCES = "/customs/differences"
DIFFERENCE_STATES = {"OPEN": N_("Not explained"), "EXPLAINED": N_("Explained")}
_MOST_ROWS = 200
# Only what the authority registered: drafts and what waits to be sent are the firm's own.
_REGISTERED = "from customs_declaration d where d.registered_at >= :since and d.registered_at < :until"
_BY_STATE = text(f"select d.state as part, count(*) as number {_REGISTERED} group by d.state")
_BY_CHANNEL = text(
    f"select coalesce(d.channel, '') as part, count(*) as number {_REGISTERED} group by coalesce(d.channel, '')"
)
_NOT_CLEARED = text(
    f"select d.id, d.code, d.summary, d.state as reason, d.cleared_at as ended_at"
    f" {_REGISTERED} and d.state not in ('CLEARED', 'CANCELLED') order by d.registered_at, d.id limit {_MOST_ROWS}"
)
# A clock of the authority that ran out before it was met, or still runs past its end.
_LATE = """exists (select 1 from customs_clock k where k.declaration_id = d.id and k.whose = 'AUTHORITY'
                     and k.cancelled_at is null and coalesce(k.met_at, d.cleared_at) > k.due_at)"""
_CLEARED = (
    "from customs_declaration d where d.cleared_at >= :since and d.cleared_at < :until"
    " and d.registered_at is not null and d.origin = 'OURS'"
)
_TIMES = text(
    f"select count(*) as counted, count(*) filter (where not {_LATE}) as within,"
    f" percentile_cont(0.5) within group (order by d.cleared_at - d.registered_at) as median {_CLEARED}"
)
_CLEARED_LATE = text(
    "select d.id, d.code, d.summary, 'LATE' as reason, d.cleared_at as ended_at"
    f" {_CLEARED} and {_LATE} order by d.cleared_at - d.registered_at desc, d.id limit {_MOST_ROWS}"
)
_DIFFERENCES = text(
    "select f.state as part, count(*) as number from customs_difference f"
    " where f.found_at >= :since and f.found_at < :until group by f.state"
)
_OPEN_DIFFERENCES = text(
    "select d.id, d.code, d.summary, f.tax as reason, null::timestamptz as ended_at"
    " from customs_difference f join customs_declaration d on d.id = f.declaration_id"
    " where f.found_at >= :since and f.found_at < :until and f.state = 'OPEN'"
    " order by f.found_at, f.id limit 200"
)


def _link(scope: Scope, address: str, **narrowed: str) -> str:
    """Return the list behind a part: what a tile counts, and nothing else."""
    day = "%d/%m/%Y"
    last = (_times(scope)["until"] - timedelta(microseconds=1)).astimezone(scope.zone)
    return f"{address}?{urlencode({**narrowed, 'since': f'{scope.since:{day}}', 'until': f'{last:{day}}'})}"


def by_state(session: Session, scope: Scope) -> Tally:
    """Count the declarations that customs registered in the time, by where they stand now."""
    names = {state.value: name for state, name in STATE_NAMES.items()}
    return _tally(
        session, _BY_STATE, scope, names, lambda code: _link(scope, LIST, state=code, registered="1")
    )


def by_channel(session: Session, scope: Scope) -> Tally:
    """Count the declarations that customs registered in the time, by the channel it chose."""
    names = {**CHANNEL_NAMES, "": UNDECIDED}
    return _tally(
        session, _BY_CHANNEL, scope, names,
        lambda code: _link(scope, LIST, channel=code or NO_CHANNEL, registered="1"),
    )  # fmt: skip


def to_clearance(session: Session, scope: Scope) -> Times:
    """Return the time from registration to clearance, and how often no clock of the authority had run out."""
    row = session.execute(_TIMES, _times(scope)).one()
    return Times(row.median, row.counted, row.within)


def paid(session: Session, scope: Scope) -> Takings:
    """Return what the bank booked for tax notices of customs, by tax."""
    taken = taken_between(session, subject_kind=SUBJECT, since=scope.since, until=min(scope.until, scope.now))
    total = sum((each.amount for each in taken), Decimal(0))
    parts = tuple(Part(TAX_NAMES.get(each.purpose, FURTHER), each.amount) for each in taken)
    return Takings(Money.of(total, "VND"), parts)


def differences(session: Session, scope: Scope) -> Tally:
    """Count the taxes in which a notice of customs and the pre-calculation disagree."""
    return _tally(
        session, _DIFFERENCES, scope, DIFFERENCE_STATES, lambda code: _link(scope, DIFFERENCES, state=code)
    )


def at_the_gateway(session: Session, scope: Scope) -> Tally:
    """Count what waits between the firms and customs at this moment: messages, answers, notices."""
    found = gateway.health(session)
    counted = (
        (N_("Waits to be sent"), found.queued),
        (N_("Sent and not answered"), found.unanswered),
        (N_("Declarations with a missing notice"), found.incomplete),
        (N_("Notices not taken"), found.unread),
    )
    parts = tuple(Part(title, Decimal(number)) for title, number in counted if number)
    return Tally(sum(number for _, number in counted), parts)


def gateway_read_at(session: Session) -> datetime | None:
    """Return when the gateway last answered: what customs says is as fresh as that."""
    return session.scalar(select(Feed.read_at))


def _tally(
    session: Session, query: TextClause, scope: Scope, names: Mapping[str, str], href: Callable[[str], str]
) -> Tally:
    found = {row.part: row.number for row in session.execute(query, _times(scope))}
    parts = tuple(
        Part(name, Decimal(found[code]), href(code)) for code, name in names.items() if code in found
    )
    return Tally(sum(found.values()), parts)


def _rows(query: TextClause, reasons: Mapping[str, str]) -> Any:
    def rows(session: Session, scope: Scope) -> Sequence[TileRow]:
        return [
            TileRow(
                code=row.code, title=row.summary, office="", reason=reasons.get(row.reason, FURTHER),
                href=f"{LIST}/{row.id}", due_at=None, ended_at=row.ended_at,
            )
            for row in session.execute(query, _times(scope))
        ]  # fmt: skip

    return rows


def _times(scope: Scope) -> Mapping[str, datetime]:
    # What is dated after the instant that is looked at was not known then.
    return {"since": scope.since, "until": min(scope.until, scope.now + timedelta(microseconds=1))}


_STATES = {state.value: name for state, name in STATE_NAMES.items()}
TILES = (
    Tile(
        "HQ.1", N_("Declarations registered"),
        N_("Declarations that customs registered in the quarter, by where they stand now. Behind it: not cleared yet."),
        "", by_state, rows=_rows(_NOT_CLEARED, _STATES), fed_at=gateway_read_at, order=201, group=GROUP, opens=READ,
    ),
    Tile(
        "HQ.2", N_("Declarations by channel"),
        N_("Declarations registered in the quarter, by the channel that customs chose."),
        "", by_channel, fed_at=gateway_read_at, order=202, group=GROUP, opens=READ,
    ),
    Tile(
        "HQ.3", N_("Time to clearance"),
        N_("Middle time from registration to clearance of what was cleared in the quarter, and how much of it without"
           " a time limit of the authority running out."),
        "", to_clearance, rows=_rows(_CLEARED_LATE, {"LATE": N_("A time limit of the authority ran out")}),
        fed_at=gateway_read_at, order=203, group=GROUP, opens=READ,
    ),
    Tile(
        "HQ.4", N_("Taxes paid"),
        N_("What the bank booked in the quarter for tax notices of customs that were paid through the platform. What a"
           " later notice no longer demands is not taken off; what was paid elsewhere is not in it."),
        "", paid, order=204, group=GROUP, opens=READ,
    ),
    Tile(
        "HQ.5", N_("Differences of tax"),
        N_("Taxes of lines in which the official notice and the pre-calculation disagree. Behind it: what is not"
           " explained yet."),
        "", differences, rows=_rows(_OPEN_DIFFERENCES, TAX_NAMES), fed_at=gateway_read_at, order=205, group=GROUP,
        opens=READ,
    ),
    Tile(
        "HQ.6", N_("At the gateway of customs"),
        N_("What waits between the firms and customs now: messages not sent or not answered, notices that are missing"
           " or could not be taken."),
        "", at_the_gateway, fed_at=gateway_read_at, order=206, group=GROUP, opens=READ,
    ),
)  # fmt: skip
