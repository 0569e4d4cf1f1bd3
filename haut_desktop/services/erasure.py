"""Erasing pictures: a person's act or the plan's rule, written down first, then done for good.

The sealed picture with the note beside it, its previews and the copies that the platform's results
brought leave the disk. The row stays, so that receipts and checks know what was there.
"""

import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack
from datetime import datetime
from typing import TYPE_CHECKING, Final

from haut_desktop.domain.audit import Act
from haut_desktop.domain.erasure import Erasure, Remains
from haut_desktop.domain.errors import HautError, StationError, VaultError
from haut_desktop.domain.ids import BatchId, OriginalId
from haut_desktop.domain.imaging import Side
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.previews import forget_previews
from haut_desktop.services.results_wanted import shelf_of, shelves_of
from haut_desktop.services.sidecars import Sidecars
from haut_desktop.services.writing import to_its_end

if TYPE_CHECKING:
    from haut_desktop.store.cache import PictureCache
    from haut_desktop.store.erasures import ErasureStore
    from haut_desktop.store.vault import Vault

_NOT_YET: Final = (
    "The picture is erased in the record, but a file of it could not be removed from the disk yet. "
    "The station tries again by itself, at every start and every hour."
)

_log = logging.getLogger(__name__)


class Erasures:
    """Erases pictures whose fate is settled; what a crash interrupted is finished at the start."""

    def __init__(
        self,
        *,
        store: "ErasureStore",
        vault: "Vault",
        cache: "PictureCache",
        forget_results: Callable[[BatchId, Side], Awaitable[None]],
        forget_unlisted: Callable[[BatchId, Side], Awaitable[None]],
        sidecars: Sidecars,
        changes: Changes,
        since: datetime,
    ) -> None:
        self._store = store
        self._vault = vault
        self._cache = cache
        self._forget_results = forget_results
        self._forget_unlisted = forget_unlisted
        self._sidecars = sidecars
        self._changes = changes
        self._since = since
        """When this process began: what is half written since then is being written."""
        self._is_swept = False

    async def erase(self, original_id: OriginalId, act: Act) -> None:
        """Erase a picture with the act's reason; one that is erased already stays so.

        Raises ErasureRefusedError while its fate is open; nothing has left the disk then. Raises
        VaultError when a file can't be removed yet; the record stands and it is tried again.
        """
        erasure = await self._store.write(original_id, act)
        if erasure is not None:
            await self._finish(erasure)

    async def finish_pending(self) -> None:
        """Let everything leave the disk that is written down as erased; says what could not.

        The first time also copies that an earlier process had just made when it ended.
        """
        await self._sweep()
        for erasure in await self._store.pending():
            try:
                await self._finish(erasure)
            except HautError as error:
                _log.warning("%s is not off the disk yet: %s", erasure.original_id, error.kind)

    async def _sweep(self) -> None:
        if self._is_swept:
            return
        try:
            remains = await self._store.remains()
            for batch_id, side in await to_its_end(self._clear, remains):
                await self._forget_unlisted(batch_id, side)
        except OSError as error:
            _log.warning("copies of erased pictures may be left: %s", type(error).__name__)
        else:
            self._is_swept = True

    def _clear(self, remains: Remains) -> list[tuple[BatchId, Side]]:
        """Clear what no list is needed for; gives the sides of which something is left to judge.

        All in one thread: of a year's erased pictures there is mostly nothing.
        """
        self._cache.clear_half_written(self._since)
        for original_id in remains.original_ids:
            forget_previews(self._cache, original_id)
        for batch_id, side in remains.sides:
            self._cache.clear_shelf(shelf_of(batch_id, side))
        return [
            (batch_id, side)
            for batch_id, side in (*remains.sides, *remains.shared)
            if any(map(self._cache.has_shelf, shelves_of(batch_id, side)))
        ]

    async def _finish(self, erasure: Erasure) -> None:
        try:
            await self._remove_everything(erasure)
        except (OSError, StationError) as error:
            # what stays on the disk for longer must be erased also for a rebuild
            await self._sidecars.say_erased(erasure)
            raise VaultError(_NOT_YET) from error
        if erasure.visit_id is not None:
            # the other pictures' notes must not call this one missing
            await self._sidecars.follow(erasure.visit_id)
        await self._store.done(erasure)
        self._tell(erasure)

    async def _remove_everything(self, erasure: Erasure) -> None:
        """Remove the picture and every copy; one that stays keeps no other on the disk."""
        async with AsyncExitStack() as every:
            for batch_id, side in erasure.seen_in:
                every.push_async_callback(self._forget_results, batch_id, side)
            every.push_async_callback(to_its_end, self._remove, erasure)

    def _remove(self, erasure: Erasure) -> None:
        with ExitStack() as every:
            every.callback(forget_previews, self._cache, erasure.original_id)
            for name in erasure.files:
                every.callback(self._vault.erase, name)

    def _tell(self, erasure: Erasure) -> None:
        visits = frozenset({erasure.visit_id} if erasure.visit_id else ())
        batches = frozenset(batch_id for batch_id, _ in erasure.seen_in)
        self._changes.send(Change(Topic.VISITS, visits))
        self._changes.send(Change(Topic.OUTBOX, batches))
