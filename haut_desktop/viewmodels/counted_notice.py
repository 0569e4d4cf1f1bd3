"""A notice about a number of things that wait: it follows the number, and goes with the last."""

from collections.abc import Awaitable, Callable

from haut_desktop.domain.errors import HautError
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.tasks import TaskScope
from haut_desktop.viewmodels.notices import Notice, NoticesViewModel
from haut_desktop.viewmodels.rereading import Rereading


class CountedNotice:
    """Shows what ``say`` makes of a number, and counts again with the outbox's news.

    The number only falls: what is added later is not what the notice speaks of. Put away by a
    person it does not come back.
    """

    def __init__(
        self,
        number: int,
        *,
        count: Callable[[], Awaitable[int]],
        say: Callable[[int], Notice | None],
        notices: NoticesViewModel,
        changes: Changes,
        tasks: TaskScope,
    ) -> None:
        self._number = number
        self._count = count
        self._say = say
        self._notices = notices
        self._reading = Rereading(self._read, tasks, name="counted notice")
        self._notice = say(number)
        if self._notice is not None:
            notices.show(self._notice)
        self._unsubscribe = changes.subscribe(self._on_change)

    def close(self) -> None:
        """Count no more, and leave no word behind."""
        self._unsubscribe()
        if self._notice is not None:
            self._notices.withdraw(self._notice)
        self._notice = None

    def _on_change(self, change: Change) -> None:
        if change.topic is Topic.OUTBOX and self._notice is not None and self._number:
            self._reading.want()

    async def _read(self) -> None:
        try:
            number = await self._count()
        except HautError:
            return  # whoever works with the record says what is the matter with it
        if self._notice is None or number >= self._number:
            return
        self._number, before = number, self._notice
        now = self._say(number)
        if now is None:
            self._notices.withdraw(before)
        elif not self._notices.turn(before, now):
            now = None  # a person has put it away
        self._notice = now
