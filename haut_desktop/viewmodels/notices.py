"""Notices: what went wrong or well, one at a time, until somebody has seen them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from PySide6.QtCore import QObject, Signal

from haut_desktop.domain.errors import Blame, HautError


class Weight(StrEnum):
    """How much a notice matters."""

    GOOD = "good"
    INFO = "accent"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Notice:
    """One message: what happened, what comes next, and perhaps one thing to do."""

    title: str
    message: str = ""
    weight: Weight = Weight.INFO
    action: str = ""
    act: Callable[[], None] | None = field(default=None, compare=False)

    @property
    def is_passing(self) -> bool:
        """Whether it only says that something succeeded: nobody has to keep it in mind."""
        return self.weight is Weight.GOOD and not self.action


class NoticesViewModel(QObject):
    """The queue behind the notice bar; the same notice never stands in it twice."""

    changed = Signal(object)
    """Carries the notice to show, or None."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._queue: list[Notice] = []

    @property
    def current(self) -> Notice | None:
        """The notice on the screen: the newest."""
        return self._queue[-1] if self._queue else None

    @property
    def waiting(self) -> int:
        """How many older ones are under it."""
        return max(len(self._queue) - 1, 0)

    def show(self, notice: Notice) -> None:
        """Put a notice on top; a success that was told before has had its time."""
        if notice in self._queue:
            self._queue.remove(notice)
        self._queue = [one for one in self._queue if not one.is_passing]
        self._queue.append(notice)
        self.changed.emit(self.current)

    def report(self, error: HautError) -> None:
        """Show an error; what heals by itself weighs less than what a person must mend."""
        heals = error.blame in {Blame.NETWORK, Blame.SERVER}
        self.show(Notice(error.title, error.message, Weight.WARN if heals else Weight.BAD))

    def tell(self, title: str, message: str = "", weight: Weight = Weight.GOOD) -> None:
        """Show a plain message."""
        self.show(Notice(title, message, weight))

    def dismiss(self) -> None:
        """Take the notice on the screen away."""
        if self._queue:
            self._queue.pop()
        self.changed.emit(self.current)

    def withdraw(self, notice: Notice) -> bool:
        """Take away a notice that is no longer true, wherever it stands; False if nowhere."""
        if notice not in self._queue:
            return False
        self._queue.remove(notice)
        self.changed.emit(self.current)
        return True

    def turn(self, notice: Notice, into: Notice) -> bool:
        """Let a notice say something else where it stands; False if it stands nowhere."""
        if notice not in self._queue:
            return False
        self._queue[self._queue.index(notice)] = into
        self.changed.emit(self.current)
        return True

    def go_on(self) -> None:
        """Take away what only said that something succeeded: the user does something else."""
        left = [one for one in self._queue if not one.is_passing]
        if left != self._queue:
            self._queue = left
            self.changed.emit(self.current)

    def take_action(self) -> None:
        """Do what the notice on the screen offers, and take it away."""
        notice = self.current
        self.dismiss()
        if notice is not None and notice.act is not None:
            notice.act()
