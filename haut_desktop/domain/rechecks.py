"""What the platform said when it was asked again for what it had confirmed."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from haut_desktop.domain.ids import BatchId
from haut_desktop.domain.overviews import Whereabouts
from haut_desktop.domain.verification import Difference

GONE: Final = frozenset({"batch-not-on-platform", "not-on-platform", "bytes-not-on-platform"})
"""Kinds of difference that deletion on the platform explains, by a rule of it or by a person."""


@dataclass(frozen=True, slots=True)
class Recheck:
    """A batch for which the platform was asked again."""

    batch_id: BatchId
    at: datetime
    pictures: int
    """Confirmed pictures that it was asked for."""
    differences: tuple[Difference, ...] = ()
    program: str = ""
    """The program's version whose first upload it was; empty for any other batch."""

    @property
    def is_gone(self) -> bool:
        """Whether all that differs is that something is not there any more."""
        return bool(self.differences) and all(one.kind in GONE for one in self.differences)


@dataclass(frozen=True, slots=True)
class Finding:
    """A recheck that differs, as it is told to a person."""

    recheck: Recheck
    place: Whereabouts
    has_results: bool
    """Whether its results are complete here: they stay when pictures are deleted there."""


@dataclass(frozen=True, slots=True)
class Program:
    """The version of the program that works in the record."""

    version: str
    since: datetime
    """When it began here; what was delivered before is another version's."""
    is_verified: bool = False
    """Whether its first upload was read back."""


@dataclass(slots=True)
class Round:
    """One day's asking, which may be interrupted and goes on where it stopped."""

    batches: int = 0
    pictures: int = 0
    differing: int = 0
    """Batches of which something is not as it was confirmed."""
    skipped: set[BatchId] = field(default_factory=set)
    """Batches for which the platform could not be asked; they come with the next round."""

    def add(self, pictures: int, differences: Iterable[Difference]) -> None:
        """One more batch was asked for."""
        self.batches += 1
        self.pictures += pictures
        self.differing += any(True for _ in differences)

    def __str__(self) -> str:
        words = f"batches {self.batches}, pictures {self.pictures}, differing {self.differing}"
        return f"{words}, not asked {len(self.skipped)}"
