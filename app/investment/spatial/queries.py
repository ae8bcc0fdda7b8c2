"""Reading spatial checks, and carrying one out without keeping it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.geo import Place, legal_geometry, place_from_json
from app.core.workflow.models import Case
from app.investment.spatial.domain import Finding, Ground, Touched, check, inputs_of
from app.investment.spatial.models import SpatialCheck
from app.registry import facade as registry
from app.registry.facade import Position


@dataclass(frozen=True, slots=True)
class Looked:
    """A check that is not kept yet."""

    inputs: Mapping[str, Any]
    position: Position | None
    findings: Sequence[Finding]


def place_of(inputs: Mapping[str, Any]) -> Place | None:
    """Return the place that a form gives."""
    return place_from_json(inputs["place"]) if inputs["place"] else None


def look(session: Session, answers: Mapping[str, Any]) -> Looked:
    """Hold a form against the map in use."""
    inputs = inputs_of(answers)
    place = place_of(inputs)
    position = registry.position(session, place) if place is not None else None
    return Looked(inputs, position, check(inputs, _ground(position) if position else None))


def _ground(position: Position) -> Ground:
    return Ground(
        area_m2=position.area_m2,
        sites={hit.code: hit.share for hit in position.sites},
        areas=[Touched(hit.code, hit.function, hit.share, hit.industries) for hit in position.areas],
        nearest_site=position.nearest_site,
        border_m=position.border_m,
        overlaps=position.overlaps,
    )


def checks_of(session: Session, case_id: UUID) -> Sequence[SpatialCheck]:
    """Return the checks of a dossier, the oldest first."""
    found = select(SpatialCheck).where(SpatialCheck.case_id == case_id)
    return session.scalars(found.order_by(SpatialCheck.at, SpatialCheck.id)).all()


def others_in_progress(session: Session, *, case_id: UUID, place: Place) -> int:
    """Count the open dossiers of others whose filed place shares ground with a place; for officers, who see all."""
    ground = legal_geometry(place)
    found = (
        select(func.count(func.distinct(SpatialCheck.case_id)))
        .join(Case, Case.id == SpatialCheck.case_id)
        .where(SpatialCheck.case_id != case_id, Case.closed_at.is_(None))
        .where(
            func.ST_Intersects(SpatialCheck.geometry, ground), ~func.ST_Touches(SpatialCheck.geometry, ground)
        )
    )
    return session.scalar(found) or 0
