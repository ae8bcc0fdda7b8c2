"""
Which messages the source holds, and whether a catalogue covers them.

Messages come from gettext calls in Python and templates, and from the error tree: the ``title``,
``detail`` and ``hint`` of a ``DomainError`` class, the texts given when one is raised, and the ``reason``
of a ``FieldProblem`` are message ids without a call around them, because errors lie below this package.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po

from app.core.i18n.catalogue import LOCALE_DIR

ERROR_ROOT = "DomainError"
ERROR_TEXTS = ("title", "detail", "hint")
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "N_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}
_PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")


@dataclass(frozen=True, slots=True, order=True)
class Message:
    """One message id: a sentence, its plural where it has one, its context where it needs one."""

    text: str
    plural: str = ""
    context: str = ""


def _error_classes(trees: Sequence[ast.Module]) -> frozenset[str]:
    """Return the names of all classes that descend from the root of the error tree, by name."""
    parents: dict[str, set[str]] = {}
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.ClassDef):
            bases = {
                base.attr if isinstance(base, ast.Attribute) else ast.unparse(base) for base in node.bases
            }
            parents.setdefault(node.name, set()).update(bases)
    found = {ERROR_ROOT}
    while more := {name for name, bases in parents.items() if bases & found} - found:
        found |= more
    return frozenset(found)


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _class_texts(node: ast.ClassDef) -> Iterator[str | None]:
    for statement in node.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in ERROR_TEXTS:
                yield _text(value)
            case ast.AnnAssign(target=ast.Name(id=name), value=value) if name in ERROR_TEXTS:
                yield _text(value)


def _call_texts(node: ast.Call, errors: frozenset[str]) -> Iterator[str | None]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    keywords = {keyword.arg: keyword.value for keyword in node.keywords}
    if name in errors:
        yield _text(node.args[0] if node.args else keywords.get("detail"))
        yield _text(keywords.get("hint"))
    elif name == "FieldProblem":
        third = 2
        yield _text(node.args[third] if len(node.args) > third else keywords.get("reason"))


def _error_messages(paths: Sequence[Path]) -> Iterator[Message]:
    trees = [ast.parse(path.read_bytes(), filename=str(path)) for path in paths]
    errors = _error_classes(trees)
    for node in (node for tree in trees for node in ast.walk(tree)):
        texts: Iterator[str | None] = iter(())
        if isinstance(node, ast.ClassDef) and node.name in errors:
            texts = _class_texts(node)
        elif isinstance(node, ast.Call):
            texts = _call_texts(node, errors)
        yield from (Message(text) for text in texts if text)


def _call_messages(method: str, source: BinaryIO) -> Iterator[Message]:
    for _line, found, _comments, context in extract(method, source, keywords=KEYWORDS):
        singular, plural = found if isinstance(found, tuple) else (found, "")
        if singular:
            yield Message(singular, plural or "", context or "")


def extract_messages(root: Path) -> frozenset[Message]:
    """
    Collect every message id of the Python files and templates below a folder.

    :raises SyntaxError: a file cannot be parsed.
    """
    python = sorted(root.rglob("*.py"))
    found = set(_error_messages(python))
    for path in python:
        with path.open("rb") as source:
            found.update(_call_messages("python", source))
    for path in sorted(root.glob("**/templates/**/*.html")):
        with path.open("rb") as source:
            found.update(_call_messages("jinja2.ext:babel_extract", source))
    return frozenset(found)


def read_catalogue(lang: str) -> Catalog:
    """Read the catalogue of a language from its file."""
    with (LOCALE_DIR / f"{lang}.po").open("rb") as source:
        return read_po(source, locale=lang)


def _parts(value: str | Sequence[str] | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def placeholders(text: str) -> frozenset[str]:
    """Return the names of the ``%(name)s`` placeholders of a message."""
    return frozenset(_PLACEHOLDER.findall(text))


def catalogue_problems(catalogue: Catalog, wanted: frozenset[Message]) -> list[str]:
    """
    Tell what a catalogue lacks: missing, unfinished, orphaned entries and placeholders that differ.

    :return: one sentence for each problem, sorted; empty when the catalogue is complete.
    """
    problems = []
    known = set()
    for entry in catalogue:
        source = _parts(entry.id)
        if not source or not source[0]:
            continue
        message = Message(source[0], source[1] if len(source) > 1 else "", entry.context or "")
        known.add(message)
        target = _parts(entry.string)
        if message not in wanted:
            problems.append(f"orphan (no source holds it): {message.text!r}")
        if entry.fuzzy:
            problems.append(f"fuzzy: {message.text!r}")
        if not target or not all(target):
            problems.append(f"not translated: {message.text!r}")
        elif any(placeholders(a) != placeholders(b) for a, b in pairwise((source[-1], *target))):
            problems.append(f"placeholders differ: {message.text!r}")
    problems += [f"missing: {message.text!r}" for message in wanted - known]
    return sorted(problems)
