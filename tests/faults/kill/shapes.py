"""The visits that are killed: how many pictures, by which route, with or without a network."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from haut_desktop.domain.delivery import RetryPolicy, Route
from haut_desktop.domain.study import DEFAULT_SHOTS, Shot
from haut_desktop.services.results import Pace
from haut_desktop.workplace import Pacing


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of visit."""

    name: str
    route: Route
    pictures: int
    is_offline: bool = False
    """Registered, taken in and finished without a network, which comes back then."""

    @property
    def shots(self) -> tuple[Shot, ...]:
        """What the plan asks for."""
        return DEFAULT_SHOTS[: self.pictures]

    def files(self, folder: Path) -> list[Path]:
        """The pictures that are dropped, from among those in ``folder``."""
        return [folder / f"{shot.side}.jpg" for shot in self.shots]


SHAPES: Final = (
    Shape("3 signed pictures", Route.SIGNED, 3),
    Shape("2 inline pictures", Route.INLINE, 2),
    Shape("offline registration", Route.SIGNED, 3, is_offline=True),
)

PACING: Final = Pacing(
    retry=RetryPolicy(delays_s=(0.05, 0.2, 1.0), jitter=0.0),
    quiet_s=1.0,
    second_look_s=0.2,
    quiet_registration_s=1.0,
    settling_s=3.0,
    settle_again_s=0.2,
    results=Pace(first_s=0.05, slowest_s=0.2),
)
"""Quick; quiet times longer than the practice platform needs for a request that is under way."""
