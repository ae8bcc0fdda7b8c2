"""Lines of the nomenclature as the search of the platform finds them."""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from itertools import groupby

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.core.search import SearchDocument
from app.customs.tariff.models import TariffHeading

# Codes have no hour; among equals their own order is as good as any.
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)
_BATCH = 1000


def heading_documents(session: Session, keys: Collection[str] | None) -> Iterator[SearchDocument]:
    """Yield the codes that are in force or will be, each as it reads last."""
    heading = TariffHeading
    latest = (
        select(heading.code, heading.title)
        .where(
            func.upper_inf(heading.recorded),
            or_(func.upper_inf(heading.valid), func.upper(heading.valid) > func.current_date()),
        )
        .order_by(heading.code, func.lower(heading.valid))
    )
    if keys is not None:
        latest = latest.where(heading.code.in_(keys))
    rows = session.execute(latest.execution_options(yield_per=_BATCH))
    for code, held in groupby(rows, key=lambda row: row.code):
        *_, (_code, title) = held
        written = dotted(code)
        yield SearchDocument(
            key=code, code=written, title=title.get("vi", written), title_en=title.get("en", ""),
            url=f"/tariff/{code}", at=_ANY_TIME, words=(code,),
        )  # fmt: skip


def dotted(code: str) -> str:
    """Write a code as schedules do: ``8517.13.00``; a chapter stays as it is."""
    return ".".join(filter(None, (code[:4], code[4:6], code[6:8], code[8:10])))
