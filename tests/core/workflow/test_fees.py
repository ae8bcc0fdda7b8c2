"""Fees of procedures: opened at a step, waited for at another, and none where the procedure asks for none."""

from datetime import date
from decimal import Decimal

import pytest

from app.core import law
from app.core.kit.actor import SYSTEM
from app.core.kit.ranges import Period
from app.core.law import Origin, Status, law_value, set_value
from app.core.law.models import LawKey
from app.core.outbox import HandlerRegistry
from app.core.payments import SlipState
from app.core.payments.bank import Booking
from app.core.payments.intake import take_booking
from app.core.settings import ROOT
from app.core.workflow import fees, procedures
from app.core.workflow.checker import check
from app.core.workflow.definition import Definition
from app.core.workflow.desk import Desk
from app.core.workflow.events import CaseMoved
from app.core.workflow.fees import FeeUnpaid, fee_slip
from app.core.workflow.models import Case
from app.modules import Platform
from tests.core.workflow.conftest import Play
from tests.faults.procedure import LIMITS, PROBE

FEE = "test.fee"


def with_fee(*, at: str, before: str) -> Definition:
    """Return the test procedure with a fee that one action opens and another waits for."""
    content = PROBE.model_dump(mode="json", by_alias=True) | {
        "fee": FEE,
        "version": "fee",
        "code": "PROBEFEE",
    }
    for action in content["actions"]:
        action["effects"] = [*action["effects"], *(["open_fee"] if action["code"] == at else [])]
        action["guards"] = [*action["guards"], *(["fee_paid"] if action["code"] == before else [])]
    return Definition.model_validate(content)


def make_law(play: Play, amount: str) -> None:
    """Bring a fee into force as two officers do it."""
    play.session.add(LawKey(key=FEE, title={"vi": "Lệ phí thử nghiệm", "en": "A fee of the test"}))
    play.session.flush()
    value = law_value(
        key=FEE, value={"amount": amount, "currency": "VND"}, unit="money", valid=Period(date(2021, 1, 1), None),
        status=Status.ASSUMED, note={"vi": "Lệ phí thử nghiệm", "en": "A fee of the test"},
    )  # fmt: skip
    made = law.propose_items(
        play.session, items=[set_value(value)], origin=Origin.SCREEN, title="Lệ phí", actor=play.people["head"],
        now=play.now,
    )  # fmt: skip
    for who in ("customs", "tax"):
        law.approve(
            play.session, change_set_id=made.id, actor=play.people[who], content_hash=made.content_hash, now=play.now
        )  # fmt: skip
    play.session.flush()


@pytest.fixture
def paying(play: Play, platform: Platform) -> Play:
    """The desk with the guards and effects of fees as they are."""
    play.desk = Desk(
        guards=fees.GUARDS | {"form_complete": lambda step: None}, effects=fees.EFFECTS, zone=platform.zone.tz
    )
    return play


def publish(play: Play, platform: Platform, definition: Definition) -> None:
    words = procedures.Vocabulary(
        guards=play.desk.guard_names, effects=play.desk.effect_names,
        permissions=frozenset(permission.code for permission in platform.permissions),
        law_keys=frozenset({*LIMITS, FEE}), instruments=frozenset(law.instruments(play.session)),
    )  # fmt: skip
    procedures.publish(play.session, definition=definition, vocabulary=words, actor=SYSTEM, now=play.now)
    play.session.flush()


def pay(play: Play, case: Case, amount: int) -> None:
    slip = fee_slip(play.session, case)
    assert slip is not None
    told = Booking(f"T{amount}", Decimal(amount), "VND", play.now, slip.reference, "", "X", "")
    take_booking(play.session, told, source="CALLBACK", now=play.now)
    play.session.flush()


def test_a_fee_at_filing_holds_reception_up(paying: Play, platform: Platform) -> None:
    make_law(paying, "150000")
    publish(paying, platform, with_fee(at="submit", before="accept"))
    case = paying.draft("PROBEFEE")
    paying.take(case, "filer", "submit")
    slip = fee_slip(paying.session, case)
    assert slip is not None
    assert (slip.total, slip.state, slip.topic) == (150_000, SlipState.OPEN, "workflow")
    with pytest.raises(FeeUnpaid):
        paying.take(case, "intake", "accept")
    pay(paying, case, 100_000)
    with pytest.raises(FeeUnpaid):
        paying.take(case, "intake", "accept")
    pay(paying, case, 50_000)
    paying.take(case, "intake", "accept")
    assert case.state == "in_review"


def test_a_fee_before_the_result_holds_the_decision_up(paying: Play, platform: Platform) -> None:
    make_law(paying, "150000")
    publish(paying, platform, with_fee(at="accept", before="decide"))
    case = paying.at(paying.draft("PROBEFEE"), ("filer", "submit"), ("intake", "accept"))
    with pytest.raises(FeeUnpaid):
        paying.take(case, "leader", "decide")
    pay(paying, case, 150_000)
    paying.take(case, "leader", "decide")
    assert case.state == "decided"


def test_a_fee_of_nothing_opens_no_slip(paying: Play, platform: Platform) -> None:
    make_law(paying, "0")
    publish(paying, platform, with_fee(at="submit", before="accept"))
    case = paying.at(paying.draft("PROBEFEE"), ("filer", "submit"), ("intake", "accept"))
    assert fee_slip(paying.session, case) is None


def test_an_unpaid_fee_ends_with_the_dossier(paying: Play, platform: Platform) -> None:
    make_law(paying, "150000")
    publish(paying, platform, with_fee(at="submit", before="accept"))
    case = paying.draft("PROBEFEE")
    paying.take(case, "filer", "submit")
    paying.take(case, "filer", "withdraw", reason="Không làm nữa")
    paying.session.flush()
    handlers = HandlerRegistry()
    fees.register(handlers)
    [handler] = handlers.for_event(CaseMoved.name)
    moved = CaseMoved(case.id, case.procedure, case.code or "", "withdraw", "submitted", "withdrawn", 8)
    handler.function(paying.session, moved, actor=SYSTEM, now=paying.now)
    slip = fee_slip(paying.session, case)
    assert slip is not None
    assert slip.state is SlipState.CANCELLED


def test_what_does_not_fit_together_is_found_before_the_first_dossier(
    paying: Play, platform: Platform
) -> None:
    for fee, at, before, code in (
        (None, "submit", "accept", "fee-missing"),
        (FEE, "submit", "none", "fee-not-awaited"),
        (FEE, "none", "accept", "fee-not-opened"),
    ):
        definition = with_fee(at=at, before=before).model_copy(update={"fee": fee})
        found = check(
            definition, guards=paying.desk.guard_names, effects=paying.desk.effect_names,
            permissions={permission.code for permission in platform.permissions}, law_keys={*LIMITS, FEE},
            instruments=set(law.instruments(paying.session)),
        )  # fmt: skip
        assert [each.code for each in found] == [code]


def test_no_procedure_of_licensing_has_a_fee() -> None:
    """The sources of licensing name none, so none is demanded."""
    files = sorted((ROOT / "app" / "investment" / "procedures").rglob("*.yaml"))
    assert files
    assert [
        path.name for path in files if "fee_paid" in path.read_text() or "open_fee" in path.read_text()
    ] == []
