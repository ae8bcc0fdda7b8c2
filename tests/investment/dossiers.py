"""Dossiers of the release's own procedures, complete with papers and signature, under the people's own roles."""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.core.auth.actors import actor_of
from app.core.auth.models import User
from app.core.auth.service import fold_login
from app.core.db import Database, DbRole, SessionContext
from app.core.db.session import ContextSession
from app.core.documents.models import Document
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.workflow import procedures
from app.core.workflow.desk import Outcome
from app.core.workflow.models import Case
from app.core.workflow.papers import Press, components, form_signing, missing_components
from app.core.workflow.papers.intake import keep_file
from app.core.workflow.papers.models import Part
from app.core.workflow.papers.paper_signing import sign_paper
from app.core.workflow.papers.signed_on_paper import keep_signed_scan
from app.investment.clients import Answer, AnswerState
from app.investment.models import CodeRequest
from app.investment.service import project_codes
from app.modules import Platform
from tests.core.documents import files
from tests.investment.requests import request

FILER = "nop.hoso"


@dataclass
class Office:
    """Takes dossiers through the desk on a database of one's own; every step is committed."""

    database: Database
    platform: Platform
    now: datetime

    @property
    def press(self) -> Press:
        """What makes papers in this installation."""
        kernel = self.platform.kernel
        return Press(kernel.store, kernel.signing, kernel.zone, "https://ftz.example")

    def person(self, login: str) -> Actor:
        """Return somebody of the demo zone."""
        with self.database.session(SessionContext(DbRole.AUTH)) as session:
            user_id = session.scalars(select(User.id).where(User.login == fold_login(login))).one()
            return actor_of(session, user_id, book=self.platform.permissions, at=self.now)

    @contextmanager
    def as_(self, actor: Actor) -> Iterator[ContextSession]:
        """Act in a transaction that is committed."""
        role = DbRole.OFFICER if actor.is_officer else DbRole.TENANT
        with self.database.transaction(SessionContext(role, actor.party_ids, actor.user_id)) as session:
            yield session

    def draft(self, *, procedure: str = "IRC", login: str = FILER, **changes: Any) -> UUID:
        """Open a draft and answer every question."""
        filer = self.person(login)
        with self.as_(filer) as session:
            case = self.platform.desk.open(
                session, case_id=uuid7(), procedure=procedure, party_id=filer.party_ids[0], actor=filer, now=self.now
            )  # fmt: skip
            session.flush()  # the draft is locked again by its key
            self.save(case.id, request(**changes), session=session, login=login)
            return case.id

    def save(
        self, case_id: UUID, changed: Mapping[str, Any], *, login: str = FILER, session: ContextSession | None = None
    ) -> None:  # fmt: skip
        """Change answers."""
        filer = self.person(login)
        if session is None:
            with self.as_(filer) as own:
                self.platform.desk.save(own, case_id=case_id, changed=changed, actor=filer, now=self.now)
        else:
            self.platform.desk.save(session, case_id=case_id, changed=changed, actor=filer, now=self.now)

    def put_papers(
        self, case_id: UUID, *, login: str = FILER, without: frozenset[str] = frozenset(), unsigned: bool = False
    ) -> None:  # fmt: skip
        """Attach a file to every paper that is mandatory and not there, signed where it must be."""
        filer = self.person(login)
        with self.as_(filer) as session:
            case = session.get_one(Case, case_id)
            definition = procedures.definition_of(session, case.version_id)
            wanted = {part.code: part for part in definition.components}
            for problem in missing_components(session, case, definition):
                code = problem.name.removeprefix("component-")
                if code in without or problem.code != "missing":
                    continue
                body = io.BytesIO(files.pdf(Paper=f"({case_id} {code})"))
                (row,) = components.attach_files(
                    session, case=case, definition=definition, code=code, actor=filer, now=self.now,
                    files=[keep_file(self.press.store, stream=body, filename=f"{code.lower()}.pdf")],
                )  # fmt: skip
                session.flush()  # the paper is read again to be signed
                if wanted[code].signed and not unsigned:
                    sign_paper(
                        session, press=self.press, case=case, definition=definition, code=code, attachment_id=row.id,
                        actor=filer, now=self.now,
                    )  # fmt: skip

    def attach(
        self, case_id: UUID, code: str, *, signers: tuple[str, ...] = (), part: Part = Part.WHOLE, login: str = FILER
    ) -> None:  # fmt: skip
        """Attach one file to a component, as if these people had signed it."""
        filer = self.person(login)
        kept = keep_file(
            self.press.store, stream=io.BytesIO(files.pdf(Paper=f"({uuid7()})")), filename=f"{part.value}.pdf"
        )
        with self.as_(filer) as session:
            case = session.get_one(Case, case_id)
            components.attach_files(
                session, case=case, definition=procedures.definition_of(session, case.version_id), code=code,
                files=[replace(kept, signers=signers)], actor=filer, now=self.now, part=part,
            )  # fmt: skip

    def sign(self, case_id: UUID, *, login: str = FILER) -> None:
        """Sign the printed form with the account's certificate."""
        filer = self.person(login)
        with self.as_(filer) as session:
            case = session.get_one(Case, case_id)
            form_signing.sign_form(
                session, press=self.press, case=case, definition=procedures.definition_of(session, case.version_id),
                actor=filer, now=self.now,
            )  # fmt: skip

    def take(self, case_id: UUID, login: str, action: str, **given: Any) -> Outcome:
        """Take a step on the present revision."""
        actor = self.person(login)
        with self.as_(actor) as session:
            return self.platform.desk.perform(
                session, case_id=case_id, action=action, revision=session.get_one(Case, case_id).revision,
                actor=actor, now=self.now, input=given,
            )  # fmt: skip

    def filed(self, *, procedure: str = "IRC", login: str = FILER, **changes: Any) -> UUID:
        """File a dossier that lacks nothing."""
        case_id = self.draft(procedure=procedure, login=login, **changes)
        self.put_papers(case_id, login=login)
        self.sign(case_id, login=login)
        self.take(case_id, login, "submit")
        return case_id

    def to_certificate(self, case_id: UUID) -> None:
        """Take a filed dossier to its signed certificate."""
        self.to_approved(case_id)
        self.take(case_id, "lanh.dao", "sign")

    def to_approved(self, case_id: UUID) -> None:
        """Take a filed dossier to the approved draft; the national registry has given a code."""
        for login, action in (("mot.cua", "accept"), ("tham.dinh", "take_up")):
            self.take(case_id, login, action)
        self.take(case_id, "tham.dinh", "draft_decision", reason="Hồ sơ đầy đủ.")
        self.take(case_id, "truong.phong", "approve")
        with self.database.transaction(SessionContext(DbRole.OFFICER)) as session:
            requests = select(CodeRequest).where(CodeRequest.case_id == case_id)
            for request_row in session.scalars(requests.where(CodeRequest.state == "WAITING")):
                code = f"{case_id.int % 10**10:010d}"
                project_codes.take_answer(
                    session, request_id=request_row.id, answer=Answer(AnswerState.ISSUED, code), now=self.now
                )

    def print_for_hand(self, case_id: UUID) -> None:
        """Have an approved certificate printed to be signed by hand."""
        self.take(case_id, "lanh.dao", "sign_by_hand", reason="Chứng thư số hết hạn.")

    def scan_signed(
        self, case_id: UUID, login: str = "mot.cua", *, body: bytes | None = None, name: str = "da-ky.pdf"
    ) -> Document:
        """Upload the scan of the signed sheet."""
        actor, content = self.person(login), body or files.pdf(Signed=f"({case_id})")
        kept = keep_file(self.press.store, stream=io.BytesIO(content), filename=name)
        with self.as_(actor) as session:
            case = session.get_one(Case, case_id)
            return keep_signed_scan(
                session, case=case, definition=procedures.definition_of(session, case.version_id), kept=kept,
                actor=actor, now=self.now,
            )  # fmt: skip

    def file_signed(self, case_id: UUID, login: str = "mot.cua") -> Outcome:
        """Declare that the scan was compared, and bring the paper into force."""
        return self.take(case_id, login, "file_signed_paper", compared="yes")
