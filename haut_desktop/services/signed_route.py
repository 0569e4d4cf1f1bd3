"""The signed route: start a batch, put each picture to its own address, ask for the computation.

A repeated PUT to the same address replaces the same object, so an unknown outcome is settled by
repeating it. Starting is not idempotent, but a batch that was started and never computed costs
nothing and is never read: a lost answer there is answered by starting anew. Asking for the
computation is the business of ``computing``.
"""

import hashlib
import logging
from collections.abc import Mapping
from typing import Final

from haut_desktop.api.client import HautApi
from haut_desktop.api.object_store import ObjectStore
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.delivery import (
    BatchEvent,
    BatchState,
    ImageEvent,
    ImageState,
    Proof,
    Waiting,
)
from haut_desktop.domain.destination import SubjectAddress
from haut_desktop.domain.errors import (
    AddressExpiredError,
    BodyRefusedError,
    HautError,
    ItemError,
    UnreachableError,
)
from haut_desktop.domain.ids import BatchId, ImageId
from haut_desktop.domain.imaging import (
    Batch,
    Image,
    PlatformImage,
    ProofOfDelivery,
    UploadAddress,
)
from haut_desktop.services.beginning import beginning
from haut_desktop.services.broadcast import Broadcast
from haut_desktop.services.changes import Progress
from haut_desktop.services.computing import Computing
from haut_desktop.services.lanes import Lanes
from haut_desktop.services.read_back import ReadBack
from haut_desktop.services.sealed_images import SealedImages
from haut_desktop.services.settling import DROPS_THAT_REFUSE, count_drops, listed_by_our_ids
from haut_desktop.services.troubles import trouble_of
from haut_desktop.store.outbox import OutboxStore

RENEWALS: Final = 1
"""How often a batch with expired addresses is started anew before a person is asked."""

_OUTLIVED: Final = "kept back for longer than its addresses were valid"
"""Why a batch is abandoned that nobody let go on in time: no fault of an address or a clock."""

_log = logging.getLogger(__name__)


class SignedRoute:
    """Carries one batch as far as it will go; raises what stopped it, with the record in order."""

    def __init__(
        self,
        *,
        api: HautApi,
        objects: ObjectStore,
        outbox: OutboxStore,
        sealed: SealedImages,
        computing: Computing,
        lanes: Lanes,
        progress: Broadcast[Progress],
        clock: Clock,
        read_back: ReadBack,
    ) -> None:
        self._api = api
        self._objects = objects
        self._outbox = outbox
        self._sealed = sealed
        self._computing = computing
        self._lanes = lanes
        self._progress = progress
        self._clock = clock
        self._read_back = read_back
        # batches that were begun in this run and never kept back since
        self._unbroken: set[BatchId] = set()

    async def carry(self, batch: Batch, to: SubjectAddress, meta: Mapping[str, str]) -> None:
        """Do every step that is left of ``batch``; a step that was begun is settled first."""
        if batch.state is BatchState.SUBMITTING:
            await self._computing.settle(batch, to)
            return
        if batch.platform_id is None:
            batch = await self._start(batch, to, meta)
            self._unbroken.add(batch.id)
        try:
            await self._upload(batch, to)
        except AddressExpiredError as error:
            await self._renew(batch, error)
            return
        batch = await self._outbox.batch(batch.id)
        if batch.is_stored:
            await self._computing.ask(batch, to)

    def was_kept_back(self) -> None:
        """Note that a person's pause, or the sending window, keeps everything back just now."""
        self._unbroken.clear()

    # ---- starting ------------------------------------------------------------------------

    async def _start(self, batch: Batch, to: SubjectAddress, meta: Mapping[str, str]) -> Batch:
        images = {i.side: i for i in batch.images if i.state is not ImageState.ERASED}
        names = {side: image.name for side, image in images.items()}
        async with beginning(self._outbox, batch):
            started = await self._api.initiate_upload(
                to.tenant, to.subject_id, names, created_at=batch.created_at, meta=meta
            )
        addresses = {
            images[side].id: address for side, address in started.addresses if side in images
        }
        return await self._outbox.initiated(batch.id, started.platform_id, addresses)

    async def _renew(self, batch: Batch, error: AddressExpiredError) -> None:
        """Leave the platform's batch behind, recorded and never computed, and start anew, once.

        The second time a person is asked first; new addresses are got in either case. Addresses
        that expired while a person's pause, the sending window or the program's end kept the batch
        back count for nothing: nobody has to look into that.
        """
        reason = error.kind if batch.id in self._unbroken else _OUTLIVED
        self._unbroken.discard(batch.id)
        batch = await self._outbox.abandon(batch.id, reason)
        if reason == _OUTLIVED:
            return
        if await self._outbox.times_abandoned(batch.id, reason) > RENEWALS:
            await self._outbox.move_batch(
                batch.id, BatchEvent.HOLD, waiting=Waiting(trouble=trouble_of(error))
            )

    # ---- settling without sending --------------------------------------------------------

    async def settle(self, batch: Batch, to: SubjectAddress) -> None:
        """Say of each picture whose outcome is unknown whether the platform holds its bytes.

        Nothing is sent. Only the bytes themselves prove it: a batch that was begun lists its
        pictures before they arrive.
        """
        lost = [image for image in batch.images if image.state is ImageState.UNSETTLED]
        listed: Mapping[ImageId | None, PlatformImage] = {}
        if lost and batch.platform_id is not None:
            listed = await listed_by_our_ids(
                self._api, batch.platform_id, to, or_none_if_missing=True
            )
        for image in lost:
            await self._settle_one(image, listed.get(image.id))

    async def _settle_one(self, image: Image, found: PlatformImage | None) -> None:
        if found is None or not await self._has_our_bytes(image, found):
            await self._outbox.move_image(image.id, ImageEvent.RELEASE, waiting=Waiting())
            return
        proof = ProofOfDelivery(
            Proof.SERVER_ID_ONLY, f"listed with the same bytes as {found.id}", self._clock()
        )
        await self._outbox.move_image(
            image.id, ImageEvent.CONFIRM, platform_id=found.id, proof=proof
        )

    async def _has_our_bytes(self, image: Image, found: PlatformImage) -> bool:
        if not found.original_url:
            return False
        try:
            data = await self._objects.get(found.original_url)
        except ItemError:
            return False
        return hashlib.sha256(data).hexdigest() == image.rendition.digest.sha256

    # ---- uploading -----------------------------------------------------------------------

    async def _upload(self, batch: Batch, to: SubjectAddress) -> None:
        """Put every picture that is not stored yet."""
        todo = [i for i in batch.images if i.state in (ImageState.SEALED, ImageState.UNSETTLED)]

        async def put(image: Image, data: bytes) -> None:
            await self._put(image, data, to)

        await self._lanes.send_each(todo, self._sealed.data_of, put)

    async def _put(self, image: Image, data: bytes, to: SubjectAddress) -> None:
        address = image.address
        if address is None:
            raise AddressExpiredError
        if image.state is ImageState.SEALED:
            image = await self._outbox.move_image(image.id, ImageEvent.CLAIM)
        else:
            # it waited for a lane, and nothing but the claim asks whether it may still go
            await self._outbox.check_may_go(image.id)
        await self._send(image, address, data, to)

    async def _send(
        self, image: Image, address: UploadAddress, data: bytes, to: SubjectAddress
    ) -> None:
        def report(sent: int) -> None:
            self._progress.send(Progress(image.id, sent, len(data)))

        try:
            proof = await self._objects.put(
                address, data, md5_hex=image.rendition.digest.md5, on_progress=report
            )
        except UnreachableError:
            await self._back_off(image)
            raise
        except AddressExpiredError:
            raise
        except ItemError as error:
            await self._sealed.hold(image, error)
            return
        except HautError as error:
            await self._lose(image, error, to)
            raise
        if proof.kind is Proof.SERVER_ID_ONLY:
            await self._read_back_or_lose(image, address, to)
        await self._outbox.move_image(
            image.id, ImageEvent.CONFIRM, platform_id=address.platform_id, proof=proof
        )

    async def _read_back_or_lose(
        self, image: Image, address: UploadAddress, to: SubjectAddress
    ) -> None:
        """Believe nobody who proves nothing: what can't be read back is put once more."""
        batch = await self._outbox.batch(image.batch_id)
        assert batch.platform_id is not None
        try:
            await self._read_back(image, address, batch.platform_id, to)
        except HautError as error:
            await self._lose(image, error, to)
            raise

    async def _back_off(self, image: Image) -> None:
        if image.state is ImageState.UPLOADING:
            await self._outbox.move_image(image.id, ImageEvent.RELEASE)

    async def _lose(self, image: Image, error: HautError, to: SubjectAddress) -> None:
        """Note that the outcome is unknown; a second refusal in mid-body holds the picture."""
        drops = await count_drops(self._api, to, image, error)
        if drops >= DROPS_THAT_REFUSE:
            await self._sealed.hold(image, BodyRefusedError(), body_drops=drops)
        elif image.state is ImageState.UPLOADING:
            await self._outbox.move_image(image.id, ImageEvent.LOSE, body_drops=drops)
        elif drops != image.body_drops:
            await self._outbox.set_waiting_image(image.id, image.waiting, body_drops=drops)
