"""Beginning a batch on the platform, by either route: what a start that failed may have left."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from haut_desktop.domain.delivery import BatchEvent
from haut_desktop.domain.errors import (
    AccountError,
    HautError,
    TooManyRequestsError,
    UnreachableError,
)
from haut_desktop.domain.imaging import Batch
from haut_desktop.store.outbox import OutboxStore


@asynccontextmanager
async def beginning(outbox: OutboxStore, batch: Batch) -> AsyncIterator[None]:
    """Write down that ``batch`` is being begun; when that fails, whether anything may be there.

    What never left, or was turned away at the door, left nothing; a lost answer may have.
    """
    await outbox.move_batch(batch.id, BatchEvent.INITIATE)
    try:
        yield
    except (UnreachableError, AccountError, TooManyRequestsError):
        await outbox.move_batch(batch.id, BatchEvent.TURN_AWAY)
        raise
    except HautError:
        await outbox.move_batch(batch.id, BatchEvent.RELEASE)
        raise
