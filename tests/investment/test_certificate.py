"""The content of a certificate and its printed body."""

from pathlib import Path

import pytest

from app.core.workflow import answers as form
from app.core.workflow import procedures
from app.core.workflow.definition import Definition
from app.investment.domain.certificate import certificate_content, printed_certificate, printed_money
from app.investment.service.issuing import option_labels
from tests.investment.requests import commitment, investor, money, request

FOLDER = Path(procedures.__file__).parents[2] / "investment" / "procedures"


@pytest.fixture(scope="module")
def special() -> Definition:
    """The special procedure, whose form has every question."""
    return procedures.read_file(FOLDER / "IRC_SPECIAL" / "2026-03-01.yaml")


def test_the_sample_request_answers_every_question_of_the_form() -> None:
    definition = procedures.read_file(FOLDER / "IRC" / "2026-03-31.yaml")
    assert form.missing(definition.sections, request()) == []
    assert form.merged(definition, {}, request()) == request()


def test_content_and_body(special: Definition) -> None:
    two = [
        investor(share="60"),
        investor(kind="INDIVIDUAL", name="Nguyễn Thử", country="OTHER", country_other="Bỉ", share="40",
                 representative=None),
    ]  # fmt: skip
    kinds = ("CONSTRUCTION", "ENVIRONMENT", "FIRE")
    answers = request(investors=two, commitments=[commitment(kind) for kind in kinds], lot="CN-07")
    content = certificate_content(answers, option_labels(special))
    assert content["investor_name"] == "Công ty TNHH Thử nghiệm Sao Biển; Nguyễn Thử"
    assert [each["country_label"] for each in content["investors"]] == ["Nhật Bản", "Bỉ"]
    assert content["location"]["site"] == "S1"
    assert len(content["commitments"]) == len(kinds)
    body = printed_certificate(content, zone="Khu thử nghiệm")
    text = repr(body)
    for expected in (
        "1.250.000.000.000 VND, tương đương 50.000.000 USD",
        "25.000 VND/USD ngày 20/11/2026, Ngân hàng thử nghiệm",
        "CN-07, Khu vực 1, Khu thử nghiệm",
        "50 năm",
        "30/06/2028",
        "Phòng cháy và chữa cháy",
        "Hộ chiếu hoặc giấy tờ số",
    ):
        assert expected in text
    assert {part["kind"] for part in body} <= {"heading", "facts", "table", "list"}


@pytest.mark.parametrize(("amount", "text"), [("1250000000", "1.250.000.000 VND"), ("0", "0 VND")])
def test_printed_money(amount: str, text: str) -> None:
    assert printed_money(money(int(amount))) == text
