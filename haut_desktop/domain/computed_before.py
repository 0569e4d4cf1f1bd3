"""Pictures that an earlier batch had computed, or may have: only a person sends them once more."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from haut_desktop.domain.errors import ItemError
from haut_desktop.domain.ids import BatchId
from haut_desktop.domain.imaging import Batch
from haut_desktop.domain.retraction import Computed


@dataclass(frozen=True, slots=True)
class ComputedBefore:
    """What an earlier batch says of a picture that is to go now."""

    sha256: str
    """Of the picture as it is delivered: another take of the same bytes is the same picture."""
    batch_id: BatchId
    """The earlier batch: taken back, or the picture was erased after it had left."""
    computed: Computed
    """YES or UNKNOWN."""
    at: datetime | None = None
    """When the earlier batch's computation was asked for; None where nothing says so."""


class ComputedAlreadyError(ItemError):
    """Pictures that would be computed a second time, and nobody has said that they shall be."""

    default_title = "Computed already"
    default_message = (
        "A picture was computed already, or may have been, and would be computed once more. "
        "Nothing was changed and nothing goes. If it shall be computed again, finish an open visit "
        "with it, and say there why."
    )

    def __init__(self, before: Iterable[ComputedBefore]) -> None:
        super().__init__()
        self.before = tuple(before)


def with_reason(
    batches: Iterable[Batch], before: Iterable[ComputedBefore], again: str
) -> tuple[Batch, ...]:
    """Give the reason to those batches of which something was computed before.

    Raises ComputedAlreadyError where there is something and no reason.
    """
    before = tuple(before)
    if before and not again.strip():
        raise ComputedAlreadyError(before)
    known = {one.sha256 for one in before}
    return tuple(
        replace(batch, again=again.strip()) if hashes_of([batch]) & known else batch
        for batch in batches
    )


def hashes_of(batches: Iterable[Batch]) -> frozenset[str]:
    """Give the SHA-256 of every picture of the batches."""
    return frozenset(image.rendition.digest.sha256 for batch in batches for image in batch.images)
