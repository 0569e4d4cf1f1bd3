"""Reading again whenever there is news: never twice at once, and nothing new is missed."""

from collections.abc import Awaitable, Callable

from haut_desktop.services.tasks import TaskScope


class Rereading:
    """Runs ``read`` when it is wanted; wanted while it runs, it runs once more.

    An error that ``read`` lets through ends this run of it, and the next want begins anew.
    """

    def __init__(self, read: Callable[[], Awaitable[None]], tasks: TaskScope, *, name: str) -> None:
        self._read = read
        self._tasks = tasks
        self._name = name
        self._is_wanted = self._is_going = False

    @property
    def is_going(self) -> bool:
        """Whether a reading is under way."""
        return self._is_going

    def want(self) -> None:
        """Read as soon as the reading that may be under way is done."""
        self._is_wanted = True
        if not self._is_going:
            self._is_going = True
            self._tasks.start(self._go(), name=self._name)

    async def _go(self) -> None:
        try:
            while self._is_wanted:
                self._is_wanted = False
                await self._read()
        finally:
            self._is_going = False
