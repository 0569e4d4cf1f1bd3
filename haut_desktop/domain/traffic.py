"""When and how fast the station may send: rules that a person sets, kept in the record."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

SLOWEST_LIMIT: Final = 50_000
"""Bytes per second; a slower line would keep the platform waiting for longer than it does."""


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

    def __post_init__(self) -> None:
        """Refuse a limit that would never let a picture arrive; raises ValueError."""
        if self.most_bytes_per_s is not None and self.most_bytes_per_s < SLOWEST_LIMIT:
            raise ValueError(f"a limit is at least {SLOWEST_LIMIT} bytes per second")

    def opens_at(self, now: datetime, zone: str) -> datetime | None:
        """When sending may begin again by the window; None while it may."""
        return self.window.opens_at(now, zone) if self.window else None
