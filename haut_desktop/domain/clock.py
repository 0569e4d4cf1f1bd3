"""The one way to ask for the time, so that tests and clock jumps are the same thing."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Gives the present moment as an aware UTC datetime."""


def system_clock() -> datetime:
    """Read the station's own clock."""
    return datetime.now(UTC)
