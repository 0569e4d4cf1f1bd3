"""A report as it lies on the table: the top of its first page, for the tour's picture of it."""

from pathlib import Path
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtGui import QColor, QPainter, QPixmap, QTextDocument

from haut_desktop.tour.eyes import DESKTOP, SCREEN, TourError

_WIDTH_PX: Final = 900.0
_MARGIN_PX: Final = 40.0
_TOP_PX: Final = 24.0


def picture_page(html: str, path: Path) -> None:
    """Save a picture of the report in the screen's size; raises TourError when it can't be."""
    screen = QPixmap(SCREEN)
    screen.fill(QColor(DESKTOP))
    left = (SCREEN.width() - _WIDTH_PX) / 2
    document = QTextDocument()
    document.setDocumentMargin(_MARGIN_PX)
    document.setDefaultStyleSheet("* { color: black; }")
    document.setHtml(html)
    document.setTextWidth(_WIDTH_PX)
    paper = QRectF(QPointF(left, _TOP_PX), QSizeF(_WIDTH_PX, SCREEN.height()))
    painter = QPainter(screen)
    try:
        painter.fillRect(paper, QColor("white"))
        painter.translate(paper.topLeft())
        document.drawContents(painter, QRectF(QPointF(0, 0), paper.size()))
    finally:
        painter.end()
    if not screen.save(str(path)):
        raise TourError(f"the screenshot {path.name} can't be written")
