"""
Canonical JSON (RFC 8785): one byte sequence for one value, so that its hash can be recomputed for ever.

Only text, whole numbers, booleans, null, lists and objects are taken. Fractions have more than one spelling in
other languages: money and measures go in as decimal text.
"""

from collections.abc import Mapping, Sequence

import rfc8785

Canonical = str | int | bool | None | Sequence["Canonical"] | Mapping[str, "Canonical"]


class NotCanonical(TypeError):
    """A value has no canonical form; a fault of the calling code, not of a person."""


def canonical_json(value: Canonical) -> bytes:
    """
    Return the RFC 8785 form of a value as UTF-8.

    :raises NotCanonical: the value holds something else than str, int, bool, None, list or dict with text keys, a
        whole number beyond ±(2^53 - 1), a NUL character or a lone surrogate.
    """
    _check(value, "$")
    try:
        return bytes(rfc8785.dumps(value))
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise NotCanonical(str(error)) from error


def _check(value: object, path: str) -> None:
    match value:
        case None | bool() | int():
            return
        case str():
            if "\x00" in value:
                raise NotCanonical(f"{path} holds a NUL character, which the database cannot read back.")
        case dict():
            for key, item in value.items():
                if not isinstance(key, str) or "\x00" in key:
                    raise NotCanonical(f"{path} has a key {key!r}: keys are text without NUL.")
                _check(item, f"{path}.{key}")
        case list():
            for position, item in enumerate(value):
                _check(item, f"{path}[{position}]")
        case _:
            raise NotCanonical(
                f"{path} is {type(value).__name__}: pass text, a whole number, a boolean, None, a list or a dict."
            )
