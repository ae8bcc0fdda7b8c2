"""The counter: reception enters a dossier for an applicant who came with papers, and notes who brought them."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from app.core.auth.models import OFFICE_KINDS, Party
from app.core.errors import FieldProblem, Forbidden, Invalid, NotFound
from app.core.evidence import Subject, record
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.kit.personal import Personal
from app.core.kit.text import nfc
from app.core.privacy import Holder, Sealer, key_box
from app.core.workflow import procedures
from app.core.workflow.definition import Side
from app.core.workflow.desk import Desk
from app.core.workflow.models import Case, Visit
from app.core.workflow.permissions import RECEIVE
from app.core.workflow.personal import HOLDER
from app.core.workflow.standing_in import COUNTER, POST, desks_of, own_desk, stands_in

LONGEST_NAME = 200
PRESENTER, NUMBER = "presenter", "visit-identity-number"
"""The field of a presenter's name among the personal data of its dossier."""
LONGEST_NUMBER = 30
BEGUN = 50


class Standing(StrEnum):
    """What who brings the papers is to the applicant."""

    REPRESENTATIVE = "REPRESENTATIVE"
    AUTHORISED = "AUTHORISED"
    MESSENGER = "MESSENGER"


class Identity(StrEnum):
    """Which paper of identity was shown."""

    ID_CARD = "ID_CARD"
    E_IDENTITY = "E_IDENTITY"
    PASSPORT = "PASSPORT"


class CameBy(StrEnum):
    """How the papers came to the counter: the channels of its dossiers."""

    DESK = COUNTER
    POST = POST


class VisitFaulty(Invalid):
    """Who came with the papers is not said completely."""

    code = "workflow.visit-faulty"
    title = "Say who brought the papers."


@dataclass(frozen=True, slots=True)
class Presenter:
    """
    Who brings or sends the papers, as the form says it.

    ``number`` is that of the paper of identity, and is not kept; ``mail_number`` that of the postal item, which is.
    Who comes is asked for standing and paper of identity; who writes can show none.
    """

    name: str
    standing: str
    identity: str
    number: str
    came_by: str = CameBy.DESK
    mail_number: str = ""


@dataclass(frozen=True, slots=True)
class Begun:
    """A dossier that a counter has begun and not filed."""

    id: UUID
    title: str
    applicant: str
    version_id: UUID
    saved_at: datetime


@dataclass(frozen=True, slots=True)
class AtCounter:
    """Which office's counter enters a dossier, for which applicant, and how the papers came."""

    desk_id: UUID
    party_id: UUID
    channel: str


Opening = Callable[[AtCounter], Case]
"""Opens the draft of a procedure that begins with a result of the applicant."""


def begin(
    session: Session, *, desk: Desk, case_id: UUID, procedure: str, party_id: UUID, presenter: Presenter, actor: Actor,
    now: datetime, opening: Opening | None = None,
) -> Case:  # fmt: skip
    """
    Open a draft at the actor's counter and note who came. The key comes from the page: twice opens one.

    :param opening: opens the draft where it begins with a result of the applicant.

    :raises Forbidden: the actor does not receive at any counter.
    :raises VisitFaulty: who came is not said completely.
    :raises NotFound: no such applicant, or the key belongs to another's dossier.
    :raises NotInForce, BaseNeeded: as ``Desk.open``.
    """
    desk_id = own_desk(actor)
    _refuse_faulty(presenter)
    kind = session.scalar(select(Party.kind).where(Party.id == party_id))
    if kind is None or kind in OFFICE_KINDS:
        raise NotFound
    if opening is not None:
        case = opening(AtCounter(desk_id, party_id, presenter.came_by))
    else:
        case = desk.open(
            session, case_id=case_id, procedure=procedure, party_id=party_id, actor=actor, now=now, desk_id=desk_id,
            channel=presenter.came_by,
        )  # fmt: skip
    if not visits(session, case.id):
        _note(session, case, desk_id, presenter, actor=actor, now=now)
    return case


def note_visit(
    session: Session, *, case: Case, visit_id: UUID, presenter: Presenter, actor: Actor, now: datetime
) -> None:  # fmt: skip
    """
    Note that somebody came again for a dossier, with a supplement for example. Twice under one key notes one.

    :raises Forbidden: the dossier is entered at no counter of the actor, or it waits for nobody outside.
    :raises VisitFaulty: who came is not said completely.
    """
    state = procedures.definition_of(session, case.version_id).states[case.state]
    if case.desk_id is None or not stands_in(case.desk_id, actor) or state.waits_for is not Side.APPLICANT:
        raise Forbidden(permission=RECEIVE)
    _refuse_faulty(presenter)
    if session.get(Visit, visit_id) is None:
        _note(session, case, case.desk_id, presenter, actor=actor, now=now, visit_id=visit_id)


def visits(session: Session, case_id: UUID) -> list[Visit]:
    """Return who came for a dossier, in order; their names are covered."""
    return list(session.scalars(select(Visit).where(Visit.case_id == case_id).order_by(Visit.at, Visit.id)))


def seal_names(session: Session, *, now: datetime) -> int:
    """
    Seal the names of presenters that were noted in plain by an earlier version; return how many. Runs as an officer.

    Where the personal data of the dossier were erased already, the name goes as well.
    """
    rows = session.execute(
        select(Visit, Case.erased_at)
        .join(Case, Case.id == Visit.case_id)
        .where(func.jsonb_typeof(Visit.presenter["name"]) == "string")
    ).all()
    for visit, erased_at in rows:
        name = str(visit.presenter["name"])
        visit.presenter = (
            {} if erased_at is not None else _sealed(session, visit.case_id, visit.party_id, name, now)
        )
        flag_modified(visit, "presenter")  # a sealed text equals its plain one
    return len(rows)


def begun_at(session: Session, actor: Actor, *, size: int = BEGUN) -> list[Begun]:
    """Return the dossiers that the actor's counters have begun and not filed, the latest first."""
    rows = session.execute(
        select(Case.id, Case.title, Party.name, Case.version_id, Case.saved_at)
        .join(Party, Party.id == Case.party_id)
        .where(Case.desk_id.in_(desks_of(actor)), Case.submitted_at.is_(None), Case.closed_at.is_(None))
        .order_by(Case.saved_at.desc(), Case.id)
        .limit(size)
    )
    return [Begun(*row) for row in rows]


def presenter_problems(presenter: Presenter) -> list[FieldProblem]:
    """Return everything that is wanting in what is said of a presenter."""
    found = []
    if presenter.came_by not in set(CameBy):
        found.append(FieldProblem("came_by", "missing", N_("Choose how the papers came.")))
    if not 1 <= len(_clean(presenter.name)) <= LONGEST_NAME:
        found.append(FieldProblem("presenter", "missing", _NAMED[presenter.came_by == CameBy.POST]))
    if presenter.came_by == CameBy.POST:
        if not 1 <= len(_number(presenter.mail_number)) <= LONGEST_NUMBER:
            reason = N_("Give the number that stands on the postal item.")
            found.append(FieldProblem("mail_number", "missing", reason))
        return found
    if presenter.standing not in set(Standing):
        found.append(FieldProblem("standing", "missing", N_("Choose what this person is to the applicant.")))
    if presenter.identity not in set(Identity):
        found.append(FieldProblem("identity", "missing", N_("Choose which paper of identity was shown.")))
    if not 1 <= len(_number(presenter.number)) <= LONGEST_NUMBER:
        found.append(FieldProblem("identity_number", "missing", N_("Give the number of that paper.")))
    return found


_NAMED = {
    False: N_("Give the name as it stands on the paper of identity."),
    True: N_("Give the name of the sender as it stands on the postal item."),
}


def _refuse_faulty(presenter: Presenter) -> None:
    if problems := presenter_problems(presenter):
        raise VisitFaulty(errors=problems)


def _note(
    session: Session, case: Case, desk_id: UUID, presenter: Presenter, *, actor: Actor, now: datetime,
    visit_id: UUID | None = None,
) -> None:  # fmt: skip
    assert actor.user_id is not None, "only a person receives"
    by_post = presenter.came_by == CameBy.POST
    named = _sealed(session, case.id, case.party_id, _clean(presenter.name), now)
    number = _number(presenter.mail_number if by_post else presenter.number)
    visit = Visit(
        id=visit_id or uuid7(), case_id=case.id, party_id=case.party_id, desk_id=desk_id,
        presenter=named, standing=None if by_post else presenter.standing, at=now, by=actor.user_id,
        identity=None if by_post else presenter.identity, came_by=presenter.came_by,
        mail_number=number if by_post else None,
    )  # fmt: skip
    session.add(visit)
    record(
        session, "workflow:visit:note", subject=Subject("case", case.id), actor=actor, at=now, party_id=case.party_id,
        facts={"visit": str(visit.id), "came_by": visit.came_by, "standing": visit.standing,
               "identity": visit.identity},
        digests={
            # Over the sealed form: it proves the row and says nothing of the name.
            "presenter": named["name"].token["c"],
            # The salt lies beside the digest and numbers can be counted through, so it takes the key file as well.
            "mail_number" if by_post else "identity_number": key_box().digests(number.encode(), purpose=NUMBER)[0],
        },
    )  # fmt: skip


def _sealed(session: Session, case_id: UUID, party_id: UUID, name: str, now: datetime) -> dict[str, Personal]:
    sealer = Sealer(session, Holder(HOLDER, case_id), party_id=party_id, now=now)
    sealed = {"name": sealer.seal(PRESENTER, name)}
    sealer.finish()
    return sealed


def _clean(text: str) -> str:
    """Return a name in one line, without marks that are not seen."""
    seen = "".join(" " if unicodedata.category(sign).startswith("C") else sign for sign in nfc(text))
    return " ".join(seen.split())


def _number(text: str) -> str:
    return "".join(_clean(text).split()).upper()
