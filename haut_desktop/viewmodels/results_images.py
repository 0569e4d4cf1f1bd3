"""Pictures and raster masks decoded for the screen; pure work on bytes, done in a thread."""

from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QColor, QImage, QImageReader, QPainter


def decode_picture(data: bytes) -> QImage | None:
    """Decode a picture upright, as its camera held it; None for bytes Qt cannot read."""
    buffer = QBuffer()
    buffer.setData(QByteArray(data))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer)
    reader.setAutoTransform(True)
    image = reader.read()
    return None if image.isNull() else image


def decode_mask(data: bytes, colour: str) -> QImage | None:
    """Decode a raster mask and paint it in ``colour``: where the mask is, and how strongly.

    A mask without transparency says it by brightness instead.
    """
    image = decode_picture(data)
    if image is None:
        return None
    painted = QImage(image.size(), QImage.Format.Format_ARGB32_Premultiplied)
    if image.hasAlphaChannel():
        painted.fill(0)
        painter = QPainter(painted)
        painter.drawImage(0, 0, image)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
        painter.fillRect(painted.rect(), QColor(colour))
        painter.end()
        return painted
    flat = QImage(image.size(), QImage.Format.Format_ARGB32)
    flat.fill(QColor(colour))
    flat.setAlphaChannel(image.convertToFormat(QImage.Format.Format_Grayscale8))
    return flat
