"""How the outbox's cells are drawn: a state with its sign, a share as a bar with its number."""

from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap, QPixmapCache
from PySide6.QtWidgets import (
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from haut_desktop.viewmodels.outbox_model import ROW_ROLE, OutboxColumn
from haut_desktop.viewmodels.outbox_rows import OutboxRow
from haut_desktop.viewmodels.phrase import Mood
from haut_desktop.viewmodels.tree_model import GAP
from haut_desktop.widgets.icons import icon_pixmap
from haut_desktop.widgets.tokens import Tone, current_tokens

Index = QModelIndex | QPersistentModelIndex

ROW_HEIGHT: Final = 36
_ICON: Final = 14
_ICONS: Final = {
    Mood.GOOD: "check",
    Mood.ACCENT: "outbox",
    Mood.WARN: "clock",
    Mood.BAD: "problem",
    Mood.NEUTRAL: "lock",
}
_BAR_HEIGHT: Final = 6
_NUMBER_WIDTH: Final = 42
_PAD: Final = 3
"""As the style leaves beside words, so that all of a column begin under its head."""


def sign_pixmap(name: str, ink: str) -> QPixmap:
    """An icon for a cell, drawn once in each colour."""
    key = f"sign/{name}/{ink}"
    found = QPixmap()
    if not QPixmapCache.find(key, found):
        found = icon_pixmap(name, ink, _ICON)
        QPixmapCache.insert(key, found)
    return found


class _CellDelegate(QStyledItemDelegate):
    """Draws the cell's ground as the style does, and leaves the rest to its children."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Rows are high enough to read and to hit."""
        return QSize(super().sizeHint(option, index).width(), ROW_HEIGHT)

    def draw_ground(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw selection and hover."""
        self.initStyleOption(option, index)
        option.text = ""
        view: QWidget = option.widget
        style = view.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, view)


class PlainDelegate(_CellDelegate):
    """Words alone, at the rows' height."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        """Keep ages, flush left, away from the sizes before them, flush right."""
        super().initStyleOption(option, index)
        if index.column() == OutboxColumn.AGE:
            option.text = f"{GAP}{option.text}"


class StateDelegate(_CellDelegate):
    """A state in words with an icon in its colour."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw icon and words."""
        row = index.data(ROW_ROLE)
        self.draw_ground(painter, option, index)
        if not isinstance(row, OutboxRow):
            return
        tokens = current_tokens()
        box = QRectF(option.rect).adjusted(_PAD, 0, -_PAD, 0)
        ink = tokens.ink(Tone(row.phrase.mood.value))
        top = box.center().y() - _ICON / 2
        painter.drawPixmap(QPointF(box.left(), top), sign_pixmap(_ICONS[row.phrase.mood], ink))
        is_quiet = row.phrase.mood in (Mood.NEUTRAL, Mood.GOOD)
        painter.setPen(QColor(tokens.text if is_quiet else ink))
        words = box.adjusted(_ICON + 8, 0, 0, 0)
        metrics = option.fontMetrics
        text = metrics.elidedText(row.phrase.text, Qt.TextElideMode.ElideRight, int(words.width()))
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, text)


class ProgressDelegate(_CellDelegate):
    """A share as a bar, its number beside it."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw bar and number; nothing where there is nothing to send."""
        row = index.data(ROW_ROLE)
        self.draw_ground(painter, option, index)
        if not isinstance(row, OutboxRow) or row.progress is None:
            return
        tokens = current_tokens()
        box = QRectF(option.rect).adjusted(_PAD, 0, -_PAD, 0)
        top = box.center().y() - _BAR_HEIGHT / 2
        groove = QRectF(box.left(), top, box.width() - _NUMBER_WIDTH, _BAR_HEIGHT)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.line))
        painter.drawRoundedRect(groove, 3, 3)
        if row.progress > 0:
            full = row.progress >= 1
            painter.setBrush(QColor(tokens.good if full else tokens.accent))
            part = QRectF(groove)
            part.setWidth(max(_BAR_HEIGHT, groove.width() * row.progress))
            painter.drawRoundedRect(part, 3, 3)
        painter.setPen(QColor(tokens.muted))
        number = box.adjusted(box.width() - _NUMBER_WIDTH + 6, 0, 0, 0)
        side = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(number, side, f"{row.progress:.0%}")
        painter.restore()
