"""After a rebuild: what the platform has of a batch already is found before anything is sent.

Our ids stand in the pictures' names and in the batch's ``meta``. A batch with results was computed;
one whose pictures are all there may have been, so its results are waited for and nobody asks for
them again on a guess; one that was started and never filled is left behind, recorded. A posted
picture that is not listed may still be on its way: it is settled like any other unknown outcome.
"""

import asyncio
import hashlib
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from haut_desktop.domain.delivery import (
    BatchEvent,
    BatchState,
    ImageEvent,
    ImageState,
    Route,
    Waiting,
)
from haut_desktop.domain.destination import SubjectAddress
from haut_desktop.domain.errors import ItemError, StationError
from haut_desktop.domain.ids import BatchId
from haut_desktop.domain.imaging import Batch, Image
from haut_desktop.services.asking import Asking, QuietTime, concerns_asking
from haut_desktop.services.changes import Change
from haut_desktop.services.holdings import Found, Holdings
from haut_desktop.services.taking_over import TakingOver

if TYPE_CHECKING:
    from haut_desktop.store.rebuilt import RebuiltStore

NEVER_FILLED: Final = "found after a rebuild, never filled"

_log = logging.getLogger(__name__)


class Reconciliation:
    """Settles each rebuilt batch once, then lets delivery have it."""

    def __init__(self, asking: Asking, rebuilt: "RebuiltStore") -> None:
        self._asking = asking
        self._outbox = asking.outbox
        self._rebuilt = rebuilt
        self._holdings = Holdings(asking.api)
        self._taking = TakingOver(asking.outbox, asking.clock)
        self._quiet_time = QuietTime(asking.clock, asking.quiet_s)
        self._woken = asyncio.Event()

    async def run(self) -> None:
        """Work until nothing rebuilt is left to be asked for."""
        unsubscribe = self._asking.changes.subscribe(self._on_change)
        self._quiet_time.begin()
        try:
            while not await self._is_done():
                await self._asking.rest(self._woken)
        finally:
            unsubscribe()

    def wake(self) -> None:
        """Ask at once for what may be asked for."""
        self._woken.set()

    def _on_change(self, change: Change) -> None:
        if concerns_asking(change):
            self.wake()

    async def _is_done(self) -> bool:
        """Settle what can be settled; say whether nothing is left."""
        self._woken.clear()
        try:
            await self.look()
            return not await self._rebuilt.is_pending()
        except StationError as error:
            _log.warning("the record can't say what is to be asked for: %s", error.kind)
            return False

    async def look(self) -> None:
        """Ask for every rebuilt batch that can be asked for."""
        if (tenant := self._asking.tenant) is None:
            return
        for batch_id in await self._rebuilt.pending(self._quiet_time.over_by(), tenant):
            await self._asking.attempt(batch_id, self.settle)

    async def settle(self, batch_id: BatchId) -> None:
        """Ask the platform for one batch and put the record right; raises what stopped it."""
        batch = await self._asking.begin(batch_id)
        if batch.state is BatchState.OPEN:
            to = (await self._asking.destinations.of_batch(batch_id)).address
            found = await self._holdings.find(batch, to)
            if batch.route is Route.SIGNED:
                await self._settle_signed(batch, to, found)
            else:
                await self._settle_inline(batch, found)
        await self._asking.forget_waiting(batch_id)
        await self._rebuilt.settle(batch_id)
        self._asking.tell(batch)

    # ---- signed --------------------------------------------------------------------------

    async def _settle_signed(self, batch: Batch, to: SubjectAddress, found: list[Found]) -> None:
        for one in found:
            if await self._asking.has_results(one.as_batch(batch), to):
                await self._taking.take_over(batch, one, "computed")
                await self._outbox.move_batch(batch.id, BatchEvent.SUBMIT)
                await self._outbox.move_batch(batch.id, BatchEvent.SUBMITTED)
                return
        for one in found:
            if await self._is_filled(batch, one):
                await self._taking.take_over(batch, one, "listed")
                # whether it was to be computed is not known: its results decide, or a person
                await self._outbox.move_batch(batch.id, BatchEvent.SUBMIT)
                return
        for one in found:
            await self._leave(batch, one)

    async def _is_filled(self, batch: Batch, found: Found) -> bool:
        """Whether the platform may hold every picture: only then may it have been computed.

        A listing without any address says nothing about it, so it counts as filled: then results
        decide, or a person.
        """
        if {image.id for image in batch.images} != set(found.pictures):
            return False
        urls = {image.id: found.pictures[image.id].original_url for image in batch.images}
        if not any(urls.values()):
            return True
        for image in batch.images:
            if not urls[image.id] or not await self._is_there(image, urls[image.id]):
                return False
        return True

    async def _is_there(self, image: Image, url: str) -> bool:
        try:
            data = await self._asking.fetch(url)
        except ItemError:
            return False
        return hashlib.sha256(data).hexdigest() == image.rendition.digest.sha256

    async def _leave(self, batch: Batch, found: Found) -> None:
        await self._outbox.move_batch(batch.id, BatchEvent.INITIATE)
        await self._outbox.initiated(batch.id, found.platform_id, {})
        await self._outbox.abandon(batch.id, NEVER_FILLED)

    # ---- inline --------------------------------------------------------------------------

    async def _settle_inline(self, batch: Batch, found: list[Found]) -> None:
        if not found:
            return
        fullest = max(found, key=lambda one: len(one.pictures))
        pictures = {key: one for other in found for key, one in other.pictures.items()}
        await self._taking.take_over(batch, replace(fullest, pictures=pictures), "listed")
        for image in (await self._outbox.batch(batch.id)).images:
            if image.state is ImageState.SEALED:
                await self._outbox.move_image(image.id, ImageEvent.CLAIM)
                await self._outbox.move_image(image.id, ImageEvent.LOSE, waiting=Waiting())
