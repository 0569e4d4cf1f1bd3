"""The decision about a held subject: compare, choose, say why; Esc leaves everything waiting."""

from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QDialog,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStackedWidget,
    QWidget,
)

from haut_desktop.viewmodels.decision import DecisionState, DecisionViewModel, EntryLine, Way
from haut_desktop.widgets.boxes import column, held, named, row
from haut_desktop.widgets.busy_bar import BusyBar
from haut_desktop.widgets.buttons import button, on_entered, plain, primary_button
from haut_desktop.widgets.choice_row import ChoiceRow
from haut_desktop.widgets.field import Field
from haut_desktop.widgets.inline_problem import InlineProblem
from haut_desktop.widgets.labels import caption, heading, label, muted, title
from haut_desktop.widgets.tokens import Tone

_ENTRY_ROLE: Final = int(Qt.ItemDataRole.UserRole)
_ENTRY_HEIGHT: Final = 72
_DEEDS: Final = {
    Way.SAME: "&Send to this entry",
    Way.OTHER: "&Give the new code",
    Way.LOOK_AGAIN: "L&ook again",
}
_WAYS: Final = (
    (Way.SAME, "Same participant"),
    (Way.OTHER, "Another participant"),
    (Way.LOOK_AGAIN, "Put right in the portal"),
)


class DecisionDialog(QDialog):
    """Accepted when the decision stands in the record.

    While it is being written down the dialog stays: a refusal is told here.
    """

    def __init__(self, view_model: DecisionViewModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view_model = view_model
        self._shown: tuple[EntryLine, ...] | None = None
        self.setObjectName("decision")
        self.setWindowTitle("Who is it? – Haut Desktop")
        self._title = title("Who is it?")
        self._here = muted("")
        self._why = InlineProblem(Tone.WARN)
        self._ways = ChoiceRow("Decision", _WAYS, Way.SAME)
        self._entries = named(QListWidget(), "entries")
        self._entries.setAccessibleName("The platform's entries with this code")
        self._entries_problem = label("", "problem", wraps=True)
        self._code = named(QLineEdit(), "new-code")
        self._code_field = Field("New &code", self._code)
        self._reason = named(QLineEdit(), "reason")
        self._reason.setPlaceholderText("For example: compared with the paper list")
        self._reason_field = Field("&Reason", self._reason)
        self._problem = InlineProblem()
        self._busy = BusyBar("Asking the platform")
        self._again = button("&Ask again", icon="retry")
        self._leave = button("Decide &later", tip="Decide later (Esc)")
        self._decide = named(primary_button(_DEEDS[Way.SAME]), "decide")
        self._stack = QStackedWidget()
        for page in (self._same_page(), self._other_page(), self._again_page()):
            self._stack.addWidget(page)
        self._lay_out()
        self._connect()
        self._on_way_chosen(Way.SAME)
        self._on_view_model_changed(view_model.state)
        view_model.load()

    def _lay_out(self) -> None:
        foot = row(self._leave, None, self._decide)
        whole = column(
            self._title, self._here, self._why, self._ways, self._stack, self._reason_field,
            self._problem, row(None, self._again), self._busy, foot,
            gap=12, margins=(24, 20, 24, 20),
        )  # fmt: skip
        whole.setStretch(4, 1)
        self.setLayout(whole)
        self.setMinimumSize(QSize(640, 560))

    def _same_page(self) -> QWidget:
        words = muted("The pictures go to the entry that you choose.")
        page = column(words, self._entries, self._entries_problem, None, gap=8)
        # the free room below counts only while there are no entries
        page.setStretch(1, 100)
        return held(page)

    def _other_page(self) -> QWidget:
        words = muted(
            "Somebody else has this code on the platform. The subject here gets another one, under "
            "which it is registered; the former code stays in its history."
        )
        return held(column(words, self._code_field, None))

    def _again_page(self) -> QWidget:
        words = muted(
            "The entry was renamed or deleted in the web portal. The station looks the code up "
            "once more: it registers the subject if the code is free, or asks again."
        )
        return held(column(words, None))

    def _connect(self) -> None:
        self._ways.chosen.connect(self._on_way_chosen)
        self._view_model.changed.connect(self._on_view_model_changed)
        self._view_model.decided.connect(self.accept)
        self._again.clicked.connect(self._view_model.load)
        self._leave.clicked.connect(self.reject)
        self._decide.clicked.connect(self._on_decide_clicked)
        # no default button: it would take a scanner's Enter for a decision
        on_entered(self._reason, self._decide.click)

    @property
    def _way(self) -> Way:
        return Way(str(self._ways.taken))

    @property
    def _choice(self) -> str:
        if self._way is Way.OTHER:
            return self._code.text()
        chosen = self._entries.selectedItems()
        return str(chosen[0].data(_ENTRY_ROLE)) if chosen else ""

    def _on_way_chosen(self, way: object) -> None:
        chosen = Way(str(way))
        self._stack.setCurrentIndex(list(Way).index(chosen))
        self._decide.setText(_DEEDS[chosen])
        self._decide.setAccessibleName(plain(_DEEDS[chosen]))
        self._show_readiness(self._view_model.state)

    def reject(self) -> None:
        """Leave, unless something is being written down."""
        if not self._view_model.state.is_busy:
            super().reject()

    def _on_decide_clicked(self) -> None:
        self._view_model.decide(self._way, self._choice, self._reason.text())

    def _on_view_model_changed(self, state: DecisionState) -> None:
        self._title.setText(f"Who is {state.code}?" if state.code else "Who is it?")
        here = state.details or "nothing but the code"
        self._here.setText(f"Recorded on this station: {here}.")
        is_said = (state.title, state.message) == (state.problem_title, state.problem)
        self._why.say("" if is_said else state.title, state.message)
        self._problem.say(state.problem_title, state.problem)
        self._again.setVisible(bool(state.problem_title))
        self._show_entries(state)
        self._code_field.say(state.code_problem)
        self._reason_field.say(state.reason_problem)
        if state.is_loading or state.is_busy:
            self._busy.show_going(
                "Asking the platform…" if state.is_loading else "Writing it down…"
            )
        else:
            self._busy.clear()
        self._show_readiness(state)

    def _show_readiness(self, state: DecisionState) -> None:
        is_idle = not (state.is_loading or state.is_busy)
        has_choice = self._way is not Way.SAME or bool(state.entries)
        self._decide.setEnabled(is_idle and has_choice)
        self._leave.setEnabled(not state.is_busy)

    def _show_entries(self, state: DecisionState) -> None:
        is_known = not state.is_loading and not state.problem_title
        nobody = "The platform lists nobody with this code any more." if is_known else ""
        self._entries_problem.setText(state.entry_problem or ("" if state.entries else nobody))
        self._entries_problem.setVisible(bool(self._entries_problem.text()))
        if state.entries == self._shown:
            return
        self._shown = state.entries
        self._entries.setVisible(bool(state.entries))
        self._entries.clear()
        for line in state.entries:
            item = QListWidgetItem(self._entries)
            item.setData(_ENTRY_ROLE, line.platform_id)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, line.spoken)
            item.setSizeHint(QSize(0, _ENTRY_HEIGHT))
            self._entries.setItemWidget(item, _entry_words(line))


def _entry_words(line: EntryLine) -> QWidget:
    words = held(
        column(
            heading(line.title), caption(line.details), caption(line.maker),
            gap=2, margins=(12, 6, 12, 6),
        )
    )  # fmt: skip
    words.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    words.setBackgroundRole(QPalette.ColorRole.NoRole)
    return words
