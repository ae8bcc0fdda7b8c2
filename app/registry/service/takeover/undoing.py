"""Taking a batch out again: whole or not at all, and only while nothing else refers to what it brought."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Table, delete, func, or_, select, update
from sqlalchemy.orm import Session

from app.core.auth.models import Party
from app.core.db import Base
from app.core.documents.models import Document
from app.core.evidence import Subject, record
from app.core.i18n import N_
from app.core.jobs import Run
from app.core.kit.actor import Actor
from app.core.search.models import TenantDocument
from app.registry.domain import RowState, TakeOverState
from app.registry.models import Change, Enterprise, Project, TakeOver, TakeOverRow
from app.registry.service.enterprises import add_change

# What a take-over itself writes; everything else that refers to its records is somebody's later work.
# The index of the search is derived and goes along.
_OWN = frozenset({Enterprise.__tablename__, Change.__tablename__, TenantDocument.__tablename__})
_WORDS = {
    "workflow_case": N_("dossiers"),
    "auth_membership": N_("people who act for the enterprise"),
    "registry_project": N_("projects"),
    "documents_document": N_("papers"),
    "registry_enterprise": N_("later changes of the record"),
}
OTHER = N_("other records")


def undo(run: Run, batch_id: UUID) -> None:
    """Take a batch out of the registry; where something else refers to it, nothing is changed and the batch says so."""
    with run.transaction() as session:
        batch = session.get_one(TakeOver, batch_id, with_for_update=True)
        if batch.state is not TakeOverState.UNDOING:
            return
        blocked = referrers(session, batch_id)
        if blocked:
            batch.state = TakeOverState.DONE
            batch.fault = {
                "code": "registry.takeover-referred",
                "title": N_("The batch cannot be undone."),
                "detail": N_("Something else refers to its records by now: %(what)s."),
                "hint": N_("Correct the single records instead."),
                "what": blocked,
                "params": {},
            }
            return
        _take_out(session, batch, actor=run.actor, now=run.now)


def referrers(session: Session, batch_id: UUID) -> list[str]:
    """Return message ids of what refers to the records of a batch, besides what the batch itself wrote."""
    parties = select(Enterprise.party_id).where(Enterprise.takeover_id == batch_id).scalar_subquery()
    projects = select(Project.id).where(Project.takeover_id == batch_id).scalar_subquery()
    found = []
    for table in Base.metadata.sorted_tables:
        pointing = _pointing(table, parties, projects)
        if (
            pointing is not None
            and session.execute(select(1).select_from(table).where(pointing).limit(1)).first()
        ):
            found.append(_WORDS.get(table.name, OTHER))
    changed = select(1).where(Enterprise.takeover_id == batch_id, Enterprise.revision > 1).limit(1)
    if session.execute(changed).first():
        found.append(_WORDS[Enterprise.__tablename__])
    return list(dict.fromkeys(found))


def _pointing(table: Table, parties: Any, projects: Any) -> ColumnElement[bool] | None:
    """Return the condition under which a row of a table refers to a record of the batch."""
    if table.name in _OWN:
        return None
    targets = {
        "auth_party.id": parties,
        "registry_enterprise.party_id": parties,
        "registry_project.id": projects,
    }
    conditions = [
        column.in_(targets[key.target_fullname])
        for column in table.columns
        for key in column.foreign_keys
        if key.target_fullname in targets
    ]
    if table.name == Document.__tablename__:
        conditions.append(table.c.party_id.in_(parties))  # its key goes with that of the version before
    return or_(*conditions) if conditions else None


def _take_out(session: Session, batch: TakeOver, *, actor: Actor, now: datetime) -> None:
    ids = list(session.scalars(select(Enterprise.party_id).where(Enterprise.takeover_id == batch.id)))
    own = select(Enterprise.party_id).where(Enterprise.takeover_id == batch.id).scalar_subquery()
    projects = [
        str(key) for key in session.scalars(select(Project.id).where(Project.takeover_id == batch.id))
    ]
    quick = {"synchronize_session": False}
    found = or_(TenantDocument.party_id == func.any(ids), TenantDocument.key == func.any(projects))
    session.execute(delete(TenantDocument).where(found).execution_options(**quick))
    session.execute(delete(Project).where(Project.takeover_id == batch.id).execution_options(**quick))
    session.execute(delete(Change).where(Change.party_id.in_(own)).execution_options(**quick))
    session.execute(delete(Enterprise).where(Enterprise.takeover_id == batch.id).execution_options(**quick))
    session.execute(delete(Party).where(Party.id == func.any(ids)).execution_options(**quick))
    merged = session.scalars(
        select(TakeOverRow).where(TakeOverRow.takeover_id == batch.id, TakeOverRow.state == RowState.MERGED)
    )
    for row in merged:
        _unfill(session, batch, row, actor=actor, now=now)
    session.execute(
        update(TakeOverRow)
        .where(
            TakeOverRow.takeover_id == batch.id,
            TakeOverRow.state.in_((RowState.IMPORTED, RowState.MERGED)),
        )
        .values(state=RowState.UNDONE)
        .execution_options(**quick)
    )
    batch.state, batch.undone_at, batch.undone_by = TakeOverState.UNDONE, now, actor.user_id
    record(
        session, "registry:takeover:undo", subject=Subject("takeover", batch.id), actor=actor, at=now,
        facts={"kind": batch.kind.value, "enterprises": len(ids)},
    )  # fmt: skip


def _unfill(session: Session, batch: TakeOver, row: TakeOverRow, *, actor: Actor, now: datetime) -> None:
    """Empty again what a merge filled in, where nobody has changed it since."""
    if not row.filled or row.double_of is None:
        return
    enterprise = session.get(Enterprise, row.double_of, with_for_update=True, populate_existing=True)
    if enterprise is None:
        return
    emptied = {}
    for name, value in row.filled.items():
        present = getattr(enterprise, name)
        if (present.isoformat() if isinstance(present, date) else present) == value:
            setattr(enterprise, name, None)
            emptied[name] = [value, None]
    if emptied:
        enterprise.revision += 1
        enterprise.updated_at = now
        add_change(
            session, enterprise, what="EDITED", values=emptied, reason=batch.file_name, actor=actor, now=now
        )
