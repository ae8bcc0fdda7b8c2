"""Program that opens one PDF and prints what it found as JSON.

Run by ``app.core.documents.intake.pdf`` with ``python -I``; imports nothing of the project, so that it starts
fast and nothing but the parser is at risk. Arguments: path, bytes of memory, seconds, bytes unpacked.
"""

import json
import resource
import sys
import zlib
from collections.abc import Iterator

import pikepdf

_ACTIONS = frozenset(
    {
        "/JavaScript",
        "/Launch",
        "/SubmitForm",
        "/ImportData",
        "/GoToE",
        "/Rendition",
        "/RichMediaExecute",
        "/Movie",
        "/Sound",
    }
)
_KEYS = frozenset({"/JS", "/EmbeddedFiles", "/EF", "/XFA"})
_SUBTYPES = frozenset({"/FileAttachment", "/RichMedia", "/Screen", "/Movie", "/Sound", "/3D"})
_MAX_DEPTH = 100
_PIECE = 1 << 20


class Bomb(Exception):
    """The streams unpack to more than allowed."""


def containers(root: pikepdf.Object, depth: int = 0) -> Iterator[pikepdf.Object]:
    """Yield an object and all direct objects within it that may hold keys."""
    if isinstance(root, pikepdf.Dictionary | pikepdf.Stream):
        yield root
        children = [root.get(key) for key in list(root.keys())]
    elif isinstance(root, pikepdf.Array):
        children = list(root)
    else:
        return
    if depth > _MAX_DEPTH:
        raise Bomb
    for child in children:
        if isinstance(child, pikepdf.Object) and not child.is_indirect:
            yield from containers(child, depth + 1)


def active_parts(pdf: pikepdf.Pdf) -> set[str]:
    """Return the names of the parts that act by themselves or hide files."""
    found: set[str] = set()
    for top in pdf.objects:
        for item in containers(top):
            found.update(_KEYS.intersection(item.keys()))
            found.update(_ACTIONS.intersection([str(item.get("/S"))]))
            found.update(_SUBTYPES.intersection([str(item.get("/Subtype"))]))
            if item.get("/Type") == "/EmbeddedFile":
                found.add("/EmbeddedFile")
    return {name.lstrip("/") for name in found}


def unpacked_size(pdf: pikepdf.Pdf, limit: int) -> int:
    """Count the bytes of compressed streams other than pictures, without keeping them; raises ``Bomb``."""
    total = 0
    for item in pdf.objects:
        if not isinstance(item, pikepdf.Stream) or item.get("/Subtype") == "/Image":
            continue
        filters = item.get("/Filter")
        first = filters[0] if isinstance(filters, pikepdf.Array) and len(filters) else filters
        if first != "/FlateDecode":
            continue
        total += inflated(item.read_raw_bytes(), limit - total)
    return total


def inflated(data: bytes, limit: int) -> int:
    """Return the inflated size of a deflate stream; stops beyond ``limit`` with ``Bomb``."""
    decoder = zlib.decompressobj()
    size = 0
    while data and not decoder.eof:
        try:
            size += len(decoder.decompress(data, _PIECE))
        except zlib.error:
            return size
        if size > limit:
            raise Bomb
        if decoder.unconsumed_tail == data:
            return size
        data = decoder.unconsumed_tail
    return size


def probe(path: str, limit: int) -> dict[str, object]:
    """Open the file and say what it is: ``ok``, ``encrypted``, ``bomb`` or ``damaged``, and its active parts."""
    try:
        with pikepdf.open(path, attempt_recovery=False, suppress_warnings=True) as pdf:
            if pdf.is_encrypted:
                return {"verdict": "encrypted"}
            if len(pdf.pages) == 0:
                return {"verdict": "damaged"}
            active = sorted(active_parts(pdf))
            unpacked_size(pdf, limit)
            return {"verdict": "ok", "active": active, "pages": len(pdf.pages)}
    except pikepdf.PasswordError:
        return {"verdict": "encrypted"}
    except (Bomb, MemoryError, RecursionError):
        return {"verdict": "bomb"}
    except (pikepdf.PdfError, ValueError, TypeError, KeyError, RuntimeError, OSError):
        return {"verdict": "damaged"}


def main(path: str, memory: str, seconds: str, unpacked: str) -> None:
    """Set the limits on this process, then look."""
    resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    pikepdf.settings.set_qpdf_limits(flate_max_memory=int(unpacked), doc_max_warnings=1000)
    sys.stdout.write(json.dumps(probe(path, int(unpacked))))


if __name__ == "__main__":
    main(*sys.argv[1:])
