"""What a domain event is, and how it is written down and read back."""

import re
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Any, ClassVar, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from pydantic import TypeAdapter

_NAME = re.compile(r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){2,}$")
_PRIMITIVES = (UUID, str, int, bool, datetime, date, Decimal, Enum)


class UnfitEvent(TypeError):
    """An event class breaks the rules of events; a fault of the code, found when the class is first used."""


@dataclass(frozen=True)
class DomainEvent:
    """
    Base of all events: a frozen dataclass of keys and primitives, named in the past tense.

    ``name`` is the wire name, "planning.site_plan.approved". No personal data: whoever handles the event reads what
    it needs under its own rights.
    """

    name: ClassVar[str]


_ADAPTERS: dict[type[DomainEvent], TypeAdapter[Any]] = {}

E = TypeVar("E", bound=DomainEvent)


def to_payload(event: DomainEvent) -> dict[str, Any]:
    """
    Return an event's fields as JSON values.

    :raises UnfitEvent: the class has no proper name, or a field that is neither key nor primitive.
    """
    payload = _adapter(type(event)).dump_python(event, mode="json")
    assert isinstance(payload, dict)
    return payload


def from_payload(event_class: type[E], payload: dict[str, Any]) -> E:
    """
    Rebuild an event.

    :raises pydantic.ValidationError: the payload was written by an older, incompatible class.
    """
    event = _adapter(event_class).validate_python(payload)
    assert isinstance(event, event_class)
    return event


def _adapter(event_class: type[DomainEvent]) -> TypeAdapter[Any]:
    if event_class not in _ADAPTERS:
        _ADAPTERS[event_class] = _make_adapter(event_class)
    return _ADAPTERS[event_class]


def _make_adapter(event_class: type[DomainEvent]) -> TypeAdapter[Any]:
    name = getattr(event_class, "name", "")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise UnfitEvent(f"{event_class.__name__}.name is {name!r}: write module.subject.past_participle.")
    hints = get_type_hints(event_class)
    for item in fields(event_class):
        if not _is_primitive(hints[item.name]):
            raise UnfitEvent(
                f"{event_class.__name__}.{item.name} is {hints[item.name]}: keys and primitives only."
            )
    return TypeAdapter(event_class)


def _is_primitive(hint: Any) -> bool:
    origin = get_origin(hint)
    if origin in {Union, UnionType}:
        return all(part is NoneType or _is_primitive(part) for part in get_args(hint))
    if origin is tuple:
        return all(part is Ellipsis or _is_primitive(part) for part in get_args(hint))
    if hasattr(hint, "__supertype__"):
        return _is_primitive(hint.__supertype__)
    return isinstance(hint, type) and issubclass(hint, _PRIMITIVES)
