"""A row of choices of which one is taken: a segmented switch."""

from collections.abc import Iterable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QWidget

from haut_desktop.widgets.boxes import row
from haut_desktop.widgets.buttons import button


class ChoiceRow(QWidget):
    """Buttons for ``choices``; arrow keys and Tab reach each, the taken one is marked."""

    chosen = Signal(object)

    def __init__(self, name: str, choices: Iterable[tuple[object, str]], taken: object) -> None:
        super().__init__()
        self._buttons = {choice: button(text, role="segment") for choice, text in choices}
        self._group = QButtonGroup(self)
        for choice, each in self._buttons.items():
            each.setCheckable(True)
            each.setChecked(choice == taken)
            each.setAccessibleName(f"{name}: {each.accessibleName()}")
            self._group.addButton(each)
        self._group.idClicked.connect(self._on_group_clicked)
        self.setLayout(row(*self._buttons.values(), gap=8))
        self.setAccessibleName(name)

    @property
    def taken(self) -> object:
        """The choice that is taken."""
        return next(choice for choice, each in self._buttons.items() if each.isChecked())

    def take(self, choice: object) -> None:
        """Take a choice and say so."""
        self._buttons[choice].setChecked(True)
        self.chosen.emit(choice)

    def _on_group_clicked(self, _number: int) -> None:
        self.chosen.emit(self.taken)
