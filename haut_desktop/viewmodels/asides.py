"""The pictures of the open visit that stay behind, and erasing them."""

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from haut_desktop.domain.ids import OriginalId, VisitId
from haut_desktop.domain.imaging import Side
from haut_desktop.domain.overviews import Aside
from haut_desktop.services.asides import Asides
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.tasks import TaskScope
from haut_desktop.viewmodels.capture_words import slot_title
from haut_desktop.viewmodels.desk import Desk
from haut_desktop.viewmodels.rereading import Rereading
from haut_desktop.viewmodels.words import clock_time, day


@dataclass(frozen=True, slots=True)
class AsideLine:
    """One picture that stays behind."""

    visit_id: VisitId
    original_id: OriginalId
    side: Side
    title: str
    """View and take."""
    words: str
    """When it came, and why it does not go."""

    @property
    def spoken(self) -> str:
        """Everything in one sentence."""
        return f"{self.title}. {self.words}"


class AsidesViewModel(QObject):
    """Follows the desk's visit; reads again at every change."""

    changed = Signal(object)

    def __init__(self, asides: Asides, desk: Desk, tasks: TaskScope, changes: Changes) -> None:
        super().__init__()
        self._asides = asides
        self._desk = desk
        self._tasks = tasks
        self._lines: tuple[AsideLine, ...] = ()
        self._reading = Rereading(self._read, tasks, name="read what stays behind")
        changes.subscribe(self._on_change)
        desk.visit_changed.connect(self._on_visit_changed)
        self._reading.want()

    @property
    def lines(self) -> tuple[AsideLine, ...]:
        """What is shown now."""
        return self._lines

    def erase(self, line: AsideLine, reason: str) -> None:
        """Erase one for ever; both steps were taken."""
        work = self._asides.erase(line.visit_id, line.original_id, reason)
        self._tasks.start(work, name="erase what stayed behind")

    async def _read(self) -> None:
        visit_id, zone = self._desk.visit_id, self._desk.zone
        found = await self._asides.of_visit(visit_id) if visit_id is not None else ()
        if visit_id == self._desk.visit_id:
            self._show(tuple(aside_line(one, zone) for one in found))

    def _show(self, lines: tuple[AsideLine, ...]) -> None:
        if lines != self._lines:
            self._lines = lines
            self.changed.emit(lines)

    def _on_visit_changed(self, _visit_id: object) -> None:
        # nothing of the visit before may be erased under this one's name
        self._show(())
        self._reading.want()

    def _on_change(self, change: Change) -> None:
        if change.topic is Topic.VISITS:
            self._reading.want()


def aside_line(aside: Aside, zone: str) -> AsideLine:
    """Say which picture it is and why it does not go."""
    came = f"Taken in {day(aside.received_at, zone)}, {clock_time(aside.received_at, zone)}."
    if aside.removed_at is None:
        why = f"Set aside: {aside.reason or 'another take counts'}."
    else:
        at = f"{day(aside.removed_at, zone)}, {clock_time(aside.removed_at, zone)}"
        why = f"Removed {at}: {aside.reason or 'no reason was given'}."
    title = f"{slot_title(aside.slot)}, take {aside.number}"
    return AsideLine(
        aside.slot.visit_id, aside.original_id, aside.slot.side, title, f"{came} {why}"
    )
