"""Time that passes when a test says so, for everything that waits in the services."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Final

from tests.fakes.clock import FakeClock

_TURNS: Final = 25


@dataclass
class FakeTime(FakeClock):
    """A wall clock and a loop's clock in one; ``advance`` makes the wall clock alone jump.

    ``uptime`` and ``pause`` are what services are given in place of the loop's clock.
    """

    uptime_s: float = 0.0
    _sleepers: list[tuple[float, asyncio.Future[None]]] = field(default_factory=list)

    def uptime(self) -> float:
        """Seconds that passed for the loop, without jumps."""
        return self.uptime_s

    @property
    def waits_s(self) -> list[float]:
        """For how many seconds each of those that wait still waits, shortest first."""
        return sorted(due - self.uptime_s for due, future in self._sleepers if not future.done())

    async def pause(self, event: asyncio.Event, delay_s: float | None) -> None:
        """Wait for the event or for ``pass_time``."""
        elapsed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if delay_s is not None:
            self._sleepers.append((self.uptime_s + delay_s, elapsed))
        waiting = asyncio.ensure_future(event.wait())
        either: list[asyncio.Future[Any]] = [waiting, elapsed]
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            elapsed.cancel()

    async def pass_time(self, seconds: float) -> None:
        """Let time pass for both clocks; whoever waited for it runs at its own moment."""
        end = self.uptime_s + seconds
        await settle()
        while due := [s for s in self._sleepers if s[0] <= end and not s[1].done()]:
            moment, elapsed = min(due, key=lambda sleeper: sleeper[0])
            self._move_to(moment)
            elapsed.set_result(None)
            await settle()
        self._move_to(end)
        self._sleepers = [s for s in self._sleepers if not s[1].done()]
        await settle()

    def _move_to(self, uptime_s: float) -> None:
        passed_s = max(0.0, uptime_s - self.uptime_s)
        self.advance(passed_s)
        self.uptime_s += passed_s


async def settle() -> None:
    """Give every task that can run its turns."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)
