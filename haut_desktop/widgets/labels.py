"""Labels in the roles of the type scale."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QWidget


def label(text: str, role: str = "body", *, wraps: bool = False) -> QLabel:
    """Make a plain-text label; ``role`` is a ``text_role`` of the style sheet, or body."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setProperty("text_role", role)
    made.setWordWrap(wraps)
    return made


def title(text: str) -> QLabel:
    """Make a page's title."""
    return label(text, "title")


def heading(text: str) -> QLabel:
    """Make a section's heading."""
    return label(text, "heading")


def caption(text: str, *, wraps: bool = False) -> QLabel:
    """Make a small label beside or under something."""
    return label(text, "caption", wraps=wraps)


def muted(text: str, *, wraps: bool = True) -> QLabel:
    """Make a body text that steps back."""
    return label(text, "muted", wraps=wraps)


def repolish(widget: QWidget) -> None:
    """Let the style sheet look again at a widget whose properties have changed."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)


class ElidedLabel(QLabel):
    """Shows as much of one line as there is room for; the tool tip has all of it."""

    def __init__(self, role: str = "body") -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("text_role", role)

    def setText(self, text: str) -> None:  # noqa: N802 - Qt's own name
        """Show other words."""
        super().setText(text)
        self.setToolTip(text)

    def minimumSizeHint(self) -> QSize:
        """Room for a few letters."""
        return QSize(min(self.sizeHint().width(), 48), self.sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw what fits."""
        painter = QPainter(self)
        box = self.contentsRect()
        words = self.fontMetrics().elidedText(
            self.text(), Qt.TextElideMode.ElideMiddle, box.width() + 1
        )
        self.style().drawItemText(
            painter,
            box,
            int(self.alignment()),
            self.palette(),
            self.isEnabled(),
            words,
            self.foregroundRole(),
        )
        painter.end()
