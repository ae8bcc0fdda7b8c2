"""PDF (ISO 32000): opened by a real parser in a process of its own, under limits of memory and time."""

import json
import subprocess
import sys
from pathlib import Path

from app.core.documents.intake.limits import IntakeLimits
from app.core.documents.refusals import FileBomb, FileDamaged, PdfActive, PdfEncrypted

_PROBE = Path(__file__).with_name("pdf_probe.py")


def check(path: Path, limits: IntakeLimits) -> None:
    """
    Check a PDF.

    The parser is C++ code fed by strangers: a crash or an endless loop must not reach the web process.

    :raises PdfEncrypted: a password or restrictions.
    :raises PdfActive: scripts, launch or submit actions, embedded files, forms that run (XFA).
    :raises FileBomb: opening it takes more memory or time than allowed.
    :raises FileDamaged: the parser cannot read it, or it has no page.
    """
    arguments = (
        str(path),
        str(limits.pdf_memory_bytes),
        str(limits.pdf_seconds),
        str(limits.max_unpacked_bytes),
    )
    try:
        probe = subprocess.run(  # noqa: S603 - our own interpreter and script; the path is our own, too.
            [sys.executable, "-I", str(_PROBE), *arguments],
            capture_output=True,
            check=False,
            timeout=limits.pdf_seconds * 2,
            env={},
        )
    except subprocess.TimeoutExpired as error:
        raise FileBomb from error
    if probe.returncode < 0:
        raise FileBomb
    if probe.returncode > 0:
        raise FileDamaged(found="PDF")
    finding = json.loads(probe.stdout)
    if finding["verdict"] == "encrypted":
        raise PdfEncrypted
    if finding["verdict"] == "bomb":
        raise FileBomb
    if finding["verdict"] == "damaged":
        raise FileDamaged(found="PDF")
    if finding["active"]:
        raise PdfActive(found=", ".join(finding["active"]))
