"""From a question to its answers: one for each day, quantities in the units that the schedule asks for."""

from dataclasses import replace

from sqlalchemy.orm import Session

from app.customs.tariff import facade, queries
from app.customs.tariff.api.asking import Question
from app.customs.tariff.domain.shipment import Shipment
from app.customs.tariff.facade import WhatIf


def answers_of(session: Session, question: Question) -> list[WhatIf]:
    """Work a question out for each of its days; a question with faults has no answer."""
    shipment = question.shipment
    if shipment is None:
        return []
    return [_what_if(session, replace(shipment, on=day)) for day in question.days]


def _what_if(session: Session, shipment: Shipment) -> WhatIf:
    units = {line.hs: queries.heading(session, line.hs8, shipment.on) for line in shipment.lines}
    lines = tuple(
        replace(line, unit=found.unit) if (found := units[line.hs]) else line for line in shipment.lines
    )
    return facade.what_if(session, replace(shipment, lines=lines), latest_exchange=True)
