"""The outbox: the durable set of promises not yet kept, and the only functions that move them.

Each function is one transaction: it reads the row, asks ``domain.delivery.advance``, writes the row
and a ``transition`` beside it. What has returned survives a power cut, so that the caller may act.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from haut_desktop.domain.ageing import WAITS_LONG_AFTER_S
from haut_desktop.domain.audit import BY_ITSELF, Act
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.delivery import (
    BatchEvent,
    BatchState,
    ImageEvent,
    ImageState,
    Waiting,
)
from haut_desktop.domain.errors import Blame
from haut_desktop.domain.ids import (
    BatchId,
    ImageId,
    PlatformBatchId,
    PlatformImageId,
    VisitId,
)
from haut_desktop.domain.imaging import Batch, Image, ProofOfDelivery, UploadAddress
from haut_desktop.domain.outbox import AbandonedBatch, OutboxSummary, VisitDelivery
from haut_desktop.domain.overviews import Transition
from haut_desktop.domain.tenant import Tenant
from haut_desktop.store.abandoning import abandon, read_abandoned, times_abandoned
from haut_desktop.store.database import Database
from haut_desktop.store.driver import Connection
from haut_desktop.store.former import decide_former
from haut_desktop.store.imaging_rows import address_text, batches_of_visits, read_batches
from haut_desktop.store.ledger import Ledger
from haut_desktop.store.moves import move
from haut_desktop.store.outbox_reading import (
    read_account_trouble,
    read_deliveries,
    read_due,
    read_incomplete,
    read_next_time,
    read_summary,
    read_transitions,
    read_waiting,
)
from haut_desktop.store.retractions import begin_if_asked, check_may_go
from haut_desktop.store.rows import Value, one, text_of, text_or_none, update, waiting_columns

# The list of words is that of the index image_waiting, or it would not be used.
_UPLOADING: Final = """
SELECT id FROM image
WHERE state = 'UPLOADING' AND state IN ('SEALED', 'UPLOADING', 'UNSETTLED', 'HELD')
"""

_SUM_UP_FAILURES: Final = """
UPDATE batch SET has_failed = attempt > 0 OR EXISTS (
    SELECT 1 FROM image
    WHERE batch_id = batch.id AND attempt > 0 AND state IN ('SEALED', 'UPLOADING', 'UNSETTLED'))
WHERE id = ?
"""


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a start found in the middle of something."""

    images: int
    """Were uploading; their fate is unknown now."""
    batches: int
    """Were being initiated; they are started anew."""


class OutboxStore:
    """Keeps images and batches on their way."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    # ---- reading -------------------------------------------------------------------------

    async def due_batches(
        self, now: datetime, limit: int, tenant: Tenant | None = None
    ) -> tuple[Batch, ...]:
        """Give whole batches with something to do: oldest visit first, ones with failures last.

        Only of visits that are finished and rested, of subjects that are registered, and past
        their waiting time; with ``tenant`` only of that tenant's studies.
        """
        return await self._database.read(lambda c: read_due(c, now, limit, tenant))

    async def waiting_batches(self, blame: Blame | None = None) -> tuple[Batch, ...]:
        """Give the batches that have a time at which they are tried again.

        With ``blame`` only those that wait because of it.
        """
        return await self._database.read(lambda c: read_waiting(c, blame))

    async def next_time(self, after: datetime) -> datetime | None:
        """Give the first moment after ``after`` at which something else becomes due."""
        return await self._database.read(lambda c: read_next_time(c, after))

    async def batch(self, batch_id: BatchId) -> Batch:
        """Give one batch; raises StoreError for an unknown one."""
        return await self._database.read(lambda c: _batch(c, batch_id))

    async def find(self, batch_id: BatchId) -> Batch | None:
        """Give one batch, or None when it is gone: a reopened visit takes its batches along."""

        def read(connection: Connection) -> Batch | None:
            row = connection.execute("SELECT * FROM batch WHERE id = ?", (batch_id,)).fetchone()
            return read_batches(connection, [row])[0] if row is not None else None

        return await self._database.read(read)

    async def of_visit(self, visit_id: VisitId) -> tuple[Batch, ...]:
        """Give a visit's batches, those too that were taken back; oldest first."""
        return await self._database.read(lambda c: batches_of_visits(c, [visit_id]))

    async def submitted_incomplete(
        self, now: datetime, tenant: Tenant | None = None
    ) -> tuple[Batch, ...]:
        """Give submitted batches whose results are not all here, oldest first."""
        return await self._database.read(lambda c: read_incomplete(c, now, tenant))

    async def check_may_go(self, image_id: ImageId) -> None:
        """Refuse to repeat a picture whose batch is held or taken back; raises HeldBackError."""
        await self._database.read(lambda c: check_may_go(c, image_id))

    async def times_abandoned(self, batch_id: BatchId, reason: str) -> int:
        """Count how often a batch of the platform was left behind for this reason."""
        return await self._database.read(lambda c: times_abandoned(c, batch_id, reason))

    async def abandoned(self) -> tuple[AbandonedBatch, ...]:
        """Give every batch of the platform that was begun and left behind, oldest first."""
        return await self._database.read(read_abandoned)

    async def knows_any(self, image_ids: Collection[ImageId]) -> bool:
        """Whether one of the pictures is, or was, in this outbox."""
        marks = ", ".join("?" * len(image_ids))
        query = f"SELECT 1 FROM image WHERE id IN ({marks}) LIMIT 1"  # noqa: S608 - only marks

        def read(connection: Connection) -> bool:
            return connection.execute(query, tuple(image_ids)).fetchone() is not None

        return await self._database.read(read)

    async def summary(self, unsent_after_s: float = WAITS_LONG_AFTER_S) -> OutboxSummary:
        """Give the outbox in one line; what was to go ``unsent_after_s`` ago counts as late."""
        return await self._database.read(lambda c: read_summary(c, self._clock(), unsent_after_s))

    async def account_trouble(self) -> Waiting | None:
        """Give what the account was told last, where something still waits for it."""
        return await self._database.read(read_account_trouble)

    async def deliveries(self, limit: int, offset: int = 0) -> tuple[VisitDelivery, ...]:
        """Give visits with what goes, or went, to the platform for them; newest first."""
        return await self._database.read(lambda c: read_deliveries(c, limit, offset))

    async def transitions(self, entity_id: str) -> tuple[Transition, ...]:
        """Give every move of one image, batch or registration, oldest first."""
        return await self._database.read(lambda c: read_transitions(c, entity_id))

    # ---- moving --------------------------------------------------------------------------

    async def move_image(
        self,
        image_id: ImageId,
        event: ImageEvent,
        *,
        platform_id: PlatformImageId | None = None,
        address: UploadAddress | None = None,
        proof: ProofOfDelivery | None = None,
        waiting: Waiting | None = None,
        body_drops: int | None = None,
        act: Act = BY_ITSELF,
    ) -> Image:
        """Move an image; fields that are given are written with it, others stay.

        STORED needs a proof. A stored image's signed address is forgotten. Nothing is claimed of a
        batch that is held or that a person takes back.
        """
        columns = _image_columns(platform_id, address, proof, body_drops)
        if event is ImageEvent.CONFIRM:
            columns["address"] = None

        def work(connection: Connection) -> Image:
            ledger = Ledger(connection, self._clock)
            if event is ImageEvent.CLAIM:
                check_may_go(connection, image_id)
            move(ledger, ImageState, image_id, event, columns=columns, waiting=waiting, act=act)
            return _image_with_sum(connection, image_id)

        return await self._database.write(work)

    async def move_batch(
        self,
        batch_id: BatchId,
        event: BatchEvent,
        *,
        platform_id: PlatformBatchId | None = None,
        waiting: Waiting | None = None,
        submitted_at: datetime | None = None,
        act: Act = BY_ITSELF,
    ) -> Batch:
        """Move a batch; the time of asking for the computation, and of acceptance, is noted.

        A move that ends a step of a batch that a person takes back begins its retraction.
        """

        def work(connection: Connection) -> Batch:
            ledger = Ledger(connection, self._clock)
            columns: dict[str, Value] = {}
            if platform_id is not None:
                columns["platform_id"] = platform_id
            if event in (BatchEvent.SUBMIT, BatchEvent.SUBMITTED):
                columns["submitted_at"] = text_of(submitted_at or ledger.at)
            move(ledger, BatchState, batch_id, event, columns=columns, waiting=waiting, act=act)
            begin_if_asked(ledger, batch_id)
            return _batch_with_sum(connection, batch_id)

        return await self._database.write(work)

    async def resume(self, batch_id: BatchId, act: Act, *, asks_anew: bool = False) -> Batch:
        """Let a held batch, and the pictures in it that are held, go on where they stood.

        A batch that was taken back is left as it is. A picture that was held in flight certainly
        did not arrive as it should, and is SEALED again. With ``asks_anew`` a computation that was
        asked for and never answered is asked for once more. In one piece: between two of these
        moves delivery would take a step of its own.
        """

        def work(connection: Connection) -> Batch:
            ledger = Ledger(connection, self._clock)
            batch = _batch(connection, batch_id)
            if batch.state is BatchState.RETRACTED:
                return batch
            for image in batch.images:
                if image.state is ImageState.HELD:
                    _resume_image(ledger, image.id, act)
            if batch.state is BatchState.HELD:
                trouble = batch.waiting.trouble
                decide_former(ledger, batch_id, trouble.kind if trouble else None, act)
                _resume_batch(ledger, batch_id, act, asks_anew=asks_anew)
            return _batch_with_sum(connection, batch_id)

        return await self._database.write(work)

    async def initiated(
        self,
        batch_id: BatchId,
        platform_id: PlatformBatchId,
        addresses: Mapping[ImageId, UploadAddress],
    ) -> Batch:
        """Keep the platform's batch id and every picture's address, all at once."""

        def work(connection: Connection) -> Batch:
            ledger = Ledger(connection, self._clock)
            columns: dict[str, Value] = {"platform_id": platform_id}
            move(ledger, BatchState, batch_id, BatchEvent.INITIATED, columns=columns)
            for image in _batch(connection, batch_id).images:
                if image.id in addresses:
                    update(connection, "image", image.id, _addressed(addresses[image.id]))
            begin_if_asked(ledger, batch_id)
            return _batch_with_sum(connection, batch_id)

        return await self._database.write(work)

    async def abandon(self, batch_id: BatchId, reason: str) -> Batch:
        """Leave the platform's batch behind, which is never computed, and begin with none.

        Its pictures are SEALED again, ids, addresses and proofs are forgotten; what the platform's
        batch was stays in ``abandoned_batch``.
        """

        def work(connection: Connection) -> Batch:
            abandon(Ledger(connection, self._clock), _batch(connection, batch_id), reason)
            return _batch_with_sum(connection, batch_id)

        return await self._database.write(work)

    async def set_waiting_image(
        self, image_id: ImageId, waiting: Waiting, *, body_drops: int | None = None
    ) -> Image:
        """Say when, and why only then, an image is tried again; the state stays."""

        def work(connection: Connection) -> Image:
            columns = waiting_columns(waiting) | _image_columns(None, None, None, body_drops)
            update(connection, "image", image_id, columns)
            return _image_with_sum(connection, image_id)

        return await self._database.write(work)

    async def set_waiting_batch(self, batch_id: BatchId, waiting: Waiting) -> Batch:
        """Say when, and why only then, a batch is tried again; the state stays.

        Why one is held stands until a person resumes it: a person may hold it during a step.
        """

        def work(connection: Connection) -> Batch:
            if _batch(connection, batch_id).state is not BatchState.HELD:
                update(connection, "batch", batch_id, waiting_columns(waiting))
            return _batch_with_sum(connection, batch_id)

        return await self._database.write(work)

    async def recover(self, now: datetime) -> Recovered:
        """After a start: what was uploading has an unknown fate, what was initiated is begun anew.

        REGISTERING and SUBMITTING stay, they are settled by asking the platform.
        """

        def work(connection: Connection) -> Recovered:
            ledger = Ledger(connection, lambda: now)
            images = _ids(connection, _UPLOADING)
            for image_id in images:
                _lose(ledger, image_id)
            batches = _ids(connection, "SELECT id FROM batch WHERE state = 'INITIATING'")
            for batch_id in batches:
                _release(ledger, batch_id)
            return Recovered(len(images), len(batches))

        return await self._database.write(work)


def _lose(ledger: Ledger, image_id: str) -> None:
    move(ledger, ImageState, image_id, ImageEvent.LOSE)


def _resume_image(ledger: Ledger, image_id: ImageId, act: Act) -> None:
    columns: dict[str, Value] = {"body_drops": 0}
    state = move(ledger, ImageState, image_id, ImageEvent.RESUME, columns=columns, act=act)
    if state is ImageState.UPLOADING:
        move(ledger, ImageState, image_id, ImageEvent.RELEASE, act=act)


def _resume_batch(ledger: Ledger, batch_id: BatchId, act: Act, *, asks_anew: bool) -> None:
    state = move(ledger, BatchState, batch_id, BatchEvent.RESUME, act=act)
    # the platform's ids of a batch that was being begun were not kept: it is left behind there
    if state is BatchState.INITIATING or (asks_anew and state is BatchState.SUBMITTING):
        move(ledger, BatchState, batch_id, BatchEvent.RELEASE, act=act)
    elif state is BatchState.SUBMITTING:
        # it waits for its answer anew, however long ago it was asked for
        update(ledger.connection, "batch", batch_id, {"submitted_at": text_of(ledger.at)})
    begin_if_asked(ledger, batch_id)


def _release(ledger: Ledger, batch_id: str) -> None:
    move(ledger, BatchState, batch_id, BatchEvent.RELEASE)
    begin_if_asked(ledger, BatchId(batch_id))


def _image_columns(
    platform_id: PlatformImageId | None,
    address: UploadAddress | None,
    proof: ProofOfDelivery | None,
    body_drops: int | None,
) -> dict[str, Value]:
    given: dict[str, Value] = {
        "platform_id": platform_id,
        "address": address_text(address),
        "proof_kind": proof.kind.value if proof else None,
        "proof_detail": proof.detail if proof else None,
        "proof_at": text_or_none(proof.at if proof else None),
        "body_drops": body_drops,
    }
    return {name: value for name, value in given.items() if value is not None}


def _addressed(address: UploadAddress) -> dict[str, Value]:
    columns: dict[str, Value] = {"address": address_text(address), "body_drops": 0}
    if address.platform_id is not None:
        columns["platform_id"] = address.platform_id
    return columns


def _batch(connection: Connection, batch_id: BatchId) -> Batch:
    row = connection.execute("SELECT * FROM batch WHERE id = ?", (batch_id,)).fetchone()
    return read_batches(connection, [one(row, "batch")])[0]


def _batch_with_sum(connection: Connection, batch_id: BatchId) -> Batch:
    connection.execute(_SUM_UP_FAILURES, (batch_id,))
    return _batch(connection, batch_id)


def _image_with_sum(connection: Connection, image_id: ImageId) -> Image:
    row = connection.execute("SELECT batch_id FROM image WHERE id = ?", (image_id,)).fetchone()
    batch = _batch_with_sum(connection, BatchId(one(row, "image")["batch_id"]))
    return next(image for image in batch.images if image.id == image_id)


def _ids(connection: Connection, statement: str) -> list[str]:
    return [row["id"] for row in connection.execute(statement)]
