"""The study page: one card per study; the ones that can't be used say why."""

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from haut_desktop.viewmodels.studies import StudiesState, StudiesViewModel, StudyLine
from haut_desktop.widgets.badge import Badge
from haut_desktop.widgets.boxes import card, column, row, scrolled
from haut_desktop.widgets.busy_bar import BusyBar
from haut_desktop.widgets.buttons import button, primary_button, quiet_button
from haut_desktop.widgets.empty_state import EmptyState
from haut_desktop.widgets.labels import heading, muted, title
from haut_desktop.widgets.tokens import Tone


class StudyPage(QWidget):
    """Shows loading, error, empty and full; the first usable study takes the focus."""

    def __init__(self, view_model: StudiesViewModel) -> None:
        super().__init__()
        self._view_model = view_model
        self._again = quiet_button("Look again", icon="retry", key="F5")
        self._again.clicked.connect(view_model.refresh)
        self._busy = BusyBar("Reading studies")
        self._nothing = EmptyState("study", "", "")
        self._nothing.acted.connect(view_model.refresh)
        self._cards = QWidget()
        self._cards.setLayout(QVBoxLayout())
        self._stack = QStackedWidget()
        self._stack.addWidget(self._nothing)
        self._stack.addWidget(scrolled(self._cards))
        head = row(title("Choose a study"), None, self._again)
        words = muted("Subjects and visits belong to one study; it can be changed at any time.")
        self.setLayout(
            column(head, words, self._busy, self._stack, gap=8, margins=(24, 16, 24, 16))
        )
        view_model.changed.connect(self._on_view_model_changed)
        self._on_view_model_changed(view_model.state)
        view_model.refresh()

    def _on_view_model_changed(self, state: StudiesState) -> None:
        if state.is_loading:
            self._busy.show_going("Asking the platform…")
        else:
            self._busy.clear()
        self._say_nothing(state)
        self._stack.setCurrentIndex(1 if state.lines else 0)
        self._fill(state)

    def _say_nothing(self, state: StudiesState) -> None:
        if state.error is not None:
            error = state.error
            self._nothing.say("offline", error.title, error.message, action="Look &again")
        elif state.is_loading:
            self._nothing.say("clock", "Reading studies…", "This takes a moment.")
        else:
            words = "This account sees no dataset. Ask the study's administrator for access."
            self._nothing.say("study", "No study yet", words, action="Look &again")

    def _fill(self, state: StudiesState) -> None:
        layout = self._cards.layout()
        focus = QApplication.focusWidget()
        has_focus = focus is self or (focus is not None and self._cards.isAncestorOf(focus))
        while layout is not None and (item := layout.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        box = column(*(self._card(line) for line in state.lines), None, gap=12)
        holder = QWidget()
        holder.setLayout(box)
        if layout is not None:
            layout.setContentsMargins(0, 0, 8, 0)
            layout.addWidget(holder)
        usable = holder.findChild(QPushButton, "open-study")
        first = usable or holder.findChild(QPushButton)
        if first is not None:
            self.setFocusProxy(first)
            if has_focus:
                first.setFocus(Qt.FocusReason.OtherFocusReason)

    def _card(self, line: StudyLine) -> QWidget:
        act = _opener(line)
        act.clicked.connect(partial(self._view_model.choose, line))
        head = row(heading(line.name), gap=8)
        if line.is_refused or line.is_open:
            words = "Can't be used" if line.is_refused else "Open now"
            head.addWidget(Badge(words, Tone.BAD if line.is_refused else Tone.ACCENT))
        head.addStretch(1)
        whole = row(column(head, muted(line.words), gap=4), act, gap=16)
        whole.setStretch(0, 1)
        whole.setAlignment(act, Qt.AlignmentFlag.AlignVCenter)
        made = card(whole)
        made.setAccessibleName(f"Study {line.name}. {line.words}")
        return made


def _opener(line: StudyLine) -> QPushButton:
    if line.is_refused:
        act = button("Why?")
        act.setAccessibleName(f"Why {line.name} can't be used")
        return act
    act = primary_button("Continue" if line.is_open else "Open")
    act.setAccessibleName(f"Open study {line.name}")
    act.setObjectName("open-study")
    return act
