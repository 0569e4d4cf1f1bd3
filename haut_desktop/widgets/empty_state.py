"""What a page shows instead of nothing: what this place is, and what to do next."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QWidget

from haut_desktop.widgets.boxes import column, row
from haut_desktop.widgets.buttons import button, primary_button
from haut_desktop.widgets.icons import dress
from haut_desktop.widgets.labels import label, muted
from haut_desktop.widgets.tokens import Tone


class EmptyState(QWidget):
    """An icon, a title, a sentence, and one thing to do; also the error and the loading state."""

    acted = Signal()

    def __init__(
        self, icon: str, title: str, message: str, *, action: str = "", is_primary: bool = True
    ) -> None:
        super().__init__()
        self._icon = QLabel()
        self._icon.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._title = label("", "title")
        self._message = muted("")
        self._message.setFixedWidth(420)
        self._action = (primary_button if is_primary else button)("")
        self._action.clicked.connect(self.acted)
        for text in (self._title, self._message):
            text.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        parts = (self._icon, self._title, row(None, self._message, None))
        self.setLayout(column(None, *parts, row(None, self._action, None), None, gap=12))
        self.say(icon, title, message, action=action)

    def say(
        self, icon: str, title: str, message: str, *, action: str = "", tone: Tone = Tone.NEUTRAL
    ) -> None:
        """Show another state."""
        dress(self._icon, icon, tone=tone, size=40)
        self._title.setText(title)
        self._message.setText(message)
        self._action.setText(action)
        self._action.setAccessibleName(action.replace("&", ""))
        self._action.setVisible(bool(action))
        self.setAccessibleName(f"{title}. {message}")
