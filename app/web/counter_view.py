"""The counter as primitives for its pages: whom a dossier is entered for, and who brought the papers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import Request
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.core.auth.models import OFFICE_KINDS, Membership, Office, Party, PartyKind, User
from app.core.auth.service import fold_login
from app.core.i18n import N_, Translator, localise
from app.core.kit.personal import covered, reveal
from app.core.kit.time import local_day, utcnow
from app.core.search import ask, find
from app.core.workflow import counter, procedures
from app.core.workflow.counter import CameBy, Identity, Standing
from app.core.workflow.models import Case
from app.web.catalogue import short_names
from app.web.render import request_translator

SHORTEST = 2
MOST = 20

STANDINGS = {
    Standing.REPRESENTATIVE: N_("Represents the applicant, or is the applicant in person"),
    Standing.AUTHORISED: N_("Acts by power of attorney"),
    Standing.MESSENGER: N_("Only brings the papers"),
}
IDENTITIES = {
    Identity.ID_CARD: N_("Identity card"),
    Identity.E_IDENTITY: N_("Electronic identity (VNeID)"),
    Identity.PASSPORT: N_("Passport"),
}
KINDS = {PartyKind.ENTERPRISE: N_("Enterprise or investor"), PartyKind.PERSON: N_("Person with an account")}

CAME_BY = {
    CameBy.DESK: (N_("Brought to the desk"), N_("Somebody stands here with them.")),
    CameBy.POST: (N_("By public post"), N_("They came in a postal item; nobody shows a paper of identity.")),
}

_REGISTERED = KINDS[PartyKind.ENTERPRISE]


@dataclass(frozen=True, slots=True)
class Beginnings:
    """
    What can be begun for an applicant.

    ``options``: value, title and what it is about; the value of a dossier that begins with a result is
    ``procedure/key``. ``taken``: results that another dossier changes already. ``lacking``: procedures that begin with
    a result, of which the applicant holds none, and what to do.
    """

    options: Sequence[tuple[str, str, str]]
    taken: Sequence[Mapping[str, str]]
    lacking: Sequence[Mapping[str, str]]


def applicants(request: Request, session: Session, typed: str) -> list[dict[str, str]]:
    """Return whom a question means: an account by its whole address, anybody else by name or tax code."""
    if "@" in typed:
        return _of_account(request, session, typed)
    asked = ask(typed)
    kinds = request.app.state.applicants
    providers = [each for each in request.app.state.search if each.kind in kinds]
    return [
        {"id": found.key, "name": found.title, "other": found.title_en, "code": found.code, "kind": _REGISTERED}
        for group in find(session, asked, providers, most=MOST)
        for found in group.items
    ]  # fmt: skip


def applicant(session: Session, party_id: UUID) -> dict[str, str] | None:
    """Return one applicant; None for an office, or for nobody."""
    row = session.execute(select(Party.name, Party.kind).where(Party.id == party_id)).one_or_none()
    if row is None or row.kind in OFFICE_KINDS or row.kind not in KINDS:
        return None
    return {"id": str(party_id), "name": row.name, "kind": KINDS[row.kind]}


def beginnings(request: Request, session: Session, party_id: UUID, *, case_id: str = "") -> Beginnings:
    """
    Return what can be begun for an applicant.

    :param case_id: the draft that is being opened: a result that it already changes is still its own.
    """
    day, translator = local_day(utcnow(), request.app.state.zone_config.tz), request_translator(request)
    options, taken, lacking, called = [], [], [], short_names(request)
    for each in procedures.catalogue(session, day):
        title, short = (localise(text, translator.lang)[0] for text in (each.title, called.of(each)))
        if not each.begins_at:
            options.append((each.code, short, title))
        elif results := request.app.state.held_results.get(each.code):
            held = results.held(session, party_id)
            free = [one for one in held if one.under_way is None or one.under_way[0] == case_id]
            options += [(f"{each.code}/{one.key}", short, f"{one.key} · {one.title}") for one in free]
            taken += [
                {"key": one.key, "id": one.under_way[0], "name": one.under_way[1]}
                for one in held
                if one.under_way and one not in free
            ]
            lacking += [] if held else [{"title": title, "text": results.none, "href": results.register}]
    return Beginnings(options, taken, lacking)


def choices(translator: Translator) -> dict[str, list[tuple[str, ...]]]:
    """Return the options of the questions about who brings the papers."""
    return {
        "ways": [
            (code.value, translator.gettext(words), translator.gettext(hint))
            for code, (words, hint) in CAME_BY.items()
        ],
        "standings": [(code.value, translator.gettext(words)) for code, words in STANDINGS.items()],
        "identities": [(code.value, translator.gettext(words)) for code, words in IDENTITIES.items()],
    }


def visits_view(session: Session, case: Case, *, named: bool) -> dict[str, Any] | None:
    """
    Return at which counter a dossier is entered, and who brought papers; None for one that came online.

    :param named: the reader sees personal data, and the reading is recorded where it is one.
    """
    if case.desk_id is None:
        return None
    office = session.scalar(select(Office.name).where(Office.party_id == case.desk_id))
    return {
        "office": office or {},
        "by_post": case.channel == CameBy.POST,
        "visits": [
            {
                "presenter": (reveal if named else covered)(each.presenter).get("name") or "–",
                "standing": STANDINGS[Standing(each.standing)] if each.standing else "",
                "identity": IDENTITIES[Identity(each.identity)] if each.identity else "",
                "mail_number": each.mail_number or "",
                "at": each.at,
            }
            for each in counter.visits(session, case.id)
        ],
    }


def _of_account(request: Request, session: Session, typed: str) -> list[dict[str, str]]:
    rows: Sequence[Any] = session.execute(
        select(Party.id, Party.name, Party.kind)
        .join(Membership, Membership.party_id == Party.id)
        .join(User, User.id == Membership.user_id)
        .where(
            User.login == fold_login(typed),
            Party.kind.in_(KINDS),
            or_(Membership.valid_to.is_(None), Membership.valid_to > func.now()),
        )
        .order_by(Party.name, Party.id)
        .limit(MOST)
    ).all()
    return [
        {"id": str(row.id), "name": row.name, "other": "", "code": "", "kind": KINDS[row.kind]}
        for row in rows
    ]
