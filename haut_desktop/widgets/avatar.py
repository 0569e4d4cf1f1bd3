"""Avatar: a disc with the end of a subject's code, in a shade that stays the subject's own."""

import hashlib

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from haut_desktop.widgets.tokens import current_tokens


def code_colour(code: str, *, is_dark: bool) -> QColor:
    """Give a code its own hue, the same on every station and every day."""
    hue = int.from_bytes(hashlib.sha256(code.encode()).digest()[:2], "big") % 360
    return QColor.fromHslF(hue / 360, 0.38, 0.30 if is_dark else 0.84)


def short_code(code: str) -> str:
    """The part of a code that differs from neighbour to neighbour: its end."""
    return code.rsplit("-", 1)[-1][-3:]


def draw_avatar(painter: QPainter, box: QRectF, code: str, *, is_dark: bool, ink: str) -> None:
    """Draw the disc into ``box``."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(code_colour(code, is_dark=is_dark))
    painter.drawEllipse(box)
    font = painter.font()
    font.setPixelSize(max(round(box.height() * 0.34), 9))
    font.setWeight(font.Weight.DemiBold)
    painter.setFont(font)
    painter.setPen(QColor(ink))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, short_code(code))


class Avatar(QWidget):
    """Draws one subject's disc; the code itself always stands beside it."""

    def __init__(self, edge: int) -> None:
        super().__init__()
        self._code = ""
        self.setFixedSize(edge, edge)

    def show_code(self, code: str) -> None:
        """Show another subject's disc."""
        self._code = code
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the disc."""
        tokens = current_tokens()
        painter = QPainter(self)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        draw_avatar(painter, box, self._code, is_dark=tokens.is_dark, ink=tokens.text)
        painter.end()
