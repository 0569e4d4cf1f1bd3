"""An event loop on which time passes only when told to, and threads do their work at once.

Everything happens in one thread, in one order: the same choices give the same run. A run can be
stopped after any turn of the loop, which is where a crash happens.
"""

import asyncio
import math
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, ClassVar, Final, TypeVar

from haut_desktop.domain.errors import DiskFullError

T = TypeVar("T")

_CALL_S: Final = 7200.0
"""No call of a person's takes longer."""
_MOST_TURNS: Final = 5_000
"""So many turns in a row in which no time passes are not work any more."""
_TICK_S: Final = 1e-6
"""Added to each step of the clock, so that rounding never leaves a timer a hair ahead."""


class PowerCutError(Exception):
    """What is asked for after the power went: nothing happens any more."""


@dataclass
class Power:
    """The computer under the program: its power and its disk."""

    is_on: bool = True
    is_disk_full: bool = False
    writes_left: int | None = None
    """So many transactions more find room, then one does not; None for all of them."""

    def check_disk(self) -> None:
        """Raise DiskFullError where there is no room for a transaction."""
        if self.writes_left is not None:
            self.writes_left -= 1
            if self.writes_left < 0:
                self.writes_left = None
                raise DiskFullError
        if self.is_disk_full:
            raise DiskFullError


class Inline(ThreadPoolExecutor):
    """In place of a pool of threads: does what it is given before it returns."""

    power: ClassVar[Power] = Power()

    def __init__(self, max_workers: int | None = None, thread_name_prefix: str = "") -> None:
        super().__init__(max_workers, thread_name_prefix)
        self._writes = thread_name_prefix == "store-write"

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Do it now, unless the power or the room on the disk is gone."""
        future: Future[T] = Future()
        try:
            if not self.power.is_on:
                raise PowerCutError
            if self._writes and args:  # what has no arguments opens or closes the file
                self.power.check_disk()
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - handed on, as a pool does
            future.set_exception(error)
        return future


class _NeverWaits(selectors.DefaultSelector):
    """Asks what to do where a real selector would wait."""

    on_idle: Callable[[float], None]
    busy_turns = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.busy_turns += 1
        if self.busy_turns > _MOST_TURNS:
            self.busy_turns = 0
            raise AssertionError(f"{_MOST_TURNS} turns without a pause: something spins")
        if timeout is None or timeout > 0:
            self.busy_turns = 0
            self.on_idle(math.inf if timeout is None else timeout)
        return super().select(0)


class SteppedLoop(asyncio.SelectorEventLoop):
    """Runs until a moment, for so many turns, or until a call has returned."""

    def __init__(self) -> None:
        self._now_s = 0.0
        self._until_s = 0.0
        selector = _NeverWaits()
        selector.on_idle = self._on_idle
        super().__init__(selector)
        self.set_default_executor(Inline())

    def time(self) -> float:
        """Seconds that have passed on this loop."""
        return self._now_s

    def run_for(self, seconds: float) -> None:
        """Let so much time pass, each timer at its own moment."""
        self._until_s = self._now_s + seconds
        self.run_forever()

    def run_turns(self, count: int) -> None:
        """Let everything that is ready take so many turns; hardly any time passes."""
        for _ in range(count):
            self._until_s = self._now_s
            self.stop()
            self.run_forever()

    def run_call(self, call: Coroutine[Any, Any, T]) -> T:
        """Run until the call has returned; everything else goes on meanwhile."""
        self._until_s = self._now_s + _CALL_S
        return self.run_until_complete(call)

    def _on_idle(self, left_s: float) -> None:
        if self._now_s + left_s > self._until_s:
            self._now_s = max(self._now_s, self._until_s)
            self.stop()
        else:
            self._now_s += left_s + _TICK_S
