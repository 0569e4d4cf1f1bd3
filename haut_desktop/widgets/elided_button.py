"""A button that gives way: it shows as much of its words as there is room for."""

from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QStyle, QStyleOptionButton, QStylePainter

from haut_desktop.widgets.buttons import PushButton, fit_out

_FEW_LETTERS: Final = 96
_ROUNDED: Final = 1
"""What an advance in whole pixels may lack."""


class ElidedButton(PushButton):
    """A quiet button whose words end in an ellipsis where they do not fit."""

    def __init__(self, *, icon: str, key: str = "", tip: str = "") -> None:
        super().__init__()
        fit_out(self, role="quiet", icon=icon, key=key, tip=tip)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    @property
    def shown(self) -> str:
        """The words as they are painted at this width."""
        # what the size hint has beside the words: icon, gap and padding
        room = self.width() - (self.sizeHint().width() - self._words_width) + _ROUNDED
        return self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room)

    def minimumSizeHint(self) -> QSize:
        """Room for the icon and a few letters."""
        whole = self.sizeHint()
        return QSize(whole.width() - max(self._words_width - _FEW_LETTERS, 0), whole.height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw what fits."""
        painter = QStylePainter(self)
        option = QStyleOptionButton()
        self.initStyleOption(option)
        option.text = self.shown
        painter.drawControl(QStyle.ControlElement.CE_PushButton, option)
        painter.end()

    @property
    def _words_width(self) -> int:
        return self.fontMetrics().horizontalAdvance(self.text())
