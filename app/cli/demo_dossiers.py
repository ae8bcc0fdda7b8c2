"""
The fictitious dossiers of the demo zone, taken through the desk step by step.

Each step is the one that people take on their screens, under the rights of the person who takes it and at the time of
the story. Nothing is written beside the use cases, so the demo cannot show what the product could not do.
"""

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import yaml
from sqlalchemy import select

from app.core.auth.actors import actor_of
from app.core.auth.models import User
from app.core.auth.service import fold_login
from app.core.db import Database, DbRole, SessionContext
from app.core.db.session import ContextSession
from app.core.documents.typeset import JSON, typeset
from app.core.geo import Place, System, place_json
from app.core.kit.actor import Actor
from app.core.kit.time import local_day
from app.core.workflow import counter, procedures
from app.core.workflow.definition import Definition
from app.core.workflow.models import Case
from app.core.workflow.papers import Press, components, form_signing, hand_signing, missing_components
from app.core.workflow.papers.intake import KeptFile, keep_file
from app.core.workflow.papers.paper_signing import sign_paper
from app.core.workflow.papers.representation import declared
from app.core.workflow.papers.signed_on_paper import keep_signed_scan
from app.investment import facade as investment
from app.modules import Platform

STORIES = Path(__file__).parent / "demo_dossiers.yaml"
# Each story keeps its key over all installations, so that a second start adds nothing.
NAMESPACE = UUID("6f2c7f0e-5f0a-4f52-9c0e-3a6f1f1f9d21")
FILING = frozenset({"draft", "submit", "supplement"})
SIGNING = frozenset({"sign", "sign_by_hand"})
FIRST_HOUR = time(9, 0)
STEP_APART = timedelta(minutes=35)
# Sides of the squares of land, in degrees: about 158 m.
SIDE_EAST, SIDE_NORTH = Decimal("0.00152"), Decimal("0.00143")


@dataclass(frozen=True, slots=True)
class StoryStep:
    """One step of a story: when, which, and by whom."""

    at: datetime
    place: int
    story: Mapping[str, Any]
    step: Mapping[str, Any]
    login: str


@dataclass
class Storyteller:
    """Takes the stories' steps on one installation, each in a transaction of its own."""

    database: Database
    platform: Platform
    now: datetime

    def is_new(self, story: Mapping[str, Any]) -> bool:
        """Tell whether a story has not been told on this installation."""
        with self.database.session(SessionContext(DbRole.OFFICER)) as session:
            return session.get(Case, _key(story)) is None

    def steps(self, story: Mapping[str, Any]) -> Iterator["StoryStep"]:
        """Return the steps of a story with their times."""
        for place, step in enumerate(story["steps"]):
            at = self._instant(step["day"], place)
            yield StoryStep(at, place, story, step, step.get("by", story["login"]))

    def take(self, taken: "StoryStep", base: Mapping[str, Any]) -> None:
        """Take one step of a story."""
        story, step, at, login = taken.story, taken.step, taken.at, taken.login
        case_id = _key(story)
        if taken.place == 0:
            answers = {**base, **story["answers"], "investors": _investors(story, base)}
            answers |= _place(story)
            answers["rate_on"] = local_day(at, self.platform.zone.tz).isoformat()
            self._open(case_id, story, answers, login=login, at=at)
        if step["do"] in FILING:
            self._file(case_id, step, login=login, at=at)
        if step["do"] != "draft":
            self._take(case_id, step, login=login, at=at)

    def _open(
        self, case_id: UUID, story: Mapping[str, Any], answers: Mapping[str, Any], *, login: str, at: datetime
    ) -> None:
        filer = self._person(login, at)
        party_id = self._person(story["login"], at).party_ids[0]
        order = {"case_id": case_id, "procedure": story.get("procedure", "IRC"), "party_id": party_id}
        with self._as(filer) as session:
            if came := story.get("came"):
                presenter = counter.Presenter(**came)
                counter.begin(
                    session, desk=self.platform.desk, presenter=presenter, actor=filer, now=at, **order
                )
            else:
                self.platform.desk.open(session, actor=filer, now=at, **order)
            session.flush()  # the draft is locked again by its key
            given = {code: value for code, value in answers.items() if value is not None}
            self.platform.desk.save(session, case_id=case_id, changed=given, actor=filer, now=at)

    def _file(self, case_id: UUID, step: Mapping[str, Any], *, login: str, at: datetime) -> None:
        """Make a dossier ready to be sent: changed answers, papers, signature; a draft stays half done."""
        filer = self._person(login, at)
        press = self._press
        with self._as(filer) as session:
            if changed := step.get("answers"):
                self.platform.desk.save(session, case_id=case_id, changed=changed, actor=filer, now=at)
            if step["do"] == "draft":
                return
            case = session.get_one(Case, case_id)
            definition = procedures.definition_of(session, case.version_id)
            if case.desk_id is not None:
                self._scan(session, case, definition, actor=filer, at=at)
                return
            to_sign = {part.code for part in definition.components if part.signed}
            titles = {part.code: part.title["vi"] for part in definition.components}
            for problem in missing_components(session, case, definition):
                code = problem.name.removeprefix("component-")
                (row,) = components.attach_files(
                    session, case=case, definition=definition, code=code, files=[self._paper(titles[code])],
                    actor=filer, now=at,
                )  # fmt: skip
                if code in to_sign:
                    session.flush()  # the paper is read again to be signed
                    sign_paper(
                        session, press=press, case=case, definition=definition, code=code, attachment_id=row.id,
                        actor=filer, now=at,
                    )  # fmt: skip
            session.flush()  # the form that is signed lists the papers
            form_signing.sign_form(
                session, press=press, case=case, definition=definition, actor=filer, now=at
            )

    def _scan(
        self, session: ContextSession, case: Case, definition: Definition, *, actor: Actor, at: datetime
    ) -> None:
        """Scan every paper that is asked for, the form that was signed by hand too, and certify the comparison."""
        for each in components.slots(session, case, definition):
            if each.from_form or each.component.mandatory:
                code = each.component.code
                components.attach_files(
                    session, case=case, definition=definition, code=code, files=[self._paper(code)], actor=actor, now=at
                )  # fmt: skip
                session.flush()  # the next paper asks the database what the dossier has
        hand_signing.certify_form(
            session, case=case, definition=definition, compared=True, actor=actor, now=at,
            signer=declared(definition, case.answers)[0],
        )  # fmt: skip

    def _take(self, case_id: UUID, step: Mapping[str, Any], *, login: str, at: datetime) -> None:
        actor = self._person(login, at)
        with self._as(actor) as session:
            if step["do"] in SIGNING:
                investment.invent_project_code(session, case_id=case_id, now=at)
                session.flush()  # the signature looks for the code among the stored ones
            if step["do"] == "file_signed_paper":
                self._scan_signed(session, case_id, actor=actor, at=at)
            revision = session.get_one(Case, case_id).revision
            self.platform.desk.perform(
                session, case_id=case_id, action=step["do"], revision=revision, actor=actor, now=at,
                input=step.get("input", {}),
            )  # fmt: skip

    def _scan_signed(self, session: ContextSession, case_id: UUID, *, actor: Actor, at: datetime) -> None:
        """Upload the scan of a result that was signed by hand."""
        case = session.get_one(Case, case_id)
        keep_signed_scan(
            session, case=case, definition=procedures.definition_of(session, case.version_id),
            kept=self._paper("Bản giấy đã ký tay và đóng dấu"), actor=actor, now=at,
        )  # fmt: skip
        session.flush()  # the step looks for the scan among the stored ones

    @property
    def _press(self) -> Press:
        kernel = self.platform.kernel
        return Press(kernel.store, kernel.signing, kernel.zone, kernel.settings.origin)

    def _paper(self, title: str) -> KeptFile:
        return keep_file(self._press.store, stream=io.BytesIO(_illustration(title)), filename=f"{title}.pdf")

    def _person(self, login: str, at: datetime) -> Actor:
        with self.database.session(SessionContext(DbRole.AUTH)) as session:
            user_id = session.scalars(select(User.id).where(User.login == fold_login(login))).one()
            return actor_of(session, user_id, book=self.platform.permissions, at=at)

    @contextmanager
    def _as(self, actor: Actor) -> Iterator[ContextSession]:
        role = DbRole.OFFICER if actor.is_officer else DbRole.TENANT
        with self.database.transaction(SessionContext(role, actor.party_ids, actor.user_id)) as session:
            yield session

    def _instant(self, days: int, place: int) -> datetime:
        """Return the time of a step: the morning of a weekday so many weekdays ago, steps one after the other."""
        day = local_day(self.now, self.platform.zone.tz)
        for _ in range(days):
            day = _weekday_before(day)
        return datetime.combine(day, FIRST_HOUR, self.platform.zone.tz) + place * STEP_APART


def tell_stories(
    database: Database, platform: Platform, echo: Callable[[str], None], *, now: datetime
) -> None:
    """Add the demo dossiers that are not there yet."""
    stories = yaml.safe_load(STORIES.read_text(encoding="utf-8"))
    teller = Storyteller(database, platform, now)
    told = [story for story in stories["dossiers"] if teller.is_new(story)]
    if not told:
        return
    echo(f"demo zone: {len(told)} fictitious dossiers go through the desk …")
    # In the order of time over all stories, as letters and codes are numbered.
    steps = (step for story in told for step in teller.steps(story))
    for step in sorted(steps, key=lambda step: (step.at, step.story["key"], step.place)):
        teller.take(step, stories["base"])


def _key(story: Mapping[str, Any]) -> UUID:
    return uuid5(NAMESPACE, story["key"])


def _investors(story: Mapping[str, Any], base: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the investors of a story; the representative is the person who signs."""
    names = {"hoshi": ("Hoshi Demo Electronics Co., Ltd. (hư cấu)", "Filer Demo")}
    if story["login"] not in names:
        return list(base["investors"])
    name, representative = names[story["login"]]
    return [{**each, "name": name, "representative": representative} for each in base["investors"]]


def _place(story: Mapping[str, Any]) -> dict[str, Any]:
    """Return the land of a story, a square of about two and a half hectares; nothing for one that names none."""
    if "corner" not in story:
        return {}
    north, east = (Decimal(each) for each in story["corner"])
    corners = [
        (east, north), (east + SIDE_EAST, north), (east + SIDE_EAST, north + SIDE_NORTH), (east, north + SIDE_NORTH),
    ]  # fmt: skip
    return {"place": place_json(Place(System.WGS84, tuple(corners)))}


def _weekday_before(day: date) -> date:
    day -= timedelta(days=1)
    while day.weekday() > 4:  # noqa: PLR2004  Saturday and Sunday
        day -= timedelta(days=1)
    return day


@cache
def _illustration(title: str) -> bytes:
    """Return a page that says that it stands for a paper and is none."""
    data: dict[str, JSON] = {
        "subject": title,
        "header": {"parent": "", "agency": "(hư cấu)", "number": "", "place": "", "date": ""},
        "title": "TÀI LIỆU MINH HỌA",
        "content": [
            {
                "kind": "paragraph",
                "text": f"Thay cho giấy tờ “{title}” của hồ sơ mẫu. Mọi nội dung là hư cấu.",
            }
        ],
    }
    return typeset("letter", data, at=datetime.fromisoformat("2026-01-01T00:00:00+00:00"))
