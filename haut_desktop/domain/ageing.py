"""Promises that take longer than they should: derived from age, never a state of their own."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from haut_desktop.domain.delivery import BatchState, ImageState, RegistrationState, State
from haut_desktop.domain.imaging import Batch

NOT_COMPUTED_AFTER_S: Final = 900.0
"""So long after its last picture arrived, a batch that nobody computes is late."""
NO_RESULTS_AFTER_S: Final = 600.0
"""So long after the analysis was asked for, results that are not complete are late."""


WAITS_LONG_AFTER_S: Final = 3600.0
"""So long after it was to go, what has not gone is a warning, whatever keeps it."""
OVERDUE_AFTER_S: Final = 86_400.0
"""So long after that, whatever has not come to its end needs somebody who looks at it."""


@dataclass(frozen=True, slots=True)
class AgeRule:
    """From which age on something that has not come to its end is a warning, and an alarm."""

    warns_after_s: float = WAITS_LONG_AFTER_S
    alarms_after_s: float = OVERDUE_AFTER_S


_AT_ONCE: Final = AgeRule(0.0)
_FOR_A_PERSON: Final = AgeRule(0.0, 0.0)

AGE_RULES: Final[Mapping[State, AgeRule | None]] = {
    ImageState.SEALED: AgeRule(),
    ImageState.UPLOADING: AgeRule(),
    ImageState.UNSETTLED: _AT_ONCE,
    ImageState.STORED: None,
    ImageState.HELD: _FOR_A_PERSON,
    ImageState.ERASED: None,
    BatchState.OPEN: AgeRule(),
    BatchState.INITIATING: AgeRule(),
    BatchState.SUBMITTING: AgeRule(NOT_COMPUTED_AFTER_S),
    BatchState.SUBMITTED: AgeRule(NO_RESULTS_AFTER_S),
    BatchState.RETRACTING: _AT_ONCE,
    BatchState.RETRACTED: None,
    BatchState.HELD: _FOR_A_PERSON,
    RegistrationState.DRAFT: AgeRule(),
    RegistrationState.REGISTERING: AgeRule(),
    RegistrationState.REGISTERED: None,
    RegistrationState.HELD: _FOR_A_PERSON,
}
"""Every state's rule; None for one in which there is nothing left to wait for.

A submitted batch waits for its results; a picture that is erased may still lie on the disk.
"""
ERASING: Final = AgeRule()
"""The rule of an erased picture's file that is still on the disk."""
UNPLACED: Final = _AT_ONCE
"""The rule of a sealed picture of which nobody has said whose it is."""


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


def unsent_after_s(opens_at: datetime | None, *, is_kept_back: bool) -> float:
    """So long after it was to go, what was not sent is late; the sending times alone keep it a day.

    Nobody is warned of what waits for the time of day that somebody chose, ``opens_at``, unless
    something else keeps it back as well: a pause, or the account.
    """
    waits_for_window = opens_at is not None and not is_kept_back
    rule = AGE_RULES[BatchState.OPEN] or AgeRule()
    return rule.alarms_after_s if waits_for_window else rule.warns_after_s


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
