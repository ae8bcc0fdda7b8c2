"""
What the gateway said and nobody could take: kept as it came, tried again when asked, set aside by a person only.

A piece stops none of the others. It is settled by itself when the same notice comes in order.
"""

import hashlib
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.auth.permissions import require
from app.core.errors import Conflict, FieldProblem, Invalid, NotFound
from app.core.evidence import Subject, record
from app.core.i18n import N_
from app.core.kit.actor import SYSTEM, Actor
from app.core.kit.ids import uuid7
from app.core.kit.text import nfc
from app.core.telemetry import get_logger
from app.customs.declarations.models import Declaration, Unread
from app.customs.declarations.permissions import RUN_GATEWAY
from app.customs.declarations.wire import Notice, write_response
from app.customs.declarations.wire import Unread as Piece

_log = get_logger(__name__)
OPEN, TAKEN, ASIDE = "OPEN", "TAKEN", "ASIDE"
STRAY, CONTRADICTS, NO_SEQUENCE = "stray", "contradicts", "no-sequence"
MAX_REASON = 500
# Codes of what says another thing than what is known: that the known one comes again settles nothing.
_LASTING = frozenset({CONTRADICTS, STRAY})


class Settled(Conflict):
    """Somebody was faster."""

    code = "declarations.unread-settled"
    title = "This notice is settled already."
    detail = "It could be read meanwhile, or somebody set it aside."
    hint = "Look at the list again."


def keep(session: Session, piece: Piece, *, now: datetime) -> UUID | None:
    """Keep a piece; None when it is known already."""
    declaration_id = session.scalar(select(Declaration.id).where(Declaration.code == piece.reference))
    made: UUID | None = session.scalar(
        insert(Unread)
        .values(
            id=uuid7(), sha256=hashlib.sha256(piece.raw).hexdigest(), raw=piece.raw, code=piece.code,
            message=piece.message, gateway_id=piece.id, reference=piece.reference, sequence=piece.sequence,
            declaration_id=declaration_id, received_at=now, tries=1, tried_at=now, state=OPEN, reason="",
        )
        .on_conflict_do_nothing(index_elements=[Unread.sha256])
        .returning(Unread.id)
    )  # fmt: skip
    if made is not None:
        _log.warning("customs.unread_notice", code=piece.code, gateway_id=piece.id)
        facts = {"code": piece.code, "notice": piece.id, "declaration": piece.reference}
        record(
            session, "customs:unread:keep", subject=Subject("unread", made), actor=SYSTEM, at=now, facts=facts
        )
    return made


def keep_notice(session: Session, notice: Notice, code: str, *, now: datetime) -> UUID | None:
    """Keep a notice that can be read and has no place here; see ``keep``."""
    raw = write_response(notice)
    piece = Piece(raw, code, id=notice.id, reference=notice.reference, sequence=notice.sequence)
    return keep(session, piece, now=now)


def settle(session: Session, notice: Notice, *, now: datetime) -> None:
    """Settle what could not be read of a notice that came again in order."""
    same = (Unread.gateway_id == notice.id) | (
        (Unread.reference == notice.reference) & (Unread.sequence == notice.sequence)
    )
    session.execute(
        update(Unread)
        .where(Unread.state == OPEN, Unread.code.not_in(_LASTING), same)
        .values(state=TAKEN, settled_at=now)
    )


def note_try(session: Session, unread_id: UUID, *, code: str, message: str, now: datetime) -> None:
    """Note what came of another try; an empty code: it could be taken."""
    row = session.get(Unread, unread_id, with_for_update=True, populate_existing=True)
    if row is None or row.state != OPEN:
        return
    row.tries, row.tried_at = row.tries + 1, now
    if code:
        row.code, row.message = code, message
    else:
        row.state, row.settled_at = TAKEN, now
    record(
        session, "customs:unread:try", subject=Subject("unread", row.id), actor=SYSTEM, at=now,
        facts={"code": code, "state": row.state},
    )  # fmt: skip


def set_aside(session: Session, *, unread_id: UUID, reason: str, actor: Actor, now: datetime) -> None:
    """
    Decide that a piece says nothing; it stays in the list of what is settled, with the reason.

    :raises Forbidden: the actor does not run the gateway.
    :raises NotFound: no such piece.
    :raises Settled: it is settled already.
    :raises Invalid: no reason.
    """
    require(actor, RUN_GATEWAY)
    row = session.get(Unread, unread_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound
    if row.state != OPEN:
        raise Settled
    words = nfc(reason).strip()
    if not words or len(words) > MAX_REASON:
        problem = N_("Say why it is set aside, in at most %(limit)s characters.")
        raise Invalid(errors=[FieldProblem("reason", "missing", problem, {"limit": MAX_REASON})])
    row.state, row.settled_at, row.settled_by, row.reason = ASIDE, now, actor.user_id, words
    record(
        session, "customs:unread:set-aside", subject=Subject("unread", row.id), actor=actor, at=now,
        facts={"code": row.code, "notice": row.gateway_id, "reason": words},
    )  # fmt: skip
