"""A row of choices of which one is taken: a segmented switch."""

from collections.abc import Iterable
from itertools import pairwise

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QPushButton, QWidget

from haut_desktop.widgets.boxes import row
from haut_desktop.widgets.buttons import button


class ChoiceRow(QWidget):
    """Buttons for ``choices``; arrow keys and Tab reach each, the taken one is marked."""

    chosen = Signal(object)

    def __init__(self, name: str, choices: Iterable[tuple[object, str]], taken: object) -> None:
        super().__init__()
        self._name = name
        self._buttons: dict[object, QPushButton] = {}
        self._group = QButtonGroup(self)
        self._group.idClicked.connect(self._on_group_clicked)
        self._row = row(gap=8)
        self.setLayout(self._row)
        self.setAccessibleName(name)
        self._fill(choices, taken)

    @property
    def taken(self) -> object:
        """The choice that is taken."""
        return next(choice for choice, each in self._buttons.items() if each.isChecked())

    def offer(self, choices: Iterable[tuple[object, str]]) -> None:
        """Offer others; what is taken stays taken, or the last one is where it is gone."""
        wanted, taken = dict(choices), self.taken
        before = list(self._buttons.values())
        for old in before:
            self._group.removeButton(old)
            self._row.removeWidget(old)
        self._fill(wanted.items(), taken if taken in wanted else list(wanted)[-1])
        for earlier, later in pairwise((before[-1], *self._buttons.values())):
            # Qt would put what is new behind everything else that Tab reaches
            QWidget.setTabOrder(earlier, later)
        for old in before:
            old.hide()
            old.deleteLater()

    def take(self, choice: object) -> None:
        """Take a choice and say so."""
        self._buttons[choice].setChecked(True)
        self.chosen.emit(choice)

    def _fill(self, choices: Iterable[tuple[object, str]], taken: object) -> None:
        self._buttons = {choice: button(text, role="segment") for choice, text in choices}
        for choice, each in self._buttons.items():
            each.setCheckable(True)
            each.setChecked(choice == taken)
            each.setAccessibleName(f"{self._name}: {each.accessibleName()}")
            self._group.addButton(each)
            self._row.addWidget(each)

    def _on_group_clicked(self, _number: int) -> None:
        self.chosen.emit(self.taken)
