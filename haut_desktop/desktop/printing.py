"""Reports on paper: HTML laid out on A4 and written as PDF."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from uuid import uuid4

from PySide6.QtCore import QBuffer, QIODevice, QMarginsF, QSizeF
from PySide6.QtGui import QGuiApplication, QPageLayout, QPageSize, QPdfWriter, QTextDocument

from haut_desktop.domain.errors import StationError

_MARGIN_MM: Final = 15.0
_RESOLUTION_DPI: Final = 300
_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FULL: Final = "There is no room for the file. Make room on the disk, or choose another folder."
_NOT_WRITTEN: Final = (
    "The file can't be written. Choose another folder, or close the program that shows it."
)


def write_pdf(html: str, path: Path, *, title: str) -> None:
    """Write ``html`` as an A4 PDF file; needs a QGuiApplication, for its fonts.

    Raises ``StationError`` when the file can't be written whole; a file that was there stays.
    """
    # Qt says nothing of a disk that is full: it draws in memory, and we write
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setTitle(title)
    writer.setCreator("Haut Desktop")
    writer.setResolution(_RESOLUTION_DPI)
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    writer.setPageMargins(
        QMarginsF(_MARGIN_MM, _MARGIN_MM, _MARGIN_MM, _MARGIN_MM), QPageLayout.Unit.Millimeter
    )
    document = QTextDocument()
    document.documentLayout().setPaintDevice(writer)
    document.setDocumentMargin(0)
    document.setHtml(html)
    area = writer.pageLayout().paintRectPixels(_RESOLUTION_DPI)
    document.setPageSize(QSizeF(area.width(), area.height()))
    document.print_(writer)
    try:
        write_whole(path, bytes(buffer.data().data()))
    except OSError as error:
        words = _FULL if error.errno in _NO_ROOM else _NOT_WRITTEN
        raise StationError(words, title="Report not saved") from error


def write_whole(path: Path, data: bytes) -> None:
    """Write all of ``data`` or nothing: a file that was there stays. Raises OSError."""
    # Not as the store writes: the folder is the user's, perhaps on a share that can't be flushed,
    # and a file there that is read-only is meant to stay.
    beside = path.with_name(f".{uuid4().hex}.part")
    try:
        with beside.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise


@contextmanager
def offscreen_fonts() -> Iterator[None]:
    """Have the application that fonts need, on a screen that nobody sees, unless there is one."""
    if QGuiApplication.instance() is not None:
        yield
        return
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    application = QGuiApplication([])
    yield
    application.shutdown()
