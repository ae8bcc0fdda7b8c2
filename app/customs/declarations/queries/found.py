"""What a search finds of declarations."""

from collections.abc import Collection, Iterator
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.core.auth.models import Party
from app.core.search import SearchDocument
from app.customs.declarations.models import Declaration
from app.customs.declarations.queries.reach import UNSEEN, tax_code_of


def firm_documents(session: Session, keys: Collection[str] | None) -> Iterator[SearchDocument]:
    """
    Yield the firms that handed something in: name and tax code, with the customs officer's page of each.

    :param keys: firms, or declarations of theirs: an event names what happened to a declaration.
    """
    handed_in: ColumnElement[bool] = Declaration.state.not_in(sorted(UNSEEN))
    if keys is not None:
        ids = [UUID(key) for key in keys]
        named = select(Declaration.party_id).where(Declaration.id.in_(ids))
        handed_in = handed_in & (Declaration.party_id.in_(ids) | Declaration.party_id.in_(named))
    rows = session.execute(
        select(Party.id, Party.name, func.max(Declaration.updated_at).label("at"))
        .join(Declaration, Declaration.party_id == Party.id)
        .where(handed_in)
        .group_by(Party.id, Party.name)
    ).all()
    for row in rows:
        tax_code = tax_code_of(session, row.id)
        yield SearchDocument(
            key=str(row.id), party_id=row.id, code=tax_code, title=row.name, detail="",
            url=f"/customs/firms/{row.id}", at=row.at,
        )  # fmt: skip


def declaration_documents(session: Session, keys: Collection[str] | None) -> Iterator[SearchDocument]:
    """Yield what a search finds of declarations that were handed in: code and official number, goods, firm."""
    listed = (
        select(Declaration, Party.name)
        .join(Party, Party.id == Declaration.party_id)
        .where(Declaration.state.not_in(sorted(UNSEEN)))
    )
    if keys is not None:
        listed = listed.where(Declaration.id.in_([UUID(key) for key in keys]))
    for row, firm in session.execute(listed.execution_options(yield_per=500)):
        said = " · ".join(filter(None, (row.official_number, row.type_code, firm, row.own_reference)))
        yield SearchDocument(
            key=str(row.id), party_id=row.party_id, code=row.code, title=row.summary or row.code, detail=said,
            url=f"/declarations/{row.id}", at=row.updated_at,
        )  # fmt: skip
