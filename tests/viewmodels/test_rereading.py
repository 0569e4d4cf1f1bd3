"""What is read again on news is never read twice at once, and no news is missed."""

import asyncio

from haut_desktop.domain.errors import StoreIOError
from haut_desktop.services.tasks import TaskScope
from haut_desktop.viewmodels.rereading import Rereading
from tests.waiting import eventually


class Readings:
    """Counts readings; each waits until it is let go."""

    def __init__(self) -> None:
        self.begun = 0
        self.go = asyncio.Semaphore(0)
        self.trouble: Exception | None = None

    async def read(self) -> None:
        """One reading."""
        self.begun += 1
        await self.go.acquire()
        if self.trouble is not None:
            raise self.trouble


async def test_what_is_wanted_meanwhile_is_read_once_more() -> None:
    readings = Readings()
    tasks = TaskScope("test", lambda _error: None)
    rereading = Rereading(readings.read, tasks, name="read")
    for _ in range(3):
        rereading.want()
    await eventually(lambda: readings.begun == 1)
    for _ in range(3):
        rereading.want()
    assert readings.begun == 1
    for _ in range(2):
        readings.go.release()
    await eventually(lambda: not rereading.is_going)
    assert readings.begun == 2
    await tasks.aclose()


async def test_trouble_ends_one_reading_and_not_the_next() -> None:
    readings, told = Readings(), list[BaseException]()
    tasks = TaskScope("test", told.append)
    rereading = Rereading(readings.read, tasks, name="read")
    readings.trouble = StoreIOError()
    readings.go.release()
    rereading.want()
    await eventually(lambda: not rereading.is_going)
    readings.trouble = None
    readings.go.release()
    rereading.want()
    await eventually(lambda: readings.begun == 2 and not rereading.is_going)
    await tasks.aclose()
    assert len(told) == 1
