"""Taking a batch back: why, since when, and what the platform keeps of it nevertheless.

The station deletes nothing on the platform. What is left there is written down with the batch, so
that a person can have it removed in the web portal.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from haut_desktop.domain.ids import OperatorId, PlatformBatchId, PlatformImageId


class Computed(StrEnum):
    """Whether the platform has computed, or will compute, something that is left on it."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Remnant:
    """One batch of the platform that is left of a retracted one, or the doubt that one may be."""

    platform_id: PlatformBatchId
    """Empty for a doubt: what may be there was sent before the record was lost."""
    pictures: tuple[PlatformImageId, ...] = ()
    """As the platform lists them; also places that were never filled."""
    computed: Computed = Computed.UNKNOWN

    @property
    def is_doubt(self) -> bool:
        """Whether only a person can find out if anything is there."""
        return not self.platform_id

    def in_words(self) -> str:
        """Say it in one line, e.g. ``batch 7f3… (2 pictures, computed)``."""
        if self.is_doubt:
            return (
                "perhaps pictures that were sent before the station's record was lost: look at the "
                "subject in the web portal"
            )
        number = len(self.pictures)
        pictures = f"{number} picture{'' if number == 1 else 's'}" if number else "no picture"
        return f"batch {self.platform_id} ({pictures}, {_COMPUTED[self.computed]})"


MAY_BE_THERE: Final = Remnant(PlatformBatchId(""))
"""Left of a batch with pictures of which nobody knows whether they were sent before."""

_COMPUTED = {
    Computed.YES: "computed",
    Computed.NO: "not computed",
    Computed.UNKNOWN: "perhaps computed",
}


@dataclass(frozen=True, slots=True)
class Retraction:
    """A person's act: a batch is taken back; from ``asked_at`` on nothing of it is begun."""

    reason: str
    asked_at: datetime
    operator_id: OperatorId | None = None
    ended_at: datetime | None = None
    """When everything that was in flight was settled and the platform had been asked."""
    left: tuple[Remnant, ...] = ()
    """What is left on the platform; told once the retraction has ended."""

    def left_in_words(self) -> str:
        """What is left on the platform in one line; empty while that is being asked for."""
        return left_in_words(self.left) if self.ended_at is not None else ""


def left_in_words(left: Iterable[Remnant]) -> str:
    """Say what is left on the platform, in one line."""
    return "; ".join(remnant.in_words() for remnant in left) or "nothing"
