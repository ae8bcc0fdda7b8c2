"""The register of outgoing papers: numbers without gaps."""

from collections.abc import Callable
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.documents.models import Letter, LetterNumber
from app.core.kit.ids import uuid7
from app.core.kit.text import nfc


def allocate_number(
    session: Session,
    *,
    office_id: UUID,
    kind: str,
    subject: str,
    issued_on: date,
    now: datetime,
    symbol: str = "",
    written: Callable[[int], str] | None = None,
) -> Letter:
    """
    Take the next number of an office for a kind of paper, without gaps, and enter it in the register.

    The counter's row stays locked until the caller's transaction ends, so allocate late; a rollback gives the
    number back. Set ``letter.document`` once the paper is stored.

    :param symbol: from configuration, e.g. agency and division; printed after the number.
    :param written: writes the number of a kind of paper that has a form of its own.
    :param issued_on: local day of issue; its year starts a new sequence.

    Source: Decree 30/2020/NĐ-CP, article 15 (numbers run from 1 January to 31 December) and annex I
    (numbers below 10 are written with a leading zero).
    """
    counter = insert(LetterNumber).values(office_id=office_id, year=issued_on.year, kind=kind, last_number=1)
    statement = counter.on_conflict_do_update(
        index_elements=[LetterNumber.office_id, LetterNumber.year, LetterNumber.kind],
        set_={"last_number": LetterNumber.last_number + 1},
    ).returning(LetterNumber.last_number)
    number = session.execute(statement).scalar_one()
    letter = Letter(
        id=uuid7(),
        office_id=office_id,
        year=issued_on.year,
        kind=kind,
        number=number,
        text=written(number) if written is not None else f"{number:02d}/{symbol}",
        issued_at=now,
        subject=nfc(subject),
    )
    session.add(letter)
    return letter


def void_number(session: Session, *, document_id: UUID, reason: str, now: datetime) -> Letter | None:
    """
    Note in the register that the number of a paper counts no more; it is never given again.

    :return: the row of the register; None for a paper that took no number of its own.
    """
    letter = session.scalar(select(Letter).where(Letter.document_id == document_id).with_for_update())
    if letter is not None:
        letter.voided_at, letter.void_reason = now, nfc(reason)
    return letter
