"""Waiting that ends early: the one form in which the services let time pass."""

import asyncio
from collections.abc import Awaitable, Callable

Pause = Callable[[asyncio.Event, float | None], Awaitable[None]]
"""Returns when the event is set or, unless it is None, when so many seconds have passed."""

Uptime = Callable[[], float]
"""Seconds on a clock that nobody sets and that stands still while the computer sleeps."""


async def pause(event: asyncio.Event, delay_s: float | None) -> None:
    """Wait by the running loop's clock."""
    try:
        async with asyncio.timeout(delay_s):
            await event.wait()
    except TimeoutError:
        return


def uptime() -> float:
    """Read the running loop's clock."""
    return asyncio.get_running_loop().time()
