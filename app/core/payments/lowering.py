"""
Asking for less than was paid: what the authority no longer demands of a settled slip is its payer's again.

No money moves by itself. The surplus shows on the slip, its payer is told, and may ask for it back. Setting it against
another slip is not offered: no source at hand says under which rule a surplus settles another demand.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.errors import NotFound
from app.core.evidence import Subject, record
from app.core.kit.actor import Actor
from app.core.payments.booking import resettle
from app.core.payments.models import Slip
from app.core.payments.states import SlipState


def demand_less(
    session: Session, *, slip_id: UUID, demanded: Decimal, why: Mapping[str, str], actor: Actor, now: datetime
) -> Slip:
    """
    Say that of a paid slip only so much is demanded still; twice means once, and a demand does not rise again here.

    :param why: by language; the payer reads it, and it is the reason that a request for a refund begins with.
    :raises NotFound: no such slip, or not the actor's to see.
    :raises ValueError: the slip is not paid: a demand that waits is cancelled and opened anew; or more than its total.
    """
    session.flush()  # the row is read again under its lock
    slip = session.get(Slip, slip_id, with_for_update=True, populate_existing=True)
    if slip is None:
        raise NotFound
    if slip.state != SlipState.PAID or not 0 <= demanded <= slip.total:
        raise ValueError("Only of a paid slip, less can be demanded.")
    released = slip.total - demanded
    if released <= slip.released:
        return slip
    slip.released, slip.release_reason = released, dict(why)
    record(
        session, "payments:slip:lower", subject=Subject("slip", slip.id), actor=actor, at=now, party_id=slip.party_id,
        facts={"reference": slip.reference, "demanded": f"{demanded:f}", "released": f"{released:f}"},
    )  # fmt: skip
    resettle(session, slip, actor=actor, now=now)
    return slip
