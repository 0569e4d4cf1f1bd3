"""A link's arithmetic, with no socket and no clock: when may bytes go, when do they arrive."""

import math
from dataclasses import dataclass
from typing import Final

QUEUE_S: Final = 0.02
"""Seconds of bytes that may stand before the line: its loop may be late by so much unpunished."""
TURN_S: Final = 0.002
"""Seconds of the line that one connection gets at a time."""
SMALLEST_TURN_BYTES: Final = 1500
LARGEST_TURN_BYTES: Final = 256 * 1024
SMALLEST_WINDOW_BYTES: Final = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Shape:
    """How fast a link is in each direction, and how far."""

    bits_per_s: float = math.inf
    round_trip_s: float = 0.0

    def __str__(self) -> str:
        if self == UNSHAPED:
            return "unshaped"
        rate = self.bits_per_s / 1e6
        speed = f"{rate:g} Mbit/s" if rate < 1000 else f"{rate / 1000:g} Gbit/s"
        return f"{speed} & {self.round_trip_s * 1000:g} ms"

    @property
    def bytes_per_s(self) -> float:
        """The same rate in bytes."""
        return self.bits_per_s / 8


UNSHAPED: Final = Shape()
"""As fast and as near as the proxy itself."""


class OneWay:
    """One direction of a link: bytes go one after another at the rate, then travel half a trip."""

    def __init__(self, shape: Shape = UNSHAPED) -> None:
        self.shape = shape
        self.carried_bytes = 0
        self._free_at_s = -math.inf

    @property
    def turn_bytes(self) -> int:
        """How many bytes a connection may send before others have their turn."""
        if math.isinf(self.shape.bits_per_s):
            return LARGEST_TURN_BYTES
        wanted = int(self.shape.bytes_per_s * TURN_S)
        return max(SMALLEST_TURN_BYTES, min(LARGEST_TURN_BYTES, wanted))

    @property
    def window_bytes(self) -> int:
        """How many bytes of one connection may be under way: more than the line ever holds."""
        if math.isinf(self.shape.bits_per_s):
            return SMALLEST_WINDOW_BYTES
        line = self.shape.bytes_per_s * (self.shape.round_trip_s + QUEUE_S)
        return max(SMALLEST_WINDOW_BYTES, int(4 * line))

    def wait_s(self, now_s: float) -> float:
        """Seconds until the queue before the line has room."""
        return max(0.0, self._free_at_s - now_s - QUEUE_S)

    def send(self, size_bytes: int, now_s: float) -> float:
        """Put bytes behind those that wait; the moment at which the last of them arrives."""
        begins_s = max(now_s, self._free_at_s)
        self._free_at_s = begins_s + size_bytes / self.shape.bytes_per_s
        self.carried_bytes += size_bytes
        return self._free_at_s + self.shape.round_trip_s / 2
