"""Dropped and pasted things: their paths, or the clipboard's picture as PNG bytes."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QBuffer, QIODevice, QMimeData
from PySide6.QtGui import QImage, QImageWriter

FILE_FILTER: Final = (
    "Pictures (*.jpg *.jpeg *.png *.heic *.heif *.webp *.tif *.tiff);;All files (*)"
)
"""What a dialog for files offers first."""

Encode = Callable[[], bytes]
"""Makes a picture's bytes, in whichever thread it is called."""


def holds_pictures(mime: QMimeData) -> bool:
    """Whether there is anything that could be taken in."""
    return bool(paths_of(mime)) or mime.hasImage()


def is_pictures_only(mime: QMimeData) -> bool:
    """Whether there are files or a picture and no words of their own that could be meant."""
    # the names of copied files count as words to Qt
    return bool(paths_of(mime)) or (mime.hasImage() and not mime.hasText())


def paths_of(mime: QMimeData) -> tuple[Path, ...]:
    """The local files and folders."""
    return tuple(Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile())


def pasted_png(mime: QMimeData) -> Encode | None:
    """What makes a PNG of the picture itself, pixel for pixel; None where there is none.

    It takes seconds for a photograph: call it in a worker's thread.
    """
    image = mime.imageData() if mime.hasImage() else None
    if not isinstance(image, QImage) or image.isNull():
        return None
    return partial(_png, image)


def _png(image: QImage) -> bytes:
    # the buffer is this thread's alone: made, used and let go here
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, b"png").write(image)
    return bytes(buffer.data().data())
