"""Keeping spatial checks: when a request is filed, and when an officer asks again."""

import hashlib
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.evidence import Subject, canonical_json, record
from app.core.geo import legal_geometry
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.workflow.models import Case
from app.investment.spatial.models import SpatialCheck
from app.investment.spatial.queries import Looked, look, place_of


def freeze(session: Session, *, case: Case, actor: Actor, now: datetime) -> str:
    """
    Keep what the map says about the place of a request at the moment of filing; return the digest.

    The row is never changed; inputs, version of the map and findings are under the digest in the evidence log.
    """
    return _keep(session, look(session, case.answers), uuid7(), "SUBMIT", case=case, actor=actor, now=now)


def repeat(session: Session, *, check_id: UUID, case: Case, actor: Actor, now: datetime) -> None:
    """Hold a filed request against the map once more; the key comes from the page, so twice means once."""
    if session.get(SpatialCheck, check_id) is None:
        _keep(session, look(session, case.answers), check_id, "DESK", case=case, actor=actor, now=now)


def _keep(
    session: Session, looked: Looked, check_id: UUID, reason: str, *, case: Case, actor: Actor, now: datetime
) -> str:
    version = looked.position.map if looked.position else None
    findings = [finding.as_json() for finding in looked.findings]
    map_hash = version.hash if version else ""
    content = canonical_json({"inputs": dict(looked.inputs), "map": map_hash, "findings": findings})
    digest = hashlib.sha256(content).hexdigest()
    place = place_of(looked.inputs)
    session.add(
        SpatialCheck(
            id=check_id, case_id=case.id, party_id=case.party_id, reason=reason, at=now, by=actor.user_id,
            map_id=version.id if version else None, map_hash=map_hash, inputs=dict(looked.inputs), findings=findings,
            digest=digest, geometry=legal_geometry(place) if place is not None else None,
        )
    )  # fmt: skip
    record(
        session, "investment:spatial-check:keep", subject=Subject("case", case.id), actor=actor, at=now,
        party_id=case.party_id,
        facts={"reason": reason, "digest": digest, "map": map_hash,
               "outcomes": [f"{each['code']}:{each['outcome']}" for each in findings]},
    )  # fmt: skip
    return digest
