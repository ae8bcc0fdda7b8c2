"""A dossier from draft to signed paper without a browser, by a procedure of its own that stays as it is."""

from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cli.setup import OFFICER, law_keys, vocabulary_of
from app.core import law
from app.core.auth.actors import actor_of
from app.core.auth.models import Office, User
from app.core.db import Database, DbRole, SessionContext
from app.core.documents import service as documents
from app.core.documents.letters import allocate_number
from app.core.documents.signing import Appearance, sign_pdf
from app.core.documents.typeset import typeset
from app.core.evidence import Subject
from app.core.kit.actor import SYSTEM, Actor
from app.core.kit.ids import uuid7
from app.core.kit.time import local_day
from app.core.workflow import procedures
from app.core.workflow.definition import Definition
from app.core.workflow.desk import Desk, Outcome
from app.core.workflow.step import Step
from app.modules import Platform
from tests.core.documents import papers

ANSWERS = {"project_name_vi": "Nhà máy thử nghiệm linh kiện Đình Vũ"}


def _text(words: str) -> dict[str, str]:
    return {"vi": words, "en": words}


def _question(code: str) -> dict[str, object]:
    return {"code": code, "type": "text", "label": _text(code)}


def _state(clock: str, waits_for: str, **more: object) -> dict[str, object]:
    return {"title": _text(clock), "clock": clock, "waits_for": waits_for, **more}


def _action(code: str, source: str, target: str, permission: str, **more: object) -> dict[str, object]:
    side = "APPLICANT" if code == "submit" else "OFFICER"
    about = {"title": _text(code), "from": [source], "to": target, "side": side}
    return {"code": code, **about, "permission": f"workflow.case.{permission}", **more}


TRIAL = Definition.model_validate(
    {
        "code": "TRIAL", "catalogue": "T1", "version": "1", "valid_from": date(2021, 1, 1),
        "title": _text("Trial"), "purpose": _text("Trial"), "office": "INVEST",
        "basis": [{"instrument": "decree-96-2026", "article": "39"}],
        "limit": "investment.irc.limit", "reception_limit": "onestop.reception.limit",
        "sections": [
            {
                "code": "all", "title": _text("All"),
                "fields": [_question("project_name_vi")],
            }
        ],
        "states": {
            "draft": _state("OFF", "APPLICANT"),
            "submitted": _state("RECEPTION", "OFFICER", national=1),
            "in_review": _state("RUN", "OFFICER", national=4),
            "drafted": _state("RUN", "OFFICER", national=4),
            "approved": _state("RUN", "OFFICER", national=4),
            "decided": _state("STOP", "OFFICER", national=9, final=True),
        },
        "actions": [
            _action("submit", "draft", "submitted", "file", guards=["form_complete"], effects=["freeze_submission"]),
            _action("accept", "submitted", "in_review", "receive"),
            _action("draft_decision", "in_review", "drafted", "appraise"),
            _action("approve", "drafted", "approved", "review", differs_from=["draft_decision"]),
            _action("sign", "approved", "decided", "sign", differs_from=["draft_decision", "approve"],
                    effects=["issue_paper"]),
        ],
    }
)  # fmt: skip

STEPS = (
    ("nop.hoso", "submit"),
    ("mot.cua", "accept"),
    ("tham.dinh", "draft_decision"),
    ("truong.phong", "approve"),
    ("lanh.dao", "sign"),
)


def issue_paper(platform: Platform, step: Step) -> None:
    """Number, typeset, sign, store and issue a letter, with nothing of any module."""
    kernel, tz = platform.kernel, platform.zone.tz
    office_id = step.session.scalars(select(Office.party_id).where(Office.code == "INVEST")).one()
    letter = allocate_number(
        step.session, office_id=office_id, kind="TRIAL", symbol="T", subject="Trial",
        issued_on=local_day(step.now, tz), now=step.now,
    )  # fmt: skip
    pdf = sign_pdf(
        typeset("letter", papers.letter(), at=step.now),
        key=kernel.signing.key_for(str(step.actor.user_id), now=step.now),
        field="leader", at=step.now, reason=letter.text, location="T", appearance=Appearance(tz),
    )  # fmt: skip
    document = documents.store_paper(
        step.session, store=kernel.store, pdf=pdf, title="trial.pdf", kind="TRIAL", party_id=step.case.party_id,
        subject=Subject("case", step.case.id), actor=step.actor, now=step.now,
    )  # fmt: skip
    step.session.flush()  # the issued paper refers to the document's row
    documents.issue(
        step.session, document=document, verification_code=documents.new_verification_code(),
        number=letter.text, public={}, actor=step.actor, now=step.now,
    )  # fmt: skip


class Journey:
    """Walks dossiers on a database that is ready for work."""

    def __init__(self, database: Database, platform: Platform) -> None:
        self.database = database
        self.platform = replace(
            platform,
            desk=Desk(
                guards={}, effects={"issue_paper": partial(issue_paper, platform)}, zone=platform.zone.tz
            ),
        )

    def publish(self, *, now: datetime) -> None:
        """Publish the procedure of this file."""
        with self.database.transaction(OFFICER) as session:
            words = vocabulary_of(self.platform, frozenset(law.instruments(session)), law_keys())
            procedures.publish(session, definition=TRIAL, vocabulary=words, actor=SYSTEM, now=now)

    def walk(self, *, now: datetime) -> UUID:
        """File a dossier and take it to the signed paper; return its key."""
        case_id = uuid7()
        filer = self.actor("nop.hoso", now)
        with self._as(filer) as session:
            self.platform.desk.open(
                session, case_id=case_id, procedure="TRIAL", party_id=filer.party_ids[0], actor=filer, now=now
            )
        with self._as(filer) as session:
            self.platform.desk.save(session, case_id=case_id, changed=ANSWERS, actor=filer, now=now)
        revision = 1
        for login, action in STEPS:
            revision = self._take(case_id, login, action, revision, now).case.revision
        return case_id

    def actor(self, login: str, now: datetime) -> Actor:
        """Return a demo person as who they are at an instant."""
        with self.database.session(SessionContext(DbRole.AUTH)) as session:
            user_id = session.scalars(select(User.id).where(User.login == login)).one()
            return actor_of(session, user_id, book=self.platform.permissions, at=now)

    def _take(self, case_id: UUID, login: str, action: str, revision: int, now: datetime) -> Outcome:
        actor = self.actor(login, now)
        with self._as(actor) as session:
            return self.platform.desk.perform(
                session, case_id=case_id, action=action, revision=revision, actor=actor, now=now
            )

    def _as(self, actor: Actor) -> AbstractContextManager[Session]:
        role = DbRole.OFFICER if actor.is_officer else DbRole.TENANT
        parties = () if actor.is_officer else actor.party_ids
        return self.database.transaction(SessionContext(role, parties, actor.user_id))
