"""Going on with a form whose session had ended while it was being filled in."""

import re
from uuid import UUID

from fastapi import Request, Response

from app.core.kit.time import utcnow
from app.web.identity import AuthSession
from app.web.kept_forms import FormKeeper
from app.web.need import SignedInActor
from app.web.render import render, request_translator
from app.web.unit import router

kept = router()

# A key, or names of questions and options as programs write them.
_CODES = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[a-z0-9]+(_[a-z0-9]+)*( [a-z0-9]+(_[a-z0-9]+)*)*|[A-Z_]{2,}")


@kept.get("/continue/{form_id}", name="continue", include_in_schema=False)
def continue_page(request: Request, actor: SignedInActor, session: AuthSession, form_id: UUID) -> Response:
    """
    Show that what was typed is still there, and send it on with one press.

    :raises KeptFormGone: there is none for this person.
    """
    assert actor.user_id is not None
    keeper: FormKeeper = request.app.state.form_keeper
    found = keeper.find(session, form_id, user_id=actor.user_id, now=utcnow())
    view = {
        "title": request_translator(request).gettext("Go on where you were"),
        "action": found.path,
        "page": found.page,
        "carried": found.fields,
        "typed": [value for _, value in found.fields if _is_typed(value)],
        "files": found.files,
        "at": found.at,
    }
    return render(request, "account/continue.html", view, headers={"HX-Push-Url": "false"})


def _is_typed(value: str) -> bool:
    """Tell whether a value is worth showing; keys, codes and empty fields are not."""
    return bool(value.strip()) and not _CODES.fullmatch(value)
