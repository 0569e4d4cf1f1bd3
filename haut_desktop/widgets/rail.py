"""The rail: the places of the work, each one key away."""

from enum import StrEnum
from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QToolButton

from haut_desktop.widgets.boxes import column
from haut_desktop.widgets.buttons import ToolButton, change_text, give_key
from haut_desktop.widgets.icons import dress

WIDTH: Final = 88


class Place(StrEnum):
    """A page of the main window."""

    STUDY = "study"
    SUBJECTS = "subjects"
    CAPTURE = "capture"
    OUTBOX = "outbox"
    RESULTS = "results"
    HELP = "help"


ON_RAIL: Final = (Place.SUBJECTS, Place.CAPTURE, Place.OUTBOX, Place.RESULTS)
TITLES: Final = {
    Place.STUDY: "Study",
    Place.SUBJECTS: "Subjects",
    Place.CAPTURE: "Capture",
    Place.OUTBOX: "Outbox",
    Place.RESULTS: "Results",
    Place.HELP: "Help",
}


class Rail(QFrame):
    """Buttons for the places, with the place that is shown marked."""

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("frame_role", "rail")
        self.setFixedWidth(WIDTH)
        self._group = QButtonGroup(self)
        self._buttons = {
            place: self._button(place, f"Ctrl+{n}") for n, place in enumerate(ON_RAIL, 1)
        }
        help_button = self._button(Place.HELP, "F1")
        self._buttons[Place.HELP] = help_button
        places = [self._buttons[place] for place in ON_RAIL]
        self.setLayout(column(*places, None, help_button, gap=4, margins=(8, 12, 8, 8)))

    def mark(self, place: Place) -> None:
        """Show where we are; a place that is not on the rail marks nothing."""
        self._group.setExclusive(False)
        for each, button in self._buttons.items():
            button.setChecked(each is place)
        self._group.setExclusive(place in self._buttons)

    def set_count(self, place: Place, number: int) -> None:
        """Say beside a place how many things wait there."""
        button = self._buttons[place]
        change_text(button, f"{TITLES[place]} · {number}" if number else TITLES[place])
        waiting = f"{number} waiting or held" if number else ""
        button.setAccessibleDescription(waiting)

    def _button(self, place: Place, key: str) -> QToolButton:
        made = ToolButton()
        made.setObjectName(f"go-{place}")
        made.setProperty("button_role", "rail")
        made.setText(TITLES[place])
        made.setAccessibleName(TITLES[place])
        made.setCheckable(True)
        made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        made.setFixedSize(QSize(WIDTH - 17, 56))
        dress(made, place.value, size=22)
        give_key(made, key, TITLES[place])
        made.clicked.connect(lambda: self.chosen.emit(place))
        self._group.addButton(made)
        return made
