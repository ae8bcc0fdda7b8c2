"""Reading and writing XML safely: no entities, no document type, no network, limits of size and depth."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

LARGEST = 4_000_000
"""Bytes of the largest document that is read."""

DECLARATION = "urn:ftz:customs:declaration:1"
RESPONSE = "urn:ftz:customs:response:1"
RESULTS = "urn:ftz:customs:results:1"
_SCHEMAS = Path(__file__).parent / "schema"
_DEEPEST = 32
FIRST_YEAR, LAST_YEAR = 1900, 2999
TOO_MUCH = Decimal(10) ** 15
"""No column holds so much."""

# Characters that XML 1.0 cannot hold, not even as a reference.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class WireFault(ValueError):
    """
    The document cannot be read: ``code`` says why, ``line`` where in the text.

    ``too-large``, ``not-xml``, ``has-doctype``, ``too-deep``, ``other-form`` (not the document expected), ``form``
    (against the schema) or ``content``.
    """

    def __init__(self, code: str, message: str = "", line: int | None = None) -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code, self.message, self.line = code, message, line


def parse(content: bytes, *, root: str, schema: str) -> etree._Element:
    """
    Read a document and check it against its schema.

    :param root: name of the root in Clark notation, ``{namespace}name``.
    :param schema: name of the schema's file.
    :raises WireFault: it is not such a document.
    """
    element = opened(content, root=root)
    _refuse_deep(element)
    _check(element, schema)
    return element


def opened(content: bytes, *, root: str) -> etree._Element:
    """
    Read a document by its root alone; what stands in it is checked by whoever takes it out.

    :raises WireFault: it is no such document.
    """
    if len(content) > LARGEST:
        raise WireFault("too-large")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        element = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise WireFault("not-xml", str(error), getattr(error, "lineno", None)) from None
    # A document type can carry entities; none of ours has one, so it is refused whole.
    if element.getroottree().docinfo.internalDTD is not None:
        raise WireFault("has-doctype")
    if element.tag != root:
        raise WireFault("other-form", f"the root is {element.tag}, expected is {root}")
    return element


def _refuse_deep(element: etree._Element) -> None:
    level: list[etree._Element] = [element]
    for _ in range(_DEEPEST):
        level = [child for each in level for child in each]
        if not level:
            return
    raise WireFault("too-deep")


def _check(element: etree._Element, schema: str) -> None:
    try:
        _schema(schema).assertValid(element)
    except etree.DocumentInvalid as error:
        raise WireFault("form", str(error)) from None


@cache
def _schema(name: str) -> etree.XMLSchema:
    # The files are our own and include each other by relative paths; nothing is fetched.
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    return etree.XMLSchema(etree.parse(str(_SCHEMAS / name), parser))


def serialise(element: etree._Element) -> bytes:
    """Return a document as UTF-8 with its declaration."""
    return etree.tostring(element, xml_declaration=True, encoding="UTF-8")


def checked(element: etree._Element, schema: str) -> bytes:
    """
    Return a document of our own making after it stood the check against its schema.

    :raises WireFault: what is to be said does not fit the form.
    """
    content = serialise(element)
    if len(content) > LARGEST:
        raise WireFault("too-large")
    _check(etree.fromstring(content), schema)
    return content


class Node:
    """An element with the few verbs that readers and writers need; names stay within one namespace."""

    def __init__(self, element: etree._Element, namespace: str) -> None:
        self.element, self.namespace = element, namespace

    @classmethod
    def root(cls, name: str, namespace: str) -> "Node":
        """Make the root of a new document."""
        return cls(etree.Element(f"{{{namespace}}}{name}", nsmap=_default(namespace)), namespace)

    def add(self, name: str) -> "Node":
        """Append a child."""
        return Node(etree.SubElement(self.element, f"{{{self.namespace}}}{name}"), self.namespace)

    def put(self, name: str, value: object, **attributes: str) -> None:
        """Append a child with a text; nothing for None and for empty text."""
        text = _text(value)
        if text:
            child = self.add(name).element
            child.text = text
            for key, content in attributes.items():
                if content:
                    child.set(key, _text(content))

    def under(self, *path: str) -> "Node":
        """Return the last child of that path, made where it does not exist."""
        node = self
        for name in path:
            found = node.all(name)
            node = found[-1] if found else node.add(name)
        return node

    def all(self, name: str) -> "list[Node]":
        """Return the children of a name."""
        return [Node(each, self.namespace) for each in self.element.findall(f"{{{self.namespace}}}{name}")]

    def one(self, *path: str) -> "Node | None":
        """Return the first element of a path, None when there is none."""
        found = self.element.find("/".join(f"{{{self.namespace}}}{name}" for name in path))
        return None if found is None else Node(found, self.namespace)

    def text(self, *path: str) -> str:
        """Return the text at a path, empty when there is none."""
        node = self.one(*path)
        return "" if node is None else node.element.text or ""

    def attribute(self, name: str, *path: str) -> str:
        """Return an attribute of the element at a path, empty when there is none."""
        node = self.one(*path) if path else self
        return "" if node is None else node.element.get(name, "")

    def decimal(self, *path: str) -> Decimal | None:
        """Return the number at a path, None when there is none."""
        text = self.text(*path)
        return decimal(text) if text else None


def _default(namespace: str) -> Any:
    # lxml takes None as the name of the default namespace; its stubs do not know that.
    return {None: namespace}


def decimal(text: str) -> Decimal:
    """
    Read a number.

    :raises WireFault: it is none, or has more than fifteen digits before the point.
    """
    try:
        read = Decimal(text.strip())
    except InvalidOperation:
        raise WireFault("content", f"not a number: {text[:40]}") from None
    if not read.is_finite() or abs(read) >= TOO_MUCH:
        raise WireFault("content", f"a number beyond fifteen digits: {text[:40]}")
    return read


def instant(text: str) -> datetime:
    """
    Read an instant with its offset, as UTC.

    :raises WireFault: it is none, has no offset, or lies in no year of this platform.
    """
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError:
        raise WireFault("content", f"not an instant: {text[:40]}") from None
    if read.tzinfo is None:
        raise WireFault("content", f"an instant without offset: {text[:40]}")
    _refuse_year(read.year, text)
    return read.astimezone(UTC)


def day(text: str) -> date:
    """
    Read a day.

    :raises WireFault: it is none, or lies in no year of this platform.
    """
    try:
        read = date.fromisoformat(text.strip())
    except ValueError:
        raise WireFault("content", f"not a day: {text[:40]}") from None
    _refuse_year(read.year, text)
    return read


def _refuse_year(year: int, text: str) -> None:
    # At both ends of the calendar a zone's offset or a term of some days leads out of it.
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise WireFault("content", f"outside of the calendar: {text[:40]}")


def named(codes: Iterable[tuple[str, str]], node: Node) -> None:
    """Append coded texts as ``AdditionalInformation``."""
    for code, value in codes:
        if _text(value):
            each = node.add("AdditionalInformation")
            each.put("StatementCode", code)
            each.put("StatementDescription", value)


def names(node: Node) -> dict[str, str]:
    """Return coded texts of ``AdditionalInformation``."""
    return {
        each.text("StatementCode"): each.text("StatementDescription")
        for each in node.all("AdditionalInformation")
    }


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    return _FORBIDDEN.sub("", str(value))
