"""Deliveries in every state, for the tests of the outbox's words, rows and page."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from haut_desktop.domain.delivery import (
    BatchState,
    ImageState,
    RegistrationState,
    Trouble,
    Waiting,
)
from haut_desktop.domain.errors import HautError, PermissionRefusedError
from haut_desktop.domain.ids import BatchId, OriginalId
from haut_desktop.domain.imaging import Batch, Side
from haut_desktop.domain.outbox import OutboxSummary, VisitDelivery
from haut_desktop.domain.traffic import SendingRules
from haut_desktop.services.broadcast import Broadcast
from haut_desktop.services.changes import Progress
from tests.fakes.builders import (
    make_batch,
    make_picture,
    make_proof,
    make_slots,
    make_study,
    make_subject,
    make_visit,
)
from tests.fakes.clock import START


def trouble_with(error: HautError) -> Trouble:
    """What a row remembers of an error."""
    return Trouble(error.kind, error.blame, error.title, error.message)


NOT_ALLOWED = Waiting(0, START + timedelta(hours=1), trouble_with(PermissionRefusedError()))
"""What the platform told the account; everything waits for it."""


def make_delivery(
    *states: ImageState,
    batch: BatchState = BatchState.OPEN,
    waiting: Waiting | None = None,
    image_waiting: Waiting | None = None,
    not_before: datetime | None = None,
    registration: RegistrationState = RegistrationState.REGISTERED,
    is_computed: bool = False,
    code: str = "B-007",
    held_from: BatchState = BatchState.OPEN,
) -> VisitDelivery:
    """A visit with one batch whose pictures are in the given states."""
    study = make_study()
    subject = make_subject(study, code, state=registration)
    visit = make_visit(study, subject, "Week 4", created_at=START)
    slots = make_slots(visit, tuple(Side)[: len(states)])
    pictures = tuple((slot, make_picture(slot)[1]) for slot in slots)
    made = make_batch(visit, study.datasets[0], pictures, state=batch)
    images = tuple(
        replace(
            image,
            state=state,
            held_from=ImageState.UPLOADING if state is ImageState.HELD else None,
            proof=make_proof() if state is ImageState.STORED else None,
            waiting=image_waiting or Waiting(),
        )
        for image, state in zip(made.images, states, strict=True)
    )
    made = replace(
        made,
        images=images,
        waiting=waiting or Waiting(),
        not_before=not_before,
        held_from=held_from if batch is BatchState.HELD else None,
        submitted_at=START if batch is BatchState.SUBMITTED else None,
    )
    computed = frozenset({made.id}) if is_computed else frozenset[BatchId]()
    return VisitDelivery(visit, code, (made,), subject.registrations, computed)


def batch_of(delivery: VisitDelivery) -> Batch:
    """The delivery's one batch."""
    return delivery.batches[0]


@dataclass
class FakeOutbox:
    """An outbox in memory that notes what it is asked to do."""

    deliveries: tuple[VisitDelivery, ...] = ()
    trouble: HautError | None = None
    is_paused: bool = False
    done: list[tuple[str, ...]] = field(default_factory=list)
    progress: Broadcast[Progress] = field(default_factory=Broadcast)
    total: OutboxSummary = field(default_factory=OutboxSummary)
    opens_at: datetime | None = None
    account_waits: Waiting | None = None
    rules: SendingRules = field(default_factory=SendingRules)

    async def overview(self, limit: int, offset: int = 0) -> tuple[VisitDelivery, ...]:
        if self.trouble is not None:
            raise self.trouble
        return self.deliveries[offset : offset + limit]

    async def summary(self) -> OutboxSummary:
        return replace(self.total, is_paused=self.is_paused)

    async def retry_now(self, batch_id: BatchId | None = None) -> None:
        self.done.append(("retry", batch_id or "all"))

    async def hold(self, batch_id: BatchId, reason: str) -> None:
        self.done.append(("hold", batch_id, reason))

    async def resume_held(self, batch_id: BatchId, reason: str = "") -> None:
        self.done.append(("release", batch_id))

    async def compute_again(self, batch_id: BatchId, reason: str) -> None:
        self.done.append(("compute", batch_id, reason))

    async def retract(self, batch_id: BatchId, reason: str) -> None:
        self.done.append(("retract", batch_id, reason))

    async def erase(self, original_id: OriginalId, reason: str) -> None:
        self.done.append(("erase", original_id, reason))

    async def set_rules(self, rules: SendingRules) -> None:
        self.rules = rules

    def pause(self) -> None:
        self.is_paused = True

    def resume(self) -> None:
        self.is_paused = False
