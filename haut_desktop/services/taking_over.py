"""Taking over what the platform has already: its batch becomes ours, and nothing is sent."""

from typing import TYPE_CHECKING

from haut_desktop.domain.clock import Clock
from haut_desktop.domain.delivery import BatchEvent, ImageEvent, ImageState, Proof
from haut_desktop.domain.imaging import Batch, Image, PlatformImage, ProofOfDelivery
from haut_desktop.services.holdings import Found

if TYPE_CHECKING:
    from haut_desktop.store.outbox import OutboxStore


class TakingOver:
    """Writes into the outbox what was found on the platform."""

    def __init__(self, outbox: "OutboxStore", clock: Clock) -> None:
        self._outbox = outbox
        self._clock = clock

    async def take_over(self, batch: Batch, found: Found, how: str) -> None:
        """Make the platform's batch ours, with every picture that it is known to have.

        A batch that was ``computed`` had them all, whatever is listed of it today.
        """
        if batch.platform_id is None:
            await self._outbox.move_batch(batch.id, BatchEvent.INITIATE)
            await self._outbox.initiated(batch.id, found.platform_id, {})
        for image in batch.images:
            listed = found.pictures.get(image.id)
            if listed is None and how != "computed":
                continue
            await self._confirm(image, listed, how)

    async def _confirm(self, image: Image, listed: PlatformImage | None, how: str) -> None:
        if image.state is ImageState.SEALED:
            image = await self._outbox.move_image(image.id, ImageEvent.CLAIM)
        if image.state not in (ImageState.UPLOADING, ImageState.UNSETTLED):
            return
        words = f"{how} as {listed.id}" if listed else how
        proof = ProofOfDelivery(Proof.SERVER_ID_ONLY, words, self._clock())
        await self._outbox.move_image(
            image.id,
            ImageEvent.CONFIRM,
            platform_id=listed.id if listed else None,
            proof=proof,
        )
