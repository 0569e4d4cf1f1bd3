"""The cover: the coloured side of the windows one meets before the work begins."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from haut_desktop.widgets.silhouette import face_path
from haut_desktop.widgets.theme import TextSize
from haut_desktop.widgets.tokens import current_tokens

WIDTH = 336


class Cover(QWidget):
    """Shows the program's name, what it is for, and which station this is."""

    def __init__(self, promise: str, foot: str = "") -> None:
        super().__init__()
        self._promise = promise
        self._foot = foot
        self.setFixedWidth(WIDTH)
        self.setAccessibleName(f"Haut Desktop. {promise}")

    def say(self, foot: str) -> None:
        """Show other words at the foot."""
        self._foot = foot
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the ground, a face within its frame, and the words."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_ground(painter)
        self._draw_face(painter)
        self._draw_words(painter)
        painter.end()

    def _draw_ground(self, painter: QPainter) -> None:
        is_dark = current_tokens().is_dark
        ground = QLinearGradient(QPointF(0, 0), QPointF(self.width(), self.height()))
        ground.setColorAt(0, QColor("#0c3f43" if is_dark else "#0a6a70"))
        ground.setColorAt(1, QColor("#08282b" if is_dark else "#064a50"))
        painter.fillRect(self.rect(), ground)

    def _draw_face(self, painter: QPainter) -> None:
        edge = 176.0
        box = QRectF((self.width() - edge) / 2, self.height() * 0.44 - edge / 2, edge, edge)
        painter.setPen(QPen(QColor(255, 255, 255, 190), 1.75))
        painter.drawPath(face_path(box.adjusted(24, 20, -24, -12)))
        painter.setPen(QPen(QColor(255, 255, 255, 120), 1.75))
        arm = 22.0
        for corner, across, down in (
            (box.topLeft(), 1, 1),
            (box.topRight(), -1, 1),
            (box.bottomLeft(), 1, -1),
            (box.bottomRight(), -1, -1),
        ):
            painter.drawLine(corner, corner + QPointF(arm * across, 0))
            painter.drawLine(corner, corner + QPointF(0, arm * down))

    def _draw_words(self, painter: QPainter) -> None:
        box = QRectF(self.rect()).adjusted(32, 32, -32, -32)
        font = painter.font()
        font.setPixelSize(TextSize.TITLE)
        font.setWeight(font.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(QColor("#ffffff"))
        painter.drawText(box, Qt.AlignmentFlag.AlignTop, "Haut Desktop")
        font.setPixelSize(TextSize.BODY)
        font.setWeight(font.Weight.Normal)
        painter.setFont(font)
        painter.setPen(QColor(255, 255, 255, 225))
        below = box.adjusted(0, 34, 0, 0)
        flags = Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
        painter.drawText(below, int(flags), self._promise)
        font.setPixelSize(TextSize.CAPTION)
        painter.setFont(font)
        flags = Qt.AlignmentFlag.AlignBottom | Qt.TextFlag.TextWordWrap
        painter.drawText(box, int(flags), self._foot)
