"""The metric table: dense, one line per algorithm, finer metrics under it."""

from typing import Final

from PySide6.QtCore import (
    QItemSelection,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QPainter, QPalette
from PySide6.QtWidgets import QHeaderView, QStyledItemDelegate, QStyleOptionViewItem, QTreeView

from haut_desktop.viewmodels.phrase import Mood
from haut_desktop.viewmodels.results_table import (
    LINE_ROLE,
    MOOD_ROLE,
    MetricColumn,
    MetricLine,
    MetricsModel,
)
from haut_desktop.viewmodels.tree_model import GAP
from haut_desktop.widgets.theme import TextSize
from haut_desktop.widgets.tokens import Tone, current_tokens

Index = QModelIndex | QPersistentModelIndex

_ROW_HEIGHT: Final = 28
_PAD: Final = 6
_OF_FAILURE: Final = (MetricColumn.AREA, MetricColumn.VALUE, MetricColumn.CHANGE)
"""A failure's reason runs over these columns; it is written with the last of them."""
_WIDTHS: Final = {
    MetricColumn.AREA: 84,
    MetricColumn.VALUE: 98,
    MetricColumn.CHANGE: 130,
    MetricColumn.VERSION: 60,
}


class _MoodDelegate(QStyledItemDelegate):
    """Colours what the words already say."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Dense, and still high enough to hit."""
        return QSize(super().sizeHint(option, index).width(), _ROW_HEIGHT)

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        """Set the text's colour by mood; finer metrics step back."""
        super().initStyleOption(option, index)
        tokens = current_tokens()
        # Qt hands a StrEnum back as a plain string
        mood = index.data(MOOD_ROLE)
        ink = ""
        if mood and mood != Mood.NEUTRAL:
            ink = tokens.ink(Tone(mood))
        elif index.column() in (MetricColumn.AREA, MetricColumn.VERSION):
            ink = tokens.muted
        if ink:
            for role in (QPalette.ColorRole.Text, QPalette.ColorRole.HighlightedText):
                option.palette.setColor(role, QColor(ink))
        line = index.data(LINE_ROLE)
        if isinstance(line, MetricLine) and line.is_section:
            option.palette.setColor(QPalette.ColorRole.Text, QColor(tokens.muted))
            option.font.setPixelSize(TextSize.CAPTION)
            option.font.setCapitalization(QFont.Capitalization.AllUppercase)
        elif index.column() == MetricColumn.NAME and not index.parent().isValid():
            option.font.setWeight(QFont.Weight.DemiBold)
        elif index.column() == MetricColumn.CHANGE:
            option.text = f"{GAP}{option.text}"
        if _is_failure(index):
            option.text = ""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint the cell; a failure's reason in words over the columns that would be empty."""
        super().paint(painter, option, index)
        if not (_is_failure(index) and index.column() == MetricColumn.CHANGE):
            return
        table = self.parent()
        assert isinstance(table, QTreeView)
        box = QRect(option.rect)
        box.setLeft(table.columnViewportPosition(MetricColumn.AREA) + _PAD)
        painter.save()
        painter.setPen(QColor(current_tokens().ink(Tone.BAD)))
        words = index.data(LINE_ROLE).value
        shown = option.fontMetrics.elidedText(words, Qt.TextElideMode.ElideRight, box.width())
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
        painter.restore()


def _is_failure(index: Index) -> bool:
    line = index.data(LINE_ROLE)
    return index.column() in _OF_FAILURE and isinstance(line, MetricLine) and bool(line.failure)


class MetricsTable(QTreeView):
    """Tells which line is chosen; keeps it chosen over visits and sides where it exists."""

    line_chosen = Signal(object)

    def __init__(self, model: MetricsModel) -> None:
        super().__init__()
        self._metrics = model
        self._chosen: MetricLine | None = None
        self._open: set[str] = set()
        self.setModel(model)
        self.setAccessibleName("Metrics")
        self.setUniformRowHeights(True)
        self.setAllColumnsShowFocus(True)
        self.setIndentation(16)
        self.setItemDelegate(_MoodDelegate(self))
        self.setSelectionBehavior(QTreeView.SelectionBehavior.SelectRows)
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(MetricColumn.NAME, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(40)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for section, width in _WIDTHS.items():
            self.setColumnWidth(section, width)
        model.modelReset.connect(self._on_model_reset)
        self.expanded.connect(self._on_expanded)
        self.collapsed.connect(self._on_collapsed)
        self.selectionModel().selectionChanged.connect(self._on_selection_changed)

    def _line(self, index: Index) -> MetricLine | None:
        line = index.data(LINE_ROLE)
        return line if isinstance(line, MetricLine) else None

    def _on_model_reset(self) -> None:
        for place in range(self._metrics.rowCount()):
            top = self._metrics.index(place, 0)
            line = self._line(top)
            if line is not None and line.result.algorithm in self._open:
                self.expand(top)
            self.setFirstColumnSpanned(place, QModelIndex(), line is not None and line.is_section)
        index = self._metrics.find_like(self._chosen) if self._chosen else QModelIndex()
        self.setCurrentIndex(index if index.isValid() else self._first_line())

    def _first_line(self) -> QModelIndex:
        for place in range(self._metrics.rowCount()):
            index = self._metrics.index(place, 0)
            line = self._line(index)
            if line is not None and not line.is_section:
                return index
        return QModelIndex()

    def _on_expanded(self, index: QModelIndex) -> None:
        if (line := self._line(index)) is not None:
            self._open.add(line.result.algorithm)

    def _on_collapsed(self, index: QModelIndex) -> None:
        if (line := self._line(index)) is not None:
            self._open.discard(line.result.algorithm)

    def _on_selection_changed(self, _now: QItemSelection, _before: QItemSelection) -> None:
        line = self._line(self.currentIndex())
        if line is not None:
            self._chosen = line
            self.line_chosen.emit(line)
