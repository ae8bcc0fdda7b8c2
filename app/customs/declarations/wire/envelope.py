"""
``Responses``, an envelope of many notices, each read on its own: one that is malformed stops none of the others.

Each piece stands the whole check of its schema by itself. Where the envelope is no XML at all, its pieces are told
apart by their tags in the text; a piece that is no notice is handed on as it came, so that nothing is guessed and
nothing lost.
"""

import re
from collections.abc import Iterator

from lxml import etree

from app.customs.declarations.wire.messages import Batch, Notice, Unread
from app.customs.declarations.wire.response import SCHEMA, fill_response, read_response
from app.customs.declarations.wire.xml import RESPONSE, Node, WireFault, checked, opened

_ROOT = f"{{{RESPONSE}}}Responses"
_MOST = 1_000
_LONGEST_CURSOR = 100
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_SHOWN = 300
_START = re.compile(rb"<([A-Za-z_][\w.-]*:)?Responses(?:\s[^<>]*)?>")


def write_responses(batch: Batch) -> bytes:
    """
    Write an envelope.

    :raises WireFault: its content does not fit the form.
    """
    root = Node.root("Responses", RESPONSE)
    root.element.set("cursor", batch.cursor)
    root.element.set("more", "true" if batch.more else "false")
    for notice in batch.notices:
        fill_response(root.add("Response"), notice)
    return checked(root.element, SCHEMA)


def read_responses(content: bytes) -> Batch:
    """
    Read an envelope; what in it is no notice stands in ``unread``.

    :raises WireFault: it is none: then nobody knows where to read on, and nothing of it is taken.
    """
    try:
        root = opened(content, root=_ROOT)
        pieces = [etree.tostring(each, with_tail=False) for each in root]
    except WireFault as fault:
        if fault.code != "not-xml":
            raise
        root, pieces = _apart(content, fault)
    cursor, more = root.get("cursor", ""), _BOOLEANS.get(root.get("more", ""))
    if not 1 <= len(cursor) <= _LONGEST_CURSOR or more is None or len(pieces) > _MOST:
        raise WireFault("form", "cursor, more or the number of notices")
    notices: list[Notice] = []
    unread: list[Unread] = []
    for raw in pieces:
        try:
            notices.append(read_response(raw))
        except WireFault as fault:
            unread.append(_unread(raw, fault))
    return Batch(tuple(notices), cursor, more, tuple(unread))


def _apart(content: bytes, fault: WireFault) -> tuple[etree._Element, list[bytes]]:
    """Tell the pieces of an envelope apart by their tags; it must be there to its end."""
    start = _START.search(content)
    if start is None:
        raise fault
    prefix = start[1] or b""
    end = b"</" + prefix + b"Responses>"
    body, found, rest = content[start.end() :].rpartition(end)
    if not found or rest.strip():
        raise fault
    root = opened(start[0] + end, root=_ROOT)
    tag = re.escape(prefix + b"Response")
    piece = re.compile(rb"<" + tag + rb"(?=[\s>]).*?</" + tag + rb"\s*>", re.DOTALL)
    return root, list(_pieces(body, piece, start[0], end))


def _pieces(body: bytes, piece: "re.Pattern[bytes]", start: bytes, end: bytes) -> Iterator[bytes]:
    after = 0
    for match in piece.finditer(body):
        if between := body[after : match.start()].strip():
            yield between
        after = match.end()
        try:
            (alone,) = opened(start + match[0] + end, root=_ROOT)
        except (WireFault, ValueError):
            yield match[0]
        else:
            yield etree.tostring(alone, with_tail=False)
    if left := body[after:].strip():
        yield left


def _unread(raw: bytes, fault: WireFault) -> Unread:
    return Unread(
        raw, fault.code, fault.message[:_SHOWN], id=_said(raw, b"CommunicationMetaData", b"ID"),
        reference=_said(raw, b"FunctionalReferenceID"), sequence=_number(_said(raw, b"SequenceNumeric")),
    )  # fmt: skip


def _said(raw: bytes, *names: bytes) -> str:
    """Return the text in nested tags of these names, found in the text: the piece may be no XML."""
    opening = rb"\s*".join(rb"<(?:[\w.-]+:)?" + name + rb"(?:\s[^<>]*)?>" for name in names)
    found = re.search(opening + rb"([^<>&]{1,100})</", raw)
    return found[1].decode("utf-8", "replace").strip() if found else ""


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 8 else None  # noqa: PLR2004
