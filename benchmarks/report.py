"""How a benchmark reports: a table for people, a JSON line for programs, both with the baseline of the same run."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """
    One measured figure.

    :ivar ratio: value / baseline, or baseline / value where less is better; None without a baseline.
    :ivar aim: what was asked for, in words.
    :ivar met: whether the aim is met; None when it is for information only.
    """

    name: str
    metric: str
    value: float
    unit: str
    baseline: float | None = None
    ratio: float | None = None
    aim: str = ""
    met: bool | None = None


def show(figures: list[Figure]) -> None:
    """Print the table, then one JSON object a line."""
    head = ("benchmark", "metric", "value", "unit", "baseline", "ratio", "aim", "met")
    rows = [head, *(_row(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    for figure in figures:
        print(json.dumps(asdict(figure), ensure_ascii=False))


def percentile(values: list[float], share: float) -> float:
    """Return a percentile of measured values (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _row(figure: Figure) -> tuple[str, ...]:
    met = {True: "yes", False: "NO", None: "-"}[figure.met]
    return (
        figure.name,
        figure.metric,
        _number(figure.value),
        figure.unit,
        _number(figure.baseline),
        _number(figure.ratio),
        figure.aim or "-",
        met,
    )


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"
