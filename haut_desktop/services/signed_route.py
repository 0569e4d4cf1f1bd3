"""The signed route: start a batch, put each picture to its own address, ask for the computation.

A repeated PUT to the same address replaces the same object, so an unknown outcome is settled by
repeating it. Starting is not idempotent, but a batch that was started and never computed costs
nothing and is never read: a lost answer there is answered by starting anew. Computing costs money:
it is written down before it is asked for, and a lost answer is settled by results appearing.
"""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
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
    AccountError,
    AddressExpiredError,
    BodyRefusedError,
    HautError,
    ItemError,
    NetworkError,
    OutcomeUnknownError,
    RefusedError,
    TooManyRequestsError,
    UnreachableError,
    VaultError,
)
from haut_desktop.domain.ids import BatchId, ImageId, PlatformBatchId
from haut_desktop.domain.imaging import (
    Batch,
    Image,
    PlatformImage,
    ProofOfDelivery,
    UploadAddress,
    image_id_in,
)
from haut_desktop.services.broadcast import Broadcast
from haut_desktop.services.changes import Progress
from haut_desktop.services.lanes import Lanes
from haut_desktop.services.pauses import uptime
from haut_desktop.services.read_back import ReadBack
from haut_desktop.services.settling import DROPS_THAT_REFUSE, count_drops
from haut_desktop.services.troubles import trouble_of
from haut_desktop.store.outbox import OutboxStore
from haut_desktop.store.vault import Vault

RENEWALS: Final = 1
"""How often a batch with expired addresses is started anew before a person is asked."""
SETTLING_S: Final = 180.0
"""Seconds within which results must appear after a computation whose answer was lost."""
SETTLE_AGAIN_S: Final = 5.0
"""Seconds between two looks for those results."""

_NOT_FOUND: Final = 404
_OUTLIVED: Final = "kept back for longer than its addresses were valid"
"""Why a batch is abandoned that nobody let go on in time: no fault of an address or a clock."""

_log = logging.getLogger(__name__)


class ComputationUnknownError(ItemError):
    """The answer to a computation was lost and no results appeared."""

    default_title = "Was it computed?"
    default_message = (
        "The platform's answer was lost and no results have appeared. Asking again could compute "
        "the pictures twice."
    )


class SignedRoute:
    """Carries one batch as far as it will go; raises what stopped it, with the record in order."""

    def __init__(
        self,
        *,
        api: HautApi,
        objects: ObjectStore,
        outbox: OutboxStore,
        vault: Vault,
        lanes: Lanes,
        progress: Broadcast[Progress],
        clock: Clock,
        has_results: Callable[[Batch, SubjectAddress], Awaitable[bool]],
        read_back: ReadBack,
        settling_s: float = SETTLING_S,
        settle_again_s: float = SETTLE_AGAIN_S,
    ) -> None:
        self._api = api
        self._objects = objects
        self._outbox = outbox
        self._vault = vault
        self._lanes = lanes
        self._progress = progress
        self._clock = clock
        self._has_results = has_results
        self._read_back = read_back
        self._settling_s = settling_s
        self._settle_again_s = settle_again_s
        # on the loop's clock, which nobody sets; after a start the time to settle begins anew
        self._settled_by: dict[BatchId, float] = {}
        # batches that were begun in this run and never kept back since
        self._unbroken: set[BatchId] = set()

    async def carry(self, batch: Batch, to: SubjectAddress, meta: Mapping[str, str]) -> None:
        """Do every step that is left of ``batch``; a step that was begun is settled first."""
        if batch.state is BatchState.SUBMITTING:
            await self._settle_computation(batch, to)
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
            await self._compute(batch, to)

    def was_kept_back(self) -> None:
        """Note that a person's pause, or the sending window, keeps everything back just now."""
        self._unbroken.clear()

    # ---- starting ------------------------------------------------------------------------

    async def _start(self, batch: Batch, to: SubjectAddress, meta: Mapping[str, str]) -> Batch:
        await self._outbox.move_batch(batch.id, BatchEvent.INITIATE)
        images = {i.side: i for i in batch.images if i.state is not ImageState.ERASED}
        names = {side: image.name for side, image in images.items()}
        try:
            started = await self._api.initiate_upload(
                to.tenant, to.subject_id, names, created_at=batch.created_at, meta=meta
            )
        except (UnreachableError, AccountError, TooManyRequestsError):
            await self._outbox.move_batch(batch.id, BatchEvent.TURN_AWAY)
            raise
        except HautError:
            await self._outbox.move_batch(batch.id, BatchEvent.RELEASE)
            raise
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
            listed = await self._listed(batch.platform_id, to)
        for image in lost:
            await self._settle_one(image, listed.get(image.id))

    async def _listed(
        self, batch: PlatformBatchId, to: SubjectAddress
    ) -> Mapping[ImageId | None, PlatformImage]:
        try:
            found = await self._api.batch_images(to.tenant, to.dataset_id, to.subject_id, batch)
        except RefusedError as error:
            if error.status != _NOT_FOUND:
                raise
            return {}
        return {image_id_in(picture.name): picture for picture in found}

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
        except NetworkError as error:
            error.is_of_store = True
            raise
        return hashlib.sha256(data).hexdigest() == image.rendition.digest.sha256

    # ---- uploading -----------------------------------------------------------------------

    async def _upload(self, batch: Batch, to: SubjectAddress) -> None:
        """Put every picture that is not stored yet."""
        todo = [i for i in batch.images if i.state in (ImageState.SEALED, ImageState.UNSETTLED)]

        async def put(image: Image, data: bytes) -> None:
            await self._put(image, data, to)

        await self._lanes.send_each(todo, self._unsealed, put)

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

    async def _unsealed(self, image: Image) -> bytes | None:
        """Open the sealed bytes, checked against their SHA-256; an unreadable one is held."""
        rendition = image.rendition
        try:
            return await asyncio.to_thread(
                self._vault.open, rendition.vault_name, rendition.digest.sha256
            )
        except VaultError as error:
            await self._hold(image, error)
            return None

    async def _send(
        self, image: Image, address: UploadAddress, data: bytes, to: SubjectAddress
    ) -> None:
        def report(sent: int) -> None:
            self._progress.send(Progress(image.id, sent, len(data)))

        try:
            proof = await self._objects.put(
                address, data, md5_hex=image.rendition.digest.md5, on_progress=report
            )
        except UnreachableError as error:
            error.is_of_store = True
            await self._back_off(image)
            raise
        except NetworkError as error:
            error.is_of_store = True
            await self._lose(image, error, to)
            raise
        except AddressExpiredError:
            raise
        except ItemError as error:
            await self._hold(image, error)
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
            await self._hold(image, BodyRefusedError(), body_drops=drops)
        elif image.state is ImageState.UPLOADING:
            await self._outbox.move_image(image.id, ImageEvent.LOSE, body_drops=drops)
        elif drops != image.body_drops:
            await self._outbox.set_waiting_image(image.id, image.waiting, body_drops=drops)

    async def _hold(self, image: Image, error: HautError, *, body_drops: int | None = None) -> None:
        _log.warning("image %s is held: %s", image.id, error.kind)
        await self._outbox.move_image(
            image.id,
            ImageEvent.HOLD,
            waiting=Waiting(trouble=trouble_of(error)),
            body_drops=body_drops,
        )

    # ---- computing -----------------------------------------------------------------------

    async def _compute(self, batch: Batch, to: SubjectAddress) -> None:
        if batch.platform_id is None:
            return
        if batch.submitted_at is not None and await self._has_results(batch, to):
            # it was asked for before, and accepted after all
            await self._outbox.move_batch(batch.id, BatchEvent.SUBMITTED)
            return
        await self._outbox.move_batch(batch.id, BatchEvent.SUBMIT, submitted_at=self._clock())
        try:
            await self._api.compute(to.tenant, batch.platform_id)
        except (UnreachableError, AccountError, TooManyRequestsError):
            # it never left, or was turned away at the door: certainly not computed; every other
            # answer, a gateway's page too, leaves it SUBMITTING, to be settled by results
            await self._outbox.move_batch(batch.id, BatchEvent.RELEASE)
            raise
        except ItemError as error:
            released = await self._outbox.move_batch(batch.id, BatchEvent.RELEASE)
            if released.state is BatchState.OPEN:  # nobody took it back meanwhile
                await self._outbox.move_batch(
                    batch.id, BatchEvent.HOLD, waiting=Waiting(trouble=trouble_of(error))
                )
            return
        await self._outbox.move_batch(batch.id, BatchEvent.SUBMITTED, submitted_at=self._clock())

    async def _settle_computation(self, batch: Batch, to: SubjectAddress) -> None:
        """Ask whether results appear; when none do in time, a person decides."""
        if await self._has_results(batch, to):
            self._settled_by.pop(batch.id, None)
            await self._outbox.move_batch(batch.id, BatchEvent.SUBMITTED)
            return
        now_s = uptime()
        if now_s < self._settled_by.setdefault(batch.id, now_s + self._settling_s):
            again = self._clock() + timedelta(seconds=self._settle_again_s)
            waiting = Waiting(batch.waiting.attempt, again, trouble_of(OutcomeUnknownError()))
            await self._outbox.set_waiting_batch(batch.id, waiting)
            return
        del self._settled_by[batch.id]
        await self._outbox.move_batch(
            batch.id,
            BatchEvent.HOLD,
            waiting=Waiting(trouble=trouble_of(ComputationUnknownError())),
        )
