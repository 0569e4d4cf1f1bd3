"""Waiting in asynchronous tests: the one place that lets time pass."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, TypeVar

from PySide6.QtCore import SignalInstance

DEADLINE_S: Final = 30.0
"""Generous: a slow computer makes a test slow, not red."""

_LOOK_AGAIN_S: Final = 0.005

_T = TypeVar("_T")


async def eventually(
    predicate: Callable[[], _T], *, deadline_s: float = DEADLINE_S, what: str = ""
) -> _T:
    """Return the predicate's first true answer while the loop runs on, or fail in time."""
    loop = asyncio.get_running_loop()
    end = loop.time() + deadline_s
    while not (answer := predicate()):
        if loop.time() > end:
            raise AssertionError(what or f"still {answer!r} after {deadline_s:g} s")
        await _turn(loop)
    return answer


async def in_time(
    condition: Callable[[], Awaitable[_T]],
    *,
    deadline_s: float = DEADLINE_S,
    what: str = "",
    every_s: float = _LOOK_AGAIN_S,
) -> _T:
    """Return the first true answer of a condition that has to be awaited, or fail in time.

    What is costly to ask may be asked every ``every_s`` only.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + deadline_s
    while not (answer := await condition()):
        if loop.time() > end:
            raise AssertionError(what or f"still {answer!r} after {deadline_s:g} s")
        await _turn(loop, every_s)
    return answer


@dataclass
class Emission:
    """What a signal carried, each time it was emitted."""

    calls: list[tuple[object, ...]] = field(default_factory=list)

    @property
    def args(self) -> tuple[object, ...]:
        """The arguments of the last time."""
        return self.calls[-1]


@asynccontextmanager
async def emitted(
    signal: SignalInstance, *, deadline_s: float = DEADLINE_S
) -> AsyncIterator[Emission]:
    """Do the block, then wait until the signal was emitted at least once since its beginning."""
    emission = Emission()

    def _on_signal(*args: object) -> None:
        emission.calls.append(args)

    signal.connect(_on_signal)
    try:
        yield emission
        await eventually(
            lambda: emission.calls, deadline_s=deadline_s, what=f"{signal} was not emitted"
        )
    finally:
        signal.disconnect(_on_signal)


async def _turn(loop: asyncio.AbstractEventLoop, after_s: float = _LOOK_AGAIN_S) -> None:
    """Give every other task and Qt's events a turn, without a busy loop."""
    turned = loop.create_future()
    handle = loop.call_later(after_s, turned.set_result, None)
    try:
        await turned
    finally:
        handle.cancel()
