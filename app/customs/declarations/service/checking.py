"""
The check of a draft: rules of form, the tariff's findings, and the taxes that are computed before the authority asks.

The result is a pre-calculation: customs alone says what is owed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.core import law
from app.core.auth.permissions import require
from app.core.i18n.countries import countries
from app.core.kit.actor import Actor
from app.core.kit.time import local_day
from app.customs.declarations.domain import rules
from app.customs.declarations.domain.content import Content, Limits, number
from app.customs.declarations.domain.rules import Finding
from app.customs.declarations.models import Declaration, Revision
from app.customs.declarations.permissions import FILE
from app.customs.declarations.queries import reading
from app.customs.declarations.queries.firms import tax_code_of
from app.customs.declarations.queries.lines import plain, texts_of
from app.customs.declarations.service import pricing
from app.customs.tariff.facade import Assessment, scheme_codes

# The digits that identify a declaration; the twelfth counts amendments.
NUMBER = 11
LINES, TOLERANCE = "customs.declaration.lines", "customs.declaration.price_tolerance"


@dataclass(frozen=True, slots=True)
class Checked:
    """What the check found of a draft, and the lines that it looked at."""

    revision: Revision
    content: Content
    findings: Sequence[Finding]
    assessment: Assessment | None

    @property
    def errors(self) -> Sequence[Finding]:
        """Findings that stop the sending."""
        return [each for each in self.findings if rules.is_error(each)]


def content_of(
    session: Session, row: Declaration, revision: Revision, *, now: datetime, zone: ZoneInfo
) -> Content:
    """Return what the rules look at."""
    today = local_day(now, zone)
    book = law.at(session, today)
    return Content(
        direction=row.direction, movement=row.movement, type_code=row.type_code,
        header={**revision.header, **links_of(session, row)},
        lines=texts_of(session, revision.id), today=today,
        limits=Limits(int(book.decimal(LINES)), book.decimal(TOLERANCE)),
        firm_tax_code=tax_code_of(session, row.party_id),
        countries=_country_codes(), schemes=scheme_codes(session),
    )  # fmt: skip


@cache
def _country_codes() -> frozenset[str]:
    return frozenset(code for code, _ in countries("en"))


def links_of(session: Session, row: Declaration) -> dict[str, str]:
    """
    Return what links the declaration of a split shipment: none for one that was not split.

    ``FIC`` is "F" on the first, then the first one's number; ``BNO``/``DNO`` branch n of N [cited: VNACCS field guide].
    """
    if row.branches == 1:
        return {}
    first = "F"
    if row.branch_number > 1:
        head = session.get(Declaration, row.previous_id) if row.previous_id else None
        first = (head.official_number or "")[:NUMBER] if head else ""
    return {"FIC": first, "BNO": str(row.branch_number), "DNO": str(row.branches)}


def check_draft(
    session: Session, *, declaration_id: UUID, actor: Actor, now: datetime, zone: ZoneInfo
) -> Checked:
    """
    Check the content that may be edited now (or that counts) and compute its taxes.

    :raises NotFound: no such declaration for this actor.
    :raises Forbidden: the actor may not declare for the firm.
    """
    row = reading.declaration(session, declaration_id)
    require(actor, FILE, party_id=row.party_id)
    revision = reading.pending(session, row) or reading.head(session, row)
    content = content_of(session, row, revision, now=now, zone=zone)
    return check_content(session, revision, content)


def check_content(session: Session, revision: Revision, content: Content) -> Checked:
    """Apply the rules and ask the tariff."""
    assessment = pricing.price(session, content)
    return Checked(revision, content, [*rules.check(content), *pricing.findings_of(assessment)], assessment)


def total_of(lines: Sequence[Mapping[str, str]]) -> str:
    """Return the sum of the values of lines in its plain form."""
    values = [value for line in lines if (value := number(line.get("value", ""))) is not None]
    return plain(sum(values, Decimal(0)))


def by_field(findings: Sequence[Finding]) -> Mapping[tuple[int | None, str], Sequence[Finding]]:
    """Return findings by line (None: the header) and field."""
    found: dict[tuple[int | None, str], list[Finding]] = {}
    for each in findings:
        found.setdefault((each.line, each.field), []).append(each)
    return found
