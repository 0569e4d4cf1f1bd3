"""The visit's foot: what is still missing, finishing, and what happens afterwards."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame

from haut_desktop.viewmodels.capture import CaptureState
from haut_desktop.viewmodels.words import count
from haut_desktop.widgets.badge import Badge
from haut_desktop.widgets.boxes import row
from haut_desktop.widgets.buttons import button, primary_button
from haut_desktop.widgets.labels import ElidedLabel
from haut_desktop.widgets.tokens import Tone


class VisitFoot(QFrame):
    """The page's one primary action: finish an open visit, or go on to the next subject."""

    finish_wanted = Signal()
    reopen_wanted = Signal()
    sending_wanted = Signal()
    next_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("frame_role", "foot")
        self._has_pictures = False
        self._is_taking_in = False
        self._badge = Badge()
        self._words = ElidedLabel()
        self._reopen = button("Reopen", icon="reopen", key="Ctrl+R", tip="Reopen the visit")
        self._reopen.setObjectName("reopen-visit")
        self._send = button("Send now", icon="outbox", key="Ctrl+Shift+Return")
        self._send.setObjectName("send-now")
        self._next = primary_button("Next subject", icon="next", key="Ctrl+Shift+N")
        self._next.setObjectName("next-subject")
        self._finish = primary_button("Finish visit…", icon="check", key="Ctrl+Return")
        self._finish.setObjectName("finish-visit")
        parts = (self._badge, self._words, None, self._reopen, self._send, self._next, self._finish)
        self.setLayout(row(*parts, gap=12, margins=(24, 8, 24, 8)))
        self._reopen.clicked.connect(self.reopen_wanted)
        self._send.clicked.connect(self.sending_wanted)
        self._next.clicked.connect(self.next_wanted)
        self._finish.clicked.connect(self.finish_wanted)

    def show_state(self, state: CaptureState) -> None:
        """Show what can be done now."""
        self._reopen.setVisible(state.can_reopen)
        self._send.setVisible(state.can_reopen)
        self._next.setVisible(state.is_finished)
        self._finish.setVisible(not state.is_finished)
        self._has_pictures = state.picture_count > 0
        self._show_readiness()
        if state.is_finished:
            self._badge.say("Finished", Tone.GOOD, icon="lock")
            self._words.setText(state.rest)
        else:
            self._badge.say(count(state.picture_count, "picture"), Tone.NEUTRAL)
            self._words.setText(" ".join(state.problems) or "Everything that the plan asks for.")

    def show_intake(self, *, is_going: bool) -> None:
        """Nothing is finished while its pictures are still coming."""
        self._is_taking_in = is_going
        self._show_readiness()

    def _show_readiness(self) -> None:
        self._finish.setEnabled(self._has_pictures and not self._is_taking_in)
