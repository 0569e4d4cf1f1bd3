"""A problem said where it happened: in a form, beside the button that met it."""

from PySide6.QtWidgets import QFrame, QLabel

from haut_desktop.widgets.boxes import column, row
from haut_desktop.widgets.icons import dress
from haut_desktop.widgets.labels import label, repolish
from haut_desktop.widgets.tokens import Tone


class InlineProblem(QFrame):
    """Hidden while there is nothing to say."""

    def __init__(self, tone: Tone = Tone.BAD) -> None:
        super().__init__()
        self.setProperty("frame_role", "notice")
        self._sign = QLabel()
        self.set_tone(tone)
        self._title = label("", "heading", wraps=True)
        self._message = label("", wraps=True)
        words = row(
            self._sign, column(self._title, self._message, gap=2), gap=12, margins=(12, 8, 12, 8)
        )
        words.setStretch(1, 1)
        self.setLayout(words)
        self.hide()

    def set_tone(self, tone: Tone) -> None:
        """Weigh what is said next."""
        self.setProperty("tone", tone.value)
        dress(self._sign, "problem" if tone is Tone.BAD else "info", tone=tone)

    @property
    def text(self) -> str:
        """What is shown, title and message."""
        return f"{self._title.text()} {self._message.text()}".strip() if self._title.text() else ""

    def say(self, title: str, message: str = "") -> None:
        """Show a problem, or nothing."""
        self._title.setText(title)
        self._message.setText(message)
        self._message.setVisible(bool(message))
        self.setAccessibleName(f"{title}. {message}" if title else "")
        self.setVisible(bool(title))
        repolish(self)
