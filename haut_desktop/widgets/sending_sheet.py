"""The sending sheet: after which rest, how fast and at which time of day this station sends."""

from dataclasses import replace
from datetime import time, timedelta
from typing import Final

from PySide6.QtCore import QTime, Signal
from PySide6.QtWidgets import QCheckBox, QDialog, QDoubleSpinBox, QSpinBox, QTimeEdit, QWidget

from haut_desktop.domain.study import ImagingPlan
from haut_desktop.domain.traffic import LONGEST_REST, SLOWEST_LIMIT, SendingRules, Window
from haut_desktop.widgets.boxes import column, held, make_room, named, row
from haut_desktop.widgets.buttons import button, plain, primary_button
from haut_desktop.widgets.field import Field
from haut_desktop.widgets.inline_problem import InlineProblem
from haut_desktop.widgets.labels import caption, label, muted, title
from haut_desktop.widgets.spin_box import padded

_MB: Final = 1_000_000
_FASTEST_MB: Final = 1000.0
_USUAL: Final = Window(time(18, 0), time(7, 0))
_USUAL_BYTES_PER_S: Final = 2 * _MB
_TIME: Final = "HH:mm"
_MINUTE: Final = timedelta(minutes=1)


class SendingSheet(QDialog):
    """Accepted with ``chosen``; Esc leaves everything as it was."""

    chosen = Signal(object)
    """Carries the rules."""

    def __init__(self, rules: SendingRules, zone: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rules = rules
        self.setObjectName("sending")
        self.setWindowTitle("Sending – Haut Desktop")
        self._shown_rest = rules.rest(ImagingPlan()) // _MINUTE
        self._rest = named(_minutes(self._shown_rest), "rest")
        self._is_limited = named(_check("&Limit the speed"), "is-limited")
        self._limit = named(_speed(rules.most_bytes_per_s or _USUAL_BYTES_PER_S), "limit")
        self._has_window = named(_check("Send only at a certain &time of day"), "has-window")
        window = rules.window or _USUAL
        self._begins = named(padded(QTimeEdit(_qt(window.begins))), "begins")
        self._ends = named(padded(QTimeEdit(_qt(window.ends))), "ends")
        self._limits = held(
            row(Field("Most for all pictures together", self._limit), None, margins=(26, 0, 0, 0))
        )
        self._times = held(
            row(
                Field("&From", self._begins),
                Field("T&o", self._ends),
                None, gap=16, margins=(26, 0, 0, 0),
            )
        )  # fmt: skip
        self._zone = caption(f"Times are the site's ({zone}); an earlier end is the next day's.")
        self._problem = InlineProblem()
        self._cancel = button("&Cancel", tip="Cancel (Esc)")
        self._set = named(primary_button("&Set for this station"), "set")
        self._lay_out()
        self._wire()

    def _lay_out(self) -> None:
        words = muted(
            "Pictures are sealed on this station in any case. These rules say when they leave it, "
            "for everybody who works here."
        )
        end = muted("Outside of the time nothing new is begun; what is on its way arrives.")
        rest_words = label("A finished visit &rests for")
        rest_words.setBuddy(self._rest)
        rest = held(row(rest_words, self._rest, label("before it is sent."), None))
        reopened = muted(
            "Until it is sent it can be reopened. A changed time holds for visits that are "
            "finished afterwards."
        )
        zone = held(row(self._zone, margins=(26, 0, 0, 0)))
        self.setLayout(
            column(
                title("Sending"), words, rest, reopened, self._is_limited, self._limits,
                self._has_window, self._times, zone, end, self._problem, None,
                row(self._cancel, None, self._set),
                gap=12, margins=(24, 20, 24, 20),
            )
        )  # fmt: skip
        self.setMinimumWidth(520)
        for editor in (self._begins, self._ends):
            editor.setDisplayFormat(_TIME)

    def _wire(self) -> None:
        self._is_limited.toggled.connect(self._limits.setEnabled)
        self._has_window.toggled.connect(self._times.setEnabled)
        self._limits.setEnabled(False)
        self._times.setEnabled(False)
        self._is_limited.setChecked(self._rules.most_bytes_per_s is not None)
        self._has_window.setChecked(self._rules.window is not None)
        self._cancel.clicked.connect(self.reject)
        self._set.clicked.connect(self._on_set_clicked)
        # no default button: a scanner's Enter in a field would press it; nor do its figures
        # land in the first field
        self._is_limited.setFocus()

    def _on_set_clicked(self) -> None:
        begins, ends = _time(self._begins.time()), _time(self._ends.time())
        if self._has_window.isChecked() and begins == ends:
            self._problem.say("The time begins when it ends. Choose two different times.")
            make_room(self)
            self._ends.setFocus()
            return
        window = Window(begins, ends) if self._has_window.isChecked() else None
        limit = round(self._limit.value() * _MB) if self._is_limited.isChecked() else None
        rules = replace(self._rules, most_bytes_per_s=limit, window=window)
        if self._rest.value() != self._shown_rest:
            # left as it was, it is still each study's own
            rules = replace(rules, rest_minutes=self._rest.value())
        self.chosen.emit(rules)
        self.accept()


def _check(words: str) -> QCheckBox:
    made = QCheckBox(words)
    made.setAccessibleName(plain(words))
    return made


def _qt(moment: time) -> QTime:
    return QTime(moment.hour, moment.minute)


def _time(moment: QTime) -> time:
    return time(moment.hour(), moment.minute())


def _speed(bytes_per_s: int) -> QDoubleSpinBox:
    made = padded(QDoubleSpinBox())
    made.setRange(SLOWEST_LIMIT / _MB, _FASTEST_MB)
    made.setDecimals(2)
    made.setSingleStep(0.5)
    made.setSuffix(" MB/s")
    made.setValue(bytes_per_s / _MB)
    return made


def _minutes(minutes: int) -> QSpinBox:
    made = padded(QSpinBox())
    made.setRange(0, LONGEST_REST // _MINUTE)
    made.setSuffix(" min")
    made.setValue(minutes)
    made.setAccessibleName("Minutes for which a finished visit rests before it is sent")
    return made
