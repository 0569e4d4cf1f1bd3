"""The visits along the top: one chip each, oldest left, arrow keys move."""

from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QScrollArea, QWidget

from haut_desktop.viewmodels.phrase import Mood
from haut_desktop.viewmodels.results import VisitChip
from haut_desktop.widgets.boxes import row
from haut_desktop.widgets.icons import icon_pixmap
from haut_desktop.widgets.theme import TextSize
from haut_desktop.widgets.tokens import Tone, current_tokens

CHIP_SIZE: Final = QSize(156, 48)
_ICONS: Final = {Mood.GOOD: "check", Mood.ACCENT: "clock", Mood.WARN: "warning"}


class _Chip(QAbstractButton):
    """One visit: its name, its date, and how far its analysis is."""

    def __init__(self, chip: VisitChip) -> None:
        super().__init__()
        self._chip = chip
        self.setCheckable(True)
        self.setFixedSize(CHIP_SIZE)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        kind = f", {chip.kind} pictures" if chip.kind else ""
        words = f"{chip.name}{kind}, {chip.date}, {chip.phrase.text}"
        self.setAccessibleName(words)
        self.setToolTip(words)

    def sizeHint(self) -> QSize:
        """Every chip has the same size, so that the line is a scale."""
        return CHIP_SIZE

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw ground, name, date and sign."""
        tokens = current_tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        is_on = self.isChecked()
        edge = tokens.accent if is_on or self.hasFocus() else tokens.line
        painter.setPen(QColor(edge))
        painter.setBrush(QColor(tokens.accent_soft if is_on else tokens.surface))
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(box, 6, 6)
        if self.hasFocus():
            painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), 5, 5)
        self._paint_words(painter, box.adjusted(12, 5, -30, -5))
        tone = Tone(self._chip.phrase.mood.value)
        icon = icon_pixmap(_ICONS.get(self._chip.phrase.mood, "info"), tokens.ink(tone), 16)
        painter.drawPixmap(QPointF(box.right() - 26, box.center().y() - 8), icon)
        painter.end()

    def _paint_words(self, painter: QPainter, box: QRectF) -> None:
        tokens = current_tokens()
        font = self.font()
        font.setWeight(font.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(QColor(tokens.text))
        metrics = painter.fontMetrics()
        name = metrics.elidedText(self._chip.name, Qt.TextElideMode.ElideRight, int(box.width()))
        painter.drawText(box, Qt.AlignmentFlag.AlignTop, name)
        font.setWeight(font.Weight.Normal)
        font.setPixelSize(TextSize.CAPTION)
        painter.setFont(font)
        painter.setPen(QColor(tokens.muted))
        below = f"{self._chip.date} · {self._chip.kind}" if self._chip.kind else self._chip.date
        painter.drawText(box, Qt.AlignmentFlag.AlignBottom, below)


class VisitTimeline(QScrollArea):
    """Offers the visits; exactly one is chosen."""

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFixedHeight(CHIP_SIZE.height() + 4)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName("Visits")
        self._chips: tuple[VisitChip, ...] = ()
        self._group = QButtonGroup(self)
        self._group.idClicked.connect(self.chosen)

    def show_chips(self, chips: tuple[VisitChip, ...]) -> None:
        """Show other visits."""
        if chips == self._chips:
            return
        self._chips = chips
        focused = next((b for b in self._group.buttons() if b.hasFocus()), None)
        place_of_focus = self._group.id(focused) if focused else -1
        for button in self._group.buttons():
            self._group.removeButton(button)
        line = QWidget()
        line.setProperty("page_role", "scrolled")
        made = [_Chip(chip) for chip in chips]
        line.setLayout(row(*made, None, gap=8, margins=(0, 2, 0, 2)))
        for place, button in enumerate(made):
            self._group.addButton(button, place)
        self.setWidget(line)
        self.viewport().setAutoFillBackground(False)
        line.setAutoFillBackground(False)
        if (again := self._group.button(place_of_focus)) is not None:
            # the arrow keys go on from where they were, also when news come
            again.setFocus(Qt.FocusReason.OtherFocusReason)

    def choose(self, index: int) -> None:
        """Mark a visit as the one that is looked at."""
        button = self._group.button(index)
        if button is not None:
            button.setChecked(True)
            self.ensureWidgetVisible(button)
