"""Names with their values under them: whole, selectable, and never cut at the panel's edge."""

from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea

from haut_desktop.widgets.boxes import column, held
from haut_desktop.widgets.grid import GRID
from haut_desktop.widgets.labels import caption, label

_LONGEST_WORD: Final = 24
"""Characters; a longer one is a number of the platform's or of ours and is written smaller."""
_ONE_FACT: Final = 5 * GRID


class FactList(QScrollArea):
    """Scrolls by itself when there is more to say than room."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        self.setAccessibleName(name)
        self.setProperty("frame_role", "facts")
        self._facts: tuple[tuple[str, str], ...] | None = None

    def minimumSizeHint(self) -> QSize:
        """Room for one fact: the others are scrolled to, what stands above can't be."""
        return QSize(super().minimumSizeHint().width(), _ONE_FACT)

    def show_facts(self, facts: tuple[tuple[str, str], ...]) -> None:
        """Show other facts; the same ones stay as they are, with what is selected in them."""
        if facts == self._facts:
            return
        self._facts = facts
        rows = [column(caption(name), _value(value), gap=2) for name, value in facts]
        inner = held(column(*rows, None, gap=GRID))
        inner.setProperty("page_role", "scrolled")
        self.setWidget(inner)
        inner.setAutoFillBackground(False)


def _value(text: str) -> QLabel:
    is_number = any(len(word) > _LONGEST_WORD for word in text.split())
    made = label(text, "number" if is_number else "body", wraps=True)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made
