"""The outbox for people: what waits and why, and the decisions that only a person takes."""

from dataclasses import replace

from haut_desktop.domain.audit import Act
from haut_desktop.domain.delivery import (
    BatchEvent,
    BatchState,
    ImageEvent,
    ImageState,
    Waiting,
)
from haut_desktop.domain.ids import BatchId, ImageId
from haut_desktop.domain.imaging import Batch
from haut_desktop.domain.outbox import OutboxSummary, VisitDelivery
from haut_desktop.services.blame import Judge
from haut_desktop.services.broadcast import Broadcast
from haut_desktop.services.changes import Change, Changes, Progress, Topic
from haut_desktop.services.connectivity import Connectivity
from haut_desktop.services.delivery import Delivery
from haut_desktop.services.session import Session
from haut_desktop.store.outbox import OutboxStore


class Outbox:
    """Shows the promises not yet kept and takes decisions about them, each with who and why."""

    def __init__(
        self,
        *,
        store: OutboxStore,
        delivery: Delivery,
        judge: Judge,
        session: Session,
        connectivity: Connectivity,
        changes: Changes,
        progress: Broadcast[Progress],
    ) -> None:
        self.progress = progress
        self._store = store
        self._delivery = delivery
        self._judge = judge
        self._session = session
        self._connectivity = connectivity
        self._changes = changes

    @property
    def is_paused(self) -> bool:
        """Whether somebody paused sending."""
        return self._delivery.is_paused

    def pause(self) -> None:
        """Start nothing new until ``resume``; what is in flight still ends well."""
        self._delivery.pause()

    def resume(self) -> None:
        """Go on after ``pause``."""
        self._delivery.resume()

    async def overview(self, limit: int, offset: int = 0) -> tuple[VisitDelivery, ...]:
        """Deliveries by visit, newest first."""
        return await self._store.deliveries(limit=limit, offset=offset)

    async def summary(self) -> OutboxSummary:
        """The outbox in one line."""
        return replace(await self._store.summary(), is_paused=self.is_paused)

    async def retry_now(self, batch_id: BatchId | None = None) -> None:
        """Forget waiting times, of one batch or of all; quiet times that prove absence stay."""
        self._judge.forgive_account()
        batches = [await self._store.batch(batch_id)] if batch_id else await self._waiting()
        for batch in batches:
            await self._store.set_waiting_batch(batch.id, Waiting(batch.waiting.attempt))
        self._connectivity.network_changed()
        self._go_on(*(batch.id for batch in batches))

    async def hold(self, batch_id: BatchId, reason: str) -> None:
        """Keep a batch back until somebody resumes it."""
        await self._store.move_batch(batch_id, BatchEvent.HOLD, act=self._session.act(reason))
        self._go_on(batch_id)

    async def resume_held(self, batch_id: BatchId, reason: str = "") -> None:
        """Let a held batch, and the pictures in it that are held, go on where they stood."""
        act = self._session.act(reason)
        batch = await self._store.batch(batch_id)
        for image in batch.images:
            if image.state is ImageState.HELD:
                await self._resume_image(image.id, act)
        if batch.state is BatchState.HELD:
            await self._store.move_batch(batch_id, BatchEvent.RESUME, waiting=Waiting(), act=act)
        self._go_on(batch_id)

    async def compute_again(self, batch_id: BatchId, reason: str) -> None:
        """A person decides that a computation whose outcome is unknown is asked for once more."""
        act = self._session.act(reason)
        batch = await self._store.move_batch(
            batch_id, BatchEvent.RESUME, waiting=Waiting(), act=act
        )
        if batch.state is BatchState.SUBMITTING:
            await self._store.move_batch(batch_id, BatchEvent.RELEASE, act=act)
        self._go_on(batch_id)

    async def _resume_image(self, image_id: ImageId, act: Act) -> None:
        image = await self._store.move_image(
            image_id, ImageEvent.RESUME, waiting=Waiting(), body_drops=0, act=act
        )
        if image.state is ImageState.UPLOADING:
            # it was refused in flight, so it certainly did not arrive as it should
            await self._store.move_image(image_id, ImageEvent.RELEASE, act=act)

    async def _waiting(self) -> list[Batch]:
        return [
            batch
            for delivery in await self._store.deliveries(limit=1000, offset=0)
            for batch in delivery.batches
            if batch.waiting.retry_at is not None and batch.state is not BatchState.HELD
        ]

    def _go_on(self, *ids: str) -> None:
        self._delivery.wake()
        self._changes.send(Change(Topic.OUTBOX, frozenset(ids)))
