"""Going on with a form whose session had ended while it was being filled in."""

import re
from collections.abc import Mapping
from uuid import UUID

from fastapi import Request, Response

from app.core.i18n import N_, Translator
from app.core.kit.time import utcnow
from app.core.workflow import procedures
from app.core.workflow.models import Case
from app.web.identity import AuthSession
from app.web.kept_forms import FormKeeper
from app.web.need import SignedInActor
from app.web.render import render, request_translator
from app.web.unit import DbSession, router

kept = router()

# A key, or names of questions and options as programs write them.
_CODES = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[a-z0-9]+(_[a-z0-9]+)*( [a-z0-9]+(_[a-z0-9]+)*)*|[A-Z_]{2,}")
_SECTION = re.compile(r"/dossiers/([0-9a-f-]{36})/form/([a-z][a-z0-9_]*)")
_CELL = re.compile(r"([a-z][a-z0-9_]*)-([0-9]{1,3})-([a-z][a-z0-9_]*)")
# What the fields of all other forms that hold longer texts ask for, by their names.
_NAMES: Mapping[str, str] = {
    "reason": N_("Reason"),
    "opinion": N_("Reason or conditions"),
    "note": N_("Note"),
    "note_vi": N_("Note in Vietnamese"),
    "note_en": N_("Note in English"),
    "remark": N_("Explanation to the registry"),
    "value": N_("Value"),
    "goal": N_("Goal of the project"),
    "email": N_("E-mail address"),
    "phone": N_("Telephone"),
    "valid_from": N_("First day"),
    "start": N_("First day"),
    "since": N_("From"),
    "valid_to": N_("Last day"),
    "last": N_("Last day"),
    "until": N_("Last day"),
    "name_vi": N_("Name in Vietnamese"),
    "name_en": N_("Name in English"),
    "tax_code": N_("Tax code"),
}


@kept.get("/continue/{form_id}", name="continue", include_in_schema=False)
def continue_page(
    request: Request, actor: SignedInActor, session: AuthSession, own: DbSession, form_id: UUID
) -> Response:
    """
    Show that what was typed is still there, and send it on with one press.

    :raises KeptFormGone: there is none for this person.
    """
    assert actor.user_id is not None
    keeper: FormKeeper = request.app.state.form_keeper
    found = keeper.find(session, form_id, user_id=actor.user_id, now=utcnow())
    translator = request_translator(request)
    names = _labels(own, found.path, translator)
    view = {
        "title": translator.gettext("Go on where you were"),
        "action": found.path,
        "page": found.page,
        "carried": found.fields,
        "typed": [
            {"label": _label(name, names) or translator.gettext("Other answers"), "value": value}
            for name, value in found.fields
            if _is_typed(value)
        ],
        "files": found.files,
        "at": found.at,
    }
    return render(request, "account/continue.html", view, headers={"HX-Push-Url": "false"})


def _labels(session: DbSession, path: str, translator: Translator) -> Mapping[str, str]:
    """Return what the fields of a form ask, by name; a page of a dossier's form knows it from its procedure."""
    names = {name: translator.gettext(text) for name, text in _NAMES.items()}
    found = _SECTION.match(path)
    case = session.get(Case, UUID(found[1])) if found else None
    if found is None or case is None:
        return names
    for section in procedures.definition_of(session, case.version_id).sections:
        for field in section.fields if section.code == found[2] else ():
            names[field.code] = names[f"{field.code}_currency"] = field.label[translator.lang]
            for part in field.fields:
                label = f"{field.entry.get(translator.lang, field.label[translator.lang])} %s: "
                names[f"{field.code}--{part.code}"] = label + part.label[translator.lang]
    return names


def _label(name: str, names: Mapping[str, str]) -> str:
    if cell := _CELL.fullmatch(name):
        label = names.get(f"{cell[1]}--{cell[3]}", "")
        return label.replace("%s", str(int(cell[2]) + 1), 1)
    return names.get(name, "")


def _is_typed(value: str) -> bool:
    """Tell whether a value is worth showing; keys, codes and empty fields are not."""
    return bool(value.strip()) and not _CODES.fullmatch(value)
