"""Long work: a bar, what is left in words, and a way to stop."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QProgressBar, QWidget

from haut_desktop.widgets.boxes import column, row
from haut_desktop.widgets.buttons import quiet_button
from haut_desktop.widgets.labels import caption


class BusyBar(QWidget):
    """Hidden while nothing is going on; keeps its words readable by screen readers."""

    stopped = Signal()

    def __init__(self, name: str, *, can_stop: bool = False) -> None:
        super().__init__()
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(name)
        self._words = caption("")
        self._stop = quiet_button("Stop")
        self._stop.setAccessibleName(f"Stop: {name}")
        self._stop.clicked.connect(self.stopped)
        words = row(self._words, None, self._stop)
        self.setLayout(column(self._bar, words, gap=4))
        # not before it has a parent: it would be shown as a window of its own
        self._stop.setVisible(can_stop)
        self.hide()

    def show_going(self, words: str) -> None:
        """Show that something is going on whose end is not known."""
        self._bar.setRange(0, 0)
        self._say(words)

    def show_progress(self, done: int, total: int, words: str) -> None:
        """Show how much is done."""
        self._bar.setRange(0, max(total, 1))
        self._bar.setValue(done)
        self._say(words)

    def clear(self) -> None:
        """Hide again."""
        self.hide()

    def _say(self, words: str) -> None:
        self._words.setText(words)
        self._bar.setAccessibleDescription(words)
        self.show()
