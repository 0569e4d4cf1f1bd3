"""The clipboard's picture: pixel for pixel, made in whichever thread asks for it."""

import asyncio

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QColor, QImage

from haut_desktop.viewmodels.capture_sources import pasted_png


async def test_the_picture_is_the_same_pixel_for_pixel_though_a_worker_makes_it() -> None:
    image = QImage(7, 5, QImage.Format.Format_RGB888)
    image.fill(QColor(210, 160, 140))
    image.setPixelColor(3, 2, QColor("black"))
    mime = QMimeData()
    mime.setImageData(image)
    encode = pasted_png(mime)
    assert encode is not None
    made = QImage.fromData(await asyncio.to_thread(encode))
    assert made.convertToFormat(QImage.Format.Format_RGB888) == image


def test_words_are_no_picture() -> None:
    mime = QMimeData()
    mime.setText("P-001")
    assert pasted_png(mime) is None
