"""Writing to the disk in a thread: what has begun reaches its end before the work is over."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Final, ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")

LONGEST_S: Final = 30.0
"""So long whoever ends the work waits for a disk that hangs."""

_log = logging.getLogger(__name__)


async def to_its_end(work: Callable[_P, _T], *args: _P.args, **more: _P.kwargs) -> _T:
    """Do ``work``, which blocks and writes, in a thread; raises what it raises.

    A thread can't be cancelled: a cancelled caller is released only when ``work`` has ended, or
    after ``LONGEST_S``. So whoever closes a scope knows that nothing is written any more that a
    later opening, or an erasure, would not expect.
    """
    writing = asyncio.get_running_loop().run_in_executor(None, partial(work, *args, **more))
    try:
        return await asyncio.shield(writing)
    except asyncio.CancelledError:
        await _ended(writing)
        raise


async def _ended(writing: asyncio.Future[_T]) -> None:
    """Wait for the end, however often somebody cancels meanwhile, and note how it went."""
    writing.add_done_callback(_take_notice)
    clock = asyncio.get_running_loop().time
    latest = clock() + LONGEST_S
    while not writing.done() and (left := latest - clock()) > 0:
        try:
            await asyncio.wait((writing,), timeout=left)
        except asyncio.CancelledError:
            continue  # said already; the caller hears of it when this is over
    if not writing.done():
        _log.warning("the disk hangs: a write did not end within %g s", LONGEST_S)


def _take_notice(writing: asyncio.Future[_T]) -> None:
    if not writing.cancelled() and (error := writing.exception()) is not None:
        _log.info("a write failed as the work was ended: %s", type(error).__name__)
