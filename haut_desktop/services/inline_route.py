"""The inline route: each picture is posted as base64 into a batch, and computed by itself.

Posting is not idempotent. An unknown outcome is settled by listing the platform's batch for our own
id in the pictures' names; absence proves that it did not arrive only after a quiet time longer than
the server works on one request, and twice.
"""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from haut_desktop.api.client import HautApi
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.delivery import (
    BatchEvent,
    BatchState,
    ImageEvent,
    ImageState,
    Proof,
    Trouble,
    Waiting,
)
from haut_desktop.domain.destination import SubjectAddress
from haut_desktop.domain.errors import (
    AccountError,
    Blame,
    BodyRefusedError,
    HautError,
    ItemError,
    OutcomeUnknownError,
    TooManyRequestsError,
    UnreachableError,
)
from haut_desktop.domain.ids import ImageId, PlatformBatchId, PlatformImageId
from haut_desktop.domain.imaging import Batch, Image, PlatformImage, ProofOfDelivery
from haut_desktop.services.beginning import beginning
from haut_desktop.services.broadcast import Broadcast
from haut_desktop.services.changes import Progress
from haut_desktop.services.lanes import Lanes
from haut_desktop.services.pauses import uptime
from haut_desktop.services.sealed_images import SealedImages
from haut_desktop.services.settling import DROPS_THAT_REFUSE, count_drops, listed_by_our_ids
from haut_desktop.services.troubles import trouble_of
from haut_desktop.store.outbox import OutboxStore

QUIET_S: Final = 120.0
"""Seconds longer than any server works on one request; after them a picture that is not listed
did not arrive. The platform's own limit is not documented: a guess on the safe side."""
SECOND_LOOK_S: Final = 10.0
"""Seconds between the two listings that prove absence."""
ABSENT_ONCE: Final = "AbsentOnce"

_log = logging.getLogger(__name__)


class InlineRoute:
    """Carries one batch as far as it will go; raises what stopped it, with the record in order."""

    def __init__(
        self,
        *,
        api: HautApi,
        outbox: OutboxStore,
        sealed: SealedImages,
        lanes: Lanes,
        progress: Broadcast[Progress],
        clock: Clock,
        quiet_s: float = QUIET_S,
        second_look_s: float = SECOND_LOOK_S,
    ) -> None:
        self._api = api
        self._outbox = outbox
        self._sealed = sealed
        self._lanes = lanes
        self._progress = progress
        self._clock = clock
        self._quiet_s = quiet_s
        self._second_look_s = second_look_s
        # on the loop's clock, which nobody sets: a wall clock set ahead proves no quiet time
        self._quiet_until: dict[ImageId, float] = {}

    async def carry(self, batch: Batch, to: SubjectAddress, meta: Mapping[str, str]) -> None:  # noqa: ARG002 - both routes are called alike; v1 batches take no meta
        """Do every step that is left of ``batch``; unknown outcomes are settled first."""
        if batch.platform_id is None:
            batch = await self._start(batch, to)
        await self.settle(batch, to)
        batch = await self._outbox.batch(batch.id)
        await self._post_all(batch, to)
        batch = await self._outbox.batch(batch.id)
        if batch.is_stored:
            await self._outbox.move_batch(
                batch.id, BatchEvent.SUBMITTED, submitted_at=self._clock()
            )
        else:
            await self._wait_with(batch)

    def was_kept_back(self) -> None:
        """Nothing here ends by itself while it waits."""

    async def _start(self, batch: Batch, to: SubjectAddress) -> Batch:
        """Make the platform's batch; one whose answer is lost stays empty and costs nothing."""
        async with beginning(self._outbox, batch):
            platform_id = await self._api.create_batch(
                to.tenant, to.dataset_id, to.subject_id, created_at=batch.created_at
            )
        return await self._outbox.initiated(batch.id, platform_id, {})

    # ---- settling ------------------------------------------------------------------------

    async def settle(self, batch: Batch, to: SubjectAddress) -> None:
        """Ask what became of the pictures whose outcome is unknown; nothing is sent."""
        lost = [image for image in batch.images if image.state is ImageState.UNSETTLED]
        if not lost or batch.platform_id is None:
            return
        # what is not found may be hidden, or was computed: nothing goes again by itself on it
        listed = await listed_by_our_ids(
            self._api,
            batch.platform_id,
            to,
            or_none_if_missing=batch.state is BatchState.RETRACTING,
        )
        for image in lost:
            await self._settle_one(image, listed.get(image.id))

    async def _settle_one(self, image: Image, found: PlatformImage | None) -> None:
        if found is not None:
            await self._confirm(image, found.id, f"listed as {found.id}")
            return
        now_s = uptime()
        due_s = self._quiet_until.get(image.id)
        trouble = image.waiting.trouble
        if due_s is None:
            # lost before this start: nobody knows for how long, so the quiet time begins anew
            await self._look_again(image, "OutcomeUnknownError", self._quiet_s)
        elif now_s < due_s:
            kind = trouble.kind if trouble else "OutcomeUnknownError"
            await self._look_again(image, kind, due_s - now_s)
        elif trouble is None or trouble.kind != ABSENT_ONCE:
            await self._look_again(image, ABSENT_ONCE, self._second_look_s)
        else:
            del self._quiet_until[image.id]
            await self._outbox.move_image(image.id, ImageEvent.RELEASE, waiting=Waiting())

    async def _wait_with(self, batch: Batch) -> None:
        """Let the batch wait as long as the first of its pictures whose fate is being asked for."""
        lost = [image.waiting for image in batch.images if image.state is ImageState.UNSETTLED]
        times = [waiting.retry_at for waiting in lost if waiting.retry_at is not None]
        if times:
            waiting = Waiting(batch.waiting.attempt, min(times), lost[0].trouble)
            await self._outbox.set_waiting_batch(batch.id, waiting)

    async def _look_again(self, image: Image, kind: str, in_s: float) -> None:
        """Ask again after ``in_s``, which the wall clock shows and the loop's clock decides."""
        self._quiet_until[image.id] = uptime() + in_s
        words = OutcomeUnknownError()
        trouble = Trouble(kind, Blame.NETWORK, words.title, words.message)
        again = self._clock() + timedelta(seconds=in_s)
        await self._outbox.set_waiting_image(
            image.id, Waiting(image.waiting.attempt, again, trouble)
        )

    # ---- posting -------------------------------------------------------------------------

    async def _post_all(self, batch: Batch, to: SubjectAddress) -> None:
        platform_batch = batch.platform_id
        todo = [image for image in batch.images if image.state is ImageState.SEALED]
        if platform_batch is None or not todo:
            return
        # sides and lights are looked up in it; trouble in getting it is not a picture's trouble
        await self._api.image_types()

        async def post(image: Image, data: bytes) -> None:
            image = await self._outbox.move_image(image.id, ImageEvent.CLAIM)
            await self._send(image, platform_batch, to, data)

        await self._lanes.send_each(todo, self._sealed.data_of, post)

    async def _send(
        self, image: Image, batch: PlatformBatchId, to: SubjectAddress, data: bytes
    ) -> None:
        def report(sent: int) -> None:
            self._progress.send(Progress(image.id, sent, len(data)))

        try:
            platform_id = await self._api.post_image(
                to.tenant,
                to.dataset_id,
                to.subject_id,
                batch,
                data=data,
                name=image.name,
                side=image.side,
                light=image.light,
                image_type=to.image_type,
                on_progress=report,
            )
        except (UnreachableError, AccountError, TooManyRequestsError):
            # it never left, or it was turned away at the door: certainly not stored
            await self._outbox.move_image(image.id, ImageEvent.RELEASE)
            raise
        except ItemError as error:
            await self._sealed.hold(image, error)
            return
        except HautError as error:
            await self._lose(image, error, to)
            raise
        await self._confirm(image, platform_id, f"answered as {platform_id}")

    async def _confirm(self, image: Image, platform_id: PlatformImageId, detail: str) -> None:
        proof = ProofOfDelivery(Proof.SERVER_ID_ONLY, detail, self._clock())
        await self._outbox.move_image(
            image.id, ImageEvent.CONFIRM, platform_id=platform_id, proof=proof, waiting=Waiting()
        )

    async def _lose(self, image: Image, error: HautError, to: SubjectAddress) -> None:
        """Note that the outcome is unknown; a second refusal in mid-body holds the picture."""
        drops = await count_drops(self._api, to, image, error)
        if drops >= DROPS_THAT_REFUSE:
            await self._sealed.hold(image, BodyRefusedError(), body_drops=drops)
            return
        self._quiet_until[image.id] = uptime() + self._quiet_s
        again = self._clock() + timedelta(seconds=self._quiet_s)
        await self._outbox.move_image(
            image.id,
            ImageEvent.LOSE,
            waiting=Waiting(image.waiting.attempt, again, trouble_of(error)),
            body_drops=drops,
        )
