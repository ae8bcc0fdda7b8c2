"""Writing down what official results from elsewhere come to: facts, content as a revision of its own, each result."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.customs.declarations.domain.amendment import changes as differences
from app.customs.declarations.domain.parties import as_kept
from app.customs.declarations.models import Assessment, Declaration, Line, OfficialResult, Revision
from app.customs.declarations.service import merging, stating
from app.customs.declarations.service.composing import lines_of, texts
from app.customs.declarations.service.drafting import SUMMARY
from app.customs.declarations.service.merging import Official, Snapshot
from app.customs.declarations.wire import DeclarationMessage, WireLine

MOVEMENT = "MVT"
"""Field of the header that carries the movement; the authority's form has none."""

_FACTS = ("official_number", "state", "channel", "registered_at", "released_at", "cleared_at")
Change = Mapping[str, Any]


def put_facts(row: Declaration, official: Official, said: DeclarationMessage) -> None:
    """Write down what the authority said of a declaration."""
    row.state, row.official_number, row.channel = official.state.value, official.number, official.channel
    row.registered_at, row.released_at, row.cleared_at = (
        official.registered_at, official.released_at, official.cleared_at,
    )  # fmt: skip
    row.type_code, row.line_count = said.type_code, len(said.lines)
    row.summary = said.lines[0].description[:SUMMARY]


def take_over(
    session: Session, row: Declaration, merged: Official, said: DeclarationMessage, *, actor: Actor, now: datetime
) -> Sequence[Change]:  # fmt: skip
    """Let a declaration say what its results come to; return what that changed, field by field."""
    facts = _facts(row)
    head = stating.head_of(session, row)
    old_header, old_lines, old_taxes = _content(session, row, head)
    put_facts(row, merged, said)
    found = [_change("", None, name, facts[name], now_said) for name, now_said in _facts(row).items()
             if facts[name] != now_said]  # fmt: skip
    new_header = {**texts(as_kept(said.direction, said.header)), "ICB": said.type_code}
    new_header.pop(MOVEMENT, None)
    content = [
        _change("content", each.line, each.field, each.old, each.new)
        for each in differences(old_header, new_header, old_lines, [_texts(each) for each in said.lines])
    ]
    new_taxes = _taxes(merged.tax)
    content += [
        _change("tax", line, kind, old_taxes.get((line, kind), ""), new_taxes.get((line, kind), ""))
        for line, kind in sorted({*old_taxes, *new_taxes})
        if old_taxes.get((line, kind), "") != new_taxes.get((line, kind), "")
    ]
    if content:
        last = session.scalar(select(func.max(Revision.number)).where(Revision.declaration_id == row.id)) or 0
        row.head = last + 1
        keep_revision(session, row, said, merged, number=row.head, actor=actor, now=now)
    if found or content:
        row.version, row.updated_at = row.version + 1, now
    return [*found, *content]


def keep_revision(
    session: Session, row: Declaration, said: DeclarationMessage, official: Official, *, number: int, actor: Actor,
    now: datetime,
) -> None:  # fmt: skip
    """Keep a content with its taxes as a revision of its own."""
    declared = as_kept(said.direction, said.header)
    header = {code: value for code, value in declared.items() if code != MOVEMENT}
    revision = Revision(
        id=uuid7(), party_id=row.party_id, declaration_id=row.id, number=number,
        kind="AMENDMENT" if number else "FIRST", state="DRAFT", header=header, created_at=now,
        created_by=actor.user_id,
    )  # fmt: skip
    session.add(revision)
    session.flush()  # the lines refer to it
    session.add_all(_line(revision, each) for each in said.lines)
    if official.taxed_at is not None:
        session.add(
            Assessment(
                id=uuid7(), party_id=row.party_id, revision_id=revision.id, kind="OFFICIAL", content=official.tax,
                total=official.total, computed_at=official.taxed_at, known_at=None,
            )
        )  # fmt: skip
    session.flush()  # the lines are kept before their revision is frozen
    revision.state, revision.sent_at = "SENT", official.registered_at


def keep_result(
    session: Session, row: Declaration, snapshot: Snapshot, outcome: str, changes: Sequence[Change], *, actor: Actor,
    now: datetime,
) -> None:  # fmt: skip
    """Keep a result as it came, with what it changed."""
    last = session.scalar(
        select(func.max(OfficialResult.number)).where(OfficialResult.declaration_id == row.id)
    )
    session.add(
        OfficialResult(
            id=uuid7(), party_id=row.party_id, declaration_id=row.id, number=(last or 0) + 1, sha256=snapshot.sha256,
            content=snapshot.content, said_at=snapshot.said_at, brought_at=now, brought_by=actor.user_id,
            outcome=outcome, changes=[dict(each) for each in changes],
        )
    )  # fmt: skip


def as_it_stands(session: Session, row: Declaration) -> Snapshot:
    """Return what is known of a declaration that came in before results were kept."""
    return merging.judge(stating.result_of(session, row), "", partial=True)[0]


def _facts(row: Declaration) -> dict[str, str]:
    said = {name: getattr(row, name) for name in _FACTS}
    return {
        name: value.isoformat() if isinstance(value, datetime) else str(value or "")
        for name, value in said.items()
    }


def _content(
    session: Session, row: Declaration, head: Revision
) -> tuple[dict[str, str], list[dict[str, str]], dict[tuple[int, str], str]]:
    taxed = stating.taxed(session, head)
    taxes = _taxes(taxed.content) if taxed is not None else {}
    header = {**texts(head.header), "ICB": head.header.get("ICB") or row.type_code}
    return header, [_texts(each) for each in lines_of(session, head)], taxes


def _taxes(body: Mapping[str, Any]) -> dict[tuple[int, str], str]:
    return {
        (int(line["number"]), tax["kind"]): f"{Decimal(tax['amount']):f}"
        for line in body.get("lines", ())
        for tax in line["taxes"]
    }


def _texts(line: WireLine) -> dict[str, str]:
    said = {name: getattr(line, name) for name in (
        "hs", "own_code", "description", "origin", "scheme", "origin_proof", "quantity", "unit", "quantity2", "unit2",
        "unit_price", "value",
    )}  # fmt: skip
    plain = {
        name: f"{value.normalize():f}" if isinstance(value, Decimal) else str(value or "")
        for name, value in said.items()
    }
    return {**plain, **texts(line.more)}


def _change(about: str, line: int | None, name: str, old: str, new: str) -> Change:
    return {"about": about or "fact", "line": line, "field": name, "old": old, "new": new}


def _line(revision: Revision, line: WireLine) -> Line:
    return Line(
        id=uuid7(), party_id=revision.party_id, revision_id=revision.id, number=line.number, own_code=line.own_code,
        hs=line.hs, description=line.description, origin=line.origin, scheme=line.scheme,
        origin_proof=line.origin_proof, quantity=line.quantity, unit=line.unit, quantity2=line.quantity2,
        unit2=line.unit2, unit_price=line.unit_price, value=line.value, more=dict(line.more), typed={},
    )  # fmt: skip
