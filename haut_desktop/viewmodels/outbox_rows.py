"""The outbox as rows: a visit opens to its batches, a batch to its pictures."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from haut_desktop.domain.delivery import BatchState, ImageState, RegistrationState, Trouble
from haut_desktop.domain.ids import BatchId, ImageId, VisitId
from haut_desktop.domain.imaging import Batch, Image
from haut_desktop.domain.outbox import VisitDelivery
from haut_desktop.domain.subjects import Registration
from haut_desktop.viewmodels.outbox_words import (
    PROOFS,
    Circumstances,
    batch_words,
    image_words,
    side_words,
    worst,
)
from haut_desktop.viewmodels.phrase import Phrase
from haut_desktop.viewmodels.words import clock_time, count, day, size


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


_UNFINISHED = (BatchState.OPEN, BatchState.INITIATING, BatchState.SUBMITTING)


def visit_row(
    delivery: VisitDelivery, around: Circumstances, sent: Mapping[ImageId, int]
) -> OutboxRow:
    """Put one visit with everything under it into rows; ``sent`` are bytes in flight by picture."""
    children = tuple(_batch_row(delivery, batch, around, sent) for batch in delivery.batches)
    visit = delivery.visit
    repeat = f" ({visit.occurrence})" if visit.occurrence > 1 else ""
    deeds = frozenset[Deed]().union(*(child.deeds for child in children))
    return OutboxRow(
        id=visit.id,
        kind=RowKind.VISIT,
        title=f"{delivery.subject_code or 'No subject yet'}  ·  {visit.name}{repeat}",
        phrase=worst([child.phrase for child in children]),
        visit_id=visit.id,
        batch_ids=tuple(batch.id for batch in delivery.batches),
        progress=_joint_progress(children),
        size_bytes=sum(child.size_bytes for child in children),
        since=visit.finished_at or visit.created_at,
        next_try=_earliest(child.next_try for child in children),
        trouble=next((child.trouble for child in children if child.trouble), None),
        facts=_visit_facts(delivery, around),
        deeds=deeds | _rest_deeds(delivery, around),
        held_registration=next(
            (c.held_registration for c in children if c.held_registration is not None), None
        ),
        children=children,
    )


def _batch_row(
    delivery: VisitDelivery, batch: Batch, around: Circumstances, sent: Mapping[ImageId, int]
) -> OutboxRow:
    registration = delivery.registration_for(batch)
    children = tuple(_image_row(delivery, batch, image, around, sent) for image in batch.images)
    trouble = batch.waiting.trouble or next((c.trouble for c in children if c.trouble), None)
    if trouble is None and registration is not None:
        trouble = registration.waiting.trouble
    tries = [batch.waiting.retry_at, batch.not_before, *(i.waiting.retry_at for i in batch.images)]
    is_open = batch.state in _UNFINISHED
    return OutboxRow(
        id=batch.id,
        kind=RowKind.BATCH,
        title=count(len(batch.images), "picture") if batch.images else "Made elsewhere",
        phrase=batch_words(batch, around, registration, is_computed=batch.id in delivery.computed),
        visit_id=delivery.visit.id,
        batch_ids=(batch.id,),
        progress=_joint_progress(children) if is_open else None,
        size_bytes=sum(child.size_bytes for child in children),
        since=batch.submitted_at or batch.created_at,
        next_try=_earliest(t for t in tries if t and t > around.now) if is_open else None,
        trouble=trouble,
        facts=_batch_facts(batch, around),
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
    light = "" if image.light == "regular" else f", {image.light.replace('_', ' ')} light"
    is_held = image.state is ImageState.HELD
    return OutboxRow(
        id=image.id,
        kind=RowKind.PICTURE,
        title=f"{side_words(image.side)}{light}",
        phrase=image_words(image),
        visit_id=delivery.visit.id,
        batch_ids=(batch.id,),
        progress=_share(image, sent.get(image.id, 0), size_bytes),
        size_bytes=size_bytes,
        since=image.proof.at if image.proof else batch.created_at,
        next_try=image.waiting.retry_at,
        trouble=image.waiting.trouble if image.state is not ImageState.STORED else None,
        facts=_image_facts(image, around),
        deeds=frozenset({Deed.RELEASE}) if is_held else frozenset(),
    )


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


def _rest_deeds(delivery: VisitDelivery, around: Circumstances) -> frozenset[Deed]:
    if not _can_reopen(delivery):
        return frozenset()
    rests = any(b.not_before is not None and b.not_before > around.now for b in delivery.batches)
    return frozenset({Deed.REOPEN, Deed.SEND_NOW} if rests else {Deed.REOPEN})


def _held_registration(batch: Batch, registration: Registration | None) -> Registration | None:
    is_held = registration is not None and registration.state is RegistrationState.HELD
    return registration if is_held and batch.state in _UNFINISHED else None


def _can_reopen(delivery: VisitDelivery) -> bool:
    """Only while nothing of the visit was ever started on the platform."""
    return bool(delivery.batches) and all(
        batch.state is BatchState.OPEN
        and batch.platform_id is None
        and not batch.abandoned
        and all(image.state is ImageState.SEALED for image in batch.images)
        for batch in delivery.batches
    )


def _batch_deeds(batch: Batch, trouble: Trouble | None, delivery: VisitDelivery) -> frozenset[Deed]:
    registration = delivery.registration_for(batch)
    is_held = batch.state is BatchState.HELD or any(
        image.state is ImageState.HELD for image in batch.images
    )
    if is_held:
        is_unknown = batch.held_from is BatchState.SUBMITTING
        return frozenset({Deed.COMPUTE_AGAIN} if is_unknown else {Deed.RELEASE})
    if batch.state not in _UNFINISHED:
        return frozenset()
    if _held_registration(batch, registration) is not None:
        return frozenset({Deed.DECIDE})
    return frozenset({Deed.HOLD, Deed.RETRY} if trouble else {Deed.HOLD})


# ---- facts for the panel -------------------------------------------------------------------


def _visit_facts(delivery: VisitDelivery, around: Circumstances) -> tuple[tuple[str, str], ...]:
    visit = delivery.visit
    pictures = sum(len(batch.images) for batch in delivery.batches)
    facts = [("Visit date", f"{visit.local_date:%d %b %Y}"), ("Pictures", str(pictures))]
    if visit.finished_at is not None:
        facts.append(("Finished", _moment(visit.finished_at, around)))
    return tuple(facts)


def _batch_facts(batch: Batch, around: Circumstances) -> tuple[tuple[str, str], ...]:
    stored = sum(image.state is ImageState.STORED for image in batch.images)
    facts = [("Arrived", f"{stored} of {len(batch.images)}")]
    if batch.waiting.attempt:
        facts.append(("Tries so far", str(batch.waiting.attempt)))
    if batch.waiting.retry_at is not None and batch.waiting.retry_at > around.now:
        facts.append(("Next try", _moment(batch.waiting.retry_at, around)))
    if batch.abandoned:
        facts.append(("Started anew", f"{batch.abandoned}×, the addresses had expired"))
    if batch.submitted_at is not None:
        facts.append(("Analysis asked for", _moment(batch.submitted_at, around)))
    if batch.platform_id is not None:
        facts.append(("Number on the platform", batch.platform_id))
    return tuple(facts)


def _image_facts(image: Image, around: Circumstances) -> tuple[tuple[str, str], ...]:
    facts = [("Size", size(image.rendition.digest.size_bytes))]
    if image.waiting.attempt:
        facts.append(("Tries so far", str(image.waiting.attempt)))
    if image.proof is not None:
        facts.append(("Arrived", _moment(image.proof.at, around)))
        facts.append(("Proof", PROOFS[image.proof.kind]))
    facts.append(("SHA-256", f"{image.rendition.digest.sha256[:16]}…"))
    return tuple(facts)


def _moment(moment: datetime, around: Circumstances) -> str:
    return f"{day(moment, around.zone)}, {clock_time(moment, around.zone)}"
