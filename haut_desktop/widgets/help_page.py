"""Help: the pages of resources/help, shown inside the program."""

from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import (
    QFont,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFrame,
    QTextTable,
)
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QTextBrowser, QWidget

from haut_desktop.widgets.boxes import column, row
from haut_desktop.widgets.labels import caption, title

_MARGIN: Final = 24
_LINE_HEIGHT: Final = 125
"""Per cent of the font's own."""
_ABOVE_HEADING: Final = 16
_BELOW: Final = 6
_CELL_PADDING: Final = 6


class HelpPage(QWidget):
    """Lists the help's pages and shows the chosen one; links between pages work."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._list = QListWidget()
        self._list.setAccessibleName("Help pages")
        self._list.setFixedWidth(240)
        self._list.setWordWrap(True)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._text = QTextBrowser()
        self._text.setAccessibleName("Help text")
        self._text.setOpenExternalLinks(True)
        self._text.sourceChanged.connect(self._on_text_source_changed)
        self._text.setSearchPaths([str(folder)])
        for path in _pages(folder):
            item = QListWidgetItem(_page_title(path))
            item.setData(Qt.ItemDataRole.UserRole, path.name)
            self._list.addItem(item)
        self._list.currentItemChanged.connect(self._on_list_current_changed)
        left = column(title("Help"), caption("F1 opens it from everywhere"), self._list)
        self.setLayout(row(left, self._text, gap=16, margins=(24, 16, 24, 16)))
        self._list.setCurrentRow(0)
        self.setFocusProxy(self._list)

    def _on_list_current_changed(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self._text.setSource(QUrl(item.data(Qt.ItemDataRole.UserRole)))

    def _on_text_source_changed(self) -> None:
        _give_room(self._text.document())


def _pages(folder: Path) -> list[Path]:
    """Every page: what a user needs first, how the house is built last."""
    order = ("help", "recovery", "failures", "changelog", "architecture")
    place = {name: number for number, name in enumerate(order)}
    return sorted(folder.glob("*.md"), key=lambda path: (place.get(path.stem, 1), path.stem))


def _page_title(path: Path) -> str:
    first = path.read_text("utf-8").partition("\n")[0]
    return first.removeprefix("#").strip() or path.stem


def _give_room(document: QTextDocument) -> None:
    """Set a page as one reads it: air above headings and between lines, tables that breathe."""
    document.setDocumentMargin(_MARGIN)
    block = document.begin()
    while block.isValid():
        cursor = QTextCursor(block)
        if cursor.currentTable() is None and not block.blockFormat().nonBreakableLines():
            cursor.mergeBlockFormat(_room(block.blockFormat().headingLevel()))
        _lighten(block)
        block = block.next()
    for table in document.rootFrame().childFrames():
        _widen(table)


def _lighten(block: QTextBlock) -> None:
    """Set bold words in the boldest weight that is shipped: a bolder one Qt smears."""
    heavy, place = [], block.begin()
    while not place.atEnd():
        words = place.fragment()
        if words.charFormat().fontWeight() > QFont.Weight.DemiBold:
            heavy.append((words.position(), words.position() + words.length()))
        place += 1
    weight = QTextCharFormat()
    weight.setFontWeight(QFont.Weight.DemiBold)
    for begin, end in heavy:
        cursor = QTextCursor(block)
        cursor.setPosition(begin)
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        cursor.mergeCharFormat(weight)


def _room(heading_level: int) -> QTextBlockFormat:
    room = QTextBlockFormat()
    room.setLineHeight(_LINE_HEIGHT, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
    room.setTopMargin(_ABOVE_HEADING if heading_level > 1 else 0)
    room.setBottomMargin(_BELOW)
    return room


def _widen(frame: QTextFrame) -> None:
    if isinstance(frame, QTextTable):
        shape = frame.format()
        shape.setCellPadding(_CELL_PADDING)
        shape.setBottomMargin(_ABOVE_HEADING)
        frame.setFormat(shape)
