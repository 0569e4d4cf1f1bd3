"""Six swatches for the Fitzpatrick skin phototype, each with its numeral."""

from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QWidget

from haut_desktop.viewmodels.subject_words import ROMAN
from haut_desktop.widgets.boxes import row
from haut_desktop.widgets.tokens import Tokens, current_tokens

_SKIN: Final = ("", "#f3d9c7", "#e8c0a0", "#d1a079", "#ae7850", "#7d4f32", "#46291c")
_MEANINGS: Final = (
    "",
    "always burns, never tans",
    "usually burns, tans little",
    "sometimes burns, tans evenly",
    "rarely burns, tans well",
    "very rarely burns, brown skin",
    "never burns, dark brown skin",
)


class _Swatch(QAbstractButton):
    """One phototype."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number
        self.setObjectName(f"phototype-{number}")
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(f"Phototype {ROMAN[number]}")
        self.setAccessibleDescription(_MEANINGS[number])
        self.setToolTip(f"Phototype {ROMAN[number]}: {_MEANINGS[number]}")
        self.setFixedSize(QSize(52, 44))

    def sizeHint(self) -> QSize:
        """Its fixed size."""
        return QSize(52, 44)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw skin, numeral, the tick of the chosen one and the focus ring."""
        tokens = current_tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._ring(tokens))
        painter.setBrush(QColor(_SKIN[self._number]))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5), 6, 6)
        painter.setPen(QColor("#ffffff" if self._number > 3 else "#2a1a10"))
        words = f"✓ {ROMAN[self._number]}" if self.isChecked() else ROMAN[self._number]
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, words)
        painter.end()

    def _ring(self, tokens: Tokens) -> QPen:
        """As the style draws a choice: the chosen one is seen to have the focus, too."""
        is_chosen, has_focus = self.isChecked(), self.hasFocus()
        if not (is_chosen or has_focus):
            return QPen(QColor(tokens.line_strong), 1)
        return QPen(QColor(tokens.text if is_chosen and has_focus else tokens.accent), 2)


class Phototypes(QWidget):
    """At most one is chosen; choosing it again takes it back."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._swatches = {number: _Swatch(number) for number in range(1, 7)}
        for number, swatch in self._swatches.items():
            swatch.clicked.connect(lambda _checked=False, n=number: self._on_swatch_clicked(n))
        self.setLayout(row(*self._swatches.values(), None, gap=4))
        self.setAccessibleName("Fitzpatrick skin phototype")
        self.setFocusProxy(self._swatches[1])

    @property
    def chosen(self) -> int | None:
        """The chosen phototype, 1…6."""
        return next((n for n, swatch in self._swatches.items() if swatch.isChecked()), None)

    def clear(self) -> None:
        """Choose none."""
        for swatch in self._swatches.values():
            swatch.setChecked(False)

    def _on_swatch_clicked(self, number: int) -> None:
        for each, swatch in self._swatches.items():
            swatch.setChecked(each == number and swatch.isChecked())
        self.changed.emit()
