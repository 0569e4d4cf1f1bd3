"""The sheet about this station: what it is called, its room, and the limits for it."""

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QLineEdit, QSpinBox, QWidget

from haut_desktop.domain.errors import HautError
from haut_desktop.domain.space import MIB, Room, SpaceLevel, SpaceLimits, StationFacts, megabytes
from haut_desktop.viewmodels.outbox_confirm import NO_REASON
from haut_desktop.viewmodels.station import facts_in_words, space_phrase
from haut_desktop.widgets.badge import Badge
from haut_desktop.widgets.boxes import column, make_room, named, row
from haut_desktop.widgets.buttons import button, on_entered, primary_button
from haut_desktop.widgets.field import Field
from haut_desktop.widgets.inline_problem import InlineProblem
from haut_desktop.widgets.labels import caption, label, muted, title
from haut_desktop.widgets.spin_box import padded
from haut_desktop.widgets.tokens import Tone

if TYPE_CHECKING:
    from PySide6.QtWidgets import QLayout

_MOST_MB: Final = 1_000_000
_NOT_SET: Final = "These limits were not set"


class StationSheet(QDialog):
    """Tells with ``chosen`` what is to be set and stays until that is written; Esc changes nothing.

    Whoever writes it accepts the sheet, or says with ``refuse`` why it could not be written.
    """

    chosen = Signal(object, str)
    """Carries the limits and the reason."""

    def __init__(self, facts: StationFacts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._limits = facts.room.limits
        self._asked: tuple[SpaceLimits, str] | None = None
        self.setObjectName("station")
        self.setWindowTitle("This station – Haut Desktop")
        self._free = Badge()
        self._free.setObjectName("free")
        self._warn = named(_megabytes("Warn below", self._limits.warn_below_bytes), "warn-below")
        self._stop = named(
            _megabytes("Stop intake below", self._limits.stop_below_bytes), "stop-below"
        )
        self._reason = named(QLineEdit(), "reason")
        self._reason_field = Field("&Reason", self._reason)
        self._problem = InlineProblem()
        self._cancel = button("&Close", tip="Close (Esc)")
        self._set = named(primary_button("&Set for this station"), "set")
        self._lay_out(facts)
        self._cancel.clicked.connect(self.reject)
        self._set.clicked.connect(self._on_set_clicked)
        # no default button: it would take a scanner's Enter for the wish to set
        on_entered(self._reason, self._set.click)
        self.show_room(facts.room)

    def show_room(self, room: Room) -> None:
        """Show how much is free now."""
        phrase = space_phrase(room)
        tone = Tone(phrase.mood.value) if phrase else Tone.GOOD
        words = {
            SpaceLevel.AMPLE: "enough",
            SpaceLevel.LOW: "make room soon",
            SpaceLevel.STOPPED: "no more pictures are taken in",
        }
        self._free.say(f"{megabytes(room.free_bytes)} free: {words[room.level]}", tone)

    def show_limits(self, limits: SpaceLimits) -> None:
        """Take what was set elsewhere for what there is; other limits that are typed here stay."""
        if self._wanted() == self._limits:
            self._warn.setValue(limits.warn_below_bytes // MIB)
            self._stop.setValue(limits.stop_below_bytes // MIB)
        self._limits = limits

    def waits_for(self, limits: SpaceLimits, reason: str) -> bool:
        """Whether this sheet asked for it and has had no answer."""
        return self._asked == (limits, reason)

    def _wanted(self) -> SpaceLimits:
        return SpaceLimits(self._warn.value() * MIB, self._stop.value() * MIB)

    def _lay_out(self, facts: StationFacts) -> None:
        rows = [_fact(name, value) for name, value in facts_in_words(facts)]
        words = muted(
            "Pictures are sealed on this computer's disk before they are sent. The station warns "
            "while there is time, and takes no more pictures in before it is too late."
        )
        limits = row(
            Field("&Warn below", self._warn), Field("S&top intake below", self._stop), None, gap=16
        )
        self.setLayout(
            column(
                title("This station"), *rows, row(self._free, None), words, limits,
                self._reason_field, self._problem, None, row(self._cancel, None, self._set),
                gap=12, margins=(24, 20, 24, 20),
            )
        )  # fmt: skip
        self.setMinimumWidth(520)

    def _on_set_clicked(self) -> None:
        wanted = self._wanted()
        if wanted == self._limits:
            self.reject()
            return
        self._reason_field.say("")
        problem = wanted.problem()
        self._problem.say(_NOT_SET if problem else "", problem)
        if problem:
            self._stop.setFocus()
        elif not (reason := self._reason.text().strip()):
            self._reason_field.say(NO_REASON)
            self._reason.setFocus()
        else:
            self._asked = (wanted, reason)
            self._set.setEnabled(False)
            self.chosen.emit(wanted, reason)
        make_room(self)

    def refuse(self, error: HautError) -> None:
        """Say why the limits were not written; what was typed stands there still."""
        self._asked = None
        self._set.setEnabled(True)
        self._problem.say(error.title, error.message)
        make_room(self)


def _fact(name: str, value: str) -> "QLayout":
    shown = label(value, wraps=True)
    shown.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    shown.setAccessibleName(f"{name}: {value}")
    return column(caption(name), shown, gap=2)


def _megabytes(name: str, size_bytes: int) -> QSpinBox:
    made = padded(QSpinBox())
    made.setRange(1, max(_MOST_MB, size_bytes // MIB))
    made.setSingleStep(64)
    made.setGroupSeparatorShown(True)
    made.setSuffix(" MB")
    made.lineEdit().setAccessibleName(name)
    made.setValue(size_bytes // MIB)
    return made
