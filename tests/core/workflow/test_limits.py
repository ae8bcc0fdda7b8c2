"""The time limit for the case: chosen once at acceptance from what was filed, kept with its reason."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from app.cli.setup import law_keys, procedure_files, vocabulary_of
from app.core import law
from app.core.evidence import EvidenceEntry
from app.core.kit.ids import uuid7
from app.core.kit.personal import Cover, Personal
from app.core.settings import ROOT
from app.core.workflow import limits, procedures
from app.core.workflow.checker import check
from app.core.workflow.definition import Definition
from app.core.workflow.models import Case, Timer, Tracking
from app.core.workflow.papers import letter_texts
from app.core.workflow.timers import Scan
from app.modules import Platform
from tests.core.workflow.conftest import Play
from tests.core.workflow.test_recounting import close_the_offices, recount, waiting

INVESTORS = [
    {"kind": "ORGANISATION", "name": "Hải Đăng (hư cấu)", "country": "JP", "id_number": "0100"},
    {"kind": "ORGANISATION", "name": "Sao Mai (hư cấu)", "country": "SG", "id_number": "0200"},
]
BEFORE = {
    "project_name_vi": "Nhà máy thử nghiệm", "project_name_en": "Test plant", "term_years": 50, "investors": INVESTORS,
}  # fmt: skip
FILED = (("filer", "submit"), ("intake", "accept"))
RENAMED = {"project_name_vi": "Nhà máy thử nghiệm Sông Cấm"}
LONGER = {"term_years": 60}


def adjustment(play: Play, changed: Mapping[str, Any]) -> Case:
    base = play.draft()
    base.answers = dict(BEFORE)
    case = play.desk.open(
        play.session, case_id=uuid7(), procedure="IRC_ADJUST", party_id=play.party_id, actor=play.people["filer"],
        now=play.now, base_id=base.id,
    )  # fmt: skip
    case.answers = {**BEFORE, **changed}
    play.session.flush()
    return case


def investors(*changes: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{**row, **change} for row, change in zip(INVESTORS, changes, strict=True)]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        (RENAMED, "NAMES"),
        ({"project_name_en": "Another name"}, "NAMES"),
        ({"investors": investors({"name": "Hải Đăng Mới"}, {})}, "NAMES"),
        ({"investors": investors({"name": "Hải Đăng Mới"}, {"name": "Sao Mai Mới"}), **RENAMED}, "NAMES"),
        (LONGER, None),
        ({**RENAMED, **LONGER}, None),
        # Another organisation in the place of one: its name is not all that changes.
        ({"investors": investors({"name": "Khác", "id_number": "0300"}, {})}, None),
        ({"investors": INVESTORS[:1]}, None),
        ({"investors": [*INVESTORS, {"name": "Thứ ba (hư cấu)", "country": "KR"}]}, None),
    ],
)
def test_names_alone_have_the_shorter_limit(play: Play, changed: dict[str, Any], code: str | None) -> None:
    case = play.at(adjustment(play, changed), *FILED)
    assert case.limit_code == code
    assert case.appointment_at == case.due_at
    assert case.appointment_at is not None
    days = (case.appointment_at.astimezone(play.now.tzinfo).date() - play.now.date()).days
    # Friday, 20 November: three working days end on Thursday, Tuesday being a day off; ten days end on Monday.
    assert days == (6 if code else 10)
    assert case.limit_reason is not None
    assert set(case.limit_reason) == {"vi", "en"}


@pytest.mark.parametrize(
    ("accepted", "version", "simple", "general"),
    [
        ("2026-02-27T09:00:00+07:00", "2021-01-01", "2026-03-04", "2026-03-09"),
        ("2026-03-16T09:00:00+07:00", "2026-03-01", "2026-03-19", "2026-03-26"),
        ("2026-04-01T09:00:00+07:00", "2026-03-31", "2026-04-06", "2026-04-13"),
    ],
)
def test_each_version_of_the_year_of_two_laws_has_both(
    play: Play, accepted: str, version: str, simple: str, general: str
) -> None:
    play.now = datetime.fromisoformat(accepted)
    for changed, due in ((RENAMED, simple), (LONGER, general)):
        case = play.at(adjustment(play, changed), *FILED)
        assert procedures.definition_of(play.session, case.version_id).version == version
        assert case.appointment_at is not None
        assert case.appointment_at.astimezone(play.now.tzinfo).date().isoformat() == due


def test_an_answer_that_cannot_be_opened_leaves_the_general_limit(play: Play) -> None:
    sealed = Personal("", {"k": "1", "f": "id_number", "c": ""}, Cover.LOCKED)
    case = adjustment(play, RENAMED)
    book = law.at(play.session, play.now.date())
    definition = procedures.definition_of(play.session, case.version_id)
    [open_] = limits.judge(play.session, case, definition, book=book)
    with play.session.no_autoflush:
        case.answers = {**case.answers, "investors": investors({"id_number": sealed}, {})}
        [locked] = limits.judge(play.session, case, definition, book=book)
        play.session.expire(case)
    assert (open_.holds, locked.holds) == (True, None)
    assert limits.chosen([locked]) is None


def test_the_choice_stands_in_the_evidence_and_on_the_tracking_page(play: Play) -> None:
    case = play.at(adjustment(play, RENAMED), *FILED)
    play.session.flush()
    entry = play.session.scalars(
        select(EvidenceEntry.body).where(
            EvidenceEntry.tag == "workflow:case:accept", EvidenceEntry.subject_id == case.id
        )
    ).one()
    facts = json.loads(entry)["facts"]
    assert facts["limit"] == {
        "key": "investment.irc_adjust.names.limit", "special": "NAMES", "judged": {"NAMES": True},
        "changed": ["project_name_vi"],
    }  # fmt: skip
    assert play.session.get_one(Tracking, case.code).limit_code == "NAMES"


def test_a_new_day_off_moves_the_shorter_limit_by_its_own_days(play: Play) -> None:
    simple, general = (play.at(adjustment(play, each), *FILED) for each in (RENAMED, LONGER))
    play.session.flush()
    before, promised = (simple.due_at, general.due_at), simple.appointment_at
    close_the_offices(play, (play.now + timedelta(days=3)).date())
    recount(play)
    assert before[0] is not None
    assert simple.due_at == before[0] + timedelta(days=1)
    assert general.due_at == before[1], "calendar days run on over a day off"
    assert simple.appointment_at == promised
    assert waiting(play, simple) == [simple.due_at]


def test_a_supplement_that_changes_more_leaves_the_limit_as_promised(play: Play) -> None:
    case = play.at(adjustment(play, RENAMED), *FILED, ("appraiser", "take_up"))
    promised = case.appointment_at
    play.take(case, "appraiser", "request_supplement", gaps=[{"target": "term_years", "code": "UNCLEAR"}])
    case.answers = {**case.answers, **LONGER}
    play.session.flush()
    play.take(case, "filer", "supplement")
    assert (case.limit_code, case.appointment_at, case.due_at) == ("NAMES", promised, promised)


def test_the_timer_of_the_shorter_limit_fires(play: Play) -> None:
    case = play.at(adjustment(play, RENAMED), *FILED)
    play.session.flush()
    timer = play.session.scalars(
        select(Timer).where(Timer.case_id == case.id, Timer.cancelled_at.is_(None))
    ).one()
    assert case.due_at is not None
    assert timer.due_at == case.due_at
    Scan(play.desk)(play.session, now=case.due_at + timedelta(minutes=1))
    play.session.flush()
    assert case.overdue_at == case.due_at


def definition(code: str = "IRC_ADJUST", version: str = "2026-03-31") -> Definition:
    paths = (path for path in procedure_files() if path.parent.name == code and path.stem == version)
    return procedures.read_file(next(paths))


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({}, None),
        ({"limit": "investment.irc_adjust.nowhere.limit"}, "law-unknown"),
        ({"when": {"field": "no_such_answer", "is": "x"}}, "condition"),
        ({"when": {"all_of": "changed", "where": {"field": "answer", "is": "no_such_answer"}}}, "condition"),
        ({"when": {"all_of": "altered", "where": {"field": "answer", "is": "term_years"}}}, "condition"),
        ({"when": {"field": "term_years", "gt": {"law": "no.such.value"}}}, "condition"),
        ({"when": {"field": "term_years", "is": "five"}}, "condition"),
        ({"title": {"vi": "Chỉ có một ngôn ngữ"}}, "text-missing"),
    ],
)
def test_the_checker_knows_limits(platform: Platform, change: dict[str, Any], finding: str | None) -> None:
    whole = definition()
    special = whole.special_limits[0].model_copy(update=change)
    assert codes(platform, whole.model_copy(update={"special_limits": (special,)})) == ({finding} - {None})


def test_the_checker_refuses_doubles_and_changes_where_nothing_is_adjusted(platform: Platform) -> None:
    whole = definition()
    twice = whole.model_copy(update={"special_limits": whole.special_limits * 2})
    assert codes(platform, twice) == {"limit-twice"}
    new = definition("IRC").model_copy(update={"special_limits": whole.special_limits})
    assert codes(platform, new) == {"condition"}


def codes(platform: Platform, definition: Definition) -> set[str]:
    instruments = frozenset(law.load_yaml(law.law_files(ROOT / "app")).instruments)
    vocabulary = vocabulary_of(platform, instruments, law_keys())
    found = check(definition, **{name: getattr(vocabulary, name) for name in vocabulary.__slots__})
    return {each.code for each in found}


@pytest.mark.parametrize(
    ("case", "said"), [("", "3 ngày làm việc"), ("Chỉ đổi tên", "3 ngày làm việc (chỉ đổi tên)")]
)
def test_the_receipt_names_the_limit_and_its_case(case: str, said: str) -> None:
    facts = letter_texts.Facts(
        code="HS-2026-000001-1", applicant="A", procedure="B", agency="C", office="D", channel="ONLINE", presenter="",
        submitted_at=None, accepted_at=None, appointment_at=None, rescheduled_to=None,
        limit=law.Limit(Decimal(3), law.LimitUnit.WORKING_DAY), limit_case=case, components=(), track="",
        zone=ZoneInfo("Asia/Ho_Chi_Minh"),
    )  # fmt: skip
    [part, *_] = [
        each for each in letter_texts.content("RECEIPT", facts, {}, definition()) if each["kind"] == "facts"
    ]
    assert ["Thời hạn giải quyết", said] in part["rows"]
