"""What the platform holds about the person who asks: one file, for them alone."""

import json
from typing import Any

from fastapi import Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.auth.models import LoginSession, Membership, Party, User
from app.core.evidence import Subject, record_read
from app.core.kit.actor import Actor
from app.core.kit.personal import reveal
from app.core.kit.time import utcnow
from app.core.privacy import Purpose, Reading
from app.core.workflow.models import Case
from app.web.identity import AuthSession
from app.web.need import SignedInActor
from app.web.pages.downloads import DOWNLOAD_HEADERS, disposition
from app.web.unit import DbSession, router

own_data = router()

MAX_ROWS = 10_000


@own_data.get("/account/my-data", name="own-data", include_in_schema=False)
def my_data(request: Request, session: DbSession, auth: AuthSession, actor: SignedInActor) -> Response:
    """Send everything that is held about the person, with the dossiers that they began, as JSON."""
    now = utcnow()
    content = {
        "made_at": now.isoformat(),
        "account": _account(auth, actor),
        "dossiers": _dossiers(session, actor),
        "readings_of_our_data": _readings(session, actor),
    }
    assert actor.user_id is not None
    record_read(
        session,
        purpose=Purpose.OWNER.value,
        subject=Subject("user", actor.user_id),
        actor=actor,
        at=now,
        verb="export",
    )
    body = json.dumps(content, ensure_ascii=False, indent=2)
    headers = DOWNLOAD_HEADERS | {"Content-Disposition": disposition("my-data.json")}
    return Response(body, media_type="application/json", headers=headers)


def _account(session: Session, actor: Actor) -> dict[str, Any]:
    user = session.get_one(User, actor.user_id)
    memberships = session.execute(
        select(Membership.roles, Membership.valid_from, Membership.valid_to, Party.name)
        .join(Party, Party.id == Membership.party_id)
        .where(Membership.user_id == actor.user_id)
        .order_by(Membership.valid_from)
    )
    sessions = session.scalars(
        select(LoginSession).where(LoginSession.user_id == actor.user_id).order_by(LoginSession.created_at)
    )
    return {
        "login": user.login,
        "name": user.full_name,
        "email": user.email,
        "language": user.language,
        "opened_at": user.created_at.isoformat(),
        "memberships": [
            {
                "party": row.name,
                "roles": row.roles,
                "from": row.valid_from.isoformat(),
                "to": row.valid_to.isoformat() if row.valid_to else None,
            }
            for row in memberships
        ],
        "sessions": [
            {"began_at": each.created_at.isoformat(), "address": each.ip, "browser": each.user_agent}
            for each in sessions
        ],
    }


def _dossiers(session: Session, actor: Actor) -> list[dict[str, Any]]:
    """Return the dossiers that the person began; an officer began none of the applicants'."""
    if actor.is_officer:
        return []
    found = session.scalars(
        select(Case).where(Case.created_by == actor.user_id).order_by(Case.created_at).limit(MAX_ROWS)
    )
    return [
        {
            "code": case.code,
            "title": case.title,
            "procedure": case.procedure,
            "state": case.state,
            "begun_at": case.created_at.isoformat(),
            "answers": reveal(case.answers),
        }
        for case in found
    ]


def _readings(session: Session, actor: Actor) -> list[dict[str, Any]]:
    if actor.is_officer:
        return []
    found = session.scalars(
        select(Reading).where(Reading.party_id.in_(actor.party_ids)).order_by(Reading.at).limit(MAX_ROWS)
    )
    return [
        {
            "at": row.at.isoformat(),
            "kind": row.kind,
            "purpose": row.purpose,
            "roles": row.roles,
            "object": row.object_code,
            "fields": row.fields,
        }
        for row in found
    ]
