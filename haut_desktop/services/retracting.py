"""Carries a retraction to its end: settle what was in flight, ask what the platform holds, note it.

Nothing is deleted on the platform and nothing more is sent to it. What it keeps of the batch is
written down with the retraction, so that a person can have it removed there.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from haut_desktop.domain.delivery import ImageEvent, ImageState, Route, Waiting
from haut_desktop.domain.destination import SubjectAddress
from haut_desktop.domain.ids import PlatformBatchId
from haut_desktop.domain.imaging import Batch
from haut_desktop.domain.retraction import Computed, Remnant
from haut_desktop.services.holdings import Found, Holdings
from haut_desktop.services.settling import asking

if TYPE_CHECKING:
    from haut_desktop.store.destinations import DestinationStore
    from haut_desktop.store.outbox import OutboxStore
    from haut_desktop.store.retractions import RetractionStore


class Settler(Protocol):
    """A route, as far as it asks what became of pictures; it sends nothing then."""

    async def settle(self, batch: Batch, to: SubjectAddress) -> None:
        """Find out about each picture whose outcome is unknown; some may have to wait."""


class Retracting:
    """Ends one retraction after another; every step can be done again after a crash."""

    def __init__(
        self,
        *,
        outbox: "OutboxStore",
        retractions: "RetractionStore",
        destinations: "DestinationStore",
        routes: Mapping[Route, Settler],
        holdings: Holdings,
        has_results: Callable[[Batch, SubjectAddress], Awaitable[bool]],
    ) -> None:
        self._outbox = outbox
        self._retractions = retractions
        self._destinations = destinations
        self._routes = routes
        self._holdings = holdings
        self._has_results = has_results

    async def carry(self, batch: Batch) -> None:
        """Do what can be done now; raises what stopped it, with the record in order."""
        to = (await self._destinations.of_batch(batch.id)).address
        batch = await self._settled(batch, to)
        lost = [image.waiting for image in batch.images if image.state is ImageState.UNSETTLED]
        if lost:
            times = [waiting.retry_at for waiting in lost if waiting.retry_at is not None]
            waiting = Waiting(batch.waiting.attempt, min(times, default=None), lost[0].trouble)
            await self._outbox.set_waiting_batch(batch.id, waiting)
            return
        with asking():
            left = await self._left(batch, to)
        await self._retractions.end(batch.id, left)

    async def _settled(self, batch: Batch, to: SubjectAddress) -> Batch:
        for image in batch.images:
            if image.state is ImageState.UPLOADING:  # nobody has it in hand any more
                await self._outbox.move_image(image.id, ImageEvent.LOSE)
        await self._routes[batch.route].settle(await self._outbox.batch(batch.id), to)
        return await self._outbox.batch(batch.id)

    async def _left(self, batch: Batch, to: SubjectAddress) -> tuple[Remnant, ...]:
        known = await self._retractions.abandoned(batch.id)
        ids = [PlatformBatchId(one) for one in known]
        if batch.platform_id is not None:
            ids.append(batch.platform_id)
        found = await self._holdings.find_all(batch, to, ids)
        return tuple([await self._remnant(batch, one, to) for one in found])

    async def _remnant(self, batch: Batch, found: Found, to: SubjectAddress) -> Remnant:
        pictures = tuple(picture.id for picture in found.pictures.values())
        return Remnant(found.platform_id, pictures, await self._computed(batch, found, to))

    async def _computed(self, batch: Batch, found: Found, to: SubjectAddress) -> Computed:
        if batch.route is Route.INLINE and found.pictures:
            return Computed.YES  # what is posted is computed by itself
        if await self._has_results(found.as_batch(batch), to):
            return Computed.YES
        if found.platform_id != batch.platform_id:
            # left behind before it was computed, or the answer to its start was lost
            return Computed.NO if batch.platform_id is not None else Computed.UNKNOWN
        return await self._retractions.computed(batch.id)
