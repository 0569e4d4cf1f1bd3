"""What the outbox shows: the promises not yet kept, by visit, and the sum of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from haut_desktop.domain.ids import BatchId, ImageId, OriginalId
from haut_desktop.domain.imaging import Batch
from haut_desktop.domain.rechecks import Recheck
from haut_desktop.domain.subjects import Registration
from haut_desktop.domain.tenant import Tenant
from haut_desktop.domain.visits import Visit


@dataclass(frozen=True, slots=True)
class VisitDelivery:
    """One visit with everything that goes, or went, to the platform for it."""

    visit: Visit
    subject_code: str
    """The subject's current code; empty while nobody has assigned the visit."""
    batches: tuple[Batch, ...]
    registrations: tuple[Registration, ...] = ()
    """The subject's registrations in the batches' datasets: pictures wait for them."""

    computed: frozenset[BatchId] = frozenset()
    """Those of the batches whose results are complete."""
    begun: frozenset[BatchId] = frozenset()
    """Those that may have been begun on the platform, even when it never told their ids."""
    rechecks: Mapping[BatchId, Recheck] = field(default_factory=dict)
    """What the platform said when it was asked again for what it had confirmed."""
    tenant: Tenant | None = None
    """Whose the visit's study is: only that company's account sends it."""
    study: str = ""
    """The study's name."""

    erasing: Mapping[OriginalId, datetime] = field(default_factory=dict)
    """Pictures that are erased and whose files have not left the disk yet, and since when."""

    def registration_for(self, batch: Batch) -> Registration | None:
        """The registration that ``batch`` needs before anything of it can go."""
        return next((r for r in self.registrations if r.dataset_id == batch.dataset_id), None)


@dataclass(frozen=True, slots=True)
class OpenRegistration:
    """A subject that the platform does not know yet, or of which a person must decide."""

    registration: Registration
    subject_code: str
    """The subject's current code."""
    study: str
    tenant: Tenant
    """Whose the study is."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class AbandonedBatch:
    """A batch of the platform that was begun for one of ours, left behind and never computed."""

    batch_id: BatchId
    platform_id: str
    """Empty where the platform never told it."""
    images: tuple[tuple[ImageId, str], ...]
    """Our pictures that were to go with it, each with its id there, which may be empty."""
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OutboxSummary:
    """The outbox in one line."""

    waiting_images: int = 0
    """Pictures of finished visits that are not proven to be on the platform."""
    waiting_bytes: int = 0
    held: int = 0
    """Pictures, batches and registrations that a person must look at."""
    resting_visits: int = 0
    """Finished visits that may still be reopened; they go by themselves."""
    uploading: int = 0
    """Pictures that are being sent at this moment."""
    unsettled: int = 0
    """Pictures whose fate is being asked for."""
    unplaced: int = 0
    """Sealed pictures of which a person must say whose they are."""
    unplaced_since: datetime | None = None
    """Since when the first of them waits."""
    late: int = 0
    """Batches that were not sent, computed or answered in time (``domain/ageing.py``)."""
    last_sent_at: datetime | None = None
    """When a picture was last proven to be on the platform."""
    next_try_at: datetime | None = None
    """The earliest time at which something that waits is tried again."""
    is_paused: bool = False
    """Paused by hand; the database does not know, the delivery service fills it in."""
    opens_at: datetime | None = None
    """When the sending window opens next; None while it is open."""
