"""What pages of a take-over show: its words, its state, its columns, its faults and rows that may double a record."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from openpyxl.utils import get_column_letter

from app.core.i18n import N_
from app.registry.domain import RowState, TakeOverKind, TakeOverState
from app.registry.models import TakeOver, TakeOverRow
from app.registry.service import takeover
from app.web.render import Crumb, request_translator

HOME = "/registry/take-overs"
KINDS = {TakeOverKind.ENTERPRISE: N_("Enterprises"), TakeOverKind.PROJECT: N_("Projects")}
STATES: Mapping[TakeOverState, tuple[str, str]] = {
    TakeOverState.UPLOADED: ("wait", N_("Columns to be chosen")),
    TakeOverState.CHECKING: ("active", N_("Being checked")),
    TakeOverState.CHECKED: ("wait", N_("Checked, nothing imported yet")),
    TakeOverState.IMPORTING: ("active", N_("Being imported")),
    TakeOverState.DONE: ("good", N_("Imported")),
    TakeOverState.UNDOING: ("active", N_("Being undone")),
    TakeOverState.UNDONE: ("neutral", N_("Undone")),
    TakeOverState.CANCELLED: ("neutral", N_("Cancelled")),
    TakeOverState.FAILED: ("bad", N_("The file cannot be read")),
}
ROW_STATES: Mapping[RowState, str] = {
    RowState.READY: N_("without faults"),
    RowState.FAULTY: N_("with faults"),
    RowState.DOUBLE: N_("may double a record"),
    RowState.IMPORTED: N_("imported"),
    RowState.MERGED: N_("merged"),
    RowState.SKIPPED: N_("skipped"),
    RowState.UNDONE: N_("undone"),
}


def head(request: Request, batch: TakeOver) -> dict[str, Any]:
    """Return what every page of a batch says of it."""
    gettext = request_translator(request).gettext
    tone, word = STATES[batch.state]
    return {
        "id": str(batch.id), "name": batch.file_name, "kind": gettext(KINDS[batch.kind]), "code": batch.state.value,
        "sheet": batch.sheet, "tone": tone, "state": gettext(word), "at": batch.created_at, "done": batch.rows_done,
        "total": batch.rows_total, "undone_at": batch.undone_at, "cancel_asked": batch.cancel_asked,
        "list": "/registry" if batch.kind is TakeOverKind.ENTERPRISE else "",
    }  # fmt: skip


def fault(request: Request, batch: TakeOver) -> dict[str, str] | None:
    """Return why the file of a batch cannot be read, None where it can."""
    if not batch.fault:
        return None
    gettext = request_translator(request).gettext
    params = {
        **batch.fault.get("params", {}),
        "what": ", ".join(gettext(word) for word in batch.fault.get("what", ())),
    }
    return {name: gettext(batch.fault[name], **params) for name in ("title", "detail", "hint")}


def problems(request: Request, batch: TakeOver, row: TakeOverRow) -> list[dict[str, str]]:
    """Return what is wrong with a row: the cell, the field, the fault and its remedy."""
    gettext = request_translator(request).gettext
    labels = {field.code: field.label for field in takeover.FIELDS[batch.kind]}
    found = []
    for problem in row.problems:
        field, reason = problem["name"], problem["reason"]
        label = labels.get(field, "")
        found.append(
            {
                "place": f"{get_column_letter(batch.mapping[field] + 1)}{row.number}"
                if field in batch.mapping
                else "",
                "label": gettext(label) if label else "",
                "what": gettext(reason, **problem["params"]),
                "remedy": gettext(takeover.remedy(problem["code"])),
            }
        )
    return found


def double(row: TakeOverRow) -> dict[str, Any]:
    """Return a row that may double a record, with the record and what was decided."""
    return {
        "number": row.number, "name": row.values.get("name_vi", ""), "double_name": row.double_name,
        "by_name": row.double_by == "NAME", "decision": row.decision.value if row.decision else "",
        "code": row.values.get("tax_code") or row.values.get("code") or "",
    }  # fmt: skip


def columns(batch: TakeOver) -> list[tuple[str, str]]:
    """Return the columns of a file to choose among: letter, name and the first values."""
    options = []
    for number, name in enumerate(batch.header):
        if name:
            sample = _sample(batch, number)
            said = f"{get_column_letter(number + 1)}: {name}"
            options.append((str(number), f"{said} ({sample})" if sample else said))
    return options


def crumbs(request: Request, batch: TakeOver | None = None) -> list[Crumb]:
    """Return the way to a page of take-overs, by way of its batch where there is one."""
    way = [Crumb(request_translator(request).gettext("Take-over of older records"), HOME)]
    return [*way, Crumb(batch.file_name, f"{HOME}/{batch.id}")] if batch else way


def _sample(batch: TakeOver, column: int) -> str:
    """Return the first values of a column, for recognising it."""
    shown = [str(row[column])[:30] for row in batch.samples if column < len(row) and row[column]]
    return ", ".join(shown[:2])
