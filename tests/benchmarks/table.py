"""The table: what, ours, the other, their ratio, the aim, whether it is met."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison of medians from the same run; times in seconds, sizes in MiB."""

    what: str
    ours: float
    against: str
    other: float
    aim: float | None = None
    """The largest ratio that is wanted; None where the figure is reported only."""
    unit: str = "s"

    @property
    def ratio(self) -> float:
        """Ours by the other's."""
        return self.ours / self.other

    @property
    def verdict(self) -> str:
        """Whether the aim is met."""
        if self.aim is None:
            return ""
        return "met" if self.ratio <= self.aim else "MISSED"


@dataclass(frozen=True, slots=True)
class Report:
    """What one benchmark found."""

    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    """Lines under the table: where the time goes, longest stalls."""


def table(rows: Sequence[Row]) -> str:
    """Draw rows under one heading, in columns."""
    cells: list[tuple[str, ...]] = [("what", "ours", "against", "other", "ratio", "aim", "")]
    cells += [_cells(row) for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    lines = [_line(row, widths) for row in cells]
    lines.insert(1, "  ".join("-" * width for width in widths).rstrip())
    return "\n".join(lines)


def _cells(row: Row) -> tuple[str, ...]:
    aim = "" if row.aim is None else f"≤ {row.aim:g}"
    ours, other = (_amount(value, row.unit) for value in (row.ours, row.other))
    return (row.what, ours, row.against, other, f"{row.ratio:.2f}", aim, row.verdict)


def _amount(value: float, unit: str) -> str:
    if unit == "s" and value < 1:
        return f"{value * 1000:.1f} ms"
    return f"{value:.2f} {unit}" if value < 100 else f"{value:.0f} {unit}"


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    is_number = (False, True, False, True, True, True, False)
    parts = [
        cell.rjust(width) if right else cell.ljust(width)
        for cell, width, right in zip(row, widths, is_number, strict=True)
    ]
    return "  ".join(parts).rstrip()


def median(values: Sequence[float]) -> float:
    """The middle of several runs."""
    return statistics.median(values)
