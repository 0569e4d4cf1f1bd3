"""Picture frame: a photograph fitted into its box, or the silhouette of the view that belongs."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from haut_desktop.domain.imaging import Side
from haut_desktop.widgets.silhouette import silhouette_path
from haut_desktop.widgets.tokens import Tokens, current_tokens


class PictureFrame(QWidget):
    """Draws the picture whole, never cropped: what is at its edge matters."""

    def __init__(self, side: Side, *, height: int = 260) -> None:
        super().__init__()
        self._side = side
        self._image: QImage | None = None
        self._is_expected = False
        self._is_target = False
        self._words = ""
        self.setMinimumHeight(height)
        self.setMinimumWidth(120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_image(self, image: QImage | None, *, is_expected: bool = False) -> None:
        """Show a picture, nothing, or that a picture is being opened."""
        self._image = image if image is not None and not image.isNull() else None
        self._is_expected = is_expected
        self.update()

    @property
    def is_opening(self) -> bool:
        """Whether a picture is on its way."""
        return self._is_expected

    def show_words(self, words: str) -> None:
        """Say what to do under the silhouette."""
        self._words = words
        self.update()

    def show_target(self, is_target: bool) -> None:
        """Show that a drop here would be taken."""
        self._is_target = is_target
        self.update()

    def sizeHint(self) -> QSize:
        """A portrait's usual room."""
        return QSize(240, self.minimumHeight())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw ground, picture or silhouette, and the frame."""
        tokens = current_tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        if self._image is not None:
            self._draw_image(painter, box)
        else:
            self._draw_empty(painter, box, tokens)
        if self._is_target:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(tokens.accent), 3))
            painter.drawRoundedRect(box, 6, 6)
        painter.end()

    def _draw_image(self, painter: QPainter, box: QRectF) -> None:
        if self._image is None:
            return
        rounded = QPainterPath()
        rounded.addRoundedRect(box, 6, 6)
        painter.setClipPath(rounded)
        # neutral, so that the surround does not change how skin looks
        painter.fillRect(box, QColor("#2b2d30"))
        size = self._image.size().scaled(box.size().toSize(), Qt.AspectRatioMode.KeepAspectRatio)
        target = QRectF(0, 0, size.width(), size.height())
        target.moveCenter(box.center())
        painter.drawImage(target, self._image)
        painter.setClipping(False)

    def _draw_empty(self, painter: QPainter, box: QRectF, tokens: Tokens) -> None:
        painter.setPen(QPen(QColor(tokens.line_strong), 1, Qt.PenStyle.DashLine))
        painter.setBrush(QColor(tokens.accent_soft if self._is_target else tokens.canvas))
        painter.drawRoundedRect(box, 6, 6)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(tokens.line_strong), 1.75))
        edge = min(box.width(), box.height()) * 0.56
        head = QRectF(0, 0, edge * 0.86, edge)
        head.moveCenter(box.center())
        head.translate(0, -14 if self._words else 0)
        if not self._is_expected:
            painter.drawPath(silhouette_path(self._side, head))
        painter.setPen(QColor(tokens.muted))
        words = "Opening…" if self._is_expected else self._words
        foot = box.adjusted(8, 0, -8, -12)
        painter.drawText(
            foot, int(Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignHCenter), words
        )
