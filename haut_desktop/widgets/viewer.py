"""The picture viewer: a dark canvas in both themes, zoom, pan, masks, and a before-after line."""

from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from haut_desktop.viewmodels.results import Sight
from haut_desktop.widgets.tokens import DARK
from haut_desktop.widgets.viewer_masks import DrawnMask, draw_mask

CANVAS: Final = "#0b0e12"
"""Behind the picture in both themes: skin is judged against a neutral dark."""
ZOOM_STEP: Final = 1.25
_LARGEST: Final = 16.0
_PAN_STEP: Final = 48.0
_EMPTY_TEXT: Final = "No picture of this view"
_KEYS: Final = {
    Qt.Key.Key_Left: (1, 0),
    Qt.Key.Key_Right: (-1, 0),
    Qt.Key.Key_Up: (0, 1),
    Qt.Key.Key_Down: (0, -1),
}


class PictureViewer(QWidget):
    """Shows one picture; wheel, + and - zoom, dragging and arrows pan, 0 fits, 1 is 1:1."""

    zoom_changed = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self._sight = Sight(None)
        self._size_before = QSizeF()
        self._masks: tuple[DrawnMask, ...] = ()
        self._shown: frozenset[str] = frozenset()
        self._opacity = 0.6
        self._split = 0.5
        self._scale = 1.0
        self._offset = QPointF()
        self._fits = True
        self._grip: QPointF | None = None
        self._text = _EMPTY_TEXT
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(240, 200)
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self.setAccessibleName("Picture")
        self.setAccessibleDescription(
            "Plus and minus zoom, zero fits, one shows pixel by pixel, arrows move the picture."
        )

    # ---- what is shown -------------------------------------------------------------------

    def show_sight(self, sight: Sight, text: str = _EMPTY_TEXT) -> None:
        """Show another picture; zoom and place stay when it has the same size.

        They wait for one that is coming.
        """
        self._size_before = before = self._size()
        self._sight, self._text = sight, text
        size = self._size()
        rasters = dict(sight.rasters)
        self._masks = tuple(draw_mask(each, size, rasters) for each in sight.layers)
        if self._fits or size != before:
            self.fit()
        self.update()

    def show_layers(self, ids: frozenset[str]) -> None:
        """Show these masks and no others."""
        self._shown = ids
        self.update()

    def set_opacity(self, opacity: float) -> None:
        """Set how strongly masks are drawn, 0…1."""
        self._opacity = opacity
        self.update()

    def set_split(self, split: float) -> None:
        """Set where captured ends and predicted begins, 0…1 from the left."""
        self._split = split
        self.update()

    # ---- zoom and place ------------------------------------------------------------------

    @property
    def zoom(self) -> float:
        """Screen pixels per picture pixel."""
        return self._scale * self.devicePixelRatioF()

    def fit(self) -> None:
        """Show the whole picture."""
        size = self._size()
        if not size.isEmpty():
            room = (self.width() / size.width(), self.height() / size.height())
            self._scale = min(room)
            self._center()
        self._fits = True
        self._tell()

    def show_actual_pixels(self) -> None:
        """Show one picture pixel on one screen pixel."""
        self._zoom_to(1.0 / self.devicePixelRatioF(), QPointF(self.rect().center()))

    def zoom_in(self) -> None:
        """Come nearer."""
        self._zoom_to(self._scale * ZOOM_STEP, QPointF(self.rect().center()))

    def zoom_out(self) -> None:
        """Step back."""
        self._zoom_to(self._scale / ZOOM_STEP, QPointF(self.rect().center()))

    def _zoom_to(self, scale: float, anchor: QPointF) -> None:
        """Zoom so that the point under ``anchor`` stays there."""
        if self._size().isEmpty():
            return
        before = (anchor - self._offset) / self._scale
        self._scale = min(max(scale, self._smallest()), _LARGEST)
        self._offset = anchor - before * self._scale
        self._fits = False
        self._keep_inside()
        self._tell()

    def _smallest(self) -> float:
        size = self._size()
        half_fit = 0.5 * min(self.width() / size.width(), self.height() / size.height())
        return min(half_fit, 1.0 / self.devicePixelRatioF())

    def _size(self) -> QSizeF:
        if self._sight.is_coming:
            return self._size_before
        return QSizeF(self._sight.image.size()) if self._sight.image else QSizeF()

    def _center(self) -> None:
        size = self._size() * self._scale
        self._offset = QPointF(
            (self.width() - size.width()) / 2, (self.height() - size.height()) / 2
        )

    def _keep_inside(self) -> None:
        """Never let the picture leave the canvas; a smaller one stays in its middle."""
        size = self._size() * self._scale
        self._offset = QPointF(
            _held(self._offset.x(), size.width(), self.width()),
            _held(self._offset.y(), size.height(), self.height()),
        )

    def _pan(self, by: QPointF) -> None:
        self._offset += by
        self._keep_inside()
        self.update()

    def _tell(self) -> None:
        self.zoom_changed.emit(self.zoom)
        self.update()

    # ---- painting ------------------------------------------------------------------------

    def _paint_picture(self, painter: QPainter, image: QImage) -> None:
        painter.save()
        painter.translate(self._offset)
        painter.scale(self._scale, self._scale)
        smooth = self._scale * self.devicePixelRatioF() < 3
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        box = QRectF(QPointF(), self._size())
        painter.drawImage(box, image)
        for mask in self._masks:
            if mask.layer_id in self._shown:
                mask.paint(painter, self._size(), self._opacity)
        painter.restore()

    def _paint_before(self, painter: QPainter, before: QImage) -> None:
        """Lay the captured picture over the predicted one, left of the line, with words on both."""
        size = self._size() * self._scale
        x = self._offset.x() + size.width() * self._split
        target = QRectF(self._offset, size)
        painter.save()
        painter.setClipRect(QRectF(0, 0, x, self.height()))
        painter.drawImage(target, before)
        painter.restore()
        painter.fillRect(QRectF(x - 1, target.top(), 2, target.height()), QColor("#ffffff"))
        _paint_label(painter, "Captured", QPointF(max(x - 96, 8.0), 12))
        _paint_label(painter, "Predicted", QPointF(x + 10, 12))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw canvas, picture, masks; or the words that stand for a missing picture."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), QColor(CANVAS))
        if self._sight.image is None:
            painter.setPen(QColor(DARK.muted))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._text)
        else:
            self._paint_picture(painter, self._sight.image)
            if self._sight.before is not None:
                self._paint_before(painter, self._sight.before)
        if self.hasFocus():
            painter.setPen(QColor(DARK.accent))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
        painter.end()

    # ---- input ---------------------------------------------------------------------------

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom about the pointer."""
        notches = event.angleDelta().y() / 120.0
        self._zoom_to(self._scale * ZOOM_STEP**notches, event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of the picture."""
        self._grip = event.position()
        self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move it."""
        if self._grip is not None:
            self._pan(event.position() - self._grip)
            self._grip = event.position()

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        """Let go."""
        self._grip = None
        self.setCursor(Qt.CursorShape.OpenHandCursor)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Change between fitting and pixel by pixel."""
        if self._fits:
            self._zoom_to(1.0 / self.devicePixelRatioF(), event.position())
        else:
            self.fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Zoom and pan without a mouse."""
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom_in()
        elif key == Qt.Key.Key_Minus:
            self.zoom_out()
        elif key == Qt.Key.Key_0:
            self.fit()
        elif key == Qt.Key.Key_1:
            self.show_actual_pixels()
        elif key in _KEYS:
            across, down = _KEYS[key]
            self._pan(QPointF(across * _PAN_STEP, down * _PAN_STEP))
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit again, or keep the picture in sight."""
        super().resizeEvent(event)
        if self._fits:
            self.fit()
        else:
            self._keep_inside()


def _held(offset: float, length: float, room: float) -> float:
    if length <= room:
        return (room - length) / 2
    return min(0.0, max(room - length, offset))


def _paint_label(painter: QPainter, text: str, at: QPointF) -> None:
    box = QRectF(at, QSizeF(86, 24))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(11, 14, 18, 210))
    painter.drawRoundedRect(box, 4, 4)
    painter.setPen(QColor(DARK.text))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
