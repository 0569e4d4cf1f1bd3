"""The visit's header: which visit is open, the others of the subject, and a new one."""

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QMenu, QWidget

from haut_desktop.domain.imaging import Side
from haut_desktop.viewmodels.capture import UNSCHEDULED, CaptureState
from haut_desktop.viewmodels.capture_words import SIDE_TITLES
from haut_desktop.viewmodels.words import count
from haut_desktop.widgets.boxes import row
from haut_desktop.widgets.buttons import button, change_text
from haut_desktop.widgets.labels import title


class VisitHeader(QWidget):
    """Shows the visit's name and switches between the subject's visits."""

    opened = Signal(object)
    started = Signal(object)
    slot_wanted = Signal(object)
    files_wanted = Signal()
    asides_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._choices: tuple[object, ...] = ()
        self._title = title("")
        self._visits = QComboBox()
        self._visits.setObjectName("visits")
        self._visits.setAccessibleName("Visits of this subject")
        self._visits.setMinimumWidth(260)
        self._new = button("&New visit", icon="plus", tip="Start another visit")
        self._slot = button("&Add a slot", icon="plus", tip="Add a picture beyond the plan")
        self._asides = button("", key="Ctrl+Shift+B", tip="Pictures that are not sent")
        self._asides.setObjectName("stay-behind")
        self._asides.hide()
        self._files = button("Choose files…", icon="folder", key="Ctrl+O", tip="Choose files")
        self._files.setObjectName("choose-files")
        self._new_menu = QMenu(self)
        self._new_menu.setAccessibleName("New visit")
        self._new.setMenu(self._new_menu)
        self._slot.setMenu(self._slot_menu())
        parts = (self._title, self._visits, self._new, None, self._asides, self._slot, self._files)
        self.setLayout(row(*parts))
        self._visits.activated.connect(self._on_visits_activated)
        self._files.clicked.connect(self.files_wanted)
        self._asides.clicked.connect(self.asides_wanted)

    def show_state(self, state: CaptureState) -> None:
        """Show the visit and what can be chosen instead."""
        self._title.setText(state.visit)
        self._slot.setVisible(not state.is_finished)
        self._files.setVisible(not state.is_finished)
        choices = (state.visits, state.visit_id, state.planned)
        is_marked = self._visits.currentData() == state.visit_id
        # what is open keeps its marked entry while pictures come
        if choices != self._choices or not is_marked:
            self._choices = choices
            self._offer(state)

    def _offer(self, state: CaptureState) -> None:
        self._visits.clear()
        for number, tab in enumerate(state.visits):
            self._visits.addItem(tab.words, tab.id)
            if tab.id == state.visit_id:
                self._visits.setCurrentIndex(number)
        self._new_menu.clear()
        for name in (*state.planned, UNSCHEDULED):
            self._new_menu.addAction(name, self._starter(name))

    def show_asides(self, number: int) -> None:
        """Say how many of the visit's pictures are not sent."""
        change_text(self._asides, f"{number} set aside…")
        self._asides.setAccessibleName(f"{count(number, 'picture')} set aside or removed")
        self._asides.setVisible(number > 0)

    def _slot_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setAccessibleName("Add a slot")
        for side in Side:
            menu.addAction(SIDE_TITLES[side], self._adder(side))
        return menu

    def _starter(self, name: str) -> Callable[[], None]:
        return lambda: self.started.emit(name)

    def _adder(self, side: Side) -> Callable[[], None]:
        return lambda: self.slot_wanted.emit(side)

    def _on_visits_activated(self, number: int) -> None:
        self.opened.emit(self._visits.itemData(number))
