"""The documentation and the code tell the same story: settings, commands, modules, decisions, packages, links."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from app.cli import COMMANDS
from app.core.settings import ROOT, Settings
from app.modules import MODULES
from tests.docs import asvs

DOCS = ROOT / "docs"
ADR = DOCS / "adr"
OPERATIONS = (DOCS / "operations.md").read_text(encoding="utf-8")
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
NAMED_FILE = re.compile(r"`([\w./-]+\.(?:py|yaml|html|ts))`")
CODE = ("app", "benchmarks", "frontend/src", "migrations", "simulators", "tests", "tools")
SECTIONS = ["Context", "Decision", "Consequences", "Alternatives"]


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_explained_to_operators(name: str) -> None:
    assert f"`FTZ_{name.upper()}`" in OPERATIONS, f"FTZ_{name.upper()} is not in docs/operations.md"


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_explained_to_operators(name: str) -> None:
    assert re.search(rf"(`ftz |, `|`)({name})\b", OPERATIONS), f"ftz {name} is not in docs/operations.md"


@pytest.mark.parametrize("module", sorted(module.code for module in MODULES))
def test_every_module_has_its_page(module: str) -> None:
    text = (DOCS / "modules" / f"{module}.md").read_text(encoding="utf-8")
    assert text.startswith("---\n"), "the scorecard stands at the top"


def test_every_decision_is_short_whole_and_listed() -> None:
    index = (ADR / "README.md").read_text(encoding="utf-8")
    records = sorted(ADR.glob("[0-9]*.md"))
    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    for path in records:
        text = path.read_text(encoding="utf-8")
        assert f"]({path.name})" in index, path.name
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS, path.name
        assert text.startswith(f"# {int(path.name[:4])}. "), path.name


def test_every_package_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    browser = json.loads((ROOT / "frontend" / "package.json").read_text(encoding="utf-8"))
    listed = next(ADR.glob("*-packages.md")).read_text(encoding="utf-8")
    extra = [name for group in project["optional-dependencies"].values() for name in group]
    python = [re.split(r"[\[<>=]", name)[0] for name in [*project["dependencies"], *extra]]
    missing = [
        name
        for name in [*python, *browser["dependencies"], *browser["devDependencies"]]
        if not any(
            re.search(rf"(^|[ ,|(]){re.escape(part)}\b", listed, re.MULTILINE) for part in _spellings(name)
        )
    ]
    assert missing == []


def _spellings(name: str) -> set[str]:
    """A family of plug-ins is listed with its head: "pytest with randomly, timeout, xdist"."""
    return {name, name.removeprefix("pytest-")}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    targets = [target for target in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_files_that_pages_name_are_there() -> None:
    there = {f"/{path.relative_to(ROOT)}" for folder in CODE for path in (ROOT / folder).rglob("*.*")}
    named = {
        (str(page.relative_to(ROOT)), name)
        for page in PAGES
        for name in NAMED_FILE.findall(page.read_text(encoding="utf-8"))
    }
    assert len(named) > 50
    assert sorted(each for each in named if not any(path.endswith(f"/{each[1]}") for path in there)) == []


def test_a_word_of_the_glossary_stands_once() -> None:
    rows = re.findall(r"^\| ([^|]+) \|", (DOCS / "glossary.md").read_text(encoding="utf-8"), re.MULTILINE)
    words = [row.casefold() for row in rows]
    assert sorted({word for word in words if words.count(word) > 1}) == []


@pytest.mark.parametrize("guide", sorted((DOCS / "guides").glob("*.md")), ids=lambda path: path.stem)
def test_a_guide_fits_on_two_pages(guide: Path) -> None:
    assert len(guide.read_text(encoding="utf-8").split()) <= 1000


def test_pictures_are_small() -> None:
    pictures = sorted((DOCS / "images").glob("*.png"))
    assert pictures
    assert [path.name for path in pictures if path.stat().st_size >= 200_000] == []


class TestControls:
    """The map of OWASP ASVS 5.0.0: its numbers, a test that exists for what is covered, a reason for the rest."""

    def rows(self) -> list[list[str]]:
        lines = (DOCS / "asvs.csv").read_text(encoding="utf-8").splitlines()
        return [line.split(",") for line in lines if line and not line.startswith("#")][1:]

    def test_every_control_exists_in_the_standard_and_stands_once(self) -> None:
        controls = [row[0] for row in self.rows()]
        assert len(set(controls)) == len(controls)
        for control in controls:
            chapter, number = control.removeprefix("V").rsplit(".", 1)
            assert 1 <= int(number) <= asvs.CONTROLS.get(chapter, 0), control

    def test_every_control_of_level_1_is_told(self) -> None:
        told = {row[0].removeprefix("V") for row in self.rows()}
        assert sorted(set(asvs.LEVEL_1) - told) == []

    def test_what_is_covered_names_a_test_that_exists_and_the_rest_a_reason(self) -> None:
        for control, state, place, note in self.rows():
            assert state in {"covered", "partly", "missing", "elsewhere", "none"}, control
            assert note, control
            path, _, name = place.partition("::")
            assert not path or (ROOT / path).exists(), f"{control}: {path}"
            if state == "covered":
                assert path.startswith("tests/"), f"{control}: {path}"
            if name:
                assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), f"{control}: {name}"
