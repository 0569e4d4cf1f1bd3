"""What can't be undone, in two steps: first what it means and why, then once more whether."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QDialog, QLineEdit, QStackedWidget, QWidget

from haut_desktop.viewmodels.outbox_confirm import NO_REASON, Confirmation, is_reason
from haut_desktop.widgets.boxes import column, held, named, row
from haut_desktop.widgets.buttons import button, primary_button
from haut_desktop.widgets.field import Field
from haut_desktop.widgets.inline_problem import InlineProblem
from haut_desktop.widgets.labels import caption, heading, label, muted, title
from haut_desktop.widgets.tokens import Tone


class TwoStepsDialog(QDialog):
    """Esc, and Enter on the second step, mean the harmless answer."""

    confirmed = Signal(str)
    """Carries the reason, once both steps were taken."""

    def __init__(self, asked: Confirmation, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._asked = asked
        self.setObjectName("two-steps")
        self.setWindowTitle(f"{asked.title} – Haut Desktop")
        self._reason = named(QLineEdit(), "reason")
        self._reason.setAccessibleName(asked.reason_question)
        self._reason.setPlaceholderText("It stands in the audit trail")
        self._field = Field(f"&Reason: {asked.reason_question}", self._reason)
        self._why = muted("")
        self._warning = InlineProblem(Tone.BAD)
        self._warning.say(asked.question)
        self._leave = named(button(f"&{asked.no}", tip=f"{asked.no} (Esc)"), "leave")
        self._on = named(primary_button("&Continue…", tip="Continue (Enter)"), "continue")
        self._back = named(button("&Back"), "back")
        self._yes = named(button(f"&{asked.yes}", role="danger"), "yes")
        self._stack = QStackedWidget()
        self._stack.addWidget(self._first_page())
        self._stack.addWidget(self._second_page())
        self._lay_out()
        self._connect()
        self._show_step(0)

    def _first_page(self) -> QWidget:
        points = [label(f"•  {words}", wraps=True) for words in self._asked.meaning]
        return held(column(heading("What happens"), *points, None, self._field, gap=8))

    def _second_page(self) -> QWidget:
        return held(column(self._warning, caption("The reason"), self._why, None, gap=8))

    def _lay_out(self) -> None:
        foot = row(self._leave, None, self._back, self._on, self._yes)
        whole = column(
            title(self._asked.title), muted(self._asked.about), self._stack, foot,
            gap=12, margins=(24, 20, 24, 20),
        )  # fmt: skip
        whole.setStretch(2, 1)
        self.setLayout(whole)
        self.setMinimumSize(QSize(560, 420))

    def _connect(self) -> None:
        self._leave.clicked.connect(self.reject)
        self._on.clicked.connect(self._on_continue_clicked)
        self._back.clicked.connect(lambda: self._show_step(0))
        self._yes.clicked.connect(self._on_yes_clicked)
        self._reason.textEdited.connect(lambda _text: self._field.say(""))

    def _show_step(self, step: int) -> None:
        self._stack.setCurrentIndex(step)
        self._on.setVisible(step == 0)
        self._back.setVisible(step == 1)
        self._yes.setVisible(step == 1)
        self._on.setDefault(step == 0)
        self._leave.setDefault(step == 1)
        (self._reason if step == 0 else self._leave).setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_continue_clicked(self) -> None:
        if is_reason(self._reason.text()):
            self._why.setText(self._reason.text().strip())
            self._show_step(1)
        else:
            self._field.say(NO_REASON)

    def _on_yes_clicked(self) -> None:
        self.confirmed.emit(self._reason.text().strip())
        self.accept()
