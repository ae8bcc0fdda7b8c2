"""
The two parties of a declaration, by direction.

Here the first party is always the firm that declares and the second the one it trades with, so that one set of fields,
rules and copies serves both directions. The authority names them by their part: on an export the firm that declares is
the exporter and the other one the importer. The exchange speaks its language, the rooms here ours.
"""

from collections.abc import Mapping

EXPORT = "EXPORT"

# Our code: the authority's on an export. On an import they are the same.
_ON_EXPORT: Mapping[str, str] = {
    "IMC": "EPC", "IMN": "EPN", "IMA": "EPA", "IMT": "EPT", "EPC": "IMC", "EPN": "IMN", "EPA": "IMA", "EPO": "IMO",
}  # fmt: skip
_FROM_EXPORT: Mapping[str, str] = {theirs: ours for ours, theirs in _ON_EXPORT.items()}


def as_declared(direction: str, header: Mapping[str, str]) -> dict[str, str]:
    """Return the header as the authority reads it."""
    return _renamed(header, _ON_EXPORT) if direction == EXPORT else dict(header)


def as_kept(direction: str, header: Mapping[str, str]) -> dict[str, str]:
    """Return a header that the authority gave as it is kept here."""
    return _renamed(header, _FROM_EXPORT) if direction == EXPORT else dict(header)


def our_code(direction: str, code: str) -> str:
    """Return the code here of a field that the authority names."""
    return _FROM_EXPORT.get(code, code) if direction == EXPORT else code


def _renamed(header: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    return {names.get(code, code): value for code, value in header.items()}
