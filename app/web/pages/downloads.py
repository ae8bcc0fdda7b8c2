"""How papers leave the platform: as attachments, under a name that every browser understands."""

from urllib.parse import quote

from app.core.kit.text import slug

# A paper is data of somebody else: it is saved, not shown in our origin, and could run nothing if it were.
DOWNLOAD_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-store",
}


def disposition(name: str) -> str:
    """
    Return the header of a download: the name in full (RFC 6266), and a plain one for old programs.

    Quotes and line ends of a sender's file name cannot leave the header: the plain name has letters, digits, dashes
    and one dot only, the full one is percent-encoded.
    """
    stem, dot, ending = name.rpartition(".")
    plain = slug(stem if dot else name) or "file"
    if dot and ending.isascii() and ending.isalnum():
        plain = f"{plain}.{ending}"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
