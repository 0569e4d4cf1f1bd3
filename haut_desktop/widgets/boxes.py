"""Rows, columns, cards and lines: layout on the 8-pixel grid in one expression."""

from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLayout,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from haut_desktop.widgets.grid import GRID

Part = QWidget | QLayout | None
"""A widget, a layout, or None for the place where free room goes."""


def row(
    *parts: Part, gap: int = GRID, margins: tuple[int, int, int, int] = (0, 0, 0, 0)
) -> QHBoxLayout:
    """Lay parts side by side."""
    return _filled(QHBoxLayout(), parts, gap, margins)


def column(
    *parts: Part, gap: int = GRID, margins: tuple[int, int, int, int] = (0, 0, 0, 0)
) -> QVBoxLayout:
    """Lay parts one under the other."""
    return _filled(QVBoxLayout(), parts, gap, margins)


def make_room(window: QWidget) -> None:
    """Grow for words that came; Qt grows a window by itself only for what does not wrap."""
    layout = window.layout()
    if layout is not None:
        layout.activate()
        wanted = layout.totalHeightForWidth(window.width())
        window.resize(window.width(), max(window.height(), wanted))


_Box = TypeVar("_Box", bound=QBoxLayout)
_Widget = TypeVar("_Widget", bound=QWidget)


def _filled(
    box: _Box, parts: tuple[Part, ...], gap: int, margins: tuple[int, int, int, int]
) -> _Box:
    box.setSpacing(gap)
    box.setContentsMargins(*margins)
    for part in parts:
        if part is None:
            box.addStretch(1)
        elif isinstance(part, QWidget):
            box.addWidget(part)
        else:
            box.addLayout(part)
    return box


def frame(role: str, layout: QLayout) -> QFrame:
    """Make a frame in a role of the style sheet: card, bar, foot, rail, notice…"""
    made = QFrame()
    made.setProperty("frame_role", role)
    made.setLayout(layout)
    return made


def card(*parts: Part, gap: int = GRID, pad: int = 2 * GRID) -> QFrame:
    """Make a raised surface with parts in a column."""
    return frame("card", column(*parts, gap=gap, margins=(pad, pad, pad, pad)))


def named(widget: _Widget, name: str) -> _Widget:
    """Give a widget the object name by which tests and the tour find it."""
    widget.setObjectName(name)
    return widget


def line() -> QFrame:
    """Make a thin horizontal line."""
    made = QFrame()
    made.setProperty("frame_role", "line")
    made.setFixedHeight(1)
    return made


def held(layout: QLayout) -> QWidget:
    """Put a layout into a widget of its own, so that it can be shown and hidden."""
    made = QWidget()
    made.setLayout(layout)
    return made


def scrolled(inner: QWidget) -> QScrollArea:
    """Let ``inner`` scroll when the window is small; the frame itself takes no focus."""
    made = QScrollArea()
    made.setWidgetResizable(True)
    made.setFrameShape(QFrame.Shape.NoFrame)
    made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    inner.setProperty("page_role", "scrolled")
    made.setWidget(inner)
    made.viewport().setAutoFillBackground(False)
    inner.setAutoFillBackground(False)
    return made
