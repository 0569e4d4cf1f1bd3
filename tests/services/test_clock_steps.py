"""A step back of the wall clock is told from drift, from sleep and from a clock set ahead."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from haut_desktop.domain.errors import DiskFullError
from haut_desktop.services.clock_steps import ClockSteps
from tests.fakes.clock import FakeClock


@dataclass
class Waits:
    """Writes down what it is told."""

    back: list[timedelta] = field(default_factory=list)
    is_disk_full: bool = False
    opened: int = 0

    async def open(self) -> int:
        if self.is_disk_full:
            raise DiskFullError
        self.opened += 1
        return 0

    async def set_back(self, by: timedelta) -> int:
        if self.is_disk_full:
            raise DiskFullError
        self.back.append(by)
        return 0


class Desk:
    """A watch over two clocks that a test moves."""

    def __init__(self) -> None:
        self.clock, self.waits, self.loop_s = FakeClock(), Waits(), 50.0
        self.steps = ClockSteps(
            waits=self.waits,  # type: ignore[arg-type]
            clock=self.clock,
            uptime=lambda: self.loop_s,
        )

    async def pass_s(self, wall_s: float, loop_s: float) -> list[timedelta]:
        self.clock.advance(wall_s)
        self.loop_s += loop_s
        await self.steps.follow()
        return self.waits.back


@pytest.fixture
async def desk() -> Desk:
    desk = Desk()
    await desk.steps.follow()
    return desk


@pytest.mark.parametrize("step_s", [60.0, 3600.0, 365 * 86_400.0])
async def test_a_step_back_is_told_once_with_its_size(desk: Desk, step_s: float) -> None:
    assert await desk.pass_s(30.0 - step_s, 30.0) == [timedelta(seconds=step_s)]
    assert len(await desk.pass_s(30.0, 30.0)) == 1


async def test_drift_sleep_and_a_clock_set_ahead_are_no_steps_back(desk: Desk) -> None:
    for _ in range(20):
        assert await desk.pass_s(59.5, 60.0) == []
    assert await desk.pass_s(8 * 3600.0, 1.0) == []


async def test_a_step_that_could_not_be_written_is_told_again(desk: Desk) -> None:
    desk.waits.is_disk_full = True
    with pytest.raises(DiskFullError):
        await desk.pass_s(-3600.0, 0.0)
    desk.waits.is_disk_full = False
    assert await desk.pass_s(5.0, 5.0) == [timedelta(hours=1)]


async def test_what_the_start_could_not_follow_is_followed_as_soon_as_there_is_room() -> None:
    desk = Desk()
    desk.waits.is_disk_full = True
    with pytest.raises(DiskFullError):
        await desk.steps.follow()
    desk.waits.is_disk_full = False
    for _ in range(3):
        await desk.steps.follow()
    assert desk.waits.opened == 1
