"""Lanes: a few pictures in flight at once, and none begun once their batch has met trouble."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from haut_desktop.domain.errors import AddressExpiredError, HautError
from haut_desktop.domain.imaging import Image


async def send_each(
    images: Iterable[Image], send: Callable[[Image], Awaitable[None]], lanes: asyncio.Semaphore
) -> None:
    """Send every image in a lane of its own; what concerns one picture alone ``send`` settles.

    An error that it raises concerns the others too: nothing more is begun, what was begun comes to
    its end, and the gravest error is raised.
    """
    errors: list[Exception] = []

    async def send_one(image: Image) -> None:
        async with lanes:
            if errors:
                return
            try:
                await send(image)
            except Exception as error:  # noqa: BLE001 - raised below, once all have ended
                errors.append(error)

    await asyncio.gather(*map(send_one, images))
    if errors:
        raise min(errors, key=_order)


def _order(error: Exception) -> int:
    """Put a fault of our own first, then what decides over the whole batch, then all else."""
    if not isinstance(error, HautError):
        return 0
    return 1 if isinstance(error, AddressExpiredError) else 2
