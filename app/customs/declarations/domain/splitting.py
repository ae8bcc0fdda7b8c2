"""More lines than one declaration holds: which lines go to which linked declaration."""

from collections.abc import Sequence
from typing import TypeVar

Row = TypeVar("Row")


def branches(lines: Sequence[Row], most: int) -> list[Sequence[Row]]:
    """
    Return the lines of each branch, in their order.

    The first declaration and its branches are linked by the numbers that customs gives (``FIC``: "F" on the first, then
    the first number on the others; ``BNO``/``DNO``: branch n of N) [cited: VNACCS field guide].
    """
    return [lines[start : start + most] for start in range(0, len(lines), most)]
