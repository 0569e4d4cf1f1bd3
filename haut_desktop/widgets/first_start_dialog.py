"""First start: names the station, makes sure its pictures can be recovered, or goes to practice."""

from PySide6.QtCore import QSize, Qt, QTimeZone
from PySide6.QtWidgets import QComboBox, QDialog, QLayout, QLineEdit, QStackedWidget, QWidget

from haut_desktop.viewmodels.first_start import (
    FirstStartState,
    FirstStartViewModel,
    SetUp,
    site_problem,
    station_problem,
    zone_problem,
)
from haut_desktop.widgets.boxes import column, held, line, row, scrolled
from haut_desktop.widgets.busy_bar import BusyBar
from haut_desktop.widgets.buttons import button, primary_button, quiet_button
from haut_desktop.widgets.cover import Cover
from haut_desktop.widgets.field import Field
from haut_desktop.widgets.inline_problem import InlineProblem
from haut_desktop.widgets.labels import caption, muted, title
from haut_desktop.widgets.recovery_form import RecoveryForm

_PROMISE = "Set up this capture station. It takes two minutes and is done once."


class FirstStartDialog(QDialog):
    """Two steps, each checked in place; accepted once the station is created."""

    def __init__(self, view_model: FirstStartViewModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view_model = view_model
        self.setWindowTitle("Set up this station – Haut Desktop")
        self._site = QLineEdit(placeholderText="B01", maxLength=16)
        self._site.setObjectName("site")
        self._zone = _zone_box()
        self._station = QLineEdit("Capture 1", maxLength=64)
        self._station.setObjectName("station")
        self._site_field = Field(
            "&Site code", self._site, help_text="Given to the site by the study."
        )
        self._zone_field = Field(
            "&Time zone of the site", self._zone, help_text="Visit dates are dates in it."
        )
        self._station_field = Field(
            "Station &name", self._station, help_text="Which computer at the site this is."
        )
        self._next = primary_button("Ne&xt", icon="next")
        self._next.setObjectName("next")
        self._next.setDefault(True)
        self._practice = quiet_button("&Practice instead", icon="play")
        self._practice.setObjectName("practice")
        self._back = button("&Back", icon="back")
        self._create = primary_button("&Create station", icon="check")
        self._create.setObjectName("create")
        self._recovery = RecoveryForm(view_model)
        self._problem = InlineProblem()
        self._busy = BusyBar("Creating the station")
        self._steps = QStackedWidget()
        self._is_leaving = False
        self.untold: FirstStartState | None = None
        """Why nothing was made, when the window was left before that could be read in it."""
        self._lay_out()
        self._connect()

    def reject(self) -> None:
        """Leave; a station that is being made is made first."""
        if self._view_model.state.is_busy:
            self._is_leaving = True
        else:
            super().reject()

    def _lay_out(self) -> None:
        self._steps.addWidget(scrolled(held(self._station_step())))
        self._steps.addWidget(scrolled(held(self._recovery_step())))
        self.setLayout(row(Cover(_PROMISE), self._steps, gap=0))
        self.setMinimumSize(QSize(880, 600))
        self.resize(QSize(920, 700))

    def _station_step(self) -> QLayout:
        offer = caption("On this computer, with drawn faces. No measurements, nothing to set up.")
        return column(
            None,
            caption("Step 1 of 2"),
            title("This station"),
            muted("Every picture and every entry carries these words."),
            self._site_field,
            self._zone_field,
            self._station_field,
            row(None, self._next),
            line(),
            column(row(self._practice, None), offer, gap=2),
            None,
            gap=12,
            margins=(48, 24, 48, 24),
        )

    def _recovery_step(self) -> QLayout:
        return column(
            caption("Step 2 of 2"),
            title("Recovery key"),
            muted("Pictures are sealed on this disk. If the computer breaks, this key opens them."),
            self._recovery,
            None,
            self._problem,
            self._busy,
            row(self._back, None, self._create),
            gap=12,
            margins=(48, 24, 48, 24),
        )

    def _connect(self) -> None:
        self._next.clicked.connect(self._on_next_clicked)
        self._back.clicked.connect(self._on_back_clicked)
        self._create.clicked.connect(self._on_create_clicked)
        self._practice.clicked.connect(self._view_model.ask_for_practice)
        for edited in (
            self._site.textEdited,
            self._zone.currentTextChanged,
            self._station.textEdited,
        ):
            edited.connect(self._on_edited)
        self._recovery.changed.connect(self._show_readiness)
        self._view_model.changed.connect(self._on_view_model_changed)
        self._view_model.created.connect(self.accept)
        self._show_readiness()

    def _set_up(self) -> SetUp:
        zone = self._typed_zone()
        site, station = self._site.text().strip().upper(), self._station.text().strip()
        return SetUp(site, zone, station, self._recovery.way, self._recovery.recovery)

    def _show_readiness(self) -> None:
        is_busy = self._view_model.state.is_busy
        self._create.setEnabled(self._recovery.is_complete and not is_busy)
        self._back.setEnabled(not is_busy)
        self._recovery.setEnabled(not is_busy)

    def _problems(self) -> dict[Field, str]:
        return {
            self._site_field: site_problem(self._site.text()),
            self._zone_field: zone_problem(self._typed_zone()),
            self._station_field: station_problem(self._station.text()),
        }

    def _on_edited(self) -> None:
        for field, problem in self._problems().items():
            if field.problem:
                field.say(problem)

    def _typed_zone(self) -> str:
        """The zone of the list that was typed, in any case; else what was typed."""
        typed = self._zone.currentText().strip()
        place = self._zone.findText(typed, Qt.MatchFlag.MatchFixedString)
        return self._zone.itemText(place) if place >= 0 else typed

    def _on_next_clicked(self) -> None:
        problems = self._problems()
        for field, problem in problems.items():
            field.say(problem)
        if wrong := next((field for field, problem in problems.items() if problem), None):
            wrong.setFocus()
            return
        self._steps.setCurrentIndex(1)
        self._create.setDefault(True)
        self._recovery.setFocus()

    def _on_back_clicked(self) -> None:
        self._steps.setCurrentIndex(0)
        self._next.setDefault(True)
        self._site.setFocus()

    def _on_create_clicked(self) -> None:
        self._view_model.create(self._set_up())

    def _on_view_model_changed(self, state: FirstStartState) -> None:
        self._problem.say(state.title, state.message)
        if state.is_busy:
            self._busy.show_going("Making keys and the encrypted database…")
        else:
            self._busy.clear()
        self._show_readiness()
        if self._is_leaving and state.title:
            self.untold = state
            super().reject()


def _zone_box() -> QComboBox:
    """Every zone that Qt knows, the computer's own chosen; typing finds one."""
    box = QComboBox()
    box.setObjectName("zone")
    box.setEditable(True)
    box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
    names = sorted(bytes(zone.data()).decode() for zone in QTimeZone.availableTimeZoneIds())
    box.addItems([name for name in names if "/" in name or name == "UTC"])
    own = bytes(QTimeZone.systemTimeZoneId().data()).decode()
    box.setCurrentText(own if box.findText(own) >= 0 else "UTC")
    return box
