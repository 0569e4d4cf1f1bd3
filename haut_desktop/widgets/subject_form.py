"""The registration panel beside the list: Enter registers, Esc puts it away with what was typed."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QLineEdit, QPlainTextEdit, QWidget

from haut_desktop.viewmodels.subject_form import FormInput, FormState, SubjectFormViewModel
from haut_desktop.widgets.boxes import column, held, named, row, scrolled
from haut_desktop.widgets.busy_bar import BusyBar
from haut_desktop.widgets.buttons import Keys, button, icon_button, primary_button
from haut_desktop.widgets.choice_row import ChoiceRow
from haut_desktop.widgets.field import Field
from haut_desktop.widgets.inline_problem import InlineProblem
from haut_desktop.widgets.labels import caption, title
from haut_desktop.widgets.phototypes import Phototypes

WIDTH = 432


class SubjectForm(QFrame):
    """Fields for one new subject; nothing typed is lost on an error."""

    closed = Signal()

    def __init__(self, view_model: SubjectFormViewModel) -> None:
        super().__init__()
        self._view_model = view_model
        self.setProperty("frame_role", "card")
        self.setFixedWidth(WIDTH)
        self._code = named(QLineEdit(), "code")
        self._birth = named(QLineEdit(placeholderText="1984 or 1984-03-21"), "birth")
        self._sex = ChoiceRow("Biological sex", _with_none(view_model.sexes), None)
        self._phototypes = Phototypes()
        self._remarks = named(QPlainTextEdit(), "remarks")
        self._remarks.setTabChangesFocus(True)
        self._remarks.setFixedHeight(64)
        self._code_field = Field("Subject &code", self._code)
        self._birth_field = Field("&Birth year or date", self._birth)
        self._problem = InlineProblem()
        self._busy = BusyBar("Registering")
        self._keys = Keys()
        self._register = primary_button("Register subject", tip="Register subject (Enter)")
        self._register.setObjectName("register")
        self._cancel = button("Cancel", tip="Cancel (Esc)")
        self._lay_out()
        self._connect()
        self.setFocusProxy(self._code)

    def open_with(self, code: str) -> None:
        """Show the panel; a code that was searched for in vain is filled in."""
        plan = self._view_model.plan
        self._code.setPlaceholderText(plan.code_example)
        if code:
            self._code.setText(code)
        self.show()
        self._keys.begin()
        self._code.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._view_model.open()

    def clear(self) -> None:
        """Empty every field."""
        self._code.clear()
        self._birth.clear()
        self._remarks.clear()
        self._phototypes.clear()
        self._sex.take(None)

    def _lay_out(self) -> None:
        close = icon_button("close", "Close registration")
        close.clicked.connect(self.closed)
        words = "Codes only: no name, initials, address or phone number belongs in any field."
        fields = held(
            column(
                self._code_field,
                self._birth_field,
                column(caption("Biological sex"), self._sex, gap=4),
                column(caption("Fitzpatrick skin phototype"), self._phototypes, gap=4),
                Field("Re&marks", self._remarks),
                None,
                gap=12,
                margins=(0, 0, 8, 0),
            )
        )
        parts: tuple[QWidget, ...] = (scrolled(fields), self._problem, self._busy)
        head = row(title("Register subject"), None, close)
        foot = row(None, self._cancel, self._register, margins=(0, 0, 8, 0))
        whole = column(head, caption(words, wraps=True), *parts, foot, gap=12)
        whole.setContentsMargins(16, 12, 8, 12)
        self.setLayout(whole)

    def _connect(self) -> None:
        self._code.textChanged.connect(self._view_model.check_code)
        self._birth.editingFinished.connect(
            lambda: self._view_model.check_birth(self._birth.text())
        )
        self._code.textEdited.connect(lambda _text: self._keys.begin())
        self._code.returnPressed.connect(self._on_code_entered)
        self._birth.returnPressed.connect(self._on_register_clicked)
        self._register.clicked.connect(self._on_register_clicked)
        self._cancel.clicked.connect(self.closed)
        self._view_model.changed.connect(self._on_view_model_changed)
        self._view_model.sexes_changed.connect(self._on_sexes_changed)
        self._on_view_model_changed(self._view_model.state)

    def _on_sexes_changed(self, sexes: tuple[tuple[str, str], ...]) -> None:
        self._sex.offer(_with_none(sexes))

    def _input(self) -> FormInput:
        sex = self._sex.taken
        return FormInput(
            code=self._code.text(),
            birth=self._birth.text(),
            biological_sex=str(sex) if sex is not None else None,
            phototype=self._phototypes.chosen,
            remarks=self._remarks.toPlainText(),
        )

    def _on_code_entered(self) -> None:
        """Register, or go on where a scanner's Enter ends the code: an entry can't be undone."""
        if self._keys.is_meant():
            self._on_register_clicked()
        else:
            self._birth.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_register_clicked(self) -> None:
        # the button is about to rest; what may be wrong is most often the code
        self._code.setFocus(Qt.FocusReason.OtherFocusReason)
        self._view_model.register(self._input())

    def _on_view_model_changed(self, state: FormState) -> None:
        checking = "Looking whether it is taken…" if state.is_checking else ""
        praise = state.code_praise or checking or f"Like {self._view_model.plan.code_example}."
        self._code_field.say(state.code_problem, praise=praise)
        self._birth_field.say(state.birth_problem)
        self._problem.say(state.title, state.message)
        if state.is_busy:
            self._busy.show_going("Registering…")
        else:
            self._busy.clear()
        self._register.setEnabled(not state.is_busy)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Let Esc put the panel away."""
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
            return
        super().keyPressEvent(event)


def _with_none(sexes: tuple[tuple[str, str], ...]) -> list[tuple[object, str]]:
    return [*sexes, (None, "Not recorded")]
