"""Spin boxes whose figures stand where the words of the other fields stand."""

from typing import Final, TypeVar

from PySide6.QtWidgets import QAbstractSpinBox

_PAD: Final = 7
"""Pixels beside the figures; the style sheet's padding does not reach them."""

_Box = TypeVar("_Box", bound=QAbstractSpinBox)


def padded(box: _Box) -> _Box:
    """Keep the figures off the frame."""
    box.lineEdit().setTextMargins(_PAD, 0, _PAD, 0)
    return box
