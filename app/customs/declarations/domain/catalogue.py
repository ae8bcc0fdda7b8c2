"""The 40 type codes and the movements of the zone: which code is usual for which, and where duty arises."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from app.customs.declarations.domain.dictionary import Text, load

IMPORT, EXPORT = "IMPORT", "EXPORT"


@dataclass(frozen=True, slots=True)
class TypeCode:
    """One kind of declaration; ``movements`` are those for which it is usual in the zone (a proposal)."""

    code: str
    direction: str
    name: Text
    movements: tuple[str, ...]
    status: str


@dataclass(frozen=True, slots=True)
class Movement:
    """From where to where goods go; ``dutiable`` are the directions in which duty and tax arise."""

    code: str
    name: Text
    about: Text
    directions: tuple[str, ...]
    dutiable: tuple[str, ...]


@cache
def type_codes() -> Mapping[str, TypeCode]:
    """Return all type codes."""
    return {
        each["code"]: TypeCode(
            each["code"], each["direction"], each["name"], tuple(each["movements"]), each["status"]
        )
        for each in load("type_codes")["codes"]
    }


@cache
def movements() -> Mapping[str, Movement]:
    """Return all movements in the order in which they are offered."""
    return {
        each["code"]: Movement(
            each["code"], each["name"], each["about"], tuple(each["directions"]), tuple(each["dutiable"])
        )
        for each in load("movements")["movements"]
    }


def usual(movement: str) -> Sequence[TypeCode]:
    """Return the codes that are usual for a movement."""
    return [each for each in type_codes().values() if movement in each.movements]


def possible(movement: str) -> Sequence[TypeCode]:
    """Return the codes whose direction a movement can have, the usual ones first."""
    directions = movements()[movement].directions
    fitting = [each for each in type_codes().values() if each.direction in directions]
    return sorted(fitting, key=lambda each: movement not in each.movements)


def is_dutiable(movement: str, direction: str) -> bool:
    """Tell whether duty and tax arise (Law 107/2016/QH13, article 2.4(c), says where they do not)."""
    return direction in movements()[movement].dutiable
