"""The recovery key's form: a printed passphrase, the study's public key, or none with a reason."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QGridLayout, QLineEdit, QPlainTextEdit, QStackedWidget, QWidget

from haut_desktop.viewmodels.first_start import (
    FirstStartViewModel,
    RecoveryWay,
    public_key_problem,
)
from haut_desktop.widgets.boxes import card, column, held, row
from haut_desktop.widgets.buttons import button
from haut_desktop.widgets.choice_row import ChoiceRow
from haut_desktop.widgets.field import Field
from haut_desktop.widgets.labels import caption, label, muted

_WAYS = (
    (RecoveryWay.PASSPHRASE, "&Printed passphrase"),
    (RecoveryWay.PUBLIC_KEY, "Study's public &key"),
    (RecoveryWay.DECLINED, "N&one"),
)
_SHORTEST_REASON = 10


class RecoveryForm(QWidget):
    """Knows when it is complete: two groups typed back, a well-formed key, or a reason."""

    changed = Signal()

    def __init__(self, view_model: FirstStartViewModel) -> None:
        super().__init__()
        self._view_model = view_model
        self._ways = ChoiceRow("Recovery", _WAYS, RecoveryWay.PASSPHRASE)
        self._first = _group_edit(view_model.asked[0])
        self._second = _group_edit(view_model.asked[1])
        self._group_fields = {
            number: Field(f"Group &{number + 1}", edit)
            for number, edit in zip(view_model.asked, (self._first, self._second), strict=True)
        }
        self._key = QLineEdit(placeholderText="age1…")
        self._key.setObjectName("public-key")
        self._key_field = Field("Public key of the study", self._key)
        self._reason = QPlainTextEdit()
        self._reason.setObjectName("reason")
        self._reason.setAccessibleName("Reason for having no recovery key")
        self._reason.setTabChangesFocus(True)
        self._reason.setFixedHeight(72)
        self._stack = QStackedWidget()
        for page in (self._passphrase_page(), self._key_page(), self._declined_page()):
            self._stack.addWidget(page)
        self.setLayout(column(self._ways, self._stack, gap=12))
        self._connect()
        self.setFocusProxy(self._first)

    @property
    def way(self) -> RecoveryWay:
        """The way that is chosen."""
        return RecoveryWay(str(self._ways.taken))

    @property
    def recovery(self) -> str:
        """The passphrase, the key or the reason."""
        if self.way is RecoveryWay.PASSPHRASE:
            return self._view_model.passphrase
        if self.way is RecoveryWay.PUBLIC_KEY:
            return self._key.text().strip()
        return self._reason.toPlainText().strip()

    @property
    def is_complete(self) -> bool:
        """Whether the chosen way has all it needs."""
        if self.way is RecoveryWay.PASSPHRASE:
            return self._view_model.is_typed_back(self._first.text(), self._second.text())
        if self.way is RecoveryWay.PUBLIC_KEY:
            return not public_key_problem(self._key.text())
        return len(self._reason.toPlainText().strip()) >= _SHORTEST_REASON

    def _passphrase_page(self) -> QWidget:
        copy = button("Cop&y", icon="copy")
        copy.clicked.connect(self._on_copy_clicked)
        paper = button("P&rint…", icon="print")
        paper.clicked.connect(self._view_model.ask_for_paper)
        back = row(*self._group_fields.values())
        for field in self._group_fields.values():
            back.setAlignment(field, Qt.AlignmentFlag.AlignTop)
        return held(
            column(
                card(self._groups(), row(paper, copy, None), gap=12),
                muted("Keep it on paper, away from this computer. Then type two groups back."),
                back,
                None,
                gap=12,
            )
        )

    def _groups(self) -> QWidget:
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(12)
        for number, group in enumerate(self._view_model.groups):
            words = label(group, "title")
            words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            words.setAccessibleName(f"Group {number + 1}: {' '.join(group)}")
            cell = row(caption(str(number + 1)), words, None, gap=8)
            grid.addLayout(cell, number // 4, number % 4)
        return held(grid)

    def _key_page(self) -> QWidget:
        words = muted("The study's data office holds the other half of this key.")
        return held(column(words, self._key_field, None, gap=12))

    def _declined_page(self) -> QWidget:
        words = muted(
            "Without a recovery key, pictures that have not gone out yet are lost with this "
            "computer. The reason is kept in the audit trail."
        )
        words_for = caption("Reason, at least ten characters")
        return held(column(words, words_for, self._reason, None))

    def _connect(self) -> None:
        self._ways.chosen.connect(self._on_ways_chosen)
        for edit in (self._first, self._second):
            edit.textChanged.connect(self._on_group_changed)
        self._key.textChanged.connect(self._on_key_changed)
        self._reason.textChanged.connect(self.changed)

    def _on_ways_chosen(self, way: object) -> None:
        self._stack.setCurrentIndex([choice for choice, _ in _WAYS].index(RecoveryWay(str(way))))
        self.changed.emit()

    def _on_group_changed(self) -> None:
        for number, field in self._group_fields.items():
            edit = self._first if number == self._view_model.asked[0] else self._second
            field.say(self._view_model.group_problem(number, edit.text()))
        self.changed.emit()

    def _on_key_changed(self, text: str) -> None:
        problem = public_key_problem(text) if text.strip() else ""
        self._key_field.say(problem, praise="A well-formed key." if text.strip() else "")
        self.changed.emit()

    def _on_copy_clicked(self) -> None:
        QGuiApplication.clipboard().setText(self._view_model.passphrase)


def _group_edit(number: int) -> QLineEdit:
    edit = QLineEdit()
    edit.setObjectName(f"group-{number + 1}")
    edit.setAccessibleName(f"Group {number + 1} of the passphrase")
    return edit
