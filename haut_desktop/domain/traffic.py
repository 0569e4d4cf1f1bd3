"""When and how fast the station may send, and after which rest: rules that a person sets."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from haut_desktop.domain.study import ImagingPlan

SLOWEST_LIMIT: Final = 50_000
"""Bytes per second; a slower line would keep the platform waiting for longer than it does."""

LONGEST_REST: Final = timedelta(minutes=60)
"""The longest rest of a finished visit that a person can set."""


@dataclass(frozen=True, slots=True)
class Window:
    """The time of day at the site in which sending may begin; it may go over midnight."""

    begins: time
    ends: time

    def __post_init__(self) -> None:
        """Refuse a window that is never, or always, open; raises ValueError."""
        if self.begins == self.ends:
            raise ValueError("a window that begins when it ends says nothing")

    def opens_at(self, now: datetime, zone: str) -> datetime | None:
        """When it opens next, in UTC; None while it is open. ``zone`` is the site's IANA zone."""
        here = now.astimezone(ZoneInfo(zone))
        if self._holds(here.time()):
            return None
        is_today = here.time() < self.begins
        day = here.date() if is_today else here.date() + timedelta(days=1)
        # an hour that the change to summer time skips opens when the clock has passed it; of one
        # that the change back repeats the first pass may be over
        begins = self.begins.replace(fold=here.fold if is_today else 0)
        return datetime.combine(day, begins, here.tzinfo).astimezone(UTC)

    def _holds(self, at: time) -> bool:
        if self.begins < self.ends:
            return self.begins <= at < self.ends
        return at >= self.begins or at < self.ends


@dataclass(frozen=True, slots=True)
class SendingRules:
    """What a person has set; without any rule everything is sent as soon and as fast as it goes."""

    is_paused: bool = False
    most_bytes_per_s: int | None = None
    """Of all uploads together."""
    window: Window | None = None
    rest_minutes: int | None = None
    """How long a finished visit rests before it is sent; None is as long as its study's plan says.
    It holds for visits that are finished from then on."""

    def __post_init__(self) -> None:
        """Refuse a limit that would never let a picture arrive, or a rest; raises ValueError."""
        if self.most_bytes_per_s is not None and self.most_bytes_per_s < SLOWEST_LIMIT:
            raise ValueError(f"a limit is at least {SLOWEST_LIMIT} bytes per second")
        if self.rest_minutes is not None and not (
            timedelta() <= timedelta(minutes=self.rest_minutes) <= LONGEST_REST
        ):
            raise ValueError("a finished visit rests for 0 to 60 minutes")

    def opens_at(self, now: datetime, zone: str) -> datetime | None:
        """When sending may begin again by the window; None while it may."""
        return self.window.opens_at(now, zone) if self.window else None

    def rest(self, plan: ImagingPlan) -> timedelta:
        """How long what is finished now, or retaken, rests in a study with this plan."""
        if self.rest_minutes is None:
            return timedelta(seconds=plan.resting_s)
        return timedelta(minutes=self.rest_minutes)
