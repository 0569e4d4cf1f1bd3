"""What ``list`` tells of one visit, registration or picture: the keys of its JSON."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from haut_desktop.domain.ageing import lateness
from haut_desktop.domain.ids import BatchId
from haut_desktop.domain.imaging import Batch
from haut_desktop.domain.outbox import AbandonedBatch, OpenRegistration, VisitDelivery
from haut_desktop.domain.retraction import Retraction
from haut_desktop.domain.study import Study
from haut_desktop.domain.words import TAKEN_BACK
from haut_desktop.store.rebuilt import HeldPicture
from haut_desktop.viewmodels.outbox_ages import aged_batch, aged_registration, since_when
from haut_desktop.viewmodels.outbox_late import late_trouble
from haut_desktop.viewmodels.outbox_words import (
    Circumstances,
    batch_words,
    image_words,
    registration_words,
    whose_trouble,
)

Abandoned = Mapping[BatchId, Sequence[AbandonedBatch]]
"""What was left behind on the platform, by our batch."""


def visit_row(
    delivery: VisitDelivery, study: Study, around: Circumstances, abandoned: Abandoned
) -> dict[str, Any]:
    """One visit with its batches and their pictures."""
    visit, around = delivery.visit, around.whose(delivery.tenant)
    return {
        "visit_id": visit.id,
        "subject": delivery.subject_code,
        "visit": visit.name,
        "occurrence": visit.occurrence,
        "date": visit.local_date.isoformat(),
        "finished_at": visit.finished_at,
        "study": study.name,
        "server": study.server,
        "company_id": study.company_id,
        "batches": [
            _batch(delivery, batch, around, abandoned.get(batch.id, ()))
            for batch in delivery.batches
        ],
    }


def _batch(
    delivery: VisitDelivery, batch: Batch, around: Circumstances, left: Sequence[AbandonedBatch]
) -> dict[str, Any]:
    trouble = batch.waiting.trouble or around.another_keeps(batch, delivery.study)
    words = batch_words(
        batch,
        around,
        delivery.registration_for(batch),
        is_computed=batch.id in delivery.computed,
        recheck=delivery.rechecks.get(batch.id),
    )
    return {
        "batch_id": batch.id,
        "platform_id": batch.platform_id,
        "route": batch.route,
        "state": batch.state,
        "words": aged_batch(words, delivery, batch, around).text,
        "reason": trouble.message if trouble else "",
        "late": _late(delivery, batch, around.now),
        "next_try_at": batch.waiting.retry_at,
        "created_at": batch.created_at,
        "submitted_at": batch.submitted_at,
        "due_at": since_when(delivery, batch),
        "age_s": max(0, _age_s(since_when(delivery, batch), around)),
        "supersedes": batch.supersedes,
        "retraction": _retraction(batch.retraction),
        "abandoned": [_abandoned(one, around) for one in left],
        "images": [
            {
                "image_id": image.id,
                "original_id": image.rendition.original_id,
                "platform_id": image.platform_id,
                "side": image.side,
                "name": image.name,
                "state": image.state,
                "words": image_words(image, is_taken_back=batch.state in TAKEN_BACK).text,
                "reason": image.waiting.trouble.message if image.waiting.trouble else "",
                "proof": image.proof.kind if image.proof else "",
            }
            for image in batch.images
        ],
    }


def _abandoned(left: AbandonedBatch, around: Circumstances) -> dict[str, Any]:
    return {
        "platform_id": left.platform_id,
        "state": "ABANDONED",
        "reason": left.reason,
        "at": left.at,
        "age_s": _age_s(left.at, around),
        "images": [
            {"image_id": image_id, "platform_id": platform_id}
            for image_id, platform_id in left.images
        ],
    }


def registration_row(found: OpenRegistration, around: Circumstances) -> dict[str, Any]:
    """One subject that the platform does not know yet."""
    registration, around = found.registration, around.whose(found.tenant)
    trouble = registration.waiting.trouble
    words = registration_words(registration, around)
    if trouble is None and around.needs is not None:
        trouble = whose_trouble(found.study, around.needs)
    return {
        "registration_id": registration.id,
        "subject_id": registration.subject_id,
        "subject": found.subject_code,
        "study": found.study,
        "server": found.tenant.server,
        "company_id": found.tenant.company_id,
        "state": registration.state,
        "words": aged_registration(words, found, around.now).text,
        "reason": trouble.message if trouble else "",
        "next_try_at": registration.waiting.retry_at,
        "created_at": found.created_at,
        "age_s": _age_s(found.created_at, around),
    }


def held_picture_row(held: HeldPicture) -> dict[str, Any]:
    """One sealed picture of which a person must say whose it is."""
    return {
        "original_id": held.original.id,
        "reason": held.reason,
        "claim": dict(held.claim),
        "since": held.since,
    }


def _age_s(since: datetime, around: Circumstances) -> int:
    return int((around.now - since).total_seconds())


def _late(delivery: VisitDelivery, batch: Batch, now: datetime) -> dict[str, Any] | None:
    late = lateness(batch, now, is_computed=batch.id in delivery.computed)
    if late is None:
        return None
    return {
        "kind": late.kind,
        "since": late.since,
        "age_s": int((now - late.since).total_seconds()),
        "words": late_trouble(late, now).message,
    }


def _retraction(retraction: Retraction | None) -> dict[str, Any] | None:
    if retraction is None:
        return None
    return {
        "reason": retraction.reason,
        "asked_at": retraction.asked_at,
        "ended_at": retraction.ended_at,
        "left_on_platform": retraction.left,
        "words": retraction.left_in_words(),
    }
