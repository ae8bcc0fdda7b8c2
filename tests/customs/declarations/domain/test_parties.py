"""Who is who on an export: the rooms keep the declaring firm first, the authority reads the exporter."""

import pytest

from app.customs.declarations.domain import dictionary
from app.customs.declarations.domain.parties import as_declared, as_kept

OURS = {"IMC": "0100233488", "IMN": "Công ty Khai", "EPN": "Buyer Ltd", "EPO": "JP", "CH": "03CC"}


def test_an_import_is_declared_as_it_is_kept() -> None:
    assert as_declared("IMPORT", OURS) == OURS


def test_on_an_export_the_firm_that_declares_is_the_exporter() -> None:
    said = as_declared("EXPORT", OURS)
    assert said == {"EPC": "0100233488", "EPN": "Công ty Khai", "IMN": "Buyer Ltd", "IMO": "JP", "CH": "03CC"}


@pytest.mark.parametrize("direction", ["IMPORT", "EXPORT"])
def test_what_goes_out_comes_back_the_same(direction: str) -> None:
    assert as_kept(direction, as_declared(direction, OURS)) == OURS


def test_the_screens_name_the_parties_by_direction() -> None:
    name = dictionary.header_fields()["EPN"]
    assert "xuất khẩu" in name.called("IMPORT")["vi"]
    assert "nhập khẩu" in name.called("EXPORT")["vi"]
    assert name.explained("EXPORT") != name.explained("IMPORT")
