"""Rules about the source itself that no linter of the shelf knows."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from app.core.settings import ROOT

APP = ROOT / "app"
PYTHON = sorted([*APP.rglob("*.py"), *(ROOT / "simulators").rglob("*.py")])
TEMPLATES = sorted([*APP.rglob("*.html"), *APP.rglob("*.typ"), *APP.rglob("*.txt.jinja")])
SCRIPTS = sorted(path for path in (ROOT / "frontend").rglob("*.ts") if "node_modules" not in path.parts)
CLOCK = APP / "core" / "kit" / "time.py"
# Where a text that may be no key or no day is read; everybody else asks these.
READERS = {APP / "core" / "kit" / "ids.py", APP / "core" / "i18n" / "formats.py"}

MOST_LINES, WISHED_LINES = 450, 400
MOST_LINES_OF_A_FUNCTION, WISHED_LINES_OF_A_FUNCTION = 70, 60
# Reading the wall clock: allowed in one file, so that every other instant is passed in.
WALL_CLOCK = {
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "datetime.fromtimestamp",
    "datetime.utcfromtimestamp", "time.time", "time.localtime",
}  # fmt: skip
# Measuring how long something takes, or making a key, is no statement about what time it is.
NO_STATEMENT = {APP / "core" / "kit" / "ids.py"}
MONEY = re.compile(r"money|amount|price|capital|fee|vnd|usd|tariff|duty|tax_", re.IGNORECASE)


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def wall_clock_reads(module: ast.Module) -> Iterator[int]:
    """Yield the lines that read the wall clock."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            name = (
                owner.id
                if isinstance(owner, ast.Name)
                else owner.attr
                if isinstance(owner, ast.Attribute)
                else ""
            )
            if f"{name}.{node.func.attr}" in WALL_CLOCK:
                yield node.lineno


def naive_datetimes(module: ast.Module) -> Iterator[int]:
    """Yield the lines that make a datetime without a time zone and keep it as one."""
    kept_as_day = {
        id(node.func.value)
        for node in ast.walk(module)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"date", "replace"}
    }
    for node in ast.walk(module):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        zoned = any(each.arg == "tzinfo" for each in node.keywords)
        if called in {"datetime", "datetime.datetime"} and not zoned and len(node.args) < 8:
            yield node.lineno
        # A difference of two times of day needs a day, any one, and is no instant.
        combined = called.endswith("datetime.combine") and not zoned and len(node.args) < 3
        if combined and ast.unparse(node.args[0]) != "date.min":
            yield node.lineno
        if called.endswith(".strptime") and id(node) not in kept_as_day:
            yield node.lineno
        if called.endswith(".replace") and any(
            each.arg == "tzinfo" and isinstance(each.value, ast.Constant) and each.value.value is None
            for each in node.keywords
        ):
            yield node.lineno


def money_as_float(module: ast.Module) -> Iterator[int]:
    """Yield the lines where an amount of money becomes a float."""
    for node in ast.walk(module):
        called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float"
        if called and any(MONEY.search(ast.unparse(each)) for each in node.args):
            yield node.lineno
        if isinstance(node, ast.AnnAssign | ast.arg) and node.annotation is not None:
            name = node.arg if isinstance(node, ast.arg) else ast.unparse(node.target)
            if MONEY.search(name) and re.search(r"\bfloat\b", ast.unparse(node.annotation)):
                yield node.lineno


def own_readers(module: ast.Module) -> Iterator[int]:
    """Yield the lines that try whether a text is a key or a day, where ``key_of`` and ``typed_day`` tell."""
    for node in ast.walk(module):
        if not isinstance(node, ast.Try) or not any(
            "ValueError" in ast.unparse(each) for each in node.handlers
        ):
            continue
        calls = [each for part in node.body for each in ast.walk(part) if isinstance(each, ast.Call)]
        # What is told to somebody, such as why a field is refused, needs the error itself.
        silent = [ast.unparse(part) for each in node.handlers for part in each.body] == ["return None"]
        for call in calls:
            name = ast.unparse(call.func).rpartition(".")[2]
            if (name == "UUID" and call.args) or (name == "parse_date" and silent):
                yield call.lineno


def functions(module: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield name and length of every function, without its docstring."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            documented = ast.get_docstring(node) is not None
            body = node.body[1:] if documented else node.body
            first = body[0].lineno if body else node.end_lineno
            signature = node.body[0].lineno - node.lineno
            yield node.name, node.end_lineno - first + 1 + signature


def names_of_the_zone() -> frozenset[str]:
    """Return the words of the zone file that name this zone and no other."""
    zone = yaml.safe_load((APP / "core" / "settings" / "zone.yaml").read_text(encoding="utf-8"))
    words = {zone["code"], zone["authority"]["code"]}
    for text in (
        zone["name"],
        zone["short"],
        zone["city"],
        zone["authority"]["name"],
        zone["authority"]["parent"],
    ):
        words |= set(text.values())
    for site in zone["sites"]:
        words |= {part.strip() for text in site["name"].values() for part in text.split(":")[1:]}
    # The proper names inside the longer ones: a shortened mention is a mention.
    words |= {"Cát Hải", "Cat Hai", "Đình Vũ", "Dinh Vu", "Haiphong"}
    return frozenset(words)


@pytest.mark.parametrize("path", PYTHON, ids=shown)
def test_time_is_aware_and_passed_in(path: Path) -> None:
    module, lines = tree(path), path.read_text(encoding="utf-8").splitlines()
    # Where ruff's own rule is set aside with a reason, the reason stands for this one too.
    assert [line for line in naive_datetimes(module) if "noqa: DTZ" not in lines[line - 1]] == []
    if path != CLOCK and path not in NO_STATEMENT:
        assert list(wall_clock_reads(module)) == [], "take `now` from the caller; the edge asks kit.time"


def test_money_is_never_a_float() -> None:
    found = [f"{shown(path)}:{line}" for path in PYTHON for line in money_as_float(tree(path))]
    assert found == []


def test_keys_and_days_are_read_in_one_place() -> None:
    found = [
        f"{shown(path)}:{line}" for path in PYTHON if path not in READERS for line in own_readers(tree(path))
    ]
    assert found == [], "ask kit.ids.key_of, web.forms.needed_key or i18n.formats.typed_day"


def test_no_zone_authority_or_city_stands_in_code() -> None:
    word = re.compile("|".join(re.escape(name) for name in sorted(names_of_the_zone())), re.IGNORECASE)
    found = [
        f"{shown(path)}:{number}: {match.group(0)}"
        for path in [*PYTHON, *TEMPLATES, *SCRIPTS]
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if (match := word.search(line))
    ]
    assert found == [], "another zone brings another zone file; what it names comes from there"


def test_files_and_functions_stay_readable(record_property: Callable[[str, object], None]) -> None:
    files = {shown(path): len(path.read_text(encoding="utf-8").splitlines()) for path in PYTHON}
    lengths = {f"{shown(path)}: {name}": lines for path in PYTHON for name, lines in functions(tree(path))}
    for name, lines in sorted(files.items()):
        if lines > WISHED_LINES:
            record_property("long file", f"{name}: {lines}")
    for name, lines in sorted(lengths.items()):
        if lines > WISHED_LINES_OF_A_FUNCTION:
            record_property("long function", f"{name}: {lines}")
    assert {name: lines for name, lines in files.items() if lines > MOST_LINES} == {}
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES_OF_A_FUNCTION} == {}


@pytest.mark.parametrize(
    ("source", "check"),
    [
        ("datetime.datetime.now()", wall_clock_reads),
        ("x = datetime.now(UTC)", wall_clock_reads),
        ("date.today()", wall_clock_reads),
        ("datetime(2026, 1, 1)", naive_datetimes),
        ("datetime.combine(day, noon)", naive_datetimes),
        ("datetime.strptime(text, form)", naive_datetimes),
        ("at.replace(tzinfo=None)", naive_datetimes),
        ("float(row.capital)", money_as_float),
        ("fee: float = 0", money_as_float),
        ("def pay(amount_vnd: float): ...", money_as_float),
        ("try: key = UUID(text)\nexcept ValueError: raise NotFound", own_readers),
        ("try: day = formats.parse_date(text)\nexcept ValueError: return None", own_readers),
    ],
)
def test_the_lints_find_what_they_are_for(source: str, check: object) -> None:
    assert callable(check)
    assert list(check(ast.parse(source))) == [1]


@pytest.mark.parametrize(
    ("source", "check"),
    [
        ("datetime(2026, 1, 1, tzinfo=UTC)", naive_datetimes),
        ("datetime.combine(day, noon, zone)", naive_datetimes),
        ("datetime.strptime(text, form).date()", naive_datetimes),
        ("float(seconds)", money_as_float),
        ("utcnow()", wall_clock_reads),
        ("time.monotonic()", wall_clock_reads),
        ("try: key = UUID(bytes=opened)\nexcept ValueError: key = None", own_readers),
        ("try: day = parse_date(text)\nexcept ValueError as fault: tell(fault)", own_readers),
    ],
)
def test_the_lints_leave_alone_what_is_right(source: str, check: object) -> None:
    assert callable(check)
    assert list(check(ast.parse(source))) == []
