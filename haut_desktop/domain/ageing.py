"""Promises that take longer than they should: derived from age, never a state of their own."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from haut_desktop.domain.delivery import BatchState, ImageState
from haut_desktop.domain.imaging import Batch

NOT_COMPUTED_AFTER_S: Final = 900.0
"""So long after its last picture arrived, a batch that nobody computes is late."""
NO_RESULTS_AFTER_S: Final = 600.0
"""So long after the analysis was asked for, results that are not complete are late."""


class LateKind(StrEnum):
    """What has not happened yet."""

    NOT_COMPUTED = "not-computed"
    """Every picture is proven to be there, the analysis is not asked for."""
    NO_RESULTS = "no-results"
    """The analysis was asked for, the results are not complete."""


@dataclass(frozen=True, slots=True)
class Late:
    """Something that should have happened by now."""

    kind: LateKind
    since: datetime
    """When the step before it was done; its age counts from here."""


def lateness(batch: Batch, now: datetime, *, is_computed: bool = False) -> Late | None:
    """Say what of ``batch`` is late; None for what is in time, held, taken back or from elsewhere.

    ``is_computed`` says that its results are complete.
    """
    if not batch.images or batch.retraction is not None:
        return None
    if batch.state is BatchState.SUBMITTED and batch.submitted_at is not None:
        found = Late(LateKind.NO_RESULTS, batch.submitted_at)
        return found if not is_computed and now >= found.since + _NO_RESULTS else None
    if batch.state not in (BatchState.OPEN, BatchState.SUBMITTING):
        return None
    arrived_at = _all_arrived_at(batch)
    if arrived_at is None or now < arrived_at + _NOT_COMPUTED:
        return None
    return Late(LateKind.NOT_COMPUTED, arrived_at)


def late_before(now: datetime) -> dict[LateKind, datetime]:
    """The moments before which the step before must have been done for something to be late."""
    return {
        LateKind.NOT_COMPUTED: now - _NOT_COMPUTED,
        LateKind.NO_RESULTS: now - _NO_RESULTS,
    }


def _all_arrived_at(batch: Batch) -> datetime | None:
    """When the last picture arrived that is to be computed; None while one is missing."""
    left = [image for image in batch.images if image.state is not ImageState.ERASED]
    if any(image.state is not ImageState.STORED for image in left):
        return None
    return max((image.proof.at for image in left if image.proof is not None), default=None)


_NOT_COMPUTED: Final = timedelta(seconds=NOT_COMPUTED_AFTER_S)
_NO_RESULTS: Final = timedelta(seconds=NO_RESULTS_AFTER_S)
