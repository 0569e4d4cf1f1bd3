"""How long the event loop did not answer, while work went on."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

_EVERY_S: Final = 0.002


@dataclass
class Stalls:
    """By how much each of many short timers came late, in seconds."""

    late_s: list[float] = field(default_factory=list)
    own_s: list[float] = field(default_factory=list)
    """Processor time of the loop's thread from each timer to the next: what the program itself did
    there. The rest of a delay is other threads, and other programs on the same processors."""

    @property
    def longest_s(self) -> float:
        """The longest time that a click would have waited."""
        return max(self.late_s, default=0.0)

    @property
    def p99_s(self) -> float:
        """What 99 of 100 moments stayed below."""
        ordered = sorted(self.late_s)
        return ordered[int(len(ordered) * 0.99)] if ordered else 0.0

    @property
    def longest_own_s(self) -> float:
        """The most that the loop's thread did without looking up."""
        return max(self.own_s, default=0.0)

    @property
    def words(self) -> str:
        """For a note."""
        return (
            f"the event loop answered late by {self.longest_s * 1000:.0f} ms at most, "
            f"{self.p99_s * 1000:.1f} ms in 99 of 100 moments; its own thread was busy for "
            f"{self.longest_own_s * 1000:.1f} ms at a time at most"
        )


@asynccontextmanager
async def watched_loop() -> AsyncIterator[Stalls]:
    """Watch the running loop while the block lasts."""
    watch = _Watch(asyncio.get_running_loop())
    try:
        yield watch.stalls
    finally:
        watch.handle.cancel()


class _Watch:
    """Sets a short timer again and again and notes how late each came."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.stalls = Stalls()
        self._loop = loop
        self._busy_s = time.thread_time()
        self.handle = self._set()

    def _set(self) -> asyncio.TimerHandle:
        due = self._loop.time() + _EVERY_S
        return self._loop.call_at(due, self._look, due)

    def _look(self, due: float) -> None:
        self.stalls.late_s.append(max(0.0, self._loop.time() - due))
        before, self._busy_s = self._busy_s, time.thread_time()
        self.stalls.own_s.append(self._busy_s - before)
        self.handle = self._set()
