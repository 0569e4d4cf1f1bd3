"""Reports on paper: HTML laid out on A4 and written as PDF."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from PySide6.QtCore import QMarginsF, QSizeF
from PySide6.QtGui import QGuiApplication, QPageLayout, QPageSize, QPdfWriter, QTextDocument

from haut_desktop.domain.errors import StationError

_MARGIN_MM: Final = 15.0
_RESOLUTION_DPI: Final = 300


def write_pdf(html: str, path: Path, *, title: str) -> None:
    """Write ``html`` as an A4 PDF file; needs a QGuiApplication, for its fonts.

    Raises ``StationError`` when the file can't be written.
    """
    try:
        # Qt would leave an empty file and say so in the log only
        path.open("ab").close()
    except OSError as error:
        raise StationError(
            "The file can't be written. Choose another folder, or close the program that shows it.",
            title="Report not saved",
        ) from error
    writer = QPdfWriter(str(path))
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
