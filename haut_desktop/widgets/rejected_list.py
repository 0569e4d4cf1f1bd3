"""Files that were not taken in, each with its reason, until somebody has read them."""

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QListWidget, QListWidgetItem

from haut_desktop.viewmodels.capture_words import Rejected
from haut_desktop.viewmodels.words import count
from haut_desktop.widgets.boxes import column, row
from haut_desktop.widgets.buttons import quiet_button
from haut_desktop.widgets.labels import heading

_MOST_LINES = 4
"""Above so many the list scrolls; the pictures need the room."""
_LINE_HEIGHT = 24
_FRAME = 6
_PAD = 8
"""Above and below the words of a line, together."""
_BESIDE_WORDS = 48


class RejectedList(QFrame):
    """Hidden while everything was taken in."""

    dismissed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("rejected")
        self.setProperty("frame_role", "notice")
        self.setProperty("tone", "warn")
        self._shown: tuple[Rejected, ...] = ()
        self._title = heading("")
        self._list = QListWidget()
        self._list.setAccessibleName("Files that were not taken in")
        self._list.setWordWrap(True)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        dismiss = quiet_button("Dismiss", icon="close")
        dismiss.setAccessibleName("Dismiss the files that were not taken in")
        dismiss.clicked.connect(self.dismissed)
        whole = column(row(self._title, None, dismiss), self._list, gap=4)
        whole.setContentsMargins(12, 6, 8, 8)
        self.setLayout(whole)
        self.hide()

    def show_rejected(self, rejected: tuple[Rejected, ...]) -> None:
        """Show these files; new ones come last and into sight."""
        self._title.setText(f"{count(len(rejected), 'file')} not taken in")
        is_more = rejected[: len(self._shown)] == self._shown
        if not is_more:  # another visit's
            self._list.clear()
        for line in rejected[len(self._shown) :] if is_more else rejected:
            item = QListWidgetItem(f"{line.name}: {line.title}. {line.message}")
            item.setToolTip(line.message)
            self._list.addItem(item)
        self._shown = rejected
        self.setVisible(bool(rejected))
        self._fit()
        self._list.scrollToBottom()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give reasons the lines that they need at this width."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        room = QRect(0, 0, max(self.width() - _BESIDE_WORDS, 1), 0)
        letters, wraps = self._list.fontMetrics(), Qt.TextFlag.TextWordWrap
        texts = (self._list.item(number).text() for number in range(self._list.count()))
        heights = (letters.boundingRect(room, wraps, text).height() + _PAD for text in texts)
        wanted = min(max(sum(heights), _LINE_HEIGHT), _MOST_LINES * _LINE_HEIGHT)
        self._list.setFixedHeight(wanted + _FRAME)
