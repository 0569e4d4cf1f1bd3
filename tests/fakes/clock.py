"""A clock that stands still until a test moves it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 1, 9, 12, 44, 500000, tzinfo=UTC)


@dataclass
class FakeClock:
    """Gives the same moment until it is advanced; call it like ``domain.clock.Clock``."""

    now: datetime = START

    def __call__(self) -> datetime:
        """Give the moment."""
        return self.now

    def advance(self, seconds: float) -> datetime:
        """Let time pass, or with negative seconds jump back."""
        self.now += timedelta(seconds=seconds)
        return self.now
