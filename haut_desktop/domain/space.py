"""Room on the station's disk: how little is a warning, and how little stops the intake."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from haut_desktop.domain.study import Site, Station

MIB: Final = 1024**2
GIB: Final = 1024**3
LOWEST_LIMIT_BYTES: Final = 64 * MIB
"""Less than this leaves no room for the picture in hand, its note and the log of the database."""


class SpaceLevel(StrEnum):
    """How much room there is, by the station's limits."""

    AMPLE = "ample"
    LOW = "low"
    """Time to make room."""
    STOPPED = "stopped"
    """No further picture is taken in; what is sealed goes on being sent."""


@dataclass(frozen=True, slots=True)
class SpaceLimits:
    """Free bytes below which the station warns, and below which it takes no picture in."""

    warn_below_bytes: int = GIB
    stop_below_bytes: int = GIB // 2

    def problem(self) -> str:
        """Say in words why these limits would protect nothing; empty when they do."""
        if self.stop_below_bytes < LOWEST_LIMIT_BYTES:
            return (
                f"Intake must stop while {megabytes(LOWEST_LIMIT_BYTES)} are free: less leaves no "
                "room for the picture in hand. Choose that much or more."
            )
        if self.warn_below_bytes < self.stop_below_bytes:
            return (
                "The warning would come after the intake has stopped. Choose at least "
                f"{megabytes(self.stop_below_bytes)} for the warning, or stop later."
            )
        return ""

    def level(self, free_bytes: int) -> SpaceLevel:
        """Judge so many free bytes."""
        if free_bytes < self.stop_below_bytes:
            return SpaceLevel.STOPPED
        return SpaceLevel.LOW if free_bytes < self.warn_below_bytes else SpaceLevel.AMPLE


@dataclass(frozen=True, slots=True)
class Room:
    """What the disk had at one moment, and the limits it was judged by."""

    free_bytes: int
    limits: SpaceLimits

    @property
    def level(self) -> SpaceLevel:
        """How much that is."""
        return self.limits.level(self.free_bytes)


@dataclass(frozen=True, slots=True)
class StationFacts:
    """What a person may want to know of the computer in front of them."""

    site: Site
    station: Station
    room: Room


def megabytes(size_bytes: int) -> str:
    """Say a size in the unit in which the limits are set, e.g. ``1,024 MB``; rounded down."""
    return f"{size_bytes // MIB:,} MB"
