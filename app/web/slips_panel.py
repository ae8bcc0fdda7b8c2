"""The slips of one matter on the page of the matter, for readers who may open them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.kit.actor import Actor
from app.core.payments import slips_of
from app.core.payments.permissions import READ
from app.web.payments_view import may_pay, state_view


def slips_panel(session: Session, actor: Actor, *, subject_kind: str, subject_id: UUID) -> Mapping[str, Any]:
    """Return what ``payments/_slips_panel.html`` shows; empty where this reader may open none."""
    slips = [
        each
        for each in slips_of(session, subject_kind=subject_kind, subject_id=subject_id)
        if (actor.may(READ) if actor.is_officer else may_pay(actor, each))
    ]
    if not slips:
        return {}
    return {
        "rows": [
            {
                "href": f"/payments/{each.id}", "reference": each.reference, "total": each.total,
                "outstanding": each.outstanding, "due_on": each.due_on, "state": state_view(each),
                "excess": each.excess, "asks": each.excess > 0 and may_pay(actor, each),
            }
            for each in slips
        ],
        "pays": any(each.outstanding and may_pay(actor, each) for each in slips),
    }  # fmt: skip
