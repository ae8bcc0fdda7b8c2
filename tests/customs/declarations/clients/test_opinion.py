"""The simulated authority's own arithmetic: order, rounding, moods that make it disagree, no shared code."""

import ast
from decimal import Decimal
from pathlib import Path

import pytest

import simulators.vnaccs
from simulators.vnaccs import opinion
from simulators.vnaccs.mood import Mood
from simulators.vnaccs.papers import Item, Paper


def paper(
    hs: str, *, origin: str = "KR", quantity: str = "1000", unit: str = "KGM", value: str = "100000000"
) -> Paper:
    item = Item(1, hs, "Hàng", origin, "MFN", "", Decimal(quantity), Decimal(1), Decimal(value), unit=unit)
    return Paper("DECLARE", "TK-1", "", 0, "IMPORT", "A11", {"IP3": "VND", "IP2": "CIF"}, [item])


def kinds(found: Paper, **mood: object) -> dict[str, tuple[object, int]]:
    lines, total = opinion.assess(found, disagree_percent=0, seed=1, **mood)  # type: ignore[arg-type]
    taxes = {tax["kind"]: (tax["base"], tax["amount"]) for tax in lines[0]["taxes"]}
    assert total == sum(amount for _, amount in taxes.values())
    return taxes


def test_a_remedy_is_levied_by_origin_and_stands_in_the_base_of_vat() -> None:
    taxes = kinds(paper("72104912"))
    duty, levied = taxes["CUD"][1], 15_670_000
    assert taxes["ADD"] == (100_000_000, levied)
    assert taxes["VAT"][0] == 100_000_000 + duty + levied
    assert "ADD" not in kinds(paper("72104912", origin="JP"))


def test_environment_tax_goes_by_quantity_in_its_own_unit() -> None:
    taxes = kinds(paper("39232199"))
    assert taxes["ENV"] == (Decimal(1000), 50_000_000)
    assert taxes["VAT"][0] == 100_000_000 + taxes["CUD"][1] + 50_000_000
    assert "ENV" not in kinds(paper("39232199", unit="PCE"))


@pytest.mark.parametrize(("hs", "kind"), [("72104912", "ADD"), ("39232199", "ENV")])
def test_in_a_mood_it_forgets_a_tax(hs: str, kind: str) -> None:
    assert kind not in kinds(paper(hs), forgets=(kind,))
    assert kinds(paper(hs), forgets=(kind,))["VAT"][1] < kinds(paper(hs))["VAT"][1]


def test_it_shares_no_code_with_the_platform() -> None:
    folder = Path(simulators.vnaccs.__file__).parent
    files = list(folder.glob("*.py"))
    assert folder / "office.py" in files
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(name == "app" or name.startswith("app.") for name in names), file.name


def test_each_mood_is_described() -> None:
    words = (Path(simulators.vnaccs.__file__).parent / "README.md").read_text(encoding="utf-8")
    assert [name for name in Mood.__dataclass_fields__ if f"`{name}`" not in words] == []
