"""After a sleep of the computer what waits goes on at once, not after the rest of an hour."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from haut_desktop.domain.errors import HautError, UnreachableError
from haut_desktop.services.changes import Changes
from haut_desktop.services.connectivity import Connectivity
from haut_desktop.services.tasks import TaskScope
from haut_desktop.services.wake_ups import LOOK_S, WakeUps
from tests.fakes.timers import FakeTime

_NOTICED_S = 3.0
"""So long after the computer woke nobody sees that it has not noticed yet."""


class Desk:
    """A connection that is away for an hour, and the watch over two clocks that a test moves."""

    def __init__(self) -> None:
        self.time = time = FakeTime()
        self.errors: list[HautError] = []
        self.scope = TaskScope("test", self.errors.append)
        self.connectivity = Connectivity(
            Changes(), clock=time, chance=lambda: 0.0, pause=time.pause, uptime=time.uptime
        )
        self.ended = 0
        self.wake_ups = WakeUps(self._end_waits, clock=time, pause=time.pause, uptime=time.uptime)

    def _end_waits(self) -> None:
        self.ended += 1
        self.connectivity.network_changed()

    async def lose_the_network(self) -> None:
        for _ in range(5):
            self.connectivity.pause(UnreachableError())
            await self.time.pass_time(self.connectivity.due_in_s)
        self.connectivity.pause(UnreachableError())
        assert self.connectivity.due_in_s == pytest.approx(3600)


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = Desk()
    await desk.lose_the_network()
    desk.scope.start(desk.wake_ups.run(), name="wake-ups")
    yield desk
    await desk.scope.aclose()
    assert not desk.errors


async def test_a_sleep_ends_the_wait_for_the_network_every_time(desk: Desk) -> None:
    for _ in range(2):
        await desk.time.pass_time(LOOK_S / 3)
        desk.time.advance(8 * 3600)
        await desk.time.pass_time(_NOTICED_S)
        assert desk.connectivity.due_in_s == 0
        await desk.lose_the_network()


@pytest.mark.parametrize("step_s", [0.0, 5.0, -5.0, -3600.0])
async def test_drift_and_a_clock_that_is_set_back_are_no_sleep(desk: Desk, step_s: float) -> None:
    for _ in range(3):
        desk.time.advance(step_s)
        await desk.time.pass_time(LOOK_S)
    assert desk.connectivity.due_in_s == 3600 - 3 * LOOK_S


async def test_what_the_system_says_ends_the_wait_at_once_every_time(desk: Desk) -> None:
    for _ in range(2):
        desk.wake_ups.hear()
        assert desk.connectivity.due_in_s == 0
        await desk.lose_the_network()
    assert desk.ended == 2


@pytest.mark.parametrize("words", [1, 4])
async def test_a_wake_up_that_is_heard_and_seen_ends_the_waits_once(desk: Desk, words: int) -> None:
    desk.time.advance(8 * 3600)
    for _ in range(words):
        desk.wake_ups.hear()
    await desk.time.pass_time(LOOK_S)
    assert desk.ended == 1


async def test_a_wake_up_that_is_seen_before_it_is_heard_ends_the_waits_once(desk: Desk) -> None:
    desk.time.advance(8 * 3600)
    await desk.time.pass_time(LOOK_S)
    assert desk.ended == 1
    desk.wake_ups.hear()
    assert desk.ended == 1


async def test_a_sleep_in_which_the_loops_clock_went_on_is_seen_as_well(desk: Desk) -> None:
    desk.time.uptime_s += 600
    desk.time.advance(600)
    assert desk.connectivity.due_in_s == 3000
    await desk.time.pass_time(LOOK_S)
    assert desk.connectivity.due_in_s == 0


async def test_a_sleep_soon_after_a_wake_up_is_another_one(desk: Desk) -> None:
    desk.time.advance(8 * 3600)
    desk.wake_ups.hear()
    await desk.time.pass_time(LOOK_S)
    desk.connectivity.pause(UnreachableError())
    desk.time.advance(8 * 3600)
    desk.wake_ups.hear()
    assert desk.connectivity.due_in_s == 0
