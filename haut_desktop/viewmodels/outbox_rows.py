"""The outbox as rows: a visit opens to its batches, a batch to its pictures."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from haut_desktop.domain.ageing import lateness
from haut_desktop.domain.delivery import (
    BatchState,
    ImageState,
    RegistrationState,
    Trouble,
    Waiting,
)
from haut_desktop.domain.ids import BatchId, ImageId, OriginalId, VisitId
from haut_desktop.domain.imaging import Batch, Image
from haut_desktop.domain.outbox import VisitDelivery
from haut_desktop.domain.subjects import Registration
from haut_desktop.domain.words import TAKEN_BACK, picture_words
from haut_desktop.viewmodels.capture_words import visit_title
from haut_desktop.viewmodels.outbox_ages import aged_batch, aged_image, since_when
from haut_desktop.viewmodels.outbox_facts import (
    batch_facts,
    batch_name,
    image_facts,
    visit_facts,
)
from haut_desktop.viewmodels.outbox_late import late_trouble
from haut_desktop.viewmodels.outbox_not_asked import with_cause
from haut_desktop.viewmodels.outbox_words import (
    Circumstances,
    batch_words,
    image_words,
    worst,
)
from haut_desktop.viewmodels.phrase import Phrase
from haut_desktop.viewmodels.words import count


class RowKind(StrEnum):
    """What a row stands for."""

    VISIT = "visit"
    BATCH = "batch"
    PICTURE = "picture"


class Deed(StrEnum):
    """What a person can do with a row."""

    RETRY = "retry"
    HOLD = "hold"
    RELEASE = "release"
    REOPEN = "reopen"
    SEND_NOW = "send-now"
    DECIDE = "decide"
    COMPUTE_AGAIN = "compute-again"
    RETRACT = "retract"
    ERASE = "erase"
    RECEIPTS = "receipts"


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """Everything that one row of the outbox shows, and what can be done with it."""

    id: str
    kind: RowKind
    title: str
    phrase: Phrase
    visit_id: VisitId
    batch_ids: tuple[BatchId, ...]
    """The batches that an action on this row is about."""
    progress: float | None
    """Share of the bytes that have left, 0…1; None when nothing is to be sent."""
    size_bytes: int
    since: datetime
    next_try: datetime | None = None
    trouble: Trouble | None = None
    facts: tuple[tuple[str, str], ...] = ()
    deeds: frozenset[Deed] = frozenset()
    held_registration: Registration | None = None
    """What a person must decide before the pictures can go."""
    children: tuple["OutboxRow", ...] = ()
    path: str = ""
    """What the row is about, from the subject down, for a question about it."""
    original_id: OriginalId | None = None
    """The picture that can be erased; only of a picture's row."""
    is_proven: bool = False
    """Whether there is a proof that the platform has the picture."""


_UNFINISHED = (BatchState.OPEN, BatchState.INITIATING, BatchState.SUBMITTING)
_UNDER_WAY = (BatchState.INITIATING, BatchState.SUBMITTING, BatchState.RETRACTING)
_SETTLED = (ImageState.SEALED, ImageState.STORED, ImageState.HELD)


def visit_row(
    delivery: VisitDelivery, around: Circumstances, sent: Mapping[ImageId, int]
) -> OutboxRow:
    """Put one visit with everything under it into rows; ``sent`` are bytes in flight by picture."""
    around = around.whose(delivery.tenant)
    children = tuple(_batch_row(delivery, batch, around, sent) for batch in delivery.batches)
    visit = delivery.visit
    deeds = frozenset[Deed]().union(*(child.deeds for child in children))
    title = _visit_title(delivery)
    return OutboxRow(
        id=visit.id,
        kind=RowKind.VISIT,
        title=title,
        path=title,
        phrase=worst([child.phrase for child in children]),
        visit_id=visit.id,
        batch_ids=tuple(batch.id for batch in delivery.batches),
        progress=_joint_progress(children),
        size_bytes=sum(child.size_bytes for child in children),
        since=visit.finished_at or visit.created_at,
        next_try=_earliest(child.next_try for child in children),
        trouble=next((child.trouble for child in children if child.trouble), None),
        facts=visit_facts(delivery, around),
        deeds=deeds | _rest_deeds(delivery, around) | {Deed.RECEIPTS},
        held_registration=next(
            (c.held_registration for c in children if c.held_registration is not None), None
        ),
        children=children,
    )


def _visit_title(delivery: VisitDelivery) -> str:
    return f"{delivery.subject_code or 'No subject yet'}  ·  {visit_title(delivery.visit)}"


def _batch_title(delivery: VisitDelivery, batch: Batch) -> str:
    words = count(len(batch.images), "picture") if batch.images else "Made elsewhere"
    if len(delivery.batches) == 1:
        return words
    return f"{batch_name(delivery.batches, batch.id).capitalize()}  ·  {words}"


def _batch_row(
    delivery: VisitDelivery, batch: Batch, around: Circumstances, sent: Mapping[ImageId, int]
) -> OutboxRow:
    registration = delivery.registration_for(batch)
    children = tuple(_image_row(delivery, batch, image, around, sent) for image in batch.images)
    title = _batch_title(delivery, batch)
    trouble = batch.waiting.trouble or next((c.trouble for c in children if c.trouble), None)
    if trouble is None and registration is not None:
        trouble = registration.waiting.trouble
    trouble = with_cause(trouble, batch, around, registration)
    kept = around.account_keeps(batch)
    if trouble is None and kept is not None:
        trouble = kept.trouble
    late = lateness(batch, around.now, is_computed=batch.id in delivery.computed)
    if trouble is None and late is not None:
        trouble = late_trouble(late, around.now, around.keeps(late))
    tries = [batch.waiting.retry_at, batch.not_before, *(i.waiting.retry_at for i in batch.images)]
    is_open = batch.state in _UNFINISHED
    words = batch_words(
        batch,
        around,
        registration,
        is_computed=batch.id in delivery.computed,
        recheck=delivery.rechecks.get(batch.id),
    )
    return OutboxRow(
        id=batch.id,
        kind=RowKind.BATCH,
        title=title,
        path=f"{_visit_title(delivery)}  ·  {title}",
        phrase=aged_batch(words, delivery, batch, around),
        visit_id=delivery.visit.id,
        batch_ids=(batch.id,),
        progress=_joint_progress(children) if is_open else None,
        size_bytes=sum(child.size_bytes for child in children),
        since=batch.submitted_at or since_when(delivery, batch),
        next_try=_next_try(tries, around.now, kept) if is_open else None,
        trouble=trouble or around.another_keeps(batch, delivery.study),
        facts=batch_facts(delivery, batch, around),
        deeds=_batch_deeds(batch, trouble, delivery),
        held_registration=_held_registration(batch, registration),
        children=children,
    )


def _image_row(
    delivery: VisitDelivery,
    batch: Batch,
    image: Image,
    around: Circumstances,
    sent: Mapping[ImageId, int],
) -> OutboxRow:
    size_bytes = image.rendition.digest.size_bytes
    is_taken_back = batch.state in TAKEN_BACK
    is_held = image.state is ImageState.HELD and not is_taken_back
    title = picture_words(image.side, image.light)
    words = image_words(image, is_taken_back=is_taken_back)
    return OutboxRow(
        id=image.id,
        kind=RowKind.PICTURE,
        title=title,
        path=f"{_visit_title(delivery)}  ·  {title}",
        original_id=image.rendition.original_id,
        is_proven=image.proof is not None,
        phrase=aged_image(words, delivery, batch, image, around),
        visit_id=delivery.visit.id,
        batch_ids=(batch.id,),
        progress=_share(image, sent.get(image.id, 0), size_bytes),
        size_bytes=size_bytes,
        since=image.proof.at if image.proof else since_when(delivery, batch),
        next_try=None if is_taken_back else image.waiting.retry_at,
        trouble=_image_trouble(image, batch),
        facts=image_facts(image, around),
        deeds=frozenset({Deed.RELEASE} if is_held else ()) | _erase_deeds(batch, image),
    )


def _image_trouble(image: Image, batch: Batch) -> Trouble | None:
    is_over = image.state in (ImageState.STORED, ImageState.ERASED)
    return None if is_over or batch.state is BatchState.RETRACTED else image.waiting.trouble


def _erase_deeds(batch: Batch, image: Image) -> frozenset[Deed]:
    """Only while the picture's fate is known; the record refuses it otherwise, too."""
    # what nobody knows of a batch that was taken back is written down there and settled by nobody
    is_known = image.held_from is not ImageState.UNSETTLED or batch.state is BatchState.RETRACTED
    is_settled = image.state in _SETTLED and is_known
    is_resting = batch.state not in _UNDER_WAY
    return frozenset({Deed.ERASE} if is_settled and is_resting else ())


def _share(image: Image, sent_bytes: int, size_bytes: int) -> float | None:
    if image.state is ImageState.STORED:
        return 1.0
    if image.state is ImageState.ERASED:
        return None
    return min(1.0, sent_bytes / size_bytes) if size_bytes else 0.0


def _joint_progress(children: tuple[OutboxRow, ...]) -> float | None:
    """By bytes; None when no child has anything to send."""
    parts = [(c.progress, c.size_bytes) for c in children if c.progress is not None]
    total = sum(weight for _, weight in parts)
    return sum(share * weight for share, weight in parts) / total if total else None


def _earliest(moments: Iterable[datetime | None]) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)


def _next_try(
    tries: Iterable[datetime | None], now: datetime, kept: Waiting | None
) -> datetime | None:
    """The earliest of its own times, but never before the account is looked at again."""
    own = _earliest(moment for moment in tries if moment and moment > now)
    if kept is None or kept.retry_at is None:
        return own
    return max(own or kept.retry_at, kept.retry_at)


def _rest_deeds(delivery: VisitDelivery, around: Circumstances) -> frozenset[Deed]:
    if not _can_reopen(delivery):
        return frozenset()
    rests = any(b.not_before is not None and b.not_before > around.now for b in delivery.batches)
    return frozenset({Deed.REOPEN, Deed.SEND_NOW} if rests else {Deed.REOPEN})


def _held_registration(batch: Batch, registration: Registration | None) -> Registration | None:
    is_held = registration is not None and registration.state is RegistrationState.HELD
    return registration if is_held and batch.state in _UNFINISHED else None


def _can_reopen(delivery: VisitDelivery) -> bool:
    """Only while nothing of the visit was ever started on the platform, or it was taken back."""
    return bool(delivery.batches) and all(
        batch.state is BatchState.RETRACTED or not _may_have_left(batch, delivery)
        for batch in delivery.batches
    )


def _may_have_left(batch: Batch, delivery: VisitDelivery) -> bool:
    return batch.has_left or batch.id in delivery.begun


def _batch_deeds(batch: Batch, trouble: Trouble | None, delivery: VisitDelivery) -> frozenset[Deed]:
    if batch.retraction is not None or batch.state in TAKEN_BACK:
        return _retraction_deeds(batch)
    deeds = _going_deeds(batch, trouble, delivery)
    # what can be reopened need not be taken back
    can_be_taken_back = batch.images and _may_have_left(batch, delivery)
    return deeds | {Deed.RETRACT} if can_be_taken_back else deeds


def _retraction_deeds(batch: Batch) -> frozenset[Deed]:
    if batch.state is BatchState.HELD:
        return frozenset({Deed.RELEASE})
    is_waiting = batch.state is BatchState.RETRACTING and batch.waiting.trouble is not None
    return frozenset({Deed.RETRY} if is_waiting else ())


def _going_deeds(batch: Batch, trouble: Trouble | None, delivery: VisitDelivery) -> frozenset[Deed]:
    registration = delivery.registration_for(batch)
    is_held = batch.state is BatchState.HELD or any(
        image.state is ImageState.HELD for image in batch.images
    )
    if is_held:
        is_unknown = batch.held_from is BatchState.SUBMITTING
        return frozenset({Deed.COMPUTE_AGAIN} if is_unknown else {Deed.RELEASE})
    if batch.state not in _UNFINISHED:
        return frozenset({Deed.RETRY} if trouble else ())  # its results are late
    if _held_registration(batch, registration) is not None:
        return frozenset({Deed.DECIDE})
    return frozenset({Deed.HOLD, Deed.RETRY} if trouble else {Deed.HOLD})
