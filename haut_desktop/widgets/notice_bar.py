"""The notice bar: one notice with its action, under the top bar, out of the way when empty."""

from typing import Final

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFrame, QLabel

from haut_desktop.viewmodels.notices import Notice, NoticesViewModel, Weight
from haut_desktop.widgets.boxes import column, row
from haut_desktop.widgets.buttons import icon_button, quiet_button
from haut_desktop.widgets.icons import dress
from haut_desktop.widgets.labels import caption, label, repolish
from haut_desktop.widgets.tokens import Tone

_SIGNS: Final = {
    Weight.GOOD: "check",
    Weight.INFO: "info",
    Weight.WARN: "warning",
    Weight.BAD: "problem",
}
_PASSES_MS: Final = 20_000
"""Long enough to read a success with the folder that it names, twice."""


class NoticeBar(QFrame):
    """Shows the newest notice; its cross, which has a key, dismisses it.

    A success goes by itself after a while.
    """

    def __init__(self, notices: NoticesViewModel) -> None:
        super().__init__()
        self._notices = notices
        self._passes = QTimer(self, singleShot=True, interval=_PASSES_MS)
        self._passes.timeout.connect(notices.go_on)
        self.setProperty("frame_role", "notice")
        self._sign = QLabel()
        self._title = label("", "heading")
        self._message = label("", wraps=True)
        self._more = caption("")
        self._action = quiet_button("")
        self._dismiss = icon_button("close", "Dismiss notice", key="Ctrl+.")
        words = column(self._title, self._message, gap=2)
        parts = (self._sign, words, self._more, self._action, self._dismiss)
        whole = row(*parts, gap=12, margins=(12, 6, 8, 6))
        whole.setStretch(1, 1)
        self.setLayout(whole)
        self._action.clicked.connect(notices.take_action)
        self._dismiss.clicked.connect(notices.dismiss)
        notices.changed.connect(self.show_notice)
        self.hide()

    def show_notice(self, notice: Notice | None) -> None:
        """Show a notice, or hide while there is none."""
        self.setVisible(notice is not None)
        self._passes.stop()
        if notice is None:
            return
        if notice.is_passing:
            self._passes.start()
        dress(self._sign, _SIGNS[notice.weight], tone=Tone(notice.weight.value))
        self._title.setText(notice.title)
        self._message.setText(notice.message)
        self._message.setVisible(bool(notice.message))
        self._more.setText(f"{self._notices.waiting} more" if self._notices.waiting else "")
        self._action.setText(notice.action)
        self._action.setAccessibleName(notice.action)
        self._action.setVisible(bool(notice.action))
        self.setAccessibleName(f"{notice.title}. {notice.message}")
        self.setProperty("tone", notice.weight.value)
        repolish(self)
