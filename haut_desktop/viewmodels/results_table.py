"""The metric table: one line per algorithm, which opens to its areas and finer metrics."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from PySide6.QtCore import QModelIndex, Qt

from haut_desktop.domain.analysis import (
    AlgorithmResult,
    AreaResult,
    Change,
    Metric,
    MetricKey,
)
from haut_desktop.domain.imaging import REGULAR, Side
from haut_desktop.domain.trends import key_of
from haut_desktop.domain.words import plain_words
from haut_desktop.viewmodels.phrase import Mood
from haut_desktop.viewmodels.results_words import (
    MAIN_AREAS,
    application_words,
    change_mood,
    change_words,
    failure_words,
    is_score,
    score_decimals,
    value_words,
    version_words,
)
from haut_desktop.viewmodels.tree_model import RIGHT, Index, Node, TreeModel


class MetricColumn(IntEnum):
    """The columns, left to right."""

    NAME = 0
    AREA = 1
    VALUE = 2
    CHANGE = 3
    VERSION = 4


@dataclass(frozen=True, slots=True)
class MetricLine:
    """One line of the table."""

    result: AlgorithmResult
    name: str
    area: str
    value: str
    change: str
    change_mood: Mood
    version: str
    key: MetricKey | None = None
    """The line in the trend plot; None for a failure or a category."""
    failure: str = ""
    """What to do about a failure; empty for a value."""
    is_section: bool = False
    """A heading over the lines of one application; it cannot be chosen."""
    children: tuple["MetricLine", ...] = ()


@dataclass(frozen=True, slots=True)
class _Shown:
    """What every line of one table needs of the others."""

    changes: Mapping[MetricKey, Change]
    score_decimals: int


LINE_ROLE: Final = int(Qt.ItemDataRole.UserRole)
"""Gives the whole ``MetricLine`` of an index."""
MOOD_ROLE: Final = LINE_ROLE + 1
"""Gives the ``Mood`` of a cell."""


def metric_lines(
    results: Iterable[AlgorithmResult],
    side: Side,
    changes: Mapping[MetricKey, Change],
    light: str = REGULAR,
) -> tuple[MetricLine, ...]:
    """Lines for the results of one view; a result of the whole batch belongs to every view."""
    view = (side, light)
    here = [r for r in results if (r.side, r.light) == view or r.platform_image_id is None]
    shown = _Shown(changes, score_decimals(m for r in here for a in r.areas for m in _metrics(a)))
    by_application: dict[str, list[MetricLine]] = {}
    for result in here:
        if result.areas or not result.is_ok:
            lines = by_application.setdefault(result.application, [])
            lines.append(_line(result, shown))
    if len(by_application) < 2:
        return tuple(line for lines in by_application.values() for line in lines)
    return tuple(line for lines in by_application.values() for line in (_section(lines[0]), *lines))


def _section(first: MetricLine) -> MetricLine:
    words = application_words(first.result.application)
    return MetricLine(first.result, words, "", "", "", Mood.NEUTRAL, "", is_section=True)


def _line(result: AlgorithmResult, shown: _Shown) -> MetricLine:
    name = result.name or plain_words(result.algorithm)
    version = version_words(result)
    if not result.is_ok:
        words, todo = failure_words(result)
        return MetricLine(result, name, "", words, "", Mood.BAD, version, failure=todo)
    main = _main_area(result.areas)
    rest = tuple(_finer(result, main, shown))
    if main.main is None:
        return MetricLine(result, name, "", "", "", Mood.NEUTRAL, version, children=rest)
    line = _metric_line(result, main, main.main, shown, name)
    return MetricLine(
        result, name, line.area, line.value, line.change, line.change_mood, version,
        key=line.key, children=rest,
    )  # fmt: skip


def _metrics(area: AreaResult) -> tuple[Metric, ...]:
    mains = () if area.main is None else (area.main,)
    return (*mains, *area.subs)


def _main_area(areas: tuple[AreaResult, ...]) -> AreaResult:
    return next((area for area in areas if area.area in MAIN_AREAS), areas[0])


def _finer(result: AlgorithmResult, main: AreaResult, shown: _Shown) -> Iterator[MetricLine]:
    for metric in main.subs:
        yield _metric_line(result, main, metric, shown)
    for area in result.areas:
        if area is not main:
            for metric in _metrics(area):
                yield _metric_line(result, area, metric, shown)


def _metric_line(
    result: AlgorithmResult,
    area: AreaResult,
    metric: Metric,
    shown: _Shown,
    name: str = "",
) -> MetricLine:
    key = key_of(result, area, metric)
    change = shown.changes.get(key)
    return MetricLine(
        result=result,
        name=name or metric.name or plain_words(metric.tech_name),
        area=plain_words(area.area),
        value=value_words(metric, shown.score_decimals),
        change=change_words(change, shown.score_decimals if is_score(metric) else 0),
        change_mood=change_mood(change),
        version=version_words(result),
        key=None if isinstance(metric.value, str) else key,
    )


class MetricsModel(TreeModel[MetricLine]):
    """Shows metric lines; algorithms at the top, finer metrics under them."""

    headers = ("Measure", "Area", "Value", "Since baseline", "Version")
    right = (MetricColumn.VALUE,)
    gap_before = MetricColumn.CHANGE

    def show(self, lines: Iterable[MetricLine]) -> None:
        """Show other lines, from the start."""
        self.beginResetModel()
        self._tops = []
        for position, line in enumerate(lines):
            top = Node(line, None, position)
            top.children = [Node(c, top, place) for place, c in enumerate(line.children)]
            self._tops.append(top)
        self.endResetModel()

    def line_at(self, index: Index) -> MetricLine | None:
        """What an index stands for."""
        return self._node(index).row if index.isValid() else None

    def find_like(self, wanted: MetricLine) -> QModelIndex:
        """Where the same measure stands, of whatever version and side; invalid when it is gone."""
        alike = [n for n in self._walk() if n.row.result.algorithm == wanted.result.algorithm]
        best = max(alike, key=lambda node: _likeness(node.row, wanted), default=None)
        return QModelIndex() if best is None else self.createIndex(best.position, 0, best)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Qt: headings can be read, not chosen."""
        line = self.line_at(index)
        if line is not None and line.is_section:
            return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemNeverHasChildren
        return super().flags(index)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Qt: words, moods, and the line itself."""
        if not index.isValid():
            return None
        line, column = self._node(index).row, MetricColumn(index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return _words(line, column)
        if role == LINE_ROLE:
            return line
        if role == MOOD_ROLE:
            return _mood(line, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return line.failure or _words(line, column)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{self.headers[column]}: {_words(line, column)}"
        if role == Qt.ItemDataRole.TextAlignmentRole and column in self.right and not line.failure:
            return RIGHT
        return None


def _likeness(line: MetricLine, wanted: MetricLine) -> tuple[bool, ...]:
    """What two lines of one algorithm have in common, the weightiest first."""
    return (
        not line.is_section,
        (line.name, line.area) == (wanted.name, wanted.area),
        line.result.application == wanted.result.application,
        line.version == wanted.version,
    )


def _words(line: MetricLine, column: MetricColumn) -> str:
    cells = (line.name, line.area, line.value, line.change, line.version)
    return cells[column]


def _mood(line: MetricLine, column: MetricColumn) -> Mood:
    if column is MetricColumn.CHANGE:
        return line.change_mood
    if column is MetricColumn.VALUE and line.failure:
        return Mood.BAD
    return Mood.NEUTRAL
