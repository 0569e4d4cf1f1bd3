"""Icons: one stroke style, drawn from SVG in the palette's colours, following light and dark."""

from typing import Final

from PySide6.QtCore import QByteArray, QEvent, QObject, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton, QLabel

from haut_desktop.settings import resources_folder
from haut_desktop.widgets.tokens import Tokens, Tone, current_tokens

ICON_SIZE: Final = 18
"""Edge of an icon beside text, in device-independent pixels."""


def draw_icon(painter: QPainter, name: str, colour: str, box: QRectF) -> None:
    """Draw an icon of ``resources/icons`` into ``box``, all strokes in ``colour``."""
    svg = (resources_folder() / "icons" / f"{name}.svg").read_bytes()
    coloured = QByteArray(svg.replace(b"#000000", colour.encode("ascii")))
    QSvgRenderer(coloured).render(painter, box)


def icon_pixmap(name: str, colour: str, size: int = ICON_SIZE, ratio: float = 3.0) -> QPixmap:
    """Draw an icon with ``ratio`` device pixels to each pixel, sharp on any screen."""
    pixmap = QPixmap(QSize(round(size * ratio), round(size * ratio)))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    try:
        draw_icon(painter, name, colour, QRectF(0, 0, size, size))
    finally:
        # a painter that outlives its pixmap takes the process with it
        painter.end()
    return pixmap


class _Dressing(QObject):
    """Puts an icon on a button or label and changes its colour with the palette."""

    def __init__(
        self, wearer: QAbstractButton | QLabel, name: str, tone: Tone | None, size: int
    ) -> None:
        super().__init__(wearer)
        self.setObjectName("dressing")
        self._wearer = wearer
        self._name = name
        self._tone = tone
        self._size = size
        wearer.installEventFilter(self)
        self.dress()

    def dress(self) -> None:
        """Draw the icon in the colours of this moment."""
        tokens = current_tokens()
        pixmap = icon_pixmap(self._name, self._colour(tokens), self._size)
        if isinstance(self._wearer, QLabel):
            self._wearer.setPixmap(pixmap)
            return
        icon = QIcon(pixmap)
        on = icon_pixmap(self._name, tokens.accent, self._size)
        if self._wearer.isCheckable():
            icon.addPixmap(on, QIcon.Mode.Normal, QIcon.State.On)
        faded = icon_pixmap(self._name, tokens.line_strong, self._size)
        icon.addPixmap(faded, QIcon.Mode.Disabled, QIcon.State.Off)
        self._wearer.setIcon(icon)
        self._wearer.setIconSize(QSize(self._size, self._size))

    def _colour(self, tokens: Tokens) -> str:
        if self._tone is not None:
            return tokens.ink(self._tone)
        role = self._wearer.property("button_role")
        if role == "primary":
            return tokens.on_accent
        if role == "danger":
            return tokens.bad
        return tokens.accent if role == "quiet" else tokens.muted

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Redraw when the application has been dressed anew."""
        if event.type() == QEvent.Type.StyleChange:
            self.dress()
        return super().eventFilter(watched, event)


def dress(
    wearer: QAbstractButton | QLabel, name: str, *, tone: Tone | None = None, size: int = ICON_SIZE
) -> None:
    """Put the icon ``name`` on a button or label; a second call replaces the first icon."""
    for old in wearer.findChildren(QObject, "dressing", Qt.FindChildOption.FindDirectChildrenOnly):
        wearer.removeEventFilter(old)
        old.setParent(None)
    _Dressing(wearer, name, tone, size)
