"""The visit chooser: what an open subject without an open visit sees first."""

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from haut_desktop.viewmodels.capture import UNSCHEDULED, CaptureState
from haut_desktop.widgets.boxes import card, column, row
from haut_desktop.widgets.buttons import button, primary_button
from haut_desktop.widgets.labels import caption, muted, title


class VisitChooser(QWidget):
    """Offers the next planned visit first, then the others, then the visits of the past."""

    started = Signal(object)
    opened = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        self._shown: tuple[object, ...] = ()

    def show_state(self, state: CaptureState) -> None:
        """Show the choices, if they have changed."""
        shown = (state.subject_code, state.planned, state.visits)
        if shown == self._shown:
            return
        self._shown = shown
        layout = self.layout()
        if layout is None:
            return
        while (item := layout.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.setParent(None)
                old.deleteLater()
        layout.addWidget(self._choices(state))

    def _choices(self, state: CaptureState) -> QWidget:
        planned = [self._start_button(name, number) for number, name in enumerate(state.planned)]
        parts: list[QWidget] = [
            title("Which visit is it?"),
            muted("Starting a visit lays out the pictures that the study asks for."),
            *planned,
            self._start_button(UNSCHEDULED, len(planned)),
        ]
        if state.visits:
            parts.append(caption("Earlier visits"))
        for tab in reversed(state.visits):
            past = button(tab.words, role="choice", icon="clock")
            past.setObjectName("past-visit")
            past.clicked.connect(partial(self._on_past_clicked, tab.id))
            parts.append(past)
        sheet = card(*parts, gap=8, pad=24)
        sheet.setFixedWidth(488)
        made = QWidget()
        made.setLayout(column(None, row(None, sheet, None), None))
        return made

    def _start_button(self, name: str, number: int) -> QWidget:
        key = f"Alt+{number + 1}" if number < 9 else ""
        words = "Start an unscheduled visit" if name == UNSCHEDULED else f"Start {name}"
        make = primary_button if number == 0 else button
        made = make(words, icon="plus", key=key, tip=words)
        made.setObjectName("start-visit" if number == 0 else "start-other-visit")
        made.clicked.connect(lambda: self.started.emit(name))
        if number == 0:
            self.setFocusProxy(made)
        return made

    def _on_past_clicked(self, visit_id: object) -> None:
        self.opened.emit(visit_id)
