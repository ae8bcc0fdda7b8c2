"""A procedure of the tests' own: short, and unchanged when a real one grows."""

from datetime import date, datetime

from fastapi import FastAPI
from sqlalchemy.orm import Session

from app.core import law
from app.core.kit.actor import SYSTEM
from app.core.workflow import procedures
from app.core.workflow.definition import Definition

CODE = "PROBE"
LIMITS = ("investment.irc.limit", "onestop.reception.limit")


def _text(words: str) -> dict[str, str]:
    return {"vi": words, "en": words}


def _question(code: str, kind: str = "text", **more: object) -> dict[str, object]:
    return {"code": code, "type": kind, "label": _text(code), **more}


def _options(*codes: str) -> list[dict[str, object]]:
    return [{"code": code, "label": _text(code)} for code in codes]


def _section(code: str, *fields: dict[str, object]) -> dict[str, object]:
    return {"code": code, "title": _text(code), "fields": list(fields)}


def _state(clock: str, waits_for: str, **more: object) -> dict[str, object]:
    return {"title": _text(clock), "clock": clock, "waits_for": waits_for, **more}


def _action(
    code: str, source: str, target: str, side: str, permission: str, **more: object
) -> dict[str, object]:
    about = {"title": _text(code), "from": [source], "to": target, "side": side}
    return {"code": code, **about, "permission": f"workflow.case.{permission}", **more}


PROBE = Definition.model_validate(
    {
        "code": CODE, "catalogue": "T9", "version": "1", "valid_from": date(2021, 1, 1),
        "title": _text("Probe"), "purpose": _text("Probe"), "office": "INVEST", "code_prefix": "HS",
        "basis": [{"instrument": "decree-96-2026", "article": "39"}],
        "limit": LIMITS[0], "reception_limit": LIMITS[1],
        "sections": [
            _section("investor", _question("investor_name"),
                     _question("investor_country", "choice", options=_options("JP", "KR"))),
            _section("project", _question("project_name_vi"), _question("objective", "textarea")),
            _section("capital", _question("capital", "money", unit="VND", options=_options("VND", "USD"))),
        ],
        "states": {
            "draft": _state("OFF", "APPLICANT"),
            "submitted": _state("RECEPTION", "OFFICER", national=1),
            "in_review": _state("RUN", "OFFICER", national=4),
            "decided": _state("STOP", "OFFICER", national=9, final=True),
            "withdrawn": _state("STOP", "OFFICER", national=8, final=True),
        },
        "actions": [
            _action("submit", "draft", "submitted", "APPLICANT", "file",
                    guards=["form_complete"], effects=["freeze_submission"]),
            _action("withdraw", "submitted", "withdrawn", "APPLICANT", "file", input=["reason"]),
            _action("accept", "submitted", "in_review", "OFFICER", "receive"),
            _action("decide", "in_review", "decided", "OFFICER", "sign"),
        ],
    }
)  # fmt: skip


def publish(app: FastAPI, session: Session, *, now: datetime) -> None:
    """Publish the procedure in the database of a running application."""
    words = procedures.Vocabulary(
        guards=app.state.desk.guard_names,
        effects=app.state.desk.effect_names,
        permissions=frozenset(permission.code for permission in app.state.permissions),
        law_keys=frozenset(LIMITS),
        instruments=frozenset(law.instruments(session)),
    )
    procedures.publish(session, definition=PROBE, vocabulary=words, actor=SYSTEM, now=now)
