"""The passes of a batch over its rows: dry run and import. Each works in pieces, so memory and locks stay small."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.errors import DomainError, FieldProblem
from app.core.evidence import Subject, record
from app.core.i18n import N_
from app.core.jobs import Run
from app.registry.domain import RowDecision, RowState, TakeOverKind, TakeOverState, Verification
from app.registry.models import Enterprise, Project, TakeOver, TakeOverRow
from app.registry.service.enterprises import add_change, as_json, take_over_enterprise
from app.registry.service.projects import register_project
from app.registry.service.takeover.checking import Checked, check_row
from app.registry.service.takeover.sheets import open_table

CHECK_PIECE, IMPORT_PIECE = 500, 100
# Names closer than this are shown to a person; measured on lists of enterprises, it finds spelling variants.
SIMILAR = 0.55
# Columns of an enterprise that a merge may fill in where the record has none.
FILLABLE = ("name_en", "registration_number", "established_on", "phone", "email", "website", "tax_code")

_SIMILAR = text(
    """
    select r.number, e.party_id, e.name_vi
      from unnest(cast(:numbers as bigint[]), cast(:names as text[])) as r(number, name)
      cross join lateral (
        select party_id, name_vi from registry_enterprise
         where name_vi % r.name and similarity(name_vi, r.name) >= :least
         order by similarity(name_vi, r.name) desc limit 1
      ) e
    """
)


def dry_run(run: Run, batch_id: UUID, *, path: Path, sites: Mapping[str, str]) -> None:
    """Check every row of the file; nothing enters the registry. Run again, it gives the same rows."""
    with run.transaction() as session:
        batch = session.get_one(TakeOver, batch_id)
        if batch.state is not TakeOverState.CHECKING:
            return
        kind, mapping, workbook = batch.kind, dict(batch.mapping), batch.workbook
    seen: dict[str, int] = {}
    try:
        with open_table(path, workbook=workbook) as table:
            for piece in _pieces(table.rows, CHECK_PIECE):
                with run.transaction() as session:
                    if not _goes_on(session, batch_id, len(piece), run.now):
                        return
                    _check_piece(session, batch_id, kind, piece, mapping, sites, seen)
    except DomainError as fault:
        _fail(run, batch_id, fault)
        return
    with run.transaction() as session:
        batch = session.get_one(TakeOver, batch_id, with_for_update=True)
        batch.state, batch.rows_total = TakeOverState.CHECKED, batch.rows_done


def import_rows(run: Run, batch_id: UUID) -> None:
    """Bring the rows into the registry, piece by piece; a run that was killed goes on where it stopped."""
    with run.transaction() as session:
        batch = session.get_one(TakeOver, batch_id)
        if batch.state is not TakeOverState.IMPORTING:
            return
        batch.rows_total = session.scalar(_open_rows(batch_id, count=True)) or 0
        batch.rows_done = 0
    after = -1
    while True:
        with run.transaction() as session:
            rows = session.scalars(
                _open_rows(batch_id).where(TakeOverRow.number > after).limit(IMPORT_PIECE)
            ).all()
            if not rows:
                break
            if not _goes_on(session, batch_id, len(rows), run.now):
                return
            batch = session.get_one(TakeOver, batch_id)
            for row in rows:
                _import_row(session, batch, row, run)
            after = rows[-1].number
    with run.transaction() as session:
        batch = session.get_one(TakeOver, batch_id, with_for_update=True)
        batch.state, batch.finished_at = TakeOverState.DONE, run.now
        found = dict(
            session.execute(
                select(TakeOverRow.state, func.count())
                .where(TakeOverRow.takeover_id == batch_id)
                .group_by(TakeOverRow.state)
            ).all()
        )
        record(
            session, "registry:takeover:finish", subject=Subject("takeover", batch_id), actor=run.actor, at=run.now,
            facts={"rows": {RowState(state).value: count for state, count in found.items()}},
        )  # fmt: skip


def _pieces(rows: Iterator[tuple[int, list[str]]], size: int) -> Iterator[list[tuple[int, list[str]]]]:
    while piece := list(islice(rows, size)):
        yield piece


def _goes_on(session: Session, batch_id: UUID, rows: int, now: datetime) -> bool:
    """Count a piece, or stop where somebody asked to; what was imported before stays and can be undone."""
    batch = session.get_one(TakeOver, batch_id, with_for_update=True, populate_existing=True)
    if batch.cancel_asked:
        importing = batch.state is TakeOverState.IMPORTING
        batch.state = TakeOverState.DONE if importing else TakeOverState.CANCELLED
        batch.finished_at = now
        return False
    batch.rows_done += rows
    return True


def _check_piece(
    session: Session,
    batch_id: UUID,
    kind: TakeOverKind,
    piece: Sequence[tuple[int, list[str]]],
    mapping: Mapping[str, int],
    sites: Mapping[str, str],
    seen: dict[str, int],
) -> None:
    cells = {number: {field: row[column] for field, column in mapping.items()} for number, row in piece}
    checked = {number: check_row(kind, each, sites=sites) for number, each in cells.items()}
    found = {number: list(each.problems) for number, each in checked.items()}
    _find_twice(kind, checked, found, seen)
    if kind is TakeOverKind.ENTERPRISE:
        doubles = _enterprise_doubles(session, checked)
    else:
        doubles = _project_doubles(session, checked, found)
    rows = []
    for number, each in checked.items():
        double = doubles.get(number)
        state = RowState.FAULTY if found[number] else RowState.DOUBLE if double else RowState.READY
        rows.append(
            {
                "takeover_id": batch_id, "number": number, "cells": cells[number], "values": each.values,
                "problems": [_as_json(problem) for problem in found[number]], "state": state,
                "double_of": double[0] if double else None, "double_name": double[1] if double else None,
                "double_by": double[2] if double else None, "decision": None, "filled": {},
            }
        )  # fmt: skip
    statement = insert(TakeOverRow)
    changed = {name: statement.excluded[name] for name in rows[0] if name not in ("takeover_id", "number")}
    session.execute(
        statement.on_conflict_do_update(index_elements=["takeover_id", "number"], set_=changed), rows
    )


def _find_twice(
    kind: TakeOverKind,
    checked: Mapping[int, Checked],
    found: dict[int, list[FieldProblem]],
    seen: dict[str, int],
) -> None:
    """Find rows that give a code which an earlier row of the file gave."""
    name = "tax_code" if kind is TakeOverKind.ENTERPRISE else "code"
    for number, each in checked.items():
        code = each.values.get(name)
        if not code:
            continue
        first = seen.setdefault(code, number)
        if first != number:
            reason = N_("Row %(row)s of the file has the same code.")
            found[number].append(FieldProblem(name, "twice", reason, {"row": first}))


Double = tuple[UUID, str, str]


def _enterprise_doubles(session: Session, checked: Mapping[int, Checked]) -> dict[int, Double]:
    """Return the record that each row may double: the one with its tax code, else the one most like it by name."""
    codes = {each.values["tax_code"]: number for number, each in checked.items() if each.values["tax_code"]}
    rows = session.execute(
        select(Enterprise.tax_code, Enterprise.party_id, Enterprise.name_vi).where(
            Enterprise.tax_code.in_(codes)
        )
    )
    doubles: dict[int, Double] = {
        codes[row.tax_code]: (row.party_id, row.name_vi, "TAX_CODE") for row in rows if row.tax_code
    }
    named = {
        number: each.values["name_vi"]
        for number, each in checked.items()
        if number not in doubles and each.values["name_vi"]
    }
    if named:
        session.execute(
            text("select set_config('pg_trgm.similarity_threshold', :least, true)"), {"least": str(SIMILAR)}
        )
        given = {"numbers": list(named), "names": list(named.values()), "least": SIMILAR}
        for row in session.execute(_SIMILAR, given):
            doubles[row.number] = (row.party_id, row.name_vi, "NAME")
    return doubles


def _project_doubles(
    session: Session, checked: Mapping[int, Checked], found: dict[int, list[FieldProblem]]
) -> dict[int, Double]:
    """Find each project's enterprise, and the projects of that enterprise with the same name or code."""
    codes = {each.values["enterprise_tax_code"] for each in checked.values()} - {None}
    known = session.execute(
        select(Enterprise.tax_code, Enterprise.party_id).where(Enterprise.tax_code.in_(codes))
    )
    holders = {row.tax_code: row.party_id for row in known}
    for number, each in checked.items():
        code = each.values["enterprise_tax_code"]
        each.values["party_id"] = str(holders[code]) if code in holders else None
        if code and code not in holders:
            reason = N_("No enterprise of the registry has the tax code %(code)s.")
            found[number].append(FieldProblem("enterprise_tax_code", "no-enterprise", reason, {"code": code}))
    projects = session.execute(
        select(Project.id, Project.code, Project.name_vi, Project.party_id).where(
            Project.party_id.in_(holders.values())
            | Project.code.in_({each.values["code"] for each in checked.values()} - {None})
        )
    ).all()
    by_code = {row.code: row for row in projects if row.code}
    by_name = {(str(row.party_id), row.name_vi.casefold()): row for row in projects}
    doubles: dict[int, Double] = {}
    for number, each in checked.items():
        if row := by_code.get(each.values["code"]):
            doubles[number] = (row.id, row.name_vi, "CODE")
        elif row := by_name.get((str(each.values["party_id"]), each.values["name_vi"].casefold())):
            doubles[number] = (row.id, row.name_vi, "NAME")
    return doubles


def _open_rows(batch_id: UUID, *, count: bool = False) -> Any:
    """Return the query of rows that the import has still to work off."""
    query = select(func.count()) if count else select(TakeOverRow).order_by(TakeOverRow.number)
    return query.where(
        TakeOverRow.takeover_id == batch_id, TakeOverRow.state.in_((RowState.READY, RowState.DOUBLE))
    )


def _import_row(session: Session, batch: TakeOver, row: TakeOverRow, run: Run) -> None:
    """Work one row off in a savepoint; a refusal makes it a faulty row, not a failed batch."""
    try:
        with session.begin_nested():
            if row.decision is RowDecision.SKIP:
                row.state = RowState.SKIPPED
            elif row.decision is RowDecision.MERGE:
                _merge(session, batch, row, run)
            else:
                row.result_id = _enter(session, batch, row, run)
                row.state = RowState.IMPORTED
    except DomainError as fault:
        problems = fault.errors or (FieldProblem("", fault.code, fault.detail, dict(fault.params)),)
        row.problems, row.state = [_as_json(problem) for problem in problems], RowState.FAULTY


def _enter(session: Session, batch: TakeOver, row: TakeOverRow, run: Run) -> UUID:
    values = dict(row.values)
    if batch.kind is TakeOverKind.ENTERPRISE:
        if values.get("established_on"):
            values["established_on"] = date.fromisoformat(values["established_on"])
        return take_over_enterprise(
            session, takeover_id=batch.id, values=values, actor=run.actor, now=run.now, reason=batch.file_name
        )

    return register_project(
        session, party_id=UUID(values["party_id"]), name_vi=values["name_vi"], name_en=values["name_en"],
        site=values["site"], code=values["code"], actor=run.actor, now=run.now, verification=Verification.TAKEN_OVER,
        takeover_id=batch.id,
    )  # fmt: skip


def _merge(session: Session, batch: TakeOver, row: TakeOverRow, run: Run) -> None:
    """Fill in what the record lacks; nothing that it says is overwritten."""
    row.state, row.result_id = RowState.MERGED, row.double_of
    if batch.kind is not TakeOverKind.ENTERPRISE or row.double_of is None:
        return
    record_ = session.get(Enterprise, row.double_of, with_for_update=True, populate_existing=True)
    if record_ is None:
        return
    filled: dict[str, Any] = {}
    for name in FILLABLE:
        value = row.values.get(name)
        if value and getattr(record_, name) is None:
            setattr(record_, name, date.fromisoformat(value) if name == "established_on" else value)
            filled[name] = value
    if not filled:
        return
    row.filled = filled
    record_.revision += 1
    record_.updated_at = run.now
    add_change(
        session, record_, what="EDITED", values={name: [None, as_json(value)] for name, value in filled.items()},
        reason=batch.file_name, actor=run.actor, now=run.now,
    )  # fmt: skip


def _fail(run: Run, batch_id: UUID, fault: DomainError) -> None:
    with run.transaction() as session:
        batch = session.get_one(TakeOver, batch_id, with_for_update=True)
        batch.state, batch.finished_at = TakeOverState.FAILED, run.now
        batch.fault = {"code": fault.code, "title": fault.title, "detail": fault.detail, "hint": fault.hint,
                       "params": {name: str(value) for name, value in fault.params.items()}}  # fmt: skip


def _as_json(problem: FieldProblem) -> dict[str, Any]:
    return {
        "name": problem.name,
        "code": problem.code,
        "reason": problem.reason,
        "params": problem.params or {},
    }
