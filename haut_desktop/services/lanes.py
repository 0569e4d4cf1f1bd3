"""Lanes: a few pictures in flight at once, the next ones opened already, none begun in trouble.

None is begun either once a person paused sending or the sending window closed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeVar

from haut_desktop.domain.errors import AddressExpiredError, HautError
from haut_desktop.domain.imaging import Image

OPENED_AHEAD: Final = 2
"""So many pictures lie open in memory beside those in flight: a free lane finds one ready."""

T = TypeVar("T")


class Lanes:
    """The room that all batches share: ``in_flight`` on the network, a few more opened ahead."""

    def __init__(
        self,
        in_flight: int,
        ahead: int = OPENED_AHEAD,
        *,
        may_begin: Callable[[], bool] = lambda: True,
    ) -> None:
        self._in_flight = asyncio.Semaphore(in_flight)
        self._opened = asyncio.Semaphore(in_flight + ahead)
        self._may_begin = may_begin

    async def send_each(
        self,
        images: Iterable[Image],
        unseal: Callable[[Image], Awaitable[T | None]],
        send: Callable[[Image, T], Awaitable[None]],
    ) -> None:
        """Open every image and send it in a lane of its own; one that ``unseal`` gives None for is
        left out. What concerns one picture alone the two settle themselves.

        Those that were not begun when nothing might begin any more are left as they are.

        An error that they raise concerns the others too: nothing more is begun, what was begun
        comes to its end, and the gravest error is raised.
        """
        errors: list[Exception] = []

        def goes_on() -> bool:
            return not errors and self._may_begin()

        async def send_one(image: Image) -> None:
            if not goes_on() or (opened := await unseal(image)) is None:
                return
            async with self._in_flight:
                if goes_on():
                    await send(image, opened)

        async def carry_one(image: Image) -> None:
            async with self._opened:
                try:
                    await send_one(image)
                except Exception as error:  # noqa: BLE001 - raised below, once all have ended
                    errors.append(error)

        await asyncio.gather(*map(carry_one, images))
        if errors:
            raise min(errors, key=_order)


def _order(error: Exception) -> int:
    """Put a fault of our own first, then what decides over the whole batch, then all else."""
    if not isinstance(error, HautError):
        return 0
    return 1 if isinstance(error, AddressExpiredError) else 2
