"""This station on the screen: a warning while the disk is nearly full, and its limits."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal

from haut_desktop.domain.errors import HautError
from haut_desktop.domain.space import Room, SpaceLevel, SpaceLimits, StationFacts, megabytes
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.tasks import TaskScope
from haut_desktop.viewmodels.notices import Notice, NoticesViewModel, Weight
from haut_desktop.viewmodels.phrase import Mood, Phrase
from haut_desktop.viewmodels.rereading import Rereading

if TYPE_CHECKING:
    from haut_desktop.services.this_station import ThisStation

_LOOK_AGAIN_MS: Final = 20_000
_SHEET: Final = "This station…"


class StationViewModel(QObject):
    """Looks at the disk now and then, and whenever pictures came; nothing is said of much room."""

    room_changed = Signal(object)
    """Carries the room that there is now."""
    facts_read = Signal(object)
    """Carries what was asked for with ``read_facts``."""
    limits_set = Signal(object, str)
    """Carries the limits and the reason with which they were asked for."""
    limits_refused = Signal(object, object, str)
    """Carries the error, and what was asked for; the limits are as they were."""

    def __init__(
        self,
        *,
        station: "ThisStation",
        notices: NoticesViewModel,
        changes: Changes,
        tasks: TaskScope,
    ) -> None:
        super().__init__()
        self._station = station
        self._notices = notices
        self._tasks = tasks
        self._told: Room | None = None
        """The room that the notice is about."""
        self._is_closed = False
        self._notice: Notice | None = None
        self._looking = Rereading(self._look, tasks, name="disk-room")
        self._unsubscribe = changes.subscribe(self._on_change)
        self._timer = QTimer(self, interval=_LOOK_AGAIN_MS)
        self._timer.timeout.connect(self.refresh)

    def start(self) -> None:
        """Look now and from now on."""
        self._timer.start()
        self.refresh()

    def close(self) -> None:
        """Look no longer, and leave no word about this disk behind."""
        self._is_closed = True
        self._timer.stop()
        self._unsubscribe()
        if self._notice is not None:
            self._notices.withdraw(self._notice)

    def refresh(self) -> None:
        """Look at the disk; news that come meanwhile make it look once more."""
        self._looking.want()

    def read_facts(self) -> None:
        """Read what the sheet shows."""
        self._tasks.start(self._read_facts(), name="station-facts")

    def set_limits(self, limits: SpaceLimits, reason: str) -> None:
        """Warn and stop at other limits from now on."""
        self._tasks.start(self._set_limits(limits, reason), name="disk-limits")

    async def _look(self) -> None:
        try:
            room = await self._station.room()
        except HautError:
            # whoever works with the disk says what is the matter with it; here it is only looked at
            return
        if not self._is_closed:
            self._tell(room)
            self.room_changed.emit(room)

    async def _read_facts(self) -> None:
        self.facts_read.emit(await self._station.facts())

    async def _set_limits(self, limits: SpaceLimits, reason: str) -> None:
        try:
            await self._station.set_limits(limits, reason)
        except HautError as error:
            self.limits_refused.emit(error, limits, reason)
            return
        self._notices.tell(
            "The station's limits are set",
            f"It warns below {megabytes(limits.warn_below_bytes)} and takes no pictures in below "
            f"{megabytes(limits.stop_below_bytes)}.",
        )
        self.limits_set.emit(limits, reason)
        self.refresh()

    def _tell(self, room: Room) -> None:
        """One notice for each level; it goes by itself when there is room again.

        It names the limits: other ones are told as well, unless it was read and put away.
        """
        before, self._told = self._told, room
        is_new = before is None or room.level is not before.level
        if before is not None and not is_new and room.limits == before.limits:
            return
        stood = self._notice is not None and self._notices.withdraw(self._notice)
        self._notice = space_notice(room, self.read_facts)
        if self._notice is not None and (is_new or stood):
            self._notices.show(self._notice)

    def _on_change(self, change: Change) -> None:
        if change.topic is Topic.VISITS:
            self.refresh()


def space_phrase(room: Room) -> Phrase | None:
    """The disk in the top bar's words; None while there is room."""
    if room.level is SpaceLevel.AMPLE:
        return None
    mood = Mood.BAD if room.level is SpaceLevel.STOPPED else Mood.WARN
    return Phrase(f"Disk: {megabytes(room.free_bytes)} free", mood)


def space_notice(room: Room, look: Callable[[], None]) -> Notice | None:
    """What happened, what comes next and what to do; None while there is room."""
    stop = megabytes(room.limits.stop_below_bytes)
    if room.level is SpaceLevel.STOPPED:
        return Notice(
            "The disk is full: no more pictures are taken in",
            f"Less than {stop} are free. Make room on this computer's disk and intake goes on by "
            "itself; what is sealed already is safe and goes on being sent.",
            Weight.BAD, _SHEET, look,
        )  # fmt: skip
    if room.level is SpaceLevel.LOW:
        return Notice(
            "The disk is getting full",
            f"Less than {megabytes(room.limits.warn_below_bytes)} are free. Make room on this "
            f"computer's disk, or call your IT: below {stop} no more pictures are taken in.",
            Weight.WARN, _SHEET, look,
        )  # fmt: skip
    return None


def facts_in_words(facts: StationFacts) -> tuple[tuple[str, str], ...]:
    """Names and values for the sheet."""
    return (
        ("Site", f"{facts.site.code}, times in {facts.site.zone}"),
        ("Station", facts.station.name),
        ("Station's number", facts.station.id),
    )
