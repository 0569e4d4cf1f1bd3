"""Badge: a short word on a coloured ground, with an icon so that colour is never the only sign."""

from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QSizePolicy, QWidget

from haut_desktop.widgets.icons import draw_icon
from haut_desktop.widgets.theme import TextSize
from haut_desktop.widgets.tokens import Tone, current_tokens

TONE_ICONS: Final = {
    Tone.GOOD: "check",
    Tone.WARN: "warning",
    Tone.BAD: "problem",
    Tone.ACCENT: "info",
}

_ICON: Final = 12
_HEIGHT: Final = 22
_TALLEST: Final = 1000
_LINES_PAD: Final = 8
_PAD: Final = 8
_GAP: Final = 4


class Badge(QWidget):
    """Shows one word or phrase in a tone; tells it to screen readers as its name."""

    def __init__(
        self, text: str = "", tone: Tone = Tone.NEUTRAL, *, icon: str = "", wraps: bool = False
    ) -> None:
        """Make a badge; one that ``wraps`` takes as many lines as its words need."""
        super().__init__()
        self._wraps = wraps
        self._text = ""
        self._tone = tone
        self._icon = ""
        self.setFont(_font())
        self.setStyleSheet(f"font-size: {TextSize.CAPTION}px;")
        # a layout gives what is fixed the hint's height, whatever its width needs
        upright = QSizePolicy.Policy.Preferred if wraps else QSizePolicy.Policy.Fixed
        policy = QSizePolicy(QSizePolicy.Policy.Maximum, upright)
        policy.setHeightForWidth(wraps)
        self.setSizePolicy(policy)
        self.say(text, tone, icon=icon)

    @property
    def text(self) -> str:
        """What the badge says."""
        return self._text

    @property
    def tone(self) -> Tone:
        """How it says it."""
        return self._tone

    def say(self, text: str, tone: Tone, *, icon: str = "") -> None:
        """Show other words."""
        self._text, self._tone = text, tone
        self._icon = icon or TONE_ICONS.get(tone, "")
        self.setAccessibleName(text)
        self.setVisible(bool(text)) if self.parent() else None
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Room for icon and words."""
        room = self.fontMetrics().horizontalAdvance(self._text) + 2 * _PAD
        return QSize(room + (_ICON + _GAP if self._icon else 0), _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        """Room for the icon and a few letters; the rest is elided."""
        return QSize(min(self.sizeHint().width(), 48), _HEIGHT)

    def heightForWidth(self, width: int) -> int:
        """Room for as many lines as the words need in ``width``; one, if the badge doesn't wrap."""
        if not self._wraps:
            return _HEIGHT
        box = self._words_box(width, _TALLEST).toRect()
        lines = self.fontMetrics().boundingRect(box, Qt.TextFlag.TextWordWrap, self._text)
        is_one_line = lines.height() < 2 * self.fontMetrics().height()
        return _HEIGHT if is_one_line else lines.height() + _LINES_PAD

    @staticmethod
    def room(lines: int) -> int:
        """Height in pixels of a badge of two lines or more, for a place that keeps it free."""
        return lines * QFontMetrics(_font()).height() + _LINES_PAD

    def _words_box(self, width: int, height: int) -> QRectF:
        left = _PAD + (_ICON + _GAP if self._icon else 0)
        return QRectF(left, 0, width - left - _PAD + 1, height)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw ground, icon and words."""
        tokens = current_tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.wash(self._tone)))
        painter.drawRoundedRect(QRectF(self.rect()), 4, 4)
        ink = tokens.ink(self._tone)
        if self._icon:
            top = (_HEIGHT if self._wraps else self.height()) / 2 - _ICON / 2
            draw_icon(painter, self._icon, ink, QRectF(_PAD, top, _ICON, _ICON))
        painter.setPen(QColor(ink))
        box = self._words_box(self.width(), self.height())
        if self._wraps:
            flags = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(box, int(flags), self._text)
        else:
            words = self.fontMetrics().elidedText(
                self._text, Qt.TextElideMode.ElideRight, int(box.width()) + 1
            )
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, words)
        painter.end()


def _font() -> QFont:
    font = QApplication.font()
    font.setPixelSize(TextSize.CAPTION)
    return font
