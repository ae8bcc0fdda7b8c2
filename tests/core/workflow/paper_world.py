"""A procedure that asks for papers, and people who handle them, on a database that is ready for work."""

import dataclasses
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml
from sqlalchemy import select

from app.cli.setup import procedure_files, vocabulary_of
from app.core import law
from app.core.auth.actors import actor_of
from app.core.auth.models import User
from app.core.auth.permissions import PermissionBook
from app.core.auth.service import fold_login
from app.core.db import Database, DbRole, SessionContext
from app.core.db.session import ContextSession
from app.core.kit.actor import SYSTEM, Actor
from app.core.kit.ids import uuid7
from app.core.settings import ROOT
from app.core.workflow import procedures
from app.core.workflow.definition import Action, Component, Definition
from app.core.workflow.desk import Desk
from app.core.workflow.models import Case
from app.core.workflow.papers import GUARDS, PERMISSIONS, Press, letter_effects
from app.core.workflow.papers.intake import KeptFile, keep_file
from app.core.workflow.papers.keys import ensure_applicant_key
from app.modules import Platform
from tests.core.documents import files

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
PROCEDURE = "PAPERS"
COMPANY = "Công ty TNHH Thử nghiệm Sao Biển (hư cấu)"

FIELDS = yaml.safe_load(
    """
- code: investor
  title: {vi: Nhà đầu tư, en: Investor}
  fields:
    - {code: investor_name, type: text, label: {vi: Tên nhà đầu tư, en: Name of the investor}, printed: true}
    - code: representative
      type: text
      label: {vi: Người đại diện, en: Representative}
      printed: true
      autocomplete: name
      required: false
    - code: authorised_signatory
      type: text
      label: {vi: Người ký theo ủy quyền, en: Who signs by power of attorney}
      required: false
    - {code: contact, type: text, label: {vi: Ghi chú nội bộ, en: Internal note}, required: false}
- code: project
  title: {vi: Dự án đầu tư, en: Investment project}
  fields:
    - {code: project_name_vi, type: text, label: {vi: Tên dự án, en: Name of the project}, printed: true}
    - code: site
      type: site
      label: {vi: Khu vực thực hiện, en: Site}
      printed: true
      required: false
      options: [{code: S1, label: {vi: Khu vực 1, en: Site 1}}, {code: S2, label: {vi: Khu vực 2, en: Site 2}}]
    - {code: rented, type: boolean, label: {vi: Thuê đất, en: Land is rented}, printed: true, required: false}
    - {code: capital, type: money, label: {vi: Vốn đầu tư, en: Capital}, unit: VND, printed: true, required: false}
    - {code: starts_on, type: date, label: {vi: Ngày khởi công, en: Start of works}, printed: true, required: false}
    - code: milestones
      type: rows
      label: {vi: Tiến độ, en: Milestones}
      printed: true
      required: false
      fields:
        - {code: name, type: text, label: {vi: Mốc, en: Milestone}}
        - {code: area, type: decimal, unit: m², label: {vi: Diện tích, en: Area}}
"""
)
COMPONENTS = (
    Component(
        code="REQUEST", title={"vi": "Văn bản đề nghị", "en": "Written request"}, signed=True, reusable=False
    ),
    Component(
        code="FINANCE", title={"vi": "Báo cáo tài chính", "en": "Financial statements"}, copy_kind="COPY"
    ),
    Component(
        code="LEASE",
        title={"vi": "Thỏa thuận thuê đất", "en": "Lease agreement"},
        when={"field": "rented", "is": True},
    ),
    Component(
        code="OTHER", title={"vi": "Giấy tờ khác", "en": "Other papers"}, mandatory=False, reusable=False
    ),
)
ANSWERS: dict[str, Any] = {
    "investor_name": "Công ty TNHH Sao Biển",
    "representative": "Trần Thị Đại Diện",
    "authorised_signatory": "Người nộp Thử Nghiệm",
    "project_name_vi": "Nhà máy thử nghiệm linh kiện",
    "site": "S1",
    "rented": False,
    "capital": {"amount": "1250000000000", "currency": "VND"},
    "starts_on": "2027-03-01",
    "milestones": [{"name": "Xây dựng", "area": "12500.5"}],
    "contact": "không in",
}


def form_data() -> dict[str, Any]:
    """Return the frame of form I.1.5 as the release carries it."""
    path = ROOT / "app" / "investment" / "procedures" / "form.yaml"
    data: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))["form"]
    return data


def definition() -> Definition:
    """Return the flow of the release with the papers of this world, as a version of its own."""
    base = procedures.read_file(
        max(procedure_files(), key=lambda path: (path.parent.name == "IRC", path.name))
    )
    content = procedures.content_of(base) | {
        "code": PROCEDURE, "catalogue": "P99", "version": "1", "valid_from": date(2026, 3, 31), "sections": FIELDS,
        "components": [each.model_dump() for each in COMPONENTS], "result": "LETTER", "form": None,
    }  # fmt: skip
    read = Definition.model_validate(content)
    return read.model_copy(update={"actions": tuple(_wired(action) for action in read.actions)})


def _wired(action: Action) -> Action:
    """Let the steps ask for papers and send letters, whatever the release's flow does by now."""
    guards = {"submit": ("form_complete", "components_complete", "form_signed"), "accept": ("form_complete",)}
    effects = {
        "submit": ("freeze_submission",),
        "accept": ("letter_receipt",),
        "not_accept": ("letter_not_accepted",),
        "request_supplement": ("record_gaps", "letter_supplement"),
        "refuse": ("letter_refusal",),
        "sign": (),
    }
    changes = {
        "guards": guards.get(action.code, action.guards),
        "effects": effects.get(action.code, action.effects),
    }
    return action.model_copy(update=changes)


@dataclass
class World:
    """The people, the press and the desk of this world."""

    database: Database
    press: Press
    desk: Desk
    definition: Definition
    filer: Actor
    other: Actor
    intake: Actor
    appraiser: Actor
    leader: Actor

    @contextmanager
    def as_(self, actor: Actor) -> Iterator[ContextSession]:
        """Act in a transaction of one's own that is committed."""
        role = DbRole.OFFICER if actor.is_officer else DbRole.TENANT
        with self.database.transaction(SessionContext(role, actor.party_ids, actor.user_id)) as session:
            yield session

    @property
    def party_id(self) -> UUID:
        """Return the filer's party."""
        return self.filer.party_ids[0]

    def draft(self, *, actor: Actor | None = None, **changed: Any) -> UUID:
        """Open and fill a dossier; return its key."""
        who = actor or self.filer
        with self.as_(who) as session:
            case = self.desk.open(
                session, case_id=uuid7(), procedure=PROCEDURE, party_id=who.party_ids[0], actor=who, now=NOW
            )
            session.flush()  # the draft is locked again by its key
            answers = {**ANSWERS, **changed}
            self.desk.save(session, case_id=case.id, changed=answers, actor=who, now=NOW)
            return case.id

    def kept(self, name: str = "bao-cao.pdf", data: bytes | None = None) -> KeptFile:
        """Put a file into the store; each call makes another content unless it is given."""
        body = data if data is not None else files.pdf(Note=f"({uuid7()})")
        return keep_file(self.press.store, stream=io.BytesIO(body), filename=name)


def case_in(session: ContextSession, case_id: UUID) -> Case:
    """Read a dossier."""
    case = session.scalar(select(Case).where(Case.id == case_id))
    assert case is not None
    return case


def make_world(database: Database, platform: Platform) -> World:
    """Publish the procedure and gather the people of the demo zone; doing it again changes nothing."""
    kernel = platform.kernel
    press = Press(kernel.store, kernel.signing, kernel.zone, "https://ftz.example")
    effects = dict(letter_effects(press))
    mine = definition()
    with database.transaction(SessionContext(DbRole.OFFICER)) as session:
        vocabulary = vocabulary_of(platform, frozenset(law.instruments(session)), _law_keys())
        vocabulary = dataclasses.replace(
            vocabulary,
            guards=vocabulary.guards | frozenset(GUARDS),
            effects=vocabulary.effects | frozenset(effects),
        )
        procedures.publish(session, definition=mine, vocabulary=vocabulary, actor=SYSTEM, now=NOW)
    book = book_of(platform)
    people = {
        login: _person(database, login, book)
        for login in ("nop.hoso", "hoshi", "mot.cua", "tham.dinh", "lanh.dao")
    }
    for login in ("nop.hoso", "hoshi"):
        user_id = people[login].user_id
        assert user_id is not None
        ensure_applicant_key(
            kernel.signing, user_id=user_id, name=people[login].name, organisation=COMPANY, now=NOW
        )
    desk = Desk(
        guards=GUARDS, effects={**effects, "issue_certificate": lambda step: None}, zone=platform.zone.tz
    )
    return World(database, press, desk, mine, *people.values())


def book_of(platform: Platform) -> PermissionBook:
    """Return the permissions with those of papers, whoever has listed them."""
    known = list(platform.permissions)
    return PermissionBook([*known, *(each for each in PERMISSIONS if each.code not in platform.permissions)])


def _person(database: Database, login: str, book: PermissionBook) -> Actor:
    with database.session(SessionContext(DbRole.AUTH)) as session:
        user_id = session.scalars(select(User.id).where(User.login == fold_login(login))).one()
        return actor_of(session, user_id, book=book, at=NOW)


def _law_keys() -> frozenset[str]:
    return frozenset(law.load_yaml(law.law_files(Path(ROOT / "app"))).values)
