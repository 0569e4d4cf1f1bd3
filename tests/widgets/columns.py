"""Where the words of a tree's columns begin and end, in pixels, as they are painted."""

from PySide6.QtCore import QRect
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QTreeView, QWidget


def words_of_head(tree: QTreeView, column: int) -> tuple[int, int]:
    """First and last painted pixel of a column's head, from the column's left edge."""
    header = tree.header()
    width, height = header.sectionSize(column), header.height()
    # without the line below, which runs through every column
    box = QRect(header.sectionViewportPosition(column), 0, width, height - 4)
    return _painted(header.viewport(), box)


def words_of_cell(tree: QTreeView, row: int, column: int) -> tuple[int, int]:
    """First and last painted pixel of a cell, from its column's left edge."""
    box = tree.visualRect(tree.model().index(row, column))
    return _painted(tree.viewport(), box)


def _painted(widget: QWidget, box: QRect) -> tuple[int, int]:
    image = widget.grab(box).toImage().convertToFormat(QImage.Format.Format_RGB32)
    ground = image.pixel(0, image.height() // 2)
    columns = [
        x
        for x in range(image.width())
        if any(image.pixel(x, y) != ground for y in range(2, image.height() - 2))
    ]
    assert columns, "nothing is painted there"
    return columns[0], columns[-1]
