"""What the tariff finds, by the name of its rule: what stops the sending and what only warns."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from app.core.db import Database
from app.customs.declarations.domain import rules
from app.customs.declarations.domain.rules import Finding
from app.customs.declarations.pages.words import sentence
from app.customs.declarations.service import pricing
from app.customs.tariff.facade import Problem, Severity, TaxKind, enter_demo_rates
from tests.conftest import NOW
from tests.customs.declarations.domain.test_rules import content, line
from tests.customs.declarations.exchange import OFFICER

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
# A line of the starter schedule with rates in and out of a quota.
QUOTA = "24011010"
TODAY = NOW.astimezone(ZONE).date()


def found(session: Session, *, currency: str = "USD", today: date = TODAY, **cells: str) -> list[Finding]:
    draft = replace(content(line(**cells), IP3=currency), today=today)
    return pricing.findings_of(pricing.price(session, draft))


def named(findings: list[Finding]) -> dict[str, Finding]:
    return {each.rule: each for each in findings}


@pytest.fixture(scope="module")
def priced(exchanged: Database) -> Database:
    """The starter schedule with the demo's rates of exchange of a week."""
    with exchanged.transaction(OFFICER) as session:
        enter_demo_rates(session, now=NOW, today=TODAY)
    return exchanged


@pytest.fixture
def law(priced: Database) -> Iterator[Session]:
    with priced.session(OFFICER) as session:
        yield session


def test_hs_not_in_force_stops_the_sending(law: Session) -> None:
    fault = named(found(law, hs="99999999"))["hs_not_in_force"]
    assert (fault.field, fault.line) == ("hs", 1)
    assert rules.is_error(fault)


def test_missing_rate_is_named_and_hinders_nobody(law: Session) -> None:
    assessment = pricing.price(law, replace(content(), today=TODAY))
    assert assessment is not None
    said = {"kind": "MFN", "hs": "72083990", "day": TODAY.isoformat()}
    lacking = Problem("tariff.rate-missing", Severity.ERROR, "hs", 1, said)
    (fault,) = pricing.findings_of(replace(assessment, problems=(lacking,)))
    assert (fault.rule, fault.field, fault.line) == ("missing_rate", "hs", 1)
    assert not rules.is_error(fault)
    assert f"{TODAY:%d/%m/%Y}" in sentence(fault, "vi")["what"]


def test_missing_exchange_is_named_and_hinders_nobody(law: Session) -> None:
    fault = named(found(law, currency="TWD", today=date(2027, 6, 1)))["missing_exchange"]
    assert (fault.field, fault.line) == ("IP3", None)
    assert not rules.is_error(fault)


def test_preference_not_offered(law: Session) -> None:
    fault = named(found(law, scheme="EVFTA", origin="CN", origin_proof="EUR-1"))["preference_not_offered"]
    assert fault.line == 1
    assert not rules.is_error(fault)


def test_goods_outside_the_quota_bear_the_rate_outside(law: Session) -> None:
    tobacco = {"hs": QUOTA, "origin": "TH", "scheme": "MFN", "origin_proof": ""}
    open_, outside = (
        pricing.price(law, replace(content(line(**tobacco, **said)), today=TODAY))
        for said in ({}, {"KWS": "X"})
    )
    assert open_ is not None
    assert outside is not None
    assert outside.totals[TaxKind.IMPORT_DUTY] > open_.totals[TaxKind.IMPORT_DUTY]
    (asked,) = [each for each in pricing.findings_of(open_) if each.params["code"] == "tariff.quota-open"]
    assert (asked.field, asked.line) == ("KWS", 1)
    assert not [each for each in outside.problems if each.code == "tariff.quota-open"]


def test_a_claim_without_paper_is_told_once(law: Session) -> None:
    """The rule of form says it and stops the sending; the tariff does not repeat it."""
    assert not [each for each in found(law, scheme="ACFTA") if "proof" in str(each.params.get("code"))]


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_each_speaks_with_article_and_remedy(law: Session, lang: str) -> None:
    cells: list[Mapping[str, str]] = [{"hs": "99999999"}, {"scheme": "EVFTA", "origin_proof": "X"}]
    findings = [each for given in cells for each in found(law, **given)] + found(
        law, currency="TWD", today=date(2027, 6, 1)
    )
    assert findings
    for each in findings:
        said = sentence(each, lang)
        assert said["what"]
        assert said["fix"]
        assert said["source"]
        assert "%(" not in said["what"] + said["fix"]
