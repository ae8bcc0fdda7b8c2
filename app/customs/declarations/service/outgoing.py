"""The one place from which the messages of papers, answers, amendments and cancellations leave for the gateway."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.core.errors import DomainError
from app.core.kit.actor import Actor
from app.customs.declarations.models import Declaration
from app.customs.declarations.service import sending
from app.customs.declarations.wire import MessageKind


class NoWayOut(DomainError):
    """A declaration from elsewhere is answered where it was sent from."""

    code = "declarations.no-way-out"
    status = 409
    title = "This cannot be sent to customs from here."
    detail = "The declaration was made in another system. Nothing was sent or changed."
    hint = "Send it through the customs system in which the declaration was made."


def hand_over(
    session: Session,
    *,
    declaration: Declaration,
    kind: str,
    content: Mapping[str, Any],
    actor: Actor,
    now: datetime,
) -> None:
    """
    Queue a message of the firm for the gateway.

    :param kind: AMEND, CANCEL, DOCUMENTS or ANSWER.
    :param content: what the message says, as texts.
    :raises NoWayOut: the declaration was made elsewhere.
    """
    if declaration.origin != "OURS":
        raise NoWayOut
    said = json.dumps(content, sort_keys=True, ensure_ascii=False)
    number = {"official_number": declaration.official_number} if declaration.official_number else {}
    subject = hashlib.sha256(said.encode()).hexdigest()[:32]
    sending.queue(
        session, declaration=declaration, kind=MessageKind(kind), subject=subject,
        content={**content, **number}, actor=actor, now=now,
    )  # fmt: skip
